package payment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/payment/gateway"
)

const (
	// heardFact is the name of the fact up to when the events of a gateway were asked for; the gateway's name follows.
	heardFact = "gateway_heard "
	// overlap is asked for again each time: a gateway may list an event later than it says that it happened.
	overlap = time.Hour
	// longestLog is how far back the first question goes. Gateways keep what they tell for some weeks.
	longestLog = 30 * 24 * time.Hour
)

// CatchUp asks the gateways what they have told since it asked before, and takes in what no webhook has brought: a charge
// that was corrected, a refund on the gateway's pages, a dispute. It is for webhooks that got lost; what has come
// already counts once. A gateway that is silent keeps no other from being asked.
func (s *Service) CatchUp(ctx context.Context) error {
	if err := outside(ctx); err != nil {
		return err
	}
	var silent []error
	for _, name := range slices.Sorted(maps.Keys(s.gateways)) {
		if err := s.catchUp(ctx, name); err != nil {
			silent = append(silent, fmt.Errorf("events of %s: %w", name, err))
		}
	}
	return errors.Join(silent...)
}

func (s *Service) catchUp(ctx context.Context, name string) error {
	g, err := s.gateway(name)
	if err != nil {
		return err
	}
	now := s.db.Clock().Now()
	since, err := s.heard(ctx, name, now)
	if err != nil {
		return err
	}
	for cursor, more := "", true; more; more = cursor != "" {
		var events []gateway.Event
		if events, cursor, err = s.page(ctx, g, since, cursor); err != nil {
			return err
		}
		if err := s.takeAll(ctx, name, events); err != nil {
			return err
		}
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return tx.NoteHeard(ctx, query.NoteHeardParams{Name: heardFact + name, Value: now.Format(time.RFC3339)})
	})
}

// takeAll takes a page of events in at once: most of them have come by webhook before.
func (s *Service) takeAll(ctx context.Context, name string, events []gateway.Event) error {
	for _, e := range events {
		if err := checkID(e); err != nil {
			return err
		}
	}
	var missed []gateway.Event
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		missed = nil
		for _, e := range events {
			isNew, err := s.take(db.With(ctx, tx), name, e)
			if err != nil {
				return err
			}
			if isNew {
				missed = append(missed, e)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range missed {
		s.log.Warn("a webhook has not come; its event was asked for", "gateway", name, "event", e.ID, "type", e.Type)
	}
	return nil
}

func (s *Service) page(ctx context.Context, g gateway.Gateway, since time.Time, cursor string) ([]gateway.Event, string, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return g.EventsSince(ctx, since, cursor)
}

// heard is from when on a gateway's events may not be known.
func (s *Service) heard(ctx context.Context, name string, now time.Time) (since time.Time, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		value, err := tx.StoreFact(ctx, heardFact+name)
		if db.NotFound(err) {
			since = now.Add(-longestLog)
			return nil
		}
		if err != nil {
			return err
		}
		since, err = time.Parse(time.RFC3339, value)
		since = since.Add(-overlap)
		return err
	})
	return since, err
}

// askDisputes asks the gateways how the open disputes stand: a bank takes longer to decide than gateways keep their
// events.
func (s *Service) askDisputes(ctx context.Context) error {
	for after := ""; ; {
		var open []query.Dispute
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			open, err = tx.OpenDisputes(ctx, query.OpenDisputesParams{After: after, N: sweepPage})
			return err
		})
		if err != nil {
			return fmt.Errorf("open disputes: %w", err)
		}
		for _, d := range open {
			if err := s.askDispute(ctx, d); err != nil {
				s.log.Warn("ask about a dispute", "dispute", d.ID, "gateway", d.Gateway, "err", err)
			}
		}
		if len(open) < sweepPage || ctx.Err() != nil {
			return ctx.Err()
		}
		after = open[len(open)-1].ID
	}
}

func (s *Service) askDispute(ctx context.Context, d query.Dispute) error {
	g, err := s.gateway(d.Gateway)
	if err != nil {
		return err
	}
	calling, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	e, err := g.FindDispute(calling, d.Reference)
	if err != nil || e.State == gateway.DisputeOpen {
		return err
	}
	acting := event.WithActor(ctx, event.Actor{Kind: event.Gateway, ID: d.Gateway, Name: d.Gateway})
	return s.db.Write(acting, func(tx *db.Tx) error {
		_, err := s.hearDispute(acting, tx, d.Gateway, e)
		return err
	})
}
