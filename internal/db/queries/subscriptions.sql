-- name: InsertSubscription :exec
INSERT INTO subscriptions (id, customer_id, order_item_id, kind, license_id, product_id, plan_id, price_id, description, status,
    currency, unit_amount, quantity, cycle, anchor, tax_class, gateway, started_on, trial_ends_at, next_due, coupon_id,
    coupon_charges, created_at, updated_at)
VALUES (@id, @customer_id, @order_item_id, @kind, @license_id, @product_id, @plan_id, @price_id, @description, @status,
    @currency, @unit_amount, @quantity, @cycle, @anchor, @tax_class, @gateway, @started_on, @trial_ends_at, @next_due, @coupon_id,
    @coupon_charges, @created_at, @created_at);

-- name: Subscription :one
SELECT * FROM subscriptions WHERE id = @id;

-- name: LockSubscription :one
UPDATE subscriptions SET version = version + 1 WHERE id = @id RETURNING *;

-- name: SubscriptionOfOrderItem :one
SELECT id FROM subscriptions WHERE order_item_id = @order_item_id;

-- name: PeriodsOfSubscription :many
SELECT * FROM subscription_periods WHERE subscription_id = @subscription_id ORDER BY starts_on;

-- name: SaveSubscription :exec
UPDATE subscriptions SET license_id = @license_id, plan_id = @plan_id, price_id = @price_id, description = @description,
    status = @status, unit_amount = @unit_amount, quantity = @quantity, cycle = @cycle, anchor = @anchor,
    tax_class = @tax_class, trial_ends_at = @trial_ends_at, next_due = @next_due, next_at = @next_at,
    license_until = @license_until, coupon_id = @coupon_id, coupon_charges = @coupon_charges, cancel_on = @cancel_on,
    paused_on = @paused_on, ended_on = @ended_on, end_reason = @end_reason, change_price_id = @change_price_id,
    change_quantity = @change_quantity, change_on = @change_on, suspended_on = @suspended_on, grace_until = @grace_until, credit_due = @credit_due, updated_at = @updated_at
WHERE id = @id;

-- name: InsertPeriod :execrows
INSERT INTO subscription_periods (subscription_id, starts_on, ends_on, line_id, invoice_id, due_on, price_id, amount, state)
VALUES (@subscription_id, @starts_on, @ends_on, @line_id, @invoice_id, @due_on, @price_id, @amount, @state)
ON CONFLICT (subscription_id, starts_on) DO NOTHING;

-- name: SavePeriod :exec
UPDATE subscription_periods SET ends_on = @ends_on, line_id = @line_id, invoice_id = @invoice_id, due_on = @due_on,
    state = @state
WHERE subscription_id = @subscription_id AND starts_on = @starts_on;

-- name: InvoicePeriod :exec
UPDATE subscription_periods SET invoice_id = @invoice_id WHERE subscription_id = @subscription_id AND starts_on = @starts_on;

-- name: DeletePeriod :exec
DELETE FROM subscription_periods WHERE subscription_id = @subscription_id AND starts_on = @starts_on;

-- name: MovePeriod :exec
UPDATE subscription_periods SET starts_on = @to_start, ends_on = @to_end
WHERE subscription_id = @subscription_id AND starts_on = @starts_on;

-- name: DueSubscriptions :many
SELECT id, customer_id FROM subscriptions
WHERE subscriptions.id IN (SELECT due.id FROM subscriptions AS due WHERE due.next_at <= @now) AND subscriptions.id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR subscriptions.customer_id = @customer_id)
ORDER BY subscriptions.id LIMIT CAST(@n AS BIGINT);

-- name: NextSubscriptionDue :one
SELECT next_at FROM subscriptions WHERE next_at > @after ORDER BY next_at LIMIT 1;

-- name: AssessAllAgain :execrows
UPDATE subscriptions SET next_at = @now WHERE ended_on IS NULL;

-- name: HasChargeableMethod :one
SELECT EXISTS (SELECT 1 FROM payment_methods WHERE customer_id = @customer_id AND is_default) AS has;

-- name: SubscriptionsOfCustomer :many
SELECT id FROM subscriptions WHERE customer_id = @customer_id AND ended_on IS NULL ORDER BY id;

-- name: SubscriptionOfLicense :one
SELECT id FROM subscriptions WHERE license_id = @license_id AND kind = 'license' ORDER BY id DESC LIMIT 1;

-- name: LinkLicense :exec
UPDATE licenses SET subscription_id = @subscription_id WHERE id = @id;

-- name: InsertAddon :execrows
INSERT INTO license_addons (id, license_id, plan_id, subscription_id, line_id, quantity, extra_activations, entitlements, active, created_at)
VALUES (@id, @license_id, @plan_id, @subscription_id, @line_id, @quantity, @extra_activations, @entitlements, @active, @created_at)
ON CONFLICT DO NOTHING;

-- name: AddonOfSubscription :one
SELECT * FROM license_addons WHERE subscription_id = @subscription_id;

-- name: AddonOfLine :one
SELECT * FROM license_addons WHERE line_id = @line_id;

-- name: SwitchAddon :execrows
UPDATE license_addons SET active = @active, ended_at = @ended_at, quantity = @quantity, extra_activations = @extra_activations,
    entitlements = @entitlements, plan_id = @plan_id
WHERE id = @id;

