-- name: InsertCoupon :exec
INSERT INTO coupons (id, code, code_fold, name, kind, percent, amount, currency, product_ids, cycles, charges, starts_on,
    ends_on, max_uses, per_customer, minimum, new_customers, status, created_at, updated_at)
VALUES (@id, @code, @code_fold, @name, @kind, @percent, @amount, @currency, @product_ids, @cycles, @charges, @starts_on,
    @ends_on, @max_uses, @per_customer, @minimum, @new_customers, 'active', @created_at, @created_at);

-- name: UpdateCoupon :exec
UPDATE coupons SET name = @name, currency = @currency, product_ids = @product_ids, cycles = @cycles, starts_on = @starts_on,
    ends_on = @ends_on, max_uses = @max_uses, per_customer = @per_customer, minimum = @minimum,
    new_customers = @new_customers, status = @status, version = version + 1, updated_at = @updated_at
WHERE id = @id;

-- Takes the row's lock and changes nothing: who uses a coupon looks at its uses after that.
-- name: LockCoupon :execrows
UPDATE coupons SET version = version WHERE id = @id;

-- name: Coupon :one
SELECT * FROM coupons WHERE id = @id;

-- name: CouponByCode :one
SELECT * FROM coupons WHERE code_fold = @code_fold;

-- name: ListCoupons :many
SELECT * FROM coupons
WHERE code_fold >= @low AND code_fold < @high AND code_fold > @after
    AND (CAST(@status AS TEXT) = '' OR status = CAST(@status AS TEXT))
ORDER BY code_fold LIMIT CAST(@n AS BIGINT);

-- name: CountCouponUse :execrows
UPDATE coupons SET uses = uses + 1 WHERE id = @id AND status = 'active' AND (max_uses IS NULL OR uses < max_uses);

-- name: UncountCouponUse :exec
UPDATE coupons SET uses = uses - 1 WHERE id = @id;

-- name: InsertCouponUse :exec
INSERT INTO coupon_uses (coupon_id, order_id, customer_id, created_at) VALUES (@coupon_id, @order_id, @customer_id, @created_at);

-- name: DeleteCouponUses :many
DELETE FROM coupon_uses WHERE order_id = @order_id RETURNING coupon_id;

-- name: CouponUsesBy :one
SELECT COUNT(*) FROM coupon_uses WHERE coupon_id = @coupon_id AND customer_id = @customer_id;
