-- name: NoticeSubscription :one
SELECT s.id, s.kind, s.customer_id, s.description, s.status, s.currency, s.unit_amount, s.quantity, s.cycle, s.price_id,
    s.next_due, COALESCE(s.cancel_on, '') AS cancel_on, COALESCE(s.paused_on, '') AS paused_on, COALESCE(s.ended_on, '') AS ended_on,
    s.trial_ends_at, p.name AS product_name, p.slug, c.name, c.email, c.email_fold, c.language, COALESCE(m.label, '') AS method,
    e.grace_until, e.ends_at
FROM subscriptions AS s
JOIN products AS p ON p.id = s.product_id
JOIN customers AS c ON c.id = s.customer_id
LEFT JOIN licenses AS e ON e.id = s.license_id AND s.kind = 'license'
LEFT JOIN payment_methods AS m ON m.customer_id = s.customer_id AND m.is_default
WHERE s.id = @id;

-- name: NoticePeriods :one
-- The invoice that has been open for longest, until when nothing is owed, and how much ended unpaid.
SELECT
    CAST(COALESCE((
        SELECT u.invoice_id FROM subscription_periods AS u
        WHERE u.subscription_id = @subscription_id AND u.state = 'open' ORDER BY u.due_on, u.starts_on LIMIT 1
    ), '') AS TEXT) AS unpaid_invoice_id,
    CAST(COALESCE(MAX(CASE WHEN s.state IN ('paid', 'given', 'disputed') THEN s.ends_on END), '') AS TEXT) AS paid_until,
    COUNT(CASE WHEN s.state = 'lapsed' THEN 1 END) AS lapsed
FROM subscription_periods AS s
WHERE s.subscription_id = @subscription_id;

-- name: NoticeOrder :one
SELECT o.kind, o.created_at, o.customer_id, c.name, c.email, c.email_fold, c.language
FROM orders AS o
JOIN customers AS c ON c.id = o.customer_id
WHERE o.id = @id;

-- name: NoticeLicensesOfOrder :many
SELECT l.key, p.name AS product_name, n.name AS plan_name, l.expires_at, COALESCE(l.subscription_id, '') AS subscription_id
FROM licenses AS l
JOIN products AS p ON p.id = l.product_id
JOIN plans AS n ON n.id = l.plan_id
WHERE l.order_id = @order_id
ORDER BY l.id;

-- name: NoticePrice :one
SELECT n.name AS plan_name, p.cycle, p.currency, p.amount
FROM prices AS p
JOIN plans AS n ON n.id = p.plan_id
WHERE p.id = @id;

-- name: NoticeChangeMoney :one
-- What a change of plan that takes effect at an instant has cost, and what became credit with it.
SELECT
    CAST(COALESCE((
        SELECT SUM(i.total) FROM invoices AS i
        WHERE i.kind = 'change' AND i.paid_at = @now
            AND i.id IN (SELECT l.invoice_id FROM invoice_lines AS l WHERE l.subscription_id = @subscription_id)
    ), 0) AS BIGINT) AS charged,
    CAST(COALESCE((
        SELECT SUM(n.freed) FROM credit_notes AS n
        WHERE n.customer_id = @customer_id AND n.cause = 'change' AND n.created_at = @note_at
            AND (n.invoice_id IN (SELECT l.invoice_id FROM invoice_lines AS l WHERE l.subscription_id = @subscription_id)
                OR n.invoice_id IN (
                    SELECT b.invoice_id FROM subscriptions AS s
                    JOIN invoice_lines AS b ON b.order_item_id = s.order_item_id
                    WHERE s.id = @subscription_id
                ))
    ), 0) AS BIGINT) AS credited;

-- name: NoticePayment :one
SELECT p.gateway, COALESCE(m.label, '') AS method
FROM payments AS p
LEFT JOIN payment_methods AS m ON m.id = p.method_id
WHERE p.id = @id;

