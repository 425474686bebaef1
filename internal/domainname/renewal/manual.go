package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// SetAutoRenew turns a domain's automatic invoices on or off. Off withdraws an unpaid automatic line, where the settings say
// so; what the customer has ordered stays.
func (s *Service) SetAutoRenew(ctx context.Context, domainID string, on bool, why string) (d domainname.Domain, err error) {
	if why, err = text.Notes(why, text.NotesLength); err != nil {
		return d, fail.Invalid("reason", err.Error())
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if d, _, err = s.lock(ctx, tx, domainID); err != nil || d.DoNotRenew == !on {
			return err
		}
		if err := turn(ctx, tx, &d, on, why); err != nil {
			return err
		}
		st, err := setting.Load(ctx, tx)
		if err != nil || on || !st.DomainWithdraw {
			return err
		}
		owed, err := owedOf(ctx, tx, d)
		if err != nil || owed == nil || owed.Kind != domainname.Automatic || owed.State != domainname.RenewalOpen && owed.State != domainname.RenewalSatisfied {
			return err // what staff have renewed by hand is owed
		}
		if err := s.withdraw(ctx, tx, d, owed, "do not renew", inFlight); err != nil {
			return err
		}
		return s.payments.UseCredit(ctx, tx, d.CustomerID, owed.Price.Currency)
	})
	return d, err
}

// turn turns the automatic invoices of a domain on or off, and tells of it.
func turn(ctx context.Context, tx *db.Tx, d *domainname.Domain, on bool, why string) error {
	d.DoNotRenew = !on
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	err := event.Emit(ctx, tx, event.New{Type: "domain.auto_renew_changed", SubjectID: d.ID, CustomerID: d.CustomerID, Data: map[string]any{
		"domain_id": d.ID, "name": d.Name.String(), "auto_renew": on,
	}})
	if err != nil {
		return err
	}
	return audit(ctx, tx, "domain.auto_renew_changed", *d, fmt.Sprint(!on), fmt.Sprint(on), why)
}

var (
	errConfirming = fail.Conflict("RENEWAL_UNCONFIRMED", "A renewal of this domain is paid and not confirmed: refund it, or wait for it.")
	errPaying     = fail.Conflict("PAYMENT_IN_PROGRESS", "A payment of this domain's renewal is being processed. Look again when it is over.")
)

// CauseDeleted is the reason that the event of a renewal gives which was withdrawn as staff have the registry delete its domain.
const CauseDeleted = "deleted"

