package registrar

import (
	"context"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// Pace keeps commands as far apart as a registrar wants them. It is safe for concurrent use; nil keeps nothing apart.
type Pace struct {
	gap time.Duration

	mu   sync.Mutex
	next time.Time // nothing before
}

// NewPace returns a pace of so many commands a second; 0: as many as there are.
func NewPace(perSecond float64) *Pace {
	if perSecond <= 0 {
		return nil
	}
	return &Pace{gap: time.Duration(float64(time.Second) / perSecond)}
}

// Wait takes the next turn and waits for it. Who would have to wait longer than ctx lasts takes none, so that many who can't
// wait, such as searches, never stand before those who can. An error is that of ctx, and a turn that was taken is lost.
func (p *Pace) Wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	now := clock.System().Now() // the peer's seconds are the machine's, whatever day the store plays
	patience := time.Duration(-1)
	if deadline, ok := ctx.Deadline(); ok {
		patience = max(0, deadline.Sub(now))
	}
	wait, ok := p.turn(now, patience)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !ok:
		return context.DeadlineExceeded
	case wait <= 0:
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// turn gives out the next turn and says how far away it is; ok is false if that is farther than patience, which is endless
// below zero.
func (p *Pace) turn(now time.Time, patience time.Duration) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.Before(now) {
		p.next = now
	}
	wait = p.next.Sub(now)
	if patience >= 0 && wait > patience {
		return wait, false
	}
	p.next = p.next.Add(p.gap)
	return wait, true
}
