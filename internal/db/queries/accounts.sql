-- What older protocols tell of a license beside the answer to a check.

-- name: AccountOfLicense :one
SELECT licenses.version, licenses.product_id, licenses.created_at, customers.email, products.check_secret,
       CAST(COALESCE(subscriptions.cycle, '') AS TEXT) AS cycle,
       CAST(licenses.free OR COALESCE(invoice_lines.total, 1) = 0 AS BOOLEAN) AS free,
       CAST(licenses.invoice_line_id IS NOT NULL AS BOOLEAN) AS sold,
       CAST(COALESCE(service.number, 0) AS BIGINT) AS service_number, CAST(COALESCE(product.number, 0) AS BIGINT) AS product_number
FROM licenses
JOIN customers ON customers.id = licenses.customer_id
JOIN products ON products.id = licenses.product_id
LEFT JOIN subscriptions ON subscriptions.id = licenses.subscription_id
LEFT JOIN fulfilments ON fulfilments.line_id = licenses.invoice_line_id
LEFT JOIN invoice_lines ON invoice_lines.invoice_id = fulfilments.invoice_id AND invoice_lines.id = fulfilments.line_id
LEFT JOIN foreign_numbers service ON service.kind = 'service' AND service.subject_id = licenses.id
LEFT JOIN foreign_numbers product ON product.kind = 'product' AND product.subject_id = licenses.product_id
WHERE licenses.id = @license_id;

-- name: ForeignNumber :one
SELECT number FROM foreign_numbers WHERE kind = @kind AND subject_id = @subject_id;

-- name: DrawForeignNumber :exec
-- The next number above the floor. No row: the subject has one, or somebody else has just drawn this one.
INSERT INTO foreign_numbers (kind, number, subject_id)
SELECT CAST(@kind AS TEXT), COALESCE(MAX(n.number), CAST(@floor AS BIGINT)) + 1, CAST(@subject_id AS TEXT)
FROM foreign_numbers n WHERE n.kind = @kind AND n.number > @floor
ON CONFLICT DO NOTHING;

-- name: InsertForeignNumber :execrows
-- No row: the number is another's, or the subject has one.
INSERT INTO foreign_numbers (kind, number, subject_id) VALUES (@kind, @number, @subject_id)
ON CONFLICT DO NOTHING;

-- name: CountUpLicensesOfCustomer :many
UPDATE licenses SET version = version + 1 WHERE customer_id = @customer_id RETURNING id, version;

-- name: CountUpLicense :one
UPDATE licenses SET version = version + 1 WHERE id = @id RETURNING version;
