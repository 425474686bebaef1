package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/task"
)

// refundJob carries a refund out at its gateway. Its payload is an errand.
const refundJob = "payment.refund"

// payBack is the handler of refundJob: it asks the gateway for the refund and, as long as its outcome is open, asks again.
func (s *Service) payBack(ctx context.Context, j job.Job) error {
	var e errand
	if err := j.Decode(&e); err != nil {
		return err
	}
	state, err := s.carryOut(ctx, e.RefundID)
	if err != nil {
		s.log.Warn("no answer to a refund; the gateway will be asked", "refund", e.RefundID, "err", err)
		state = RefundPending
	}
	if state != RefundPending || e.Once != "" {
		return nil
	}
	wait := pendingAsk
	if err != nil {
		wait = longestAsk
		if e.Turn < 6 {
			wait = min(longestAsk, firstAsk<<e.Turn)
		}
	}
	e.Turn++
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.refundLater(ctx, tx, e, wait) })
}

// carryOut asks a gateway what it knows of a refund, asks for it if that is nothing, and settles it by the answer.
func (s *Service) carryOut(ctx context.Context, id string) (RefundState, error) {
	var r query.Refund
	var charge query.PaymentAttempt
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if r, err = tx.Refund(ctx, id); err != nil {
			return fmt.Errorf("refund %s: %w", id, err)
		}
		if charge, err = tx.AttemptOfPayment(ctx, r.PaymentID); err != nil {
			return fmt.Errorf("payment %s: %w", r.PaymentID, err)
		}
		return nil
	})
	if err != nil || RefundState(r.State) != RefundPending {
		return RefundState(r.State), err
	}
	g, err := s.gateway(r.Gateway)
	if err != nil {
		return RefundPending, err
	}
	calling, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	ours := Origin(r.Origin) != ByGateway
	key := ""
	if ours {
		key = r.ID
	}
	o, err := g.FindRefund(calling, key, deref(r.Reference))
	if ours && errors.Is(err, gateway.ErrNotFound) {
		o, err = g.Refund(calling, gateway.Refund{
			Key: key, ChargeKey: charge.IdempotencyKey, ChargeReference: deref(charge.Reference),
			Money: money.New(r.Amount, money.Currency(r.Currency)), Reason: r.Reason,
		})
	}
	if err != nil {
		return RefundPending, fmt.Errorf("refund %s: %w", id, err)
	}
	var state RefundState
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		state, err = s.settleRefund(ctx, tx, id, o)
		return err
	})
	return state, err
}

// settleRefund brings a refund to what its gateway says, in whatever order that comes.
func (s *Service) settleRefund(ctx context.Context, tx *db.Tx, id string, o gateway.RefundOutcome) (RefundState, error) {
	r, err := tx.Refund(ctx, id)
	if err != nil {
		return "", fmt.Errorf("refund %s: %w", id, err)
	}
	inv, err := billing.LockWithCustomer(ctx, tx, r.InvoiceID)
	if err != nil {
		return "", err
	}
	if r, err = tx.Refund(ctx, id); err != nil {
		return "", fmt.Errorf("refund %s: %w", id, err)
	}
	var on refundTrigger
	switch o.State {
	case gateway.RefundSucceeded:
		on = refundDone
	case gateway.RefundFailed:
		on = refundBroken
	case gateway.RefundPending:
	default:
		return "", fmt.Errorf("refund %s: the gateway says %q", id, o.State)
	}
	to, ok := refundStates.Next(RefundState(r.State), on)
	if !ok {
		if r.Reference == nil && o.Reference != "" {
			err = tx.NameRefund(ctx, query.NameRefundParams{ID: id, Reference: &o.Reference})
		}
		return RefundState(r.State), err
	}
	row := query.MoveRefundParams{
		ID: id, FromState: r.State, State: string(to), Reference: r.Reference, Detail: reason(o.Detail), SettledAt: &tx.Stamp,
	}
	if o.Reference != "" {
		row.Reference = &o.Reference
	}
	if _, err := tx.MoveRefund(ctx, row); err != nil {
		return "", fmt.Errorf("refund %s: %w", id, err)
	}
	if to == RefundSucceeded {
		return to, s.tellRefund(ctx, tx, "refund.succeeded", inv.CustomerID, id)
	}
	return to, s.refundFailed(ctx, tx, inv, r)
}

// refundFailed books that money which was given back is still here. It is the customer's credit until staff decide.
func (s *Service) refundFailed(ctx context.Context, tx *db.Tx, inv billing.Invoice, r query.Refund) error {
	amount := money.New(r.Amount, money.Currency(r.Currency))
	if _, err := s.billing.PayIn(ctx, tx, inv.CustomerID, inv, amount, billing.TakenRefund, r.ID); err != nil {
		return err
	}
	if _, err := tx.CountRefund(ctx, query.CountRefundParams{ID: r.PaymentID, Amount: -r.Amount}); err != nil {
		return fmt.Errorf("refund %s: %w", r.ID, err)
	}
	if err := s.tellRefund(ctx, tx, "refund.failed", inv.CustomerID, r.ID); err != nil {
		return err
	}
	err := task.Ask(ctx, tx, task.Question{
		Kind: "refund.failed", SubjectID: r.ID, CustomerID: inv.CustomerID,
		Detail: fmt.Sprintf("A refund of %s for invoice %s did not reach the customer. The money is the customer's credit.", amount.Format("en"), called(inv)),
	})
	if err != nil {
		return err
	}
	return s.UseCredit(ctx, tx, inv.CustomerID, amount.Currency)
}

