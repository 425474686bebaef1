package job

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// Next returns the earliest instant after t at which a job or a period of recurring work falls due, and false if there is
// none. Work of [Queue.Lately] has no such instant. It serves a clock that leaps from one to the next.
func (q *Queue) Next(ctx context.Context, t time.Time) (next time.Time, ok bool, err error) {
	err = q.db.Read(ctx, func(tx *db.Tx) error {
		at, err := tx.NextQueuedJob(ctx, clock.FromTime(t))
		if db.NotFound(err) {
			next, ok = time.Time{}, false
			return nil
		}
		next, ok = at.Time(), err == nil
		return err
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next job: %w", err)
	}
	for _, p := range q.periodic {
		if start := t.Truncate(p.length).Add(p.length); !p.newest && (!ok || start.Before(next)) {
			next, ok = start, true
		}
	}
	return next, ok, nil
}

// Idle reports whether no job is running, in this process or another.
func (q *Queue) Idle(ctx context.Context) (idle bool, err error) {
	err = q.db.Read(ctx, func(tx *db.Tx) error {
		running, err := tx.HasRunningJob(ctx)
		idle = !running
		return err
	})
	return idle, err
}

// Pause lets the queue start no more jobs by itself until resume is called, and returns when those that run have ended.
// [Queue.RunDue] works meanwhile.
func (q *Queue) Pause(ctx context.Context) (resume func(), err error) {
	open, err := q.gate.Close(ctx)
	if err != nil {
		return nil, err
	}
	return func() { open(); q.look() }, nil
}
