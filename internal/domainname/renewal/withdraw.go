package renewal

import (
	"context"
	"fmt"
	"maps"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
)

// Whether a line may be removed while somebody is paying it; what that brings is credit then.
const (
	whileFree = false
	inFlight  = true
)

// tell writes an event about a renewal. Its subject is the domain.
func tell(ctx context.Context, tx *db.Tx, what string, d domainname.Domain, r domainname.Renewal, more map[string]any) error {
	return event.Emit(ctx, tx, newEvent(what, d, r, more))
}

func newEvent(what string, d domainname.Domain, r domainname.Renewal, more map[string]any) event.New {
	data := map[string]any{
		"domain_id": d.ID, "name": d.Name.String(), "shown": d.Name.Unicode(), "renewal_id": r.ID, "kind": r.Kind, "state": r.State, "years": r.Years, "base": r.Base,
		"expires_on": r.Expected, "price": r.Price, "fee": money.New(r.Fee.Amount, r.Price.Currency), "invoice_id": r.InvoiceID, "order_id": r.OrderID,
	}
	maps.Copy(data, more)
	return event.New{Type: what, SubjectID: d.ID, CustomerID: d.CustomerID, Data: data}
}

// owedOf is the renewal of a domain that is open, or that was made and is unpaid; nil: there is none.
func owedOf(ctx context.Context, tx *db.Tx, d domainname.Domain) (*domainname.Renewal, error) {
	r, err := domainname.OpenRenewal(ctx, tx, d.ID)
	if err != nil || r != nil {
		return r, err
	}
	if r, err = domainname.MadeRenewal(ctx, tx, d); err != nil || r == nil || !r.Unpaid() {
		return nil, err
	}
	return r, nil
}

// lockOpen locks the invoices that ask for the renewal of a domain that is open, or unpaid: they are locked before the domain.
// The caller holds the customer's lock, so that no other invoice comes to ask for it.
func (s *Service) lockOpen(ctx context.Context, tx *db.Tx, domainID string) error {
	d, err := domainname.Load(ctx, tx, domainID)
	if err != nil {
		return err
	}
	open, err := owedOf(ctx, tx, d)
	if err != nil || open == nil {
		return err
	}
	for _, id := range []string{open.InvoiceID, open.FeeInvoiceID} {
		if id == "" {
			continue
		}
		if _, err := billing.Lock(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// lock takes all the locks that a change of a domain's renewals needs, in their order, and reads both.
func (s *Service) lock(ctx context.Context, tx *db.Tx, domainID string) (domainname.Domain, *domainname.Renewal, error) {
	d, err := domainname.Load(ctx, tx, domainID)
	if err != nil {
		return d, nil, err
	}
	if _, err := customer.Lock(ctx, tx, d.CustomerID); err != nil {
		return d, nil, err
	}
	if err := s.lockOpen(ctx, tx, domainID); err != nil {
		return d, nil, err
	}
	if d, err = domainname.Lock(ctx, tx, domainID); err != nil {
		return d, nil, err
	}
	open, err := domainname.OpenRenewal(ctx, tx, domainID)
	return d, open, err
}

// withdraw ends an unpaid renewal and removes its line: its due date may be invoiced again. The ledger comes first, so that
// what is heard of the invoice afterwards finds it done.
func (s *Service) withdraw(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, why string, paying bool) error {
	return s.takeBack(ctx, tx, d, r, domainname.OnWithdrawal, why, paying)
}

// takeBack ends an unpaid renewal by a trigger and removes what asks for it.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, on domainname.RenewalTrigger, why string, paying bool) error {
	r.Cause = why
	if err := domainname.MoveRenewal(ctx, tx, r, on); err != nil {
		return err
	}
	if err := s.giveBackFees(ctx, tx, *r, why, paying); err != nil {
		return err
	}
	if r.LineID != "" {
		if err := s.remove(ctx, tx, r.LineID, why, paying); err != nil {
			return err
		}
	}
	more := map[string]any{"reason": why}
	if err := possible(ctx, tx, d, more); err != nil {
		return err
	}
	return tell(ctx, tx, "domain.renewal_withdrawn", d, *r, more)
}

// possible adds what can still be done about a domain: the last day of a renewal, and whether it comes with a restore.
func possible(ctx context.Context, tx *db.Tx, d domainname.Domain, to map[string]any) error {
	p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil || !ok {
		return err
	}
	s := domainname.Assess(d, p, nil, tx.Now)
	last := s.Window.LastPlain
	switch s.Stage {
	case domainname.StageExpired:
		return nil
	case domainname.StageRedemption, domainname.StageTooLate:
		to["restore"] = true
		last = s.Window.LastRestore
	case domainname.StageActive, domainname.StageGrace:
	}
	if !last.IsZero() {
		to["last_day"] = last
	}
	return nil
}

// remove takes a line out of its open invoice, together with the fee that is asked for beside it.
func (s *Service) remove(ctx context.Context, tx *db.Tx, lineID, why string, paying bool) error {
	inv, line, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return err
	}
	if inv.Status != billing.Open && inv.Status != billing.Draft || line.Link != nil && line.Link.State == billing.Done {
		return nil
	}
	_, err = s.billing.RemoveLine(ctx, tx, lineID, billing.Removal{Why: why, InFlight: paying})
	return err
}

// giveBack turns what was paid for a renewal that will not happen into credit: its line, and the fee beside it.
func (s *Service) giveBack(ctx context.Context, tx *db.Tx, r domainname.Renewal, why string) error {
	if err := s.giveBackFees(ctx, tx, r, why, inFlight); err != nil {
		return err
	}
	if err := s.giveBackLine(ctx, tx, r.LineID, why, inFlight); err != nil {
		return fmt.Errorf("give back renewal %s: %w", r.ID, err)
	}
	return nil
}

// giveBackFees is [Service.giveBack] for all that was asked for besides by invoices of their own.
func (s *Service) giveBackFees(ctx context.Context, tx *db.Tx, r domainname.Renewal, why string, paying bool) error {
	lines, err := fees(ctx, tx, r)
	if err != nil {
		return err
	}
	return s.giveBackLines(ctx, tx, r, lines, why, paying)
}

// giveBackBesides is [Service.giveBack] for all that was asked for besides a line that was credited.
func (s *Service) giveBackBesides(ctx context.Context, tx *db.Tx, r domainname.Renewal, why string) error {
	lines, err := besides(ctx, tx, r)
	if err != nil {
		return err
	}
	return s.giveBackLines(ctx, tx, r, lines, why, inFlight)
}

func (s *Service) giveBackLines(ctx context.Context, tx *db.Tx, r domainname.Renewal, lines []string, why string, paying bool) error {
	for _, lineID := range lines {
		if err := s.giveBackLine(ctx, tx, lineID, why, paying); err != nil {
			return fmt.Errorf("fee of renewal %s: %w", r.ID, err)
		}
	}
	return nil
}

// giveBackLine is [Service.giveBack] for one line, and the fee beside it; an empty one is none.
func (s *Service) giveBackLine(ctx context.Context, tx *db.Tx, lineID, why string, paying bool) error {
	if lineID == "" {
		return nil
	}
	inv, _, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return err
	}
	if inv.Status != billing.Paid {
		return s.remove(ctx, tx, lineID, why, paying)
	}
	lines := inv.LeftOf(lineID)
	if len(lines) == 0 || inv.Credited == inv.Total {
		return nil
	}
	_, _, err = s.billing.Credit(ctx, tx, inv, billing.Crediting{Lines: lines, Cause: billing.CauseCancellation, Reason: why, AtMost: true})
	return err
}

