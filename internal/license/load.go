package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// ByID returns a license.
func (s *Service) ByID(ctx context.Context, id string) (License, error) {
	var l License
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		l, err = s.load(ctx, tx, id)
		return err
	})
	return l, err
}

// ByKey returns the license that has a key, by the rule of its product.
func (s *Service) ByKey(ctx context.Context, key string) (License, error) {
	if !isKey(key) {
		return License{}, errNoLicense
	}
	var l License
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := findByKey(ctx, tx, key, forms{})
		if err != nil {
			return err
		}
		l, err = s.load(ctx, tx, row.ID)
		return err
	})
	return l, err
}

// load reads one license as part of tx.
func (s *Service) load(ctx context.Context, tx *db.Tx, id string) (License, error) {
	if !text.IsID(id) {
		return License{}, errNoLicense // one of the databases refuses to look for some text
	}
	found, err := s.loadAll(ctx, tx, []string{id})
	if err != nil {
		return License{}, err
	}
	if len(found) == 0 {
		return License{}, errNoLicense
	}
	return found[0], nil
}

const selectLicenses = `
SELECT l.id, l.key, l.customer_id, l.product_id, l.plan_id, COALESCE(l.order_id, ''), COALESCE(l.invoice_line_id, ''),
       l.type, l.outcome, n.activation_type, l.activation_limit, l.near_limit, n.entitlements, l.entitlements,
       l.expires_at, l.grace_until, l.ends_at, l.version, l.created_at, l.updated_at,
       l.valid_domains, l.valid_ips, l.valid_directories, l.reissues, l.allowed_hosts, l.updates_until,
       COALESCE(l.parent_id, ''), COALESCE(l.subscription_id, ''), l.free, u.outcome, u.expires_at, u.grace_until, u.ends_at,
       EXISTS (SELECT 1 FROM license_holds h WHERE h.license_id = u.id),
       p.name, p.slug, n.name, c.name, c.email,
       COALESCE(k.check_count, 0), COALESCE(k.last_check_at, 0), COALESCE(k.last_check_ip, ''),
       (SELECT count(*) FROM activations a WHERE a.license_id = l.id)
FROM licenses l
JOIN products p ON p.id = l.product_id
JOIN plans n ON n.id = l.plan_id
JOIN customers c ON c.id = l.customer_id
LEFT JOIN license_checks k ON k.license_id = l.id
LEFT JOIN licenses u ON u.id = l.parent_id
WHERE l.id IN (`

// loadAll reads licenses in the order of ids, without those that do not exist.
func (s *Service) loadAll(ctx context.Context, tx *db.Tx, ids []string) (_ []License, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	pending, err := s.pending(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("licenses: %w", err)
	}
	rows, err := tx.SQL().QueryContext(ctx, selectLicenses+page.Placeholders(len(ids))+")", args...)
	if err != nil {
		return nil, fmt.Errorf("licenses: %w", err)
	}
	defer func() { _ = rows.Close() }()
	byID := make(map[string]License, len(ids))
	for rows.Next() {
		var l License
		var plan, own, domains, ips, directories, hosts string
		var expires, grace, ends, updates, parentExpires, parentGrace, parentEnds *clock.Instant
		var parentOutcome *string
		var parentHeld bool
		var created, updated, lastCheck clock.Instant
		err := rows.Scan(&l.ID, &l.Key, &l.CustomerID, &l.ProductID, &l.PlanID, &l.OrderID, &l.InvoiceLineID,
			&l.Type, &l.Outcome, &l.ActivationType, &l.ActivationLimit, &l.NearLimit, &plan, &own,
			&expires, &grace, &ends, &l.Version, &created, &updated,
			&domains, &ips, &directories, &l.Reissues, &hosts, &updates,
			&l.ParentID, &l.SubscriptionID, &l.Free, &parentOutcome, &parentExpires, &parentGrace, &parentEnds, &parentHeld,
			&l.ProductName, &l.ProductSlug, &l.PlanName, &l.CustomerName, &l.CustomerEmail,
			&l.CheckCount, &lastCheck, &l.LastCheckIP, &l.ActivationsUsed)
		if err != nil {
			return nil, fmt.Errorf("licenses: %w", err)
		}
		if l.Entitlements, err = mergeEntitlements(plan, own); err != nil {
			return nil, fmt.Errorf("license %s: %w", l.ID, err)
		}
		if l.EntitlementOverrides, err = catalog.DecodeEntitlements(own); err != nil {
			return nil, fmt.Errorf("license %s: %w", l.ID, err)
		}
		if l.Bound, err = placesOf(domains, ips, directories); err != nil {
			return nil, fmt.Errorf("license %s: %w", l.ID, err)
		}
		if l.AllowedHosts, err = decodeList(hosts); err != nil {
			return nil, fmt.Errorf("license %s: %w", l.ID, err)
		}
		l.ExpiresAt, l.GraceUntil, l.EndsAt = clock.TimePtr(expires), clock.TimePtr(grace), clock.TimePtr(ends)
		l.UpdatesUntil = clock.TimePtr(updates)
		if parentOutcome != nil {
			l.Parent = &Facts{
				Outcome: Outcome(*parentOutcome), Held: parentHeld, ExpiresAt: clock.TimePtr(parentExpires),
				GraceUntil: clock.TimePtr(parentGrace), EndsAt: clock.TimePtr(parentEnds),
			}
		}
		l.CreatedAt, l.UpdatedAt = created.Time(), updated.Time()
		if lastCheck > 0 {
			at := lastCheck.Time()
			l.LastCheckAt = &at
		}
		l.addPending(pending(l.ID))
		byID[l.ID] = l
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("licenses: %w", err)
	}
	holds, err := holdsOfAll(ctx, tx, args)
	if err != nil {
		return nil, err
	}
	found := make([]License, 0, len(ids))
	for _, id := range ids {
		if l, ok := byID[id]; ok {
			l.judge(holds[id], tx.Now)
			found = append(found, l)
		}
	}
	return found, nil
}

// addPending adds the checks that were counted but are not in the store yet.
func (l *License) addPending(count int64, lastAt time.Time, lastIP string) {
	if count == 0 {
		return
	}
	l.CheckCount += count
	if l.LastCheckAt == nil || lastAt.After(*l.LastCheckAt) {
		at := lastAt.UTC().Truncate(time.Microsecond)
		l.LastCheckAt, l.LastCheckIP = &at, lastIP
	}
}

// holdsOfAll reads the holds of several licenses, each one's oldest first.
func holdsOfAll(ctx context.Context, tx *db.Tx, ids []any) (map[string][]Hold, error) {
	holds := map[string][]Hold{}
	if len(ids) == 0 {
		return holds, nil
	}
	rows, err := tx.SQL().QueryContext(ctx, `SELECT license_id, reason, source, since, why FROM license_holds
		WHERE license_id IN (`+page.Placeholders(len(ids))+`) ORDER BY license_id, since, reason, source`, ids...)
	if err != nil {
		return nil, fmt.Errorf("holds: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var h Hold
		var since clock.Instant
		if err := rows.Scan(&id, &h.Reason, &h.Source, &since, &h.Why); err != nil {
			return nil, fmt.Errorf("holds: %w", err)
		}
		h.Since = since.Time()
		holds[id] = append(holds[id], h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("holds: %w", err)
	}
	return holds, nil
}
