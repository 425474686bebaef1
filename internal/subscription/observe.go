package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/task"
)

// InvoiceChanged implements billing.Observer: it brings periods, licenses and add-ons in line with what became of the
// invoice that pays for them. It asks only how things are, so it does not matter what came first, or how often.
func (s *Service) InvoiceChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
	if inv.ReplacedBy != "" {
		return nil // the invoice that replaces it speaks for the lines
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return err
	}
	lost := false
	if inv.Status == billing.Uncollectible || inv.Status == billing.Open {
		n, err := tx.LostDisputes(ctx, inv.ID)
		if err != nil {
			return fmt.Errorf("disputes of invoice %s: %w", inv.ID, err)
		}
		lost = n > 0
	}
	for _, line := range inv.Lines {
		if err := s.lineChanged(ctx, tx, inv, line, lost, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) lineChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine, lost bool, p policy) error {
	if line.Link == nil {
		return nil
	}
	if line.TakenBack || lost {
		// Whatever else it paid for: support that it paid for has ended.
		if err := s.licenses.TakeBackSupport(ctx, tx, line.ID, takenBackWhy(lost)); err != nil {
			return err
		}
	}
	switch line.Link.Kind {
	case billing.KindLicense:
		if line.Link.State != billing.Done {
			return nil
		}
		return s.licenseMoney(ctx, tx, inv, line.Link.Target, lost, line.TakenBack, false)
	case billing.LinkAddon:
		if line.Link.State != billing.Done || !line.TakenBack && !lost {
			return nil
		}
		row, err := tx.AddonOfLine(ctx, &line.ID)
		if err != nil {
			return fmt.Errorf("add-on of line %s: %w", line.ID, err)
		}
		return s.switchRow(ctx, tx, row, false, line.Description)
	case billing.LinkChange:
		if line.Link.State == billing.Done {
			line.TakenBack = false // refunding a change changes no license
			return s.periodMoney(ctx, tx, line.Link.Target, inv, line, lost, p)
		}
		if inv.Status != billing.Void {
			return nil
		}
		return s.restore(ctx, tx, line)
	case billing.LinkSubscription, billing.LinkRenewal:
		id := line.Link.Target
		if id == "" {
			return nil // nothing was sold yet
		}
		return s.periodMoney(ctx, tx, id, inv, line, lost, p)
	}
	return nil
}

func takenBackWhy(lost bool) string {
	if lost {
		return "the dispute about it was lost"
	}
	return "it was refunded"
}

// periodMoney brings the period of a line in line with its invoice.
func (s *Service) periodMoney(ctx context.Context, tx *db.Tx, id string, inv billing.Invoice, line billing.InvoiceLine, lost bool, p policy) error {
	sub, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	at := -1
	for i, period := range sub.Periods {
		if period.LineID == line.ID {
			at = i
		}
	}
	if at < 0 {
		return nil
	}
	takenBack := line.TakenBack && last(sub, at)
	ahead := takenBack && at > 0 && sub.Periods[at].Start.After(today(tx, p))
	if !sub.Ended() {
		switch {
		case ahead:
			// What was refunded has not begun: what was paid before runs to its end.
			takenBack, err = false, s.dropAhead(ctx, tx, sub, sub.Periods[at], p)
		case lost:
			err = s.end(ctx, tx, sub, EndedDisputeLost, today(tx, p), "", p)
		case takenBack:
			err = s.end(ctx, tx, sub, EndedRefunded, today(tx, p), "", p)
		case inv.Status == billing.Uncollectible:
			err = s.end(ctx, tx, sub, EndedUnpaid, today(tx, p), "", p)
		default:
			err = s.movePeriod(ctx, tx, sub, at, inv, line, p)
		}
		if err != nil {
			return err
		}
	}
	if sub.Kind == OfAddon || sub.LicenseID == "" {
		return nil
	}
	// After its term: while the hold of a dispute stands, the license can't end.
	return s.licenseMoney(ctx, tx, inv, sub.LicenseID, lost, takenBack, true)
}

// dropAhead takes a period away that has not begun, and ends the subscription where it would have.
func (s *Service) dropAhead(ctx context.Context, tx *db.Tx, sub Subscription, period Period, p policy) error {
	if err := deletePeriod(ctx, tx, sub.ID, period); err != nil {
		return err
	}
	sub.NextDue, sub.CancelOn = period.Start, period.Start
	if err := save(ctx, tx, sub); err != nil {
		return err
	}
	return s.settle(ctx, tx, sub.ID, p)
}

