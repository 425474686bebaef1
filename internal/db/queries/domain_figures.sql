-- Each half counts in an index of its own.
-- name: CountDomainsByStatus :many
SELECT domains.status, COUNT(*) AS n FROM domains WHERE domains.status IN ('active', 'grace', 'redemption') GROUP BY domains.status
UNION ALL
SELECT domains.status, COUNT(*) AS n FROM domains WHERE domains.status NOT IN ('active', 'grace', 'redemption') GROUP BY domains.status;

-- name: CountOpenDomainRenewals :many
SELECT state, COUNT(*) AS n FROM domain_renewals
WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') GROUP BY state;

-- When the command was made whose outcome has been unknown the longest; 0: none is.
-- name: OldestUnknownRenewal :one
SELECT CAST(COALESCE(MIN(registrar_commands.created_at), 0) AS BIGINT) AS since FROM domain_renewals
JOIN registrar_commands ON registrar_commands.renewal_id = domain_renewals.id AND registrar_commands.settled_at IS NULL
WHERE domain_renewals.state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND domain_renewals.state = 'unknown';

-- name: RegistrarOfDomain :one
SELECT COALESCE(registrars.name, '') AS name FROM domains LEFT JOIN registrars ON registrars.id = domains.registrar_id WHERE domains.id = @id;

-- How the sync of each registrar stands; next is 0 where nothing is to be read.
-- name: SyncStandings :many
SELECT registrars.name, registrars.sync_mode, registrars.stopped_at,
    CAST(COALESCE((SELECT MIN(domains.sync_at) FROM domains WHERE domains.registrar_id = registrars.id AND domains.sync_at IS NOT NULL), 0) AS BIGINT) AS next
FROM registrars WHERE registrars.status = 'active' ORDER BY registrars.name;
