package payment

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/task"
)

// The codes of attempts that fail on this side.
const (
	codeNotNeeded    = "not_needed"
	codeNeverArrived = "never_arrived"
)

// settle brings an attempt to what its gateway says. It may be told the same again, late, or in any order: what leads
// nowhere from the present state changes nothing.
func (s *Service) settle(ctx context.Context, id string, o gateway.Outcome) (Attempt, error) {
	var a Attempt
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		a, err = s.settleIn(ctx, tx, id, o)
		return err
	})
	if err != nil {
		return Attempt{}, fmt.Errorf("settle payment attempt %s: %w", id, err)
	}
	return a, nil
}

func (s *Service) settleIn(ctx context.Context, tx *db.Tx, id string, o gateway.Outcome) (Attempt, error) {
	r, inv, err := lockAttempt(ctx, tx, id)
	if err != nil {
		return Attempt{}, err
	}
	on, ok := triggerOf(o.State)
	if !ok {
		return Attempt{}, fmt.Errorf("the gateway says %q", o.State)
	}
	if AttemptState(r.State) == AttemptCreated {
		// A store that was restored hears of what it has not done yet.
		if _, err := tx.SendAttempt(ctx, query.SendAttemptParams{ID: r.ID, Amount: r.Amount}); err != nil {
			return Attempt{}, err
		}
		r.State = string(AttemptUnknown)
	}
	if _, ok := attemptStates.Next(AttemptState(r.State), on); !ok {
		return attemptOf(r), nil
	}
	if on == saysSucceeded && (o.Reference == "" || o.Captured.Amount <= 0 || string(o.Captured.Currency) != r.Currency) {
		return Attempt{}, fmt.Errorf("the gateway says succeeded, of %s with the reference %q", o.Captured, o.Reference)
	}
	if r, err = move(ctx, tx, r, on, o); err != nil {
		return Attempt{}, err
	}
	switch AttemptState(r.State) {
	case AttemptSucceeded:
		err = s.succeeded(ctx, tx, inv, r, o)
	case AttemptFailed:
		err = s.failed(ctx, tx, inv, r)
	case AttemptRequiresAction:
		err = s.waits(ctx, tx, inv, r, StateRequiresAction)
	case AttemptPending:
		err = s.waits(ctx, tx, inv, r, StatePending)
	case AttemptCreated, AttemptUnknown:
	}
	if err != nil {
		return Attempt{}, err
	}
	return attemptOf(r), nil
}

// move takes an attempt to where a trigger leads.
func move(ctx context.Context, tx *db.Tx, r query.PaymentAttempt, on attemptTrigger, o gateway.Outcome) (query.PaymentAttempt, error) {
	to, ok := attemptStates.Next(AttemptState(r.State), on)
	if !ok {
		return r, fmt.Errorf("payment attempt %s is %s: %s leads nowhere", r.ID, r.State, on)
	}
	row := query.MoveAttemptParams{
		ID: r.ID, FromState: r.State, State: string(to), Reference: r.Reference, Code: reason(o.Code), Detail: reason(o.Detail),
		ActionUrl: o.ActionURL,
	}
	if o.Reference != "" {
		row.Reference = &o.Reference
	}
	if to == AttemptSucceeded || to == AttemptFailed {
		row.SettledAt = &tx.Stamp
	}
	moved, err := tx.MoveAttempt(ctx, row)
	if err == nil && moved != 1 {
		err = errors.New("it changed meanwhile")
	}
	if err != nil {
		return r, fmt.Errorf("payment attempt %s: %w", r.ID, err)
	}
	return attemptRow(ctx, tx, r.ID)
}

// drop ends an attempt that was not handed over and will not be.
func drop(ctx context.Context, tx *db.Tx, r query.PaymentAttempt) (Attempt, error) {
	r, err := move(ctx, tx, r, notNeeded, gateway.Outcome{Code: codeNotNeeded, Detail: "The invoice took no money any more."})
	if err != nil {
		return Attempt{}, err
	}
	if err := moveOn(ctx, tx, r, StateFailed); err != nil {
		return Attempt{}, err
	}
	return attemptOf(r), nil
}

// moveOn brings the payment of an attempt that brought no money, so far, to a state.
func moveOn(ctx context.Context, tx *db.Tx, r query.PaymentAttempt, to State) error {
	_, err := tx.MovePayment(ctx, query.MovePaymentParams{
		ID: r.PaymentID, State: string(to), Reference: r.Reference, Amount: r.Amount, ReceivedAt: r.CreatedAt,
	})
	if err != nil {
		return fmt.Errorf("payment %s: %w", r.PaymentID, err)
	}
	return nil
}

func (s *Service) waits(ctx context.Context, tx *db.Tx, inv billing.Invoice, r query.PaymentAttempt, as State) error {
	if err := moveOn(ctx, tx, r, as); err != nil || as != StateRequiresAction || r.MethodID == nil {
		return err // who pays on a page knows that it waits
	}
	return s.tellAttempt(ctx, tx, "payment.action_required", inv, r, map[string]any{"action_url": r.ActionUrl})
}

