-- Takes the next numbers of a series and keeps the series locked until the transaction ends, so that a rollback gives
-- the numbers back and nobody can have taken the ones after them.
-- name: TakeNumbers :one
INSERT INTO number_series (series, last_number, last_on) VALUES (@series, @n, @issued_on)
ON CONFLICT (series) DO UPDATE SET last_number = number_series.last_number + excluded.last_number,
    last_on = CASE WHEN number_series.last_on > excluded.last_on THEN number_series.last_on ELSE excluded.last_on END
RETURNING last_number, last_on;

-- name: LockInvoice :one
UPDATE invoices SET version = version + 1 WHERE id = @id RETURNING *;

-- name: Invoice :one
SELECT * FROM invoices WHERE id = @id;

-- name: ReplacementOfInvoice :one
SELECT id FROM invoices WHERE replaces = @id;

-- The newest invoice with a line: an invoice that is issued anew gets a later id than the one that it replaces.
-- name: InvoiceOfLine :one
SELECT invoice_id FROM invoice_lines WHERE id = @id ORDER BY invoice_id DESC LIMIT 1;

-- name: LinesOfInvoice :many
SELECT invoice_lines.invoice_id, invoice_lines.id, invoice_lines.order_item_id, invoice_lines.subscription_id,
    invoice_lines.with_line, invoice_lines.period_start, invoice_lines.period_end, invoice_lines.description, invoice_lines.quantity,
    invoice_lines.unit_amount, invoice_lines.amount, invoice_lines.discount, invoice_lines.total, invoice_lines.tax_class,
    invoice_lines.tax_category, invoice_lines.tax_rate, invoice_lines.credited, invoice_lines.discount_credited,
    invoice_lines.taken_back,
    fulfilments.kind, fulfilments.target, fulfilments.payload, fulfilments.state, fulfilments.note, fulfilments.error,
    CAST(COALESCE(fulfilments.changed_at, 0) AS BIGINT) AS link_changed
FROM invoice_lines LEFT JOIN fulfilments
    ON fulfilments.line_id = invoice_lines.id AND fulfilments.invoice_id = invoice_lines.invoice_id
WHERE invoice_lines.invoice_id = @invoice_id
ORDER BY invoice_lines.position;

-- name: TaxesOfInvoice :many
SELECT * FROM invoice_taxes WHERE invoice_id = @invoice_id ORDER BY category, rate;

-- Moves what counts towards an invoice and what was credited of it, and its status with them.
-- name: ChangeInvoice :execrows
UPDATE invoices SET paid = paid + @paying, credited = credited + @crediting, status = @to_status, paid_at = @paid_at,
    step = @step, step_on = @step_on
WHERE id = @id AND status = @from_status;

-- name: NumberInvoice :execrows
UPDATE invoices SET series = @series, sequence = @sequence, number = @number, issued_on = @issued_on
WHERE id = @id AND number IS NULL AND status = 'open';

-- name: DisputeInvoice :execrows
UPDATE invoices SET disputes = disputes + @by WHERE id = @id AND disputes + @by >= 0;

-- name: StepInvoice :execrows
UPDATE invoices SET step = @step, step_on = @step_on WHERE id = @id AND status = 'open';

-- name: DeleteDraftLinks :exec
DELETE FROM fulfilments WHERE fulfilments.invoice_id IN (SELECT id FROM invoices WHERE invoices.id = @id AND status = 'draft');

-- name: DeleteDraftTaxes :exec
DELETE FROM invoice_taxes WHERE invoice_taxes.invoice_id IN (SELECT id FROM invoices WHERE invoices.id = @id AND status = 'draft');

-- name: DeleteDraftLines :exec
DELETE FROM invoice_lines WHERE invoice_lines.invoice_id IN (SELECT id FROM invoices WHERE invoices.id = @id AND status = 'draft');

-- name: DeleteDraft :execrows
DELETE FROM invoices WHERE id = @id AND status = 'draft';

-- What credit notes and plan changes take back of a line, in the newest invoice with it; a negative amount gives it back.
-- name: CreditLine :execrows
UPDATE invoice_lines SET credited = invoice_lines.credited + @amount,
    discount_credited = invoice_lines.discount_credited + @discount
WHERE invoice_lines.id = @id
    AND invoice_lines.invoice_id = (SELECT MAX(newest.invoice_id) FROM invoice_lines AS newest WHERE newest.id = @id)
    AND ((invoice_lines.credited + @amount >= 0 AND invoice_lines.credited + @amount <= invoice_lines.amount)
        OR (invoice_lines.credited + @amount <= 0 AND invoice_lines.credited + @amount >= invoice_lines.amount))
    AND invoice_lines.discount_credited + @discount >= 0
    AND invoice_lines.discount_credited + @discount <= invoice_lines.discount;

