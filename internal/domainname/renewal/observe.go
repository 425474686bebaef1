package renewal

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
)

// moneyAway is why a renewal waits whose money has gone back, or is disputed, before it was done.
const moneyAway = "its payment was taken back or is disputed"

// InvoiceChanged implements billing.Observer: it brings renewals in line with what became of the invoice that asks for them. It
// asks only how things are, so it does not matter what came first, or how often.
func (s *Service) InvoiceChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
	if inv.ReplacedBy != "" {
		if err := follow(ctx, tx, inv.ReplacedBy); err != nil {
			return err
		}
	}
	for _, line := range inv.Lines {
		if line.Link == nil || line.Link.Kind != LinkRenewal && line.Link.Kind != LinkFee {
			continue
		}
		if err := s.lineChanged(ctx, tx, inv, line); err != nil {
			return err
		}
	}
	return nil
}

// follow notes on which invoice lines stand that were issued anew.
func follow(ctx context.Context, tx *db.Tx, invoiceID string) error {
	inv, err := billing.Load(ctx, tx, invoiceID)
	if err != nil {
		return err
	}
	for _, line := range inv.Lines {
		if line.Link == nil {
			continue
		}
		switch line.Link.Kind {
		case LinkRenewal:
			err = tx.InvoiceDomainRenewal(ctx, query.InvoiceDomainRenewalParams{LineID: &line.ID, InvoiceID: &inv.ID})
		case LinkFee:
			err = tx.InvoiceDomainRenewalFee(ctx, query.InvoiceDomainRenewalFeeParams{LineID: &line.ID, InvoiceID: &inv.ID})
		}
		if err != nil {
			return fmt.Errorf("renewal of line %s: %w", line.ID, err)
		}
	}
	return nil
}

func (s *Service) lineChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine) error {
	d, r, err := lockRenewal(ctx, tx, line.ID)
	if e := (*fail.Error)(nil); errors.As(err, &e) && e.Kind == fail.KindNotFound {
		return nil // it is asked for by another line now
	}
	if err != nil {
		return err
	}
	if r.PaidAt != nil {
		if err := s.disputed(ctx, tx, inv, d, r); err != nil {
			return err
		}
		if r, err = domainname.LoadRenewal(ctx, tx, r.ID); err != nil {
			return err
		}
	}
	if line.Link.Kind == LinkFee {
		return s.feeChanged(ctx, tx, inv, line, d, r)
	}
	gone := line.Link.State == billing.Revoked
	switch {
	case r.State == domainname.RenewalOpen && gone:
		return s.unlinked(ctx, tx, inv, line, d, r)
	case r.State == domainname.RenewalRevoked && inv.Status == billing.Open && line.Link.State == billing.Pending:
		if err := domainname.MoveRenewal(ctx, tx, &r, domainname.OnRestoredLink); err != nil {
			return err
		}
		return tell(ctx, tx, "domain.link_restored", d, r, nil)
	case r.Unpaid() && gone:
		return s.unlinked(ctx, tx, inv, line, d, r)
	case r.PaidAt == nil:
		return nil
	}
	return s.moneyChanged(ctx, tx, inv, line, &d, &r)
}

// unlinked ends an unpaid renewal whose line nobody will pay any more, or whose link staff have revoked. What the customer no
// longer wants is withdrawn; what was taken away by hand is revoked: its due date is not invoiced again by itself. One whose
// years the registry has already is revoked too: staff are asked what becomes of them.
func (s *Service) unlinked(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine, d domainname.Domain, r domainname.Renewal) error {
	on, why := domainname.OnRevocation, "pay but do not renew"
	switch {
	case inv.Status == billing.Void && inv.ReplacedBy == "" && r.Kind == domainname.Ordered && !r.Unpaid():
		on, why = domainname.OnWithdrawal, "its order has ended"
	case inv.Status == billing.Void && inv.ReplacedBy == "":
		why = "its invoice was voided"
	case inv.Status == billing.Void:
		why = "its line was removed"
	case inv.Status == billing.Uncollectible:
		why = "its invoice was written off"
	case line.Left().Amount == 0 && line.Amount.Amount > 0:
		why = "its line was credited"
	}
	r.Cause = why
	if err := domainname.MoveRenewal(ctx, tx, &r, on); err != nil {
		return err
	}
	if err := s.giveBackFees(ctx, tx, r, why, inFlight); err != nil {
		return err
	}
	if on == domainname.OnWithdrawal {
		return tell(ctx, tx, "domain.renewal_withdrawn", d, r, map[string]any{"reason": why})
	}
	return tell(ctx, tx, "domain.link_revoked", d, r, map[string]any{"reason": why})
}

