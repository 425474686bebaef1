package renewal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// renews fulfils the line of a renewal: the ledger's row and the domain's dates move with the money, and the registrar's worker
// is called.
type renews struct{ *Service }

// Fulfil implements billing.Fulfiller.
func (s renews) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	d, r, err := lockRenewal(ctx, tx, line.ID)
	if err != nil {
		return "", err
	}
	r.InvoiceID = line.InvoiceID
	err = tx.InvoiceDomainRenewal(ctx, query.InvoiceDomainRenewalParams{LineID: &line.ID, InvoiceID: &line.InvoiceID})
	if err != nil {
		return "", fmt.Errorf("renewal %s: %w", r.ID, err)
	}
	switch {
	case r.State == domainname.RenewalOpen:
		return d.ID, s.paid(ctx, tx, &d, &r)
	case r.PaidAt != nil:
		return d.ID, nil
	case r.Owed || r.State == domainname.RenewalSatisfied:
		return d.ID, s.paidLate(ctx, tx, &d, &r)
	}
	// The automation makes credit of it: see [Service.settleLost].
	return "", fail.Conflict("RENEWAL_OVER", fmt.Sprintf("The renewal is %s: what was paid for it becomes credit.", r.State))
}

// Undone implements billing.Undoer: what was asked for besides a renewal is owed for what the registry has done, or may be doing.
func (s renews) Undone(ctx context.Context, tx *db.Tx, lineID string) (bool, error) {
	r, err := domainname.RenewalOfLine(ctx, tx, lineID)
	if e := (*fail.Error)(nil); errors.As(err, &e) && e.Kind == fail.KindNotFound {
		return false, nil // it is asked for by another line now
	}
	_, refundable := domainname.NextState(r.State, domainname.OnRefund)
	return refundable || r.State == domainname.RenewalOpen || r.State == domainname.RenewalRevoked, err
}

// lockRenewal locks the domain of a line, and reads its renewal after that. The caller holds the locks of customer and invoice.
func lockRenewal(ctx context.Context, tx *db.Tx, lineID string) (domainname.Domain, domainname.Renewal, error) {
	r, err := domainname.RenewalOfLine(ctx, tx, lineID)
	if err != nil {
		return domainname.Domain{}, r, err
	}
	d, err := domainname.Lock(ctx, tx, r.DomainID)
	if err != nil {
		return d, r, err
	}
	r, err = domainname.LoadRenewal(ctx, tx, r.ID)
	return d, r, err
}

// paid counts the money of an open renewal, and says whether it can be done now or must wait.
func (s *Service) paid(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	q, err := asked(ctx, tx, *d, domainname.ByCustomer)
	if err != nil {
		return err
	}
	if q.Policy == nil {
		return fail.Conflict("POLICY_MISSING", "There is no policy for ."+d.Extension+" any more.")
	}
	// What the stage of the day asks for is judged by the dates before they move.
	due, stage, known, err := s.dueFee(ctx, tx, *d, *r, q)
	if err != nil {
		return err
	}
	ahead := domainname.YearsAhead(d.Expiry.Date(), d.PaidThrough) > 0
	count(d, r, *q.Policy, tx.Now)
	if ahead || d.Unanswered {
		d.Unanswered = false
		for _, kind := range []string{TaskUnpaid, TaskUndo} {
			if err := task.Settled(ctx, tx, kind, d.ID); err != nil {
				return err
			}
		}
	}
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnPayment); err != nil {
		return err
	}
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	if known {
		if err := task.Settled(ctx, tx, TaskQuote, d.ID); err != nil {
			return err
		}
	}
	if err := tell(ctx, tx, "domain.renewal_paid", *d, *r, map[string]any{"paid_through": d.PaidThrough, "next_due": d.NextDue}); err != nil {
		return err
	}
	settled, err := feeSettled(ctx, tx, *r)
	if err != nil {
		return err
	}
	var back goneBack
	if err := back.fees(ctx, tx, *r); err != nil {
		return err
	}
	switch {
	case !known:
		if err := ask(ctx, tx, *d, TaskQuote, r.ID, fmt.Sprintf("%s is paid for and in redemption: quote the fee of the restore.", d.Name.Unicode())); err != nil {
			return err
		}
		return s.hold(ctx, tx, d, r, domainname.HeldTopUp, domainname.WaitsForQuote, nil)
	case due.Amount > r.Fee.Amount:
		r.Stage = stage
		return s.TopUp(ctx, tx, d, r, money.New(due.Amount-r.Fee.Amount, due.Currency), domainname.HeldTopUp, domainname.WaitsForStage)
	case !settled:
		return s.hold(ctx, tx, d, r, domainname.HeldTopUp, domainname.WaitsForFee, nil)
	case back.is:
		return s.holdUnpaid(ctx, tx, d, r, back)
	case !st.DomainRenewOnPay:
		return s.hold(ctx, tx, d, r, domainname.HeldStaff, domainname.WaitsForStaff, nil)
	}
	return domainname.Work(ctx, tx, d.ID, tx.Now)
}

