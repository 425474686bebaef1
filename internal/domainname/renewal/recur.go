package renewal

import "github.com/keystead/keystead/internal/civil"

// Recurring is a line of an invoice that renews something, as a subscription at a gateway would charge it.
type Recurring struct {
	NextDue civil.Date
	Every   civil.Span
}

// MayRecur reports whether a subscription at a gateway may be offered for an invoice with these recurring lines: only by a flow
// that can do it, and only if all of them fall due together and in the same cycle.
func MayRecur(lines []Recurring, flowCan bool) bool {
	if !flowCan || len(lines) == 0 {
		return false
	}
	first := lines[0]
	for _, l := range lines {
		if l.NextDue.IsZero() || l.NextDue != first.NextDue || l.Every.Count <= 0 || monthsOf(l.Every) != monthsOf(first.Every) {
			return false
		}
	}
	return true
}

// monthsOf makes a year and twelve months the same cycle; a cycle of days is none of months.
func monthsOf(s civil.Span) civil.Span {
	if s.Unit == civil.Year {
		return civil.Span{Count: 12 * s.Count, Unit: civil.Month}
	}
	return s
}
