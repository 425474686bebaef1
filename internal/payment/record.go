package payment

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Record books a payment that staff saw arrive for an invoice. In one transaction: the payment, the ledger, what it
// pays, the lines that this fulfils, and the order.
//
// Recorded again with the same facts, it answers with the first payment and moves nothing; with other facts, or for
// another invoice, it is refused. Money for an invoice that takes none, and what is beyond its balance, becomes the
// customer's credit.
func (s *Service) Record(ctx context.Context, invoiceID string, in Manual) (Payment, error) {
	var p Payment
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := in.Validate(tx.Now); err != nil {
			return err
		}
		inv, err := billing.LockWithCustomer(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		var repeated bool
		if p, repeated, err = earlier(ctx, tx, inv, in); err != nil || repeated {
			return err
		}
		if inv.Total.Currency != in.Money.Currency {
			return fail.Invalid("money.currency", fmt.Sprintf("is not %s, in which the invoice is", inv.Total.Currency))
		}
		if inv.Status == billing.Draft {
			return fail.Conflict("INVOICE_NOT_OPEN", "The invoice is a draft.")
		}
		if inv, err = s.billing.InTime(ctx, tx, inv); err != nil {
			return err
		}
		applied, credit := inv.Accepts(in.Money)
		p = newPayment(tx, inv, ManualGateway, in.Money, applied)
		p.Reference = in.Reference
		if !in.ReceivedAt.IsZero() {
			p.ReceivedAt = clock.FromTime(in.ReceivedAt).Time()
		}
		inserted, err := insert(ctx, tx, p)
		if err != nil {
			return err
		}
		if !inserted {
			// Recorded for another customer while this waited: its facts are others.
			p, _, err = earlier(ctx, tx, inv, in)
			return err
		}
		return s.book(ctx, tx, inv, p, credit)
	})
	if err != nil {
		return Payment{}, fmt.Errorf("payment of invoice %s: %w", invoiceID, err)
	}
	return p, nil
}

// earlier looks for a payment with the same reference. One with the same facts is the answer; any other is a conflict.
func earlier(ctx context.Context, tx *db.Tx, inv billing.Invoice, in Manual) (Payment, bool, error) {
	r, err := tx.PaymentByReference(ctx, query.PaymentByReferenceParams{Gateway: ManualGateway, Reference: &in.Reference})
	if db.NotFound(err) {
		return Payment{}, false, nil
	}
	if err != nil {
		return Payment{}, false, fmt.Errorf("payment %s: %w", in.Reference, err)
	}
	p := paymentOf(r)
	sameTime := in.ReceivedAt.IsZero() || clock.FromTime(in.ReceivedAt).Time().Equal(p.ReceivedAt)
	if p.InvoiceID != inv.ID || p.Money != in.Money || !sameTime {
		return Payment{}, false, fail.Conflict("PAYMENT_EXISTS",
			fmt.Sprintf("A payment with the reference %q is recorded already, with other facts.", in.Reference))
	}
	return p, true, nil
}

// newPayment is a payment for an invoice as it is about to be written.
func newPayment(tx *db.Tx, inv billing.Invoice, gateway string, amount, applied money.Money) Payment {
	return Payment{
		ID: tx.NewID("pay"), InvoiceID: inv.ID, CustomerID: inv.CustomerID, Gateway: gateway, Money: amount, Applied: applied,
		Refunded: money.New(0, amount.Currency), State: Succeeded, ReceivedAt: tx.Now, CreatedAt: tx.Now,
	}
}

// optional is the stored form of an id that may be missing.
func optional(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

// insert writes a payment, unless there is one with its gateway and reference already.
func insert(ctx context.Context, tx *db.Tx, p Payment) (inserted bool, err error) {
	rows, err := tx.InsertPayment(ctx, query.InsertPaymentParams{
		ID: p.ID, InvoiceID: p.InvoiceID, CustomerID: p.CustomerID, Gateway: p.Gateway, Reference: &p.Reference,
		MethodID: optional(p.MethodID), Currency: string(p.Money.Currency), Amount: p.Money.Amount, Applied: p.Applied.Amount, State: string(p.State),
		ReceivedAt: clock.FromTime(p.ReceivedAt), CreatedAt: clock.FromTime(p.CreatedAt),
	})
	if err != nil {
		return false, fmt.Errorf("insert payment %s: %w", p.Reference, err)
	}
	return rows == 1, nil
}

// told writes what happened into the history: that money arrived, and that some of it paid nothing.
func told(ctx context.Context, tx *db.Tx, p Payment, credit money.Money, status billing.Status) error {
	data := map[string]any{
		"payment_id": p.ID, "invoice_id": p.InvoiceID, "gateway": p.Gateway, "reference": p.Reference, "money": p.Money, "applied": p.Applied,
	}
	err := event.Emit(ctx, tx, event.New{Type: "payment.received", SubjectID: p.ID, CustomerID: p.CustomerID, Data: data})
	if err != nil {
		return err
	}
	if credit.Amount > 0 {
		data := map[string]any{"payment_id": p.ID, "invoice_id": p.InvoiceID, "credit": credit, "invoice_status": status}
		err := event.Emit(ctx, tx, event.New{Type: "payment.unapplied", SubjectID: p.ID, CustomerID: p.CustomerID, Data: data})
		if err != nil {
			return err
		}
	}
	if p.Gateway != ManualGateway {
		return nil
	}
	return event.Audit(ctx, tx, event.Change{
		What: "payment.recorded", SubjectID: p.InvoiceID, After: fmt.Sprintf("%s, %s, %s", p.ID, p.Money, p.Reference),
	})
}