-- name: TakeBackLine :exec
UPDATE invoice_lines SET taken_back = TRUE WHERE invoice_id = @invoice_id AND id = @id;

-- name: MoveFulfilment :execrows
UPDATE fulfilments SET state = @to_state, target = COALESCE(@target, target), error = @error, changed_at = @changed_at
WHERE line_id = @line_id AND state = @from_state;

-- name: NoteFulfilment :exec
UPDATE fulfilments SET note = @note WHERE line_id = @line_id;

-- The link of a line goes with it to the invoice that replaces its own.
-- name: RehangFulfilment :execrows
UPDATE fulfilments SET invoice_id = @to_invoice, kind = @kind, target = @target, payload = @payload
WHERE line_id = @line_id AND fulfilments.invoice_id = @from_invoice;

-- name: MovePayments :exec
UPDATE payments SET invoice_id = @to_invoice WHERE invoice_id = @from_invoice AND applied > 0;

-- name: FulfilmentWork :many
SELECT invoice_lines.id AS line_id, invoice_lines.invoice_id, invoice_lines.order_item_id, invoice_lines.subscription_id,
    invoice_lines.period_start, invoice_lines.period_end, invoice_lines.description, invoice_lines.quantity,
    invoice_lines.total, invoices.currency, invoices.kind AS invoice_kind, invoices.customer_id, fulfilments.kind,
    fulfilments.target, fulfilments.payload, fulfilments.state, orders.id AS order_id, orders.kind AS order_kind, orders.reason,
    prices.id AS price_id, prices.plan_id, prices.valid_for_count, prices.valid_for_unit
FROM fulfilments
JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
JOIN invoices ON invoices.id = invoice_lines.invoice_id
LEFT JOIN order_items ON order_items.id = invoice_lines.order_item_id
LEFT JOIN orders ON orders.id = order_items.order_id
LEFT JOIN prices ON prices.id = order_items.price_id
WHERE invoice_lines.invoice_id = @invoice_id AND fulfilments.state IN ('pending', 'failed', 'fulfilled')
ORDER BY invoice_lines.position;

-- name: FailedFulfilments :many
SELECT fulfilments.line_id, fulfilments.kind, fulfilments.error, fulfilments.changed_at, invoices.id AS invoice_id,
    invoices.number, invoices.order_id, invoices.customer_id, invoice_lines.description
FROM fulfilments
JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
JOIN invoices ON invoices.id = invoice_lines.invoice_id
WHERE fulfilments.state = 'failed'
ORDER BY fulfilments.line_id LIMIT CAST(@n AS BIGINT);

-- name: AttemptsInFlight :one
SELECT COUNT(*) FROM payment_attempts WHERE invoice_id = @invoice_id AND settled_at IS NULL;

-- What was booked as lost when money was paid out.
-- name: LossOfPosting :one
SELECT CAST(COALESCE(SUM(ledger_entries.amount), 0) AS BIGINT) AS lost
FROM ledger_transactions JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id
WHERE ledger_transactions.kind = @kind AND ledger_transactions.source_id = @source_id AND ledger_entries.account = 'loss';

-- name: LastSeal :one
SELECT * FROM ledger_seals ORDER BY sequence DESC LIMIT 1;

-- name: UnsealedEntries :many
SELECT ledger_transactions.id, ledger_transactions.kind, ledger_transactions.source_id, ledger_transactions.customer_id,
    ledger_transactions.invoice_id, ledger_transactions.occurred_at, ledger_entries.position, ledger_entries.account,
    ledger_entries.currency, ledger_entries.amount
FROM (
    SELECT * FROM ledger_transactions AS unsealed WHERE unsealed.seal IS NULL ORDER BY unsealed.id LIMIT CAST(@n AS BIGINT)
) AS ledger_transactions
JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id
ORDER BY ledger_transactions.id, ledger_entries.position;

-- name: InsertSeal :exec
INSERT INTO ledger_seals (sequence, transactions, previous, hash, sealed_at)
VALUES (@sequence, @transactions, @previous, @hash, @sealed_at);

-- name: SealTransactions :execrows
UPDATE ledger_transactions SET seal = @seal WHERE seal IS NULL AND id <= @last_id;

-- name: Seals :many
SELECT * FROM ledger_seals WHERE sequence > @after ORDER BY sequence LIMIT CAST(@n AS BIGINT);

