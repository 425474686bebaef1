package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/text"
)

const (
	firstAsk   = time.Minute
	longestAsk = time.Hour     // between two questions about an outcome that nobody knows
	pendingAsk = 6 * time.Hour // about one that the gateway itself waits for
	// patience is how long an owner has to confirm, and how long a request that never arrived is repeated. It is less
	// than a day: gateways forget keys after a day, and the next day's try wants to find the way free.
	patience  = 23 * time.Hour
	sweepPage = 500
)

// inquiry is the payload of askJob. Turn counts the questions about one attempt; once is not followed by another.
type inquiry struct {
	AttemptID string `json:"attempt_id"`
	Turn      int    `json:"turn"`
	Once      string `json:"once,omitzero"`
}

func (s *Service) askLater(ctx context.Context, tx *db.Tx, q inquiry, after time.Duration) error {
	return s.jobs.Enqueue(ctx, tx, job.New{
		Kind: askJob, DedupKey: fmt.Sprintf("%s %d%s", q.AttemptID, q.Turn, q.Once), Payload: q, RunAt: tx.Now.Add(after),
	})
}

// ask is the handler of askJob: it asks the gateway about an attempt and, as long as its outcome is open, asks again.
func (s *Service) ask(ctx context.Context, j job.Job) error {
	var q inquiry
	if err := j.Decode(&q); err != nil {
		return err
	}
	a, err := s.Refresh(ctx, q.AttemptID)
	if err != nil {
		s.log.Warn("ask about a charge", "attempt", q.AttemptID, "err", err)
		if a, err = s.attempt(ctx, q.AttemptID); err != nil {
			return err
		}
	}
	if !a.InFlight() || q.Once != "" {
		return nil
	}
	q.Turn++
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.askLater(ctx, tx, q, pause(a, q.Turn, tx.Now)) })
}

// pause is how long to wait before asking about an attempt once more.
func pause(a Attempt, turn int, now time.Time) time.Duration {
	switch a.State {
	case AttemptPending:
		return pendingAsk
	case AttemptRequiresAction:
		return max(longestAsk, a.CreatedAt.Add(patience).Sub(now))
	case AttemptCreated, AttemptUnknown, AttemptSucceeded, AttemptFailed:
	}
	if turn > 6 {
		return longestAsk
	}
	return min(longestAsk, firstAsk<<turn)
}

func (s *Service) attempt(ctx context.Context, id string) (Attempt, error) {
	var a Attempt
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := attemptRow(ctx, tx, id)
		a = attemptOf(r)
		return err
	})
	return a, err
}

// Refresh asks the gateway about an attempt whose outcome is open, and settles it by the answer. It must not run inside
// a transaction.
func (s *Service) Refresh(ctx context.Context, attemptID string) (Attempt, error) {
	if err := outside(ctx); err != nil {
		return Attempt{}, err
	}
	a, err := s.attempt(ctx, attemptID)
	if err != nil || !a.InFlight() {
		return a, err
	}
	held, err := s.recovery.Held(ctx)
	switch {
	case err != nil:
		return a, err
	case held:
		return s.find(ctx, a)
	case a.State == AttemptCreated:
		return s.send(ctx, a.ID)
	}
	return s.asked(ctx, a)
}

// asked settles an attempt that was handed over by what the gateway knows of it.
func (s *Service) asked(ctx context.Context, a Attempt) (Attempt, error) {
	g, err := s.gateway(a.Gateway)
	if err != nil {
		return a, err
	}
	key, err := s.keyOf(ctx, a.ID)
	if err != nil {
		return a, err
	}
	calling, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	o, err := g.FindCharge(calling, key, a.Reference)
	late := s.db.Clock().Now().Sub(a.CreatedAt) >= patience
	switch {
	case err == nil && o.State == gateway.RequiresAction && late:
		if o, err = g.CancelCharge(calling, key, a.Reference); err != nil {
			return a, fmt.Errorf("give up payment attempt %s: %w", a.ID, silent(err))
		}
	case errors.Is(err, gateway.ErrNotFound) && a.State == AttemptUnknown:
		return s.again(ctx, a, late)
	case err != nil:
		return a, fmt.Errorf("ask about payment attempt %s: %w", a.ID, silent(err))
	}
	return s.settle(ctx, a.ID, o)
}