func (s *Service) failed(ctx context.Context, tx *db.Tx, inv billing.Invoice, r query.PaymentAttempt) error {
	if err := moveOn(ctx, tx, r, StateFailed); err != nil {
		return err
	}
	return s.tellAttempt(ctx, tx, "payment.failed", inv, r, map[string]any{"code": r.Code})
}

// succeeded books the money that an attempt has brought.
func (s *Service) succeeded(ctx context.Context, tx *db.Tx, inv billing.Invoice, r query.PaymentAttempt, o gateway.Outcome) error {
	if o.Method != nil {
		if _, err := s.keep(ctx, tx, inv.CustomerID, r.Gateway, *o.Method); err != nil {
			return err
		}
	}
	p, err := tx.Payment(ctx, r.PaymentID)
	if err != nil {
		return fmt.Errorf("payment %s: %w", r.PaymentID, err)
	}
	if inv, err = s.billing.InTime(ctx, tx, inv); err != nil {
		return err
	}
	applied, credit := inv.Accepts(o.Captured)
	paid := newPayment(tx, inv, r.Gateway, o.Captured, applied)
	paid.Reference, paid.MethodID = o.Reference, deref(r.MethodID)
	taken, err := s.isTaken(ctx, tx, p, r)
	if err != nil {
		return err
	}
	if taken {
		// It had failed, and a later attempt of the same payment took its place: this is money of its own.
		if inserted, err := insert(ctx, tx, paid); err != nil || !inserted {
			return errors.Join(err, fmt.Errorf("payment %s of %s is there already", o.Reference, r.Gateway))
		}
		err = tx.AttemptPaysAs(ctx, query.AttemptPaysAsParams{ID: r.ID, PaymentID: paid.ID})
	} else {
		paid.ID = p.ID
		var moved int64
		moved, err = tx.MovePayment(ctx, query.MovePaymentParams{
			ID: p.ID, State: string(Succeeded), Reference: &o.Reference, Amount: o.Captured.Amount, Applied: applied.Amount, ReceivedAt: tx.Stamp,
		})
		if err == nil && moved != 1 {
			err = errors.New("it has succeeded before")
		}
	}
	if err != nil {
		return fmt.Errorf("payment %s: %w", paid.ID, err)
	}
	return s.book(ctx, tx, inv, paid, credit)
}

// isTaken reports whether the payment of an attempt stands for another attempt by now.
func (s *Service) isTaken(ctx context.Context, tx *db.Tx, p query.Payment, r query.PaymentAttempt) (bool, error) {
	if State(p.State) == Succeeded {
		return true, nil
	}
	busy, err := tx.AttemptInFlight(ctx, r.InvoiceID)
	if db.NotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("payment attempts of invoice %s: %w", r.InvoiceID, err)
	}
	return busy.PaymentID == p.ID && busy.ID != r.ID, nil
}

// TaskLateMoney tells of money that came for an invoice which takes none any more.
const TaskLateMoney = "late_money"

// called is what staff are told of an invoice by: its number, or its id as long as it is a proforma invoice.
func called(inv billing.Invoice) string { return cmp.Or(inv.Number, inv.ID) }

// book counts a payment that is written towards its invoice, and what is beyond that as credit.
func (s *Service) book(ctx context.Context, tx *db.Tx, inv billing.Invoice, p Payment, credit money.Money) error {
	if err := told(ctx, tx, p, credit, inv.Status); err != nil {
		return err
	}
	if credit.Amount > 0 && (inv.Status == billing.Void || inv.Status == billing.Uncollectible) {
		err := task.Ask(ctx, tx, task.Question{
			Kind: TaskLateMoney, SubjectID: p.ID, CustomerID: inv.CustomerID,
			Detail: fmt.Sprintf("%s arrived for invoice %s, which is %s. It is the customer's credit now.", p.Money.Format("en"), called(inv), inv.Status),
		})
		if err != nil {
			return err
		}
	}
	if _, err := s.billing.Receive(ctx, tx, inv, billing.Receipt{PaymentID: p.ID, Applied: p.Applied, Credit: credit}); err != nil {
		return err
	}
	if credit.Amount == 0 {
		return nil
	}
	return s.UseCredit(ctx, tx, inv.CustomerID, credit.Currency)
}

// tellAttempt writes an event about an attempt; it belongs to the story of its payment.
func (s *Service) tellAttempt(
	ctx context.Context, tx *db.Tx, what string, inv billing.Invoice, r query.PaymentAttempt, more map[string]any,
) error {
	try, err := tx.TryOfAttempt(ctx, query.TryOfAttemptParams{PaymentID: r.PaymentID, ID: r.ID})
	if err != nil {
		return fmt.Errorf("payment attempt %s: %w", r.ID, err)
	}
	data := map[string]any{
		"payment_id": r.PaymentID, "invoice_id": r.InvoiceID, "attempt_id": r.ID, "gateway": r.Gateway, "try": try,
		"money": money.New(r.Amount, money.Currency(r.Currency)),
	}
	for k, v := range more {
		data[k] = v
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: r.PaymentID, CustomerID: inv.CustomerID, Data: data})
}
