package license

import "time"

// Status is what a license is worth at one instant.
type Status string

// The statuses. Expired, Revoked and Cancelled are final: nothing automatic brings them back.
const (
	Active    Status = "active"
	Expired   Status = "expired"
	Suspended Status = "suspended"
	Revoked   Status = "revoked"
	Cancelled Status = "cancelled"
)

// Statuses lists every status in the order in which people read them.
func Statuses() []Status { return []Status{Active, Suspended, Expired, Cancelled, Revoked} }

// isFinal reports whether nothing automatic leads out of s.
func isFinal(s Status) bool { return s == Expired || s == Revoked || s == Cancelled }

// Outcome is what staff or money decided for good; NoOutcome while nothing is.
type Outcome string

// The outcomes.
const (
	NoOutcome        Outcome = ""
	OutcomeRevoked   Outcome = "revoked"
	OutcomeCancelled Outcome = "cancelled"
)

// Facts are what the effective status is computed from. A nil instant never comes.
type Facts struct {
	Outcome Outcome
	Held    bool // at least one hold stands
	// ExpiresAt is the end of what is paid. GraceUntil is when unpaid use stops, EndsAt when the license is over.
	ExpiresAt, GraceUntil, EndsAt *time.Time
}

// Effective is the status at now. It is computed whenever a license is read, so that an answer is right at that very
// second, whether or not a job has written the status down.
func Effective(f Facts, now time.Time) Status {
	switch {
	case f.Outcome == OutcomeRevoked:
		return Revoked
	case f.Outcome == OutcomeCancelled:
		return Cancelled
	case reached(f.EndsAt, now):
		return Expired
	case f.Held || reached(f.GraceUntil, now):
		return Suspended
	default:
		return Active
	}
}

// Until is the next instant at which the status changes by itself; nil when it never does.
func Until(f Facts, now time.Time) *time.Time {
	if f.Outcome != NoOutcome {
		return nil
	}
	var next *time.Time
	for _, t := range []*time.Time{f.GraceUntil, f.EndsAt} {
		if t != nil && t.After(now) && (next == nil || t.Before(*next)) {
			next = t
		}
	}
	return next
}

// below are the facts of a development license whose parent has the facts given: it is held while its parent is not
// active.
func (f Facts) below(parent Facts) Facts {
	f.Held = f.Held || parent.Held || parent.Outcome != NoOutcome
	for _, t := range []*time.Time{parent.GraceUntil, parent.EndsAt} {
		if t != nil && (f.GraceUntil == nil || t.Before(*f.GraceUntil)) {
			f.GraceUntil = t
		}
	}
	return f
}

func reached(t *time.Time, now time.Time) bool { return t != nil && !now.Before(*t) }
