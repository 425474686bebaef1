// Package limit bounds how often something may happen: requests of an address,
// tries at a password, unknown license keys.
package limit

import (
	"errors"
	"time"
)

// Rate allows Count events per Per. Someone who was quiet for that long may
// spend all of Count at once; what was spent comes back evenly, one event every
// Per/Count. In the worst case, twice Count fall into one Per: a whole burst and
// what comes back during it.
type Rate struct {
	Count int
	Per   time.Duration
}

// Validate reports a rate that allows nothing, or more than one event per
// nanosecond.
func (r Rate) Validate() error {
	if r.Count < 1 || r.interval() < 1 {
		return errors.New("rate needs a count of at least 1 and a longer period")
	}
	return nil
}

// interval is the time after which one event comes back.
func (r Rate) interval() time.Duration { return r.Per / time.Duration(r.Count) }

// Spend is the generic cell rate algorithm. It decides about events of a total
// cost at now, given the stored time: the instant at which everything spent so
// far has come back, zero at first. If they may happen, it returns the time to
// store instead. Otherwise it returns the stored time and how long to wait until
// they may; nothing is spent.
//
// It depends on nothing but its arguments, so the stored time may lie in memory
// or in a database row. A clock that was turned back never locks anyone out for
// longer than Per. A cost above r.Count can't be paid at any time; one below 1
// is free.
func (r Rate) Spend(now time.Time, cost int, stored time.Time) (next time.Time, wait time.Duration, ok bool) {
	full := r.interval() * time.Duration(r.Count)
	if cost > r.Count {
		return stored, full, false
	}
	from := stored
	if from.Before(now) {
		from = now
	}
	if latest := now.Add(full); from.After(latest) {
		from = latest
	}
	next = from.Add(r.interval() * time.Duration(max(cost, 0)))
	if wait = next.Sub(now) - full; wait > 0 {
		return stored, wait, false
	}
	return next, 0, true
}

// Left returns how many events of cost 1 may happen at now.
func (r Rate) Left(now, stored time.Time) int {
	spent := max(stored.Sub(now), 0)
	// Rounded up: an event that has come back in part is still missing.
	missing := int((spent + r.interval() - 1) / r.interval())
	return max(r.Count-missing, 0)
}
