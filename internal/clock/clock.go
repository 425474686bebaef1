// Package clock is the only source of the current time and of the form in
// which an instant is stored.
//
// Rules never ask for the time: they take it as an argument. A [Clock] is
// handed to whatever starts work (a server, a job runner, a transaction), so
// that a test, or a store in test mode, decides what "now" is.
package clock

import (
	"sync"
	"time"
)

// Clock tells the current time: UTC, whole microseconds, no monotonic reading,
// so that a value survives being stored and read back unchanged.
//
// Implementations are safe for concurrent use.
type Clock interface {
	Now() time.Time
}

// System returns the clock of the machine.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return whole(time.Now()) }

// Test is a clock that stands still until it is moved. It is safe for
// concurrent use; its zero value stands at the zero time.
type Test struct {
	mu  sync.Mutex
	now time.Time
}

// NewTest returns a clock that stands at start.
func NewTest(start time.Time) *Test {
	return &Test{now: whole(start)}
}

// Now returns the instant at which the clock stands.
func (c *Test) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to t, which may lie in its past: machines do turn their
// clocks back.
func (c *Test) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = whole(t)
}

// Advance moves the clock by d and returns the instant at which it then stands.
func (c *Test) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = whole(c.now.Add(d))
	return c.now
}

func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
