package civil

import "fmt"

// Cycle says how often a price is charged.
type Cycle string

// The billing cycles of a price.
const (
	OneTime    Cycle = "one_time"
	Monthly    Cycle = "monthly"
	Quarterly  Cycle = "quarterly"
	SemiAnnual Cycle = "semi_annual"
	Annual     Cycle = "annual"
	Biennial   Cycle = "biennial"
	Triennial  Cycle = "triennial"
)

// Cycles returns all cycles, shortest first, OneTime at the head.
func Cycles() []Cycle {
	return []Cycle{OneTime, Monthly, Quarterly, SemiAnnual, Annual, Biennial, Triennial}
}

// ParseCycle reads the name of a cycle, exactly as the constants spell it.
func ParseCycle(s string) (Cycle, error) {
	c := Cycle(s)
	if c != OneTime && !c.Recurs() {
		return "", fmt.Errorf("billing cycle %q is not known", s)
	}
	return c, nil
}

// Months returns the length of one period in months: 0 for OneTime and for
// anything that is not a cycle.
func (c Cycle) Months() int {
	switch c {
	case Monthly:
		return 1
	case Quarterly:
		return 3
	case SemiAnnual:
		return 6
	case Annual:
		return 12
	case Biennial:
		return 24
	case Triennial:
		return 36
	default:
		return 0
	}
}

// Recurs reports whether the cycle has periods at all: OneTime has none.
func (c Cycle) Recurs() bool { return c.Months() > 0 }

// Boundary returns the n-th boundary of a subscription: the start of its n-th
// whole period and the end of the one before. Boundary 0 is the anchor;
// negative n count back from it.
//
// It is computed from the anchor and never from the boundary before (rule P1),
// so an anchor on the 31st returns to the 31st after each shorter month. Hence
// an anchor on 28 February is a plain 28th, and a yearly anchor on 29 February
// is 28 February in common years. A subscription with a bill day has a
// [Schedule] instead, which returns to that day.
//
// It panics if c does not recur: a loop over the periods of such a price would
// never end.
func Boundary(anchor Date, c Cycle, n int) Date {
	return c.Interval().boundary(anchor, anchor.Day, n)
}

// PeriodAt returns the n of the period [Boundary(n), Boundary(n+1)) in which d
// lies. For a d on or after the anchor that is also the number of whole periods
// between the two. Before the anchor it is negative. It panics if c does not
// recur.
func PeriodAt(anchor Date, c Cycle, d Date) int {
	return c.Interval().periodAt(anchor, anchor.Day, d)
}
