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