-- name: OtherOpenChanges :many
SELECT DISTINCT invoices.id FROM invoices
JOIN invoice_lines ON invoice_lines.invoice_id = invoices.id
JOIN fulfilments ON fulfilments.line_id = invoice_lines.id AND fulfilments.invoice_id = invoices.id
WHERE invoice_lines.subscription_id = @subscription_id AND invoices.kind = 'change' AND invoices.status = 'open'
    AND fulfilments.state <> 'done';

-- name: LostDisputes :one
SELECT COUNT(*) FROM disputes WHERE invoice_id = @invoice_id AND status = 'lost' AND counted > 0;

-- name: InsertStaffTask :execrows
INSERT INTO staff_tasks (id, kind, subject_id, occasion, customer_id, detail, state, created_at)
VALUES (@id, @kind, @subject_id, @occasion, @customer_id, @detail, 'open', @created_at)
ON CONFLICT (kind, subject_id, occasion) DO NOTHING;

-- name: StaffTask :one
SELECT * FROM staff_tasks WHERE id = @id AND state = 'open';

-- name: FinishStaffTask :execrows
UPDATE staff_tasks SET state = 'done', done_at = @done_at, done_by = @done_by WHERE id = @id AND state = 'open';

-- name: FinishStaffTasksAbout :execrows
UPDATE staff_tasks SET state = 'done', done_at = @done_at, done_by = @done_by
WHERE kind = @kind AND subject_id = @subject_id AND state = 'open';

-- name: FinishOtherStaffTasks :exec
UPDATE staff_tasks SET state = 'done', done_at = @done_at, done_by = @done_by
WHERE kind = @kind AND subject_id = @subject_id AND occasion <> @occasion AND state = 'open';

-- name: OpenStaffTasks :many
SELECT * FROM staff_tasks WHERE state = 'open' AND id > @after ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: DueInvoiceSteps :many
SELECT id FROM invoices
WHERE invoices.id IN (SELECT due.id FROM invoices AS due WHERE due.step_on IS NOT NULL AND due.step_on <= @today) AND invoices.id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR invoices.customer_id = @customer_id)
ORDER BY invoices.id LIMIT CAST(@n AS BIGINT);

-- name: NextInvoiceStep :one
SELECT step_on FROM invoices WHERE step_on > @after ORDER BY step_on LIMIT 1;

-- name: InsertPriceUpdate :exec
INSERT INTO price_updates (id, filter, mode, value, starts_on, notify, reason, status, created_at)
VALUES (@id, @filter, @mode, @value, @starts_on, @notify, @reason, 'scheduled', @created_at);

-- name: PriceUpdate :one
SELECT * FROM price_updates WHERE id = @id;

-- name: LockPriceUpdate :one
UPDATE price_updates SET notify = notify WHERE id = @id RETURNING *;

-- name: PriceUpdates :many
SELECT * FROM price_updates ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: PriceUpdateItems :many
SELECT * FROM price_update_items WHERE update_id = @update_id AND subscription_id > @after
ORDER BY subscription_id LIMIT CAST(@n AS BIGINT);

-- name: CountPriceUpdateItems :many
SELECT state, COUNT(*) AS n FROM price_update_items WHERE update_id = @update_id GROUP BY state ORDER BY state;

-- name: PlannedPrices :many
SELECT price_update_items.*, price_updates.starts_on FROM price_update_items
JOIN price_updates ON price_updates.id = price_update_items.update_id
WHERE price_update_items.subscription_id = @subscription_id AND price_update_items.state = 'planned'
    AND price_updates.starts_on <= @starts_on
ORDER BY price_update_items.update_id;

-- name: MovePriceUpdateItem :execrows
UPDATE price_update_items SET state = @to_state
WHERE update_id = @update_id AND subscription_id = @subscription_id AND state = @from_state;

-- name: EndPriceUpdate :execrows
UPDATE price_updates SET status = 'undone', undone_at = @undone_at WHERE id = @id AND status = 'scheduled';

-- name: PriceAfter :one
SELECT id FROM prices WHERE replaces = @id;

-- name: DeferOpenPeriods :many
UPDATE subscription_periods SET due_on = @released_on
WHERE state = 'open' AND due_on >= @held_on AND due_on < @released_on
RETURNING subscription_id;

-- name: CountDueCharges :one
SELECT COUNT(*) FROM invoices WHERE step_on IS NOT NULL AND step_on <= @today AND (step = 'charge' OR step LIKE 'retry_%');

-- name: InvoiceWaits :one
-- Whether the subscription of an invoice is in dispute, or its license was held for want of payment before the period began that
-- the invoice asks for; or it asks for a renewal of a domain, and the account of its customer is held for the dispute of another.
SELECT EXISTS (
    SELECT 1 FROM invoice_lines
    JOIN subscriptions ON subscriptions.id = invoice_lines.subscription_id
    JOIN subscription_periods ON subscription_periods.subscription_id = subscriptions.id
    WHERE invoice_lines.invoice_id = @invoice_id AND (
        subscription_periods.state = 'disputed'
        OR (subscription_periods.line_id = invoice_lines.id AND subscription_periods.state = 'open'
            AND subscription_periods.starts_on >= subscriptions.suspended_on)
    )
    UNION ALL
    SELECT 1 FROM invoice_lines
    JOIN invoices ON invoices.id = invoice_lines.invoice_id
    JOIN fulfilments ON fulfilments.line_id = invoice_lines.id AND fulfilments.kind IN ('domain_renewal', 'domain_fee')
    JOIN staff_tasks ON staff_tasks.customer_id = invoices.customer_id AND staff_tasks.kind = 'domain.renewal_disputed' AND staff_tasks.state = 'open'
    WHERE invoice_lines.invoice_id = @invoice_id
) AS waits;
