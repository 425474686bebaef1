-- name: InsertInvoice :exec
INSERT INTO invoices (id, order_id, customer_id, kind, status, currency, net, tax, total, seller, buyer, created_at)
VALUES (@id, @order_id, @customer_id, 'order', 'draft', @currency, @total, 0, @total, @seller, @buyer, @created_at);

-- name: InsertInvoiceLine :exec
INSERT INTO invoice_lines (id, invoice_id, position, order_item_id, description, quantity, unit_amount, amount, total)
VALUES (@id, @invoice_id, @position, @order_item_id, @description, @quantity, @unit_amount, @total, @total);

-- name: InsertFulfilment :exec
INSERT INTO fulfilments (line_id, invoice_id, kind, state, changed_at)
VALUES (@line_id, @invoice_id, @kind, 'pending', @changed_at);

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

-- name: InvoiceOfLine :one
SELECT invoice_id FROM fulfilments WHERE line_id = @id;

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
JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
JOIN order_items ON order_items.id = invoice_lines.order_item_id
JOIN orders ON orders.id = order_items.order_id
JOIN prices ON prices.id = order_items.price_id
WHERE invoice_lines.invoice_id = @invoice_id AND fulfilments.state IN ('pending', 'failed')
ORDER BY invoice_lines.position;

-- name: FailedFulfilments :many
SELECT fulfilments.line_id, fulfilments.kind, fulfilments.error, fulfilments.changed_at, invoices.id AS invoice_id,
    invoices.number, invoices.order_id, invoices.customer_id, invoice_lines.description
FROM fulfilments
JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
JOIN invoices ON invoices.id = invoice_lines.invoice_id
WHERE fulfilments.state IN ('failed')
ORDER BY fulfilments.line_id LIMIT CAST(@n AS BIGINT);

-- name: InsertLedgerTransaction :exec
INSERT INTO ledger_transactions (id, kind, source_id, customer_id, invoice_id, occurred_at)
VALUES (@id, @kind, @source_id, @customer_id, @invoice_id, @occurred_at);

-- name: InsertLedgerEntry :exec
INSERT INTO ledger_entries (transaction_id, position, account, currency, amount)
VALUES (@transaction_id, @position, @account, @currency, @amount);

-- What follows proves the books: each query finds what is not as it must be, at most @n of it.

-- name: UnbalancedTransactions :many
SELECT ledger_transactions.id, CAST(COALESCE(SUM(ledger_entries.amount), 0) AS BIGINT) AS got,
    COUNT(ledger_entries.amount) AS entries
FROM ledger_transactions
LEFT JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id
GROUP BY ledger_transactions.id, ledger_entries.currency
HAVING COALESCE(SUM(ledger_entries.amount), 0) <> 0 OR COUNT(ledger_entries.amount) < 2
ORDER BY ledger_transactions.id LIMIT CAST(@n AS BIGINT);

-- name: UnbalancedCurrencies :many
SELECT currency, CAST(SUM(amount) AS BIGINT) AS got FROM ledger_entries
GROUP BY currency HAVING SUM(amount) <> 0
ORDER BY currency LIMIT CAST(@n AS BIGINT);

-- name: WrongCredits :many
SELECT sides.customer_id, sides.currency, CAST(SUM(sides.booked) AS BIGINT) AS want, CAST(SUM(sides.stored) AS BIGINT) AS got
FROM (
    SELECT ledger_transactions.customer_id, ledger_entries.currency, -ledger_entries.amount AS booked, 0 AS stored
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'customer_credit'
    UNION ALL
    SELECT customer_credits.customer_id, customer_credits.currency, 0 AS booked, customer_credits.amount AS stored
    FROM customer_credits
) AS sides
GROUP BY sides.customer_id, sides.currency HAVING SUM(sides.booked) <> SUM(sides.stored)
ORDER BY sides.customer_id, sides.currency LIMIT CAST(@n AS BIGINT);

