// Package dunning says what is done to collect the money of an open invoice, and on which days. It is pure: who carries
// the steps out, and notes how far they have come, is the collection room.
package dunning

import (
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
)

// Action is what a step does.
type Action string

// The actions.
const (
	Remind Action = "remind" // tells the customer that the invoice will be due, and that the card will be charged
	Charge Action = "charge" // charges the saved payment method
	Warn   Action = "warn"   // tells the customer that the invoice is overdue
	Lapse  Action = "lapse"  // takes an offer back that nobody paid for
)

// Step is one thing to do on one day.
type Step struct {
	Name   string // unique within the schedule: "remind", "charge", "retry_2", "overdue_1", "lapse"
	Action Action
	Number int // of a retry or a warning, from 1
	On     civil.Date
}

// Kind says what an invoice asks money for, as far as collecting it differs.
type Kind string

// The kinds.
const (
	Renewal Kind = "renewal" // a period of a subscription: charged by itself
	Change  Kind = "change"  // a change of plan: charged once, and taken back if nobody pays
	Other   Kind = "other"   // an order: the customer pays it
)

// Schedule is the store's policy, in days relative to the due date. The lists rise.
type Schedule struct {
	RemindDays  int   // before; 0: no reminder
	CaptureDays int   // before
	RetryDays   []int // after
	OverdueDays []int // after
}

// lapseDays is how long an unpaid change of plan stays an offer.
const lapseDays = 7

// Steps lists all that is done for an invoice that is due on a day and stays unpaid, in order.
func (s Schedule) Steps(kind Kind, due civil.Date) []Step {
	var steps []Step
	add := func(name string, a Action, n int, on civil.Date) { steps = append(steps, Step{name, a, n, on}) }
	if kind == Change {
		add("charge", Charge, 0, due)
		add("lapse", Lapse, 0, due.AddDays(lapseDays))
		return steps
	}
	if s.RemindDays > 0 {
		add("remind", Remind, 0, due.AddDays(-s.RemindDays))
	}
	if kind == Renewal {
		add("charge", Charge, 0, due.AddDays(-s.CaptureDays))
		for i, n := range s.RetryDays {
			add(fmt.Sprintf("retry_%d", i+1), Charge, i+1, due.AddDays(n))
		}
	}
	for i, n := range s.OverdueDays {
		add(fmt.Sprintf("overdue_%d", i+1), Warn, i+1, due.AddDays(n))
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.On.Compare(b.On) })
	return steps
}

// First returns the first step for an invoice that becomes open on a day. Reminders whose day has passed by then are
// left out; a charge is never too late.
func (s Schedule) First(kind Kind, due, today civil.Date) (Step, bool) {
	for _, step := range s.Steps(kind, due) {
		if step.On.Before(today) {
			if step.Action == Remind {
				continue
			}
			step.On = today
		}
		return step, true
	}
	return Step{}, false
}

// Today returns what is to be done on a day, beginning with a step that fell due, and the step after that. After days
// without anybody to do it, of several charges one is made, and of several letters the last one is sent. A step that the
// schedule does not have any more is passed over.
func (s Schedule) Today(kind Kind, due civil.Date, from string, today civil.Date) (do []Step, next Step, more bool) {
	steps := s.Steps(kind, due)
	at := slices.IndexFunc(steps, func(step Step) bool { return step.Name == from })
	if at < 0 {
		if at = slices.IndexFunc(steps, func(step Step) bool { return !step.On.Before(today) }); at < 0 {
			return nil, Step{}, false
		}
		if steps[at].On.After(today) {
			return nil, steps[at], true
		}
	}
	var charge, letter *Step
	for i := range steps[at:] {
		step := &steps[at+i]
		if i > 0 && step.On.After(today) {
			next, more = *step, true
			break
		}
		switch step.Action {
		case Charge:
			charge = step
		case Remind, Warn, Lapse:
			letter = step
		}
	}
	for _, step := range []*Step{charge, letter} {
		if step != nil {
			do = append(do, *step)
		}
	}
	return do, next, more
}
