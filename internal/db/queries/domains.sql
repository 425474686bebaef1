-- name: InsertTLDPolicy :execrows
INSERT INTO tld_policies (id, extension, valid_from, min_years, max_years, step_years, earliest, grace_days, latest, redemption_days,
    registry_auto_renews, argp_days, explicit_renew, date_moves, expiry_rounding, due_margin, years_ahead_limit, grace_fee, redemption_fee,
    source, read_on, created_at)
VALUES (@id, @extension, @valid_from, @min_years, @max_years, @step_years, @earliest, @grace_days, @latest, @redemption_days,
    @registry_auto_renews, @argp_days, @explicit_renew, @date_moves, @expiry_rounding, @due_margin, @years_ahead_limit, @grace_fee, @redemption_fee,
    @source, @read_on, @created_at)
ON CONFLICT (extension, valid_from) DO NOTHING;

-- Only a row that has decided nothing yet is changed.
-- name: UpdateTLDPolicy :execrows
UPDATE tld_policies SET valid_from = @valid_from, min_years = @min_years, max_years = @max_years, step_years = @step_years,
    earliest = @earliest, grace_days = @grace_days, latest = @latest, redemption_days = @redemption_days,
    registry_auto_renews = @registry_auto_renews, argp_days = @argp_days, explicit_renew = @explicit_renew, date_moves = @date_moves,
    expiry_rounding = @expiry_rounding, due_margin = @due_margin, years_ahead_limit = @years_ahead_limit, grace_fee = @grace_fee,
    redemption_fee = @redemption_fee, source = @source, read_on = @read_on
WHERE tld_policies.id = @id AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.policy_id = tld_policies.id);

-- name: TLDPolicy :one
SELECT * FROM tld_policies WHERE id = @id;

-- name: TLDPoliciesOf :many
SELECT * FROM tld_policies WHERE extension = @extension ORDER BY valid_from;

-- name: TLDPolicies :many
SELECT * FROM tld_policies ORDER BY extension, valid_from;

-- name: TLDPolicyAt :one
SELECT * FROM tld_policies WHERE extension = @extension AND valid_from <= @day ORDER BY valid_from DESC LIMIT 1;

-- name: PutDomainPrice :exec
INSERT INTO domain_prices (extension, kind, years, currency, customer_group, valid_from, amount, updated_at)
VALUES (@extension, @kind, @years, @currency, @customer_group, @valid_from, @amount, @updated_at)
ON CONFLICT (extension, kind, years, currency, customer_group, valid_from) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at;

-- name: DomainPricesOf :many
SELECT * FROM domain_prices WHERE extension = @extension ORDER BY kind, years, currency, customer_group, valid_from;

-- name: DomainPrices :many
SELECT * FROM domain_prices ORDER BY extension, kind, years, currency, customer_group, valid_from;

-- name: InsertDomain :exec
INSERT INTO domains (id, name, extension, customer_id, order_id, registrar_id, kind, status, expires_at, expires_on, expiry_raw, expiry_source,
    expiry_read_at, accounting_on, paid_through, term_end, next_due, term, currency, recurring_amount, do_not_renew, bundled_with, premium,
    registry_state, registry_read_at, locked_by_us, unanswered, bought_years, transfer_secret, nameservers, registrant, renewal_mode, created_at,
    updated_at)
VALUES (@id, @name, @extension, @customer_id, @order_id, @registrar_id, @kind, @status, @expires_at, @expires_on, @expiry_raw, @expiry_source,
    @expiry_read_at, @accounting_on, @paid_through, @term_end, @next_due, @term, @currency, @recurring_amount, @do_not_renew, @bundled_with, @premium,
    @registry_state, @registry_read_at, @locked_by_us, @unanswered, @bought_years, @transfer_secret, @nameservers, @registrant, @renewal_mode,
    @created_at, @created_at);

-- name: SaveDomain :execrows
UPDATE domains SET registrar_id = @registrar_id, status = @status, expires_at = @expires_at, expires_on = @expires_on, expiry_raw = @expiry_raw,
    expiry_source = @expiry_source, expiry_read_at = @expiry_read_at, accounting_on = @accounting_on, paid_through = @paid_through,
    term_end = @term_end, next_due = @next_due, term = @term, recurring_amount = @recurring_amount, do_not_renew = @do_not_renew,
    bundled_with = @bundled_with, premium = @premium, registry_state = @registry_state, registry_read_at = @registry_read_at,
    locked_by_us = @locked_by_us, unanswered = @unanswered, bought_years = @bought_years, transfer_secret = @transfer_secret,
    nameservers = @nameservers, registrant = @registrant, renewal_mode = @renewal_mode, missing_since = @missing_since, deleted_at = @deleted_at, invoice_tried_on = NULL, version = version + 1, updated_at = @updated_at