// movePeriod writes down what an invoice says about a period, and assesses the subscription anew.
func (s *Service) movePeriod(ctx context.Context, tx *db.Tx, sub Subscription, at int, inv billing.Invoice, line billing.InvoiceLine, p policy) error {
	period := &sub.Periods[at]
	was := period.State
	period.InvoiceID = inv.ID
	period.State = stateFor(inv, line, *period)
	if was == PeriodPaid && period.State == PeriodOpen {
		period.DueOn = today(tx, p) // the money went back and the debt stays: there is time to pay it again
	}
	if period.State == PeriodRemoved && was != PeriodRemoved {
		if err := ask(ctx, tx, sub, *period); err != nil {
			return err
		}
	}
	if err := savePeriod(ctx, tx, sub.ID, *period); err != nil {
		return err
	}
	if was == PeriodDisputed && !sub.disputed() {
		if err := s.goOn(ctx, tx, sub, p); err != nil {
			return err
		}
	}
	if was == period.State {
		return nil // nothing that the subscription depends on
	}
	return s.settle(ctx, tx, sub.ID, p)
}

// goOn lets the billing of a subscription go on whose dispute is over. Of the time that has passed meanwhile it asks for one
// invoice, due today: what was invoiced before the dispute and has fallen due since is made anew, so that nobody is dunned, or
// ends, for days on which nobody collected.
func (s *Service) goOn(ctx context.Context, tx *db.Tx, sub Subscription, p policy) error {
	open, found := sub.oldestOpen()
	if found && open.DueOn.Before(today(tx, p)) {
		var err error
		if sub, err = s.takeBackOpen(ctx, tx, sub, "it fell due while a payment was disputed"); err != nil {
			return err
		}
	}
	if err := s.skip(ctx, tx, &sub, today(tx, p), true); err != nil {
		return err
	}
	return save(ctx, tx, sub)
}

// last reports whether a period is the one that issued or last renewed what runs now.
func last(sub Subscription, at int) bool {
	for _, later := range sub.Periods[at+1:] {
		if later.State == PeriodPaid || later.State == PeriodDisputed {
			return false
		}
	}
	return true
}

// stateFor is what an invoice says about a period that it asks money for.
func stateFor(inv billing.Invoice, line billing.InvoiceLine, period Period) PeriodState {
	switch {
	case inv.Disputes > 0:
		return PeriodDisputed
	case line.Link.State == billing.Revoked && line.Link.Kind == billing.LinkRenewal && inv.Status != billing.Uncollectible:
		if period.State == PeriodPaid {
			return PeriodPaid
		}
		return PeriodRemoved
	}
	switch inv.Status {
	case billing.Paid:
		if line.Link.State == billing.Done {
			return PeriodPaid
		}
		return period.State
	case billing.Open, billing.Draft:
		return PeriodOpen
	case billing.Void:
		return PeriodRemoved
	case billing.Uncollectible:
		return PeriodLapsed
	}
	return period.State
}

// ask gives staff the question what becomes of a period whose line was taken back.
func ask(ctx context.Context, tx *db.Tx, sub Subscription, period Period) error {
	return task.Ask(ctx, tx, task.Question{
		Kind: removedTask, SubjectID: sub.ID, Occasion: period.Start.String(), CustomerID: sub.CustomerID,
		Detail: fmt.Sprintf("%s: the period from %s is neither invoiced nor paid. Invoice it again, mark it as paid, or end the subscription.", sub.Description, period.Start.Format("en")),
	})
}

// removedTask asks what becomes of a period whose line was taken back.
const removedTask = "subscription.period_removed"

// licenseMoney passes on to a license what happened to the money that paid for it: a dispute holds it, a lost one and a full
// refund revoke it.
func (s *Service) licenseMoney(ctx context.Context, tx *db.Tx, inv billing.Invoice, licenseID string, lost, takenBack, subscribed bool) error {
	on := license.DisputeWon
	switch {
	case lost:
		on = license.DisputeLost
	case inv.Disputes > 0:
		on = license.DisputeOpened
	}
	if err := s.licenses.Apply(ctx, tx, licenseID, on, license.Input{Source: inv.ID, EndStays: subscribed}); err != nil || !takenBack {
		return err
	}
	return s.licenses.Apply(ctx, tx, licenseID, license.FullRefund, license.Input{Source: inv.ID})
}

func partyOf(c customer.Customer) billing.Party {
	return billing.Party{
		Name: c.Name, Company: c.Company, Email: c.Email, Address: c.Address, Country: c.Country, State: c.State, TaxID: c.TaxID,
		Language: c.Language,
	}
}
