-- name: RenewalCosts :many
SELECT years, amount FROM domain_costs
WHERE registrar_id = @registrar_id AND extension = @extension AND kind = 'renew' AND currency = @currency AND valid_from <= @day
ORDER BY valid_from;

-- name: LatestDomainPriceUpdates :many
SELECT id FROM domain_price_updates ORDER BY id DESC LIMIT CAST(@n AS BIGINT);