// paid finds the payment that a charge has made. It is errNotYet as long as the charge is not known to have succeeded.
func paidBy(ctx context.Context, tx *db.Tx, name, key, reference string) (p query.Payment, found bool, err error) {
	a, found, err := findAttempt(ctx, tx, name, key, reference)
	if err != nil || !found {
		return p, false, err
	}
	if AttemptState(a.State) != AttemptSucceeded {
		return p, true, errNotYet
	}
	p, err = tx.Payment(ctx, a.PaymentID)
	if err != nil {
		return p, true, fmt.Errorf("payment %s: %w", a.PaymentID, err)
	}
	return p, true, nil
}

// lockPayment locks customer and invoice of a payment and returns both as they are then.
func lockPayment(ctx context.Context, tx *db.Tx, p query.Payment) (query.Payment, billing.Invoice, error) {
	inv, err := billing.LockWithCustomer(ctx, tx, p.InvoiceID)
	if err != nil {
		return p, inv, err
	}
	if p, err = tx.Payment(ctx, p.ID); err != nil {
		return p, inv, fmt.Errorf("payment %s: %w", p.ID, err)
	}
	return p, inv, nil
}

// hearRefund applies what a gateway tells about a refund: one that was asked for here, or one made on its own pages,
// which counts once and takes back what was sold, in proportion.
func (s *Service) hearRefund(ctx context.Context, tx *db.Tx, name string, e gateway.RefundEvent) (ignored string, err error) {
	r, err := tx.Refund(ctx, e.Key)
	if err != nil && db.NotFound(err) && e.Outcome.Reference != "" {
		r, err = tx.RefundByReference(ctx, query.RefundByReferenceParams{Gateway: name, Reference: &e.Outcome.Reference})
	}
	if err == nil && r.Gateway == name {
		_, err = s.settleRefund(ctx, tx, r.ID, e.Outcome)
		return "", err
	}
	if err != nil && !db.NotFound(err) {
		return "", fmt.Errorf("refund %s: %w", e.Outcome.Reference, err)
	}
	p, found, err := paidBy(ctx, tx, name, e.ChargeKey, e.ChargeReference)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "a refund of no payment of this store", nil
	case e.Outcome.State == gateway.RefundFailed:
		return "a refund that came to nothing", nil
	case e.Outcome.Reference == "" || e.Money.Amount <= 0 || string(e.Money.Currency) != p.Currency:
		return "", fmt.Errorf("a refund of %s with the reference %q", e.Money, e.Outcome.Reference)
	}
	return "", s.tookBack(ctx, tx, p, e)
}

// tookBack books a refund that was made at the gateway.
func (s *Service) tookBack(ctx context.Context, tx *db.Tx, p query.Payment, e gateway.RefundEvent) error {
	p, inv, err := lockPayment(ctx, tx, p)
	if err != nil {
		return err
	}
	if e.Money.Amount > p.Amount-p.Refunded {
		// One of ours is on its way that the gateway will not carry out any more: wait until that is known.
		return fmt.Errorf("%w: %s are more than is left of payment %s", errWait, e.Money, p.ID)
	}
	from, err := poolOf(ctx, tx, inv, p)
	if err != nil {
		return err
	}
	free := from.takeFree(&from.sources[0], e.Money.Amount)
	counted := money.New(from.takeCounted(&from.sources[0], e.Money.Amount-free), e.Money.Currency)
	adjust := counted.Amount > 0 && inv.Number != "" && inv.Status != billing.Void
	row := query.InsertRefundParams{
		ID: tx.NewID("rfd"), PaymentID: p.ID, InvoiceID: inv.ID, Destination: string(ToGateway), Currency: p.Currency,
		Amount: e.Money.Amount, Counted: counted.Amount, State: string(RefundPending), Adjust: adjust, Origin: string(ByGateway),
		Gateway: p.Gateway, Reference: &e.Outcome.Reference, CreatedAt: tx.Stamp,
	}
	if adjust {
		note, after, err := s.billing.Credit(ctx, tx, inv, billing.Crediting{
			Amount: counted, Refund: counted, Cause: billing.CauseRefund, Reason: "Refunded at the gateway.",
		})
		if err != nil {
			return err
		}
		inv, row.CreditNoteID = after, &note.ID
	}
	if err := s.writeRefund(ctx, tx, inv, row); err != nil {
		return err
	}
	if !adjust && counted.Amount > 0 {
		if inv, err = s.unapply(ctx, tx, inv.ID, billing.Taking{Amount: counted, Kind: billing.TakenRefund, SourceID: row.ID}); err != nil {
			return err
		}
	}
	uncovered, err := s.billing.PayOut(ctx, tx, inv.CustomerID, inv, e.Money, billing.TakenRefund, row.ID)
	if err != nil {
		return err
	}
	if uncovered.Amount > 0 {
		err := task.Ask(ctx, tx, task.Question{
			Kind: "refund.uncovered", SubjectID: row.ID, CustomerID: inv.CustomerID,
			Detail: fmt.Sprintf("%s were refunded at the gateway for invoice %s, of which the customer had spent %s already.", e.Money.Format("en"), called(inv), uncovered.Format("en")),
		})
		if err != nil {
			return err
		}
	}
	state, err := s.settleRefund(ctx, tx, row.ID, e.Outcome)
	if err != nil || state != RefundPending {
		return err
	}
	return s.refundLater(ctx, tx, errand{RefundID: row.ID}, pendingAsk) // what became of it may have been told before
}
