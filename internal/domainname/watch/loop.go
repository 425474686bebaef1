package watch

import (
	"context"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/background"
)

const (
	pollEvery = 15 * time.Second // how often the loop looks for domains that are to be read
	errPause  = time.Minute      // how long it waits instead when the database did not answer
)

// Start begins to read in the background and returns at once. It goes on until [Service.Stop] is called or ctx ends. What
// runs already goes on.
func (s *Service) Start(ctx context.Context) {
	if s.db.Still() {
		// The clock of a test store leaps: its automation reads on the way.
		return
	}
	s.background.Start(ctx, s.loop)
}

// Stop begins no more readings and waits for those that run. Stopping what does not run does nothing.
func (s *Service) Stop() { s.background.Stop() }

// loop begins a run for each registrar that is not being read. One that takes its time holds up no other one.
func (s *Service) loop(ctx context.Context) {
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
					background.Pause(ctx, errPause, nil)
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
		background.Pause(ctx, wait, more)
	}
}
