-- name: InsertWebhookEndpoint :exec
INSERT INTO webhook_endpoints (id, url, description, event_types, state, secret, created_at, updated_at)
VALUES (@id, @url, @description, @event_types, 'enabled', @secret, @now, @now);

-- name: LockWebhookEndpoint :execrows
UPDATE webhook_endpoints SET version = version WHERE id = @id AND state <> 'deleted';

-- name: GetWebhookEndpoint :one
SELECT * FROM webhook_endpoints WHERE id = @id;

-- name: ListWebhookEndpoints :many
SELECT * FROM webhook_endpoints WHERE state <> 'deleted' ORDER BY id;

-- name: CountWebhookEndpoints :one
SELECT count(*) FROM webhook_endpoints WHERE state <> 'deleted';

-- name: ListWantedWebhooks :many
SELECT id, event_types FROM webhook_endpoints WHERE state = 'enabled' ORDER BY id;

-- name: UpdateWebhookEndpoint :exec
UPDATE webhook_endpoints SET url = @url, description = @description, event_types = @event_types,
    version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: EnableWebhookEndpoint :execrows
UPDATE webhook_endpoints SET state = 'enabled', disabled_why = '', failing_since_at = NULL, version = version + 1, updated_at = @updated_at
WHERE id = @id AND state = 'disabled';

-- name: DisableWebhookEndpoint :execrows
UPDATE webhook_endpoints SET state = 'disabled', disabled_why = @why, version = version + 1, updated_at = @updated_at
WHERE id = @id AND state = 'enabled';

-- name: DeleteWebhookEndpoint :execrows
UPDATE webhook_endpoints
SET state = 'deleted', disabled_why = '', secret = '', old_secret = NULL, old_secret_ends_at = NULL, updated_at = @updated_at
WHERE id = @id AND state <> 'deleted';

-- name: RotateWebhookSecret :exec
UPDATE webhook_endpoints
SET secret = @secret, old_secret = @old_secret, old_secret_ends_at = @old_secret_ends_at, version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: MarkWebhookFailing :one
UPDATE webhook_endpoints SET failing_since_at = COALESCE(failing_since_at, CAST(@now AS BIGINT))
WHERE id = @id AND state = 'enabled'
RETURNING CAST(failing_since_at AS BIGINT) AS since;

-- name: ClearWebhookFailing :exec
UPDATE webhook_endpoints SET failing_since_at = NULL WHERE id = @id AND failing_since_at IS NOT NULL;

-- name: InsertWebhookDelivery :exec
-- The endpoint is asked for again: what a process remembers of it may be a moment old.
INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, state, due_at, created_at)
SELECT CAST(@id AS TEXT), e.id, CAST(@event_id AS TEXT), CAST(@event_type AS TEXT), 'pending', CAST(@now AS BIGINT), CAST(@now AS BIGINT)
FROM webhook_endpoints AS e
WHERE e.id = @endpoint_id AND e.state = 'enabled'
ON CONFLICT (endpoint_id, event_id) DO NOTHING;

-- name: GetWebhookDelivery :one
SELECT * FROM webhook_deliveries WHERE id = @id;

-- name: ListWebhookAttempts :many
SELECT * FROM webhook_attempts WHERE delivery_id = @delivery_id ORDER BY attempt;

-- name: GetWebhookEvent :one
SELECT * FROM events WHERE id = @id;

-- name: ListWebhookWork :many
-- Endpoints with deliveries that are due or whose sender is gone, and those that are not sent to any more but still
-- have some that wait.
SELECT e.id, e.state FROM webhook_endpoints AS e
WHERE EXISTS (SELECT 1 FROM webhook_deliveries AS due
        WHERE due.endpoint_id = e.id AND due.state = 'pending' AND due.due_at <= @now)
    OR EXISTS (SELECT 1 FROM webhook_deliveries AS leased
        WHERE leased.endpoint_id = e.id AND leased.state = 'sending' AND leased.lease_until <= @wall)
    OR (e.state <> 'enabled' AND EXISTS (SELECT 1 FROM webhook_deliveries AS waiting
        WHERE waiting.endpoint_id = e.id AND waiting.state = 'pending'))
ORDER BY e.id;

-- name: ListNextWebhookDue :many
-- For each endpoint; 0: nothing waits.
SELECT CAST(COALESCE((
    SELECT MIN(waiting.due_at) FROM webhook_deliveries AS waiting
    WHERE waiting.endpoint_id = e.id AND waiting.state = 'pending' AND waiting.due_at > @after
), 0) AS BIGINT) AS due_at
FROM webhook_endpoints AS e;

