-- The day on which the money of an invoice was complete.
-- name: LastMoneyOfInvoice :one
SELECT received_at FROM payments WHERE invoice_id = @invoice_id AND state = 'succeeded' AND applied > 0 ORDER BY received_at DESC LIMIT 1;

-- Whether the registry was asked to delete a domain, and what came of it is not known.
-- name: DomainDeletionAsked :one
SELECT EXISTS (SELECT 1 FROM registrar_commands WHERE domain_id = @domain_id AND settled_at IS NULL AND command = 'delete');

-- Whether a registrar was ever told to do a renewal: setting a mode is a command of the domain.
-- name: DomainRenewalSent :one
SELECT EXISTS (SELECT 1 FROM registrar_commands WHERE renewal_id = @renewal_id);

-- name: CustomerGroup :one
SELECT customer_group FROM customers WHERE id = @id;

-- The invoice of a line is known when it is issued, and another one when that is issued anew.
-- name: InvoiceDomainRenewal :exec
UPDATE domain_renewals SET invoice_id = @invoice_id WHERE line_id = @line_id;

-- name: InvoiceDomainRenewalFee :exec
UPDATE domain_renewals SET fee_invoice_id = @invoice_id WHERE fee_line_id = @line_id;

-- name: KeepDomainRenewalFee :exec
INSERT INTO domain_renewal_fees (line_id, renewal_id) VALUES (@line_id, @renewal_id);

-- name: DomainRenewalFees :many
SELECT line_id FROM domain_renewal_fees WHERE renewal_id = @renewal_id ORDER BY line_id;

-- Money for what was done, or begun, before it came.
-- name: PayDomainRenewal :execrows
UPDATE domain_renewals SET paid_at = @paid_at, paid_before = @paid_before, due_before = @due_before, version = version + 1
WHERE id = @id AND version = @version AND paid_at IS NULL;

-- What a renewal waits for, or is asked for by, besides its state.
-- name: AskForDomainRenewal :execrows
UPDATE domain_renewals SET price = @price, fee = @fee, stage = @stage, fee_line_id = @fee_line_id, fee_invoice_id = @fee_invoice_id, line_id = @line_id,
    invoice_id = @invoice_id, owed = @owed, move_due = @move_due, paid_before = @paid_before, due_before = @due_before, version = version + 1
WHERE id = @id AND version = @version;

-- Domains whose automatic invoice may be due: those that nobody has tried today, in the order of their due dates.
-- name: DomainsToInvoice :many
SELECT domains.* FROM domains
WHERE domains.next_due IS NOT NULL AND domains.next_due <= @horizon AND (domains.next_due, domains.id) > (CAST(@after_due AS TEXT), CAST(@after AS TEXT))
    AND NOT domains.do_not_renew AND domains.term IS NOT NULL AND domains.status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud')
    AND (domains.invoice_tried_on IS NULL OR domains.invoice_tried_on <> @today)
    AND (CAST(@customer_id AS TEXT) = '' OR domains.customer_id = CAST(@customer_id AS TEXT))
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id
        AND domain_renewals.state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention'))
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id AND domain_renewals.due_on = domains.next_due
        AND domain_renewals.kind = 'automatic' AND domain_renewals.state <> 'withdrawn')
    AND NOT EXISTS (SELECT 1 FROM automation_failures WHERE automation_failures.task = 'domains.invoice'
        AND automation_failures.subject_id = domains.id)
ORDER BY domains.next_due, domains.id LIMIT CAST(@n AS BIGINT);

-- The same, of those that have failed too, by id.
-- name: DomainIDsToInvoice :many
SELECT domains.id FROM domains
WHERE domains.id IN (SELECT due.id FROM domains AS due
        WHERE due.next_due IS NOT NULL AND due.status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud') AND due.next_due <= @horizon) AND domains.id > @after
    AND NOT domains.do_not_renew AND domains.term IS NOT NULL AND domains.status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud')
    AND (domains.invoice_tried_on IS NULL OR domains.invoice_tried_on <> @today)
    AND (CAST(@customer_id AS TEXT) = '' OR domains.customer_id = CAST(@customer_id AS TEXT))
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id
        AND domain_renewals.state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention'))
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id AND domain_renewals.due_on = domains.next_due
        AND domain_renewals.kind = 'automatic' AND domain_renewals.state <> 'withdrawn')
ORDER BY domains.id LIMIT CAST(@n AS BIGINT);

-- name: NextDomainDue :one
SELECT next_due FROM domains WHERE next_due IS NOT NULL AND next_due > @after AND NOT do_not_renew AND term IS NOT NULL
    AND status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud') ORDER BY next_due LIMIT 1;

