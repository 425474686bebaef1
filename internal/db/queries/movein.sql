-- What is taken over from another program.

-- name: LicenseWithKey :one
SELECT id, key, product_id FROM licenses WHERE key_lookup = @lookup OR key = @key LIMIT 1;

-- name: InsertImportedLicense :execrows
-- No row: the key is taken.
INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, outcome, activation_limit, near_limit,
    expires_at, grace_until, ends_at, updates_until, valid_domains, valid_ips, valid_directories, reissues, created_at, updated_at)
VALUES (@id, @key, @key_lookup, @customer_id, @product_id, @plan_id, @type, @status, @outcome, @activation_limit, @near_limit,
    @expires_at, @grace_until, @ends_at, @updates_until, @valid_domains, @valid_ips, @valid_directories, @reissues, @created_at, @updated_at)
ON CONFLICT DO NOTHING;
