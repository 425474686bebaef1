package webhook

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
)

// Tasks returns the due work of the room: in a test store, whose clock leaps, attempts are made at their time on the way.
// A live store needs none: what [Service.Start] began looks by itself.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{{
		Kind: "webhooks.send", Order: automation.OrderUpkeep,
		Next: func(ctx context.Context, tx *db.Tx, t time.Time) (time.Time, bool, error) {
			if !s.db.Still() {
				return time.Time{}, false, nil
			}
			return NextDue(ctx, tx, t)
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			if !s.db.Still() || customerID != "" {
				return false, nil
			}
			work, err := workAt(ctx, tx, tx.Now)
			return len(work) > 0, err
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			if !s.db.Still() || p.CustomerID() != "" {
				return nil
			}
			n, err := s.RunDue(ctx)
			p.DoneMany(n)
			return err
		},
	}}
}
