package registration

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/setting"
)

// CauseNotPaid is the reason that the event of a cancelled domain gives where its order was not paid in time.
const CauseNotPaid = "not_paid_in_time"

// Tasks is the automation of new domains: an order that nobody pays does not keep its name for ever.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{{Kind: "domains.unpaid", Order: automation.OrderExpiry, Next: nextUnpaid, Due: automation.Any(unpaidDomains), Run: s.endUnpaid}}
}

// lapsed is the instant before which an order must have been placed to be given up by now: the same number of days after it as an
// ordered renewal.
func lapsed(now time.Time, st setting.Settings) time.Time {
	return civil.Of(now, st.TimeZone).AddDays(1 - st.DomainOrderDays).StartIn(st.TimeZone)
}

// nextUnpaid is when the next unpaid order is given up.
func nextUnpaid(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return time.Time{}, false, err
	}
	first, err := tx.FirstUnpaidDomain(ctx, clock.FromTime(lapsed(after, st)))
	if db.NotFound(err) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("unpaid domains: %w", err)
	}
	return civil.Of(first.Time(), st.TimeZone).AddDays(st.DomainOrderDays).StartIn(st.TimeZone), true, nil
}

// unpaidDomains finds them: those of a customer, or of all.
func unpaidDomains(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return nil, err
		}
		return tx.UnpaidDomains(ctx, query.UnpaidDomainsParams{
			Before: clock.FromTime(lapsed(tx.Now, st)), After: after, CustomerID: customerID, N: int64(n),
		})
	}
}

// endUnpaid gives up the domains whose orders were not paid in time.
func (s *Service) endUnpaid(ctx context.Context, p *automation.Pass) error {
	return p.Each(ctx, unpaidDomains(p.CustomerID()),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			ended, err := s.giveUp(ctx, tx, id)
			if err != nil || !ended {
				return automation.ItemSkipped, err
			}
			return automation.ItemDone, nil
		})
}

// giveUp ends a domain whose order was not paid, and takes its line off the invoice; what else was ordered stays. While a payment
// is being processed it waits for that.
func (s *Service) giveUp(ctx context.Context, tx *db.Tx, id string) (ended bool, err error) {
	d, err := domainname.Load(ctx, tx, id)
	if err != nil {
		return false, err
	}
	if _, err := customer.Lock(ctx, tx, d.CustomerID); err != nil {
		return false, err
	}
	lineID, err := tx.LineOfOrderedDomain(ctx, query.LineOfOrderedDomainParams{OrderID: d.OrderID, DomainID: &d.ID})
	if db.NotFound(err) {
		return false, nil // its invoice is not made yet
	}
	if err != nil {
		return false, fmt.Errorf("line of domain %s: %w", d.ID, err)
	}
	inv, _, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return false, err
	}
	if inv, err = billing.Lock(ctx, tx, inv.ID); err != nil {
		return false, err
	}
	busy, err := billing.InFlight(ctx, tx, inv.ID)
	if err != nil || busy || inv.Status != billing.Open {
		return false, err
	}
	if d, err = domainname.Lock(ctx, tx, id); err != nil || d.Status != domainname.Pending {
		return false, err
	}
	// The domain first: what is heard of the invoice afterwards finds it ended.
	if err := d.OrderEnded(); err != nil {
		return false, err
	}
	if err := domainname.Save(ctx, tx, &d); err != nil {
		return false, err
	}
	if err := tell(ctx, tx, EventCancelled, d, map[string]any{"invoice_id": inv.ID, "reason": CauseNotPaid}); err != nil {
		return false, err
	}
	if _, err := s.billing.RemoveLine(ctx, tx, lineID, billing.Removal{Why: "its order was not paid in time"}); err != nil {
		return false, err
	}
	return true, s.payments.UseCredit(ctx, tx, d.CustomerID, inv.Total.Currency)
}
