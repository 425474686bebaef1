-- name: InsertMail :execrows
INSERT INTO mails (id, kind, customer_id, subject_id, occasion, recipient, recipient_fold, language, message_id, data, state, due_at, created_at)
VALUES (@id, @kind, @customer_id, @subject_id, @occasion, @recipient, @recipient_fold, @language, @message_id, @data, 'queued', @due_at, @created_at)
ON CONFLICT (kind, subject_id, occasion) DO NOTHING;

-- name: InsertResend :exec
INSERT INTO mails (id, kind, customer_id, subject_id, occasion, resend_of, recipient, recipient_fold, language, message_id, data,
    state, due_at, rendered, subject, body_text, body_html, created_at)
SELECT @id, m.kind, m.customer_id, m.subject_id, @occasion, m.id, m.recipient, m.recipient_fold, m.language, @message_id, m.data,
    'queued', @due_at, m.rendered, m.subject, m.body_text, m.body_html, @created_at
FROM mails AS m WHERE m.id = @resend_of;

-- name: GetMail :one
SELECT * FROM mails WHERE id = @id;

-- name: ClaimMails :many
-- The condition stands twice: in the outer place it is checked again once another process has let go of the row.
UPDATE mails
SET claim = @claim, lease_until = @lease_until
WHERE mails.id IN (
    SELECT due.id FROM mails AS due
    WHERE due.due_at <= @now AND (due.lease_until IS NULL OR due.lease_until <= @real_now)
    ORDER BY due.due_at, due.id
    LIMIT CAST(@n AS BIGINT)
) AND mails.due_at <= @now AND (mails.lease_until IS NULL OR mails.lease_until <= @real_now)
RETURNING *;

-- name: HasDueMail :one
SELECT EXISTS (
    SELECT 1 FROM mails
    WHERE due_at <= @now AND (lease_until IS NULL OR lease_until <= @real_now)
);

-- name: ReleaseMails :exec
UPDATE mails SET claim = NULL, lease_until = NULL WHERE claim = @claim AND due_at IS NOT NULL;

-- name: ReleaseMailsBecause :exec
UPDATE mails SET claim = NULL, lease_until = NULL, last_error = @last_error WHERE claim = @claim AND due_at IS NOT NULL;

-- name: BeginTry :execrows
UPDATE mails
SET state = 'sending', due_at = NULL, lease_until = @lease_until, tries = tries + 1, tried_at = @tried_at,
    rendered = TRUE, subject = @subject, body_text = @body_text, body_html = @body_html
WHERE id = @id AND claim = @claim AND due_at IS NOT NULL;

-- name: SettleMail :execrows
UPDATE mails
SET state = @state, due_at = @due_at, settled_at = @settled_at, unknowns = unknowns + @more_unknowns, last_error = @last_error,
    data = @data, body_text = @body_text, body_html = @body_html, claim = NULL, lease_until = NULL
WHERE id = @id AND claim = @claim AND state = @from_state;

-- name: ListAbandonedMails :many
SELECT * FROM mails WHERE state = 'sending' AND lease_until <= @real_now ORDER BY lease_until LIMIT CAST(@n AS BIGINT);

-- name: CancelMail :execrows
UPDATE mails
SET state = 'cancelled', due_at = NULL, settled_at = @now, claim = NULL, lease_until = NULL, data = @data, body_text = @body_text, body_html = @body_html
WHERE id = @id AND state = 'queued';

-- name: GetOutbox :one
SELECT COUNT(*) AS waiting, CAST(COALESCE(MIN(due_at), 0) AS BIGINT) AS oldest_due FROM mails WHERE due_at IS NOT NULL;

-- name: PruneMails :execrows
DELETE FROM mails WHERE mails.id IN (
    SELECT old.id FROM mails AS old
    WHERE old.id < @before_id AND old.settled_at IS NOT NULL
    ORDER BY old.id
    LIMIT CAST(@n AS BIGINT)
);

-- name: ListMailTemplates :many
SELECT * FROM mail_templates ORDER BY kind, language;

-- name: GetMailTemplate :one
SELECT * FROM mail_templates WHERE kind = @kind AND language = @language;

-- name: InsertMailTemplate :execrows
INSERT INTO mail_templates (kind, language, subject, body_text, body_html, updated_at)
VALUES (@kind, @language, @subject, @body_text, @body_html, @updated_at)
ON CONFLICT (kind, language) DO NOTHING;

-- name: UpdateMailTemplate :execrows
UPDATE mail_templates
SET subject = @subject, body_text = @body_text, body_html = @body_html, updated_at = @updated_at, version = version + 1
WHERE kind = @kind AND language = @language AND version = @version;

-- name: DeleteMailTemplate :execrows
DELETE FROM mail_templates WHERE kind = @kind AND language = @language;

-- name: PutMailPassword :exec
INSERT INTO mail_passwords (account, sealed, updated_at) VALUES (@account, @sealed, @updated_at)
ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at;

-- name: GetMailPassword :one
SELECT sealed FROM mail_passwords WHERE account = @account;

-- name: ForgetMailPasswords :execrows
DELETE FROM mail_passwords;

-- name: HasMail :one
SELECT EXISTS (SELECT 1 FROM mails WHERE due_at IS NOT NULL);

-- name: NextMailDue :one
SELECT due_at FROM mails WHERE due_at > @after ORDER BY due_at LIMIT 1;