-- name: SealedEntries :many
SELECT ledger_transactions.id, ledger_transactions.kind, ledger_transactions.source_id, ledger_transactions.customer_id,
    ledger_transactions.invoice_id, ledger_transactions.occurred_at, ledger_entries.position, ledger_entries.account,
    ledger_entries.currency, ledger_entries.amount
FROM ledger_transactions JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id
WHERE ledger_transactions.seal = @seal
ORDER BY ledger_transactions.id, ledger_entries.position;

-- name: InsertCreditNote :exec
INSERT INTO credit_notes (id, invoice_id, customer_id, series, sequence, number, currency, net, tax, total, freed, cause,
    reason, issued_on, seller, buyer, created_at)
VALUES (@id, @invoice_id, @customer_id, @series, @sequence, @number, @currency, @net, @tax, @total, @freed, @cause,
    @reason, @issued_on, @seller, @buyer, @created_at);

-- name: InsertCreditNoteLine :exec
INSERT INTO credit_note_lines (credit_note_id, line_id, position, description, period_start, period_end, amount, discount,
    tax_category, tax_rate)
VALUES (@credit_note_id, @line_id, @position, @description, @period_start, @period_end, @amount, @discount,
    @tax_category, @tax_rate);

-- name: InsertCreditNoteTax :exec
INSERT INTO credit_note_taxes (credit_note_id, category, rate, base, tax)
VALUES (@credit_note_id, @category, @rate, @base, @tax);

-- name: CreditNote :one
SELECT * FROM credit_notes WHERE id = @id;

-- name: CreditNotesOfInvoice :many
SELECT * FROM credit_notes WHERE invoice_id = @invoice_id ORDER BY id;

-- name: CreditNoteLines :many
SELECT * FROM credit_note_lines WHERE credit_note_id = @credit_note_id ORDER BY position;

-- name: CreditNoteTaxes :many
SELECT * FROM credit_note_taxes WHERE credit_note_id = @credit_note_id ORDER BY category, rate;

-- name: CreditedTaxes :many
SELECT credit_note_taxes.category, credit_note_taxes.rate, CAST(SUM(credit_note_taxes.base) AS BIGINT) AS base,
    CAST(SUM(credit_note_taxes.tax) AS BIGINT) AS tax
FROM credit_notes JOIN credit_note_taxes ON credit_note_taxes.credit_note_id = credit_notes.id
WHERE credit_notes.invoice_id = @invoice_id
GROUP BY credit_note_taxes.category, credit_note_taxes.rate
ORDER BY credit_note_taxes.category, credit_note_taxes.rate;

-- name: CreditedOfInvoice :one
SELECT CAST(COALESCE(SUM(net), 0) AS BIGINT) AS net, CAST(COALESCE(SUM(tax), 0) AS BIGINT) AS tax
FROM credit_notes WHERE invoice_id = @invoice_id;

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

-- What counts towards an invoice is what the postings of money took off its receivable; the others are of the document.
-- name: WrongPaid :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS want, CAST(SUM(sides.stored) AS BIGINT) AS got
FROM (
    SELECT ledger_transactions.invoice_id AS id, -ledger_entries.amount AS booked, 0 AS stored
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'receivable' AND ledger_transactions.invoice_id IS NOT NULL AND ledger_transactions.kind
        NOT IN ('invoice.finalised', 'invoice.voided', 'invoice.written_off', 'invoice.lost', 'credit_note.issued')
    UNION ALL
    SELECT invoices.id, 0 AS booked, invoices.paid AS stored FROM invoices
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.stored)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: WrongApplied :many
SELECT payments.id, payments.applied AS got, CAST(COALESCE(-SUM(ledger_entries.amount), 0) AS BIGINT) AS want
FROM payments
LEFT JOIN ledger_transactions ON ledger_transactions.source_id = payments.id
    AND ledger_transactions.kind IN ('payment.received', 'credit.used')
LEFT JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id AND ledger_entries.account = 'receivable'
GROUP BY payments.id, payments.applied HAVING payments.applied <> COALESCE(-SUM(ledger_entries.amount), 0)
ORDER BY payments.id LIMIT CAST(@n AS BIGINT);

-- name: WrongLines :many
SELECT id, CAST(quantity * unit_amount AS BIGINT) AS want, amount AS got FROM invoice_lines
WHERE amount <> quantity * unit_amount
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- Lines are net, or gross where prices include tax (BR-CO-10, BR-CO-13).
-- name: WrongTotals :many
SELECT invoices.id, CAST(COALESCE(SUM(invoice_lines.total), 0) AS BIGINT) AS want,
    CAST(CASE WHEN invoices.tax_mode = 'inclusive' THEN invoices.total ELSE invoices.net END AS BIGINT) AS got
