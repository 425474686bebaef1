-- name: InsertOrder :execrows
INSERT INTO orders (id, customer_id, kind, status, gateway, currency, total, reason, request_key, created_at)
VALUES (@id, @customer_id, @kind, 'pending', @gateway, @currency, @total, @reason, @request_key, @created_at)
ON CONFLICT (request_key) DO NOTHING;

-- name: OrderByRequest :one
SELECT id FROM orders WHERE request_key = @request_key;

-- name: InsertOrderItem :exec
INSERT INTO order_items (id, order_id, position, price_id, description, quantity, unit_amount, setup_fee)
VALUES (@id, @order_id, @position, @price_id, @description, @quantity, @unit_amount, @setup_fee);

-- name: Order :one
SELECT * FROM orders WHERE id = @id;

-- name: MoveOrder :execrows
UPDATE orders SET status = @to_status, completed_at = @completed_at, version = version + 1
WHERE id = @id AND status = @from_status;
