package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/task"
)

// TaskDispute asks for an answer to a dispute while it is open: without one it is lost.
const TaskDispute = "dispute.opened"

// uncoveredTask asks about money that a dispute takes back and the customer has spent.
const uncoveredTask = "dispute.uncovered"

// Dispute is a payment that its customer has the bank take back.
type Dispute struct {
	ID        string
	PaymentID string
	InvoiceID string
	Gateway   string
	Reference string // the gateway's name for it
	Money     money.Money
	Status    DisputeStatus
	Reason    string
	OpenedAt  time.Time
	ClosedAt  *time.Time
}

func disputeOf(r query.Dispute) Dispute {
	return Dispute{
		ID: r.ID, PaymentID: r.PaymentID, InvoiceID: r.InvoiceID, Gateway: r.Gateway, Reference: r.Reference,
		Money: money.New(r.Amount, money.Currency(r.Currency)), Status: DisputeStatus(r.Status), Reason: r.Reason,
		OpenedAt: r.OpenedAt.Time(), ClosedAt: clock.TimePtr(r.ClosedAt),
	}
}

// Disputes returns the disputes about an invoice, oldest first.
func (s *Service) Disputes(ctx context.Context, invoiceID string) ([]Dispute, error) {
	var disputes []Dispute
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.DisputesOfInvoice(ctx, invoiceID)
		if err != nil {
			return fmt.Errorf("disputes of invoice %s: %w", invoiceID, err)
		}
		disputes = make([]Dispute, len(rows))
		for i, r := range rows {
			disputes[i] = disputeOf(r)
		}
		return nil
	})
	return disputes, err
}

// hearDispute applies what a gateway tells about a dispute. That it is over may be told before that it began.
func (s *Service) hearDispute(ctx context.Context, tx *db.Tx, name string, e gateway.DisputeEvent) (ignored string, err error) {
	p, found, err := paidBy(ctx, tx, name, e.ChargeKey, e.ChargeReference)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "a dispute of no payment of this store", nil
	case e.Reference == "" || e.Money.Amount <= 0 || string(e.Money.Currency) != p.Currency:
		return "", fmt.Errorf("a dispute of %s with the reference %q", e.Money, e.Reference)
	}
	p, inv, err := lockPayment(ctx, tx, p)
	if err != nil {
		return "", err
	}
	d, err := tx.DisputeByReference(ctx, query.DisputeByReferenceParams{Gateway: name, Reference: e.Reference})
	if db.NotFound(err) {
		if d, err = s.openDispute(ctx, tx, inv, p, e); err != nil {
			return "", err
		}
	}
	if err != nil {
		return "", fmt.Errorf("dispute %s: %w", e.Reference, err)
	}
	if inv, err = billing.Lock(ctx, tx, d.InvoiceID); err != nil {
		return "", err
	}
	switch e.State {
	case gateway.DisputeOpen:
		return "", nil
	case gateway.DisputeWon:
		return "", s.closeDispute(ctx, tx, inv, d, disputeWon)
	case gateway.DisputeLost:
		return "", s.closeDispute(ctx, tx, inv, d, disputeLost)
	default:
		return "", fmt.Errorf("dispute %s: the gateway says %q", e.Reference, e.State)
	}
}

// openDispute books that the gateway holds back a payment: it counts as charged back. The invoice is marked first, so
// that whoever hears that it is open again knows why.
func (s *Service) openDispute(ctx context.Context, tx *db.Tx, inv billing.Invoice, p query.Payment, e gateway.DisputeEvent) (query.Dispute, error) {
	var none query.Dispute
	unheard, err := tx.UnheardRefunds(ctx, p.ID)
	if err != nil {
		return none, err
	}
	if unheard > 0 {
		return none, fmt.Errorf("%w: nobody knows yet whether a refund of payment %s came before", errWait, p.ID)
	}
	from, err := poolOf(ctx, tx, inv, p)
	if err != nil {
		return none, err
	}
	counted := money.New(from.takeCounted(&from.sources[0], e.Money.Amount), e.Money.Currency)
	row := query.InsertDisputeParams{
		ID: tx.NewID("dsp"), PaymentID: p.ID, InvoiceID: inv.ID, Gateway: p.Gateway, Reference: e.Reference, Currency: p.Currency,
		Amount: e.Money.Amount, Counted: counted.Amount, Reason: reason(e.Reason), OpenedAt: tx.Stamp,
	}
	if err := tx.InsertDispute(ctx, row); err != nil {
		return none, err
	}
	if counted.Amount > 0 {
		// Money that paid nothing, such as a second payment of the same, is no reason to hold what was paid for.
		if inv, err = s.billing.Disputed(ctx, tx, inv, 1); err != nil {
			return none, err
		}
		taking := billing.Taking{Amount: counted, Kind: billing.TakenChargeback, SourceID: row.ID}
		if inv, err = s.unapply(ctx, tx, inv.ID, taking); err != nil {
			return none, err
		}
	}
	uncovered, err := s.billing.PayOut(ctx, tx, inv.CustomerID, inv, e.Money, billing.TakenChargeback, row.ID)
	if err != nil {
		return none, err
	}
	if uncovered.Amount > 0 {
		err := task.Ask(ctx, tx, task.Question{
			Kind: uncoveredTask, SubjectID: row.ID, CustomerID: inv.CustomerID,
			Detail: fmt.Sprintf("%s paid for invoice %s are disputed, of which the customer had spent %s already: if the dispute is lost, so is that.",
				e.Money.Format("en"), called(inv), uncovered.Format("en")),
		})
		if err != nil {
			return none, err
		}
	}
	d, err := tx.DisputeByReference(ctx, query.DisputeByReferenceParams{Gateway: p.Gateway, Reference: e.Reference})
	if err != nil {
		return none, err
	}
	if err := s.tellDispute(ctx, tx, inv, d); err != nil {
		return none, err
	}
	return d, task.Ask(ctx, tx, disputeQuestion(row, inv, e))
}

