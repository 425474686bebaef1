-- name: CostedExtensions :many
-- The extensions for which a registrar has told what it asks, in pages.
SELECT DISTINCT extension FROM domain_costs
WHERE registrar_id = @registrar_id AND extension > @after
ORDER BY extension LIMIT CAST(@n AS BIGINT);

-- name: CostsOfRegistrar :many
SELECT extension, kind, years, currency, valid_from, amount, source FROM domain_costs
WHERE registrar_id = @registrar_id AND extension >= @first AND extension <= @last
ORDER BY extension, currency, kind, years, valid_from;
