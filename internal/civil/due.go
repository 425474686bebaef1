package civil

import "time"

// Timing says on which end of a period it is billed.
type Timing string

// The timings. In advance a period [s, e) is billed on the local date s, in
// arrears on e.
const (
	InAdvance Timing = "advance"
	InArrears Timing = "arrears"
)

// Billing is how far a subscription has been billed and how far it goes.
type Billing struct {
	Timing Timing
	// Billed is the end of what has been billed; zero if nothing has been.
	Billed Date
	// End is the end of service: the first day that is no longer served (rule
	// P2). Zero: it goes on.
	End Date
}

// Due lists, in the order of time, everything that is due on the local date
// today and not billed yet (rule P11). A late run catches up; a run after the
// end of the last part was noted as billed finds nothing. Parts are cut at the
// boundaries, at the start and at the end of service, so that a stub is a part
// of the whole period that it is a piece of.
//
// A store that invoices n days before the due date asks for today plus n days.
// A subscription with a trial must not be asked before the trial is over; see
// [TrialEnd].
func (s Schedule) Due(b Billing, today Date) []Part {
	from := s.Start
	if b.Billed.After(from) {
		from = b.Billed
	}
	var until Date
	if b.Timing == InArrears {
		until = s.arrearsUntil(from, b.End, today)
	} else {
		until = s.advanceUntil(from, b.End, today)
	}
	return s.Parts(Period{Start: from, End: until})
}

// advanceUntil returns the end of the last part that starts on today or before.
func (s Schedule) advanceUntil(from, end, today Date) Date {
	if today.Before(from) {
		return from
	}
	until := s.WholeAt(today).End
	if !end.IsZero() && end.Before(until) {
		until = end
	}
	return until
}

// arrearsUntil returns the end of the last part that ends on today or before.
func (s Schedule) arrearsUntil(from, end, today Date) Date {
	if !end.IsZero() && !end.After(today) {
		return end
	}
	if today.Before(from) {
		return from
	}
	return s.WholeAt(today).Start
}

// TrialEnd returns when a trial of so many days that starts at an instant is
// over: that many local days later at the same local time (rule P10). Nothing
// is billed before that instant. The first paid period starts on its local
// date, which is also returned.
func TrialEnd(start time.Time, days int, loc *time.Location) (over time.Time, firstPaid Date) {
	over = start
	if days > 0 {
		over = Span{Count: days, Unit: Day}.After(start, loc)
	}
	return over, Of(over, loc)
}
