package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
)

// mostAtOnce bounds how many periods one assessment invoices: a clock that is wrong by centuries must not bill them.
const mostAtOnce = 120

func today(tx *db.Tx, p policy) civil.Date { return civil.Of(tx.Now, p.Zone) }

// settle assesses a subscription and does what follows: invoices that are due, its end, the term and the holds of its
// license, and the instant at which it is to be looked at again. The caller holds the customer's lock.
func (s *Service) settle(ctx context.Context, tx *db.Tx, id string, p policy) error {
	for range mostAtOnce {
		sub, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		chargeable, err := tx.HasChargeableMethod(ctx, sub.CustomerID)
		if err != nil {
			return fmt.Errorf("payment methods of customer %s: %w", sub.CustomerID, err)
		}
		if sub.TrialEndsAt != nil && !chargeable {
			credit, err := billing.CreditOf(ctx, tx, sub.CustomerID, sub.Unit.Currency)
			if err != nil {
				return err
			}
			chargeable = credit.Amount >= sub.Recurring().Amount
		}
		st := Assess(sub, chargeable, p.Rules, tx.Now)
		if st.End != NotEnded && !sub.Ended() {
			return s.end(ctx, tx, sub, st.End, st.EndOn, "", p)
		}
		if err := s.write(ctx, tx, &sub, st, p); err != nil {
			return err
		}
		if st.Change {
			if err := s.applyPlanned(ctx, tx, &sub); err != nil {
				return err
			}
			continue
		}
		if !st.Invoice {
			return nil
		}
		if err := s.invoiceNext(ctx, tx, sub, p); err != nil {
			return err
		}
	}
	return fmt.Errorf("subscription %s: more than %d periods are due at once", id, mostAtOnce)
}

// write stores what an assessment found, tells of a new status, and passes term and holds on to the license.
func (s *Service) write(ctx context.Context, tx *db.Tx, sub *Subscription, st Standing, p policy) error {
	before := sub.Status
	if !mayMove(before, st.Status) {
		return fmt.Errorf("subscription %s: nothing leads from %s to %s", sub.ID, before, st.Status)
	}
	sub.Status, sub.NextAt = st.Status, st.NextAt
	if st.Held && sub.SuspendedOn.IsZero() {
		sub.SuspendedOn = today(tx, p)
	}
	if err := s.toLicense(ctx, tx, sub, st, false); err != nil {
		return err
	}
	if !st.Held && st.Status != Suspended && st.Status != Expired && !sub.SuspendedOn.IsZero() {
		if p.creditPause {
			if err := s.creditSuspended(sub, p, today(tx, p)); err != nil {
				return err
			}
		}
		sub.SuspendedOn = civil.Date{}
	}
	if _, owed := sub.oldestOpen(); !owed {
		sub.GraceUntil = nil
	}
	if err := save(ctx, tx, *sub); err != nil {
		return err
	}
	if sub.Kind == OfAddon && sub.LicenseID != "" {
		// Checks of the license tell when its add-ons are due.
		if err := s.licenses.NoteChange(ctx, tx, sub.LicenseID); err != nil {
			return err
		}
	}
	if before == st.Status {
		return nil
	}
	return tell(ctx, tx, statusEvent(before, st.Status), *sub, map[string]any{"from": before})
}

// statusEvent names what happened when a subscription went from one status to another.
func statusEvent(from, to Status) string {
	switch to {
	case Active:
		switch from {
		case Trialing:
			return "activated"
		case PastDue:
			return "recovered"
		default:
			return "resumed"
		}
	case PastDue, Suspended, Cancelled, Expired:
		return string(to)
	case Trialing:
		return "resumed"
	}
	return string(to)
}

// toLicense brings the license in line: its term, and the hold for want of payment. An add-on has none of its own.
func (s *Service) toLicense(ctx context.Context, tx *db.Tx, sub *Subscription, st Standing, revive bool) error {
	if sub.LicenseID == "" {
		return nil
	}
	if sub.Kind == OfAddon {
		return s.switchAddon(ctx, tx, *sub, !st.Held && st.Status != Expired && st.Status != Suspended)
	}
	st.Term.Before = sub.LicenseUntil
	err := s.licenses.Extend(ctx, tx, sub.LicenseID, license.Extension{
		Source: sub.ID, Term: st.Term, Held: st.Held, Revive: revive,
	})
	if err != nil {
		return fmt.Errorf("license of subscription %s: %w", sub.ID, err)
	}
	sub.LicenseUntil = st.Term.ExpiresAt
	return nil
}