-- name: NoticeAttempt :one
SELECT COALESCE(a.method_id, '') AS method_id, COALESCE(m.label, '') AS method
FROM payment_attempts AS a
LEFT JOIN payment_methods AS m ON m.id = a.method_id
WHERE a.id = @id;

-- name: NoticeRefund :one
SELECT r.invoice_id, r.destination, r.currency, r.amount, COALESCE(n.id, '') AS credit_note_id, COALESCE(n.number, '') AS credit_note
FROM refunds AS r
LEFT JOIN credit_notes AS n ON n.id = r.credit_note_id
WHERE r.id = @id;

-- name: NoticeRevoked :many
-- The products whose licenses ended because a credit note took their lines back.
SELECT DISTINCT p.name
FROM credit_notes AS n
JOIN credit_note_lines AS t ON t.credit_note_id = n.id
JOIN invoice_lines AS l ON l.invoice_id = n.invoice_id AND l.id = t.line_id AND l.taken_back
JOIN fulfilments AS f ON f.line_id = l.id
LEFT JOIN subscriptions AS s ON s.id = f.target
JOIN licenses AS e ON e.id = COALESCE(s.license_id, f.target) AND e.outcome = 'revoked'
JOIN products AS p ON p.id = e.product_id
WHERE n.id = @credit_note_id
ORDER BY p.name;

-- name: NoticeDispute :one
SELECT d.invoice_id, COALESCE(i.number, '') AS number, d.currency, d.amount, d.gateway, d.reason, d.status, c.name, c.email
FROM disputes AS d
JOIN invoices AS i ON i.id = d.invoice_id
JOIN customers AS c ON c.id = i.customer_id
WHERE d.id = @id;

-- name: NoticeReplacement :one
SELECT EXISTS (SELECT 1 FROM invoices AS i WHERE i.replaces = @invoice_id);

-- name: NoticeRevivable :many
-- The license that a subscription paid for until it ended, if buying the same again can bring it back.
SELECT e.id, s.price_id
FROM subscriptions AS s
JOIN licenses AS e ON e.id = s.license_id AND e.plan_id = s.plan_id AND e.outcome = '' AND e.ends_at IS NOT NULL
WHERE s.id = @subscription_id AND s.kind = 'license' AND s.ended_on IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM subscriptions AS o WHERE o.license_id = s.license_id AND o.kind = 'license' AND o.ended_on IS NULL
);

-- name: NoticeProductOfInvoice :many
-- What an invoice was for: the page of the product, and the subscription if it was one.
SELECT p.slug, COALESCE(l.subscription_id, '') AS subscription_id
FROM invoice_lines AS l
LEFT JOIN subscriptions AS s ON s.id = l.subscription_id
LEFT JOIN order_items AS t ON t.id = l.order_item_id
LEFT JOIN prices AS r ON r.id = t.price_id
LEFT JOIN plans AS n ON n.id = r.plan_id
JOIN products AS p ON p.id = COALESCE(s.product_id, n.product_id)
WHERE l.invoice_id = @invoice_id
ORDER BY l.position LIMIT 1;

-- name: MailExistsAbout :one
SELECT EXISTS (SELECT 1 FROM mails AS m WHERE m.kind = @kind AND m.subject_id = @subject_id);

-- name: CountMailsSince :one
-- Of a kind, up to a bound. Identifiers sort by age.
SELECT COUNT(*) FROM (SELECT m.id FROM mails AS m WHERE m.kind = @kind AND m.id >= @since LIMIT CAST(@most AS BIGINT)) AS counted;

-- name: CountOpenStaffTasksOf :one
SELECT COUNT(*) FROM staff_tasks AS t WHERE t.state = 'open' AND t.kind = @kind;