// silent says for the person who waits that a gateway gave no answer.
func silent(err error) error {
	return fail.Unavailable("The payment gateway does not answer. What became of the payment will show by itself.", err)
}

// again is for an attempt of which the gateway has never heard: it is asked for once more, with the same key, if that is
// of use, and has failed otherwise. Should the first request arrive after all, the webhook that tells of it corrects that.
func (s *Service) again(ctx context.Context, a Attempt, late bool) (Attempt, error) {
	if err := s.recovery.Refuse(ctx); err != nil {
		return a, err
	}
	var in gateway.Charge
	repeat := false
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		repeat = false
		r, inv, err := lockAttempt(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if a = attemptOf(r); a.State != AttemptUnknown {
			return nil
		}
		disputed, err := isDisputed(ctx, tx, inv.ID)
		if err != nil {
			return err
		}
		if a.MethodID != "" && !late && !disputed && inv.Status == billing.Open && inv.Balance().Amount >= a.Money.Amount {
			repeat = true
			in, err = chargeOf(ctx, tx, inv, r)
			return err
		}
		r, err = move(ctx, tx, r, neverArrived, gateway.Outcome{Code: codeNeverArrived, Detail: "The gateway got no request."})
		if err != nil {
			return err
		}
		if err := s.failed(ctx, tx, inv, r); err != nil {
			return err
		}
		a = attemptOf(r)
		return nil
	})
	if err != nil || !repeat {
		return a, err
	}
	o, err := s.callCharge(ctx, a.Gateway, in)
	if err != nil {
		return a, fmt.Errorf("charge again by payment attempt %s: %w", a.ID, silent(err))
	}
	return s.settle(ctx, a.ID, o)
}

func (s *Service) keyOf(ctx context.Context, attemptID string) (key string, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := attemptRow(ctx, tx, attemptID)
		key = r.IdempotencyKey
		return err
	})
	return key, err
}

// Sweep has gateways asked about whatever has been open for long: attempts and refunds, should their own questions have
// got lost, and disputes.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.askAttempts(ctx), s.askRefunds(ctx), s.askDisputes(ctx))
}

// askAttempts has every attempt asked about that is older than a day.
func (s *Service) askAttempts(ctx context.Context) error {
	return s.askOld(ctx, func(tx *db.Tx, before clock.Instant, after string) ([]string, error) {
		return tx.OldAttempts(ctx, query.OldAttemptsParams{Before: before, After: after, N: sweepPage})
	}, func(tx *db.Tx, id, once string) error {
		return s.askLater(ctx, tx, inquiry{AttemptID: id, Once: once}, 0)
	})
}

// askRefunds is askAttempts for refunds.
func (s *Service) askRefunds(ctx context.Context) error {
	return s.askOld(ctx, func(tx *db.Tx, before clock.Instant, after string) ([]string, error) {
		return tx.OldRefunds(ctx, query.OldRefundsParams{Before: before, After: after, N: sweepPage})
	}, func(tx *db.Tx, id, once string) error {
		return s.refundLater(ctx, tx, errand{RefundID: id, Once: once}, 0)
	})
}

// askOld has ask called once a day for whatever is open for longer than that. old finds a page of it.
func (s *Service) askOld(
	ctx context.Context, old func(tx *db.Tx, before clock.Instant, after string) ([]string, error), ask func(tx *db.Tx, id, once string) error,
) error {
	for after := ""; ; {
		var ids []string
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			if ids, err = old(tx, clock.FromTime(tx.Now.Add(-24*time.Hour)), after); err != nil {
				return fmt.Errorf("what is open for long: %w", err)
			}
			for _, id := range ids {
				if err := ask(tx, id, " on "+tx.Now.Format(time.DateOnly)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ids) < sweepPage {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// Returned is for a customer who comes back from a gateway's page: whatever the address says, the gateway is asked about
// the newest attempt of the invoice. Asking again changes nothing.
func (s *Service) Returned(ctx context.Context, invoiceID string) (Attempt, error) {
	if !text.IsID(invoiceID) {
		return Attempt{}, errAttemptNotFound
	}
	var id string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := tx.NewestAttempt(ctx, invoiceID)
		if db.NotFound(err) {
			return errAttemptNotFound
		}
		id = r.ID
		return err
	})
	if err != nil {
		return Attempt{}, err
	}
	return s.Refresh(ctx, id)
}
