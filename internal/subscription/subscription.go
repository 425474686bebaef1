// Package subscription is what is sold again and again: periods that tile time, each billed once.
//
// A subscription keeps facts: what was bought at which price, its anchor, its periods and what became of the invoice of
// each, whether it was cancelled or paused. What follows from them at an instant (its status, whether an invoice is due,
// how long its license runs) is [Assess], a pure function. Whenever a fact changes, and whenever an instant comes at
// which the answer changes by itself, [Service] assesses again and writes down what is new. So the order in which
// payments, refunds, disputes and days arrive does not matter.
package subscription

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/lifecycle"
	"github.com/keystead/keystead/internal/money"
)

// Kind says what a subscription pays for.
type Kind string

// The kinds.
const (
	OfLicense Kind = "license" // a license of its own
	OfAddon   Kind = "addon"   // something added to a license that is paid for elsewhere
)

// Status is how a subscription stands.
type Status string

// The statuses.
const (
	Trialing  Status = "trialing"
	Active    Status = "active"
	PastDue   Status = "past_due"
	Suspended Status = "suspended" // paused by staff, or in dispute
	Cancelled Status = "cancelled" // runs to the end of what is paid
	Expired   Status = "expired"   // over
)

// EndReason says why a subscription is over.
type EndReason string

// The reasons.
const (
	NotEnded         EndReason = ""
	EndedCancelled   EndReason = "cancelled"
	EndedUnpaid      EndReason = "unpaid"
	EndedRefunded    EndReason = "refunded"
	EndedDisputeLost EndReason = "dispute_lost"
	EndedByStaff     EndReason = "staff"
)

// PeriodState says what became of a period.
type PeriodState string

// The states of a period.
const (
	PeriodOpen     PeriodState = "open"     // invoiced, not paid
	PeriodPaid     PeriodState = "paid"     // paid
	PeriodGiven    PeriodState = "given"    // nothing is asked for it: a free trial, or time that was skipped
	PeriodRemoved  PeriodState = "removed"  // its line was taken back: a person decides what becomes of it
	PeriodLapsed   PeriodState = "lapsed"   // it ended unpaid
	PeriodDisputed PeriodState = "disputed" // paid, and the payment is in dispute
)

// Period is a stretch of time of a subscription.
type Period struct {
	civil.Period
	LineID    string // of the invoice; empty: none was made
	InvoiceID string
	DueOn     civil.Date
	PriceID   string
	Amount    money.Money // at its price, before discount and tax
	State     PeriodState
}

// Subscription is something that a customer pays for again and again. Dates that are zero have not come.
type Subscription struct {
	ID          string
	CustomerID  string
	OrderItemID string
	Kind        Kind
	LicenseID   string // that it pays for, or adds to
	ProductID   string
	PlanID      string
	PriceID     string
	Description string
	Status      Status
	Unit        money.Money // of one, for a whole period
	Quantity    int64
	Cycle       civil.Cycle
	Anchor      civil.Date
	TaxClass    string
	Gateway     string
	StartedOn   civil.Date
	TrialEndsAt *time.Time
	// NextDue is where the last period that was invoiced or given ends: the next one begins there.
	NextDue civil.Date
	// NextAt is the next instant at which something of it falls due; nil: nothing will by itself.
	NextAt *time.Time
	// LicenseUntil is the expiry that it gave its license last.
	LicenseUntil *time.Time
	CouponID     string
	// CouponCharges is for how many more charges the coupon counts; nil: for all.
	CouponCharges *int64
	// GraceUntil is until when staff let its license run although it is past due; nil: they did not.
	GraceUntil     *time.Time
	CancelOn       civil.Date
	PausedOn       civil.Date
	SuspendedOn    civil.Date // since when its payment hold stands
	EndedOn        civil.Date
	EndReason      EndReason
	ChangePriceID  string // to this price at the next renewal; empty: no change is planned
	ChangeQuantity int64
	ChangeOn       civil.Date  // from when that counts
	CreditDue      money.Money // for suspended time, taken off the next invoice
	Periods        []Period    // oldest first
	Version        int64
	CreatedAt      time.Time
}

// Recurring is what a whole period costs, before discount and tax.
func (s Subscription) Recurring() money.Money {
	return money.New(s.Unit.Amount*s.Quantity, s.Unit.Currency)
}

// Schedule is where its periods begin and end.
func (s Subscription) Schedule() civil.Schedule {
	return civil.Anniversary(s.Anchor, s.Cycle.Interval())
}

// Ended reports whether it is over.
func (s Subscription) Ended() bool { return !s.EndedOn.IsZero() }

// PaidUntil is the end of the last period that nothing is owed for; the start if there is none.
func (s Subscription) PaidUntil() civil.Date {
	until := s.StartedOn
	for _, p := range s.Periods {
		switch p.State {
		case PeriodPaid, PeriodGiven, PeriodDisputed:
			if p.End.After(until) {
				until = p.End
			}
		case PeriodOpen, PeriodRemoved, PeriodLapsed:
		}
	}
	return until
}

