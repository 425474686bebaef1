// Package collection collects the money of open invoices: it carries out, day by day, what the dunning schedule asks for.
//
// An open invoice knows its next step and the day of it. A step that charges asks the payment room, under a key of its
// own for each try, so that a repeat is the same request; a step that writes emits an event, from which a mail is made.
// How a subscription stands while its invoice is unpaid is not decided here.
package collection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/billing/dunning"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/setting"
)

// Service carries out the steps.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	payments *payment.Service
}

// New returns the collection of a store.
func New(d *db.DB, b *billing.Service, p *payment.Service) *Service {
	return &Service{db: d, billing: b, payments: p}
}

// ScheduleOf is the schedule that the settings ask for.
func ScheduleOf(s setting.Settings) dunning.Schedule {
	return dunning.Schedule{RemindDays: s.RemindDays, CaptureDays: s.CaptureDays, RetryDays: s.RetryDays, OverdueDays: s.OverdueDays}
}

// kindOf says how the money of an invoice is collected.
func kindOf(k billing.Kind) dunning.Kind {
	switch k {
	case billing.KindRenewal:
		return dunning.Renewal
	case billing.KindChange:
		return dunning.Change
	case billing.KindOrder, billing.KindManual:
	}
	return dunning.Other
}

// FirstStep is the step with which collecting the money of an invoice begins that opens, or opens again, today. An invoice
// that opens again after its due date goes on with what is still to come: nobody who was given money back is charged the
// same day.
func FirstStep(s dunning.Schedule, kind billing.Kind, due, today civil.Date) (name string, on civil.Date) {
	if due.Before(today) {
		for _, step := range s.Steps(kindOf(kind), due) {
			if step.On.After(today) {
				return step.Name, step.On
			}
		}
		return "", civil.Date{}
	}
	step, _ := s.First(kindOf(kind), due, today)
	return step.Name, step.On
}

// Task is the automation that carries out the steps that fall due.
func (s *Service) Task() automation.Task {
	return automation.Task{
		Kind: "invoices.collect", Order: automation.OrderCharges,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			st, err := setting.Load(ctx, tx)
			if err != nil {
				return time.Time{}, false, err
			}
			on, err := tx.NextInvoiceStep(ctx, optional(civil.Of(after, st.TimeZone)))
			if db.NotFound(err) || err == nil && on == nil {
				return time.Time{}, false, nil
			}
			if err != nil {
				return time.Time{}, false, err
			}
			day, err := civil.Parse(*on)
			return day.StartIn(st.TimeZone), true, err
		},
		Due: automation.Any(dueSteps),
		Run: s.run,
	}
}

func optional(d civil.Date) *string {
	s := d.String()
	return &s
}

func (s *Service) run(ctx context.Context, p *automation.Pass) error {
	held, err := s.held(ctx)
	if err != nil {
		return err
	}
	return p.Each(ctx, dueSteps(p.CustomerID()),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			return s.step(ctx, tx, id, held)
		})
}

// dueSteps finds the invoices for which a step is due.
func dueSteps(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return nil, err
		}
		return tx.DueInvoiceSteps(ctx, query.DueInvoiceStepsParams{
			Today: optional(civil.Of(tx.Now, st.TimeZone)), After: after, CustomerID: customerID, N: int64(n),
		})
	}
}

// held reports whether so many charges are due at once that staff must release them first.
func (s *Service) held(ctx context.Context) (held bool, err error) {
	var due int64
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		due, err = tx.CountDueCharges(ctx, optional(civil.Of(tx.Now, st.TimeZone)))
		return err
	})
	if err != nil || due == 0 {
		return false, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		held, err = s.payments.Held(ctx, tx, due)
		return err
	})
	return held, err
}

