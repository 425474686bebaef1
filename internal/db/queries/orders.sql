-- name: InsertOrder :execrows
INSERT INTO orders (id, customer_id, kind, status, gateway, currency, total, coupon_id, reason, request_key, created_at)
VALUES (@id, @customer_id, @kind, 'pending', @gateway, @currency, @total, @coupon_id, @reason, @request_key, @created_at)
ON CONFLICT (request_key) DO NOTHING;

-- name: OrderByRequest :one
SELECT id FROM orders WHERE request_key = @request_key;

-- name: InsertOrderItem :exec
INSERT INTO order_items (id, order_id, position, price_id, description, quantity, unit_amount, setup_fee, trial_days,
    trial_amount, license_id, domain_action, domain_name, domain_id, domain_years, domain_auto_renew)
VALUES (@id, @order_id, @position, @price_id, @description, @quantity, @unit_amount, @setup_fee, @trial_days,
    @trial_amount, @license_id, @domain_action, @domain_name, @domain_id, @domain_years, @domain_auto_renew);

-- A domain that an order brings has its id from then on.
-- name: NameOrderedDomain :exec
UPDATE order_items SET domain_id = @domain_id WHERE id = @id;

-- name: Order :one
SELECT * FROM orders WHERE id = @id;

-- name: OrderOfItem :one
SELECT order_id FROM order_items WHERE id = @id;

-- name: MoveOrder :execrows
UPDATE orders SET status = @to_status, version = version + 1 WHERE id = @id AND status = @from_status;

-- name: CompleteOrder :execrows
UPDATE orders SET status = 'completed', completed_at = COALESCE(completed_at, CAST(@now AS BIGINT)), version = version + 1
WHERE id = @id AND status = @from_status;

-- What an order needs to know of its invoice besides the invoice.
-- name: InvoiceFacts :one
SELECT
    CAST((SELECT COALESCE(SUM(credit_notes.total), 0) FROM credit_notes
        WHERE credit_notes.invoice_id = @invoice_id AND credit_notes.cause = 'refund') AS BIGINT) AS refunded,
    CAST((SELECT COUNT(*) FROM disputes WHERE disputes.invoice_id = @invoice_id AND disputes.status = 'lost' AND disputes.counted > 0) AS BIGINT) AS lost;

-- What a customer has done so far that a coupon may ask about.
-- name: BuyerPast :one
SELECT
    CAST((SELECT COUNT(*) FROM coupon_uses
        WHERE coupon_uses.coupon_id = @coupon_id AND coupon_uses.customer_id = @customer_id) AS BIGINT) AS uses,
    CAST((SELECT COUNT(*) FROM orders
        WHERE orders.customer_id = @customer_id AND orders.kind = 'sale' AND orders.total > 0
            AND orders.status NOT IN ('pending', 'cancelled')) AS BIGINT) AS bought;

-- The same of all guests who gave an address.
-- name: GuestPast :one
SELECT
    CAST((SELECT COUNT(*) FROM coupon_uses JOIN guest_orders ON guest_orders.order_id = coupon_uses.order_id
        WHERE coupon_uses.coupon_id = @coupon_id AND guest_orders.address_fold = @address_fold) AS BIGINT) AS uses,
    CAST((SELECT COUNT(*) FROM orders JOIN guest_orders ON guest_orders.order_id = orders.id
        WHERE guest_orders.address_fold = @address_fold AND orders.total > 0
            AND orders.status NOT IN ('pending', 'cancelled')) AS BIGINT) AS bought;

-- name: LicenseToSellFor :one
SELECT licenses.customer_id, licenses.product_id, licenses.plan_id, licenses.type, licenses.outcome, licenses.expires_at,
    licenses.grace_until, licenses.ends_at, licenses.updates_until, EXISTS (SELECT 1 FROM license_holds WHERE license_holds.license_id = licenses.id) AS held,
    CAST((SELECT COUNT(*) FROM subscriptions
        WHERE subscriptions.license_id = licenses.id AND subscriptions.kind = 'license' AND subscriptions.ended_on IS NULL) AS BIGINT) AS subscriptions
FROM licenses WHERE licenses.id = @id;

-- name: TrialsOf :one
SELECT CAST((SELECT COUNT(*) FROM trials WHERE trials.customer_id = @customer_id AND trials.product_id = @product_id)
    + (SELECT COUNT(*) FROM guest_trials WHERE guest_trials.address_fold = @address_fold AND guest_trials.product_id = @product_id) AS BIGINT);

-- name: InsertTrial :execrows
INSERT INTO trials (customer_id, product_id, order_id, created_at) VALUES (@customer_id, @product_id, @order_id, @created_at)
ON CONFLICT DO NOTHING;

-- name: InsertGuestTrial :execrows
INSERT INTO guest_trials (address_fold, product_id, order_id) VALUES (@address_fold, @product_id, @order_id)
ON CONFLICT DO NOTHING;

-- name: DeleteTrials :exec
DELETE FROM trials WHERE order_id = @order_id;

-- name: DeleteGuestTrials :exec
DELETE FROM guest_trials WHERE order_id = @order_id;

-- name: InsertConsent :exec
INSERT INTO consents (id, order_id, customer_id, kind, text, version, ip, given_at)
VALUES (@id, @order_id, @customer_id, @kind, @text, @version, @ip, @given_at);

-- name: ConsentsOfOrder :many
SELECT * FROM consents WHERE order_id = @order_id ORDER BY id;

-- name: InsertGuestOrder :exec
INSERT INTO guest_orders (order_id, address_fold) VALUES (@order_id, @address_fold);

-- name: GuestOrder :one
SELECT * FROM guest_orders WHERE order_id = @order_id;

-- name: InsertThankYouLink :exec
INSERT INTO thank_you_links (token_hash, order_id, created_at, expires_at) VALUES (@token_hash, @order_id, @created_at, @expires_at);

-- name: ThankYouLink :one
SELECT * FROM thank_you_links WHERE token_hash = @token_hash;

-- name: PruneThankYouLinks :exec
DELETE FROM thank_you_links WHERE expires_at <= @now;

-- name: InsertGuestClaim :exec
INSERT INTO guest_claims (token_hash, customer_id, created_at, expires_at) VALUES (@token_hash, @customer_id, @created_at, @expires_at);

-- name: GuestClaim :one
SELECT * FROM guest_claims WHERE token_hash = @token_hash;

-- name: DeleteGuestClaims :exec
DELETE FROM guest_claims WHERE customer_id = @customer_id;

-- name: PruneGuestClaims :exec
DELETE FROM guest_claims WHERE expires_at <= @now;
