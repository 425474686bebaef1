package clock

import (
	"sync"
	"time"
)

// Follower is a clock that goes by another one, which somebody asks now and then. In between it counts the time that passes,
// so that it makes no difference what the machine believes the time of day to be. It is safe for concurrent use; its zero
// value has been told nothing yet and stands near the zero time.
type Follower struct {
	mu    sync.Mutex
	told  time.Time // what the other clock said
	heard time.Time // when that was, by what passes on this machine
}

// Follow tells the clock what the other one says now.
func (f *Follower) Follow(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told, f.heard = now, time.Now()
}

// Age is how long ago the clock was told something.
func (f *Follower) Age() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Since(f.heard)
}

// Now returns what the other clock says by now.
func (f *Follower) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return whole(f.told.Add(time.Since(f.heard)))
}
