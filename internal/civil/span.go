package civil

import (
	"fmt"
	"time"
)

// The units of a [Span].
const (
	Day   = "day"
	Week  = "week"
	Month = "month"
	Year  = "year"
)

// Span is a length of validity on the calendar, such as a trial of 14 days or
// a license for 1 year. The zero value means that no span is set; [Span.Validate]
// refuses it.
type Span struct {
	Count int    `json:"count"`
	Unit  string `json:"unit"`
}

// maxSpanYears keeps every end within the years that a Date can have.
const maxSpanYears = 100

// Validate reports what is wrong with a span: an unknown unit, a count below 1,
// or a length above 100 years.
func (s Span) Validate() error {
	var most int
	switch s.Unit {
	case Day:
		most = maxSpanYears * 366
	case Week:
		most = maxSpanYears * 53
	case Month:
		most = maxSpanYears * 12
	case Year:
		most = maxSpanYears
	default:
		return fmt.Errorf("unit %q is not one of day, week, month, year", s.Unit)
	}
	if s.Count < 1 || s.Count > most {
		return fmt.Errorf("count %d is not between 1 and %d", s.Count, most)
	}
	return nil
}

// IsZero reports whether no span is set.
func (s Span) IsZero() bool { return s == Span{} }

// String returns the span in English: "1 year", "14 days".
func (s Span) String() string {
	if s.Count == 1 {
		return "1 " + s.Unit
	}
	return fmt.Sprintf("%d %ss", s.Count, s.Unit)
}

// From returns the date on which a span that starts on d ends: the first day
// that no longer belongs to it. Months and years clamp to the end of the month.
// It panics if the unit is unknown; see [Span.Validate].
func (s Span) From(d Date) Date {
	switch s.Unit {
	case Day:
		return d.AddDays(s.Count)
	case Week:
		return d.AddDays(7 * s.Count)
	case Month:
		return d.AddMonthsClamped(s.Count)
	case Year:
		return d.AddMonthsClamped(12 * s.Count)
	default:
		panic(fmt.Sprintf("civil: span of unknown unit %q", s.Unit))
	}
}

// After returns, in UTC, the instant at which something valid for the span from
// t on ends: that many calendar days or months later, at the same local time in
// loc (rule P10). Validity is half-open, so it is over at the returned instant.
//
// A local time that occurs twice on that day counts as the first. One that does
// not exist is moved past the gap in the clock, by the length of the gap, or
// before it where that would change the date. It panics if the unit is unknown;
// see [Span.Validate].
func (s Span) After(t time.Time, loc *time.Location) time.Time {
	local := t.In(loc)
	day := s.From(dateOf(local))
	hour, minute, second := local.Clock()
	wall := time.Date(day.Year, day.Month, day.Day, hour, minute, second, local.Nanosecond(), time.UTC)

	at, gap := firstShown(wall, loc)
	if gap == 0 {
		return at
	}
	// What the wall time means by the offset that begins with the change, and by
	// the one that ends with it.
	_, offset := at.In(loc).Zone()
	earlier := wall.Add(-time.Duration(offset) * time.Second)
	later := earlier.Add(gap)
	if Of(later, loc) != day && Of(earlier, loc) == day {
		return earlier
	}
	return later
}
