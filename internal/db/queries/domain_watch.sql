-- Registrars that may be read, and have something to read by now.
-- name: SyncableRegistrars :many
SELECT registrars.id, registrars.name, registrars.sync_mode FROM registrars
WHERE registrars.status = 'active' AND registrars.sync_mode <> 'off' AND registrars.stopped_at IS NULL
    AND EXISTS (SELECT 1 FROM domains WHERE domains.registrar_id = registrars.id AND domains.sync_at <= @now)
ORDER BY registrars.id;

-- name: SyncRegistrar :one
SELECT id, name, sync_mode, stopped_at FROM registrars WHERE id = @id;

-- name: DueSyncs :many
SELECT id, name, status, version FROM domains
WHERE registrar_id = @registrar_id AND sync_at <= @now AND (worker_until IS NULL OR worker_until <= @wall)
ORDER BY sync_at, id LIMIT CAST(@n AS BIGINT);

-- name: NextSyncs :many
SELECT CAST(COALESCE((SELECT MIN(domains.sync_at) FROM domains WHERE domains.registrar_id = registrars.id AND domains.sync_at > @after), 0) AS BIGINT) AS next
FROM registrars WHERE registrars.status = 'active' AND registrars.sync_mode <> 'off' AND registrars.stopped_at IS NULL;

-- name: PutSyncAt :exec
UPDATE domains SET sync_at = @at WHERE id = @id;

-- name: InsertSyncRun :exec
INSERT INTO domain_sync_runs (id, registrar_id, mode, created_at) VALUES (@id, @registrar_id, @mode, @created_at);

-- name: AddToSyncRun :exec
UPDATE domain_sync_runs SET asked = asked + @asked, changed = changed + @changed, held = held + @held, negative = negative + @negative,
    failed = failed + @failed WHERE id = @id;

-- name: FinishSyncRun :exec
UPDATE domain_sync_runs SET finished_at = @finished_at, stopped = @stopped WHERE id = @id;

-- What recent runs of a registrar have asked and got, since the last one that was stopped.
-- name: RecentSyncs :one
SELECT CAST(COALESCE(SUM(asked), 0) AS BIGINT) AS asked, CAST(COALESCE(SUM(negative + failed), 0) AS BIGINT) AS bad FROM domain_sync_runs
WHERE domain_sync_runs.registrar_id = @registrar_id AND domain_sync_runs.created_at >= @since AND domain_sync_runs.id > COALESCE((
    SELECT MAX(stopped_run.id) FROM domain_sync_runs AS stopped_run
    WHERE stopped_run.registrar_id = @registrar_id AND stopped_run.stopped), '');

-- name: StopSync :execrows
UPDATE registrars SET stopped_at = @stopped_at WHERE id = @id AND stopped_at IS NULL;

-- name: PutSyncFinding :exec
INSERT INTO domain_sync_findings (run_id, domain_id, finding, stored, read, applied)
VALUES (@run_id, @domain_id, @finding, @stored, @read, @applied)
ON CONFLICT (run_id, domain_id) DO UPDATE SET finding = excluded.finding, stored = excluded.stored, read = excluded.read, applied = excluded.applied;

-- name: LastSyncFinding :one
SELECT * FROM domain_sync_findings WHERE domain_id = @domain_id AND run_id <> @run_id ORDER BY run_id DESC LIMIT 1;

-- name: ApplySyncFinding :exec
UPDATE domain_sync_findings SET applied = TRUE WHERE run_id = @run_id AND domain_id = @domain_id;

-- name: SyncRuns :many
SELECT domain_sync_runs.*, registrars.name AS registrar FROM domain_sync_runs JOIN registrars ON registrars.id = domain_sync_runs.registrar_id
WHERE CAST(@before AS TEXT) = '' OR domain_sync_runs.id < @before
ORDER BY domain_sync_runs.id DESC LIMIT CAST(@n AS BIGINT);

-- name: SyncFindingsOfRun :many
SELECT domain_sync_findings.*, domains.name, domain_sync_runs.created_at FROM domain_sync_findings
JOIN domains ON domains.id = domain_sync_findings.domain_id JOIN domain_sync_runs ON domain_sync_runs.id = domain_sync_findings.run_id
WHERE domain_sync_findings.run_id = @run_id ORDER BY domain_sync_findings.domain_id LIMIT CAST(@n AS BIGINT);

-- name: SyncFindingsOfDomain :many
SELECT domain_sync_findings.*, domains.name, domain_sync_runs.created_at FROM domain_sync_findings
JOIN domains ON domains.id = domain_sync_findings.domain_id JOIN domain_sync_runs ON domain_sync_runs.id = domain_sync_findings.run_id
WHERE domain_sync_findings.domain_id = @domain_id ORDER BY domain_sync_findings.run_id DESC LIMIT CAST(@n AS BIGINT);

-- name: SyncFindings :many
SELECT domain_sync_findings.*, domains.name, domain_sync_runs.created_at FROM domain_sync_findings
JOIN domains ON domains.id = domain_sync_findings.domain_id JOIN domain_sync_runs ON domain_sync_runs.id = domain_sync_findings.run_id
ORDER BY domain_sync_findings.run_id DESC, domain_sync_findings.domain_id LIMIT CAST(@n AS BIGINT);

-- Domains of a status and an extension whose term ended before a day. That the status is one of three says which index leads
-- straight to them. The cast keeps SQLite from preparing the statement anew for each status: it would look whether an index of
-- one status fits.
-- name: DomainsEndedBefore :many
SELECT id, term_end FROM domains
WHERE status IN ('active', 'grace', 'redemption') AND status = CAST(@status AS TEXT) AND extension = @extension AND term_end < @ended
    AND COALESCE(accounting_on, term_end) < @before AND (term_end > @after_end OR (term_end = @after_end AND id > @after))
ORDER BY term_end, id LIMIT CAST(@n AS BIGINT);

-- Domains of a status and an extension whose term goes on.
-- name: DomainsEndingFrom :many
SELECT id, term_end FROM domains
WHERE status IN ('active', 'grace', 'redemption') AND status = CAST(@status AS TEXT) AND extension = @extension AND term_end >= @day
    AND (term_end > @after_end OR (term_end = @after_end AND id > @after))
ORDER BY term_end, id LIMIT CAST(@n AS BIGINT);

-- name: HasStandingDomain :one
SELECT EXISTS (SELECT 1 FROM domains WHERE status IN ('active', 'grace', 'redemption'));

-- The extensions that have a policy, with each status of their domains that follows from the calendar. The first domain of each
-- is looked for: PostgreSQL would read all of them for EXISTS, or to find any.
-- name: StandingExtensions :many
SELECT known.extension, standing.status
FROM (SELECT DISTINCT extension FROM tld_policies) AS known
CROSS JOIN (SELECT 'active' AS status UNION ALL SELECT 'grace' UNION ALL SELECT 'redemption') AS standing
WHERE (
    SELECT domains.extension FROM domains
    WHERE domains.status IN ('active', 'grace', 'redemption') AND domains.status = standing.status AND domains.extension = known.extension
    ORDER BY domains.term_end LIMIT 1
) IS NOT NULL
ORDER BY known.extension, standing.status;

-- Who holds the domain as its term ends.
-- name: KeepHolderAtEnd :exec
UPDATE domains SET holder_at_end = @holder WHERE id = @id;

-- name: HolderOfDomain :one
SELECT domains.registrant, customers.name, customers.email FROM domains JOIN customers ON customers.id = domains.customer_id WHERE domains.id = @id;
