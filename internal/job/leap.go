package job

import (
	"context"
	"fmt"
	"sync"
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
	idle := q.gate.close()
	resume = sync.OnceFunc(func() {
		q.gate.open()
		q.look()
	})
	select {
	case <-idle:
		return resume, nil
	case <-ctx.Done():
		resume()
		return nil, ctx.Err()
	}
}

// gate keeps the loop of a queue out while it is closed.
type gate struct {
	mu     sync.Mutex
	closed int // how many have closed it
	inside int
	left   chan struct{} // closed when nobody is inside any more; nil: nobody waits for that
}

// enter reports whether the gate is open. If so, the caller leaves in the end.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed > 0 {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.left != nil {
		close(g.left)
		g.left = nil
	}
}

// close closes the gate and returns a channel that is closed when nobody is inside.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed++
	if g.inside == 0 {
		empty := make(chan struct{})
		close(empty)
		return empty
	}
	if g.left == nil {
		g.left = make(chan struct{})
	}
	return g.left
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed--
}
