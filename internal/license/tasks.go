package license

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// The kinds of this room's tasks.
const (
	TaskWriteDown = "licenses.write_down"
	TaskAnomalies = "licenses.anomalies"
)

// Tasks are what runs by itself of licenses.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{s.writeDownTask(), s.anomaliesTask()}
}

// writeDownTask is [Service.WriteDown] at the instants at which time changes a license.
func (s *Service) writeDownTask() automation.Task {
	return automation.Task{
		Kind: TaskWriteDown, Order: automation.OrderUpkeep,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			at, err := tx.NextLicenseDue(ctx, int64(clock.FromTime(after)))
			if err != nil {
				return time.Time{}, false, fmt.Errorf("next license: %w", err)
			}
			return clock.Instant(at).Time(), at != 0, nil
		},
		Due: func(ctx context.Context, tx *db.Tx, _ string) (bool, error) {
			return tx.AnyLicenseDue(ctx, int64(tx.Stamp))
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			n, err := inBatches(ctx, settleSize, s.settleBatch)
			p.DoneMany(n)
			return err
		},
	}
}

// anomaliesTask is [Service.ReportAnomalies] once a day, on days with something to report. Which day was looked at is
// known to the process alone: nothing is told twice within a day, however often it is looked for.
func (s *Service) anomaliesTask() automation.Task {
	const day = 24 * time.Hour
	var mu sync.Mutex
	var looked atomic.Pointer[time.Time]
	open := func(now time.Time) bool { at := looked.Load(); return at == nil || at.Before(now.Truncate(day)) }
	return automation.Task{
		Kind: TaskAnomalies, Order: automation.OrderUpkeep,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			next := after.Truncate(day).Add(day)
			trouble, err := tx.AnyTroubleSince(ctx, clock.FromTime(next.Add(-anomalyWindow)))
			if err != nil {
				return time.Time{}, false, fmt.Errorf("refused attempts and checks: %w", err)
			}
			return next, trouble, nil
		},
		Due: func(_ context.Context, tx *db.Tx, _ string) (bool, error) { return open(tx.Now), nil },
		Run: func(ctx context.Context, p *automation.Pass) error {
			mu.Lock()
			defer mu.Unlock()
			now := s.db.Clock().Now()
			if !open(now) {
				return nil
			}
			n, err := s.reportAnomalies(ctx)
			p.DoneMany(n)
			if err == nil {
				looked.Store(new(now.Truncate(day)))
			}
			return err
		},
	}
}