WHERE id = @id AND version = @version;

-- A reading has shown nothing new.
-- name: NoteDomainReading :execrows
UPDATE domains SET expiry_read_at = @expiry_read_at, registry_read_at = @registry_read_at, invoice_tried_on = NULL WHERE id = @id AND version = @version;

-- name: Domain :one
SELECT * FROM domains WHERE id = @id;

-- Takes the row's lock and changes nothing: whoever decides from more than the domain itself holds it first.
-- name: LockDomain :one
UPDATE domains SET version = version WHERE id = @id RETURNING *;

-- The worker of registrars looks at the domain at an instant, or sooner if it was to already.
-- name: WorkOnDomain :exec
UPDATE domains SET work_at = CASE WHEN work_at IS NULL OR work_at > @at THEN @at ELSE work_at END WHERE id = @id;

-- Sync reads the domain at an instant, or sooner if it was to already.
-- name: SyncDomainAt :exec
UPDATE domains SET sync_at = CASE WHEN sync_at IS NULL OR sync_at > @at THEN @at ELSE sync_at END WHERE id = @id;

-- name: DomainByName :one
SELECT * FROM domains WHERE name = @name AND status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud');

-- name: LiveDomainsOfExtension :many
SELECT * FROM domains WHERE extension = @extension AND id > @after AND status IN ('active', 'grace', 'redemption', 'expired')
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- The domains that pay for a term by themselves, with the client group that their price is for. A premium name has the price
-- of its registry.
-- name: DomainsRenewingBy :many
SELECT domains.id, domains.name, domains.customer_id, domains.next_due, customers.customer_group FROM domains
JOIN customers ON customers.id = domains.customer_id
WHERE domains.extension = @extension AND domains.id > @after AND domains.term = @years AND domains.currency = @currency
    AND domains.recurring_amount > 0 AND domains.premium IS NULL AND domains.status IN ('active', 'grace', 'redemption', 'expired')
ORDER BY domains.id LIMIT CAST(@n AS BIGINT);

-- name: InsertDomainRenewal :exec
INSERT INTO domain_renewals (id, domain_id, customer_id, base, years, kind, state, hold, cause, due_on, currency, price, fee, stage, policy_id,
    line_id, invoice_id, order_id, expected_on, move_due, paid_at, paid_before, due_before, settled_at, created_at)
VALUES (@id, @domain_id, @customer_id, @base, @years, @kind, @state, @hold, @cause, @due_on, @currency, @price, @fee, @stage, @policy_id,
    @line_id, @invoice_id, @order_id, @expected_on, @move_due, @paid_at, @paid_before, @due_before, @settled_at, @created_at);

-- name: MoveDomainRenewal :execrows
UPDATE domain_renewals SET state = @to_state, hold = @hold, cause = @cause, paid_at = @paid_at, owed = @owed, paid_before = @paid_before,
    due_before = @due_before, fee_line_id = @fee_line_id, fee_invoice_id = @fee_invoice_id, reference = @reference,
    resends = @resends, move_due = @move_due, fee = @fee, stage = @stage, line_id = @line_id, invoice_id = @invoice_id, settled_at = @settled_at, version = version + 1
WHERE id = @id AND state = @from_state AND version = @version;

-- name: DomainRenewal :one
SELECT * FROM domain_renewals WHERE id = @id;

-- name: DomainRenewalOfLine :one
SELECT * FROM domain_renewals WHERE domain_renewals.line_id = @line_id OR domain_renewals.fee_line_id = @line_id
    OR domain_renewals.id = (SELECT domain_renewal_fees.renewal_id FROM domain_renewal_fees WHERE domain_renewal_fees.line_id = @line_id);

-- name: OpenDomainRenewal :one
SELECT * FROM domain_renewals WHERE domain_id = @domain_id AND state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention');

