-- name: QuoteDomainRestore :execrows
UPDATE domains SET restore_quote = @restore_quote, invoice_tried_on = NULL, version = version + 1, updated_at = @updated_at
WHERE id = @id AND version = @version;

-- name: PremiumDomainsToQuote :many
-- Premium names whose automatic invoice comes up, and for which nothing is invoiced.
SELECT domains.id FROM domains
WHERE domains.id IN (SELECT dear.id FROM domains AS dear WHERE dear.premium IS NOT NULL AND dear.next_due IS NOT NULL AND dear.next_due <= @horizon)
    AND domains.id > @after
    AND domains.status IN ('active', 'grace') AND domains.do_not_renew = FALSE AND domains.term IS NOT NULL AND domains.recurring_amount > 0
    AND domains.registrar_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id
        AND domain_renewals.state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention'))
ORDER BY domains.id LIMIT CAST(@n AS BIGINT);

-- name: NextPremiumDue :one
SELECT next_due FROM domains
WHERE premium IS NOT NULL AND next_due > @horizon AND status IN ('active', 'grace') AND do_not_renew = FALSE AND term IS NOT NULL
    AND recurring_amount > 0 AND registrar_id IS NOT NULL
ORDER BY next_due LIMIT 1;