// GiveUp ends what is unpaid of a domain that is about to be deleted at its registry, as part of tx: its automatic invoices are
// turned off, an unpaid line is withdrawn. While a renewal is paid and not confirmed, or being paid, it is a conflict. The caller
// holds the locks of customer and domain, and does not save the domain afterwards.
func (s *Service) GiveUp(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error {
	owed, err := owedOf(ctx, tx, *d)
	if err != nil {
		return err
	}
	if owed != nil && owed.State != domainname.RenewalOpen && owed.State.Open() {
		return errConfirming
	}
	if owed != nil {
		for _, id := range []string{owed.InvoiceID, owed.FeeInvoiceID} {
			if id == "" {
				continue
			}
			busy, err := billing.InFlight(ctx, tx, id)
			if err != nil {
				return err
			}
			if busy {
				return errPaying
			}
		}
	}
	if err := task.Settled(ctx, tx, TaskUndo, d.ID); err != nil {
		return err
	}
	if d.DoNotRenew {
		err = domainname.Save(ctx, tx, d)
	} else {
		err = turn(ctx, tx, d, false, why)
	}
	if err != nil || owed == nil || owed.State != domainname.RenewalOpen && owed.State != domainname.RenewalSatisfied {
		return err // what staff have renewed by hand is owed
	}
	if err := s.withdraw(ctx, tx, *d, owed, CauseDeleted, whileFree); err != nil {
		return err
	}
	return s.payments.UseCredit(ctx, tx, d.CustomerID, owed.Price.Currency)
}

func (in *ManualInput) validate() error {
	var f fail.Fields
	if in.Years < 1 || in.Years > 10 { // ten are a term, and never on offer
		f.Add("years", "is not between 1 and 10")
	}
	if in.MoveNextDue == nil {
		f.Add("move_next_due", "is required: whether next due moves, or stays and the domain is invoiced for it")
	}
	if in.OpenLine != "" && in.OpenLine != StillOwed && in.OpenLine != NotOwed {
		f.Add("open_line", "is not still_owed or not_owed")
	}
	var err error
	in.Reason, err = text.Notes(in.Reason, text.NotesLength)
	f.Check("reason", err)
	return f.Err()
}

// Manual renews a domain by hand: by the same protocol, in the same ledger.
//
// A line that is open stays payable where it is still owed, and carries the attempt; otherwise it is withdrawn, and staff have
// given the term away. Without an open line the same follows from next due: where it stays, the domain will be invoiced for it.
func (s *Service) Manual(ctx context.Context, domainID string, in ManualInput) (r domainname.Renewal, err error) {
	if err := in.validate(); err != nil {
		return r, err
	}
	s.AskPrice(ctx, domainID)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		d, open, err := s.lock(ctx, tx, domainID)
		if err != nil {
			return err
		}
		q, err := asked(ctx, tx, d, domainname.ByStaff)
		if err != nil {
			return err
		}
		term, refusal := pick(domainname.Offers(q), in.Years)
		if refusal != nil {
			return refusal.Err()
		}
		if open != nil && in.OpenLine == "" {
			return fail.Invalid("open_line", "is required: what becomes of the line that is open")
		}
		before := fmt.Sprintf("paid through %s, next due %s", d.PaidThrough, d.NextDue)
		switch {
		case open != nil && in.OpenLine == StillOwed:
			r, err = s.owed(ctx, tx, *open, in)
		default:
			if open != nil {
				if err := s.withdraw(ctx, tx, d, open, "renewed by hand, not owed", inFlight); err != nil {
					return err
				}
			}
			r, err = s.given(ctx, tx, &d, q, term, open == nil, in)
		}
		if err != nil {
			return err
		}
		if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
		err = audit(ctx, tx, "domain.renewed_by_hand", d, before, fmt.Sprintf("%s to %s", yearsOf(r.Years), r.Expected), in.Reason)
		if err != nil || open == nil || in.OpenLine == StillOwed {
			return err
		}
		return s.payments.UseCredit(ctx, tx, d.CustomerID, open.Price.Currency)
	})
	return r, err
}

// owed lets the open renewal carry the attempt: its line stays payable.
func (s *Service) owed(ctx context.Context, tx *db.Tx, r domainname.Renewal, in ManualInput) (domainname.Renewal, error) {
	if in.Years != r.Years {
		return r, fail.Invalid("years", fmt.Sprintf("is not that of the open line, which is for %s", yearsOf(r.Years)))
	}
	r.LeaveDue = !*in.MoveNextDue
	if err := domainname.MoveRenewal(ctx, tx, &r, domainname.OnManualSend); err != nil {
		return r, err
	}
	if r.LineID == "" {
		return r, nil
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return r, err
	}
	return r, s.billing.NoteFulfilled(ctx, tx, r.LineID, "manual renewal of "+civil.Of(tx.Now, st.TimeZone).String())
}

// given writes a renewal that no line asks for. Where next due stays, and an invoice will come for it, that invoice pays for
// this renewal; otherwise paid-through moves now, by staff's word.
func (s *Service) given(ctx context.Context, tx *db.Tx, d *domainname.Domain, q domainname.Question, t domainname.Term, fresh bool, in ManualInput) (domainname.Renewal, error) {
	r := newRenewal(*d, q, t, domainname.Manual)
	r.State, r.LeaveDue = domainname.RenewalPaid, !*in.MoveNextDue
	r.Price, r.Fee = money.New(0, d.Recurring.Currency), money.New(0, d.Recurring.Currency)
	invoiced := fresh && r.LeaveDue && !d.DoNotRenew && !d.NextDue.IsZero() && d.Term == r.Years && !d.Free()
	r.Owed = invoiced
	if !invoiced {
		r.PaidBefore, d.PaidThrough = d.PaidThrough, r.Expected
	}
	if err := domainname.InsertRenewal(ctx, tx, &r); err != nil {
		return r, err
	}
	if invoiced {
		return r, domainname.AskMore(ctx, tx, &r) // owed is written by itself
	}
	return r, domainname.Save(ctx, tx, d)
}