-- name: WrongPaid :many
SELECT invoices.id, CAST(COALESCE(SUM(payments.applied), 0) AS BIGINT) AS want, invoices.paid AS got
FROM invoices LEFT JOIN payments ON payments.invoice_id = invoices.id AND payments.state = 'succeeded'
GROUP BY invoices.id, invoices.paid HAVING invoices.paid <> COALESCE(SUM(payments.applied), 0)
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- name: WrongLines :many
SELECT id, CAST(quantity * unit_amount AS BIGINT) AS want, total AS got FROM invoice_lines
WHERE total <> quantity * unit_amount
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: WrongTotals :many
SELECT invoices.id, CAST(COALESCE(SUM(invoice_lines.total), 0) AS BIGINT) AS want, invoices.total AS got
FROM invoices LEFT JOIN invoice_lines ON invoice_lines.invoice_id = invoices.id
GROUP BY invoices.id, invoices.total HAVING invoices.total <> COALESCE(SUM(invoice_lines.total), 0)
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- name: WrongReceivables :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.owed) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.invoice_id AS id, ledger_entries.amount AS booked, 0 AS owed
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'receivable'
    UNION ALL
    SELECT invoices.id, 0 AS booked, CASE WHEN invoices.status = 'open' THEN invoices.total - invoices.paid ELSE 0 END AS owed
    FROM invoices
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.owed)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: WrongRevenue :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.earned) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.invoice_id AS id, -ledger_entries.amount AS booked, 0 AS earned
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'revenue'
    UNION ALL
    SELECT invoices.id, 0 AS booked, CASE invoices.status
        WHEN 'open' THEN invoices.total WHEN 'paid' THEN invoices.total WHEN 'uncollectible' THEN invoices.paid ELSE 0
        END AS earned
    FROM invoices
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.earned)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: UnbookedPayments :many
SELECT payments.id, payments.amount AS want, CAST(COALESCE(SUM(ledger_entries.amount), 0) AS BIGINT) AS got
FROM payments
LEFT JOIN ledger_transactions ON ledger_transactions.source_id = payments.id
    AND ledger_transactions.kind = CASE WHEN payments.gateway = 'credit' THEN 'credit.used' ELSE 'payment.received' END
LEFT JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id AND ledger_entries.amount > 0
WHERE payments.state = 'succeeded'
GROUP BY payments.id, payments.amount HAVING payments.amount <> COALESCE(SUM(ledger_entries.amount), 0)
ORDER BY payments.id LIMIT CAST(@n AS BIGINT);

-- name: UnsettledInvoices :many
SELECT id FROM invoices WHERE status = 'open' AND paid = total ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: SeriesCounts :many
SELECT number_series.series, number_series.last_number AS want, COUNT(invoices.sequence) AS got,
    CAST(COALESCE(MAX(invoices.sequence), 0) AS BIGINT) AS highest
FROM number_series LEFT JOIN invoices ON invoices.series = number_series.series
GROUP BY number_series.series, number_series.last_number
HAVING COUNT(invoices.sequence) <> number_series.last_number
    OR COALESCE(MAX(invoices.sequence), 0) <> number_series.last_number
ORDER BY number_series.series LIMIT CAST(@n AS BIGINT);

-- name: NumberGaps :many
SELECT numbered.series, numbered.number, CAST(numbered.before + 1 AS BIGINT) AS missing FROM (
    SELECT series, number, sequence, COALESCE(LAG(sequence) OVER (PARTITION BY series ORDER BY sequence), 0) AS before
    FROM invoices WHERE sequence IS NOT NULL
) AS numbered
WHERE numbered.sequence <> numbered.before + 1
ORDER BY numbered.series, numbered.sequence LIMIT CAST(@n AS BIGINT);

-- name: NumbersOutOfOrder :many
SELECT numbered.id, numbered.issued_on, CAST(numbered.before AS TEXT) AS before FROM (
    SELECT id, issued_on, LAG(issued_on) OVER (PARTITION BY series ORDER BY sequence) AS before
    FROM invoices WHERE sequence IS NOT NULL
) AS numbered
WHERE numbered.issued_on < numbered.before
ORDER BY numbered.id LIMIT CAST(@n AS BIGINT);

-- name: WrongOrders :many
SELECT judged.id, judged.got, judged.want FROM (
    SELECT orders.id, orders.status AS got, CAST(CASE
        WHEN invoices.id IS NULL OR invoices.total <> orders.total OR invoices.customer_id <> orders.customer_id
            THEN 'one with an invoice of the same customer and total'
        WHEN invoices.status IN ('draft', 'open') THEN 'pending'
        WHEN invoices.status IN ('void', 'uncollectible') THEN 'cancelled'
        WHEN EXISTS (
            SELECT 1 FROM invoice_lines JOIN fulfilments ON fulfilments.line_id = invoice_lines.id
            WHERE invoice_lines.invoice_id = invoices.id AND fulfilments.state IN ('pending', 'failed')) THEN 'failed'
        ELSE 'completed' END AS TEXT) AS want
    FROM orders LEFT JOIN invoices ON invoices.order_id = orders.id
) AS judged
WHERE judged.got <> judged.want
ORDER BY judged.id LIMIT CAST(@n AS BIGINT);

-- name: WrongLinks :many
SELECT fulfilments.line_id, fulfilments.state, invoices.status
FROM fulfilments
JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
JOIN invoices ON invoices.id = invoice_lines.invoice_id
WHERE (fulfilments.state IN ('done', 'failed') AND invoices.status <> 'paid')
    OR (fulfilments.state = 'pending' AND invoices.status NOT IN ('draft', 'open'))
ORDER BY fulfilments.line_id LIMIT CAST(@n AS BIGINT);

-- name: DoneLinks :many
SELECT line_id, COALESCE(target, '') AS target FROM fulfilments
WHERE kind = @kind AND state = 'done' AND line_id > @after
ORDER BY line_id LIMIT CAST(@n AS BIGINT);