// dueFee is what the stage asks for in which the money was received.
func (s *Service) dueFee(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal, q domainname.Question) (
	fee money.Money, stage domainname.Stage, known bool, err error,
) {
	at := tx.Now
	if r.InvoiceID != "" {
		received, err := tx.LastMoneyOfInvoice(ctx, r.InvoiceID)
		if err != nil && !db.NotFound(err) {
			return money.Money{}, "", false, fmt.Errorf("payments of invoice %s: %w", r.InvoiceID, err)
		}
		if err == nil && received.Time().Before(at) {
			at = received.Time()
		}
	}
	stage = stageOf(d, *q.Policy, at)
	fee, known = d.FeeAt(*q.Policy, stage, r.Base, r.Price.Currency, q.Rates)
	return fee, stage, known, nil
}

// stageOf is the stage of a domain at an instant that may have passed. What the registry said later counts only where it asks
// for less: what a delay of ours has cost is ours.
func stageOf(d domainname.Domain, p domainname.Policy, at time.Time) domainname.Stage {
	stage := domainname.Assess(d, p, nil, at).Stage
	if !d.State.ReadAt.After(at) {
		return stage
	}
	calendar := d.Window(p).Stage(domainname.RegistryDate(at))
	if severity[calendar] < severity[stage] {
		return calendar
	}
	return stage
}

var severity = map[domainname.Stage]int{
	domainname.StageActive: 0, domainname.StageTooLate: 1, domainname.StageGrace: 1, domainname.StageRedemption: 2, domainname.StageExpired: 3,
}

// count moves paid-through and next due by the term of a renewal that is paid now, and keeps where they stood. The caller saves
// both.
func count(d *domainname.Domain, r *domainname.Renewal, p domainname.Policy, now time.Time) {
	r.PaidAt = &now
	moveDates(d, r, p)
}

// moveDates moves paid-through and, if nobody has moved it for this renewal before, next due.
func moveDates(d *domainname.Domain, r *domainname.Renewal, p domainname.Policy) {
	through := r.Expected
	if end, _ := d.TermEnd(); !end.IsZero() && apart(end, r.Base) <= domainname.Drift {
		through = p.Expiry(end, r.Years)
	}
	r.PaidBefore, d.PaidThrough = d.PaidThrough, through
	if r.DueBefore.IsZero() && !d.NextDue.IsZero() {
		r.DueBefore = d.NextDue
		d.NextDue = p.DueAfter(d.NextDue, r.Years, p.Window(through, civil.Date{}))
	}
}

func apart(a, b civil.Date) int { return max(a.DaysUntil(b), b.DaysUntil(a)) }

// paidLate counts the money of a renewal that was done, or begun, before it came: the dates move once, and nothing is sent.
func (s *Service) paidLate(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	p, err := domainname.LoadPolicy(ctx, tx, r.PolicyID)
	if err != nil {
		return err
	}
	count(d, r, p, tx.Now)
	if err := task.Settled(ctx, tx, TaskUndo, d.ID); err != nil {
		return err
	}
	if err := domainname.CountMoney(ctx, tx, r); err != nil {
		return err
	}
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	moved := map[string]any{"paid_through": d.PaidThrough, "next_due": d.NextDue, "owed": true}
	if err := tell(ctx, tx, "domain.renewal_paid", *d, *r, moved); err != nil {
		return err
	}
	if r.State != domainname.RenewalSatisfied {
		return nil // who had it renewed by hand was told then
	}
	if r.Missed(d.Expiry.Date()) {
		detail := fmt.Sprintf("The renewal of %s is paid for and, by staff's word, was done elsewhere. The registry's date, as it was read last, is %s: look there whether it is done, and if it is "+
			"not, have it tried again: nothing is sent for it otherwise.", d.Name.Unicode(), d.Expiry.Date().Format("en"))
		if err := ask(ctx, tx, *d, TaskLastDay, r.ID+" elsewhere", detail); err != nil {
			return err
		}
	}
	return tell(ctx, tx, "domain.renewal_satisfied", *d, *r, map[string]any{"cause": r.Cause, "paid": true, "expires_on": d.Expiry.Date(), "owed": true})
}

