package watch

import (
	"context"
	"time"
)

const (
	pollEvery = 15 * time.Second // how often the loop looks for domains that are to be read
	errPause  = time.Minute      // how long it waits instead when the database did not answer
)

// Start begins to read in the background and returns at once. It goes on until [Service.Stop] is called or ctx ends. What
// runs already goes on.
func (s *Service) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil || s.db.Still() {
		// The clock of a test store leaps: its automation reads on the way.
		return
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.stopped = make(chan struct{})
	go s.loop(ctx, s.stopped)
}

// Stop begins no more readings and waits for those that run. Stopping what does not run does nothing.
func (s *Service) Stop() {
	s.mu.Lock()
	cancel, stopped := s.cancel, s.stopped
	s.cancel = nil
	s.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	<-stopped
}

func (s *Service) loop(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	for ctx.Err() == nil {
		n, err := s.RunDue(ctx)
		wait := pollEvery
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Error("read registries", "err", err)
			wait = errPause
		case n > 0:
			continue
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}