// Release lets a renewal go on that waits for staff: one that is held, needs attention, or was paid after staff had said that it was
// done elsewhere, which the registry's date does not.
func (s *Service) Release(ctx context.Context, renewalID, why string) (r domainname.Renewal, err error) {
	if why, err = text.Notes(why, text.NotesLength); err != nil {
		return r, fail.Invalid("reason", err.Error())
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		d, open, err := s.lockRow(ctx, tx, renewalID)
		if err != nil {
			return err
		}
		r = open
		on := domainname.OnRelease
		switch {
		case r.State == domainname.RenewalAttention, r.PaidAt != nil && r.Missed(d.Expiry.Date()):
			on = domainname.OnStaffDecision
		case r.State != domainname.RenewalHeld:
			return notOpen(r)
		case r.Hold == domainname.HeldTopUp || r.Hold == domainname.HeldPrice:
			settled, err := feeSettled(ctx, tx, r)
			if err != nil {
				return err
			}
			if !settled || r.FeeLineID == "" && r.Hold == domainname.HeldPrice {
				return fail.Conflict("RENEWAL_WAITS_FOR_MONEY", "The renewal waits for what the customer must pay besides.")
			}
		}
		before := string(r.State)
		if r.State == domainname.RenewalSatisfied {
			if err := task.Settled(ctx, tx, TaskLastDay, d.ID); err != nil {
				return err
			}
		}
		r.Cause = domainname.ByStaffsWord
		if err := domainname.MoveRenewal(ctx, tx, &r, on); err != nil {
			return err
		}
		if err := task.Settled(ctx, tx, TaskMoneyBack, d.ID); err != nil {
			return err
		}
		if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
			return err
		}
		return audit(ctx, tx, "domain.renewal_released", d, before, string(r.State), why)
	})
	return r, err
}

// lockRow locks what a change of a renewal needs that is named by its id.
func (s *Service) lockRow(ctx context.Context, tx *db.Tx, renewalID string) (domainname.Domain, domainname.Renewal, error) {
	r, err := domainname.LoadRenewal(ctx, tx, renewalID)
	if err != nil {
		return domainname.Domain{}, r, err
	}
	d, _, err := s.lock(ctx, tx, r.DomainID)
	if err != nil {
		return d, r, err
	}
	r, err = domainname.LoadRenewal(ctx, tx, renewalID)
	return d, r, err
}

// AcceptPrice takes the price that the registry asks for a premium name, for the customer, and returns the invoice of the
// difference; none if there is none. shown is the price that was seen and agreed to, in the renewal's currency as
// [Service.AskedPrice] tells it: if it is another one by now, nothing is accepted (PRICE_CHANGED).
func (s *Service) AcceptPrice(ctx context.Context, renewalID string, shown money.Money) (invoiceID string, err error) {
	if err := s.askPriceOf(ctx, renewalID); err != nil {
		return "", err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		invoiceID = ""
		d, r, err := s.lockRow(ctx, tx, renewalID)
		if err != nil {
			return err
		}
		if !waitsForPrice(r) {
			return fail.Conflict("NO_PRICE_TO_ACCEPT", "The renewal does not wait for another price.")
		}
		asked, known, err := askedPrice(ctx, tx, d, r)
		if err != nil {
			return err
		}
		if known && asked.Price != shown {
			return errPriceChanged
		}
		settled, err := feeSettled(ctx, tx, r)
		if err != nil {
			return err
		}
		if !settled {
			invoiceID = r.FeeInvoiceID // it was accepted before
			return nil
		}
		if !known {
			return domainname.Refusal{Reason: domainname.QuoteNeeded}.Err()
		}
		if err := promise(ctx, tx, &d, r, asked.Price); err != nil {
			return err
		}
		if err := task.Settled(ctx, tx, TaskPrice, d.ID); err != nil {
			return err
		}
		if err := audit(ctx, tx, "domain.price_accepted", d, r.Price.String(), asked.Price.String()+", "+asked.Missing.String()+" more", ""); err != nil {
			return err
		}
		if asked.Missing.Amount <= 0 {
			return s.resume(ctx, tx, &d, &r)
		}
		if err := s.askFee(ctx, tx, &d, &r, asked.Missing); err != nil {
			return err
		}
		invoiceID = r.FeeInvoiceID
		return s.payments.UseCredit(ctx, tx, d.CustomerID, asked.Missing.Currency)
	})
	return invoiceID, err
}

