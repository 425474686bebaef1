package dispatch

import (
	"context"
	"sync"
)

// shifts are the turns of the loop. Whoever moves a test store's clock waits for them: what a worker of the loop has begun is
// under its lease, and so isn't found as due by anybody else.
type shifts struct {
	mu      sync.Mutex
	running int
	looked  int           // at so many domains, in turns that are over and that nobody has waited for
	idle    chan struct{} // closed when none runs any more; nil while none does
}

// begin notes that a turn begins, and returns what is to be called at its end with the number of domains it looked at.
func (s *shifts) begin() (end func(looked int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == 0 {
		s.idle = make(chan struct{})
	}
	s.running++
	return func(looked int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.looked += looked
		if s.running--; s.running == 0 {
			close(s.idle)
			s.idle = nil
		}
	}
}

// stirred reports whether there is something to wait for, or something was done that nobody has waited for: what comes of
// it may be due.
func (s *shifts) stirred() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running > 0 || s.looked > 0
}

// wait returns once no turn runs, and at how many domains those have looked that nobody has waited for before.
func (s *shifts) wait(ctx context.Context) (looked int, err error) {
	for {
		s.mu.Lock()
		idle := s.idle
		if idle == nil {
			looked, s.looked = s.looked, 0
			s.mu.Unlock()
			return looked, nil
		}
		s.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
