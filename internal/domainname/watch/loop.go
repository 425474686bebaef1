package watch

import (
	"context"
	"sync"
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

// loop begins a run for each registrar that is not being read. One that takes its time holds up no other one.
func (s *Service) loop(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	var (
		group sync.WaitGroup
		busy  sync.Map
	)
	defer group.Wait()
	more := make(chan struct{}, 1) // a run is over that found something to read
	for ctx.Err() == nil {
		wait := pollEvery
		all, size, err := s.syncable(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("read registries", "err", err)
			wait = errPause
		}
		for _, r := range all {
			if _, is := busy.LoadOrStore(r.ID, true); is {
				continue
			}
			group.Go(func() {
				n, err := s.runDue(ctx, r, size)
				if err != nil && ctx.Err() == nil {
					s.log.Error("read registries", "err", err)
					select {
					case <-time.After(errPause):
					case <-ctx.Done():
					}
				}
				busy.Delete(r.ID)
				if n > 0 {
					select {
					case more <- struct{}{}:
					default: // somebody has said so
					}
				}
			})
		}
		select {
		case <-time.After(wait):
		case <-more:
		case <-ctx.Done():
		}
	}
}