-- name: TrialsToAnnounce :many
SELECT s.id FROM subscriptions AS s
WHERE s.status = 'trialing' AND s.trial_ends_at > @now AND s.trial_ends_at <= @horizon AND s.id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR s.customer_id = @customer_id)
    AND NOT EXISTS (SELECT 1 FROM mails AS m WHERE m.kind = 'trial_ending' AND m.subject_id = s.id)
ORDER BY s.id LIMIT CAST(@n AS BIGINT);

-- name: NextTrialToAnnounce :one
SELECT s.trial_ends_at FROM subscriptions AS s
WHERE s.status = 'trialing' AND s.trial_ends_at > @horizon
ORDER BY s.trial_ends_at LIMIT 1;

-- name: CardsToAnnounce :many
-- Of customers whom something will be charged.
SELECT m.id FROM payment_methods AS m
WHERE m.is_default AND m.expires_on >= @today AND m.expires_on <= @horizon AND m.id > @after
    AND (CAST(@customer_id AS TEXT) = '' OR m.customer_id = @customer_id)
    AND NOT EXISTS (SELECT 1 FROM mails AS g WHERE g.kind = 'card_expiring' AND g.subject_id = m.id AND g.occasion = m.expires_on)
    AND EXISTS (SELECT 1 FROM subscriptions AS s WHERE s.customer_id = m.customer_id AND s.status IN ('trialing', 'active', 'past_due'))
ORDER BY m.id LIMIT CAST(@n AS BIGINT);

-- name: NextCardToAnnounce :one
SELECT m.expires_on FROM payment_methods AS m
WHERE m.is_default AND m.expires_on > @horizon
ORDER BY m.expires_on LIMIT 1;

-- name: NoticeCard :one
SELECT m.label, COALESCE(m.expires_on, '') AS expires_on, m.customer_id, c.name, c.email, c.email_fold, c.language,
    CAST(COALESCE((
        SELECT MIN(s.next_due) FROM subscriptions AS s
        WHERE s.customer_id = m.customer_id AND s.status IN ('trialing', 'active', 'past_due')
    ), '') AS TEXT) AS next_on
FROM payment_methods AS m
JOIN customers AS c ON c.id = m.customer_id
WHERE m.id = @id;

-- name: DigestMoney :many
-- What came in between two instants; what was credit before came in earlier.
SELECT p.currency, CAST(SUM(p.amount) AS BIGINT) AS amount, COUNT(*) AS payments
FROM payments AS p
WHERE p.received_at >= @from_at AND p.received_at < @to_at AND p.state = 'succeeded' AND p.gateway <> 'credit'
GROUP BY p.currency
ORDER BY p.currency;

-- name: DigestRenewals :one
-- Renewals whose last money came in between two instants.
SELECT COUNT(DISTINCT p.invoice_id) FROM payments AS p
JOIN invoices AS i ON i.id = p.invoice_id
WHERE p.received_at >= @from_at AND p.received_at < @to_at AND p.state = 'succeeded' AND i.kind = 'renewal' AND i.status = 'paid';

-- name: DigestCounts :one
-- What was new between two instants, by the identifiers of their first moments, and what is open now.
SELECT
    (SELECT COUNT(*) FROM orders AS o WHERE o.id >= @from_order AND o.id < @to_order AND o.kind = 'sale') AS orders,
    (SELECT COUNT(*) FROM payment_attempts AS a WHERE a.id >= @from_attempt AND a.id < @to_attempt AND a.state = 'failed' AND a.code <> 'not_needed') AS failures,
    (SELECT COUNT(*) FROM mails AS m WHERE m.state = 'failed' AND m.id >= @from_mail AND m.id < @to_mail) AS mails,
    (SELECT COUNT(*) FROM staff_tasks AS t WHERE t.state = 'open') AS tasks,
    (SELECT COUNT(*) FROM jobs AS j WHERE j.state = 'failed') AS jobs,
    (SELECT COUNT(*) FROM automation_failures) AS items,
    (SELECT COUNT(*) FROM fulfilments AS f WHERE f.state = 'failed') AS lines;
