package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Tasks is the due work of this room: what gateways have told is applied before anything else, as it may be the money
// that others would ask for.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{{
		Kind: "gateway_events.apply", Order: automation.OrderHolds / 2, Inward: true,
		Next: func(ctx context.Context, tx *db.Tx, t time.Time) (time.Time, bool, error) {
			at, err := tx.NextGatewayEvent(ctx, clock.FromTime(t))
			if db.NotFound(err) {
				return time.Time{}, false, nil
			}
			if err != nil {
				return time.Time{}, false, fmt.Errorf("next event of a gateway: %w", err)
			}
			return at.Time(), true, nil
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			if customerID != "" {
				return false, nil // whose events they are shows only when they are applied
			}
			due, err := tx.DueGatewayEvents(ctx, query.DueGatewayEventsParams{Now: tx.Stamp, N: 1})
			return len(due) > 0, err
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			n, err := s.ApplyDue(ctx)
			p.DoneMany(n)
			return err
		},
	}}
}