FROM invoices LEFT JOIN invoice_lines ON invoice_lines.invoice_id = invoices.id
GROUP BY invoices.id, invoices.tax_mode, invoices.total, invoices.net
HAVING CASE WHEN invoices.tax_mode = 'inclusive' THEN invoices.total ELSE invoices.net END <> COALESCE(SUM(invoice_lines.total), 0)
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- name: WrongReceivables :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.owed) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.invoice_id AS id, ledger_entries.amount AS booked, 0 AS owed
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'receivable'
    UNION ALL
    SELECT invoices.id, 0 AS booked,
        CASE WHEN invoices.status = 'open' THEN invoices.total - invoices.credited - invoices.paid ELSE 0 END AS owed
    FROM invoices
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.owed)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- A void invoice has earned nothing; any other its net, less that of its credit notes.
-- name: WrongRevenue :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.earned) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.invoice_id AS id, -ledger_entries.amount AS booked, 0 AS earned
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'revenue'
    UNION ALL
    SELECT invoices.id, 0 AS booked, invoices.net AS earned FROM invoices WHERE invoices.status NOT IN ('draft', 'void')
    UNION ALL
    SELECT invoices.id, 0 AS booked, -credit_notes.net AS earned
    FROM credit_notes JOIN invoices ON invoices.id = credit_notes.invoice_id WHERE invoices.status <> 'void'
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.earned)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: WrongTaxOwed :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.owed) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.invoice_id AS id, -ledger_entries.amount AS booked, 0 AS owed
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'tax'
    UNION ALL
    SELECT invoices.id, 0 AS booked, invoices.tax AS owed FROM invoices WHERE invoices.status NOT IN ('draft', 'void')
    UNION ALL
    SELECT invoices.id, 0 AS booked, -credit_notes.tax AS owed
    FROM credit_notes JOIN invoices ON invoices.id = credit_notes.invoice_id WHERE invoices.status <> 'void'
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.owed)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- What was given up of an invoice; what paying out cost beyond a customer's credit is not part of it.
-- name: WrongLosses :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.lost) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.invoice_id AS id, ledger_entries.amount AS booked, 0 AS lost
    FROM ledger_entries JOIN ledger_transactions ON ledger_transactions.id = ledger_entries.transaction_id
    WHERE ledger_entries.account = 'loss'
        AND ledger_transactions.kind IN ('invoice.written_off', 'invoice.lost', 'credit_note.issued')
    UNION ALL
    SELECT invoices.id, 0 AS booked, invoices.total - invoices.credited - invoices.paid AS lost
    FROM invoices WHERE invoices.status = 'uncollectible'
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.lost)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: WrongCredited :many
SELECT invoices.id, CAST(COALESCE(SUM(credit_notes.total), 0) AS BIGINT) AS want, invoices.credited AS got
FROM invoices LEFT JOIN credit_notes ON credit_notes.invoice_id = invoices.id
GROUP BY invoices.id, invoices.credited HAVING invoices.credited <> COALESCE(SUM(credit_notes.total), 0)
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- What was credited of a line is what the lines of credit notes have taken back of it.
-- name: WrongCreditedLines :many
SELECT sides.id, CAST(SUM(sides.taken) AS BIGINT) AS want, CAST(SUM(sides.stored) AS BIGINT) AS got,
    CAST(SUM(sides.discount_taken) AS BIGINT) AS want_discount, CAST(SUM(sides.discount_stored) AS BIGINT) AS got_discount