// step does what is due for one invoice and notes what comes next.
func (s *Service) step(ctx context.Context, tx *db.Tx, id string, held bool) (automation.Outcome, error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return automation.ItemSkipped, err
	}
	inv, err := billing.LockWithCustomer(ctx, tx, id)
	if err != nil {
		return automation.ItemSkipped, err
	}
	today := civil.Of(tx.Now, st.TimeZone)
	if inv.Status != billing.Open || inv.Step == "" || inv.StepOn.After(today) {
		return automation.ItemSkipped, nil
	}
	schedule := ScheduleOf(st)
	do, next, more := schedule.Today(kindOf(inv.Kind), inv.DueOn, inv.Step, today)
	if !more {
		next = dunning.Step{}
	}
	if slices.ContainsFunc(do, func(step dunning.Step) bool { return step.Action == dunning.Charge }) {
		err := s.billing.MayCharge(ctx, tx, inv)
		if err != nil && fail.Of(err).Kind == fail.KindInternal {
			return automation.ItemSkipped, err
		}
		if held || err != nil {
			return automation.ItemHeld, nil //nolint:nilerr // no failure: a person has to release it, or to say what it costs
		}
	}
	waits, err := tx.InvoiceWaits(ctx, inv.ID)
	if err != nil {
		return automation.ItemSkipped, fmt.Errorf("subscriptions of invoice %s: %w", inv.ID, err)
	}
	if waits && inv.Disputes == 0 {
		// Its subscription is in dispute, or past due for an earlier period: neither charged nor dunned, until that is over.
		return automation.ItemHeld, nil
	}
	if inv.Disputes > 0 {
		do = nil
	}
	if slices.ContainsFunc(do, func(step dunning.Step) bool { return step.Action == dunning.Lapse }) {
		if busy, err := billing.InFlight(ctx, tx, inv.ID); err != nil || busy {
			return automation.ItemHeld, err // it may be paid: what became of that shows first
		}
	}
	if err := s.billing.SetStep(ctx, tx, inv.ID, next.Name, next.On); err != nil {
		return automation.ItemSkipped, err
	}
	for _, step := range do {
		if err := s.carryOut(ctx, tx, inv.ID, step); err != nil {
			return automation.ItemSkipped, err
		}
	}
	return automation.ItemDone, nil
}

func (s *Service) carryOut(ctx context.Context, tx *db.Tx, id string, step dunning.Step) error {
	inv, err := billing.Lock(ctx, tx, id)
	if err != nil || inv.Status != billing.Open {
		return err
	}
	switch step.Action {
	case dunning.Charge:
		_, err := s.payments.RequestCharge(ctx, tx, inv, payment.ChargeOptions{Automatic: true})
		for _, expected := range []error{payment.ErrNoMethod, payment.ErrInProgress, payment.ErrNothingDue, payment.ErrDisputed} {
			if errors.Is(err, expected) {
				return nil // the customer is written to instead; or there is nothing to do
			}
		}
		return err
	case dunning.Lapse:
		if delivered(inv) {
			return nil
		}
		_, err := s.billing.Void(ctx, tx, inv.ID, "the change was not paid in time")
		return err
	case dunning.Remind, dunning.Warn:
		return event.Emit(ctx, tx, event.New{
			Type:      "invoice." + map[dunning.Action]string{dunning.Remind: "reminder", dunning.Warn: "overdue"}[step.Action],
			SubjectID: inv.ID, CustomerID: inv.CustomerID,
			Data: map[string]any{
				"invoice_id": inv.ID, "number": inv.Number, "step": step.Name, "nth": step.Number, "due_on": inv.DueOn, "balance": inv.Balance(),
			},
		})
	}
	return fmt.Errorf("step %s of invoice %s: unknown action", step.Name, id)
}

// delivered reports whether what an invoice asks for was done already: then it is owed, and no offer any more.
func delivered(inv billing.Invoice) bool {
	return slices.ContainsFunc(inv.Lines, func(l billing.InvoiceLine) bool { return l.Link != nil && l.Link.State == billing.Done })
}
