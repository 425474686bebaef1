package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment/gateway"
)

// CheckoutOptions says on whose page an invoice is paid.
type CheckoutOptions struct {
	Gateway    string
	ReturnURL  string // where the customer goes afterwards
	SaveMethod bool   // whether the card is kept for later
}

// Checkout prepares a page of a gateway on which the balance of an invoice is paid: the customer is sent to the
// attempt's ActionURL. While such a page waits, everybody who wants to pay gets the same one, so two tabs pay once.
// It must not run inside a transaction.
func (s *Service) Checkout(ctx context.Context, invoiceID string, o CheckoutOptions) (Attempt, error) {
	if err := s.mayAsk(ctx); err != nil {
		return Attempt{}, err
	}
	g, err := s.gateway(o.Gateway)
	if err != nil {
		return Attempt{}, err
	}
	if !g.Can().Checkout {
		return Attempt{}, fail.Invalid("gateway", "has no page to pay on")
	}
	o.SaveMethod = o.SaveMethod && g.Can().SaveMethod
	var a Attempt
	var in gateway.Checkout
	var waiting, nothing bool
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		waiting, nothing = false, false
		inv, err := billing.LockWithCustomer(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		if a, waiting, err = pageInFlight(ctx, tx, inv, o.Gateway); waiting || err != nil {
			return err
		}
		inv, err = s.chargeable(ctx, tx, inv)
		if nothing = errors.Is(err, ErrNothingDue); nothing {
			return nil // what credit has paid stays paid
		}
		if err != nil {
			return err
		}
		if a, err = s.write(ctx, tx, inv, newAttempt{gateway: o.Gateway, amount: inv.Balance()}); err != nil {
			return err
		}
		if _, err := tx.SendAttempt(ctx, query.SendAttemptParams{ID: a.ID, Amount: a.Money.Amount}); err != nil {
			return fmt.Errorf("payment attempt %s: %w", a.ID, err)
		}
		if err := s.askLater(ctx, tx, inquiry{AttemptID: a.ID}, firstAsk); err != nil {
			return err
		}
		r, err := attemptRow(ctx, tx, a.ID)
		a = attemptOf(r)
		in = gateway.Checkout{
			Key: r.IdempotencyKey, Money: a.Money, CustomerID: inv.CustomerID, InvoiceNumber: inv.Number, SaveMethod: o.SaveMethod,
			ReturnURL: o.ReturnURL, Metadata: map[string]string{"invoice_id": inv.ID, "attempt_id": a.ID},
		}
		return err
	})
	switch {
	case err != nil:
		return Attempt{}, fmt.Errorf("checkout of invoice %s: %w", invoiceID, err)
	case nothing:
		return Attempt{}, ErrNothingDue
	case waiting:
		return a, nil
	}
	calling, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	outcome, err := g.Checkout(calling, in)
	if err != nil {
		// The page may be there, or come into being: ask, now or by the job.
		s.log.Warn("no answer to a checkout", "attempt", a.ID, "gateway", a.Gateway, "err", err)
		return s.asked(ctx, a)
	}
	return s.settle(ctx, a.ID, outcome)
}

// pageInFlight finds the page on which the invoice is being paid.
func pageInFlight(ctx context.Context, tx *db.Tx, inv billing.Invoice, gateway string) (Attempt, bool, error) {
	r, err := tx.AttemptInFlight(ctx, inv.ID)
	if db.NotFound(err) {
		return Attempt{}, false, nil
	}
	if err != nil {
		return Attempt{}, false, fmt.Errorf("payment attempts of invoice %s: %w", inv.ID, err)
	}
	a := attemptOf(r)
	return a, a.State == AttemptRequiresAction && a.Gateway == gateway && a.ActionURL != "", nil
}