FROM (
    SELECT credit_note_lines.line_id AS id, credit_note_lines.amount AS taken, 0 AS stored,
        credit_note_lines.discount AS discount_taken, 0 AS discount_stored
    FROM credit_note_lines
    UNION ALL
    SELECT invoice_lines.id, 0 AS taken, invoice_lines.credited AS stored, 0 AS discount_taken,
        invoice_lines.discount_credited AS discount_stored
    FROM invoice_lines WHERE invoice_lines.credited <> 0 OR invoice_lines.discount_credited <> 0
) AS sides
GROUP BY sides.id
HAVING SUM(sides.taken) <> SUM(sides.stored) OR SUM(sides.discount_taken) <> SUM(sides.discount_stored)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: WrongDisputes :many
SELECT invoices.id, COUNT(disputes.id) AS want, invoices.disputes AS got
FROM invoices LEFT JOIN disputes ON disputes.invoice_id = invoices.id AND disputes.status = 'open' AND disputes.counted > 0
GROUP BY invoices.id, invoices.disputes HAVING invoices.disputes <> COUNT(disputes.id)
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- What left the bank for refunds and disputes, less what came back, is what these say.
-- name: WrongPayouts :many
SELECT sides.id, CAST(SUM(sides.booked) AS BIGINT) AS got, CAST(SUM(sides.meant) AS BIGINT) AS want
FROM (
    SELECT ledger_transactions.source_id AS id, -ledger_entries.amount AS booked, 0 AS meant
    FROM ledger_transactions JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id
    WHERE ledger_entries.account = 'bank'
        AND ledger_transactions.kind IN ('paid_out.refund', 'paid_in.refund', 'paid_out.chargeback', 'paid_in.chargeback')
    UNION ALL
    SELECT refunds.id, 0 AS booked, refunds.amount AS meant
    FROM refunds WHERE refunds.destination = 'gateway' AND refunds.state <> 'failed'
    UNION ALL
    SELECT disputes.id, 0 AS booked, disputes.amount AS meant FROM disputes WHERE disputes.status <> 'won'
) AS sides
GROUP BY sides.id HAVING SUM(sides.booked) <> SUM(sides.meant)
ORDER BY sides.id LIMIT CAST(@n AS BIGINT);

-- name: WrongRefunded :many
SELECT payments.id, payments.refunded AS got, CAST(COALESCE(SUM(refunds.amount), 0) AS BIGINT) AS want
FROM payments LEFT JOIN refunds
    ON refunds.payment_id = payments.id AND refunds.destination = 'gateway' AND refunds.state <> 'failed'
GROUP BY payments.id, payments.refunded HAVING payments.refunded <> COALESCE(SUM(refunds.amount), 0)
ORDER BY payments.id LIMIT CAST(@n AS BIGINT);

-- name: WrongCouponUses :many
SELECT coupons.id, coupons.uses AS got, COUNT(coupon_uses.order_id) AS want
FROM coupons LEFT JOIN coupon_uses ON coupon_uses.coupon_id = coupons.id
GROUP BY coupons.id, coupons.uses HAVING coupons.uses <> COUNT(coupon_uses.order_id)
ORDER BY coupons.id LIMIT CAST(@n AS BIGINT);

-- name: WrongReplacements :many
SELECT invoices.id, invoices.status FROM invoices JOIN invoices AS newer ON newer.replaces = invoices.id
WHERE invoices.status <> 'void'
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

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
SELECT id FROM invoices WHERE status = 'open' AND paid + credited = total ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: SeriesCounts :many
SELECT number_series.series, number_series.last_number AS want, COUNT(numbered.sequence) AS got,
    CAST(COALESCE(MAX(numbered.sequence), 0) AS BIGINT) AS highest
FROM number_series LEFT JOIN (
    SELECT series, sequence FROM invoices WHERE sequence IS NOT NULL
    UNION ALL
    SELECT series, sequence FROM credit_notes
) AS numbered ON numbered.series = number_series.series
GROUP BY number_series.series, number_series.last_number
HAVING COUNT(numbered.sequence) <> number_series.last_number
    OR COALESCE(MAX(numbered.sequence), 0) <> number_series.last_number
ORDER BY number_series.series LIMIT CAST(@n AS BIGINT);

-- name: NumberGaps :many
SELECT numbered.series, numbered.number, CAST(numbered.before + 1 AS BIGINT) AS missing FROM (
    SELECT series, number, sequence, COALESCE(LAG(sequence) OVER (PARTITION BY series ORDER BY sequence), 0) AS before
    FROM (
        SELECT series, number, sequence FROM invoices WHERE sequence IS NOT NULL
        UNION ALL
        SELECT series, number, sequence FROM credit_notes
    ) AS documents
) AS numbered
WHERE numbered.sequence <> numbered.before + 1
ORDER BY numbered.series, numbered.sequence LIMIT CAST(@n AS BIGINT);

-- name: NumbersOutOfOrder :many
SELECT numbered.id, numbered.issued_on, CAST(numbered.before AS TEXT) AS before FROM (
    SELECT id, issued_on, LAG(issued_on) OVER (PARTITION BY series ORDER BY sequence) AS before
    FROM (
        SELECT id, series, sequence, issued_on FROM invoices WHERE sequence IS NOT NULL
        UNION ALL
        SELECT id, series, sequence, issued_on FROM credit_notes
    ) AS documents
) AS numbered
WHERE numbered.issued_on < numbered.before
ORDER BY numbered.id LIMIT CAST(@n AS BIGINT);