-- name: AnyDomainTried :one
SELECT 1 AS found FROM domains WHERE next_due IS NOT NULL AND next_due <= @horizon AND NOT do_not_renew AND invoice_tried_on IS NOT NULL
    AND status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud') LIMIT 1;

-- What was renewed, or revoked, for a term already: nothing is asked for it again.
-- name: RenewalsOfBase :many
SELECT * FROM domain_renewals WHERE domain_id = @domain_id AND base >= @first AND base <= @last AND state IN ('confirmed', 'satisfied', 'revoked')
ORDER BY id DESC;

-- name: RenewalsToLookAt :many
SELECT * FROM domain_renewals
WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND looked_on <> @looked_on AND id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR customer_id = CAST(@customer_id AS TEXT))
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- The domains of [RenewalsToLookAt], in its order.
-- name: DomainsToLookAt :many
SELECT domains.* FROM domain_renewals JOIN domains ON domains.id = domain_renewals.domain_id
WHERE domain_renewals.state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention')
    AND domain_renewals.looked_on <> @looked_on AND domain_renewals.id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR domain_renewals.customer_id = CAST(@customer_id AS TEXT))
ORDER BY domain_renewals.id LIMIT CAST(@n AS BIGINT);

-- name: RenewalIDsToLookAt :many
SELECT id FROM domain_renewals
WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND looked_on <> @looked_on AND id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR customer_id = CAST(@customer_id AS TEXT))
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: OpenDomainRenewals :many
SELECT * FROM domain_renewals WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND id > @after
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- Renewals that were made and are unpaid.
-- name: OwedToLookAt :many
SELECT * FROM domain_renewals
WHERE state IN ('confirmed', 'satisfied') AND paid_at IS NULL AND line_id IS NOT NULL AND looked_on <> @looked_on AND id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR customer_id = CAST(@customer_id AS TEXT))
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- The domains of [OwedToLookAt], in its order.
-- name: DomainsOfOwed :many
SELECT domains.* FROM domain_renewals JOIN domains ON domains.id = domain_renewals.domain_id
WHERE domain_renewals.state IN ('confirmed', 'satisfied') AND domain_renewals.paid_at IS NULL AND domain_renewals.line_id IS NOT NULL
    AND domain_renewals.looked_on <> @looked_on AND domain_renewals.id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR domain_renewals.customer_id = CAST(@customer_id AS TEXT))
ORDER BY domain_renewals.id LIMIT CAST(@n AS BIGINT);

-- name: LookedAtRenewal :exec
UPDATE domain_renewals SET looked_on = @looked_on WHERE id = @id;

-- name: UnconfirmedDomainRenewals :many
SELECT * FROM domain_renewals WHERE state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND id > @after
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- Unfulfilled renewals whose line is credited, and failed lines of renewals that are over: what was paid for nothing goes back.
-- That they are among the unconfirmed says which index leads to them.
-- name: CreditedDomainRenewals :many
SELECT domain_renewals.id FROM domain_renewals
JOIN invoice_lines ON invoice_lines.id = domain_renewals.line_id AND invoice_lines.invoice_id = domain_renewals.invoice_id
WHERE domain_renewals.state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND domain_renewals.state IN ('paid', 'held', 'attention')
    AND invoice_lines.amount > 0 AND invoice_lines.credited = invoice_lines.amount
    AND domain_renewals.id > @after
ORDER BY domain_renewals.id LIMIT CAST(@n AS BIGINT);

-- name: LostDomainLines :many
SELECT fulfilments.line_id FROM fulfilments JOIN domain_renewals ON domain_renewals.line_id = fulfilments.line_id
WHERE fulfilments.state = 'failed' AND fulfilments.kind = 'domain_renewal'
    AND domain_renewals.state IN ('withdrawn', 'refunded', 'lost', 'revoked') AND fulfilments.line_id > @after
ORDER BY fulfilments.line_id LIMIT CAST(@n AS BIGINT);

