package domainname

import (
	"github.com/keystead/keystead/internal/civil"
)

// Window is when a domain can be renewed, all days included, by UTC.
type Window struct {
	End       civil.Date // of the term, from which all of this counts
	First     civil.Date // the first day of a renewal; zero: at any time
	LastPlain civil.Date // the last day of a renewal without a restore
	// LastRestore is the last day of a restore, which begins on the day after the later of End and LastPlain; zero: none.
	LastRestore civil.Date
}

// Window returns when a term that ends on a day can be renewed. accounting is the date from which the registrar counts its
// deadline where it has one of its own; zero: the term's end.
func (p Policy) Window(end, accounting civil.Date) Window {
	if accounting.IsZero() {
		accounting = end
	}
	w := Window{End: end, LastPlain: accounting.AddDays(p.GraceDays)}
	if p.GraceDays == 0 && p.Latest != nil {
		w.LastPlain = accounting.AddDays(*p.Latest)
	}
	if p.Earliest != nil {
		w.First = end.AddDays(-*p.Earliest)
	}
	if p.RedemptionDays > 0 {
		w.LastRestore = w.over().AddDays(p.RedemptionDays)
	}
	return w
}

// over is the last day before the redemption, or before the end of everything.
func (w Window) over() civil.Date {
	if w.LastPlain.After(w.End) {
		return w.LastPlain
	}
	return w.End
}

// Last is the last day on which anything can be done.
func (w Window) Last() civil.Date {
	if !w.LastRestore.IsZero() {
		return w.LastRestore
	}
	return w.LastPlain
}

// Stage is where a day lies in the life of a term.
type Stage string

// The stages.
const (
	StageActive     Stage = "active"
	StageGrace      Stage = "grace"      // the term has ended, a plain renewal is possible
	StageTooLate    Stage = "too_late"   // the term goes on, a plain renewal is no longer possible; staff may try
	StageRedemption Stage = "redemption" // only a restore is possible
	StageExpired    Stage = "expired"    // nothing is
)

// Stage returns the stage of a day by the calendar alone.
func (w Window) Stage(day civil.Date) Stage {
	switch {
	case !day.After(w.LastPlain) && !day.After(w.End):
		return StageActive
	case !day.After(w.LastPlain):
		return StageGrace
	case !day.After(w.End):
		return StageTooLate
	case !w.LastRestore.IsZero() && !day.After(w.LastRestore):
		return StageRedemption
	default:
		return StageExpired
	}
}

// TooEarly reports whether a day lies before the first one of a renewal.
func (w Window) TooEarly(day civil.Date) bool { return day.Before(w.First) }

// Due is the day on which a renewal falls due unless staff move it.
func (p Policy) Due(w Window) civil.Date {
	if p.GraceDays > 0 {
		return w.End
	}
	return w.LastPlain.AddDays(-p.DueMargin)
}

// DueAfter is where payment for so many years moves a due date: by the term, but never past the last plain day of the
// next one.
func (p Policy) DueAfter(due civil.Date, years int, next Window) civil.Date {
	after := AddYears(due, years)
	if after.After(next.LastPlain) {
		return next.LastPlain
	}
	return after
}

// InvoiceOn is the day of the automatic invoice, so many days before the due date but not before the first day of the
// window; there is none if that is after the last plain day.
func (w Window) InvoiceOn(due civil.Date, days int) (_ civil.Date, ok bool) {
	on := due.AddDays(-days)
	if on.Before(w.First) {
		on = w.First
	}
	return on, !on.After(w.LastPlain)
}

// VoidOn is the day on which an unpaid renewal is given up: with grace, when nothing can be done any more; without, so
// many days after the last plain day.
func (p Policy) VoidOn(w Window, afterDays int) civil.Date {
	if p.GraceDays > 0 {
		return w.Last().AddDays(1)
	}
	return w.LastPlain.AddDays(1 + afterDays)
}

// ExpireModeOn is the day at whose start a registrar without a renew command is told to let an unpaid domain expire.
func (w Window) ExpireModeOn() civil.Date {
	if w.End.Before(w.LastPlain) {
		return w.End
	}
	return w.LastPlain
}

// WindowOf is when the term can be renewed that a renewal of the domain was made for, whatever its payment or the registry has
// added to the domain's dates since.
func (d Domain) WindowOf(r Renewal, p Policy) Window {
	if end, _ := d.TermEnd(); near(end, r.Base) {
		return d.Window(p)
	}
	return p.Window(r.Base, civil.Date{})
}

// LastSafeDay is until when a paid renewal should be confirmed: the day before both the term's end and the last plain day;
// once that is over, the day before the last plain day. It is asked of the window of the term that is renewed: see
// [Domain.WindowOf].
func (w Window) LastSafeDay(today civil.Date) civil.Date {
	if first := w.ExpireModeOn().AddDays(-1); !first.Before(today) {
		return first
	}
	return w.LastPlain.AddDays(-1)
}
