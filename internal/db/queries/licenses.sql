-- name: LicensesForCheck :many
-- At most two rows: one license may have the key as it is, another its lower-case form.
SELECT l.id, l.key, l.key_lookup, l.product_id, p.slug AS product_slug, p.name AS product_name, p.key_ignore_case,
       l.plan_id, n.name AS plan_name, l.type, n.activation_type, l.outcome, l.expires_at, l.grace_until, l.ends_at,
       l.activation_limit, l.entitlements, n.entitlements AS plan_entitlements, l.version,
       EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.id) AS held,
       (SELECT count(*) FROM activations a WHERE a.license_id = l.id) AS activations_used
FROM licenses l
JOIN products p ON p.id = l.product_id
JOIN plans n ON n.id = l.plan_id
WHERE l.key_lookup IN (@key, @folded);

-- name: IdentifierActive :one
SELECT EXISTS (SELECT 1 FROM activations a WHERE a.license_id = @license_id AND a.identifier = @identifier) AS active;