-- An order follows the invoice that stands for it now. What came first of two things that may both be said of it is its
-- own business.
-- name: WrongOrders :many
SELECT judged.id, judged.got, judged.want FROM (
    SELECT facts.id, facts.got, CAST(CASE
        WHEN facts.invoice_id IS NULL OR facts.stray THEN 'one with an invoice of the same customer and total'
        WHEN facts.contested THEN CASE WHEN facts.got = 'cancelled' THEN facts.got ELSE 'disputed' END
        WHEN facts.refunded > 0 AND facts.credited >= facts.total THEN 'refunded'
        WHEN facts.status IN ('void', 'uncollectible') OR (facts.total > 0 AND facts.credited >= facts.total AND facts.done = 0)
            THEN CASE WHEN facts.got IN ('refunded', 'partially_refunded') THEN facts.got ELSE 'cancelled' END
        WHEN facts.refunded > 0 THEN 'partially_refunded'
        WHEN facts.status IN ('draft', 'open') AND facts.completed_at IS NOT NULL THEN 'completed'
        WHEN facts.status IN ('draft', 'open') THEN CASE WHEN facts.reopened AND facts.got = 'failed' THEN facts.got ELSE 'pending' END
        WHEN facts.undone > 0 THEN 'failed'
        ELSE 'completed' END AS TEXT) AS want
    FROM (
        SELECT orders.id, orders.status AS got, orders.completed_at, invoices.id AS invoice_id, invoices.status, invoices.total,
            invoices.credited,
            invoices.customer_id <> orders.customer_id OR (invoices.total <> orders.total AND invoices.replaces IS NULL) AS stray,
            invoices.disputes > 0 OR EXISTS (
                SELECT 1 FROM disputes WHERE disputes.invoice_id = invoices.id AND disputes.status = 'lost' AND disputes.counted > 0) AS contested,
            COALESCE((SELECT SUM(credit_notes.total) FROM credit_notes
                WHERE credit_notes.invoice_id = invoices.id AND credit_notes.cause = 'refund'), 0) AS refunded,
            (SELECT COUNT(*) FROM fulfilments WHERE fulfilments.invoice_id = invoices.id AND fulfilments.state = 'done') AS done,
            (SELECT COUNT(*) FROM fulfilments
                WHERE fulfilments.invoice_id = invoices.id AND fulfilments.state IN ('pending', 'failed', 'fulfilled')) AS undone,
            EXISTS (SELECT 1 FROM events WHERE events.subject_id = invoices.id AND events.type = 'invoice.reopened') AS reopened
        FROM orders LEFT JOIN invoices ON invoices.order_id = orders.id
            AND NOT EXISTS (SELECT 1 FROM invoices AS newer WHERE newer.replaces = invoices.id)
    ) AS facts
) AS judged
WHERE judged.got <> judged.want
ORDER BY judged.id LIMIT CAST(@n AS BIGINT);

-- Work is done for invoices that are paid, or were.
-- name: WrongLinks :many
SELECT fulfilments.line_id, fulfilments.state, invoices.status
FROM fulfilments
JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
JOIN invoices ON invoices.id = invoice_lines.invoice_id
WHERE (fulfilments.state = 'failed' AND invoices.status <> 'paid')
    OR (fulfilments.state IN ('pending', 'fulfilled') AND invoices.status NOT IN ('draft', 'open'))
    OR (fulfilments.state = 'done' AND invoices.status <> 'paid' AND NOT EXISTS (
        SELECT 1 FROM invoice_lines AS once JOIN events ON events.subject_id = once.invoice_id AND events.type = 'invoice.paid'
        WHERE once.id = fulfilments.line_id))
ORDER BY fulfilments.line_id LIMIT CAST(@n AS BIGINT);

-- name: DoneLinks :many
SELECT line_id, COALESCE(target, '') AS target FROM fulfilments
WHERE kind = @kind AND state = 'done' AND line_id > @after
ORDER BY line_id LIMIT CAST(@n AS BIGINT);

-- name: TaxRates :many
SELECT * FROM tax_rates ORDER BY country, state, class, valid_from, id;

-- name: TaxRate :one
SELECT * FROM tax_rates WHERE id = @id;

-- name: InsertTaxRate :exec
INSERT INTO tax_rates (id, country, state, class, name, rate, valid_from, created_at)
VALUES (@id, @country, @state, @class, @name, @rate, @valid_from, @created_at);

