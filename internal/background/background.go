// Package background runs what goes on beside the rest of the program until it is told to stop.
package background

import (
	"context"
	"sync"
	"time"
)

// Loop is work that is started and stopped. The zero value runs nothing yet.
type Loop struct {
	mu      sync.Mutex
	cancel  context.CancelFunc // nil: not started
	stopped chan struct{}
}

// Start begins work in the background and returns at once. The context of the work ends with ctx, and at Stop. A loop that
// was started goes on with what it has.
func (l *Loop) Start(ctx context.Context, work func(context.Context)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		return
	}
	ctx, l.cancel = context.WithCancel(ctx)
	stopped := make(chan struct{})
	l.stopped = stopped
	go func() {
		defer close(stopped)
		work(ctx)
	}()
}

// Stop ends the context of the work and waits until it returns. Stopping what does not run does nothing.
func (l *Loop) Stop() { l.end(nil) }

// StopWithin is Stop for work that may be cut off: it waits for no longer than d, and reports whether the work returned.
func (l *Loop) StopWithin(d time.Duration) (returned bool) { return l.end(time.After(d)) }

func (l *Loop) end(late <-chan time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel == nil {
		return true
	}
	l.cancel()
	l.cancel = nil
	select {
	case <-l.stopped:
		return true
	case <-late:
		return false
	}
}

// Pause returns after d, when ctx ends, or when somebody wakes it, which it reports. Without wake nobody can.
func Pause(ctx context.Context, d time.Duration, wake <-chan struct{}) (woken bool) {
	select {
	case <-wake:
		return true
	case <-time.After(d):
	case <-ctx.Done():
	}
	return false
}
