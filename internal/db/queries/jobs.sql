-- name: InsertJob :execrows
INSERT INTO jobs (id, kind, dedup_key, payload, state, run_at, max_attempts, created_at)
VALUES (@id, @kind, @dedup_key, @payload, 'queued', @run_at, @max_attempts, @created_at)
ON CONFLICT (kind, dedup_key) DO NOTHING;

-- name: ClaimJob :one
-- A job falls due by the store's clock, a lease ends by the machine's.
-- The condition stands twice: in the outer place it is checked again once another process has let go of the row.
-- Each half of the union is the first row of an index, so that a long queue costs no more than a short one.
UPDATE jobs
SET state = 'running', attempt = jobs.attempt + 1, lease_until = @lease_until
WHERE jobs.id = (
    SELECT due.id FROM (
        SELECT waiting.id, waiting.run_at FROM (
            SELECT queued.id, queued.run_at FROM jobs AS queued
            WHERE queued.state = 'queued' AND queued.run_at <= @now
            ORDER BY queued.run_at, queued.id
            LIMIT 1
        ) AS waiting
        UNION ALL
        SELECT abandoned.id, abandoned.run_at FROM (
            SELECT leased.id, leased.run_at FROM jobs AS leased
            WHERE leased.state = 'running' AND leased.lease_until <= @wall
            ORDER BY leased.lease_until
            LIMIT 1
        ) AS abandoned
    ) AS due
    ORDER BY due.run_at, due.id
    LIMIT 1
) AND ((jobs.state = 'queued' AND jobs.run_at <= @now) OR (jobs.state = 'running' AND jobs.lease_until <= @wall))
RETURNING *;

-- name: HasDueJob :one
SELECT EXISTS (
    SELECT 1 FROM jobs
    WHERE (state = 'queued' AND run_at <= @now) OR (state = 'running' AND lease_until <= @wall)
);

-- name: HasRunningJob :one
SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'running');

-- name: NextQueuedJob :one
SELECT run_at FROM jobs WHERE state = 'queued' AND run_at > @after ORDER BY run_at LIMIT 1;

-- name: RenewJob :execrows
UPDATE jobs SET lease_until = @lease_until WHERE id = @id AND attempt = @attempt AND state = 'running';

-- name: FinishJob :execrows
UPDATE jobs SET state = 'done', lease_until = NULL, last_error = '', finished_at = @now
WHERE id = @id AND attempt = @attempt AND state = 'running';

-- name: PostponeJob :execrows
UPDATE jobs
SET state = 'queued', lease_until = NULL, last_error = @last_error, run_at = @run_at,
    max_attempts = max_attempts + @more_attempts
WHERE id = @id AND attempt = @attempt AND state = 'running';

-- name: FailJob :execrows
UPDATE jobs SET state = 'failed', lease_until = NULL, last_error = @last_error, finished_at = @now
WHERE id = @id AND attempt = @attempt AND state = 'running';

-- name: RetryJob :execrows
UPDATE jobs SET state = 'queued', run_at = @now, finished_at = NULL, max_attempts = attempt + @more_attempts
WHERE id = @id AND state IN ('failed', 'queued');

-- name: GetJob :one
SELECT * FROM jobs WHERE id = @id;

-- name: NewestJobBetween :one
SELECT * FROM jobs
WHERE kind = @kind AND dedup_key >= @from_key AND dedup_key < @before_key
ORDER BY dedup_key DESC
LIMIT 1;

-- name: PruneJobs :execrows
-- The newest key of each kind stays: it says up to where periodic work was proposed.
DELETE FROM jobs WHERE jobs.id IN (
    SELECT old.id FROM jobs AS old
    WHERE old.state = 'done' AND old.finished_at < @before
      AND (old.dedup_key IS NULL OR EXISTS (
        SELECT 1 FROM jobs AS later WHERE later.kind = old.kind AND later.dedup_key > old.dedup_key))
    ORDER BY old.id
    LIMIT CAST(@n AS BIGINT)
);

-- name: RequeueJobs :exec
-- In a copy of a store, nobody is running what was running.
UPDATE jobs SET state = 'queued', lease_until = NULL WHERE state = 'running';