// disputeQuestion asks staff to answer a dispute in time.
func disputeQuestion(row query.InsertDisputeParams, inv billing.Invoice, e gateway.DisputeEvent) task.Question {
	until := "before the day that is named there"
	if !e.RespondBy.IsZero() {
		until = "until " + e.RespondBy.UTC().Format("2 January 2006, 15:04 MST")
	}
	return task.Question{
		Kind: TaskDispute, SubjectID: row.ID, CustomerID: inv.CustomerID,
		Detail: fmt.Sprintf("%s paid for invoice %s are disputed. Answer on the pages of %s %s: without an answer the dispute is lost.", e.Money.Format("en"), called(inv), row.Gateway, until),
	}
}

// closeDispute books how a dispute ended. One that is closed stays as it is.
func (s *Service) closeDispute(ctx context.Context, tx *db.Tx, inv billing.Invoice, d query.Dispute, on disputeTrigger) error {
	to, ok := disputeStates.Next(DisputeStatus(d.Status), on)
	if !ok {
		return nil
	}
	d.Status = string(to)
	if _, err := tx.CloseDispute(ctx, query.CloseDisputeParams{ID: d.ID, Status: d.Status, ClosedAt: &tx.Stamp}); err != nil {
		return fmt.Errorf("dispute %s: %w", d.ID, err)
	}
	err := task.Settled(ctx, tx, TaskDispute, d.ID)
	if err != nil {
		return err
	}
	if to == DisputeWon {
		if err := task.Settled(ctx, tx, uncoveredTask, d.ID); err != nil {
			return err
		}
		inv, err = s.countAgain(ctx, tx, inv, d)
	} else if inv.Status == billing.Open && d.Counted > 0 {
		inv, err = s.billing.GiveUp(ctx, tx, inv.ID, "The dispute "+d.Reference+" was lost.")
	}
	if err != nil {
		return err
	}
	if d.Counted > 0 {
		if inv, err = s.billing.Disputed(ctx, tx, inv, -1); err != nil {
			return err
		}
	}
	if err := s.tellDispute(ctx, tx, inv, d); err != nil || to != DisputeWon {
		return err
	}
	return s.UseCredit(ctx, tx, inv.CustomerID, inv.Total.Currency)
}

// countAgain books that a disputed payment is the store's after all. What its invoice does not take any more is credit.
func (s *Service) countAgain(ctx context.Context, tx *db.Tx, inv billing.Invoice, d query.Dispute) (billing.Invoice, error) {
	amount := money.New(d.Amount, money.Currency(d.Currency))
	credited, err := s.billing.PayIn(ctx, tx, inv.CustomerID, inv, amount, billing.TakenChargeback, d.ID)
	if err != nil {
		return inv, err
	}
	applied, _ := inv.Accepts(money.New(min(d.Counted, credited.Amount), amount.Currency))
	if left := d.Counted - applied.Amount; left > 0 {
		data := map[string]any{
			"payment_id": d.PaymentID, "invoice_id": inv.ID, "credit": money.New(left, amount.Currency), "invoice_status": inv.Status,
		}
		err := event.Emit(ctx, tx, event.New{Type: "payment.unapplied", SubjectID: d.PaymentID, CustomerID: inv.CustomerID, Data: data})
		if err != nil {
			return inv, err
		}
	}
	if applied.Amount == 0 {
		return inv, nil
	}
	if err := tx.CountDisputed(ctx, query.CountDisputedParams{ID: d.ID, Amount: applied.Amount}); err != nil {
		return inv, fmt.Errorf("dispute %s: %w", d.ID, err)
	}
	return s.billing.Receive(ctx, tx, inv, billing.Receipt{PaymentID: d.PaymentID, SourceID: d.ID, Applied: applied, FromCredit: true})
}

// tellDispute writes an event about a dispute: opened, won or lost.
func (s *Service) tellDispute(ctx context.Context, tx *db.Tx, inv billing.Invoice, d query.Dispute) error {
	what := "dispute.opened"
	if DisputeStatus(d.Status) != DisputeOpen {
		what = "dispute." + d.Status
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: d.ID, CustomerID: inv.CustomerID, Data: map[string]any{
		"dispute_id": d.ID, "payment_id": d.PaymentID, "invoice_id": d.InvoiceID, "money": money.New(d.Amount, money.Currency(d.Currency)),
		"reason": d.Reason,
	}})
}
