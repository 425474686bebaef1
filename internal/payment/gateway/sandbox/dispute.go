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
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotDisputable = fail.Conflict("SANDBOX_NOT_DISPUTABLE", "The charge took no money, gave it back, or is disputed already.")
	errNoDispute     = fail.NotFound("SANDBOX_DISPUTE_NOT_FOUND", "The sandbox knows of no such dispute.")
)

// Dispute has the customer's bank take back what is left of a charge.
func (s *Sandbox) Dispute(ctx context.Context, reference string) (id string, err error) {
	if !text.IsID(reference) {
		return "", errNoCharge
	}
	err = s.write(ctx, func(tx *db.Tx) error {
		c, err := tx.LockSandboxCharge(ctx, reference)
		if db.NotFound(err) {
			return errNoCharge
		}
		if err != nil {
			return err
		}
		left, err := leftOf(ctx, tx, c)
		if err != nil {
			return err
		}
		if left <= 0 {
			return errNotDisputable
		}
		row := query.InsertSandboxDisputeParams{
			ID: tx.NewID("sbd"), ChargeID: c.ID, Currency: c.Currency, Amount: left, Reason: "fraudulent", CreatedAt: tx.Stamp,
		}
		if err := tx.InsertSandboxDispute(ctx, row); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		id = row.ID
		return s.tellDispute(ctx, tx, c, id)
	})
	return id, err
}

// CloseDispute has the bank decide: won for the store, or lost.
func (s *Sandbox) CloseDispute(ctx context.Context, id, outcome string) error {
	if outcome != string(gateway.DisputeWon) && outcome != string(gateway.DisputeLost) {
		return fail.Invalid("outcome", "is not won or lost")
	}
	if !text.IsID(id) {
		return errNoDispute
	}
	return s.write(ctx, func(tx *db.Tx) error {
		d, err := tx.SandboxDispute(ctx, id)
		if db.NotFound(err) {
			return errNoDispute
		}
		if err != nil {
			return err
		}
		c, err := tx.LockSandboxCharge(ctx, d.ChargeID)
		if err != nil {
			return err
		}
		closed, err := tx.CloseSandboxDispute(ctx, query.CloseSandboxDisputeParams{ID: id, Status: outcome})
		if err != nil {
			return err
		}
		if closed == 0 {
			return fail.Conflict("SANDBOX_DISPUTE_CLOSED", "The dispute is closed already.")
		}
		return s.tellDispute(ctx, tx, c, id)
	})
}

func (s *Sandbox) tellDispute(ctx context.Context, tx *db.Tx, c query.SandboxCharge, id string) error {
	d, err := tx.SandboxDispute(ctx, id)
	if err != nil {
		return err
	}
	e := disputeOf(d, c)
	return s.tell(ctx, tx, c.ID, gateway.Event{Type: "dispute." + d.Status, Dispute: &e})
}

// timeToRespond is how long a store can answer a dispute, as with many banks.
const timeToRespond = 7 * 24 * time.Hour

func disputeOf(d query.SandboxDispute, c query.SandboxCharge) gateway.DisputeEvent {
	return gateway.DisputeEvent{
		Reference: d.ID, ChargeKey: c.Key, ChargeReference: c.ID, Money: money.New(d.Amount, money.Currency(d.Currency)),
		State: gateway.DisputeState(d.Status), Reason: d.Reason, RespondBy: d.CreatedAt.Time().Add(timeToRespond),
	}
}

// FindDispute implements gateway.Gateway.
func (s *Sandbox) FindDispute(ctx context.Context, reference string) (gateway.DisputeEvent, error) {
	var e gateway.DisputeEvent
	err := s.read(ctx, func(tx *db.Tx) error {
		d, err := tx.SandboxDispute(ctx, reference)
		if db.NotFound(err) {
			return gateway.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		c, err := tx.SandboxCharge(ctx, d.ChargeID)
		if err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		e = disputeOf(d, c)
		return nil
	})
	return e, err
}