-- name: DomainRenewalMade :one
SELECT * FROM domain_renewals WHERE domain_id = @domain_id AND base >= @first AND base <= @last AND state IN ('confirmed', 'satisfied')
ORDER BY base DESC LIMIT 1;

-- name: RenewalsOfDomain :many
SELECT * FROM domain_renewals WHERE domain_id = @domain_id ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: OpenRenewalsOfExtension :many
SELECT domain_renewals.* FROM domain_renewals JOIN domains ON domains.id = domain_renewals.domain_id
WHERE domains.extension = @extension AND domain_renewals.state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention');

-- name: InsertDomainPriceUpdate :exec
INSERT INTO domain_price_updates (id, filter, change, starts_on, notice_days, reason, status, created_at)
VALUES (@id, @filter, @change, @starts_on, @notice_days, @reason, 'planning', @created_at);

-- name: PlanningDomainPriceUpdates :many
SELECT id FROM domain_price_updates WHERE status = 'planning' ORDER BY id;

-- How far an update is written down.
-- name: LastPlannedDomain :one
SELECT CAST(COALESCE(MAX(domain_id), '') AS TEXT) FROM domain_price_update_items WHERE update_id = @update_id;

-- name: ScheduleDomainPriceUpdate :execrows
UPDATE domain_price_updates SET status = 'scheduled' WHERE id = @id AND status = 'planning';

-- name: DomainPriceUpdate :one
SELECT * FROM domain_price_updates WHERE id = @id;

-- name: LockDomainPriceUpdate :one
UPDATE domain_price_updates SET reason = reason WHERE id = @id RETURNING *;

-- name: DueDomainPriceUpdates :many
SELECT id FROM domain_price_updates WHERE status = 'scheduled' AND starts_on <= @today ORDER BY id;

-- name: ApplyDomainPriceUpdate :execrows
UPDATE domain_price_updates SET status = 'applied', applied_at = @applied_at WHERE id = @id AND status = 'scheduled';

-- name: UndoDomainPriceUpdate :execrows
UPDATE domain_price_updates SET status = 'undone', undone_at = @undone_at WHERE id = @id AND status IN ('planning', 'scheduled', 'applied');

-- name: DomainPriceUpdateItems :many
SELECT domain_price_update_items.*, domains.name, domains.customer_id, domains.currency
FROM domain_price_update_items JOIN domains ON domains.id = domain_price_update_items.domain_id
WHERE domain_price_update_items.update_id = @update_id AND domain_price_update_items.domain_id > @after
    AND (CAST(@state AS TEXT) = '' OR domain_price_update_items.state = CAST(@state AS TEXT))
ORDER BY domain_price_update_items.domain_id LIMIT CAST(@n AS BIGINT);

-- name: CountDomainPriceUpdateItems :many
SELECT state, COUNT(*) AS n FROM domain_price_update_items WHERE update_id = @update_id GROUP BY state;

-- A notice that was tried, and not sent by the day, told nobody.
-- name: UnnoteUnsentDomainPrices :execrows
UPDATE domain_price_update_items SET noticed = FALSE
WHERE domain_price_update_items.update_id = @update_id AND domain_price_update_items.state = 'planned' AND domain_price_update_items.noticed
    AND domain_price_update_items.domain_id > @after AND domain_price_update_items.domain_id <= @upto
    AND EXISTS (SELECT 1 FROM mails WHERE mails.subject_id = domain_price_update_items.domain_id AND mails.kind = 'domain_price_notice'
        AND mails.occasion = domain_price_update_items.update_id AND mails.state <> 'sent' AND mails.tried_at IS NOT NULL);

-- Those that were passed over on the day, by reason.
-- name: SkippedDomainPrices :many
SELECT detail, COUNT(*) AS n FROM domain_price_update_items
WHERE update_id = @update_id AND state = 'skipped' AND detail IN ('notice', 'changed') GROUP BY detail ORDER BY detail;

-- Rows that somebody has changed since they were planned, or whose customer was not told in time, are passed over.
-- name: SkipDomainPriceUpdateItems :execrows
UPDATE domain_price_update_items SET state = 'skipped', detail = CASE WHEN CAST(@told AS BOOLEAN) AND NOT noticed THEN 'notice' ELSE 'changed' END
WHERE update_id = @update_id AND state = 'planned' AND domain_id > @after AND domain_id <= @upto
    AND ((CAST(@told AS BOOLEAN) AND NOT noticed) OR NOT EXISTS (SELECT 1 FROM domains WHERE domains.id = domain_price_update_items.domain_id
        AND domains.term = domain_price_update_items.years AND domains.recurring_amount = domain_price_update_items.before_amount));

