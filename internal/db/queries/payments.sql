-- Two who record the same payment at once meet here: the second waits for the first and then inserts nothing.
-- name: InsertPayment :execrows
INSERT INTO payments (id, invoice_id, customer_id, gateway, reference, currency, amount, applied, state, received_at, created_at)
VALUES (@id, @invoice_id, @customer_id, @gateway, @reference, @currency, @amount, @applied, @state, @received_at, @created_at)
ON CONFLICT (gateway, reference) DO NOTHING;

-- name: Payment :one
SELECT * FROM payments WHERE id = @id;

-- name: PaymentByReference :one
SELECT * FROM payments WHERE gateway = @gateway AND reference = @reference;

-- name: PaymentsOfInvoice :many
SELECT * FROM payments WHERE invoice_id = @invoice_id ORDER BY id;

-- name: OldestOpenInvoice :one
SELECT id FROM invoices
WHERE customer_id = @customer_id AND currency = @currency AND status = 'open'
ORDER BY id LIMIT 1;
