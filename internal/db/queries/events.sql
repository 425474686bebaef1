-- name: InsertEvent :exec
INSERT INTO events (id, type, occurred_at, actor_kind, actor_id, subject_id, customer_id, data)
VALUES (@id, @type, @occurred_at, @actor_kind, @actor_id, @subject_id, @customer_id, @data);

-- name: InsertAudit :exec
INSERT INTO audit_log (id, at, actor_kind, actor_id, actor_name, ip, what, subject_id, before, after, why)
VALUES (@id, @at, @actor_kind, @actor_id, @actor_name, @ip, @what, @subject_id, @before, @after, @why);

-- name: EventSeq :one
SELECT seq FROM events WHERE id = @id;

-- name: ListEventsBySubject :many
SELECT * FROM events WHERE subject_id = @subject_id ORDER BY seq DESC LIMIT CAST(@n AS BIGINT);

-- name: ListAuditBySubject :many
SELECT * FROM audit_log WHERE subject_id = @subject_id ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- name: NewestEventID :one
SELECT id FROM events ORDER BY seq DESC LIMIT 1;
