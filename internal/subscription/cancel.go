package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// CancelAt says from when a cancellation counts.
type CancelAt string

// The choices.
const (
	AtPeriodEnd CancelAt = "period_end"
	AtOnce      CancelAt = "now"
)

var errEnded = fail.Conflict("SUBSCRIPTION_ENDED", "The subscription is over.")

// Cancel ends a subscription: at the end of what is paid, or at once, with account credit for the unused part. A renewal
// that is invoiced and not paid is taken back.
func (s *Service) Cancel(ctx context.Context, id string, at CancelAt, why string) (Subscription, error) {
	sub, _, err := s.cancel(ctx, id, at, why)
	return sub, err
}

func (s *Service) cancel(ctx context.Context, id string, at CancelAt, why string) (sub Subscription, credit money.Money, err error) {
	if at != AtPeriodEnd && at != AtOnce {
		return Subscription{}, money.Money{}, fail.Invalid("at", "is not period_end or now")
	}
	if why, err = text.Notes(why, text.NotesLength); err != nil {
		return Subscription{}, money.Money{}, fail.Invalid("reason", err.Error())
	}
	sub, err = s.change(ctx, id, func(tx *db.Tx, sub *Subscription, p policy) (err error) {
		credit = money.New(0, sub.Unit.Currency)
		if sub.Ended() {
			return errEnded
		}
		if at == AtPeriodEnd && !sub.CancelOn.IsZero() {
			return nil
		}
		if *sub, err = s.lapseChanges(ctx, tx, *sub, "the subscription was cancelled"); err != nil {
			return err
		}
		if *sub, err = s.takeBackOpen(ctx, tx, *sub, "the subscription was cancelled"); err != nil {
			return err
		}
		err = event.Audit(ctx, tx, event.Change{What: "subscription.cancelled", SubjectID: sub.ID, After: string(at), Why: why})
		if err != nil {
			return err
		}
		sub.ChangePriceID, sub.ChangeQuantity, sub.ChangeOn = "", 0, civil.Date{}
		day := today(tx, p)
		end := sub.PaidUntil()
		if at == AtPeriodEnd && day.Before(end) {
			sub.CancelOn = end
			return save(ctx, tx, *sub)
		}
		if err := s.end(ctx, tx, *sub, EndedCancelled, day, why, p); err != nil || at != AtOnce {
			return err
		}
		credit, err = s.creditUnused(ctx, tx, *sub, p)
		return err
	})
	return sub, credit, err
}

// CancelCredit is what would become account credit if the subscription were cancelled at once: it is, and that is taken back.
func (s *Service) CancelCredit(ctx context.Context, id string) (money.Money, error) {
	var credit money.Money
	err := s.db.Try(ctx, func(tx *db.Tx) (err error) {
		_, credit, err = s.cancel(db.With(ctx, tx), id, AtOnce, "")
		return err
	})
	return credit, err
}

// creditUnused gives the unused part of what is paid back as account credit: of the current period by the proration setting,
// and all of those that have not begun. It returns what that comes to, taxes included.
func (s *Service) creditUnused(ctx context.Context, tx *db.Tx, sub Subscription, p policy) (money.Money, error) {
	day := today(tx, p)
	sum, err := s.creditAhead(ctx, tx, sub, day, billing.CauseCancellation, "The subscription was cancelled.")
	if err != nil {
		return sum, err
	}
	if current, found := sub.paidAt(day); found && current.Start.Before(day) && current.LineID != "" {
		_, line, stretch, err := paidStretch(ctx, tx, sub, current, p)
		if err != nil {
			return sum, err
		}
		unused, err := stretch.Cancel(tx.Now)
		if err != nil {
			return sum, fmt.Errorf("unused part of subscription %s: %w", sub.ID, err)
		}
		freed, err := s.creditLine(ctx, tx, line.ID, unused, billing.CauseCancellation, "The subscription was cancelled.")
		if err != nil {
			return sum, err
		}
		sum.Amount += freed
	}
	return sum, s.payments.UseCredit(ctx, tx, sub.CustomerID, sub.Unit.Currency)
}

// creditAhead gives all of the paid periods back that begin on a day or later, and returns what became account credit.
func (s *Service) creditAhead(
	ctx context.Context, tx *db.Tx, sub Subscription, from civil.Date, cause billing.Cause, why string,
) (money.Money, error) {
	sum := money.New(0, sub.Unit.Currency)
	for _, period := range sub.Periods {
		if period.State != PeriodPaid || period.LineID == "" || period.Start.Before(from) {
			continue
		}
		_, line, err := billing.LineOf(ctx, tx, period.LineID)
		if err != nil {
			return sum, err
		}
		freed, err := s.creditLine(ctx, tx, line.ID, line.Left(), cause, why)
		if err != nil {
			return sum, err
		}
		sum.Amount += freed
	}
	return sum, nil
}

// creditLine gives an amount of a paid line back, before its discount, and returns what of it became account credit.
func (s *Service) creditLine(
	ctx context.Context, tx *db.Tx, lineID string, amount money.Money, cause billing.Cause, why string,
) (freed int64, err error) {
	if amount.Amount <= 0 {
		return 0, nil
	}
	inv, _, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return 0, err
	}
	note, _, err := s.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: []billing.LineCredit{{LineID: lineID, Amount: amount}}, Cause: cause, Reason: why})
	return note.Freed.Amount, err
}

