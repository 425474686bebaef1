-- name: ListSettings :many
SELECT name, value, updated_at FROM settings ORDER BY name;

-- name: LockSettings :exec
-- One change of settings at a time: the next one waits here until this one has committed.
INSERT INTO store_facts (name, value) VALUES ('settings_changed_at', @at)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: PutSetting :exec
INSERT INTO settings (name, value, updated_at) VALUES (@name, @value, @updated_at)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at;

-- name: DeleteSetting :exec
DELETE FROM settings WHERE name = @name;
