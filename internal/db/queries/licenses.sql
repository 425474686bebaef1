-- Keys and checks

-- name: LicensesByKey :many
-- At most two rows: one license may have the key as it is, another its lower-case form. The identifier is given in
-- each of its normal forms; the plan's activation type decides which one counts. activation_id is empty if it is not
-- active.
SELECT l.id, l.key, l.key_lookup, l.customer_id, l.product_id, p.slug AS product_slug, p.name AS product_name,
       p.key_ignore_case, p.enforce_domain, p.enforce_ip, p.enforce_directory, p.private_suffixes,
       l.plan_id, n.name AS plan_name, n.check_interval, n.check_grace, l.type, n.activation_type, l.outcome, l.expires_at,
       l.grace_until, l.ends_at, l.updates_until, l.valid_domains, l.valid_ips, l.valid_directories, l.allowed_hosts,
       c.name AS customer_name, c.company AS customer_company,
       parent.outcome AS parent_outcome, parent.grace_until AS parent_grace_until, parent.ends_at AS parent_ends_at,
       EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.parent_id) AS parent_held, l.activation_limit, l.near_limit, l.entitlements,
       n.entitlements AS plan_entitlements, l.version,
       EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.id) AS held,
       (SELECT count(*) FROM activations a WHERE a.license_id = l.id) AS activations_used,
       CAST(COALESCE((SELECT a.id FROM activations a WHERE a.license_id = l.id AND a.identifier =
           CASE n.activation_type WHEN 'domain' THEN CAST(@as_domain AS TEXT) WHEN 'seat' THEN CAST(@as_seat AS TEXT)
           ELSE CAST(@as_is AS TEXT) END), '') AS TEXT) AS activation_id
FROM licenses l
JOIN products p ON p.id = l.product_id
JOIN plans n ON n.id = l.plan_id
JOIN customers c ON c.id = l.customer_id
LEFT JOIN licenses parent ON parent.id = l.parent_id
WHERE l.key_lookup IN (@key, @folded);

-- name: IdentifierActive :one
SELECT EXISTS (SELECT 1 FROM activations a WHERE a.license_id = @license_id AND a.identifier = @identifier) AS active;

-- name: LowerKeysOfProduct :execrows
UPDATE licenses SET key_lookup = lower(key), version = version + 1
WHERE product_id = @product_id AND key_lookup <> lower(key);

-- name: RestoreKeysOfProduct :execrows
UPDATE licenses SET key_lookup = key, version = version + 1
WHERE product_id = @product_id AND key_lookup <> key;

-- Issuing

-- name: InsertLicense :execrows
-- No row: the invoice line has its license already, the parent its free one, or the key is taken.
INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, order_id, invoice_line_id, subscription_id, type, parent_id, free,
    status, activation_limit, expires_at, grace_until, ends_at, created_at, updated_at)
VALUES (@id, @key, @key_lookup, @customer_id, @product_id, @plan_id, @order_id, @invoice_line_id, @subscription_id, @type, @parent_id, @free,
    @status, @activation_limit, @expires_at, @grace_until, @ends_at, @created_at, @created_at)
ON CONFLICT DO NOTHING;

-- name: InsertLicenseChecks :exec
INSERT INTO license_checks (license_id) VALUES (@license_id);

-- name: LicenseOfInvoiceLine :one
SELECT id FROM licenses WHERE invoice_line_id = @line_id OR trial_line_id = @line_id;

-- Changing one license

-- name: LockLicense :one
-- Takes the license for this transaction and counts its version up. What else decides is read afterwards.
UPDATE licenses SET version = version + 1 WHERE id = @id RETURNING *;

-- name: TouchLicense :one
UPDATE licenses SET version = version + 1, near_limit = @near_limit WHERE id = @id RETURNING version;

-- name: SetNearLimit :exec
UPDATE licenses SET near_limit = @near_limit WHERE id = @id;

