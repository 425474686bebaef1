-- name: PutStoreFact :exec
INSERT INTO store_facts (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: EndRecovery :execrows
DELETE FROM store_facts WHERE name = 'recovery';

-- What a restored store holds back. Charges that have fallen due are counted unless one of the invoice is under way.
-- name: CountHeldBack :one
SELECT
    (SELECT COUNT(*) FROM mails WHERE mails.state = 'queued' AND mails.due_at <= @now) AS mails,
    (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_deliveries.state = 'pending') AS webhooks,
    (SELECT COUNT(*) FROM payment_attempts WHERE payment_attempts.state = 'created') AS charges,
    (SELECT COUNT(*) FROM payment_attempts WHERE payment_attempts.settled_at IS NULL AND payment_attempts.state <> 'created') AS unanswered,
    (SELECT COUNT(*) FROM invoices WHERE invoices.step_on IS NOT NULL AND invoices.step_on <= @today AND (invoices.step = 'charge' OR invoices.step LIKE 'retry_%')
        AND NOT EXISTS (SELECT 1 FROM payment_attempts WHERE payment_attempts.invoice_id = invoices.id AND payment_attempts.settled_at IS NULL)) AS due_charges,
    (SELECT COUNT(*) FROM refunds WHERE refunds.state = 'pending' AND refunds.origin = 'staff') AS refunds,
    (SELECT COUNT(*) FROM jobs WHERE jobs.state = 'queued' AND jobs.run_at <= @at AND jobs.kind NOT IN ('payment.charge', 'payment.ask', 'payment.refund')) AS jobs;

-- name: OpenAttempts :many
SELECT * FROM payment_attempts WHERE settled_at IS NULL AND id > @after ORDER BY id LIMIT CAST(@n AS BIGINT);
