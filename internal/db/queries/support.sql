-- name: AddonsOfLicense :many
-- What an administrator sees beside the license: its periods of support, and add-ons that run. due is a civil date; empty: none.
SELECT support_periods.name AS name, support_periods.ends_on AS due, support_periods.starts_at AS starts_at
FROM support_periods WHERE support_periods.license_id = @license_id AND support_periods.taken_back_at IS NULL
UNION ALL
SELECT plans.name AS name, CAST(COALESCE(subscriptions.next_due, '') AS TEXT) AS due, license_addons.created_at AS starts_at
FROM license_addons JOIN plans ON plans.id = license_addons.plan_id
LEFT JOIN subscriptions ON subscriptions.id = license_addons.subscription_id
WHERE license_addons.license_id = @license_id AND license_addons.active AND plans.support_count IS NULL
ORDER BY starts_at, name;

-- name: InsertSupportPeriod :execrows
-- No row: the line has its period already.
INSERT INTO support_periods (id, license_id, kind, name, starts_at, ends_at, ends_on, line_id, subscription_id, created_at, why)
VALUES (@id, @license_id, @kind, @name, @starts_at, @ends_at, @ends_on, @line_id, @subscription_id, @created_at, @why)
ON CONFLICT DO NOTHING;

-- name: SupportPeriodOfLine :one
SELECT * FROM support_periods WHERE line_id = @line_id;

-- name: SupportPeriods :many
SELECT * FROM support_periods WHERE license_id = @license_id ORDER BY starts_at, id;

-- name: TakeBackSupportPeriod :exec
UPDATE support_periods SET taken_back_at = @taken_back_at WHERE id = @id;

-- name: SetUpdatesUntil :exec
UPDATE licenses SET updates_until = @updates_until, updated_at = @updated_at WHERE id = @id;
