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

// Follow asks the other clock. What it says was true at some instant between the question and the answer: a clock that stands
// between those already stays as it is, so that it does not step back because an answer took its time. It steps back where
// the other one was turned back. After an error it goes on as before.
func (f *Follower) Follow(ask func() (time.Time, error)) error {
	asked := time.Now()
	told, err := ask()
	if err != nil {
		return err
	}
	heard := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if now, latest := f.told.Add(heard.Sub(f.heard)), told.Add(heard.Sub(asked)); now.Before(told) || now.After(latest) {
		f.told = told
	} else {
		f.told = now
	}
	f.heard = heard
	return nil
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
