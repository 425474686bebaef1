package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/registrar"
)

// gate lets through as many commands to a registrar as it can bear, at once and per second.
type gate struct {
	slots chan struct{}
	gap   time.Duration

	mu   sync.Mutex
	next time.Time // when the next one may leave
}

// gate returns the gate of a registrar.
func (s *Service) gate(registrarID string, c registrar.Capabilities) *gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gates[registrarID]
	parallel := max(c.Parallel, 1)
	if g == nil || cap(g.slots) != parallel {
		g = &gate{slots: make(chan struct{}, parallel)}
		s.gates[registrarID] = g
	}
	if c.PerSecond > 0 {
		g.gap = time.Duration(float64(time.Second) / c.PerSecond)
	}
	return g
}

// pass waits for its turn, and returns what gives it back.
func (g *gate) pass(ctx context.Context) (leave func(), err error) {
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if wait := g.turn(); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			<-g.slots
			return nil, ctx.Err()
		}
	}
	return func() { <-g.slots }, nil
}

// turn takes the next instant at which a command may leave, and returns how long that is to wait for.
func (g *gate) turn() time.Duration {
	if g.gap == 0 {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.next.Before(now) {
		g.next = now
	}
	wait := g.next.Sub(now)
	g.next = g.next.Add(g.gap)
	return wait
}