// end closes a subscription for good. Its unpaid invoices become uncollectible, or are taken back where the customer
// has cancelled.
func (s *Service) end(ctx context.Context, tx *db.Tx, sub Subscription, why EndReason, on civil.Date, words string, p policy) error {
	before := sub.Status
	sub.EndedOn, sub.EndReason, sub.CancelOn = on, why, civil.Date{}
	st := Assess(sub, false, p.Rules, tx.Now)
	if !mayMove(before, st.Status) {
		return fmt.Errorf("subscription %s: nothing leads from %s to %s", sub.ID, before, st.Status)
	}
	sub.Status, sub.NextAt = st.Status, nil
	open := []Period{}
	for i := range sub.Periods {
		period := &sub.Periods[i]
		if period.State != PeriodOpen && (period.State != PeriodDisputed || why != EndedDisputeLost) {
			continue
		}
		open = append(open, *period)
		period.State = PeriodLapsed
		if err := savePeriod(ctx, tx, sub.ID, *period); err != nil {
			return err
		}
	}
	switch why {
	case EndedRefunded, EndedDisputeLost:
		// The license is revoked by the money that went back: its term stays as it was.
		if sub.Kind == OfAddon {
			if err := s.switchAddon(ctx, tx, sub, false); err != nil {
				return err
			}
		}
	case EndedByStaff, EndedCancelled, EndedUnpaid, NotEnded:
		if err := s.toLicense(ctx, tx, &sub, st, false); err != nil {
			return err
		}
	}
	if err := save(ctx, tx, sub); err != nil {
		return err
	}
	if err := tell(ctx, tx, "expired", sub, map[string]any{"from": before, "reason": why, "why": words}); err != nil {
		return err
	}
	if _, err := s.lapseChanges(ctx, tx, sub, ""); err != nil {
		return err
	}
	for _, period := range open {
		if err := s.giveUp(ctx, tx, sub, period, why); err != nil {
			return err
		}
	}
	return nil
}

// endOverdue ends the subscriptions that an open invoice asks money for and whose last date has come: what arrives now is too
// late, as the licenses have expired, whether or not the automation has looked since.
func (s *Service) endOverdue(ctx context.Context, tx *db.Tx, inv billing.Invoice) (ended bool, err error) {
	p, err := policyOf(ctx, tx)
	if err != nil || !inv.DueOn.Before(today(tx, p)) {
		return false, err
	}
	for _, line := range inv.Lines {
		if line.Link == nil || line.Link.Kind != billing.LinkRenewal {
			continue
		}
		sub, err := lock(ctx, tx, line.SubscriptionID)
		if err != nil {
			return false, err
		}
		if _, open := sub.oldestOpen(); !open || sub.Ended() {
			continue
		}
		if st := Assess(sub, false, p.Rules, tx.Now); st.End == EndedUnpaid {
			if err := s.end(ctx, tx, sub, st.End, st.EndOn, "", p); err != nil {
				return false, err
			}
			ended = true
		}
	}
	return ended, nil
}

// giveUp closes the invoice of a period that will not be paid any more.
func (s *Service) giveUp(ctx context.Context, tx *db.Tx, sub Subscription, period Period, why EndReason) error {
	inv, err := billing.Lock(ctx, tx, period.InvoiceID)
	if err != nil || inv.Status != billing.Open {
		return err
	}
	line, found := inv.Line(period.LineID)
	delivered := found && line.Link != nil && line.Link.State == billing.Done
	switch {
	case why == EndedDisputeLost:
		return nil // the payment room closes what was in dispute
	case why == EndedUnpaid && onlyAbout(inv, sub):
		_, err = s.billing.GiveUp(ctx, tx, inv.ID, "the subscription ended unpaid")
	case delivered:
		return nil // it was paid once, and the money went back without the debt: that is still owed
	default:
		_, err = s.billing.RemoveLine(ctx, tx, period.LineID, billing.Removal{Why: "the subscription ended", InFlight: true})
	}
	return err
}

// onlyAbout reports whether an invoice asks for nothing but a subscription.
func onlyAbout(inv billing.Invoice, sub Subscription) bool {
	for _, line := range inv.Lines {
		if line.Link != nil && line.Link.Target != sub.ID {
			return false
		}
	}
	return true
}
