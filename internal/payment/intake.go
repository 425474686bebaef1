package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

var (
	errForged     = fail.Malformed("WEBHOOK_FORGED", "The signature is not the gateway's.")
	errStale      = fail.Malformed("WEBHOOK_STALE", "The signature is too old, or of the future.")
	errUnreadable = fail.Malformed("WEBHOOK_UNREADABLE", "The message can't be read.")
)

// Taken counts what gateways have told, since the process began.
type Taken struct {
	New      uint64
	Repeated uint64
	Refused  uint64 // forged, stale or unreadable
}

// Taken returns the counts.
func (s *Service) Taken() Taken {
	return Taken{New: s.taken.Load(), Repeated: s.repeats.Load(), Refused: s.refused.Load()}
}

// Intake takes what a gateway tells by webhook: verified, and written once, before it is answered; it is applied
// afterwards. A message that does not come from the gateway, or not at this time, changes nothing.
func (s *Service) Intake(ctx context.Context, name string, header http.Header, body []byte) error {
	g, err := s.gateway(name)
	if err != nil {
		return err
	}
	e, err := g.ParseWebhook(header, body, s.db.Clock().Now())
	if err == nil {
		err = checkID(e)
	}
	if err != nil {
		s.refused.Add(1)
		s.log.Warn("webhook refused", "gateway", name, "bytes", len(body), "err", err)
		switch {
		case errors.Is(err, gateway.ErrForged):
			return errForged.Because(err)
		case errors.Is(err, gateway.ErrStale):
			return errStale.Because(err)
		default:
			return errUnreadable.Because(err)
		}
	}
	isNew, err := s.take(ctx, name, e)
	switch {
	case err != nil:
		return fmt.Errorf("webhook %s of %s: %w", e.ID, name, err)
	case !isNew:
		s.repeats.Add(1)
		s.log.Info("webhook repeated", "gateway", name, "event", e.ID)
	default:
		s.taken.Add(1)
	}
	return nil
}

func checkID(e gateway.Event) error {
	if id, err := text.Required(e.ID, maxReference); err != nil || id != e.ID {
		return fmt.Errorf("the id of the event is %q", e.ID)
	}
	return nil
}

// take writes what a gateway tells, once, to be applied soon.
func (s *Service) take(ctx context.Context, name string, e gateway.Event) (isNew bool, err error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	row := query.InsertGatewayEventParams{Gateway: name, EventID: e.ID, Type: reason(e.Type), Payload: string(payload)}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row.ReceivedAt = tx.Stamp
		inserted, err := tx.InsertGatewayEvent(ctx, row)
		if isNew = inserted == 1; isNew {
			tx.OnCommit(s.wake)
		}
		return err
	})
	return isNew, err
}

const (
	eventPage     = 100
	eventTries    = 20
	firstPostpone = time.Minute
	lastPostpone  = time.Hour
)

var (
	// errNotYet says that an event tells of something whose beginning is not known here yet.
	errNotYet = errors.New("the charge is not known to have succeeded")
	// errWait says that something else must come to its end first.
	errWait = errors.New("something else comes first")
	// errElsewhere says that another process has applied an event meanwhile.
	errElsewhere = errors.New("the event is applied already")
)

// ApplyDue applies what was taken in, each event in a transaction of its own, in whatever order it came, and returns how
// many it has dealt with. One that can't be applied now is put off; it stops no other.
func (s *Service) ApplyDue(ctx context.Context) (n int, err error) {
	for {
		var due []query.GatewayEvent
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			due, err = tx.DueGatewayEvents(ctx, query.DueGatewayEventsParams{Now: tx.Stamp, N: eventPage})
			return err
		})
		if err != nil || len(due) == 0 {
			return n, err
		}
		for _, row := range due {
			if err := s.applyOne(ctx, row); err != nil {
				return n, err
			}
			n++
		}
	}
}

// applyOne applies an event, or puts it off. Its error is the database's.
func (s *Service) applyOne(ctx context.Context, row query.GatewayEvent) error {
	acting := event.WithActor(ctx, event.Actor{Kind: event.Gateway, ID: row.Gateway, Name: row.Gateway})
	err := s.apply(acting, row)
	if errors.Is(err, errNotYet) {
		if s.learn(acting, row) {
			err = s.apply(acting, row)
		}
	}
	if err == nil || errors.Is(err, errElsewhere) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.log.Warn("event of a gateway not applied", "gateway", row.Gateway, "event", row.EventID, "type", row.Type, "err", err)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if row.Attempts+1 >= eventTries {
			return s.giveUpEvent(ctx, tx, row, err)
		}
		wait := lastPostpone
		if row.Attempts < 6 {
			wait = firstPostpone << row.Attempts
		}
		_, perr := tx.PostponeGatewayEvent(ctx, query.PostponeGatewayEventParams{
			Gateway: row.Gateway, EventID: row.EventID, Error: reason(err.Error()), TryAt: clock.FromTime(tx.Now.Add(wait)),
		})
		return perr
	})
}

