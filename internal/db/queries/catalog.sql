-- name: InsertProduct :exec
INSERT INTO products (id, slug, name, description, requires_license, key_prefix, key_length, key_ignore_case,
    self_removal, self_removals_per_30d, enforce_domain, enforce_ip, enforce_directory, self_reissue, max_reissues, pack_name,
    private_suffixes, public_check, status, created_at, updated_at)
VALUES (@id, @slug, @name, @description, @requires_license, @key_prefix, @key_length, @key_ignore_case,
    @self_removal, @self_removals_per_30d, @enforce_domain, @enforce_ip, @enforce_directory, @self_reissue, @max_reissues, @pack_name,
    @private_suffixes, @public_check, 'active', @created_at, @created_at);

-- Takes the row's lock and changes nothing: whoever decides from more than the product itself holds it first.
-- name: LockProduct :execrows
UPDATE products SET version = version WHERE id = @id;

-- name: UpdateProduct :exec
UPDATE products SET name = @name, description = @description, requires_license = @requires_license,
    key_prefix = @key_prefix, key_length = @key_length, key_ignore_case = @key_ignore_case,
    self_removal = @self_removal, self_removals_per_30d = @self_removals_per_30d, enforce_domain = @enforce_domain,
    enforce_ip = @enforce_ip, enforce_directory = @enforce_directory, self_reissue = @self_reissue,
    max_reissues = @max_reissues, pack_name = @pack_name, private_suffixes = @private_suffixes,
    public_check = @public_check, status = @status,
    version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: SetCheckSecret :exec
UPDATE products SET check_secret = @check_secret, version = version + 1, updated_at = @updated_at WHERE id = @id;

-- name: Product :one
SELECT * FROM products WHERE id = @id;

-- name: ProductBySlug :one
SELECT * FROM products WHERE slug = @slug;

-- name: ListProducts :many
SELECT * FROM products
WHERE id > @after AND (CAST(@status AS TEXT) = '' OR status = CAST(@status AS TEXT))
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: InsertPlan :exec
INSERT INTO plans (id, product_id, kind, name, license_type, activation_type, activation_limit, extra_activations,
    entitlements, support_count, support_unit, check_interval, check_grace, file_days, visibility, status, created_at, updated_at)
VALUES (@id, @product_id, @kind, @name, @license_type, @activation_type, @activation_limit, @extra_activations,
    @entitlements, @support_count, @support_unit, @check_interval, @check_grace, @file_days, @visibility, 'active', @created_at, @created_at);

-- name: LockPlan :execrows
UPDATE plans SET version = version WHERE id = @id;

-- name: UpdatePlan :exec
UPDATE plans SET name = @name, activation_limit = @activation_limit, extra_activations = @extra_activations,
    entitlements = @entitlements, support_count = @support_count, support_unit = @support_unit,
    check_interval = @check_interval, check_grace = @check_grace, file_days = @file_days,
    visibility = @visibility, status = @status,
    version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- name: DeletePlanPaths :exec
DELETE FROM plan_paths WHERE plan_id = @plan_id;

-- name: InsertPlanPath :execrows
INSERT INTO plan_paths (plan_id, to_plan_id)
SELECT CAST(@plan_id AS TEXT), plans.id FROM plans
WHERE plans.id = @to_plan_id AND plans.id <> CAST(@plan_id AS TEXT) AND plans.product_id = @product_id AND plans.kind = @kind;

-- name: PathsOfPlan :many
SELECT to_plan_id FROM plan_paths WHERE plan_id = @plan_id ORDER BY to_plan_id;

-- name: PathsOfProduct :many
SELECT plan_paths.plan_id, plan_paths.to_plan_id FROM plan_paths JOIN plans ON plans.id = plan_paths.plan_id
WHERE plans.product_id = @product_id ORDER BY plan_paths.plan_id, plan_paths.to_plan_id;

-- name: MayChangePlan :one
SELECT COUNT(*) FROM plans AS target JOIN plans AS source ON source.product_id = target.product_id AND source.kind = target.kind
WHERE source.id = @from_plan_id AND target.id = @to_plan_id AND source.id <> target.id AND (
    NOT EXISTS (SELECT 1 FROM plan_paths WHERE plan_paths.plan_id = source.id)
    OR EXISTS (SELECT 1 FROM plan_paths WHERE plan_paths.plan_id = source.id AND plan_paths.to_plan_id = target.id));

-- name: Plan :one
SELECT * FROM plans WHERE id = @id;

-- name: PlansOfProduct :many
SELECT * FROM plans WHERE product_id = @product_id ORDER BY id;

-- name: PlanCard :one
SELECT products.id AS product_id, products.slug AS product_slug, products.name AS product_name,
    products.requires_license, products.key_prefix, products.key_length, products.key_ignore_case,
    products.self_removal, products.self_removals_per_30d, products.self_reissue, products.max_reissues, products.pack_name,
    products.private_suffixes,
    plans.id AS plan_id, plans.name AS plan_name, plans.license_type, plans.activation_type, plans.activation_limit,
    plans.entitlements, plans.kind, plans.extra_activations, plans.support_count, plans.support_unit, plans.file_days
FROM plans JOIN products ON products.id = plans.product_id
WHERE plans.id = @id;

-- name: InsertPrice :exec
INSERT INTO prices (id, plan_id, replaces, cycle, currency, amount, setup_fee, valid_for_count, valid_for_unit,
    trial_days, trial_amount, tax_class, version, status, created_at)
VALUES (@id, @plan_id, @replaces, @cycle, @currency, @amount, @setup_fee, @valid_for_count, @valid_for_unit,
    @trial_days, @trial_amount, @tax_class, @version, 'active', @created_at);

-- name: RetirePrice :execrows
UPDATE prices SET status = 'retired' WHERE id = @id AND status = 'active';

-- name: Price :one
SELECT * FROM prices WHERE id = @id;

-- name: PricesOfPlan :many
SELECT * FROM prices WHERE plan_id = @plan_id ORDER BY id;

-- name: PricesOfProduct :many
SELECT prices.* FROM prices JOIN plans ON plans.id = prices.plan_id WHERE plans.product_id = @product_id ORDER BY prices.id;

-- name: PriceOffer :one
SELECT prices.id, prices.cycle, prices.currency, prices.amount, prices.setup_fee, prices.trial_days,
    prices.trial_amount, prices.tax_class, prices.status AS price_status,
    prices.valid_for_count, prices.valid_for_unit, plans.id AS plan_id, plans.name AS plan_name, plans.status AS plan_status,
    plans.kind AS plan_kind, plans.license_type, plans.support_count, plans.support_unit, plans.visibility,
    products.id AS product_id, products.name AS product_name, products.status AS product_status,
    products.requires_license
FROM prices
JOIN plans ON plans.id = prices.plan_id
JOIN products ON products.id = plans.product_id
WHERE prices.id = @id;
