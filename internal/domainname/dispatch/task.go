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
		{Kind: "domains.expire", Order: automation.OrderExpiry, Next: s.nextToExpire, Run: s.planExpiries},
		{Kind: "domains.quote", Order: automation.OrderInvoices - 2, Next: s.nextQuote, Run: s.planQuotes},
		{Kind: "domains.dispatch", Order: automation.OrderUpkeep, Next: s.nextWork, Run: s.workOnTheWay},
	}
}

func (s *Service) nextWork(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
	if !s.db.Still() {
		return time.Time{}, false, nil
	}
	return domainname.NextWork(ctx, tx, after)
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
		var rows []query.Domain
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			upto := domainname.RegistryDate(tx.Now).AddDays(ahead).String()
			rows, err = tx.DomainsToExpire(ctx, query.DomainsToExpireParams{Extension: policy.Extension, Upto: &upto, After: after, N: atOnce})
			return err
		})
		if err != nil {
			return n, fmt.Errorf("ends of .%s: %w", policy.Extension, err)
		}
		if len(rows) == 0 {
			return n, nil
		}
		planned := 0
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			planned = 0
			for _, r := range rows {
				d, err := domainname.Load(ctx, tx, r.ID)
				if err != nil {
					return err
				}
				at := facts{domain: d, policy: &policy, now: tx.Now}.expireAt()
				if at == nil {
					continue
				}
				if err := domainname.Work(ctx, tx, d.ID, *at); err != nil {
					return err
				}
				planned++
			}
			return nil
		})
		if n += planned; err != nil {
			return n, err
		}
		after = rows[len(rows)-1].ID
	}
}
