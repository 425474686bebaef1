package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/recovery"
)

// UseRecovery has gateways asked for nothing while the store is in recovery. It belongs to building the program.
func (s *Service) UseRecovery(r *recovery.Service) { s.recovery = r }

// mayAsk fails where a gateway can't be asked for something: inside a transaction, and in a store in recovery.
func (s *Service) mayAsk(ctx context.Context) error {
	if err := outside(ctx); err != nil {
		return err
	}
	return s.recovery.Refuse(ctx)
}

// held is a gateway that does nothing for a store in recovery. Those who know that wait before they come to it; it is
// for the rest. What it knows and what it tells goes through.
type held struct {
	gateway.Gateway
	recovery *recovery.Service
}

// Charge implements gateway.Gateway.
func (h *held) Charge(ctx context.Context, in gateway.Charge) (gateway.Outcome, error) {
	if err := h.recovery.Refuse(ctx); err != nil {
		return gateway.Outcome{}, err
	}
	return h.Gateway.Charge(ctx, in)
}

// Checkout implements gateway.Gateway.
func (h *held) Checkout(ctx context.Context, in gateway.Checkout) (gateway.Outcome, error) {
	if err := h.recovery.Refuse(ctx); err != nil {
		return gateway.Outcome{}, err
	}
	return h.Gateway.Checkout(ctx, in)
}

// CancelCharge implements gateway.Gateway.
func (h *held) CancelCharge(ctx context.Context, key, reference string) (gateway.Outcome, error) {
	if err := h.recovery.Refuse(ctx); err != nil {
		return gateway.Outcome{}, err
	}
	return h.Gateway.CancelCharge(ctx, key, reference)
}

// Refund implements gateway.Gateway.
func (h *held) Refund(ctx context.Context, in gateway.Refund) (gateway.RefundOutcome, error) {
	if err := h.recovery.Refuse(ctx); err != nil {
		return gateway.RefundOutcome{}, err
	}
	return h.Gateway.Refund(ctx, in)
}

// AttachMethod implements gateway.Gateway.
func (h *held) AttachMethod(ctx context.Context, customerID, token string) (gateway.Method, error) {
	if err := h.recovery.Refuse(ctx); err != nil {
		return gateway.Method{}, err
	}
	return h.Gateway.AttachMethod(ctx, customerID, token)
}

// DetachMethod implements gateway.Gateway.
func (h *held) DetachMethod(ctx context.Context, token string) error {
	if err := h.recovery.Refuse(ctx); err != nil {
		return err
	}
	return h.Gateway.DetachMethod(ctx, token)
}

// chargeOnce asks the gateway for a charge. For a while after a store was restored the gateway is asked first whether it
// has heard of it: what the original of the store asked for longer ago than the gateway compares keys would be taken
// twice.
func (s *Service) chargeOnce(ctx context.Context, a Attempt, in gateway.Charge) (gateway.Outcome, error) {
	doubtful, err := s.recovery.Doubtful(ctx)
	if err != nil {
		return gateway.Outcome{}, err
	}
	if doubtful {
		o, err := s.callFind(ctx, a, in.Key)
		if !errors.Is(err, gateway.ErrNotFound) {
			return o, err
		}
	}
	return s.callCharge(ctx, a.Gateway, in)
}

func (s *Service) callFind(ctx context.Context, a Attempt, key string) (gateway.Outcome, error) {
	g, err := s.gateway(a.Gateway)
	if err != nil {
		return gateway.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return g.FindCharge(ctx, key, a.Reference)
}

// find settles an attempt by what its gateway knows of it, if it knows something, and asks for nothing.
func (s *Service) find(ctx context.Context, a Attempt) (Attempt, error) {
	key, err := s.keyOf(ctx, a.ID)
	if err != nil {
		return a, err
	}
	o, err := s.callFind(ctx, a, key)
	if errors.Is(err, gateway.ErrNotFound) {
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("ask about payment attempt %s: %w", a.ID, silent(err))
	}
	return s.settle(ctx, a.ID, o)
}

// FindAll asks the gateways about every attempt whose outcome is not known, those included that were not handed over yet:
// the original of a restored store may have done that since. It asks for nothing. Asking again changes nothing.
func (s *Service) FindAll(ctx context.Context) (recovery.Asked, error) {
	var asked recovery.Asked
	for after := ""; ; {
		var open []query.PaymentAttempt
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			open, err = tx.OpenAttempts(ctx, query.OpenAttemptsParams{After: after, N: sweepPage})
			return err
		})
		if err != nil {
			return asked, fmt.Errorf("payment attempts whose outcome is not known: %w", err)
		}
		for _, r := range open {
			a, err := s.find(ctx, attemptOf(r))
			switch {
			case ctx.Err() != nil:
				return asked, ctx.Err()
			case err != nil:
				asked.Silent++
				s.log.Warn("ask about a charge", "attempt", r.ID, "err", err)
			case a.InFlight():
				asked.Open++
			default:
				asked.Settled++
			}
		}
		if len(open) < sweepPage {
			return asked, nil
		}
		after = open[len(open)-1].ID
	}
}
