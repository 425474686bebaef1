-- name: DomainNoticeRules :many
SELECT * FROM domain_notice_rules ORDER BY anchor, days, extension;

-- name: PutDomainNoticeRule :one
INSERT INTO domain_notice_rules (id, anchor, days, extension, recipients, enabled, created_at)
VALUES (@id, @anchor, @days, @extension, @recipients, @enabled, @created_at)
ON CONFLICT (anchor, days, extension) DO UPDATE SET recipients = excluded.recipients, enabled = excluded.enabled,
    version = domain_notice_rules.version + 1
RETURNING *;

-- A rule by which notices were made stays with them, switched off.
-- name: DropDomainNoticeRule :exec
DELETE FROM domain_notice_rules WHERE domain_notice_rules.id = @id
    AND NOT EXISTS (SELECT 1 FROM domain_notices WHERE domain_notices.rule_id = @id);

-- name: SwitchOffDomainNoticeRule :exec
UPDATE domain_notice_rules SET enabled = FALSE, version = version + 1 WHERE id = @id AND enabled;

-- name: DomainNoticesOf :many
SELECT rule_id, term, recipient, state FROM domain_notices WHERE domain_id = @domain_id;

-- name: DomainNoticeOfMail :one
SELECT domain_notices.*, domain_notice_rules.days, domain_notice_rules.anchor FROM domain_notices
JOIN domain_notice_rules ON domain_notice_rules.id = domain_notices.rule_id
WHERE domain_notices.mail_id = @mail_id;

-- name: FailDomainNotice :execrows
UPDATE domain_notices SET state = 'failed' WHERE id = @id AND state = 'sent';

-- name: NoticedDomain :one
SELECT domains.holder_at_end, customers.name, customers.email, customers.language, customers.customer_group FROM domains
JOIN customers ON customers.id = domains.customer_id WHERE domains.id = @id;

-- name: MailOfNotice :one
SELECT kind, data, language FROM mails WHERE id = @id;

-- The notices that count from the end of a term, with when their mail, or one that repeats it, arrived.
-- name: DomainNoticesOfTerm :many
SELECT n.id, n.rule_id, n.term, n.due_on, n.state, n.breach, COALESCE(n.mail_id, '') AS mail_id, r.days,
    CAST(COALESCE((
        SELECT MIN(m.settled_at) FROM mails o
        JOIN mails m ON m.subject_id = o.subject_id AND m.kind = o.kind
            AND (m.id = o.id OR substr(m.occasion, 1, length(o.occasion) + 8) = o.occasion || ' resend ')
        WHERE o.id = n.mail_id AND m.state = 'sent'
    ), 0) AS BIGINT) AS arrived_at,
    EXISTS (SELECT 1 FROM mails k WHERE k.id = n.mail_id) AS logged
FROM domain_notices n JOIN domain_notice_rules r ON r.id = n.rule_id
WHERE n.domain_id = @domain_id AND n.term >= @first AND n.term <= @last AND r.anchor = 'term_end'
ORDER BY n.created_at, n.id;

-- name: BreachDomainNotice :execrows
UPDATE domain_notices SET breach = TRUE WHERE id = @id AND NOT breach;

-- name: StaffAnswered :one
SELECT EXISTS (
    SELECT 1 FROM staff_tasks WHERE kind = @kind AND subject_id = @subject_id AND occasion = @occasion AND state = 'done' AND done_at < @before
) AS answered;
