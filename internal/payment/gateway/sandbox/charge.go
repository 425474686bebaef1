package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
)

var errKeyReused = errors.New("sandbox: the key was used before, for another request")

// Charge implements gateway.Gateway.
func (s *Sandbox) Charge(ctx context.Context, in gateway.Charge) (gateway.Outcome, error) {
	request, err := fingerprint(in)
	if err != nil {
		return gateway.Outcome{}, err
	}
	var o gateway.Outcome
	var lost bool
	err = s.write(ctx, func(tx *db.Tx) error {
		card := ""
		m, err := tx.SandboxMethod(ctx, in.MethodToken)
		if err != nil && !db.NotFound(err) {
			return err
		}
		if err == nil && m.Attached {
			card = m.Card
		}
		c, isNew, err := s.insert(ctx, tx, query.InsertSandboxChargeParams{
			Key: in.Key, Request: request, CustomerRef: in.CustomerID, InvoiceNumber: in.InvoiceNumber, Card: card,
			Currency: string(in.Money.Currency), Amount: in.Money.Amount, State: string(gateway.Pending),
		})
		if err != nil {
			return err
		}
		if isNew {
			if c, err = s.try(ctx, tx, c, card); err != nil {
				return err
			}
		}
		faults, err := faultsIn(ctx, tx)
		o, lost = outcomeOf(c), faults.FailAfterEffect || isNew && card == Timeout
		return err
	})
	if err == nil && lost {
		err = errNoAnswer
	}
	if err != nil {
		return gateway.Outcome{}, err
	}
	return o, nil
}

// Checkout implements gateway.Gateway.
func (s *Sandbox) Checkout(ctx context.Context, in gateway.Checkout) (gateway.Outcome, error) {
	request, err := fingerprint(in)
	if err != nil {
		return gateway.Outcome{}, err
	}
	var o gateway.Outcome
	var faults Faults
	err = s.write(ctx, func(tx *db.Tx) error {
		c, _, err := s.insert(ctx, tx, query.InsertSandboxChargeParams{
			Key: in.Key, Request: request, CustomerRef: in.CustomerID, InvoiceNumber: in.InvoiceNumber,
			Currency: string(in.Money.Currency), Amount: in.Money.Amount, State: string(gateway.RequiresAction),
			ReturnUrl: in.ReturnURL, SaveMethod: in.SaveMethod,
		})
		if err != nil {
			return err
		}
		faults, err = faultsIn(ctx, tx)
		o = outcomeOf(c)
		return err
	})
	if err == nil && faults.FailAfterEffect {
		err = errNoAnswer
	}
	if err != nil {
		return gateway.Outcome{}, err
	}
	return o, nil
}

// insert writes a charge, unless there is one with its key: then it returns that one.
func (s *Sandbox) insert(ctx context.Context, tx *db.Tx, row query.InsertSandboxChargeParams) (c query.SandboxCharge, isNew bool, err error) {
	row.ID, row.CreatedAt = tx.NewID("sbc"), tx.Stamp
	n, err := tx.InsertSandboxCharge(ctx, row)
	if err != nil {
		return c, false, fmt.Errorf("sandbox: %w", err)
	}
	if c, err = tx.SandboxChargeByKey(ctx, row.Key); err != nil {
		return c, false, fmt.Errorf("sandbox: %w", err)
	}
	if c.Request != row.Request {
		return c, false, errKeyReused
	}
	return c, n == 1, nil
}

// try does to a charge what its card does.
func (s *Sandbox) try(ctx context.Context, tx *db.Tx, c query.SandboxCharge, card string) (query.SandboxCharge, error) {
	c.Card = card
	switch card {
	case OK, Timeout, RefundFailing:
		return s.succeed(ctx, tx, c, c.Amount)
	case Partial:
		return s.succeed(ctx, tx, c, min(c.Amount, units(10, money.Currency(c.Currency))))
	case Decline:
		return s.failed(ctx, tx, c, "card_declined")
	case Insufficient:
		return s.failed(ctx, tx, c, "insufficient_funds")
	case Auth:
		return s.move(ctx, tx, c, gateway.RequiresAction)
	case Disputed:
		if err := s.later(ctx, tx, c.ID, turnDispute, 3*24*time.Hour); err != nil {
			return c, err
		}
		return s.succeed(ctx, tx, c, c.Amount)
	case Pending:
		return s.pending(ctx, tx, c, turnSucceed)
	case PendingFails, Corrected:
		return s.pending(ctx, tx, c, turnFail)
	default:
		return s.failed(ctx, tx, c, "no_such_method")
	}
}

func (s *Sandbox) pending(ctx context.Context, tx *db.Tx, c query.SandboxCharge, next string) (query.SandboxCharge, error) {
	if err := s.later(ctx, tx, c.ID, next, 24*time.Hour); err != nil {
		return c, err
	}
	return s.move(ctx, tx, c, gateway.Pending)
}

func (s *Sandbox) succeed(ctx context.Context, tx *db.Tx, c query.SandboxCharge, captured int64) (query.SandboxCharge, error) {
	c.Captured, c.Code = captured, ""
	if card, ok := cardOf(c.Card); ok && c.SaveMethod && c.MethodID == nil {
		m, err := attach(ctx, tx, c.CustomerRef, card)
		if err != nil {
			return c, err
		}
		c.MethodID = &m.Token
	}
	return s.move(ctx, tx, c, gateway.Succeeded)
}