// Current is the period that contains a day; the last one when none does.
func (s Subscription) Current(day civil.Date) civil.Period {
	var last civil.Period
	for _, p := range s.Periods {
		if p.Contains(day) {
			return p.Period
		}
		last = p.Period
	}
	return last
}

// oldestOpen is the unpaid period that has been due for longest.
func (s Subscription) oldestOpen() (Period, bool) {
	var oldest Period
	found := false
	for _, p := range s.Periods {
		if p.State == PeriodOpen && (!found || p.DueOn.Before(oldest.DueOn)) {
			oldest, found = p, true
		}
	}
	return oldest, found
}

// settledFrom reports whether nothing is owed for the period that begins on a day: it is paid, or it was given.
func (s Subscription) settledFrom(day civil.Date) bool {
	for _, p := range s.Periods {
		if p.Start == day {
			return p.State == PeriodPaid || p.State == PeriodGiven
		}
	}
	return false
}

// onlyTried reports whether it has had a trial and nothing after that.
func (s Subscription) onlyTried() bool { return s.TrialEndsAt != nil && len(s.Periods) == 1 }

func (s Subscription) disputed() bool {
	for _, p := range s.Periods {
		if p.State == PeriodDisputed {
			return true
		}
	}
	return false
}

// Trigger is what moves a subscription from one status to another.
type Trigger string

const (
	trialEnds     Trigger = "the trial ends"
	graceEnds     Trigger = "the grace period ends unpaid"
	paid          Trigger = "nothing is overdue any more"
	stopped       Trigger = "paused, or a dispute is opened"
	continues     Trigger = "resumed, or the dispute is won"
	cancels       Trigger = "cancelled to the end of the period"
	takesBack     Trigger = "the cancellation is taken back"
	over          Trigger = "ended"
	stillInTrial  Trigger = "the cancellation is taken back within the trial"
	stillUnpaid   Trigger = "resumed, or the dispute is won, and the grace period is over"
	stillLeaves   Trigger = "the dispute is won, and it was cancelled"
	pausedInTrial Trigger = "paused within the trial"
)

// moves is the state machine: what [Assess] may answer after what it answered before.
var moves = lifecycle.Table[Status, Trigger]{
	Name:   "Subscription",
	States: []Status{Trialing, Active, PastDue, Suspended, Cancelled, Expired},
	Steps: []lifecycle.Step[Status, Trigger]{
		{From: Trialing, On: trialEnds, When: "a payment method is saved, or nothing is to be paid", To: Active, Effects: "the first invoice; its saved method is charged"},
		{From: Trialing, On: cancels, To: Cancelled, Effects: "runs to the end of the trial"},
		{From: Trialing, On: pausedInTrial, To: Suspended, Effects: "hold `staff` on the license"},
		{From: Trialing, On: over, When: "cancelled at once, or the trial ends and nobody will pay", To: Expired, Effects: "the license expires"},
		{From: Active, On: graceEnds, When: "due date + `billing.grace_days`", To: PastDue, Effects: "hold `payment` on the license; no further period is invoiced or charged"},
		{From: Active, On: stopped, To: Suspended, Effects: "neither invoiced, charged nor dunned; the open renewal is taken back when paused"},
		{From: Active, On: cancels, To: Cancelled, Effects: "the open renewal is taken back"},
		{From: Active, On: over, To: Expired, Effects: "the license expires, or is revoked after a full refund or a lost dispute"},
		{From: PastDue, On: paid, To: Active, Effects: "the hold is lifted; the next invoice is made if its day has passed"},
		{From: PastDue, On: stopped, To: Suspended, Effects: ""},
		{From: PastDue, On: cancels, When: "a period is still paid", To: Cancelled, Effects: "the unpaid renewal is taken back; the hold is lifted"},
		{From: PastDue, On: over, When: "`billing.expire_days` after the due date, or cancelled", To: Expired, Effects: "its open invoices become uncollectible; the license expires"},
		{From: Suspended, On: continues, To: Active, Effects: "billing goes on; a period that ended meanwhile is followed by one invoice, due that day"},
		{From: Suspended, On: stillUnpaid, To: PastDue, Effects: ""},
		{From: Suspended, On: stillLeaves, To: Cancelled, Effects: ""},
		{From: Suspended, On: stillInTrial, To: Trialing, Effects: ""},
		{From: Suspended, On: over, To: Expired, Effects: "after a lost dispute the license is revoked and the invoice uncollectible"},
		{From: Cancelled, On: takesBack, To: Active, Effects: "the next invoice is made if its day has passed"},
		{From: Cancelled, On: stillInTrial, To: Trialing, Effects: ""},
		{From: Cancelled, On: stopped, To: Suspended, Effects: ""},
		{From: Cancelled, On: over, When: "the paid period ends", To: Expired, Effects: "the license expires"},
	},
}

// StatesMarkdown returns the state machine for the documentation.
func StatesMarkdown() string { return moves.Markdown() }

// mayMove reports whether the table leads from one status to another.
func mayMove(from, to Status) bool {
	if from == to {
		return true
	}
	for _, step := range moves.Steps {
		if step.From == from && step.To == to {
			return true
		}
	}
	return false
}
