package licensed

import "time"

// State is where a license stands.
type State string

// The states. The admin area is open in the first three.
const (
	Valid      State = "Valid"      // a lease is at hand and no check is due
	Due        State = "Due"        // a check is due, and was not made yet
	Grace      State = "Grace"      // a check is due, and the server is silent
	Lapsed     State = "Lapsed"     // the server has been silent for too long
	Invalid    State = "Invalid"    // a lease says no, or is for another place: see the reason
	Unverified State = "Unverified" // there is a key but no readable lease
	NoKey      State = "NoKey"      // there is no key
)

// Open reports whether the admin area is open in this state.
func (s State) Open() bool { return s == Valid || s == Due || s == Grace }

// Status is what is known of the license at one moment.
type Status struct {
	State State
	// Reason says why the license is Invalid, and what went wrong with the last try of one that is Unverified.
	Reason Reason
	// DaysLeft is how many days of grace are left, rounded up; 0 in all other states.
	DaysLeft int
	// Lease is what the server said last; nil where none is readable.
	Lease *Lease

	LastCheck time.Time // when the server answered last; zero: never
	NextCheck time.Time // when it is asked next; zero: not by itself
	LastError Reason    // what the last try came to, while there is no answer; empty: it was answered

	// Faults are what should be mended although the license may be valid.
	Faults []Fault
}

// Fault is something that should be mended: a damaged file, a clock that is wrong.
type Fault struct {
	Code   Reason
	Detail string
}

type verdict struct {
	state    State
	reason   Reason
	daysLeft int
}

// decide says where a license stands at time t, given a lease that was accepted. silence: the server was asked since
// the check fell due, and did not answer.
func decide(l *Lease, t int64, silence bool, identifier string, place Place) verdict {
	if !l.active() {
		return verdict{state: Invalid, reason: Reason(l.Status)}
	}
	if r := place.mismatch(l); r != "" {
		return verdict{state: Invalid, reason: r}
	}
	if l.Identifier != "" && !sameIdentifier(identifier, l.Identifier) {
		return verdict{state: Invalid, reason: NotActivated}
	}
	const day = 24 * 60 * 60
	due, end := l.CheckAt.Unix(), l.ExpiresAt.Unix()
	switch {
	case t < due:
		return verdict{state: Valid}
	case t >= end:
		return verdict{state: Lapsed}
	case silence:
		return verdict{state: Grace, daysLeft: int((end - t + day - 1) / day)}
	}
	return verdict{state: Due}
}
