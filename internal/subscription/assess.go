package subscription

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
)

// Rules are what the store's settings say about all subscriptions.
type Rules struct {
	Zone          *time.Location
	InvoiceDays   int
	InvoiceDaysOf map[string]int // by cycle, where it differs
	GraceDays     int
	ExpireDays    int  // 0: never
	ExpireLater   bool // whether the last date may lie after the end of the unpaid period
}

func (r Rules) invoiceDays(c civil.Cycle) int {
	if n, ok := r.InvoiceDaysOf[string(c)]; ok {
		return n
	}
	return r.InvoiceDays
}

// trialGrace is for how long the license of a trial runs on while its first charge is on the way.
const trialGrace = 48 * time.Hour

// Standing is what follows from a subscription's facts at one instant.
type Standing struct {
	Status Status
	// Invoice says that the invoice of the next period is due to be made.
	Invoice bool
	// Change says that the change which was planned for the renewal takes effect now.
	Change bool
	// End says that the subscription is over since EndOn.
	End   EndReason
	EndOn civil.Date
	// Held says that its license is held for want of payment.
	Held bool
	// Term is for how long its license runs.
	Term license.Term
	// NextAt is the next instant at which any of this changes by itself.
	NextAt *time.Time
}

// Assess says how a subscription stands at now. chargeable says whether it can be charged without asking: a payment
// method is saved.
func Assess(s Subscription, chargeable bool, r Rules, now time.Time) Standing {
	a := assessment{s: s, r: r, now: now, today: civil.Of(now, r.Zone)}
	switch {
	case s.Ended():
		return a.ended(s.EndReason, s.EndedOn)
	case s.disputed(), !s.PausedOn.IsZero():
		return a.stopped()
	case s.TrialEndsAt != nil && now.Before(*s.TrialEndsAt):
		return a.trial(chargeable)
	case !s.CancelOn.IsZero():
		return a.leaving()
	case s.onlyTried() && !chargeable && s.Unit.Amount > 0:
		return a.ended(EndedUnpaid, civil.Of(*s.TrialEndsAt, r.Zone))
	default:
		return a.running()
	}
}

type assessment struct {
	s     Subscription
	r     Rules
	now   time.Time
	today civil.Date
	next  *time.Time
}

// at is the first instant of a day in the store's zone.
func (a *assessment) at(d civil.Date) *time.Time {
	t := d.StartIn(a.r.Zone)
	return &t
}

// wake notes that the answer changes at t.
func (a *assessment) wake(t *time.Time) {
	if t != nil && t.After(a.now) && (a.next == nil || t.Before(*a.next)) {
		a.next = t
	}
}

// ended is what is over: the license runs to the end of what was paid, or of the day on which it ended.
func (a *assessment) ended(why EndReason, on civil.Date) Standing {
	until := a.at(a.s.PaidUntil())
	if a.s.onlyTried() {
		until = a.s.TrialEndsAt
	}
	end := a.at(on)
	if end.Before(*until) {
		until = end
	}
	if why == EndedUnpaid && until.Before(*end) && a.s.TrialEndsAt == nil {
		// What was not paid ran until the last date.
		return Standing{Status: Expired, End: why, EndOn: on, Term: license.Term{ExpiresAt: until, GraceUntil: end, EndsAt: end}}
	}
	return Standing{Status: Expired, End: why, EndOn: on, Term: license.Term{ExpiresAt: until, GraceUntil: until, EndsAt: until}}
}

// stopped is in dispute or paused: nothing falls due, and the license can't end meanwhile.
func (a *assessment) stopped() Standing {
	return Standing{Status: Suspended, Term: license.Term{ExpiresAt: a.at(a.s.PaidUntil())}}
}

func (a *assessment) trial(chargeable bool) Standing {
	end := a.s.TrialEndsAt
	a.wake(end)
	st := Standing{Status: Trialing, Term: license.Term{ExpiresAt: end, GraceUntil: end, EndsAt: end}, NextAt: a.next}
	if !a.s.CancelOn.IsZero() {
		st.Status = Cancelled
	} else if chargeable {
		grace := end.Add(trialGrace)
		st.Term.GraceUntil, st.Term.EndsAt = &grace, &grace
	}
	return st
}

