-- name: RenewalCosts :many
SELECT years, amount FROM domain_costs
WHERE registrar_id = @registrar_id AND extension = @extension AND kind = 'renew' AND currency = @currency AND valid_from <= @day
ORDER BY valid_from;

-- name: LatestDomainPriceUpdates :many
SELECT id FROM domain_price_updates ORDER BY id DESC LIMIT CAST(@n AS BIGINT);

-- What a registrar asks for a year, the last one the latest in the currency that is looked for, or where there is none in another.
-- name: YearCosts :many
SELECT currency, amount FROM domain_costs
WHERE registrar_id = @registrar_id AND extension = @extension AND kind = 'renew' AND years = 1 AND valid_from <= @day
ORDER BY CASE WHEN currency = @currency THEN 1 ELSE 0 END, valid_from, currency;
