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
	"github.com/keystead/keystead/internal/task"
)

// InvoiceChanged implements billing.Observer: it brings renewals in line with what became of the invoice that asks for them. It
// asks only how things are, so it does not matter what came first, or how often.
func (s *Service) InvoiceChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
	if inv.ReplacedBy != "" {
		if err := follow(ctx, tx, inv.ReplacedBy); err != nil {
			return err
		}
	}
	services := map[string]bool{}
	for _, line := range inv.Lines {
		if id := line.SubscriptionID; id != "" && !services[id] {
			services[id] = true
			if err := s.serviceChanged(ctx, tx, id); err != nil {
				return err
			}
		}
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
		if err := recount(ctx, tx, &r); err != nil {
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
	if _, refundable := domainname.NextState(r.State, domainname.OnRefund); refundable && gone(inv, line) {
		return s.refund(ctx, tx, d, r, "its payment went back")
	}
	back, err := moneyBack(ctx, tx, inv, line, *r)
	if err != nil {
		return err
	}
	return s.follow(ctx, tx, d, r, back)
}

// moneyBack says whether any of the money of a paid renewal is away, by its invoice and those of its fees.
func moneyBack(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine, r domainname.Renewal) (back goneBack, err error) {
	back.is = gone(inv, line) || inv.Disputes > 0 || inv.Status == billing.Open || inv.Status == billing.Void
	if inv.Disputes > 0 {
		back.disputed = append(back.disputed, inv)
	}
	for _, fee := range inv.Lines {
		if fee.With == line.ID {
			back.fee(inv, fee)
		}
	}
	return back, back.fees(ctx, tx, r)
}

// goneBack says whether any of the money that was paid for a renewal is not the store's just now: by which invoices it is disputed.
type goneBack struct {
	is       bool
	disputed []billing.Invoice
	// left is what is still asked, or paid, for fees; credited: one of them was credited as a whole.
	left     int64
	credited bool
}

// fee adds a fee that was paid.
func (b *goneBack) fee(inv billing.Invoice, line billing.InvoiceLine) {
	b.is = b.is || line.TakenBack || inv.Status == billing.Uncollectible
	b.left += line.Left().Amount
	b.credited = b.credited || line.Left().Amount == 0
}

// fees adds the fees that were paid by invoices of their own.
func (b *goneBack) fees(ctx context.Context, tx *db.Tx, r domainname.Renewal) error {
	lines, err := fees(ctx, tx, r)
	if err != nil {
		return err
	}
	for _, id := range lines {
		inv, line, err := billing.ReadLine(ctx, tx, id)
		if err != nil {
			return err
		}
		if line.Link == nil || line.Link.State != billing.Done {
			continue // it is unpaid yet, or nobody asks for it any more
		}
		b.fee(inv, line)
		b.is = b.is || inv.Status != billing.Paid || inv.Disputes > 0
		if inv.Disputes > 0 {
			b.disputed = append(b.disputed, inv)
		}
	}
	// One that is not asked for any more, since a restore costs less, is not missing.
	b.is = b.is || b.credited && b.left < r.Fee.Amount
	return nil
}

// follow lets a paid renewal wait while money is away that was paid for it, and go on when it is back. It is not to be sent before
// that, whatever else it waited for, and is judged anew then.
func (s *Service) follow(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, back goneBack) error {
	held := r.State == domainname.RenewalHeld
	switch {
	case !back.is && held && r.Hold == domainname.HeldStaff && r.Cause == domainname.WaitsForMoney:
		return s.resume(ctx, tx, d, r)
	case !back.is, held && r.Cause == domainname.WaitsForMoney:
		return nil
	case held && (r.Hold == domainname.HeldTopUp || r.Hold == domainname.HeldPrice):
		// It waits for more money, and is not sent before that. A registrar that renews by itself must be told not to.
		return domainname.Work(ctx, tx, d.ID, tx.Now)
	case held:
		if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnRelease); err != nil {
			return err
		}
	case r.State == domainname.RenewalArranged && r.Cause != domainname.ByStaffsWord:
		// A mode is no renewal yet: it can be taken back until the last plain day, which the worker does.
		sent, err := tx.DomainRenewalSent(ctx, &r.ID)
		if err != nil || sent {
			return err
		}
		if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
	case r.State != domainname.RenewalPaid:
		return nil
	}
	return s.holdUnpaid(ctx, tx, d, r, back)
}

// holdUnpaid lets a paid renewal wait whose money has gone back, and asks staff about it.
func (s *Service) holdUnpaid(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, back goneBack) error {
	for _, inv := range back.disputed {
		if err := s.disputed(ctx, tx, inv, *d, *r); err != nil {
			return err
		}
	}
	if len(back.disputed) == 0 {
		err := ask(ctx, tx, *d, TaskMoneyBack, fmt.Sprintf("%s %d", r.ID, r.Version), fmt.Sprintf("What was paid for the renewal of %s, or a part of it, has gone back before "+
			"it was sent. It goes on by itself when that is paid again. Otherwise send it all the same, or refund the rest.", d.Name.Unicode()))
		if err != nil {
			return err
		}
	}
	return s.hold(ctx, tx, d, r, domainname.HeldStaff, domainname.WaitsForMoney, nil)
}