-- name: SaveLicense :exec
UPDATE licenses SET status = @status, outcome = @outcome, expires_at = @expires_at, grace_until = @grace_until,
    ends_at = @ends_at, activation_limit = @activation_limit, near_limit = @near_limit,
    entitlements = @entitlements, updated_at = @updated_at
WHERE id = @id;

-- name: SetLicensePlan :exec
UPDATE licenses SET plan_id = @plan_id, type = @type, updates_until = @updates_until WHERE id = @id;

-- name: HoldsOfLicense :many
SELECT * FROM license_holds WHERE license_id = @license_id ORDER BY since, reason, source;

-- name: InsertHold :exec
INSERT INTO license_holds (license_id, reason, source, since, why) VALUES (@license_id, @reason, @source, @since, @why);

-- name: DeleteHold :exec
DELETE FROM license_holds WHERE license_id = @license_id AND reason = @reason AND source = @source;

-- History

-- name: InsertLicenseHistory :exec
INSERT INTO license_history (id, license_id, at, actor_kind, actor_id, actor_name, what, before, after, why)
VALUES (@id, @license_id, @at, @actor_kind, @actor_id, @actor_name, @what, @before, @after, @why);

-- name: LicenseHistory :many
SELECT * FROM license_history WHERE license_id = @license_id AND id < @before
ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: CountSelfRemovals :one
SELECT count(*) FROM license_history
WHERE license_id = @license_id AND at > @since AND actor_kind = 'customer' AND what = @what;

-- Activations

-- name: CountActivations :one
SELECT count(*) FROM activations WHERE license_id = @license_id;

-- name: InsertActivation :exec
INSERT INTO activations (id, license_id, identifier, name, ip, override, activated_at, last_seen_at)
VALUES (@id, @license_id, @identifier, @name, @ip, @override, @activated_at, @activated_at);

-- name: DeleteActivation :execrows
DELETE FROM activations WHERE id = @id AND license_id = @license_id;

-- name: Activation :one
SELECT * FROM activations WHERE id = @id AND license_id = @license_id;

-- name: ActivationByIdentifier :one
SELECT * FROM activations WHERE license_id = @license_id AND identifier = @identifier;

-- name: ActivationsOfLicense :many
SELECT * FROM activations WHERE license_id = @license_id AND identifier > @after
ORDER BY identifier LIMIT CAST(@n AS BIGINT);

-- name: CountRejection :exec
INSERT INTO rejected_activations (license_id, identifier, reason, attempts, ip, first_at, last_at)
VALUES (@license_id, @identifier, @reason, 1, @ip, @at, @at)
ON CONFLICT (license_id, identifier) DO UPDATE SET attempts = rejected_activations.attempts + 1,
    reason = excluded.reason, ip = excluded.ip, last_at = excluded.last_at;

-- name: RejectedOfLicense :many
SELECT * FROM rejected_activations WHERE license_id = @license_id
ORDER BY last_at DESC, identifier LIMIT CAST(@n AS BIGINT);

-- Figures

-- name: DailyChecksOfLicense :many
SELECT day, check_count FROM license_checks_daily WHERE license_id = @license_id AND day >= @since ORDER BY day;

-- Jobs

-- name: AnyLicenseDue :one
-- The first of each index, compared: a database that guesses how many there may be guesses wrong, as most licenses
-- whose end has passed are written down already.
SELECT CAST(
    COALESCE((SELECT l.ends_at FROM licenses l WHERE l.status = 'active' AND l.ends_at IS NOT NULL
        ORDER BY l.ends_at LIMIT 1) <= CAST(@now AS BIGINT), FALSE)
    OR COALESCE((SELECT l.ends_at FROM licenses l WHERE l.status = 'suspended' AND l.ends_at IS NOT NULL
        ORDER BY l.ends_at LIMIT 1) <= CAST(@now AS BIGINT), FALSE)
    OR COALESCE((SELECT l.grace_until FROM licenses l WHERE l.status = 'active' AND l.grace_until IS NOT NULL
        ORDER BY l.grace_until LIMIT 1) <= CAST(@now AS BIGINT), FALSE) AS BOOLEAN) AS due;

