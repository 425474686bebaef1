package automation

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/background"
)

const (
	lookEvery = time.Minute      // how often a running store looks for what has fallen due
	stopGrace = 20 * time.Second // how long Stop waits for a pass to come to its end before it cuts it off
)

// Look makes a running loop look for due work now: for whoever has brought some about.
func (s *Service) Look() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Start begins to run tasks in the background and returns at once. It runs until [Service.Stop] is called or ctx ends.
// Jobs are left to their queue. A service that runs already goes on.
func (s *Service) Start(ctx context.Context) { s.background.Start(ctx, s.loop) }

// Stop ends what Start began, after the item that is being done. Stopping a service that does not run does nothing.
func (s *Service) Stop() {
	if !s.background.StopWithin(stopGrace) {
		s.log.Warn("the automation is cut off: an item takes too long")
	}
}

func (s *Service) loop(ctx context.Context) {
	called := false
	for ctx.Err() == nil {
		if err := s.turnOf(ctx, called); err != nil && ctx.Err() == nil {
			s.log.Error("look for due work", "err", err)
		}
		called = background.Pause(ctx, lookEvery, s.wake)
	}
}

// turnOf runs the tasks. While somebody else does that it comes back later, but whoever was called waits for them: they
// may have passed by what it was called for.
func (s *Service) turnOf(ctx context.Context, called bool) error {
	held, leave, ok, err := s.tryTake(ctx)
	if !ok && err == nil && called {
		held, leave, err = s.take(ctx)
		ok = err == nil
	}
	if !ok || err != nil {
		return err
	}
	defer leave()
	_, err = s.rest(held, &Report{}, tasksOnly)
	return err
}