// moveBack takes paid-through and next due back to where they stood before a payment moved them.
// The caller saves the domain.
func moveBack(d *domainname.Domain, r *domainname.Renewal) {
	if !r.PaidBefore.IsZero() || r.PaidAt != nil {
		d.PaidThrough = r.PaidBefore
	}
	if !r.DueBefore.IsZero() {
		d.NextDue = r.DueBefore
	}
}

// refund ends a paid renewal that was not done, because its money went back.
func (s *Service) refund(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, why string) error {
	r.Cause = why
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnRefund); err != nil {
		return err
	}
	moveBack(d, r)
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	if err := answered(ctx, tx, d.ID); err != nil {
		return err
	}
	// What was asked for besides was for the same. On its own invoice it was credited with it, unless a command was under way.
	if err := s.giveBackBesides(ctx, tx, *r, why); err != nil {
		return err
	}
	if err := restoreGivenUp(ctx, tx, *d, *r); err != nil {
		return err
	}
	if d.Mode == domainname.ModeRenew {
		// The registrar is still told to renew it.
		if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
	}
	return tell(ctx, tx, "domain.renewal_refunded", *d, *r, map[string]any{"reason": why})
}

// Lost ends a renewal whose domain is not ours any more, or gone, as part of tx: what was paid becomes credit, an unpaid line
// is withdrawn, nothing renews by itself any more. open nil: the domain has no open renewal. The caller holds the locks of
// customer and domain, and saves the domain.
func (s *Service) Lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error {
	d.DoNotRenew = true
	if open == nil {
		made, err := domainname.MadeRenewal(ctx, tx, *d)
		if err != nil || made == nil || !made.Unpaid() || made.State != domainname.RenewalSatisfied {
			return err
		}
		return s.withdraw(ctx, tx, *d, made, cause, inFlight)
	}
	if open.State == domainname.RenewalOpen {
		return s.takeBack(ctx, tx, *d, open, domainname.OnLoss, cause, inFlight)
	}
	open.Cause = cause
	if err := domainname.MoveRenewal(ctx, tx, open, domainname.OnLoss); err != nil {
		return err
	}
	moveBack(d, open)
	if err := answered(ctx, tx, d.ID); err != nil {
		return err
	}
	if err := s.giveBack(ctx, tx, *open, cause); err != nil {
		return err
	}
	if err := tell(ctx, tx, "domain.renewal_refunded", *d, *open, map[string]any{"reason": cause}); err != nil {
		return err
	}
	// Before the credit pays anything else: what that does to this domain begins with its facts as they are now.
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	return s.payments.UseCredit(ctx, tx, d.CustomerID, open.Price.Currency)
}
