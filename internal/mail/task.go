package mail

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// Tasks returns the due work of the room: in a test store, whose clock leaps, mails are sent at their time on the way. A
// live store needs none: what [Service.Start] began looks by itself.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{{
		Kind: "mails.send", Order: automation.OrderUpkeep,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			if !s.db.Still() {
				return time.Time{}, false, nil
			}
			from := clock.FromTime(after)
			due, err := tx.NextMailDue(ctx, &from)
			if db.NotFound(err) || err == nil && due == nil {
				return time.Time{}, false, nil
			}
			if err != nil {
				return time.Time{}, false, err
			}
			return due.Time(), true, nil
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			if !s.db.Still() || customerID != "" {
				return false, nil
			}
			return s.anyToSend(ctx, tx)
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			if !s.db.Still() || p.CustomerID() != "" {
				return nil
			}
			n, err := s.SendDue(ctx)
			p.DoneMany(n)
			return err
		},
	}}
}