-- name: NextLicenseDue :one
-- The earliest instant after which a license is in another state; 0 for none.
SELECT CAST(COALESCE(min(due.at), 0) AS BIGINT) AS at FROM (
    SELECT a.at FROM (SELECT l.ends_at AS at FROM licenses l WHERE l.status = 'active' AND l.ends_at > CAST(@after AS BIGINT) ORDER BY l.ends_at LIMIT 1) AS a
    UNION ALL
    SELECT s.at FROM (SELECT l.ends_at AS at FROM licenses l WHERE l.status = 'suspended' AND l.ends_at > CAST(@after AS BIGINT) ORDER BY l.ends_at LIMIT 1) AS s
    UNION ALL
    SELECT g.at FROM (SELECT l.grace_until AS at FROM licenses l WHERE l.status = 'active' AND l.grace_until > CAST(@after AS BIGINT) ORDER BY l.grace_until LIMIT 1) AS g
) AS due;

-- name: EndDueLicenses :many
UPDATE licenses SET status = 'expired', updated_at = @now
WHERE licenses.ends_at <= @now AND licenses.status IN ('active', 'suspended') AND licenses.id IN (
    SELECT a.id FROM (SELECT l.id FROM licenses l WHERE l.ends_at <= @now AND l.status = 'active'
        ORDER BY l.ends_at LIMIT CAST(@n AS BIGINT)) a
    UNION ALL
    SELECT s.id FROM (SELECT l.id FROM licenses l WHERE l.ends_at <= @now AND l.status = 'suspended'
        ORDER BY l.ends_at LIMIT CAST(@n AS BIGINT)) s)
RETURNING id, customer_id, expires_at, grace_until, ends_at;

-- name: SuspendDueLicenses :many
UPDATE licenses SET status = 'suspended', updated_at = @now
WHERE licenses.grace_until <= @now AND licenses.status = 'active' AND licenses.id IN (
    SELECT l.id FROM licenses l WHERE l.grace_until <= @now AND l.status = 'active'
    ORDER BY l.grace_until LIMIT CAST(@n AS BIGINT))
RETURNING id, customer_id, expires_at, grace_until, ends_at;

-- name: PruneRejections :execrows
DELETE FROM rejected_activations WHERE (license_id, identifier) IN (
    SELECT r.license_id, r.identifier FROM rejected_activations r WHERE r.last_at < @before
    ORDER BY r.last_at LIMIT CAST(@n AS BIGINT));

-- name: PruneVerifications :execrows
DELETE FROM verification_log WHERE id IN (
    SELECT v.id FROM verification_log v WHERE v.at < @before ORDER BY v.at LIMIT CAST(@n AS BIGINT));

-- name: PruneDownloads :execrows
DELETE FROM download_log WHERE id IN (
    SELECT d.id FROM download_log d WHERE d.at < @before ORDER BY d.at LIMIT CAST(@n AS BIGINT));

-- name: AnyTroubleSince :one
SELECT CAST(EXISTS (SELECT 1 FROM rejected_activations r WHERE r.last_at > @since)
    OR EXISTS (SELECT 1 FROM verification_log v WHERE v.at > @since) AS BOOLEAN) AS any_trouble;

-- name: ManyRefusals :many
SELECT l.id, l.customer_id, count(*) AS identifiers
FROM rejected_activations r JOIN licenses l ON l.id = r.license_id
WHERE r.last_at > @since
GROUP BY l.id, l.customer_id HAVING count(*) >= CAST(@least AS BIGINT) ORDER BY l.id;

-- name: ManyAddresses :many
SELECT l.id, l.customer_id, count(DISTINCT v.ip) AS addresses
FROM verification_log v JOIN licenses l ON l.id = v.license_id
WHERE v.at > @since
GROUP BY l.id, l.customer_id HAVING count(DISTINCT v.ip) >= CAST(@least AS BIGINT) ORDER BY l.id;

-- name: AnomalyReported :one
SELECT EXISTS (SELECT 1 FROM events e WHERE e.subject_id = @subject_id AND e.type = @type AND e.occurred_at > @since) AS reported;

