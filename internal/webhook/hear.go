package webhook

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
)

// othersMayChange is how long what is remembered of the endpoints serves where other processes share the database: an
// endpoint that one of them adds is told of what happens here after this time at the latest.
const othersMayChange = 2 * time.Second

// wanted is what events an enabled endpoint wants.
type wanted struct {
	endpointID string
	patterns   []string
}

func (w wanted) wants(eventType string) bool {
	return slices.ContainsFunc(w.patterns, func(p string) bool { return matches(p, eventType) })
}

// hear writes down, in the transaction of an event, whom it is to be sent to. An endpoint is not told of what happens to
// itself.
func (s *Service) hear(ctx context.Context, tx *db.Tx, e event.Event) error {
	all, err := s.wanted(ctx, tx)
	if err != nil {
		return err
	}
	heard := false
	for _, w := range all {
		if !w.wants(e.Type) || w.endpointID == e.SubjectID {
			continue
		}
		err := tx.InsertWebhookDelivery(ctx, query.InsertWebhookDeliveryParams{
			ID: tx.NewID("whd"), EndpointID: w.endpointID, EventID: e.ID, EventType: e.Type, Now: int64(tx.Stamp),
		})
		if err != nil {
			return fmt.Errorf("webhook delivery to %s: %w", w.endpointID, err)
		}
		heard = true
	}
	if heard {
		tx.OnCommit(s.look)
	}
	return nil
}

// wanted returns what the endpoints want. Almost always it is remembered. Otherwise tx is asked, so that nobody waits
// for a second connection; but what it sees may never be committed, and is not what is remembered.
func (s *Service) wanted(ctx context.Context, tx *db.Tx) ([]wanted, error) {
	if all := s.remembered.Load(); all != nil {
		return *all, nil
	}
	tx.OnCommit(func() { s.remember(context.WithoutCancel(ctx)) })
	return loadWanted(ctx, tx)
}

func loadWanted(ctx context.Context, tx *db.Tx) ([]wanted, error) {
	rows, err := tx.ListWantedWebhooks(ctx)
	if err != nil {
		return nil, fmt.Errorf("webhook endpoints: %w", err)
	}
	all := make([]wanted, len(rows))
	for i, row := range rows {
		all[i] = wanted{row.ID, strings.Fields(row.EventTypes)}
	}
	return all, nil
}

// remember reads what the endpoints want, outside of any transaction, unless that is known.
func (s *Service) remember(ctx context.Context) {
	if s.remembered.Load() != nil {
		return
	}
	s.mu.Lock()
	changes := s.changes
	s.mu.Unlock()
	var all []wanted
	err := s.db.Read(db.With(ctx, nil), func(tx *db.Tx) (err error) {
		all, err = loadWanted(ctx, tx)
		return err
	})
	if err != nil {
		s.log.Warn("read the webhook endpoints; the next event will", "err", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != changes {
		return
	}
	s.remembered.Store(&all)
	if s.maxAge > 0 {
		time.AfterFunc(s.maxAge, func() { s.remembered.CompareAndSwap(&all, nil) })
	}
}

// forget makes the next event read what the endpoints want.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.remembered.Store(nil)
}