-- Few terms are revoked, so it is begun with them. A term whose end was corrected by some days is the same one: days are counted
-- in months of 31, which both databases can.
-- name: RevokedTerms :many
SELECT domain_renewals.* FROM domain_renewals CROSS JOIN domains
WHERE domain_renewals.id IN (SELECT taken.id FROM domain_renewals AS taken WHERE taken.state = 'revoked')
    AND domain_renewals.id > @after AND domains.id = domain_renewals.domain_id
    AND (domain_renewals.base <= @upto OR domains.expires_on > domains.term_end) AND domains.status IN ('active', 'grace', 'redemption')
    AND ABS(CAST(SUBSTR(domains.term_end, 1, 4) AS BIGINT) * 372 + CAST(SUBSTR(domains.term_end, 6, 2) AS BIGINT) * 31 + CAST(SUBSTR(domains.term_end, 9, 2) AS BIGINT)
        - CAST(SUBSTR(domain_renewals.base, 1, 4) AS BIGINT) * 372 - CAST(SUBSTR(domain_renewals.base, 6, 2) AS BIGINT) * 31
        - CAST(SUBSTR(domain_renewals.base, 9, 2) AS BIGINT)) <= 10
    AND domain_renewals.looked_on <> @looked_on
ORDER BY domain_renewals.id LIMIT CAST(@n AS BIGINT);

-- name: DomainsBundledWith :many
SELECT id FROM domains WHERE bundled_with = @subscription_id AND status IN ('active', 'grace', 'redemption') ORDER BY id;

-- name: PaidPeriodCovering :one
SELECT subscription_periods.starts_on FROM subscription_periods
WHERE subscription_periods.subscription_id = @subscription_id AND subscription_periods.state IN ('paid', 'given') AND subscription_periods.amount >= 0
    AND subscription_periods.starts_on <= @day AND subscription_periods.ends_on > @day
    AND NOT EXISTS (SELECT 1 FROM invoice_lines WHERE invoice_lines.id = subscription_periods.line_id AND invoice_lines.taken_back) LIMIT 1;

-- name: UndoneDomainPriceUpdates :many
SELECT id FROM domain_price_updates WHERE status = 'undone'
    AND EXISTS (SELECT 1 FROM domain_price_update_items WHERE domain_price_update_items.update_id = domain_price_updates.id
        AND domain_price_update_items.state IN ('planned', 'applied'));

-- name: NextDomainPriceUpdate :many
SELECT id, starts_on, notice_days FROM domain_price_updates WHERE status = 'scheduled' ORDER BY starts_on, id;

-- name: UntoldDomainPrices :many
SELECT domain_price_update_items.domain_id, domain_price_update_items.before_amount, domain_price_update_items.after_amount,
    domains.customer_id, domains.name, domains.currency, domains.term
FROM domain_price_update_items JOIN domains ON domains.id = domain_price_update_items.domain_id
WHERE domain_price_update_items.update_id = @update_id AND domain_price_update_items.state = 'planned' AND NOT domain_price_update_items.noticed
    AND domain_price_update_items.detail = ''
    AND domain_price_update_items.domain_id > @after
ORDER BY domain_price_update_items.domain_id LIMIT CAST(@n AS BIGINT);

-- A notice that did not arrive was none.
-- name: LoseDomainPriceNotice :exec
UPDATE domain_price_update_items SET noticed = FALSE, detail = 'notice' WHERE domain_id = @domain_id AND state = 'planned'
    AND EXISTS (SELECT 1 FROM domain_price_updates WHERE domain_price_updates.id = domain_price_update_items.update_id
        AND domain_price_updates.status = 'scheduled');

-- name: SettleDisputedRenewal :execrows
UPDATE staff_tasks SET state = 'done', done_at = @done_at, done_by = @done_by
WHERE kind = @kind AND subject_id = @subject_id AND occasion = @occasion AND state = 'open';

-- name: CountOpenTasksOf :one
SELECT COUNT(*) FROM staff_tasks WHERE customer_id = @customer_id AND kind = @kind AND state = 'open';

-- The renewals of a customer that wait for a cause.
-- name: RenewalsHeldFor :many
SELECT id FROM domain_renewals WHERE customer_id = @customer_id AND state = 'held' AND cause = @cause ORDER BY domain_id;

-- The customers of whom renewals wait for a cause, and about whom nothing of a kind is asked any more.
-- name: CustomersNotAskedAbout :many
SELECT DISTINCT domain_renewals.customer_id FROM domain_renewals
WHERE domain_renewals.state = 'held' AND domain_renewals.cause = @cause AND domain_renewals.customer_id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR domain_renewals.customer_id = CAST(@customer_id AS TEXT)) AND NOT EXISTS (
    SELECT 1 FROM staff_tasks WHERE staff_tasks.customer_id = domain_renewals.customer_id AND staff_tasks.kind = @kind AND staff_tasks.state = 'open')
ORDER BY domain_renewals.customer_id LIMIT CAST(@n AS BIGINT);

-- name: AnyDomainAhead :one
SELECT EXISTS (SELECT 1 FROM domains WHERE term_end < expires_on OR unanswered);
