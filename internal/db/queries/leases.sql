-- name: RootsOfProduct :many
SELECT * FROM product_roots WHERE product_id = @product_id ORDER BY position;

-- name: InsertRoot :execrows
-- No row: another process has made it.
INSERT INTO product_roots (id, product_id, position, public_key, sealed, created_at)
VALUES (@id, @product_id, @position, @public_key, @sealed, @created_at) ON CONFLICT DO NOTHING;

-- name: MarkRootExported :execrows
UPDATE product_roots SET exported_at = COALESCE(exported_at, @exported_at) WHERE id = @id AND product_id = @product_id AND sealed IS NOT NULL;

-- name: RemoveRoot :execrows
UPDATE product_roots SET sealed = NULL, removed_at = @removed_at
WHERE id = @id AND product_id = @product_id AND sealed IS NOT NULL AND exported_at IS NOT NULL;

-- name: KeysOfProduct :many
SELECT * FROM signing_keys WHERE product_id = @product_id ORDER BY serial;

-- name: CurrentKey :one
SELECT signing_keys.*, products.slug FROM signing_keys JOIN products ON products.id = signing_keys.product_id
WHERE signing_keys.product_id = @product_id AND signing_keys.state = 'current';

-- name: InsertSigningKey :exec
INSERT INTO signing_keys (id, product_id, root_id, serial, public_key, sealed, statement, state, expires_at, created_at)
VALUES (@id, @product_id, @root_id, @serial, @public_key, @sealed, @statement, 'reserve', @expires_at, @created_at);

-- name: RetireCurrentKey :execrows
UPDATE signing_keys SET state = 'retired', sealed = NULL, retired_at = @retired_at WHERE product_id = @product_id AND state = 'current';

-- name: StartNextKey :execrows
UPDATE signing_keys SET state = 'current', started_at = @started_at
WHERE signing_keys.id = (SELECT k.id FROM signing_keys k WHERE k.product_id = @product_id AND k.state = 'reserve' ORDER BY k.serial LIMIT 1);

-- name: ProductsWithOldKeys :many
-- Products whose signing key began before the instant, or that have fewer keys in reserve.
SELECT p.id FROM products p
WHERE p.id > @after AND EXISTS (SELECT 1 FROM product_roots r WHERE r.product_id = p.id)
  AND (EXISTS (SELECT 1 FROM signing_keys k WHERE k.product_id = p.id AND k.state = 'current' AND k.started_at <= CAST(@began AS BIGINT))
    OR (SELECT count(*) FROM signing_keys k WHERE k.product_id = p.id AND k.state = 'reserve') < CAST(@reserve AS BIGINT))
ORDER BY p.id LIMIT CAST(@n AS BIGINT);

-- Lease files

-- name: InsertLeaseFile :execrows
-- No row: a file was made for this request already.
INSERT INTO lease_files (id, license_id, activation_id, identifier, nonce, created_at, expires_at, lease)
VALUES (@id, @license_id, @activation_id, @identifier, @nonce, @created_at, @expires_at, @lease) ON CONFLICT DO NOTHING;

-- name: LeaseFileOfRequest :one
SELECT * FROM lease_files WHERE license_id = @license_id AND nonce = @nonce;

-- name: LeaseFile :one
SELECT * FROM lease_files WHERE id = @id AND license_id = @license_id;

-- name: LeaseFilesOfLicense :many
SELECT * FROM lease_files WHERE license_id = @license_id AND id < @before
ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: CountLeaseFilesSince :one
SELECT count(*) FROM lease_files WHERE license_id = @license_id AND created_at > @since;

-- name: LeaseFilesHolding :many
-- Until when each activation is held by a lease file.
SELECT activation_id, CAST(max(expires_at) AS BIGINT) AS until FROM lease_files
WHERE license_id = @license_id AND expires_at > @now GROUP BY activation_id;