// Resume takes a cancellation back, before it has taken effect, or ends a pause. If the day of the next invoice has passed,
// it is made.
func (s *Service) Resume(ctx context.Context, id string) (Subscription, error) {
	return s.change(ctx, id, func(tx *db.Tx, sub *Subscription, p policy) error {
		switch {
		case sub.Ended():
			return errEnded
		case sub.CancelOn.IsZero() && sub.PausedOn.IsZero():
			return fail.Conflict("NOT_CANCELLED", "The subscription is neither cancelled nor paused.")
		}
		paused := !sub.PausedOn.IsZero()
		if !paused {
			sub.CancelOn = civil.Date{}
			return save(ctx, tx, *sub)
		}
		sub.PausedOn = civil.Date{} // a cancellation from before the pause stands
		if err := s.skip(ctx, tx, sub, today(tx, p), false); err != nil {
			return err
		}
		if err := save(ctx, tx, *sub); err != nil {
			return err
		}
		if err := s.settle(ctx, tx, sub.ID, p); err != nil || sub.LicenseID == "" || sub.Kind == OfAddon {
			return err
		}
		return s.licenses.Apply(ctx, tx, sub.LicenseID, license.StaffLifts, license.Input{Source: sub.ID, Why: "the subscription goes on"})
	})
}

// Pause stops a subscription until it is resumed: nothing is invoiced, and its license is held.
func (s *Service) Pause(ctx context.Context, id, why string) (Subscription, error) {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return Subscription{}, fail.Invalid("reason", err.Error())
	}
	return s.change(ctx, id, func(tx *db.Tx, sub *Subscription, p policy) error {
		switch {
		case sub.Ended():
			return errEnded
		case !sub.PausedOn.IsZero():
			return nil
		}
		var err error
		if *sub, err = s.lapseChanges(ctx, tx, *sub, "the subscription was paused"); err != nil {
			return err
		}
		if *sub, err = s.takeBackOpen(ctx, tx, *sub, "the subscription was paused"); err != nil {
			return err
		}
		sub.PausedOn = today(tx, p)
		if err := save(ctx, tx, *sub); err != nil {
			return err
		}
		err = event.Audit(ctx, tx, event.Change{What: "subscription.paused", SubjectID: sub.ID, Why: why})
		if err != nil || sub.LicenseID == "" || sub.Kind == OfAddon {
			return err
		}
		return s.licenses.Apply(ctx, tx, sub.LicenseID, license.StaffHolds, license.Input{Source: sub.ID, Why: "the subscription is paused"})
	})
}

// Decision is what staff make of a period whose line was taken back.
type Decision string

// The decisions.
const (
	InvoiceAgain Decision = "invoice_again"
	MarkPaid     Decision = "mark_paid"
	EndIt        Decision = "end"
)

// Decide settles what becomes of a period whose line was taken back.
func (s *Service) Decide(ctx context.Context, id string, start civil.Date, d Decision, why string) (Subscription, error) {
	why, err := text.Required(why, text.NotesLength)
	if err != nil {
		return Subscription{}, fail.Invalid("reason", err.Error())
	}
	return s.change(ctx, id, func(tx *db.Tx, sub *Subscription, p policy) error {
		at := -1
		for i, period := range sub.Periods {
			if period.Start == start && period.State == PeriodRemoved {
				at = i
			}
		}
		if at < 0 {
			return fail.NotFound("PERIOD_NOT_FOUND", "There is no such period that waits for a decision.")
		}
		if sub.Ended() {
			return errEnded
		}
		period := sub.Periods[at]
		var err error
		switch d {
		case MarkPaid:
			period.State = PeriodGiven
			err = savePeriod(ctx, tx, sub.ID, period)
		case InvoiceAgain:
			err = s.invoiceAgain(ctx, tx, *sub, period, p)
		case EndIt:
			err = s.end(ctx, tx, *sub, EndedByStaff, today(tx, p), why, p)
		default:
			return fail.Invalid("decision", "is not invoice_again, mark_paid or end")
		}
		if err != nil {
			return err
		}
		if err := task.Settled(ctx, tx, removedTask, sub.ID); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "subscription.period_decided", SubjectID: sub.ID, Before: start.String(), After: string(d), Why: why})
	})
}

// invoiceAgain makes a new invoice for a period.
func (s *Service) invoiceAgain(ctx context.Context, tx *db.Tx, sub Subscription, period Period, p policy) error {
	last := sub.NextDue == period.End
	if !last {
		return fail.Conflict("PERIOD_NOT_LAST", "A later period is invoiced already. Mark this one as paid, or add a line to an invoice by hand.")
	}
	inv, line, err := billing.LineOf(ctx, tx, period.LineID)
	if err != nil {
		return err
	}
	if err := sub.regain(ctx, tx, inv, line); err != nil {
		return err
	}
	if err := deletePeriod(ctx, tx, sub.ID, period); err != nil {
		return err
	}
	sub.NextDue = period.Start
	if err := save(ctx, tx, sub); err != nil {
		return err
	}
	sub, err = lock(ctx, tx, sub.ID)
	if err != nil {
		return err
	}
	return s.invoiceNext(ctx, tx, sub, p)
}
