-- name: InsertProduct :exec
INSERT INTO products (id, slug, name, description, requires_license, key_prefix, key_length, key_ignore_case,
    self_removal, self_removals_per_30d, status, created_at, updated_at)
VALUES (@id, @slug, @name, @description, @requires_license, @key_prefix, @key_length, @key_ignore_case,
    @self_removal, @self_removals_per_30d, 'active', @created_at, @created_at);

-- Takes the row's lock and changes nothing: whoever decides from more than the product itself holds it first.
-- name: LockProduct :execrows
UPDATE products SET version = version WHERE id = @id;

-- name: UpdateProduct :exec
UPDATE products SET name = @name, description = @description, requires_license = @requires_license,
    key_prefix = @key_prefix, key_length = @key_length, key_ignore_case = @key_ignore_case,
    self_removal = @self_removal, self_removals_per_30d = @self_removals_per_30d, status = @status,
    version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: Product :one
SELECT * FROM products WHERE id = @id;

-- name: ProductBySlug :one
SELECT * FROM products WHERE slug = @slug;

-- name: ListProducts :many
SELECT * FROM products
WHERE id > @after AND (CAST(@status AS TEXT) = '' OR status = CAST(@status AS TEXT))
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: InsertPlan :exec
INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, entitlements, status,
    created_at, updated_at)
VALUES (@id, @product_id, @name, @license_type, @activation_type, @activation_limit, @entitlements, 'active',
    @created_at, @created_at);

-- name: LockPlan :execrows
UPDATE plans SET version = version WHERE id = @id;

-- name: UpdatePlan :exec
UPDATE plans SET name = @name, activation_limit = @activation_limit, entitlements = @entitlements, status = @status,
    version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: Plan :one
SELECT * FROM plans WHERE id = @id;

-- name: PlansOfProduct :many
SELECT * FROM plans WHERE product_id = @product_id ORDER BY id;

-- name: PlanCard :one
SELECT products.id AS product_id, products.slug AS product_slug, products.name AS product_name,
    products.requires_license, products.key_prefix, products.key_length, products.key_ignore_case,
    products.self_removal, products.self_removals_per_30d,
    plans.id AS plan_id, plans.name AS plan_name, plans.license_type, plans.activation_type, plans.activation_limit,
    plans.entitlements
FROM plans JOIN products ON products.id = plans.product_id
WHERE plans.id = @id;

-- name: InsertPrice :exec
INSERT INTO prices (id, plan_id, replaces, cycle, currency, amount, setup_fee, valid_for_count, valid_for_unit,
    version, status, created_at)
VALUES (@id, @plan_id, @replaces, @cycle, @currency, @amount, @setup_fee, @valid_for_count, @valid_for_unit,
    @version, 'active', @created_at);

-- name: RetirePrice :execrows
UPDATE prices SET status = 'retired' WHERE id = @id AND status = 'active';

-- name: Price :one
SELECT * FROM prices WHERE id = @id;

-- name: PricesOfPlan :many
SELECT * FROM prices WHERE plan_id = @plan_id ORDER BY id;

-- name: PricesOfProduct :many
SELECT prices.* FROM prices JOIN plans ON plans.id = prices.plan_id WHERE plans.product_id = @product_id ORDER BY prices.id;

-- name: PriceOffer :one
SELECT prices.id, prices.cycle, prices.currency, prices.amount, prices.setup_fee, prices.status AS price_status,
    plans.id AS plan_id, plans.name AS plan_name, plans.status AS plan_status,
    products.id AS product_id, products.name AS product_name, products.status AS product_status,
    products.requires_license
FROM prices
JOIN plans ON plans.id = prices.plan_id
JOIN products ON products.id = plans.product_id
WHERE prices.id = @id;
