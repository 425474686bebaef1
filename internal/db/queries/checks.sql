-- name: InsertLicenseChange :exec
-- Part of every transaction on PostgreSQL that changes what a check answers. '*' stands for all licenses.
INSERT INTO license_changes (license_id, version, changed_at)
VALUES (@license_id, @version, @changed_at);