-- name: UpdateTaxRate :execrows
UPDATE tax_rates SET country = @country, state = @state, class = @class, name = @name, rate = @rate, valid_from = @valid_from
WHERE id = @id;

-- name: DeleteTaxRate :execrows
DELETE FROM tax_rates WHERE id = @id;

-- What was sold and taken back in a stretch of days, and its tax. A store without tax has sums without a category.
-- name: TaxedSales :many
SELECT invoices.buyer, invoices.currency, CAST(COALESCE(invoice_taxes.category, '') AS TEXT) AS category,
    CAST(COALESCE(invoice_taxes.rate, '') AS TEXT) AS rate, CAST(SUM(COALESCE(invoice_taxes.base, invoices.net)) AS BIGINT) AS base,
    CAST(SUM(COALESCE(invoice_taxes.tax, 0)) AS BIGINT) AS tax, COUNT(*) AS documents
FROM invoices LEFT JOIN invoice_taxes ON invoice_taxes.invoice_id = invoices.id
WHERE invoices.issued_on >= @since AND invoices.issued_on < @until AND invoices.number IS NOT NULL AND invoices.status <> 'void'
GROUP BY invoices.buyer, invoices.currency, COALESCE(invoice_taxes.category, ''), COALESCE(invoice_taxes.rate, '');

-- name: TaxedCredits :many
SELECT credit_notes.buyer, credit_notes.currency, CAST(COALESCE(credit_note_taxes.category, '') AS TEXT) AS category,
    CAST(COALESCE(credit_note_taxes.rate, '') AS TEXT) AS rate,
    CAST(SUM(COALESCE(credit_note_taxes.base, credit_notes.net)) AS BIGINT) AS base,
    CAST(SUM(COALESCE(credit_note_taxes.tax, 0)) AS BIGINT) AS tax, COUNT(*) AS documents
FROM credit_notes
JOIN invoices ON invoices.id = credit_notes.invoice_id AND invoices.status <> 'void'
LEFT JOIN credit_note_taxes ON credit_note_taxes.credit_note_id = credit_notes.id
WHERE credit_notes.issued_on >= @since AND credit_notes.issued_on < @until
GROUP BY credit_notes.buyer, credit_notes.currency, COALESCE(credit_note_taxes.category, ''), COALESCE(credit_note_taxes.rate, '');

-- name: KeptDocument :one
SELECT * FROM documents WHERE subject_id = @subject_id;

-- Two who draw a document at once keep one of the two.
-- name: KeepDocument :exec
INSERT INTO documents (subject_id, content, pdf, sha256, created_at) VALUES (@subject_id, @content, @pdf, @sha256, @created_at)
ON CONFLICT (subject_id) DO NOTHING;

-- name: KeptDocuments :many
SELECT * FROM documents WHERE subject_id > @after ORDER BY subject_id LIMIT CAST(@n AS BIGINT);

-- name: NumberSeries :many
SELECT * FROM number_series ORDER BY series;

-- name: GapsInSeries :many
SELECT CAST(numbered.before + 1 AS BIGINT) AS first_missing, CAST(numbered.sequence - 1 AS BIGINT) AS last_missing FROM (
    SELECT documents.sequence, COALESCE(LAG(documents.sequence) OVER (ORDER BY documents.sequence), 0) AS before
    FROM (
        SELECT sequence FROM invoices WHERE invoices.series = @series AND sequence IS NOT NULL
        UNION ALL
        SELECT sequence FROM credit_notes WHERE credit_notes.series = @series
    ) AS documents
) AS numbered
WHERE numbered.sequence <> numbered.before + 1
ORDER BY numbered.sequence LIMIT CAST(@n AS BIGINT);

-- name: CountInSeries :one
SELECT COUNT(documents.sequence) AS documents, CAST(COALESCE(MAX(documents.sequence), 0) AS BIGINT) AS highest
FROM (
    SELECT sequence FROM invoices WHERE invoices.series = @series
    UNION ALL
    SELECT sequence FROM credit_notes WHERE credit_notes.series = @series
) AS documents;

-- The figures of invoices per tax category, beside what their lines of it cost (BR-CO-17).
-- name: TaxFigures :many
SELECT taxes.invoice_id, taxes.category, taxes.rate, taxes.base, taxes.tax, invoices.tax_mode,
    CAST(COALESCE((SELECT SUM(invoice_lines.total) FROM invoice_lines
        WHERE invoice_lines.invoice_id = taxes.invoice_id AND invoice_lines.tax_category = taxes.category
            AND invoice_lines.tax_rate = taxes.rate), 0) AS BIGINT) AS lines
