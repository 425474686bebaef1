package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
)

// Receipt is money that reached an invoice: a payment, or credit that is used on it.
type Receipt struct {
	PaymentID  string
	Applied    money.Money // what counts towards the invoice, as Invoice.Accepts says
	Credit     money.Money // what is beyond it
	FromCredit bool        // the money was the customer's credit before
}

// Receive books a receipt and counts it towards its invoice, which the caller has locked. Once nothing is left to pay,
// the invoice is paid and its lines are fulfilled.
func (s *Service) Receive(ctx context.Context, tx *db.Tx, inv Invoice, r Receipt) (Invoice, error) {
	kind, entries := postingPayment, entriesPayment(r.Applied, r.Credit)
	if r.FromCredit {
		kind, entries = postingCredit, entriesCredit(r.Applied)
	}
	if err := post(ctx, tx, inv, kind, r.PaymentID, entries); err != nil {
		return Invoice{}, err
	}
	if r.Applied.Amount == 0 {
		return inv, nil
	}
	rows, err := tx.CountTowardsInvoice(ctx, query.CountTowardsInvoiceParams{ID: inv.ID, Amount: r.Applied.Amount})
	if err != nil {
		return Invoice{}, fmt.Errorf("payment %s of invoice %s: %w", r.PaymentID, inv.ID, err)
	}
	if rows != 1 {
		return Invoice{}, notOpen(inv.Status)
	}
	if inv, err = load(ctx, tx, inv.ID); err != nil {
		return Invoice{}, err
	}
	if inv.Balance().Amount > 0 {
		return inv, nil
	}
	return s.settle(ctx, tx, inv)
}

// settle marks an invoice of which nothing is left to pay as paid, fulfils its lines, and tells its order.
func (s *Service) settle(ctx context.Context, tx *db.Tx, inv Invoice) (Invoice, error) {
	if _, ok := invoiceStates.Next(inv.Status, settled); !ok {
		return Invoice{}, notOpen(inv.Status)
	}
	rows, err := tx.PayInvoice(ctx, query.PayInvoiceParams{ID: inv.ID, PaidAt: &tx.Stamp})
	if err != nil {
		return Invoice{}, fmt.Errorf("pay invoice %s: %w", inv.ID, err)
	}
	if rows != 1 {
		return Invoice{}, notOpen(inv.Status)
	}
	if err := s.tell(ctx, tx, "invoice.paid", inv, nil); err != nil {
		return Invoice{}, err
	}
	return s.fulfilAll(ctx, tx, inv.ID)
}

// end closes an open invoice that will not be paid. The caller has locked customer and invoice.
func (s *Service) end(ctx context.Context, tx *db.Tx, inv Invoice, on invoiceTrigger, why string) (Invoice, error) {
	to, ok := invoiceStates.Next(inv.Status, on)
	if !ok {
		return Invoice{}, notOpen(inv.Status)
	}
	var rows int64
	var err error
	kind, entries, released := postingVoided, entriesVoided(inv.Balance(), inv.Paid), inv.Paid
	if to == Void {
		rows, err = tx.VoidInvoice(ctx, inv.ID)
	} else {
		kind, entries, released = postingWrittenOff, entriesWrittenOff(inv.Balance()), money.New(0, inv.Total.Currency)
		rows, err = tx.WriteOffInvoice(ctx, inv.ID)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("end invoice %s: %w", inv.ID, err)
	}
	if rows != 1 {
		return Invoice{}, notOpen(inv.Status)
	}
	if err := post(ctx, tx, inv, kind, inv.ID, entries); err != nil {
		return Invoice{}, err
	}
	if released.Amount > 0 {
		if err := tx.ReleasePayments(ctx, inv.ID); err != nil {
			return Invoice{}, fmt.Errorf("release the payments of invoice %s: %w", inv.ID, err)
		}
	}
	for _, line := range inv.Lines {
		if line.Link != nil && line.Link.State == Pending {
			if err := moveLink(ctx, tx, line.ID, *line.Link, abandoned, "", ""); err != nil {
				return Invoice{}, err
			}
		}
	}
	before := inv
	if inv, err = load(ctx, tx, inv.ID); err != nil {
		return Invoice{}, err
	}
	if err := s.tell(ctx, tx, "invoice."+eventOf(to), inv, map[string]any{"released": released, "reason": why}); err != nil {
		return Invoice{}, err
	}
	if err := audit(ctx, tx, "invoice."+eventOf(to), inv, string(before.Status), string(to), why); err != nil {
		return Invoice{}, err
	}
	return inv, s.orders.InvoiceChanged(ctx, tx, inv)
}

func eventOf(to Status) string {
	if to == Void {
		return "voided"
	}
	return "written_off"
}

// Void takes an open invoice back because its order was cancelled. What was paid towards it becomes credit. The number
// stays taken. The caller holds the customer's lock.
func (s *Service) Void(ctx context.Context, tx *db.Tx, invoiceID, why string) (Invoice, error) {
	inv, err := Lock(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	return s.end(ctx, tx, inv, voided, why)
}
