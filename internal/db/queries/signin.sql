-- name: GetStaffByEmail :one
SELECT * FROM staff WHERE email = @email;

-- name: GetCustomerAccount :one
SELECT id, email, name, password_hash FROM customers WHERE id = @id;

-- name: FindCustomerAccount :one
SELECT id, email, name, password_hash FROM customers WHERE email_fold = @email_fold;

-- name: SetStaffPassword :exec
UPDATE staff SET password_hash = @password_hash WHERE id = @id;

-- name: SetCustomerPassword :exec
UPDATE customers SET password_hash = @password_hash WHERE id = @id;

-- name: ReplaceStaffPassword :execrows
-- Also with twice the same hash: it locks the row and says whether the password that was checked still counts.
UPDATE staff SET password_hash = @new_hash WHERE id = @id AND password_hash = @old_hash AND disabled_at IS NULL;

-- name: ReplaceCustomerPassword :execrows
UPDATE customers SET password_hash = @new_hash WHERE id = @id AND password_hash = @old_hash;

-- name: InsertSession :exec
INSERT INTO sessions (token_hash, kind, staff_id, customer_id, stage, acting_staff_id, ip, user_agent, created_at, last_seen_at, expires_at)
VALUES (@token_hash, @kind, @staff_id, @customer_id, @stage, @acting_staff_id, @ip, @user_agent, @created_at, @last_seen_at, @expires_at);

-- name: GetSession :one
SELECT * FROM sessions WHERE token_hash = @token_hash;

-- name: TouchSession :exec
UPDATE sessions SET last_seen_at = @last_seen_at WHERE token_hash = @token_hash AND last_seen_at < @last_seen_at;

-- name: DeleteSession :execrows
DELETE FROM sessions WHERE token_hash = @token_hash;

-- name: DeleteOtherStaffSessions :exec
DELETE FROM sessions WHERE (staff_id = @staff_id OR acting_staff_id = @staff_id) AND token_hash <> @token_hash;

-- name: DeleteCustomerSessions :exec
DELETE FROM sessions WHERE customer_id = @customer_id;

-- name: PruneSessions :execrows
DELETE FROM sessions WHERE token_hash IN (
    SELECT old.token_hash FROM sessions AS old WHERE old.expires_at < @before ORDER BY old.expires_at LIMIT CAST(@n AS BIGINT)
);

-- name: InsertLink :exec
INSERT INTO one_time_links (token_hash, purpose, staff_id, customer_id, created_at, expires_at)
VALUES (@token_hash, @purpose, @staff_id, @customer_id, @created_at, @expires_at);

-- name: GetLink :one
SELECT * FROM one_time_links WHERE token_hash = @token_hash;

-- name: SpendLink :execrows
UPDATE one_time_links SET used_at = @used_at WHERE token_hash = @token_hash AND used_at IS NULL AND expires_at > @now;

-- name: DeleteSetupLinks :exec
DELETE FROM one_time_links WHERE purpose = 'setup';

-- name: DeleteCustomerLinks :exec
DELETE FROM one_time_links WHERE customer_id = @customer_id;

-- name: PruneLinks :execrows
DELETE FROM one_time_links WHERE token_hash IN (
    SELECT old.token_hash FROM one_time_links AS old WHERE old.expires_at < @before ORDER BY old.expires_at LIMIT CAST(@n AS BIGINT)
);

-- name: BeginTOTP :exec
UPDATE staff SET totp_pending = @totp_pending WHERE id = @id;

-- name: ConfirmTOTP :execrows
UPDATE staff SET totp_secret = totp_pending, totp_pending = NULL, totp_last_step = @step
WHERE id = @id AND totp_pending = @totp_pending;

-- name: RemoveTOTP :exec
UPDATE staff SET totp_secret = NULL, totp_pending = NULL WHERE id = @id;

-- name: SpendTOTPStep :execrows
-- A code works once, and none that is older than the last one works at all.
UPDATE staff SET totp_last_step = @step WHERE id = @id AND totp_last_step < @step;

-- name: InsertRecoveryCode :exec
INSERT INTO staff_recovery_codes (staff_id, code_hash) VALUES (@staff_id, @code_hash);

-- name: SpendRecoveryCode :execrows
DELETE FROM staff_recovery_codes WHERE staff_id = @staff_id AND code_hash = @code_hash;

-- name: DeleteRecoveryCodes :exec
DELETE FROM staff_recovery_codes WHERE staff_id = @staff_id;

-- name: CountRecoveryCodes :one
SELECT COUNT(*) FROM staff_recovery_codes WHERE staff_id = @staff_id;
