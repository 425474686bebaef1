-- name: InsertStaff :exec
INSERT INTO staff (id, email, name, role, password_hash, time_zone, created_at)
VALUES (@id, @email, @name, @role, '', @time_zone, @created_at);

-- name: GetStaff :one
SELECT * FROM staff WHERE id = @id;

-- name: ListStaff :many
SELECT * FROM staff ORDER BY name, id;

-- name: HasStaff :one
SELECT EXISTS (SELECT 1 FROM staff);

-- name: LockOwners :execrows
-- Locks and counts those who own the store and can sign in: who changes one of them decides about all of them.
UPDATE staff SET role = role WHERE role = 'owner' AND disabled_at IS NULL AND password_hash <> '';

-- name: LockStaff :execrows
UPDATE staff SET role = role WHERE id = @id;

-- name: UpdateStaff :exec
UPDATE staff SET name = @name, role = @role, time_zone = @time_zone, disabled_at = @disabled_at WHERE id = @id;

-- name: DeleteStaffSessions :exec
DELETE FROM sessions WHERE staff_id = @staff_id OR acting_staff_id = @staff_id;

-- name: DeleteStaffLinks :exec
DELETE FROM one_time_links WHERE staff_id = @staff_id;
