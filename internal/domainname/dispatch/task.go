package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
)

// Tasks is the automation: where there is no renew command, somebody has to look at a domain before its last day. In a test
// store, whose clock leaps, all of the work is done on the way; a live store's worker looks by itself.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{
		{Kind: "domains.expire", Order: automation.OrderExpiry, Next: s.nextToExpire, Due: anyToExpire, Run: s.planExpiries},
		{Kind: "domains.quote", Order: automation.OrderInvoices - 2, Next: s.nextQuote, Due: s.anyToQuote, Run: s.planQuotes},
		{Kind: "domains.dispatch", Order: automation.OrderUpkeep, Next: s.nextWork, Due: s.anyWork, Run: s.workOnTheWay},
	}
}

func (s *Service) nextWork(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
	if !s.db.Still() {
		return time.Time{}, false, nil
	}
	return domainname.NextWork(ctx, tx, after)
}

func (s *Service) anyWork(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
	if !s.db.Still() || customerID != "" {
		return false, nil
	}
	lanes, err := s.lanes(db.With(ctx, tx))
	if err != nil {
		return false, err
	}
	for _, l := range lanes {
		if s.pollDue(l) {
			return true, nil
		}
		ids, err := domainname.DueWork(ctx, tx, l.registrar, 1)
		if err != nil || len(ids) > 0 {
			return true, err
		}
	}
	return false, nil
}

func (s *Service) workOnTheWay(ctx context.Context, p *automation.Pass) error {
	if !s.db.Still() || p.CustomerID() != "" {
		return nil
	}
	n, err := s.RunDue(ctx)
	p.DoneMany(n)
	return err
}

// ahead is how many days before its end a term is planned for: more than any registry's deadline lies before it.
const ahead = 100

// byMode are the policies that count now of extensions without a renew command.
func byMode(ctx context.Context, tx *db.Tx, now time.Time) (found []domainname.Policy, err error) {
	extensions, err := tx.ExtensionsByMode(ctx)
	if err != nil {
		return nil, fmt.Errorf("extensions without a renew command: %w", err)
	}
	for _, extension := range extensions {
		p, ok, err := domainname.PolicyAt(ctx, tx, extension, domainname.RegistryDate(now))
		if err != nil {
			return nil, err
		}
		if ok && !p.ExplicitRenew {
			found = append(found, p)
		}
	}
	return found, nil
}

// nextToExpire is the next day on which a domain comes near enough to its end to be planned for.
func (s *Service) nextToExpire(ctx context.Context, tx *db.Tx, after time.Time) (next time.Time, ok bool, err error) {
	policies, err := byMode(ctx, tx, after)
	if err != nil {
		return time.Time{}, false, err
	}
	for _, p := range policies {
		upto := domainname.RegistryDate(after).AddDays(ahead).String()
		end, err := tx.NextTermEnd(ctx, query.NextTermEndParams{Extension: p.Extension, After: &upto})
		if db.NotFound(err) || err == nil && end == nil {
			continue
		}
		if err != nil {
			return time.Time{}, false, fmt.Errorf("ends of .%s: %w", p.Extension, err)
		}
		day, err := civil.Parse(*end)
		if err != nil {
			return time.Time{}, false, fmt.Errorf("ends of .%s: %w", p.Extension, err)
		}
		if at := day.AddDays(-ahead).StartIn(time.UTC); at.After(after) && (!ok || at.Before(next)) {
			next, ok = at, true
		}
	}
	return next, ok, nil
}

// planExpiries has the worker look at the domains that come near their end: it tells the registrar in time to let those
// expire for which nothing is paid.
func (s *Service) planExpiries(ctx context.Context, p *automation.Pass) error {
	if p.CustomerID() != "" {
		return nil
	}
	var policies []domainname.Policy
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		policies, err = byMode(ctx, tx, tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	for _, policy := range policies {
		n, err := s.planExtension(ctx, policy)
		p.DoneMany(n)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) planExtension(ctx context.Context, policy domainname.Policy) (n int, err error) {
	for after := ""; ; {
		var found []expiry
		var next string
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			found, next, err = expiries(ctx, tx, policy, after)
			return err
		})
		if err == nil && len(found) > 0 {
			err = s.db.Write(ctx, func(tx *db.Tx) error {
				if found, next, err = expiries(ctx, tx, policy, after); err != nil {
					return err
				}
				for _, e := range found {
					if err := domainname.Work(ctx, tx, e.id, e.at); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return n, err
		}
		if n += len(found); next == "" {
			return n, nil
		}
		after = next
	}
}

// expiry is a domain that comes near its end, and when the worker is to look at it.
type expiry struct {
	id string
	at time.Time
}

// expiries looks through some domains of an extension for those that are to be planned. next is where it goes on; empty: it
// has seen all.
func expiries(ctx context.Context, tx *db.Tx, policy domainname.Policy, after string) (found []expiry, next string, err error) {
	upto := domainname.RegistryDate(tx.Now).AddDays(ahead).String()
	rows, err := tx.DomainsToExpire(ctx, query.DomainsToExpireParams{Extension: policy.Extension, Upto: &upto, After: after, N: atOnce})
	if err != nil {
		return nil, "", fmt.Errorf("ends of .%s: %w", policy.Extension, err)
	}
	for _, r := range rows {
		d, err := domainname.Load(ctx, tx, r.ID)
		if err != nil {
			return nil, "", err
		}
		if at := (facts{domain: d, policy: &policy, now: tx.Now}).expireAt(); at != nil {
			found = append(found, expiry{d.ID, *at})
		}
	}
	if len(rows) == atOnce {
		next = rows[len(rows)-1].ID
	}
	return found, next, nil
}

// anyToExpire reports whether a domain is to be planned for.
func anyToExpire(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
	if customerID != "" {
		return false, nil
	}
	policies, err := byMode(ctx, tx, tx.Now)
	if err != nil {
		return false, err
	}
	for _, policy := range policies {
		for after, more := "", true; more; more = after != "" {
			found, next, err := expiries(ctx, tx, policy, after)
			if err != nil || len(found) > 0 {
				return len(found) > 0, err
			}
			after = next
		}
	}
	return false, nil
}