func (s *Sandbox) failed(ctx context.Context, tx *db.Tx, c query.SandboxCharge, code string) (query.SandboxCharge, error) {
	c.Code = code
	return s.move(ctx, tx, c, gateway.Failed)
}

// move writes what became of a charge and tells the store of it.
func (s *Sandbox) move(ctx context.Context, tx *db.Tx, c query.SandboxCharge, to gateway.State) (query.SandboxCharge, error) {
	c.State = string(to)
	err := tx.MoveSandboxCharge(ctx, query.MoveSandboxChargeParams{
		ID: c.ID, State: c.State, Card: c.Card, Code: c.Code, Captured: c.Captured, MethodID: c.MethodID,
	})
	if err != nil {
		return c, fmt.Errorf("sandbox: %w", err)
	}
	return c, s.tell(ctx, tx, c.ID, gateway.Event{
		Type: "charge." + c.State, Charge: &gateway.ChargeEvent{Key: c.Key, Outcome: outcomeOf(c)},
	})
}

// details are what people read about why a charge failed.
var details = map[string]string{
	"card_declined":      "The card was declined.",
	"insufficient_funds": "There is not enough money on the account.",
	"no_such_method":     "The payment method does not exist any more.",
	"cancelled":          "The payment was not confirmed.",
	"not_honoured":       "The bank did not pay.",
}

func outcomeOf(c query.SandboxCharge) gateway.Outcome {
	o := gateway.Outcome{State: gateway.State(c.State), Reference: c.ID, Code: c.Code, Detail: details[c.Code]}
	switch o.State {
	case gateway.Succeeded:
		o.Captured = money.New(c.Captured, money.Currency(c.Currency))
		if c.MethodID != nil {
			m := methodOf(*c.MethodID, c.Card, c.CreatedAt.Time())
			o.Method = &m
		}
	case gateway.RequiresAction:
		o.ActionURL = pagePath + c.ID
	case gateway.Failed, gateway.Pending:
	}
	return o
}

// FindCharge implements gateway.Gateway.
func (s *Sandbox) FindCharge(ctx context.Context, key, _ string) (gateway.Outcome, error) {
	var o gateway.Outcome
	err := s.read(ctx, func(tx *db.Tx) error {
		c, err := tx.SandboxChargeByKey(ctx, key)
		if db.NotFound(err) {
			return gateway.ErrNotFound
		}
		o = outcomeOf(c)
		return err
	})
	return o, err
}

// CancelCharge implements gateway.Gateway.
func (s *Sandbox) CancelCharge(ctx context.Context, key, _ string) (gateway.Outcome, error) {
	var o gateway.Outcome
	err := s.write(ctx, func(tx *db.Tx) error {
		c, err := tx.SandboxChargeByKey(ctx, key)
		if db.NotFound(err) {
			return gateway.ErrNotFound
		}
		if err != nil {
			return err
		}
		if c, err = s.giveUp(ctx, tx, c.ID); err != nil {
			return err
		}
		o = outcomeOf(c)
		return nil
	})
	return o, err
}

// giveUp ends a charge that waits for its owner; any other stays what it is.
func (s *Sandbox) giveUp(ctx context.Context, tx *db.Tx, id string) (query.SandboxCharge, error) {
	c, err := tx.LockSandboxCharge(ctx, id)
	if err != nil || c.State != string(gateway.RequiresAction) {
		return c, err
	}
	return s.failed(ctx, tx, c, "cancelled")
}

// turn is what happens to a charge by itself after a while. ID is the charge, or the refund of turnRefundFails.
type turn struct {
	ID string `json:"id"`
	To string `json:"to"`
}

const (
	turnSucceed     = "succeed"
	turnFail        = "fail"
	turnDispute     = "dispute"
	turnRefundFails = "refund_fails"
)

func (s *Sandbox) later(ctx context.Context, tx *db.Tx, id, to string, after time.Duration) error {
	return s.jobs.Enqueue(ctx, tx, job.New{
		Kind: turnJob, DedupKey: id + " " + to, Payload: turn{id, to}, RunAt: tx.Now.Add(after),
	})
}

// turn is the handler of turnJob. Each turn is guarded by the state that it starts from.
func (s *Sandbox) turn(ctx context.Context, j job.Job) error {
	var t turn
	if err := j.Decode(&t); err != nil {
		return err
	}
	switch t.To {
	case turnDispute:
		_, err := s.Dispute(ctx, t.ID)
		if errors.Is(err, errNotDisputable) {
			return nil
		}
		return err
	case turnRefundFails:
		return s.failRefund(ctx, t.ID)
	}
	return s.write(ctx, func(tx *db.Tx) error {
		c, err := tx.LockSandboxCharge(ctx, t.ID)
		if err != nil {
			return err
		}
		switch {
		case t.To == turnFail && c.State == string(gateway.Pending):
			if c.Card == Corrected {
				if err := s.later(ctx, tx, c.ID, turnSucceed, 24*time.Hour); err != nil {
					return err
				}
			}
			_, err = s.failed(ctx, tx, c, "not_honoured")
		case t.To == turnSucceed && c.State != string(gateway.Succeeded):
			_, err = s.succeed(ctx, tx, c, c.Amount)
		}
		return err
	})
}
