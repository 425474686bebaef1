-- name: InsertInvoice :exec
INSERT INTO invoices (id, order_id, customer_id, status, currency, total, seller, buyer, created_at)
VALUES (@id, @order_id, @customer_id, 'draft', @currency, @total, @seller, @buyer, @created_at);

-- name: InsertInvoiceLine :exec
INSERT INTO invoice_lines (id, invoice_id, position, order_item_id, description, quantity, unit_amount, total)
VALUES (@id, @invoice_id, @position, @order_item_id, @description, @quantity, @unit_amount, @total);

-- name: InsertFulfilment :exec
INSERT INTO fulfilments (line_id, kind, state, changed_at) VALUES (@line_id, @kind, 'pending', @changed_at);

-- Takes the next number of a series and keeps the series locked until the transaction ends, so that a rollback gives
-- the number back and nobody can have taken the one after it.
-- name: TakeNumber :one
INSERT INTO number_series (series, last_number, last_on) VALUES (@series, 1, @issued_on)
ON CONFLICT (series) DO UPDATE SET last_number = number_series.last_number + 1,
    last_on = CASE WHEN number_series.last_on > excluded.last_on THEN number_series.last_on ELSE excluded.last_on END
RETURNING last_number, last_on;

-- name: OpenInvoice :execrows
UPDATE invoices SET status = 'open', series = @series, sequence = @sequence, number = @number, issued_on = @issued_on,
    seller = @seller,
    due_on = @due_on
WHERE id = @id AND status = 'draft';

-- name: LockInvoice :one
UPDATE invoices SET version = version + 1 WHERE id = @id RETURNING *;

-- name: Invoice :one
SELECT * FROM invoices WHERE id = @id;

-- name: InvoiceOfOrder :one
SELECT * FROM invoices WHERE order_id = @order_id;

-- name: InvoiceOfLine :one
SELECT invoice_id FROM invoice_lines WHERE id = @id;

-- name: LinesOfInvoice :many
SELECT invoice_lines.id, invoice_lines.invoice_id, invoice_lines.description, invoice_lines.quantity,
    invoice_lines.unit_amount, invoice_lines.total, fulfilments.kind, fulfilments.target, fulfilments.state,
    fulfilments.error, CAST(COALESCE(fulfilments.changed_at, 0) AS BIGINT) AS link_changed
FROM invoice_lines LEFT JOIN fulfilments ON fulfilments.line_id = invoice_lines.id
WHERE invoice_lines.invoice_id = @invoice_id
ORDER BY invoice_lines.position;

-- name: CountTowardsInvoice :execrows
UPDATE invoices SET paid = paid + @amount WHERE id = @id AND status = 'open' AND paid + @amount <= total;

-- name: PayInvoice :execrows
UPDATE invoices SET status = 'paid', paid_at = @paid_at WHERE id = @id AND status = 'open' AND paid = total;

-- name: VoidInvoice :execrows
UPDATE invoices SET status = 'void', paid = 0 WHERE id = @id AND status = 'open';

-- name: WriteOffInvoice :execrows
UPDATE invoices SET status = 'uncollectible' WHERE id = @id AND status = 'open';

-- name: ReleasePayments :exec
UPDATE payments SET applied = 0 WHERE invoice_id = @invoice_id AND applied > 0;

-- name: MoveFulfilment :execrows
UPDATE fulfilments SET state = @to_state, target = @target, error = @error, changed_at = @changed_at
WHERE line_id = @line_id AND state = @from_state;

-- name: FulfilmentWork :many
SELECT invoice_lines.id AS line_id, invoice_lines.invoice_id, invoice_lines.order_item_id, invoice_lines.description,
    invoice_lines.quantity, fulfilments.kind, fulfilments.state, orders.id AS order_id, orders.customer_id,
    orders.kind AS order_kind, orders.reason, prices.id AS price_id, prices.plan_id, prices.valid_for_count,
    prices.valid_for_unit
FROM fulfilments
JOIN invoice_lines ON invoice_lines.id = fulfilments.line_id
JOIN order_items ON order_items.id = invoice_lines.order_item_id
JOIN orders ON orders.id = order_items.order_id
JOIN prices ON prices.id = order_items.price_id
WHERE invoice_lines.invoice_id = @invoice_id AND fulfilments.state IN ('pending', 'failed')
ORDER BY invoice_lines.position;

-- name: FailedFulfilments :many
SELECT fulfilments.line_id, fulfilments.kind, fulfilments.error, fulfilments.changed_at, invoices.id AS invoice_id,
    invoices.number, invoices.order_id, invoices.customer_id, invoice_lines.description
FROM fulfilments
JOIN invoice_lines ON invoice_lines.id = fulfilments.line_id
JOIN invoices ON invoices.id = invoice_lines.invoice_id
WHERE fulfilments.state IN ('failed')
ORDER BY fulfilments.line_id LIMIT CAST(@n AS BIGINT);

-- name: InsertLedgerTransaction :exec
INSERT INTO ledger_transactions (id, kind, source_id, customer_id, invoice_id, occurred_at)
VALUES (@id, @kind, @source_id, @customer_id, @invoice_id, @occurred_at);

-- name: InsertLedgerEntry :exec
INSERT INTO ledger_entries (transaction_id, position, account, currency, amount)
VALUES (@transaction_id, @position, @account, @currency, @amount);