-- name: LockDomainsOfPriceUpdate :execrows
UPDATE domains SET version = version
WHERE id IN (SELECT domain_price_update_items.domain_id FROM domain_price_update_items WHERE domain_price_update_items.update_id = @update_id
    AND domain_price_update_items.domain_id > @after AND domain_price_update_items.domain_id <= @upto);

-- name: ChangeDomainPrices :execrows
UPDATE domains SET version = version + 1, updated_at = @updated_at, recurring_amount = (
    SELECT domain_price_update_items.after_amount FROM domain_price_update_items
    WHERE domain_price_update_items.update_id = @update_id AND domain_price_update_items.domain_id = domains.id)
WHERE id IN (SELECT domain_price_update_items.domain_id FROM domain_price_update_items WHERE domain_price_update_items.update_id = @update_id
    AND domain_price_update_items.state = 'planned' AND domain_price_update_items.domain_id > @after AND domain_price_update_items.domain_id <= @upto);

-- name: FinishDomainPriceUpdateItems :execrows
UPDATE domain_price_update_items SET state = @to_state
WHERE update_id = @update_id AND state = @from_state AND domain_id > @after AND domain_id <= @upto;

-- name: KeepDomainPriceUpdateItems :execrows
UPDATE domain_price_update_items SET state = 'kept'
WHERE update_id = @update_id AND state = 'applied' AND domain_id > @after AND domain_id <= @upto
    AND NOT EXISTS (SELECT 1 FROM domains WHERE domains.id = domain_price_update_items.domain_id
        AND domains.term = domain_price_update_items.years AND domains.recurring_amount = domain_price_update_items.after_amount);

-- name: RestoreDomainPrices :execrows
UPDATE domains SET version = version + 1, updated_at = @updated_at, recurring_amount = (
    SELECT domain_price_update_items.before_amount FROM domain_price_update_items
    WHERE domain_price_update_items.update_id = @update_id AND domain_price_update_items.domain_id = domains.id)
WHERE id IN (SELECT domain_price_update_items.domain_id FROM domain_price_update_items WHERE domain_price_update_items.update_id = @update_id
    AND domain_price_update_items.state = 'applied' AND domain_price_update_items.domain_id > @after AND domain_price_update_items.domain_id <= @upto);

-- name: NoteDomainPriceNotice :execrows
UPDATE domain_price_update_items SET noticed = TRUE WHERE update_id = @update_id AND domain_id = @domain_id AND state = 'planned';

-- name: DomainCosts :many
SELECT * FROM domain_costs WHERE kind = 'renew' AND valid_from <= @day ORDER BY valid_from;

-- name: PutDomainCost :exec
INSERT INTO domain_costs (registrar_id, extension, kind, years, currency, valid_from, amount, source, updated_at)
VALUES (@registrar_id, @extension, @kind, @years, @currency, @valid_from, @amount, @source, @updated_at)
ON CONFLICT (registrar_id, extension, kind, years, currency, valid_from) DO UPDATE SET amount = excluded.amount, source = excluded.source,
    updated_at = excluded.updated_at;

-- name: DomainsBelowCost :many
SELECT domains.id, domains.name, domains.customer_id, domains.term, domains.currency, domains.recurring_amount, domain_costs.amount AS cost
FROM domains JOIN domain_costs ON domain_costs.registrar_id = domains.registrar_id AND domain_costs.extension = domains.extension
    AND domain_costs.kind = 'renew' AND domain_costs.years = domains.term AND domain_costs.currency = domains.currency
WHERE domains.id > @after AND domains.status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud')
    AND domains.recurring_amount < domain_costs.amount AND domain_costs.valid_from = (
        SELECT MAX(latest.valid_from) FROM domain_costs AS latest
        WHERE latest.registrar_id = domain_costs.registrar_id AND latest.extension = domain_costs.extension AND latest.kind = 'renew'
            AND latest.years = domain_costs.years AND latest.currency = domain_costs.currency AND latest.valid_from <= @day)
ORDER BY domains.id LIMIT CAST(@n AS BIGINT);