// leaving was cancelled: it runs to the end of what is paid.
func (a *assessment) leaving() Standing {
	if !a.today.Before(a.s.CancelOn) {
		return a.ended(EndedCancelled, a.s.CancelOn)
	}
	end := a.at(a.s.CancelOn)
	a.wake(end)
	return Standing{Status: Cancelled, Term: license.Term{ExpiresAt: end, GraceUntil: end, EndsAt: end}, NextAt: a.next}
}

// running is paid, or within its grace period, or past due.
func (a *assessment) running() Standing {
	paidUntil := a.s.PaidUntil()
	due, periodEnd := a.s.NextDue, a.s.NextDue
	open, overdue := a.s.oldestOpen()
	if overdue {
		due, periodEnd = open.DueOn, open.End
	} else if _, _, end := a.s.nextPeriod(); end.After(due) {
		periodEnd = end
		if paidUntil.Before(due) {
			due = paidUntil // a period before was taken back: the license runs out from there
		}
	}
	graceEnd := due.AddDays(a.r.GraceDays)
	last := a.lastDate(due, periodEnd, graceEnd)

	st := Standing{Status: Active, Term: license.Term{ExpiresAt: a.at(paidUntil), GraceUntil: a.at(graceEnd)}}
	if !last.IsZero() {
		st.Term.EndsAt = a.at(last)
	}
	if overdue && a.s.GraceUntil != nil && a.s.GraceUntil.After(*st.Term.GraceUntil) {
		st.Term.GraceUntil = a.s.GraceUntil
	}
	if overdue && !last.IsZero() && !a.today.Before(last) {
		return a.ended(EndedUnpaid, last)
	}
	if overdue && !a.today.Before(graceEnd) {
		st.Status, st.Held = PastDue, !a.now.Before(*st.Term.GraceUntil)
		a.wake(st.Term.GraceUntil)
		a.wake(st.Term.EndsAt)
		st.NextAt = a.next
		return st
	}
	invoiceOn := a.s.NextDue.AddDays(-a.r.invoiceDays(a.s.Cycle))
	if !a.s.ChangeOn.IsZero() {
		st.Change = !a.today.Before(a.s.ChangeOn) && a.s.settledFrom(a.s.ChangeOn)
		a.wake(a.at(a.s.ChangeOn))
	}
	if a.s.onlyTried() {
		invoiceOn = a.today // nothing is billed before a trial has ended, so now (P10)
	}
	st.Invoice = !a.today.Before(invoiceOn)
	a.wake(a.at(invoiceOn))
	if overdue {
		a.wake(st.Term.GraceUntil)
		a.wake(st.Term.EndsAt)
	}
	st.NextAt = a.next
	return st
}

// lastDate is the day on which what stays unpaid ends for good; zero: it never does. It is not before the end of the
// grace period, and not after the end of the unpaid period unless the store says so.
func (a *assessment) lastDate(due, periodEnd, graceEnd civil.Date) civil.Date {
	if a.r.ExpireDays == 0 {
		return civil.Date{}
	}
	last := due.AddDays(a.r.ExpireDays)
	if !a.r.ExpireLater && periodEnd.Before(last) {
		last = periodEnd
	}
	if last.Before(graceEnd) {
		last = graceEnd
	}
	return last
}

// nextPeriod is the period that follows those that were invoiced: what part it is of a whole one, and where it ends. A
// period that begins between two boundaries, after a change of cycle, is a part.
func (s Subscription) nextPeriod() (part, whole civil.Period, end civil.Date) {
	schedule := s.Schedule()
	whole = schedule.WholeAt(s.NextDue)
	part = civil.Period{Start: s.NextDue, End: whole.End}
	return part, whole, whole.End
}
