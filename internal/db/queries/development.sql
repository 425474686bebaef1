-- name: ParentOfLicense :one
-- What a license that others develop beside says about them.
SELECT l.outcome, l.expires_at, l.grace_until, l.ends_at, EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.id) AS held
FROM licenses l WHERE l.id = @id;

-- name: ChildrenOfLicense :many
SELECT id FROM licenses WHERE parent_id = @parent_id ORDER BY id;

-- name: FreeChildOfLicense :one
SELECT id FROM licenses WHERE parent_id = @parent_id AND free;

-- name: DevelopmentPlanOfProduct :one
-- Which terms the development license that comes for free has: those of the first plan of them.
SELECT id FROM plans WHERE product_id = @product_id AND license_type = 'development' AND kind = 'license' AND status = 'active'
ORDER BY id LIMIT 1;

-- name: TrialOfCustomer :one
-- What a customer has on trial of a product and did not buy yet: buying keeps its key.
SELECT id FROM licenses WHERE customer_id = @customer_id AND product_id = @product_id AND type = 'trial' AND outcome = ''
ORDER BY id LIMIT 1;

-- name: BuyTrial :exec
UPDATE licenses SET order_id = @order_id, trial_line_id = invoice_line_id, invoice_line_id = @invoice_line_id,
    subscription_id = @subscription_id
WHERE id = @id;

-- name: TrialPlaceTaken :one
SELECT EXISTS (SELECT 1 FROM trial_places WHERE product_id = @product_id AND identifier = @identifier AND license_id <> @license_id) AS taken;
