-- name: InsertSandboxMethod :exec
INSERT INTO sandbox_methods (id, customer_ref, card, attached, created_at)
VALUES (@id, @customer_ref, @card, TRUE, @created_at);

-- name: SandboxMethod :one
SELECT * FROM sandbox_methods WHERE id = @id;

-- name: DetachSandboxMethod :exec
UPDATE sandbox_methods SET attached = FALSE WHERE id = @id;

-- Two who ask with one key at once meet here: the second waits for the first and then inserts nothing.
-- name: InsertSandboxCharge :execrows
INSERT INTO sandbox_charges (id, key, request, customer_ref, invoice_number, card, currency, amount, state, return_url,
    save_method, created_at)
VALUES (@id, @key, @request, @customer_ref, @invoice_number, @card, @currency, @amount, @state, @return_url,
    @save_method, @created_at)
ON CONFLICT (key) DO NOTHING;

-- name: SandboxCharge :one
SELECT * FROM sandbox_charges WHERE id = @id;

-- name: SandboxChargeByKey :one
SELECT * FROM sandbox_charges WHERE key = @key;

-- name: LockSandboxCharge :one
UPDATE sandbox_charges SET version = version + 1 WHERE id = @id RETURNING *;

-- name: MoveSandboxCharge :exec
UPDATE sandbox_charges SET state = @state, card = @card, code = @code, captured = @captured, method_id = @method_id
WHERE id = @id;

-- name: InsertSandboxRefund :execrows
INSERT INTO sandbox_refunds (id, key, charge_id, currency, amount, state, created_at)
VALUES (@id, @key, @charge_id, @currency, @amount, @state, @created_at)
ON CONFLICT (key) DO NOTHING;

-- name: SandboxRefund :one
SELECT * FROM sandbox_refunds WHERE id = @id;

-- name: SandboxRefundByKey :one
SELECT * FROM sandbox_refunds WHERE key = @key;

-- name: MoveSandboxRefund :exec
UPDATE sandbox_refunds SET state = @state WHERE id = @id;

-- name: CountSandboxRefund :execrows
UPDATE sandbox_charges SET refunded = refunded + @amount WHERE id = @id AND refunded + @amount BETWEEN 0 AND captured;

-- name: InsertSandboxDispute :exec
INSERT INTO sandbox_disputes (id, charge_id, currency, amount, status, reason, created_at)
VALUES (@id, @charge_id, @currency, @amount, 'open', @reason, @created_at);

-- name: SandboxDispute :one
SELECT * FROM sandbox_disputes WHERE id = @id;

-- name: DisputedInSandbox :one
SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sandbox_disputes WHERE charge_id = @charge_id AND status <> 'won';

-- name: CloseSandboxDispute :execrows
UPDATE sandbox_disputes SET status = @status WHERE id = @id AND status = 'open';

-- name: InsertSandboxEvent :exec
INSERT INTO sandbox_events (id, charge_id, type, body, copies, created_at)
VALUES (@id, @charge_id, @type, @body, @copies, @created_at);

-- name: SandboxEvent :one
SELECT * FROM sandbox_events WHERE id = @id;

-- name: SandboxEventsSince :many
SELECT * FROM sandbox_events WHERE created_at >= @since AND id > @after ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: CountSandboxEvents :one
SELECT COUNT(*) FROM sandbox_events WHERE charge_id = @charge_id;

-- name: SandboxFaults :one
SELECT * FROM sandbox_faults WHERE id = 1;

-- name: SetSandboxFaults :exec
INSERT INTO sandbox_faults (id, duplicate, reorder, drops, delay_seconds, fail_after_effect)
VALUES (1, @duplicate, @reorder, @drops, @delay_seconds, @fail_after_effect)
ON CONFLICT (id) DO UPDATE SET duplicate = excluded.duplicate, reorder = excluded.reorder, drops = excluded.drops,
    delay_seconds = excluded.delay_seconds, fail_after_effect = excluded.fail_after_effect;

-- name: SandboxInUse :one
SELECT (SELECT COUNT(*) FROM sandbox_methods) + (SELECT COUNT(*) FROM sandbox_charges)
    + (SELECT COUNT(*) FROM payment_methods WHERE gateway = 'sandbox') AS in_use;