// feeSettled reports whether what a renewal waits for besides its line is paid.
func feeSettled(ctx context.Context, tx *db.Tx, r domainname.Renewal) (bool, error) {
	if r.FeeLineID == "" {
		return true, nil
	}
	inv, line, err := billing.LineOf(ctx, tx, r.FeeLineID)
	if err != nil {
		return false, err
	}
	return inv.Status == billing.Paid || inv.Status == billing.Void || line.Link == nil || line.Link.State == billing.Done, nil
}

// hold lets a paid renewal wait.
func (s *Service) hold(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, h domainname.Hold, cause string, more map[string]any) error {
	r.Hold, r.Cause = h, cause
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnHold); err != nil {
		return err
	}
	data := map[string]any{"hold": h, "cause": cause, "reason": r.Why(), "fee_invoice_id": r.FeeInvoiceID}
	for k, v := range more {
		data[k] = v
	}
	return tell(ctx, tx, "domain.renewal_held", *d, *r, data)
}

// pays fulfils the line of a fee, or of a difference: the renewal that waits for it goes on.
type pays struct{ *Service }

// Fulfil implements billing.Fulfiller.
func (s pays) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	d, r, err := lockRenewal(ctx, tx, line.ID)
	if err != nil {
		return "", err
	}
	err = tx.InvoiceDomainRenewalFee(ctx, query.InvoiceDomainRenewalFeeParams{LineID: &line.ID, InvoiceID: &line.InvoiceID})
	if err != nil {
		return "", fmt.Errorf("renewal %s: %w", r.ID, err)
	}
	if r.State != domainname.RenewalHeld || r.Hold != domainname.HeldTopUp && r.Hold != domainname.HeldPrice {
		return d.ID, nil // its own line is not paid yet, or it is over
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return "", err
	}
	p, known, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil {
		return "", err
	}
	if known && dueOf(d, r, p, st, tx.Now).quote {
		return d.ID, nil // the fee of the restore is still to be quoted, and asked for
	}
	if err := domainname.MoveRenewal(ctx, tx, &r, domainname.OnRelease); err != nil {
		return "", err
	}
	if !st.DomainRenewOnPay {
		return d.ID, s.hold(ctx, tx, &d, &r, domainname.HeldStaff, domainname.WaitsForStaff, nil)
	}
	return d.ID, domainname.Work(ctx, tx, d.ID, tx.Now)
}

// TopUp asks as part of tx for what is missing to a paid renewal after its stage or its price has changed: an invoice of its
// own, which the renewal waits for (held). A price must be accepted first: see [Service.AcceptPrice].
func (s *Service) TopUp(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, missing money.Money, hold domainname.Hold, cause string) error {
	if r.State == domainname.RenewalHeld {
		if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnRelease); err != nil {
			return err
		}
	}
	if hold == domainname.HeldPrice {
		settled, err := feeSettled(ctx, tx, *r)
		if err != nil {
			return err
		}
		if settled {
			if err := keepFee(ctx, tx, r); err != nil {
				return err
			}
		}
		if err := ask(ctx, tx, *d, TaskPrice, r.ID, fmt.Sprintf("The registry asks for another price for %s: %s more. The customer must accept it.", d.Name.Unicode(), missing.Format("en"))); err != nil {
			return err
		}
		return s.hold(ctx, tx, d, r, hold, cause, map[string]any{"missing": missing})
	}
	if err := s.askFee(ctx, tx, d, r, missing); err != nil {
		return err
	}
	return s.hold(ctx, tx, d, r, hold, cause, map[string]any{"missing": missing})
}
