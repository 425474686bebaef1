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

// Wait takes the next turn and waits for it. An error is that of ctx, and the turn is lost.
func (p *Pace) Wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	wait := p.turn(clock.System().Now()) // the peer's seconds are the machine's, whatever day the store plays
	if wait <= 0 {
		return ctx.Err()
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

// turn gives out the next turn and says how far away it is.
func (p *Pace) turn(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.gap)
	return wait
}
