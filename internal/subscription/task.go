package subscription

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

const taskKind = "subscriptions.assess"

// Task is the automation of subscriptions: whatever falls due of them by itself. A subscription is assessed as a whole, so
// that on one day its holds come before its invoices.
func (s *Service) Task() automation.Task {
	return automation.Task{
		Kind: taskKind, Order: automation.OrderHolds,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			from := clock.FromTime(after)
			at, err := tx.NextSubscriptionDue(ctx, &from)
			if db.NotFound(err) || err == nil && at == nil {
				return time.Time{}, false, nil
			}
			if err != nil {
				return time.Time{}, false, err
			}
			return at.Time(), true, nil
		},
		Due: automation.Any(dueSubscriptions),
		Run: s.runDue,
	}
}

func (s *Service) runDue(ctx context.Context, p *automation.Pass) error {
	if err := s.renewPlain(ctx, p); err != nil {
		return err
	}
	return p.Each(ctx, dueSubscriptions(p.CustomerID()),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			sub, err := lockWithCustomer(ctx, tx, id)
			if err != nil {
				return automation.ItemSkipped, err
			}
			if sub.NextAt == nil || sub.NextAt.After(tx.Now) {
				return automation.ItemSkipped, nil
			}
			policy, err := policyOf(ctx, tx)
			if err != nil {
				return automation.ItemSkipped, err
			}
			return automation.ItemDone, s.settle(ctx, tx, id, policy)
		})
}

// dueSubscriptions finds those that are to be assessed.
func dueSubscriptions(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		rows, err := tx.DueSubscriptions(ctx, query.DueSubscriptionsParams{Now: &tx.Stamp, After: after, CustomerID: customerID, N: int64(n)})
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		return ids, err
	}
}