// moneyChanged brings a paid renewal in line with its money. What was done stays done.
func (s *Service) moneyChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine, d *domainname.Domain, r *domainname.Renewal) error {
	away := inv.Disputes > 0 || inv.Status == billing.Open || inv.Status == billing.Void
	_, refundable := domainname.NextState(r.State, domainname.OnRefund)
	switch {
	case gone(inv, line) && refundable:
		return s.refund(ctx, tx, d, r, "its payment went back")
	case away && r.State == domainname.RenewalHeld && r.Cause != moneyAway && r.Hold != domainname.HeldTopUp && r.Hold != domainname.HeldPrice:
		// Whatever it waited for: it is not to be sent before its money is back, and is judged anew then.
		if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnRelease); err != nil {
			return err
		}
		return s.hold(ctx, tx, d, r, domainname.HeldStaff, moneyAway, nil)
	case away && r.State == domainname.RenewalPaid:
		return s.hold(ctx, tx, d, r, domainname.HeldStaff, moneyAway, nil)
	case !away && r.State == domainname.RenewalHeld && r.Hold == domainname.HeldStaff && r.Cause == moneyAway:
		return s.resume(ctx, tx, d, r)
	}
	return nil
}

// Due brings a paid renewal in line with its money as part of tx, directly before something is sent for it: what its money did
// while a command was under way has moved nothing. It may be refunded or held afterwards; it is held while the account of its
// customer is. What staff have released is sent whether or not a payment is disputed. The caller holds the locks of customer and domain.
func (s *Service) Due(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	if r.State != domainname.RenewalPaid || r.PaidAt == nil || r.LineID == "" {
		return nil
	}
	inv, line, err := billing.LineOf(ctx, tx, r.LineID)
	if err != nil {
		return err
	}
	if r.Cause == domainname.ByStaffsWord && !gone(inv, line) {
		return nil
	}
	if err := s.moneyChanged(ctx, tx, inv, line, d, r); err != nil || r.State != domainname.RenewalPaid {
		return err
	}
	held, err := accountHeld(ctx, tx, d.CustomerID)
	if err != nil || !held {
		return err
	}
	return s.hold(ctx, tx, d, r, domainname.HeldStaff, AccountHeld, nil)
}

// gone reports whether what was paid for a line is not the store's any more.
func gone(inv billing.Invoice, line billing.InvoiceLine) bool {
	return line.TakenBack || line.Left().Amount == 0 && line.Amount.Amount > 0 || inv.Status == billing.Uncollectible
}

// resume lets a held renewal go on whose money is there, or wait for staff where the store renews by hand.
func (s *Service) resume(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnRelease); err != nil {
		return err
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	if !st.DomainRenewOnPay {
		return s.hold(ctx, tx, d, r, domainname.HeldStaff, "renewals are sent by staff", nil)
	}
	return domainname.Work(ctx, tx, d.ID, tx.Now)
}

// feeChanged lets a renewal go on whose fee nobody asks for any more.
func (s *Service) feeChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine, d domainname.Domain, r domainname.Renewal) error {
	waived := line.Link.State == billing.Revoked && inv.Status != billing.Paid
	if !waived || r.FeeLineID != line.ID || r.State != domainname.RenewalHeld || r.Hold != domainname.HeldTopUp {
		return nil
	}
	return s.resume(ctx, tx, &d, &r)
}

// endOverdue withdraws the renewals that an open invoice asks money for and which can't be done any more: what arrives now is
// too late, whether or not the automation has looked since.
func (s *Service) endOverdue(ctx context.Context, tx *db.Tx, inv billing.Invoice) (ended bool, err error) {
	for _, line := range inv.Lines {
		if line.Link == nil || line.Link.Kind != LinkRenewal || line.Link.State != billing.Pending && line.Link.State != billing.Fulfilled {
			continue
		}
		d, r, err := lockRenewal(ctx, tx, line.ID)
		if err != nil {
			return false, err
		}
		if r.State != domainname.RenewalOpen && !r.Unpaid() {
			continue
		}
		p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return false, err
		}
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return false, err
		}
		if !ok || !overdue(d, r, p, st, tx.Now, true) {
			continue
		}
		if err := s.withdraw(ctx, tx, d, &r, CauseTooLate, inFlight); err != nil {
			return false, err
		}
		ended = true
	}
	return ended, nil
}

// The reasons that the event of a withdrawn renewal, or of a changed price, gives to those who write to customers.
const (
	CauseTooLate  = "too_late"         // it can't be done any more
	CauseNotPaid  = "not_paid_in_time" // its order was not paid
	CauseFreeLost = "free_lost"        // the service has ended that it was free with
)
