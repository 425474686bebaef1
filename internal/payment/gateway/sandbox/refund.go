package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
)

var (
	errNoCharge = fail.NotFound("SANDBOX_CHARGE_NOT_FOUND", "The sandbox knows of no such charge.")
	errNoAmount = fail.Invalid("money", "is not an amount of the charge's currency")
)

// leftOf is what of a charge was neither given back nor taken back by the customer's bank.
func leftOf(ctx context.Context, tx *db.Tx, c query.SandboxCharge) (int64, error) {
	disputed, err := tx.DisputedInSandbox(ctx, c.ID)
	if err != nil {
		return 0, fmt.Errorf("sandbox: %w", err)
	}
	return c.Captured - c.Refunded - disputed, nil
}

// Refund implements gateway.Gateway.
func (s *Sandbox) Refund(ctx context.Context, in gateway.Refund) (gateway.RefundOutcome, error) {
	var o gateway.RefundOutcome
	var lost bool
	err := s.write(ctx, func(tx *db.Tx) error {
		c, err := tx.SandboxChargeByKey(ctx, in.ChargeKey)
		if db.NotFound(err) {
			return gateway.ErrNotFound
		}
		if err != nil {
			return err
		}
		r, isNew, err := s.refund(ctx, tx, c, &in.Key, in.Money)
		if err != nil {
			return err
		}
		faults, err := faultsIn(ctx, tx)
		o, lost = refundOf(r), faults.FailAfterEffect || isNew && c.Card == Timeout
		return err
	})
	if err == nil && lost {
		err = errNoAnswer
	}
	if err != nil {
		return gateway.RefundOutcome{}, err
	}
	return o, nil
}

// RefundCharge gives money back as somebody would on the gateway's own pages: the store only hears of it.
func (s *Sandbox) RefundCharge(ctx context.Context, reference string, amount int64) (id string, err error) {
	err = s.write(ctx, func(tx *db.Tx) error {
		c, err := tx.SandboxCharge(ctx, reference)
		if db.NotFound(err) {
			return errNoCharge
		}
		if err != nil {
			return err
		}
		r, _, err := s.refund(ctx, tx, c, nil, money.New(amount, money.Currency(c.Currency)))
		if err == nil && r.State == string(gateway.RefundFailed) {
			err = fail.Conflict("SANDBOX_NOT_REFUNDABLE", "The charge does not have so much to give back, or is disputed.")
		}
		id = r.ID
		return err
	})
	return id, err
}

// refund gives money back, unless it was asked for with the same key before.
func (s *Sandbox) refund(
	ctx context.Context, tx *db.Tx, c query.SandboxCharge, key *string, amount money.Money,
) (r query.SandboxRefund, isNew bool, err error) {
	if c, err = tx.LockSandboxCharge(ctx, c.ID); err != nil {
		return r, false, err
	}
	if key != nil {
		r, err = tx.SandboxRefundByKey(ctx, key)
		if err == nil && (r.ChargeID != c.ID || r.Amount != amount.Amount) {
			err = errKeyReused
		}
		if err == nil || !db.NotFound(err) {
			return r, false, err
		}
	}
	if amount.Amount <= 0 || string(amount.Currency) != c.Currency {
		return r, false, errNoAmount
	}
	left, err := leftOf(ctx, tx, c)
	if err != nil {
		return r, false, err
	}
	state := gateway.RefundSucceeded
	switch {
	case amount.Amount > left:
		state = gateway.RefundFailed
	case c.Card == RefundFailing:
		state = gateway.RefundPending
	}
	row := query.InsertSandboxRefundParams{
		ID: tx.NewID("sbr"), Key: key, ChargeID: c.ID, Currency: c.Currency, Amount: amount.Amount, State: string(state), CreatedAt: tx.Stamp,
	}
	if _, err := tx.InsertSandboxRefund(ctx, row); err != nil {
		return r, false, fmt.Errorf("sandbox: %w", err)
	}
	if state != gateway.RefundFailed {
		if _, err := tx.CountSandboxRefund(ctx, query.CountSandboxRefundParams{ID: c.ID, Amount: row.Amount}); err != nil {
			return r, false, fmt.Errorf("sandbox: %w", err)
		}
	}
	if state == gateway.RefundPending {
		if err := s.later(ctx, tx, row.ID, turnRefundFails, time.Hour); err != nil {
			return r, false, err
		}
	}
	r = query.SandboxRefund(row)
	return r, true, s.tellRefund(ctx, tx, c, r)
}

func (s *Sandbox) tellRefund(ctx context.Context, tx *db.Tx, c query.SandboxCharge, r query.SandboxRefund) error {
	e := gateway.RefundEvent{
		ChargeKey: c.Key, ChargeReference: c.ID, Money: money.New(r.Amount, money.Currency(r.Currency)), Outcome: refundOf(r),
	}
	if r.Key != nil {
		e.Key = *r.Key
	}
	return s.tell(ctx, tx, c.ID, gateway.Event{Type: "refund." + r.State, Refund: &e})
}

// failRefund is the turn of a refund that the bank does not take.
func (s *Sandbox) failRefund(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *db.Tx) error {
		r, err := tx.SandboxRefund(ctx, id)
		if err != nil {
			return err
		}
		c, err := tx.LockSandboxCharge(ctx, r.ChargeID)
		if err != nil || r.State != string(gateway.RefundPending) {
			return err
		}
		r.State = string(gateway.RefundFailed)
		if err := tx.MoveSandboxRefund(ctx, query.MoveSandboxRefundParams{ID: id, State: r.State}); err != nil {
			return err
		}
		if _, err := tx.CountSandboxRefund(ctx, query.CountSandboxRefundParams{ID: c.ID, Amount: -r.Amount}); err != nil {
			return err
		}
		return s.tellRefund(ctx, tx, c, r)
	})
}

func refundOf(r query.SandboxRefund) gateway.RefundOutcome {
	o := gateway.RefundOutcome{State: gateway.RefundState(r.State), Reference: r.ID}
	if o.State == gateway.RefundFailed {
		o.Detail = "The bank did not take the money back."
	}
	return o
}

// FindRefund implements gateway.Gateway.
func (s *Sandbox) FindRefund(ctx context.Context, key, reference string) (gateway.RefundOutcome, error) {
	var o gateway.RefundOutcome
	err := s.read(ctx, func(tx *db.Tx) error {
		r, err := tx.SandboxRefundByKey(ctx, &key)
		if key == "" {
			r, err = tx.SandboxRefund(ctx, reference)
		}
		if db.NotFound(err) {
			return gateway.ErrNotFound
		}
		o = refundOf(r)
		return err
	})
	return o, err
}