// serviceChanged brings the renewals of the domains that are free with a service in line with what became of its payments.
func (s *Service) serviceChanged(ctx context.Context, tx *db.Tx, subscriptionID string) error {
	return s.eachBundled(ctx, tx, subscriptionID, func(d domainname.Domain) error {
		open, err := domainname.OpenRenewal(ctx, tx, d.ID)
		if err != nil || open == nil || open.Kind != domainname.WithFree {
			return err
		}
		return s.freeChanged(ctx, tx, &d, open)
	})
}

// freeChanged is [Service.moneyChanged] for the renewal of a free domain, which a payment of its service pays for.
func (s *Service) freeChanged(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	if d.BundledWith == "" || r.DueBefore.IsZero() {
		return nil
	}
	away, err := freeAway(ctx, tx, *d, *r)
	if err != nil {
		return err
	}
	return s.follow(ctx, tx, d, r, goneBack{is: away})
}

// freeAway reports whether the service of a free domain doesn't pay for a renewal any more.
func freeAway(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal) (bool, error) {
	if r.Kind != domainname.WithFree || d.BundledWith == "" || r.DueBefore.IsZero() {
		return false, nil
	}
	ok, err := coveredOn(ctx, tx, d.BundledWith, r.DueBefore)
	return !ok, err
}

// Due brings a paid renewal in line with its money as part of tx, directly before something is sent for it: what its money did
// while a command was under way has moved nothing. It may be refunded or held afterwards; it is held while the account of its
// customer is. What staff have released is sent whether or not a payment is disputed. One that is sent already has begun its restore:
// that is reported in any case, and staff are told if its money is away. The caller holds the locks of customer and domain.
func (s *Service) Due(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	if r.PaidAt == nil {
		return nil
	}
	if r.State != domainname.RenewalPaid {
		return restoreSpent(ctx, tx, d, r)
	}
	if r.LineID == "" {
		if r.Kind != domainname.WithFree || r.Cause == domainname.ByStaffsWord {
			return nil
		}
		return s.freeChanged(ctx, tx, d, r)
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
	return s.hold(ctx, tx, d, r, domainname.HeldStaff, domainname.WaitsForAccount, nil)
}

// restoreSpent tells staff that the money of a renewal is away whose restore has begun. The registry deletes the name after all unless it
// is reported, and the store pays for the restore either way: so it goes on. A dispute has its own question.
func restoreSpent(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	if r.LineID == "" || r.Cause == domainname.ByStaffsWord {
		return nil
	}
	inv, line, err := billing.LineOf(ctx, tx, r.LineID)
	if err != nil {
		return err
	}
	back, err := moneyBack(ctx, tx, inv, line, *r)
	if err != nil || !back.is || len(back.disputed) > 0 {
		return err
	}
	return ask(ctx, tx, *d, TaskUnpaid, r.ID+" restore", fmt.Sprintf("What was paid for the renewal of %s, or a part of it, has gone back while the registry was restoring it. "+
		"The restore goes on: the store pays for it either way, and without its report the name would be deleted. Ask for the money again, or write it off.", d.Name.Unicode()))
}

// restoreGivenUp tells staff that a renewal is refunded whose restore has begun and was not reported: nothing reports it any more.
func restoreGivenUp(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal) error {
	sent, err := tx.DomainRenewalSent(ctx, &r.ID)
	if err != nil || !sent || !d.State.AwaitsReport() {
		return err
	}
	return ask(ctx, tx, d, TaskUnpaid, r.ID+" restore given up", fmt.Sprintf("The renewal of %s is refunded while the registry restores the name, and its report was not taken. "+
		"Nothing is sent any more: without a report the registry deletes the name within days, and the store has paid for the restore. Report it at the registrar by hand, or let it go and ask there for the fee.",
		d.Name.Unicode()))
}

// Away reports whether any of the money of a paid renewal is not the store's just now. It takes no locks.
func (s *Service) Away(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal) (bool, error) {
	switch {
	case r.PaidAt == nil:
		return false, nil
	case r.LineID == "":
		return freeAway(ctx, tx, d, r)
	}
	inv, line, err := billing.ReadLine(ctx, tx, r.LineID)
	if err != nil {
		return false, err
	}
	back, err := moneyBack(ctx, tx, inv, line, r)
	return back.is, err
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
	if err := task.Settled(ctx, tx, TaskMoneyBack, d.ID); err != nil {
		return err
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	if !st.DomainRenewOnPay {
		return s.hold(ctx, tx, d, r, domainname.HeldStaff, domainname.WaitsForStaff, nil)
	}
	return domainname.Work(ctx, tx, d.ID, tx.Now)
}

// feeChanged lets a renewal go on whose fee nobody asks for any more, and wait while what was paid for it is away.
func (s *Service) feeChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine, d domainname.Domain, r domainname.Renewal) error {
	waived := line.Link.State == billing.Revoked && inv.Status != billing.Paid
	if waived && r.FeeLineID == line.ID && r.State == domainname.RenewalHeld && r.Hold == domainname.HeldTopUp {
		return s.resume(ctx, tx, &d, &r)
	}
	if r.PaidAt == nil || r.LineID == "" {
		return nil
	}
	inv, line, err := billing.LineOf(ctx, tx, r.LineID)
	if err != nil {
		return err
	}
	return s.moneyChanged(ctx, tx, inv, line, &d, &r)
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