// AskedPrice is what the registry asked last for a renewal that waits for its price to be accepted. known is false where it waits for
// none, or the price is not known in the renewal's currency.
func (s *Service) AskedPrice(ctx context.Context, r domainname.Renewal) (asked domainname.RegistryPrice, known bool, err error) {
	if !waitsForPrice(r) {
		return asked, false, nil
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		d, err := domainname.Load(ctx, tx, r.DomainID)
		if err != nil {
			return err
		}
		asked, known, err = askedPrice(ctx, tx, d, r)
		return err
	})
	return asked, known, err
}

func waitsForPrice(r domainname.Renewal) bool {
	return r.State == domainname.RenewalHeld && r.Hold == domainname.HeldPrice
}

func askedPrice(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal) (asked domainname.RegistryPrice, known bool, err error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return asked, false, err
	}
	own, told := d.AskedLast(r.Remaining(d.Expiry.Date()), tx.Now)
	p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil || !told || !ok {
		return asked, false, err
	}
	asked, known = d.Against(r, own, p, st.Rate)
	return asked, known, nil
}

// askPriceOf has the registry asked anew for the price that is about to be accepted.
func (s *Service) askPriceOf(ctx context.Context, renewalID string) error {
	var r domainname.Renewal
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = domainname.LoadRenewal(ctx, tx, renewalID)
		return err
	})
	if err == nil {
		s.AskPrice(ctx, r.DomainID)
	}
	return err
}

// promise makes what the customer has accepted for the stored term what it renews by: the name is premium, so the price is the
// registry's. An order by the customer changes no promise.
func promise(ctx context.Context, tx *db.Tx, d *domainname.Domain, r domainname.Renewal, price money.Money) error {
	if r.Kind == domainname.Ordered || r.Years != d.Term || d.Free() || d.Recurring == price {
		return nil
	}
	before := d.Recurring
	d.Recurring = price
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{Type: "domain.price_changed", SubjectID: d.ID, CustomerID: d.CustomerID, Data: map[string]any{
		"domain_id": d.ID, "name": d.Name.String(), "before": before, "after": price,
	}})
}

// Settled is called as part of tx when a renewal was confirmed or satisfied: it emits the event from which the customer is
// told, once. The domain has its new dates. Next due moves for what staff have renewed by hand, if they chose so; then the
// domain is saved here.
func (s *Service) Settled(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	byHand := r.Kind == domainname.Manual || r.Owed
	if byHand && !r.LeaveDue && r.DueBefore.IsZero() && !d.NextDue.IsZero() {
		p, err := domainname.LoadPolicy(ctx, tx, r.PolicyID)
		if err != nil {
			return err
		}
		r.DueBefore = d.NextDue
		d.NextDue = p.DueAfter(d.NextDue, r.Years, p.Window(r.Expected, civil.Date{}))
		if err := domainname.AskMore(ctx, tx, r); err != nil {
			return err
		}
		if err := domainname.Save(ctx, tx, d); err != nil {
			return err
		}
	}
	if err := answered(ctx, tx, d.ID); err != nil {
		return err
	}
	what := "domain.renewed"
	if r.State == domainname.RenewalSatisfied {
		what = "domain.renewal_satisfied"
	}
	return tell(ctx, tx, what, *d, *r, map[string]any{
		"cause": r.Cause, "paid": true, "owed": r.Owed && r.PaidAt == nil, "expires_on": d.Expiry.Date(), "next_due": d.NextDue, "reference": r.Reference,
	})
}

// answered closes what staff were asked about a paid renewal that is over now, however it has ended.
func answered(ctx context.Context, tx *db.Tx, domainID string) error {
	for _, kind := range []string{TaskLastDay, TaskTooLate, TaskPrice, TaskQuote, TaskMoneyBack} {
		if err := task.Settled(ctx, tx, kind, domainID); err != nil {
			return err
		}
	}
	return nil
}

// Unconfirmed lists the paid, unconfirmed renewals, those whose last safe day is nearest first.
func (s *Service) Unconfirmed(ctx context.Context, limit int) (all []Unsafe, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		all, err = s.unconfirmed(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all[:min(limit, len(all))], nil
}