-- name: ClaimWebhookDeliveries :many
-- The condition stands twice: in the outer place it is checked again once another process has let go of a row, and
-- written so that nobody takes it for a way to find rows.
UPDATE webhook_deliveries
SET state = 'sending', attempt = webhook_deliveries.attempt + 1, lease_until = @lease_until
WHERE webhook_deliveries.id IN (
    SELECT ready.id FROM (
        SELECT due.id, due.due_at FROM (
            SELECT waiting.id, waiting.due_at FROM webhook_deliveries AS waiting
            WHERE waiting.endpoint_id = @endpoint_id AND waiting.state = 'pending' AND waiting.due_at <= @now
            ORDER BY waiting.due_at, waiting.id
            LIMIT CAST(@n AS BIGINT)
        ) AS due
        UNION ALL
        SELECT abandoned.id, abandoned.due_at FROM (
            SELECT leased.id, leased.due_at FROM webhook_deliveries AS leased
            WHERE leased.endpoint_id = @endpoint_id AND leased.state = 'sending' AND leased.lease_until <= @wall
            ORDER BY leased.lease_until
            LIMIT CAST(@n AS BIGINT)
        ) AS abandoned
    ) AS ready
    ORDER BY ready.due_at, ready.id
    LIMIT CAST(@n AS BIGINT)
) AND CASE webhook_deliveries.state
    WHEN 'pending' THEN webhook_deliveries.due_at <= @now
    WHEN 'sending' THEN webhook_deliveries.lease_until <= @wall
    ELSE FALSE END
RETURNING *;

-- name: AbandonWebhookDeliveries :execrows
-- What waits for an endpoint that is not sent to any more has failed.
UPDATE webhook_deliveries SET state = 'failed', lease_until = NULL, last_error = @last_error, finished_at = @now
WHERE webhook_deliveries.id IN (
    SELECT waiting.id FROM webhook_deliveries AS waiting
    WHERE waiting.endpoint_id = @endpoint_id
      AND (waiting.state = 'pending' OR (waiting.state = 'sending' AND waiting.lease_until <= @wall))
    LIMIT CAST(@n AS BIGINT)
) AND CASE webhook_deliveries.state
    WHEN 'pending' THEN TRUE
    WHEN 'sending' THEN webhook_deliveries.lease_until <= @wall
    ELSE FALSE END;

-- name: SettleWebhookDelivery :execrows
UPDATE webhook_deliveries
SET state = @state, due_at = @due_at, lease_until = NULL, failures = @failures, give_up_at = @give_up_at,
    last_status = @last_status, last_error = @last_error, finished_at = @finished_at
WHERE id = @id AND attempt = @attempt AND state = 'sending';

-- name: ReleaseWebhookDelivery :execrows
UPDATE webhook_deliveries SET state = 'pending', lease_until = NULL
WHERE id = @id AND attempt = @attempt AND state = 'sending';

-- name: InsertWebhookAttempt :exec
INSERT INTO webhook_attempts (delivery_id, attempt, at, status, duration, answer, error)
VALUES (@delivery_id, @attempt, @at, @status, @duration, @answer, @error);

-- name: ReplayWebhookDelivery :execrows
UPDATE webhook_deliveries SET state = 'pending', due_at = @now, failures = 0, give_up_at = NULL, finished_at = NULL
WHERE id = @id AND state <> 'sending';

-- name: ReplayWebhookFailures :execrows
UPDATE webhook_deliveries SET state = 'pending', due_at = @now, failures = 0, give_up_at = NULL, finished_at = NULL
WHERE webhook_deliveries.id IN (
    SELECT lost.id FROM webhook_deliveries AS lost
    WHERE lost.endpoint_id = @endpoint_id AND lost.state = 'failed' AND lost.id >= @first_id AND lost.created_at >= @since
    ORDER BY lost.id
    LIMIT CAST(@n AS BIGINT)
) AND CASE webhook_deliveries.state WHEN 'failed' THEN TRUE ELSE FALSE END;

-- name: ListOldWebhookDeliveries :many
SELECT old.id FROM webhook_deliveries AS old
WHERE old.id < @first_id AND old.created_at < @before AND old.state IN ('delivered', 'failed')
ORDER BY old.id
LIMIT CAST(@n AS BIGINT);

-- name: DeleteWebhookAttempts :exec
DELETE FROM webhook_attempts WHERE delivery_id = @delivery_id;

-- name: DeleteWebhookDelivery :execrows
DELETE FROM webhook_deliveries WHERE id = @id AND state IN ('delivered', 'failed');

-- name: PruneWebhookEndpoints :execrows
DELETE FROM webhook_endpoints
WHERE webhook_endpoints.state = 'deleted' AND webhook_endpoints.updated_at < @before
  AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS d WHERE d.endpoint_id = webhook_endpoints.id);