-- Verification

-- name: LicensesToVerify :many
-- Each license beside what its history says of it: the last state, and the activations added less those removed.
SELECT l.id, l.status, l.outcome, l.expires_at, l.grace_until, l.ends_at, l.activation_limit, l.near_limit, l.updates_until, l.created_at,
       CAST(COALESCE((SELECT max(s.ends_at) FROM support_periods s WHERE s.license_id = l.id AND s.taken_back_at IS NULL), 0) AS BIGINT) AS support_ends,
       EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.id) AS held,
       (SELECT count(*) FROM activations a WHERE a.license_id = l.id) AS activations_used,
       CAST(COALESCE((SELECT h.after FROM license_history h WHERE h.license_id = l.id
           AND h.what NOT IN ('bound', 'reissued') AND h.what NOT LIKE 'places_%' AND h.what NOT LIKE 'reissues_%' AND h.what NOT LIKE 'hosts_%' AND h.what NOT LIKE 'support_%'
           AND h.what NOT LIKE 'activation_%' AND h.what NOT LIKE 'limit_%' AND h.what NOT LIKE 'entitlements_%' AND h.what NOT LIKE 'plan_%'
           ORDER BY h.id DESC LIMIT 1), '') AS TEXT) AS told_state,
       (SELECT count(*) FROM license_history h WHERE h.license_id = l.id AND h.what LIKE 'activation_added%') AS told_added,
       (SELECT count(*) FROM license_history h WHERE h.license_id = l.id AND h.what LIKE 'activation_removed%') AS told_removed
FROM licenses l WHERE l.id > @after ORDER BY l.id LIMIT CAST(@n AS BIGINT);

-- name: SetBoundPlaces :exec
UPDATE licenses SET valid_domains = @valid_domains, valid_ips = @valid_ips, valid_directories = @valid_directories,
    updated_at = @updated_at
WHERE id = @id;

-- name: ForgetDomains :exec
DELETE FROM license_domains WHERE license_id = @license_id;

-- name: KeepDomain :exec
INSERT INTO license_domains (product_id, domain, license_id) VALUES (@product_id, @domain, @license_id) ON CONFLICT DO NOTHING;

-- name: SetReissues :exec
UPDATE licenses SET reissues = @reissues, updated_at = @updated_at WHERE id = @id;

-- name: SetAllowedHosts :exec
UPDATE licenses SET allowed_hosts = @allowed_hosts, updated_at = @updated_at WHERE id = @id;

-- Logged checks

-- name: LoggedByHour :many
-- At most a million of them: in a store that is being flooded the chart shows the last ones.
SELECT v.at / 3600000000 AS hour, v.result, count(*) AS logged
FROM (SELECT w.at, w.result FROM verification_log w WHERE w.at >= @since ORDER BY w.at DESC LIMIT 1000000) v
GROUP BY v.at / 3600000000, v.result;

-- name: LoggedOfLicense :many
SELECT v.at / 3600000000 AS hour, v.result, count(*) AS logged
FROM (SELECT w.at, w.result FROM verification_log w WHERE w.license_id = @license_id AND w.at >= @since ORDER BY w.id DESC LIMIT 100000) v
GROUP BY v.at / 3600000000, v.result;

-- Bans

-- name: InsertBan :execrows
INSERT INTO bans (id, kind, value, why, created_at) VALUES (@id, @kind, @value, @why, @created_at) ON CONFLICT DO NOTHING;

-- name: DeleteBan :execrows
DELETE FROM bans WHERE id = @id;

-- name: Bans :many
SELECT * FROM bans ORDER BY kind, value;

-- name: TakeTrialPlace :execrows
-- No row: another license was on trial there.
INSERT INTO trial_places (product_id, identifier, license_id, created_at) VALUES (@product_id, @identifier, @license_id, @created_at)
ON CONFLICT (product_id, identifier) DO UPDATE SET created_at = trial_places.created_at WHERE trial_places.license_id = excluded.license_id;
