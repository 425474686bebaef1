-- name: RegistrarNamed :one
SELECT id FROM registrars WHERE name = @name AND status = 'active';

-- name: TLD :one
SELECT * FROM tlds WHERE extension = @extension;

-- name: TLDs :many
SELECT * FROM tlds ORDER BY extension;

-- name: PutTLD :exec
INSERT INTO tlds (extension, registrar_id, created_at) VALUES (@extension, @registrar_id, @created_at)
ON CONFLICT (extension) DO UPDATE SET registrar_id = excluded.registrar_id, version = tlds.version + 1;

-- name: CountDomainsByExtension :many
SELECT extension, COUNT(*) AS n FROM domains GROUP BY extension;

-- name: CustomerOfSubscription :one
SELECT customer_id FROM subscriptions WHERE id = @id;

-- name: GroupOfCustomer :one
SELECT customer_group FROM customers WHERE id = @id;

-- name: AllDomainCosts :many
SELECT registrars.name AS registrar, domain_costs.extension, domain_costs.kind, domain_costs.years, domain_costs.currency, domain_costs.amount,
    domain_costs.valid_from, domain_costs.source
FROM domain_costs JOIN registrars ON registrars.id = domain_costs.registrar_id
ORDER BY registrars.name, domain_costs.extension, domain_costs.kind, domain_costs.years, domain_costs.currency, domain_costs.valid_from;

-- name: HasDomain :one
SELECT EXISTS (SELECT 1 FROM domains);
