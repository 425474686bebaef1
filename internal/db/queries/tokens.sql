-- name: InsertToken :exec
INSERT INTO api_tokens (id, name, token_hash, scopes, created_by, created_at, expires_at)
VALUES (@id, @name, @token_hash, @scopes, @created_by, @created_at, @expires_at);

-- name: GetToken :one
SELECT * FROM api_tokens WHERE id = @id;

-- name: GetTokenByHash :one
SELECT * FROM api_tokens WHERE token_hash = @token_hash;

-- name: ListTokens :many
SELECT * FROM api_tokens ORDER BY id DESC;

-- name: TouchToken :exec
UPDATE api_tokens SET last_used_at = @last_used_at WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @last_used_at);

-- name: RevokeToken :execrows
UPDATE api_tokens SET revoked_at = @revoked_at WHERE id = @id AND revoked_at IS NULL;

-- name: ClaimIdempotencyKey :execrows
-- On PostgreSQL a second claim waits here until the transaction of the first has ended.
INSERT INTO idempotency_keys (token_id, key, request, status, content_type, body, created_at)
VALUES (@token_id, @key, @request, 0, '', '', @created_at)
ON CONFLICT (token_id, key) DO NOTHING;

-- name: GetIdempotencyKey :one
SELECT * FROM idempotency_keys WHERE token_id = @token_id AND key = @key;

-- name: AnswerIdempotencyKey :execrows
UPDATE idempotency_keys SET status = @status, content_type = @content_type, body = @body
WHERE token_id = @token_id AND key = @key AND status = 0;

-- name: PruneIdempotencyKeys :execrows
DELETE FROM idempotency_keys WHERE (token_id, key) IN (
    SELECT old.token_id, old.key FROM idempotency_keys AS old
    WHERE old.created_at < @before
    ORDER BY old.created_at
    LIMIT CAST(@n AS BIGINT)
);
