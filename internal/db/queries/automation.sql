-- name: TakeAutomation :execrows
INSERT INTO automation_lease (id, holder, lease_until, looked_at) VALUES (1, @holder, @lease_until, @looked_at)
ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until, looked_at = excluded.looked_at
WHERE automation_lease.holder = excluded.holder OR automation_lease.lease_until <= CAST(@wall AS BIGINT);

-- name: LeaveAutomation :exec
UPDATE automation_lease SET lease_until = 0, looked_at = @looked_at WHERE holder = @holder;

-- name: AutomationLookedAt :one
SELECT looked_at FROM automation_lease WHERE id = 1;

-- name: InsertAutomationRun :exec
INSERT INTO automation_runs (id, task, at, took, done, failed, held, error)
VALUES (@id, @task, @at, @took, @done, @failed, @held, @error);

-- name: LastAutomationRun :one
SELECT * FROM automation_runs WHERE task = @task ORDER BY id DESC LIMIT 1;

-- name: PruneAutomationRuns :execrows
DELETE FROM automation_runs WHERE automation_runs.id IN (
    SELECT old.id FROM automation_runs AS old WHERE old.at < @before ORDER BY old.at LIMIT CAST(@n AS BIGINT)
);

-- name: AutomationFailures :many
SELECT task, subject_id, next_try_at FROM automation_failures ORDER BY task, subject_id;

-- name: CountAutomationFailures :one
SELECT count(*) FROM automation_failures WHERE task = @task;

-- name: PutAutomationFailure :one
INSERT INTO automation_failures (task, subject_id, error, attempts, first_at, last_at, next_try_at)
VALUES (@task, @subject_id, @error, 1, @now, @now, @now)
ON CONFLICT (task, subject_id) DO UPDATE
SET error = excluded.error, attempts = automation_failures.attempts + 1, last_at = excluded.last_at
RETURNING attempts;

-- name: DelayAutomationFailure :exec
UPDATE automation_failures SET next_try_at = @next_try_at WHERE task = @task AND subject_id = @subject_id;

-- name: RetryAutomationFailure :execrows
UPDATE automation_failures SET next_try_at = @now WHERE task = @task AND subject_id = @subject_id;

-- name: DeleteAutomationFailure :exec
DELETE FROM automation_failures WHERE task = @task AND subject_id = @subject_id;

-- name: NextAutomationTry :one
SELECT next_try_at FROM automation_failures WHERE next_try_at > @after ORDER BY next_try_at LIMIT 1;
