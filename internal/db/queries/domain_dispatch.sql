-- One at a time works at the registrar for a domain. The lease is by the wall's clock; the instant until which it lasts names
-- its holder, as a later one always lasts longer.
-- name: ClaimDomainLease :execrows
UPDATE domains SET worker_until = @until WHERE id = @id AND (worker_until IS NULL OR worker_until <= @wall);

-- name: KeepDomainLease :execrows
UPDATE domains SET worker_until = @until WHERE id = @id AND worker_until = @held AND worker_until > @wall;

-- name: ReleaseDomainLease :exec
UPDATE domains SET worker_until = NULL WHERE id = @id AND worker_until = @until;

-- Those whose time has come and at which nobody works.
-- name: DueDomainWork :many
SELECT id FROM domains WHERE work_at <= @now AND (worker_until IS NULL OR worker_until <= @wall)
ORDER BY work_at, id LIMIT CAST(@n AS BIGINT);

-- name: NextDomainWork :one
SELECT work_at FROM domains WHERE work_at > @after ORDER BY work_at LIMIT 1;

-- What the worker begins is looked at again if the worker does not come back. Somebody's wish for a look that comes meanwhile
-- is sooner than that, and so isn't lost.
-- name: BeginDomainWork :exec
UPDATE domains SET work_at = @again WHERE id = @id;

-- name: EndDomainWork :exec
UPDATE domains SET work_at = CASE WHEN work_at IS NULL OR work_at = @again THEN @next WHEN @next < work_at THEN @next ELSE work_at END,
    work_tries = @tries, worker_until = NULL
WHERE id = @id AND worker_until = @until;

-- name: DomainWorkTries :one
SELECT work_tries FROM domains WHERE id = @id;
