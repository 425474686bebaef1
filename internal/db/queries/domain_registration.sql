-- The newest line by which a domain was ordered.
-- name: LineOfOrderedDomain :one
SELECT invoice_lines.id FROM order_items JOIN invoice_lines ON invoice_lines.order_item_id = order_items.id
    JOIN fulfilments ON fulfilments.line_id = invoice_lines.id
WHERE order_items.order_id = @order_id AND order_items.domain_id = @domain_id AND order_items.domain_action IN ('register', 'transfer')
ORDER BY invoice_lines.invoice_id DESC LIMIT 1;

-- Domains whose order nobody has paid since an instant.
-- name: UnpaidDomains :many
SELECT id FROM domains WHERE status = 'pending' AND created_at < @before AND id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR customer_id = CAST(@customer_id AS TEXT))
ORDER BY id LIMIT CAST(@n AS BIGINT);

-- name: FirstUnpaidDomain :one
SELECT created_at FROM domains WHERE status = 'pending' AND created_at >= @since ORDER BY created_at LIMIT 1;

-- name: SoldTLDs :many
SELECT tlds.extension FROM tlds JOIN registrars ON registrars.id = tlds.registrar_id
WHERE registrars.status = 'active' ORDER BY tlds.extension;

-- name: SoldTLD :one
SELECT tlds.registrar_id FROM tlds JOIN registrars ON registrars.id = tlds.registrar_id
WHERE tlds.extension = @extension AND registrars.status = 'active';

-- name: CountCommandsOfDomain :one
SELECT COUNT(*) FROM registrar_commands WHERE domain_id = @domain_id;
