package license

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// keepDomains notes which domains a license is bound to, so that the licenses of a domain are found.
func keepDomains(ctx context.Context, tx *db.Tx, productID, licenseID string, domains []string) error {
	err := tx.ForgetDomains(ctx, licenseID)
	for _, domain := range domains {
		err = errors.Join(err, tx.KeepDomain(ctx, query.KeepDomainParams{ProductID: productID, Domain: domain, LicenseID: licenseID}))
	}
	if err != nil {
		return fmt.Errorf("domains of %s: %w", licenseID, err)
	}
	return nil
}

// LicensedOn reports whether a domain that the public can reach is licensed to run a product: an active license is bound to
// it or activated on it. It returns the domain in its normal form too. Of protected places nothing is told.
func (s *Service) LicensedOn(ctx context.Context, productID, said string) (domain string, licensed bool, err error) {
	if domain, err = normalize(Domain, said); err != nil {
		return "", false, fail.Invalid("domain", err.Error())
	}
	if Protected(domain, nil) {
		return domain, false, nil
	}
	if banned, err := s.Banned(ctx, Place{Domain: domain}, netip.Addr{}); err != nil || banned {
		return domain, false, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		licensed, err = licensedOn(ctx, tx, productID, domain)
		return err
	})
	if err != nil {
		return domain, false, fmt.Errorf("licenses on %s: %w", domain, err)
	}
	return domain, licensed, nil
}

// mostOnDomain bounds how many licenses of one domain are looked at. A public domain has a few.
const mostOnDomain = 500

const selectOnDomain = `
SELECT l.outcome, l.expires_at, l.grace_until, l.ends_at, EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.id),
       u.outcome, u.grace_until, u.ends_at, EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = l.parent_id),
       l.valid_domains, p.enforce_domain
FROM licenses l
JOIN products p ON p.id = l.product_id
LEFT JOIN licenses u ON u.id = l.parent_id
WHERE l.product_id = $1 AND l.id IN (
    SELECT a.license_id FROM activations a JOIN licenses x ON x.id = a.license_id JOIN plans n ON n.id = x.plan_id
    WHERE a.identifier = $2 AND x.product_id = $1 AND n.activation_type = 'domain'
    UNION
    SELECT d.license_id FROM license_domains d WHERE d.product_id = $1 AND d.domain IN (`

func licensedOn(ctx context.Context, tx *db.Tx, productID, domain string) (bool, error) {
	args := []any{productID, domain}
	marks := []string{"$2"}
	for _, pattern := range patternsOf(domain) {
		args = append(args, pattern)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	rows, err := tx.SQL().QueryContext(ctx, selectOnDomain+strings.Join(marks, ", ")+"))"+fmt.Sprintf(" LIMIT %d", mostOnDomain), args...)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var f, parent Facts
		var expires, grace, ends, parentGrace, parentEnds *clock.Instant
		var parentOutcome *string
		var bound string
		var enforced bool
		err := rows.Scan(&f.Outcome, &expires, &grace, &ends, &f.Held, &parentOutcome, &parentGrace, &parentEnds, &parent.Held, &bound, &enforced)
		if err != nil {
			return false, err
		}
		f.ExpiresAt, f.GraceUntil, f.EndsAt = clock.TimePtr(expires), clock.TimePtr(grace), clock.TimePtr(ends)
		if parentOutcome != nil {
			parent.Outcome, parent.GraceUntil, parent.EndsAt = Outcome(*parentOutcome), clock.TimePtr(parentGrace), clock.TimePtr(parentEnds)
			f = f.below(parent)
		}
		domains, err := decodeList(bound)
		if err != nil {
			return false, err
		}
		// A license that is activated here but bound elsewhere is refused here.
		refused := Places{Domains: domains}.Refuse(Enforced{Domain: enforced}, Place{Domain: domain})
		if Effective(f, tx.Now) == Active && refused == "" {
			return true, nil
		}
	}
	return false, rows.Err()
}

// patternsOf are the wildcards that a domain is below.
func patternsOf(domain string) []string {
	var patterns []string
	for rest := domain; ; {
		_, above, found := strings.Cut(rest, ".")
		if !found {
			return patterns
		}
		patterns = append(patterns, "*."+above)
		rest = above
	}
}
