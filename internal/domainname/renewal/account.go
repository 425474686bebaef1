package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/payment"
)

// disputed holds the account of a customer while the payment of a renewal is disputed: of the customer's domains nothing is
// charged or sent by itself until then. Staff are asked, by a question of which the hold is the other side: a dispute that is
// won answers it, one that is lost is for staff to answer. The domain is neither deleted nor un-renewed.
func (s *Service) disputed(ctx context.Context, tx *db.Tx, inv billing.Invoice, d domainname.Domain, r domainname.Renewal) error {
	rows, err := tx.DisputesOfInvoice(ctx, inv.ID)
	if err != nil {
		return fmt.Errorf("disputes of invoice %s: %w", inv.ID, err)
	}
	won := int64(0)
	for _, row := range rows {
		occasion := r.ID + " " + row.ID
		switch payment.DisputeStatus(row.Status) {
		case payment.DisputeOpen:
			if row.Counted == 0 {
				continue // of money that paid nothing
			}
			err = ask(ctx, tx, d, TaskDispute, occasion, fmt.Sprintf("The payment of the renewal of %s is disputed. The domain is neither deleted nor un-renewed. "+
				"Until this is dealt with, no renewal of the customer's is charged or sent by itself.", d.Name.Unicode()))
		case payment.DisputeWon:
			var n int64
			n, err = tx.SettleDisputedRenewal(ctx, query.SettleDisputedRenewalParams{
				Kind: TaskDispute, SubjectID: d.ID, Occasion: occasion, DoneAt: &tx.Stamp, DoneBy: event.ActorFrom(ctx).Name,
			})
			won += n
		case payment.DisputeLost: // staff are asked still
		}
		if err != nil {
			return fmt.Errorf("dispute %s: %w", row.ID, err)
		}
	}
	if won == 0 {
		return nil
	}
	return s.releaseAccount(ctx, tx, d.CustomerID)
}

// accountHeld reports whether the account of a customer is held.
func accountHeld(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
	n, err := tx.CountOpenTasksOf(ctx, query.CountOpenTasksOfParams{CustomerID: &customerID, Kind: TaskDispute})
	if err != nil {
		return false, fmt.Errorf("disputes of customer %s: %w", customerID, err)
	}
	return n > 0, nil
}

// releaseAccount lets the renewals of a customer go on that have waited for the account. The caller holds the customer's lock.
func (s *Service) releaseAccount(ctx context.Context, tx *db.Tx, customerID string) error {
	held, err := accountHeld(ctx, tx, customerID)
	if err != nil || held {
		return err
	}
	ids, err := tx.RenewalsHeldFor(ctx, query.RenewalsHeldForParams{CustomerID: customerID, Cause: domainname.WaitsForAccount})
	if err != nil {
		return fmt.Errorf("renewals of customer %s: %w", customerID, err)
	}
	for _, id := range ids {
		r, err := domainname.LoadRenewal(ctx, tx, id)
		if err != nil {
			return err
		}
		d, err := domainname.Lock(ctx, tx, r.DomainID)
		if err != nil {
			return err
		}
		if r, err = domainname.LoadRenewal(ctx, tx, id); err != nil {
			return err
		}
		if r.State != domainname.RenewalHeld || r.Cause != domainname.WaitsForAccount {
			continue
		}
		if err := s.resume(ctx, tx, &d, &r); err != nil {
			return err
		}
	}
	return nil
}

// toRelease finds the customers whose disputes staff have dealt with, and whose renewals wait still.
func toRelease(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		return tx.CustomersNotAskedAbout(ctx, query.CustomersNotAskedAboutParams{
			Cause: domainname.WaitsForAccount, Kind: TaskDispute, After: after, CustomerID: customerID, N: int64(n),
		})
	}
}

// releaseAccounts lets the renewals of those customers go on.
func (s *Service) releaseAccounts(ctx context.Context, p *automation.Pass) error {
	return p.Each(ctx, toRelease(p.CustomerID()),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			if _, err := customer.Lock(ctx, tx, id); err != nil {
				return automation.ItemSkipped, err
			}
			return automation.ItemDone, s.releaseAccount(ctx, tx, id)
		})
}
