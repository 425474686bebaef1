-- One at a time works at the registrar for a domain. The lease is by the wall's clock; the instant until which it lasts names
-- its holder, as a later one always lasts longer.
-- name: ClaimDomainLease :execrows
UPDATE domains SET worker_until = @until WHERE id = @id AND (worker_until IS NULL OR worker_until <= @wall);

-- name: KeepDomainLease :execrows
UPDATE domains SET worker_until = @until WHERE id = @id AND worker_until = @held AND worker_until > @wall;

-- name: ReleaseDomainLease :exec
UPDATE domains SET worker_until = NULL WHERE id = @id AND worker_until = @until;

-- In a copy of a store, nobody is at work.
-- name: ReleaseDomainLeases :exec
UPDATE domains SET worker_until = NULL WHERE worker_until IS NOT NULL;

-- Those of a registrar whose time has come and at which nobody works.
-- name: DueDomainWork :many
SELECT id FROM domains WHERE registrar_id = @registrar_id AND work_at <= @now AND (worker_until IS NULL OR worker_until <= @wall)
ORDER BY work_at, id LIMIT CAST(@n AS BIGINT);

-- Those that have no registrar.
-- name: DueDomainWorkNowhere :many
SELECT id FROM domains WHERE registrar_id IS NULL AND work_at <= @now AND (worker_until IS NULL OR worker_until <= @wall)
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

-- name: DomainCustomer :one
SELECT customer_id FROM domains WHERE id = @id;

-- name: InsertRegistrarCommand :exec
INSERT INTO registrar_commands (id, transaction_id, registrar_id, domain_id, renewal_id, attempt, command, guard_kind, guard, years, expected_on, asked, created_at)
VALUES (@id, @transaction_id, @registrar_id, @domain_id, @renewal_id, @attempt, @command, @guard_kind, @guard, @years, @expected_on, @asked, @created_at);

-- name: RegistrarCommandInFlight :one
SELECT * FROM registrar_commands WHERE domain_id = @domain_id AND settled_at IS NULL;

-- What an answer said, while what came of the command isn't known. The registry's message about its end may have come before.
-- name: NoteRegistrarCommand :execrows
UPDATE registrar_commands SET code = @code,
    message = CASE WHEN outcome IN ('done', 'not_done') THEN message ELSE @message END,
    outcome = CASE WHEN outcome IN ('done', 'not_done') THEN outcome ELSE @outcome END
WHERE id = @id AND settled_at IS NULL;

-- name: SettleRegistrarCommand :execrows
UPDATE registrar_commands SET outcome = @outcome, code = @code, message = @message, expected_on = @expected_on, settled_at = @settled_at
WHERE id = @id AND settled_at IS NULL;

-- name: LastRegistrarCommand :one
SELECT * FROM registrar_commands WHERE domain_id = @domain_id ORDER BY id DESC LIMIT 1;

-- name: RegistrarCommandsOfRenewal :many
SELECT * FROM registrar_commands WHERE renewal_id = @renewal_id ORDER BY attempt;

-- name: CountRegistrarCommands :one
SELECT COUNT(*) FROM registrar_commands WHERE domain_id = @domain_id AND command = @command;

-- name: RegistrarCommandsOfDomain :many
SELECT * FROM registrar_commands WHERE domain_id = @domain_id ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- The end of a command that was taken on, as the registry's message says.
-- name: EndPendingRegistrarCommand :execrows
UPDATE registrar_commands SET outcome = @outcome, message = @message
WHERE registrar_id = @registrar_id AND transaction_id = @transaction_id AND settled_at IS NULL;

-- name: RegistrarCommandByTransaction :one
SELECT * FROM registrar_commands WHERE registrar_id = @registrar_id AND transaction_id = @transaction_id;

-- name: InsertRegistrarMessage :execrows
INSERT INTO registrar_messages (registrar_id, message_id, body, created_at) VALUES (@registrar_id, @message_id, @body, @created_at)
ON CONFLICT (registrar_id, message_id) DO NOTHING;

-- name: RegistrarsByID :many
SELECT id, status FROM registrars ORDER BY id;

-- Domains of an extension without a renew command that shall be told to expire unless somebody pays, and at which nobody will look.
-- name: DomainsToExpire :many
SELECT domains.* FROM domains
WHERE domains.id IN (SELECT ending.id FROM domains AS ending
        WHERE ending.status IN ('active', 'grace', 'redemption') AND ending.extension = @extension AND ending.term_end <= @upto)
    AND domains.status IN ('active', 'grace') AND domains.renewal_mode <> 'expire' AND domains.work_at IS NULL AND domains.registrar_id IS NOT NULL
    AND domains.id > @after
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id
        AND domain_renewals.state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention'))
ORDER BY domains.id LIMIT CAST(@n AS BIGINT);

-- name: NextTermEnd :one
SELECT term_end FROM domains
WHERE extension = @extension AND status IN ('active', 'grace') AND renewal_mode <> 'expire' AND work_at IS NULL
    AND registrar_id IS NOT NULL AND term_end > @after
ORDER BY term_end LIMIT 1;

-- To which date a restore has led.
-- name: NoteRestoredTo :exec
UPDATE registrar_commands SET expected_on = @expected_on WHERE id = @id AND command = 'restore';

-- name: CountStaffTasks :one
SELECT COUNT(*) FROM staff_tasks WHERE kind = @kind AND subject_id = @subject_id AND occasion = @occasion;

-- What staff were asked last about something, whether or not they have closed it.
-- name: LastStaffTask :one
SELECT * FROM staff_tasks WHERE kind = @kind AND subject_id = @subject_id ORDER BY id DESC LIMIT 1;

-- name: ExtensionsByMode :many
SELECT DISTINCT extension FROM tld_policies WHERE NOT explicit_renew ORDER BY extension;
