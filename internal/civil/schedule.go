package civil

import "time"

// Schedule says when the periods of a subscription start and end. Make one with
// [Anniversary], [OnBillDay] or [Calendar]; all its fields are plain values that
// can be stored.
type Schedule struct {
	// Start is the first day of service. Where it is before the anchor, the time
	// between them is the leading stub.
	Start Date
	// Anchor is the date on which the first whole period starts (rule P1).
	Anchor Date
	// BillDay is the day of the month that boundaries return to, 1 to 31; 0 is
	// the day of the anchor. It is later than that only where the anchor is
	// clamped to the end of its month (rule P1a).
	BillDay  int
	Interval Interval
}

// Anniversary returns the schedule whose periods start on the day of the start:
// there is no stub (rule P1).
func Anniversary(start Date, iv Interval) Schedule {
	return Schedule{Start: start, Anchor: start, Interval: iv}
}

// OnBillDay returns the schedule whose periods start on a day of the month
// (rule P1a). The anchor is that day in the month of the start, or one whole
// interval later if that date is before the start; in a month that is shorter
// it is the last day. Weekly and 30-day plans have no bill day: for them it is
// the same as [Anniversary].
func OnBillDay(start Date, iv Interval, day int) Schedule {
	if iv.Days > 0 || day == 0 {
		return Anniversary(start, iv)
	}
	s := Schedule{Start: start, Anchor: start, BillDay: day, Interval: iv}
	anchor := s.Boundary(0)
	if anchor.Before(start) {
		anchor = s.Boundary(1)
	}
	s.Anchor = anchor
	return s
}

// Calendar returns the schedule whose periods are those of the calendar (rule
// P1a): they start on the 1st of a month, a quarter, a half-year or a year, or
// on Monday. Intervals of years start on 1 January. A 30-day plan follows no
// calendar: for it, it is the same as [Anniversary].
func Calendar(start Date, iv Interval) Schedule {
	s := Anniversary(start, iv)
	switch {
	case iv.Days == 7:
		s.Anchor = start.AddDays((int(time.Monday-start.Weekday()) + 7) % 7)
	case iv.Months > 0:
		// Counting the intervals of a year from January; longer ones begin with any year.
		step := min(iv.Months, 12)
		months := int(start.Month) - 1
		if start.Day > 1 {
			months++
		}
		for months%step != 0 {
			months++
		}
		s.Anchor = On(start.Year, time.Month(months+1), 1)
	}
	return s
}

// WithInterval returns the schedule with another interval and the same anchor:
// what a change between monthly and yearly does (case C23).
func (s Schedule) WithInterval(iv Interval) Schedule {
	s.Interval = iv
	return s
}

// Boundary returns the n-th boundary, always computed from the anchor (rule
// P1): boundary 0 is the anchor, negative n count back from it. It panics if
// the interval is not valid.
func (s Schedule) Boundary(n int) Date { return s.Interval.boundary(s.Anchor, s.day(), n) }

// PeriodAt returns the n of the whole period [Boundary(n), Boundary(n+1)) in
// which d lies: for a d on or after the anchor, the number of whole periods
// between the two. It is negative before the anchor, so in a leading stub.
func (s Schedule) PeriodAt(d Date) int { return s.Interval.periodAt(s.Anchor, s.day(), d) }

// Whole returns the n-th whole period.
func (s Schedule) Whole(n int) Period { return Period{Start: s.Boundary(n), End: s.Boundary(n + 1)} }

// WholeAt returns the whole period in which d lies.
func (s Schedule) WholeAt(d Date) Period { return s.Whole(s.PeriodAt(d)) }

func (s Schedule) day() int {
	if s.BillDay == 0 {
		return s.Anchor.Day
	}
	return s.BillDay
}

// Part is a stretch of service that lies in one whole period: the period
// itself, or a stub of it.
type Part struct {
	Period Period
	Whole  Period // what Period is a share of (rule P3)
}

// IsWhole reports whether the part is the whole period.
func (p Part) IsWhole() bool { return p.Period == p.Whole }

// Parts cuts a stretch of service at the boundaries. The parts tile it: no gap,
// no overlap (invariant I7).
func (s Schedule) Parts(service Period) []Part {
	var parts []Part
	for from := service.Start; from.Before(service.End); {
		whole := s.WholeAt(from)
		part := Period{Start: from, End: service.End}.Clip(whole)
		parts = append(parts, Part{Period: part, Whole: whole})
		from = part.End
	}
	return parts
}
