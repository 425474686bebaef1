package dispatch

import (
	"context"

	"github.com/keystead/keystead/internal/registrar"
)

// gate lets through as many commands to a registrar as it can bear at once. How many it can bear in a second the adapters
// know, whoever asks them.
type gate chan struct{}

// gate returns the gate of a registrar.
func (s *Service) gate(registrarID string, c registrar.Capabilities) gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gates[registrarID]
	if parallel := max(c.Parallel, 1); cap(g) != parallel {
		g = make(gate, parallel)
		s.gates[registrarID] = g
	}
	return g
}

// pass waits for its turn, and returns what gives it back.
func (g gate) pass(ctx context.Context) (leave func(), err error) {
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
