package civil

import "fmt"

// Interval is the length of a whole billing period: a number of months, or a
// number of days, such as 7 for a weekly plan and 30 for a 30-day plan. Exactly
// one of the two is set; see [Interval.Validate].
type Interval struct {
	Months int `json:"months,omitzero"`
	Days   int `json:"days,omitzero"`
}

// Interval returns the length of one period of the cycle, which is no interval
// for OneTime.
func (c Cycle) Interval() Interval { return Interval{Months: c.Months()} }

// Validate reports what is wrong with an interval: neither months nor days, or
// both, or a negative number, or more than 100 years.
func (iv Interval) Validate() error {
	if iv.Months < 0 || iv.Days < 0 || (iv.Months > 0) == (iv.Days > 0) {
		return fmt.Errorf("interval of %d months and %d days: one of them must be positive, the other 0", iv.Months, iv.Days)
	}
	if iv.Months > maxSpanYears*12 || iv.Days > maxSpanYears*366 {
		return fmt.Errorf("interval of %s is longer than %d years", iv, maxSpanYears)
	}
	return nil
}

// String returns the interval in English: "1 month", "30 days".
func (iv Interval) String() string {
	if iv.Months > 0 {
		return Span{Count: iv.Months, Unit: Month}.String()
	}
	return Span{Count: iv.Days, Unit: Day}.String()
}

// boundary returns the n-th boundary from the anchor (rule P1). The day is the
// one that boundaries return to: the anchor's own, or later than that where the
// anchor itself is clamped (rule P1a). Intervals of days don't use it.
func (iv Interval) boundary(anchor Date, day, n int) Date {
	iv.must()
	if iv.Days > 0 {
		return anchor.AddDays(n * iv.Days)
	}
	return Date{Year: anchor.Year, Month: anchor.Month, Day: day}.AddMonthsClamped(n * iv.Months)
}

// periodAt returns the n of the period in which d lies; negative before the
// anchor.
func (iv Interval) periodAt(anchor Date, day int, d Date) int {
	iv.must()
	if iv.Days > 0 {
		return floorDiv(anchor.DaysUntil(d), iv.Days)
	}
	n := floorDiv((d.Year-anchor.Year)*12+int(d.Month-anchor.Month), iv.Months)
	if d.Before(iv.boundary(anchor, day, n)) {
		n--
	}
	return n
}

// must panics for what is no interval: a loop over its periods would never end.
func (iv Interval) must() {
	if err := iv.Validate(); err != nil {
		panic("civil: " + err.Error())
	}
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