FROM invoice_taxes AS taxes JOIN invoices ON invoices.id = taxes.invoice_id
WHERE taxes.invoice_id > @after_invoice
    OR (taxes.invoice_id = @after_invoice AND taxes.category > @after_category)
    OR (taxes.invoice_id = @after_invoice AND taxes.category = @after_category AND taxes.rate > @after_rate)
ORDER BY taxes.invoice_id, taxes.category, taxes.rate LIMIT CAST(@n AS BIGINT);

-- Net and tax of an invoice are the sums over its categories (BR-CO-14); a store without tax has no categories.
-- name: WrongTaxSums :many
SELECT invoices.id, invoices.net, invoices.tax, invoices.tax_mode, COUNT(invoice_taxes.category) AS categories,
    CAST(COALESCE(SUM(invoice_taxes.base), 0) AS BIGINT) AS base_sum, CAST(COALESCE(SUM(invoice_taxes.tax), 0) AS BIGINT) AS tax_sum
FROM invoices LEFT JOIN invoice_taxes ON invoice_taxes.invoice_id = invoices.id
GROUP BY invoices.id, invoices.net, invoices.tax, invoices.tax_mode
HAVING CASE WHEN invoices.tax_mode = 'none' THEN COUNT(invoice_taxes.category) > 0 OR invoices.tax <> 0
    ELSE invoices.net <> COALESCE(SUM(invoice_taxes.base), 0) OR invoices.tax <> COALESCE(SUM(invoice_taxes.tax), 0) END
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- The same of credit notes, and their lines (BR-CO-10, BR-CO-13, BR-CO-14).
-- name: WrongNoteSums :many
SELECT judged.id, judged.net, judged.tax, judged.lines_sum, judged.base_sum, judged.tax_sum FROM (
    SELECT credit_notes.id, credit_notes.net, credit_notes.tax, credit_notes.total, invoices.tax_mode,
        CAST(COALESCE((SELECT SUM(credit_note_lines.amount - credit_note_lines.discount) FROM credit_note_lines
            WHERE credit_note_lines.credit_note_id = credit_notes.id), 0) AS BIGINT) AS lines_sum,
        CAST(COALESCE((SELECT SUM(credit_note_taxes.base) FROM credit_note_taxes
            WHERE credit_note_taxes.credit_note_id = credit_notes.id), 0) AS BIGINT) AS base_sum,
        CAST(COALESCE((SELECT SUM(credit_note_taxes.tax) FROM credit_note_taxes
            WHERE credit_note_taxes.credit_note_id = credit_notes.id), 0) AS BIGINT) AS tax_sum
    FROM credit_notes JOIN invoices ON invoices.id = credit_notes.invoice_id
) AS judged
WHERE (judged.tax_mode = 'none' AND (judged.tax <> 0 OR judged.net <> judged.lines_sum))
    OR (judged.tax_mode <> 'none' AND (judged.net <> judged.base_sum OR judged.tax <> judged.tax_sum))
    OR (judged.tax_mode = 'exclusive' AND judged.net <> judged.lines_sum)
    OR (judged.tax_mode = 'inclusive' AND judged.total <> judged.lines_sum)
ORDER BY judged.id LIMIT CAST(@n AS BIGINT);

-- The credit notes of an invoice never exceed it, in any category (invariant I5).
-- name: ExceededCategories :many
SELECT sides.invoice_id, sides.category, sides.rate, CAST(SUM(sides.base) AS BIGINT) AS base, CAST(SUM(sides.tax) AS BIGINT) AS tax
FROM (
    SELECT credit_notes.invoice_id, credit_note_taxes.category, credit_note_taxes.rate, -credit_note_taxes.base AS base,
        -credit_note_taxes.tax AS tax, 1 AS credited, 0 AS whole
    FROM credit_notes JOIN credit_note_taxes ON credit_note_taxes.credit_note_id = credit_notes.id
    UNION ALL
    SELECT invoice_taxes.invoice_id, invoice_taxes.category, invoice_taxes.rate, invoice_taxes.base, invoice_taxes.tax, 0 AS credited,
        invoice_taxes.base AS whole
    FROM invoice_taxes
) AS sides
GROUP BY sides.invoice_id, sides.category, sides.rate
HAVING SUM(sides.credited) > 0 AND CASE WHEN SUM(sides.whole) < 0 THEN SUM(sides.base) > 0 OR SUM(sides.tax) > 0
    ELSE SUM(sides.base) < 0 OR SUM(sides.tax) < 0 END
ORDER BY sides.invoice_id, sides.category, sides.rate LIMIT CAST(@n AS BIGINT);
