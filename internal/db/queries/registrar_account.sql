-- name: Registrars :many
SELECT * FROM registrars ORDER BY name;

-- name: Registrar :one
SELECT * FROM registrars WHERE id = @id;

-- name: RegistrarByName :one
SELECT * FROM registrars WHERE name = @name AND status = 'active';

-- name: InsertRegistrar :exec
INSERT INTO registrars (id, name, adapter, settings, secret, sync_mode, status, created_at)
VALUES (@id, @name, @adapter, @settings, @secret, @sync_mode, @status, @created_at);

-- name: UpdateRegistrar :execrows
UPDATE registrars SET name = @name, adapter = @adapter, settings = @settings, secret = @secret, sync_mode = @sync_mode, status = @status,
    paced_until = 0, version = version + 1
WHERE id = @id AND version = @version;

-- name: LendTurns :one
-- After the turns that were given before, unless that is too late. What is beyond a limit was given before the clock was set back.
UPDATE registrars
SET paced_until = CAST(@length AS BIGINT) +
    CASE WHEN paced_until > CAST(@soonest AS BIGINT) AND paced_until <= CAST(@beyond AS BIGINT) THEN paced_until ELSE CAST(@soonest AS BIGINT) END
WHERE id = @id AND (paced_until <= CAST(@latest AS BIGINT) OR paced_until > CAST(@beyond AS BIGINT))
RETURNING paced_until;

-- name: TurnsLent :one
SELECT paced_until FROM registrars WHERE id = @id;

-- name: RestartRegistrar :execrows
UPDATE registrars SET stopped_at = NULL, version = version + 1 WHERE id = @id AND stopped_at IS NOT NULL;

-- name: SaveRegistrarBalance :exec
UPDATE registrars SET balance = @balance, balance_currency = @currency, balance_read_at = @read_at WHERE id = @id;

-- name: SaveRegistrarReach :exec
UPDATE registrars SET unreachable_since = @since, told_unreachable = @told WHERE id = @id;

-- name: SaveRegistrarFunds :exec
UPDATE registrars SET funds_low_since = @low_since, funds_told_on = @told_on WHERE id = @id;

-- name: InsertRegistrarFrame :exec
INSERT INTO registrar_frames (id, registrar_id, session, sent, command, transaction_id, body, created_at)
VALUES (@id, @registrar_id, @session, @sent, @command, @transaction_id, @body, @created_at);

-- name: RegistrarFrames :many
-- The newest first, before an id.
SELECT * FROM registrar_frames WHERE registrar_id = @registrar_id AND id < @before ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: RegistrarFramesOf :many
SELECT * FROM registrar_frames WHERE transaction_id = @transaction_id ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: PruneRegistrarFrames :execrows
-- Of the oldest ones, those from before an instant: ids are in the order of time.
DELETE FROM registrar_frames
WHERE registrar_frames.created_at < @before AND registrar_frames.id IN (SELECT oldest.id FROM registrar_frames AS oldest ORDER BY oldest.id LIMIT CAST(@n AS BIGINT));

-- name: RegistrarCosts :many
-- What counts on a day, the latest row of each term last.
SELECT extension, kind, years, amount FROM domain_costs
WHERE registrar_id = @registrar_id AND currency = @currency AND valid_from <= @day
ORDER BY valid_from;

-- name: RegistrarPaidRenewals :many
-- What customers have paid and the registrar was not told yet: few of all domains, so it is begun with them.
SELECT domains.extension, domain_renewals.years, domain_renewals.stage, COUNT(*) AS n
FROM domain_renewals CROSS JOIN domains
WHERE domain_renewals.state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND domain_renewals.state IN ('paid', 'held')
    AND domains.id = domain_renewals.domain_id AND domains.registrar_id = @registrar_id
GROUP BY domains.extension, domain_renewals.years, domain_renewals.stage;

-- name: RegistrarPaidDomains :many
-- Registrations and transfers that are paid and not done: few of those of a registrar.
SELECT domains.extension, domains.kind, domains.bought_years, COUNT(*) AS n FROM domains
WHERE domains.id IN (SELECT asked.id FROM domains AS asked
        WHERE asked.status NOT IN ('active', 'grace', 'redemption') AND asked.status IN ('pending_registration', 'pending_transfer'))
    AND COALESCE(domains.registrar_id, '') = CAST(@registrar_id AS TEXT) AND domains.bought_years IS NOT NULL
GROUP BY domains.extension, domains.kind, domains.bought_years;

-- name: RegistrarComingRenewals :many
-- What falls due until a day and nobody has paid yet: few of those of a registrar.
SELECT domains.next_due, domains.extension, domains.term, COUNT(*) AS n FROM domains
WHERE domains.id IN (SELECT due.id FROM domains AS due
        WHERE due.next_due IS NOT NULL AND due.status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud') AND due.next_due <= @until)
    AND COALESCE(domains.registrar_id, '') = CAST(@registrar_id AS TEXT) AND domains.status = 'active' AND NOT domains.do_not_renew AND domains.term IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id
        AND domain_renewals.state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention'))
GROUP BY domains.next_due, domains.extension, domains.term;

-- name: RegistrarRefusedForMoney :one
-- What customers have paid and the registrar refused last for lack of money.
SELECT CAST((
        SELECT COUNT(*) FROM domain_renewals CROSS JOIN domains
        WHERE domain_renewals.state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') AND domain_renewals.state = 'held' AND domain_renewals.hold = 'funds'
            AND domains.id = domain_renewals.domain_id AND COALESCE(domains.registrar_id, '') = CAST(@registrar_id AS TEXT)
    ) + (
        SELECT COUNT(*) FROM domains
        WHERE domains.id IN (SELECT asked.id FROM domains AS asked
                WHERE asked.status NOT IN ('active', 'grace', 'redemption') AND asked.status IN ('pending_registration', 'pending_transfer'))
            AND COALESCE(domains.registrar_id, '') = CAST(@registrar_id AS TEXT)
            AND EXISTS (SELECT 1 FROM registrar_commands WHERE registrar_commands.domain_id = domains.id AND registrar_commands.outcome = 'money'
                AND registrar_commands.id = (SELECT MAX(latest.id) FROM registrar_commands AS latest WHERE latest.domain_id = domains.id))
    ) AS BIGINT) AS n;
