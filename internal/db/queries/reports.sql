-- name: MoneyReceived :many
-- Money that counted towards invoices, by quarter of an hour: every zone's midnight is at one.
SELECT currency, received_at / 900000000 AS quarter, CAST(SUM(applied) AS BIGINT) AS amount
FROM payments
WHERE received_at >= @since AND state = 'succeeded' AND gateway <> 'credit'
GROUP BY currency, received_at / 900000000;

-- name: OpenInvoices :many
SELECT currency, CAST(COUNT(*) AS BIGINT) AS invoices, CAST(SUM(total - credited - paid) AS BIGINT) AS amount, CAST(COALESCE(SUM(CASE WHEN due_on < @today THEN 1 ELSE 0 END), 0) AS BIGINT) AS overdue
FROM invoices
WHERE status = 'open'
GROUP BY currency
ORDER BY currency;

-- name: CountLicensesByStatus :many
SELECT status, COUNT(*) AS licenses FROM licenses GROUP BY status;

-- name: CountCustomersSince :one
SELECT COUNT(*) FROM customers WHERE id >= @first_id;

-- name: ChecksByHour :many
SELECT hour, check_count FROM checks_hourly WHERE hour >= @since ORDER BY hour;

-- name: CountFailedJobs :one
SELECT COUNT(*) FROM jobs WHERE state = 'failed';

-- name: CountPendingOrders :one
SELECT COUNT(*) FROM orders WHERE status = 'pending';