func (s *Service) giveUpEvent(ctx context.Context, tx *db.Tx, row query.GatewayEvent, why error) error {
	n, err := tx.SettleGatewayEvent(ctx, query.SettleGatewayEventParams{
		Gateway: row.Gateway, EventID: row.EventID, State: "failed", Error: reason(why.Error()), SettledAt: &tx.Stamp,
	})
	if err != nil || n == 0 {
		return err
	}
	return task.Ask(ctx, tx, task.Question{
		Kind: "gateway_event.failed", SubjectID: row.EventID,
		Detail: fmt.Sprintf("%s of %s could not be applied: %s", row.Type, row.Gateway, reason(why.Error())),
	})
}

// apply applies an event and marks it in one transaction, so that it counts once.
func (s *Service) apply(ctx context.Context, row query.GatewayEvent) error {
	var e gateway.Event
	if err := json.Unmarshal([]byte(row.Payload), &e); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		ignored, err := s.applyIn(ctx, tx, row.Gateway, e)
		if err != nil {
			return err
		}
		mark := query.SettleGatewayEventParams{
			Gateway: row.Gateway, EventID: row.EventID, State: "applied", Error: ignored, SettledAt: &tx.Stamp,
		}
		if ignored != "" {
			mark.State = "ignored"
		}
		n, err := tx.SettleGatewayEvent(ctx, mark)
		if err == nil && n == 0 {
			err = errElsewhere
		}
		return err
	})
}

// applyIn does what an event says. ignored is why there was nothing to do with it.
func (s *Service) applyIn(ctx context.Context, tx *db.Tx, name string, e gateway.Event) (ignored string, err error) {
	switch {
	case e.Charge != nil:
		r, found, err := findAttempt(ctx, tx, name, e.Charge.Key, e.Charge.Outcome.Reference)
		if err != nil {
			return "", err
		}
		if !found {
			return s.unplaced(ctx, tx, name, e.Charge.Outcome)
		}
		_, err = s.settleIn(ctx, tx, r.ID, e.Charge.Outcome)
		return "", err
	case e.Refund != nil:
		return s.hearRefund(ctx, tx, name, *e.Refund)
	case e.Dispute != nil:
		return s.hearDispute(ctx, tx, name, *e.Dispute)
	default:
		return "nothing that concerns the store", nil
	}
}

// findAttempt finds the attempt that an event is about.
func findAttempt(ctx context.Context, tx *db.Tx, name, key, reference string) (r query.PaymentAttempt, found bool, err error) {
	if key != "" {
		r, err = tx.AttemptByKey(ctx, key)
		if err == nil && r.Gateway == name {
			return r, true, nil
		}
		if err != nil && !db.NotFound(err) {
			return r, false, fmt.Errorf("payment attempt of %s: %w", reference, err)
		}
	}
	if reference == "" {
		return r, false, nil
	}
	r, err = tx.AttemptByReference(ctx, query.AttemptByReferenceParams{Gateway: name, Reference: &reference})
	if db.NotFound(err) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("payment attempt of %s: %w", reference, err)
	}
	return r, true, nil
}

// unplaced tells staff of money that belongs to nothing that the store knows.
func (s *Service) unplaced(ctx context.Context, tx *db.Tx, name string, o gateway.Outcome) (string, error) {
	const why = "no charge of this store"
	if o.State != gateway.Succeeded {
		return why, nil
	}
	return why, task.Ask(ctx, tx, task.Question{
		Kind: "payment.unplaced", SubjectID: name + " " + o.Reference,
		Detail: fmt.Sprintf("%s took %s as %s, for no charge that this store knows.", name, o.Captured.Format("en"), o.Reference),
	})
}

// learn asks the gateway about the charge that an event presumes, and reports whether it learned of its success.
func (s *Service) learn(ctx context.Context, row query.GatewayEvent) bool {
	var e gateway.Event
	if err := json.Unmarshal([]byte(row.Payload), &e); err != nil {
		return false
	}
	key, reference := "", ""
	switch {
	case e.Refund != nil:
		key, reference = e.Refund.ChargeKey, e.Refund.ChargeReference
	case e.Dispute != nil:
		key, reference = e.Dispute.ChargeKey, e.Dispute.ChargeReference
	}
	var a Attempt
	found := false
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		r, ok, err := findAttempt(ctx, tx, row.Gateway, key, reference)
		a, found = attemptOf(r), ok
		return err
	})
	if err != nil || !found {
		return false
	}
	if a, err = s.asked(ctx, a); err != nil {
		s.log.Warn("ask about a charge", "attempt", a.ID, "err", err)
	}
	return err == nil && a.State == AttemptSucceeded
}

const prunePage = 1000

// PruneEvents forgets what gateways told before a time and what was applied.
func (s *Service) PruneEvents(ctx context.Context, before time.Time) (n int64, err error) {
	for {
		var pruned int64
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			pruned, err = tx.PruneGatewayEvents(ctx, query.PruneGatewayEventsParams{Before: clock.FromTime(before), N: prunePage})
			return err
		})
		if n += pruned; err != nil || pruned < prunePage {
			return n, err
		}
	}
}
