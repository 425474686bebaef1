-- Two who record the same payment at once meet here: the second waits for the first and then inserts nothing.
-- name: InsertPayment :execrows
INSERT INTO payments (id, invoice_id, customer_id, gateway, reference, method_id, currency, amount, applied, state, received_at, created_at)
VALUES (@id, @invoice_id, @customer_id, @gateway, @reference, @method_id, @currency, @amount, @applied, @state, @received_at, @created_at)
ON CONFLICT (gateway, reference) DO NOTHING;

-- name: Payment :one
SELECT * FROM payments WHERE id = @id;

-- name: PaymentByReference :one
SELECT * FROM payments WHERE gateway = @gateway AND reference = @reference;

-- name: PaymentsOfInvoice :many
SELECT * FROM payments WHERE invoice_id = @invoice_id ORDER BY id;

-- A charge that failed and is tried again stays one payment.
-- name: FailedPayment :one
SELECT * FROM payments
WHERE invoice_id = @invoice_id AND gateway = @gateway AND state = 'failed'
ORDER BY id DESC LIMIT 1;

-- name: RetryPayment :execrows
UPDATE payments SET state = 'pending', amount = @amount, method_id = @method_id, reference = NULL
WHERE id = @id AND state = 'failed';

-- name: MovePayment :execrows
UPDATE payments SET state = @state, reference = @reference, amount = @amount, applied = @applied, received_at = @received_at
WHERE id = @id AND state <> 'succeeded';

-- name: OldestOpenInvoice :one
SELECT id FROM invoices
WHERE customer_id = @customer_id AND currency = @currency AND status = 'open'
ORDER BY id LIMIT 1;

-- name: InsertAttempt :exec
INSERT INTO payment_attempts (id, payment_id, invoice_id, gateway, method_id, idempotency_key, currency, amount, state, created_at)
VALUES (@id, @payment_id, @invoice_id, @gateway, @method_id, @idempotency_key, @currency, @amount, 'created', @created_at);

-- name: Attempt :one
SELECT * FROM payment_attempts WHERE id = @id;

-- name: AttemptByKey :one
SELECT * FROM payment_attempts WHERE idempotency_key = @idempotency_key;

-- name: AttemptByReference :one
SELECT * FROM payment_attempts WHERE gateway = @gateway AND reference = @reference ORDER BY id DESC LIMIT 1;

-- name: AttemptInFlight :one
SELECT * FROM payment_attempts WHERE invoice_id = @invoice_id AND settled_at IS NULL;

-- name: AttemptsOfInvoice :many
SELECT * FROM payment_attempts WHERE invoice_id = @invoice_id ORDER BY id;

-- name: NewestAttempt :one
SELECT * FROM payment_attempts WHERE invoice_id = @invoice_id ORDER BY id DESC LIMIT 1;

-- name: CountAttempts :one
SELECT COUNT(*) FROM payment_attempts WHERE invoice_id = @invoice_id;

-- name: TryOfAttempt :one
SELECT COUNT(*) FROM payment_attempts WHERE payment_id = @payment_id AND id <= @id;

