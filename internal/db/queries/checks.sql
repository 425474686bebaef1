-- name: InsertLicenseChange :exec
-- Part of every transaction on PostgreSQL that changes what a check answers. '*' stands for all licenses.
INSERT INTO license_changes (license_id, version, changed_at)
VALUES (@license_id, @version, @changed_at);

-- name: ListLastChecked :many
SELECT c.license_id, c.last_check_at, l.key
FROM license_checks c
JOIN licenses l ON l.id = c.license_id
WHERE (c.last_check_at, c.license_id) < (CAST(@before AS BIGINT), CAST(@before_id AS TEXT)) AND c.last_check_at > 0
ORDER BY c.last_check_at DESC, c.license_id DESC
LIMIT CAST(@n AS BIGINT);

-- name: ListIdentifiers :many
SELECT identifier FROM activations WHERE license_id = @license_id;

-- name: FoldChecks :exec
-- Adds checks of one license. Without the license it does nothing: a log may outlive what it tells of.
INSERT INTO license_checks (license_id, check_count, last_check_at, last_check_ip)
SELECT l.id, CAST(@check_count AS BIGINT), CAST(@last_check_at AS BIGINT), CAST(@last_check_ip AS TEXT)
FROM licenses l WHERE l.id = @license_id
ON CONFLICT (license_id) DO UPDATE SET
    check_count = license_checks.check_count + excluded.check_count,
    last_check_ip = CASE WHEN excluded.last_check_at >= license_checks.last_check_at
        THEN excluded.last_check_ip ELSE license_checks.last_check_ip END,
    last_check_at = CASE WHEN excluded.last_check_at >= license_checks.last_check_at
        THEN excluded.last_check_at ELSE license_checks.last_check_at END;

-- name: FoldChecksOfDay :exec
-- day is a civil date in UTC.
INSERT INTO license_checks_daily (license_id, day, check_count)
SELECT l.id, CAST(@day AS TEXT), CAST(@check_count AS BIGINT)
FROM licenses l WHERE l.id = @license_id
ON CONFLICT (license_id, day) DO UPDATE SET check_count = license_checks_daily.check_count + excluded.check_count;

-- name: FoldChecksOfHour :exec
-- hour is the instant at which the hour begins.
INSERT INTO checks_hourly (hour, check_count)
VALUES (@hour, @check_count)
ON CONFLICT (hour) DO UPDATE SET check_count = checks_hourly.check_count + excluded.check_count;

-- name: FoldLastSeen :exec
UPDATE activations SET last_seen_at = @last_seen_at
WHERE license_id = @license_id AND identifier = @identifier AND last_seen_at < @last_seen_at;

-- name: InsertVerification :exec
INSERT INTO verification_log (id, license_id, at, result, identifier, domain, place_ip, directory, version, ip, user_agent)
SELECT CAST(@id AS TEXT), l.id, CAST(@at AS BIGINT), CAST(@result AS TEXT), CAST(@identifier AS TEXT),
    CAST(@domain AS TEXT), CAST(@place_ip AS TEXT), CAST(@directory AS TEXT),
    CAST(@version AS TEXT), CAST(@ip AS TEXT), CAST(@user_agent AS TEXT)
FROM licenses l WHERE l.id = @license_id;

-- name: ReadCheckLogPosition :one
SELECT epoch, segment, folded FROM check_log_position WHERE id = 1;

-- name: StartCheckLog :exec
INSERT INTO check_log_position (id, epoch, segment, folded)
VALUES (1, @epoch, 1, 0)
ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, segment = excluded.segment, folded = excluded.folded;

-- name: MoveCheckLogPosition :execrows
-- Nothing moves unless the log stands where its reader believes.
UPDATE check_log_position SET segment = @segment, folded = @folded
WHERE id = 1 AND epoch = @epoch AND segment = @was_segment AND folded = @was_folded;

-- name: ReadCheckFigures :one
SELECT check_count, last_check_at, last_check_ip FROM license_checks WHERE license_id = @license_id;