-- name: OldAttempts :many
SELECT id FROM payment_attempts WHERE settled_at IS NULL AND created_at < @before AND id > @after
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: OldRefunds :many
SELECT id FROM refunds WHERE state = 'pending' AND created_at < @before AND id > @after
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: OpenDisputes :many
SELECT * FROM disputes WHERE status = 'open' AND id > @after ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: NoteHeard :exec
INSERT INTO store_facts (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- Handing an attempt over to the gateway: from now on nobody knows what became of it until the gateway has told.
-- name: SendAttempt :execrows
UPDATE payment_attempts SET state = 'unknown', amount = @amount WHERE id = @id AND state = 'created';

-- name: MoveAttempt :execrows
UPDATE payment_attempts SET state = @state, reference = @reference, code = @code, detail = @detail, action_url = @action_url,
    settled_at = @settled_at
WHERE id = @id AND state = @from_state;

-- name: AttemptPaysAs :exec
UPDATE payment_attempts SET payment_id = @payment_id WHERE id = @id;

-- name: InsertPaymentMethod :execrows
INSERT INTO payment_methods (id, customer_id, gateway, token, label, expires_on, is_default, created_at)
VALUES (@id, @customer_id, @gateway, @token, @label, @expires_on, FALSE, @created_at)
ON CONFLICT (gateway, token) DO NOTHING;

-- name: PaymentMethod :one
SELECT * FROM payment_methods WHERE id = @id;

-- name: PaymentMethodsOfCustomer :many
SELECT * FROM payment_methods WHERE customer_id = @customer_id AND removed_at IS NULL ORDER BY id;

-- name: DefaultPaymentMethod :one
SELECT * FROM payment_methods WHERE customer_id = @customer_id AND is_default;

-- name: ClearDefaultMethod :exec
UPDATE payment_methods SET is_default = FALSE WHERE customer_id = @customer_id AND is_default;

-- name: MakeDefaultMethod :execrows
UPDATE payment_methods SET is_default = TRUE WHERE id = @id AND removed_at IS NULL;

-- name: RemovePaymentMethod :execrows
UPDATE payment_methods SET is_default = FALSE, removed_at = @removed_at WHERE id = @id AND removed_at IS NULL;

-- name: NewestPaymentMethod :one
SELECT * FROM payment_methods WHERE customer_id = @customer_id AND removed_at IS NULL ORDER BY id DESC LIMIT 1;

-- name: InsertGatewayEvent :execrows
INSERT INTO gateway_events (gateway, event_id, type, payload, state, try_at, received_at)
VALUES (@gateway, @event_id, @type, @payload, 'received', @received_at, @received_at)
ON CONFLICT (gateway, event_id) DO NOTHING;

-- name: DueGatewayEvents :many
SELECT * FROM gateway_events WHERE state = 'received' AND try_at <= @now
ORDER BY try_at, event_id LIMIT CAST(@n AS BIGINT);

-- name: NextGatewayEvent :one
SELECT try_at FROM gateway_events WHERE state = 'received' AND try_at > @after ORDER BY try_at LIMIT 1;

-- name: SettleGatewayEvent :execrows
UPDATE gateway_events SET state = @state, error = @error, settled_at = @settled_at, attempts = attempts + 1
WHERE gateway = @gateway AND event_id = @event_id AND state = 'received';

-- name: PostponeGatewayEvent :execrows
UPDATE gateway_events SET error = @error, try_at = @try_at, attempts = attempts + 1
WHERE gateway = @gateway AND event_id = @event_id AND state = 'received';

-- name: PruneGatewayEvents :execrows
DELETE FROM gateway_events WHERE (gateway, event_id) IN (
    SELECT old.gateway, old.event_id FROM gateway_events AS old
    WHERE old.received_at < @before AND old.state IN ('applied', 'ignored')
    ORDER BY old.received_at, old.event_id LIMIT CAST(@n AS BIGINT));

-- name: PaymentMethodByToken :one
SELECT * FROM payment_methods WHERE gateway = @gateway AND token = @token;

-- name: OpenDisputesOfInvoice :one
SELECT COUNT(*) FROM disputes WHERE invoice_id = @invoice_id AND status = 'open';

-- name: InsertRefund :exec
INSERT INTO refunds (id, payment_id, invoice_id, destination, currency, amount, counted, state, adjust, keep_license,
    credit_note_id, reason, origin, gateway, reference, created_at, settled_at)
VALUES (@id, @payment_id, @invoice_id, @destination, @currency, @amount, @counted, @state, @adjust, @keep_license,
    @credit_note_id, @reason, @origin, @gateway, @reference, @created_at, @settled_at);

-- name: Refund :one
SELECT * FROM refunds WHERE id = @id;

-- name: RefundByReference :one
SELECT * FROM refunds WHERE gateway = @gateway AND reference = @reference;

-- name: RefundsOfInvoice :many
SELECT * FROM refunds WHERE invoice_id = @invoice_id ORDER BY id;

-- name: MoveRefund :execrows
UPDATE refunds SET state = @state, reference = @reference, detail = @detail, settled_at = @settled_at
WHERE id = @id AND state = @from_state;

-- name: NameRefund :exec
UPDATE refunds SET reference = @reference WHERE id = @id AND reference IS NULL;

-- name: CountRefund :execrows
UPDATE payments SET refunded = refunded + @amount
WHERE id = @id AND state = 'succeeded' AND refunded + @amount BETWEEN 0 AND amount;

-- What of a payment no longer counts towards its invoice, what disputes have taken of it, and what became credit.
-- name: TakenOfPayment :one
SELECT CAST((SELECT COALESCE(SUM(refunds.counted), 0) FROM refunds WHERE refunds.payment_id = @payment_id)
        + (SELECT COALESCE(SUM(disputes.counted), 0) FROM disputes WHERE disputes.payment_id = @payment_id) AS BIGINT) AS uncounted,
    CAST((SELECT COALESCE(SUM(disputes.amount), 0) FROM disputes
        WHERE disputes.payment_id = @payment_id AND disputes.status <> 'won') AS BIGINT) AS disputed,
    CAST((SELECT COALESCE(SUM(refunds.amount), 0) FROM refunds
        WHERE refunds.payment_id = @payment_id AND refunds.destination = 'credit' AND refunds.state <> 'failed') AS BIGINT) AS as_credit;

-- name: AttemptOfPayment :one
SELECT * FROM payment_attempts WHERE payment_id = @payment_id AND state = 'succeeded';

-- name: InsertDispute :exec
INSERT INTO disputes (id, payment_id, invoice_id, gateway, reference, currency, amount, counted, status, reason, opened_at)
VALUES (@id, @payment_id, @invoice_id, @gateway, @reference, @currency, @amount, @counted, 'open', @reason, @opened_at);

-- name: DisputeByReference :one
SELECT * FROM disputes WHERE gateway = @gateway AND reference = @reference;

-- name: DisputesOfInvoice :many
SELECT * FROM disputes WHERE invoice_id = @invoice_id ORDER BY id;

-- name: CloseDispute :execrows
UPDATE disputes SET status = @status, closed_at = @closed_at WHERE id = @id AND status = 'open';

-- name: CountDisputed :exec
UPDATE disputes SET counted = counted - @amount WHERE id = @id;

-- Refunds that the gateway may not have heard of.
-- name: UnheardRefunds :one
SELECT COUNT(*) FROM refunds
WHERE payment_id = @payment_id AND state = 'pending' AND destination = 'gateway' AND reference IS NULL;

-- name: CountCharge :exec
INSERT INTO charge_days (day, charges) VALUES (@day, 1)
ON CONFLICT (day) DO UPDATE SET charges = charge_days.charges + 1;

-- name: ChargeDay :one
SELECT * FROM charge_days WHERE day = @day;

-- name: FirstChargeDay :one
SELECT day FROM charge_days ORDER BY day LIMIT 1;

-- name: BusiestChargeDay :one
SELECT CAST(COALESCE(MAX(charges), 0) AS BIGINT) FROM charge_days WHERE day >= @from_day AND day < @to_day;

-- name: HoldCharges :execrows
INSERT INTO charge_days (day, charges, held) VALUES (@day, 0, @held)
ON CONFLICT (day) DO UPDATE SET held = excluded.held WHERE charge_days.held = 0;

-- name: HeldCharges :one
SELECT * FROM charge_days WHERE held > 0 AND released_on IS NULL ORDER BY day LIMIT 1;

-- name: ReleaseCharges :execrows
UPDATE charge_days SET released_on = @released_on WHERE held > 0 AND released_on IS NULL;

-- name: ReleasedOn :one
SELECT COUNT(*) FROM charge_days WHERE held > 0 AND released_on = @day;

-- name: HeldOn :one
SELECT * FROM charge_days WHERE held > 0 AND day <= @day AND (released_on IS NULL OR released_on > @day)
ORDER BY day DESC LIMIT 1;
