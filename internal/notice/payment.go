package notice

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
)

// paymentReceived thanks for money. What pays an order or a change of plan is confirmed with what it brings; there only
// a part of the money is news.
func paymentReceived(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.InvoiceID)
	if err != nil {
		return nil, err
	}
	// The event comes before the invoice counts the money.
	b.told.Balance.Amount = max(b.told.Balance.Amount-d.Applied.Amount, 0)
	inPart := b.told.Balance.Amount > 0
	switch {
	case (b.kind == billing.KindOrder || b.kind == billing.KindChange) && !inPart:
		return nil, nil
	case d.Gateway == payment.CreditGateway && inPart:
		return nil, nil // nothing came in
	}
	data := mail.PaymentReceivedData{Name: d.to.name, Amount: d.Money.money(), ReceivedOn: d.today(), Invoice: b.told}
	if d.Gateway == payment.CreditGateway {
		data.Method = d.words().credit
		return data, nil
	}
	p, err := d.tx.NoticePayment(ctx, d.PaymentID)
	if err != nil {
		return nil, fmt.Errorf("payment %s: %w", d.PaymentID, err)
	}
	data.Method = p.Method
	return data, nil
}

// paymentFailed tells of a charge that nobody sat by. Who tried on a page of a gateway has seen it there.
func paymentFailed(ctx context.Context, d *desk) (any, error) {
	b, method, err := d.attempt(ctx)
	if err != nil || method == "" {
		return nil, err
	}
	w := d.words()
	data := mail.PaymentFailedData{
		Name: d.to.name, Amount: d.Money.money(), Method: method, Reason: w.reasons[d.Code], Invoice: b.told, NextTryOn: b.nextCharge(d.now),
		Update: d.link(methodsLink),
	}
	if data.Reason == "" {
		data.Reason = w.reasons["card_declined"]
	}
	if data.SuspendOn, _, err = d.ends(ctx, b); err != nil {
		return nil, err
	}
	return data, nil
}

// confirmWithin is for how long a payment waits for its owner.
const confirmWithin = 1 // day

// actionRequired asks to confirm a charge with the bank.
func actionRequired(ctx context.Context, d *desk) (any, error) {
	b, method, err := d.attempt(ctx)
	if err != nil || method == "" {
		return nil, err
	}
	data := mail.PaymentActionRequiredData{
		Name: d.to.name, Amount: d.Money.money(), Invoice: b.told, Confirm: d.ActionURL, Until: d.today().AddDays(confirmWithin),
	}
	if data.Confirm == "" {
		data.Confirm = b.told.Link
	}
	return data, nil
}

// attempt reads the invoice that somebody tried to charge, and by which saved method; none: on a page, or the invoice
// takes no money any more.
func (d *desk) attempt(ctx context.Context) (b bill, method string, err error) {
	a, err := d.tx.NoticeAttempt(ctx, d.AttemptID)
	if err != nil {
		return bill{}, "", fmt.Errorf("payment attempt %s: %w", d.AttemptID, err)
	}
	if a.MethodID == "" {
		return bill{}, "", nil
	}
	b, err = d.bill(ctx, d.InvoiceID)
	if err != nil || b.status != billing.Open {
		return bill{}, "", err
	}
	return b, a.Method, nil
}

// lateMoney tells a customer what became of money for an invoice that had ended. Where another invoice has taken its
// place, it pays that.
func lateMoney(ctx context.Context, d *desk) (any, error) {
	replaced, err := d.tx.NoticeReplacement(ctx, &d.InvoiceID)
	if err != nil {
		return nil, fmt.Errorf("replacement of invoice %s: %w", d.InvoiceID, err)
	}
	if replaced {
		return nil, nil
	}
	b, err := d.bill(ctx, d.InvoiceID)
	if err != nil {
		return nil, err
	}
	data := mail.LateMoneyData{Name: d.to.name, Amount: d.Credit.money(), ReceivedOn: d.today(), Invoice: b.told.Number, Buy: "/"}
	products, err := d.tx.NoticeProductOfInvoice(ctx, d.InvoiceID)
	if err != nil {
		return nil, fmt.Errorf("products of invoice %s: %w", d.InvoiceID, err)
	}
	if len(products) > 0 {
		data.Buy, err = d.buyAgain(ctx, products[0].SubscriptionID, products[0].Slug)
	}
	return data, err
}

func lateMoneyStaff(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.InvoiceID)
	if err != nil {
		return nil, err
	}
	return mail.LateMoneyStaffData{
		Customer: d.to.name, Amount: d.Credit.money(), ReceivedOn: d.today(), Invoice: b.told.Number, Status: d.InvoiceStatus, Link: staffLink(b.id),
	}, nil
}

// refunded tells of money that has gone back, and what ended with it.
func refunded(ctx context.Context, d *desk) (any, error) {
	r, err := d.tx.NoticeRefund(ctx, d.RefundID)
	if err != nil {
		return nil, fmt.Errorf("refund %s: %w", d.RefundID, err)
	}
	b, err := d.bill(ctx, r.InvoiceID)
	if err != nil {
		return nil, err
	}
	return d.refund(ctx, b, mail.RefundIssuedData{
		Amount: money.New(r.Amount, money.Currency(r.Currency)), ToCredit: r.Destination == string(payment.ToCredit), CreditNote: r.CreditNote,
	}, r.CreditNoteID)
}

// credited tells of a credit note whose money stays here, as the customer's credit.
func credited(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.InvoiceID)
	if err != nil {
		return nil, err
	}
	return d.refund(ctx, b, mail.RefundIssuedData{Amount: d.Freed.money(), ToCredit: true, CreditNote: d.Number}, d.CreditNoteID)
}

func (d *desk) refund(ctx context.Context, b bill, data mail.RefundIssuedData, noteID string) (any, error) {
	data.Name, data.RefundedOn, data.Invoice, data.Link = d.to.name, d.today(), b.told, b.told.Link
	if noteID == "" {
		return data, nil
	}
	data.Link = d.link(noteLink(noteID))
	var err error
	if data.Revoked, err = d.tx.NoticeRevoked(ctx, noteID); err != nil {
		return nil, fmt.Errorf("what credit note %s took back: %w", noteID, err)
	}
	return data, nil
}

// disputed tells staff of both ends of a dispute.
func disputed(ctx context.Context, d *desk) (any, error) {
	r, err := d.tx.NoticeDispute(ctx, d.DisputeID)
	if err != nil {
		return nil, fmt.Errorf("dispute %s: %w", d.DisputeID, err)
	}
	data := mail.DisputeData{
		Customer: r.Name, Amount: money.New(r.Amount, money.Currency(r.Currency)), Invoice: r.Number, Gateway: r.Gateway, Reason: r.Reason,
		RespondBy: civil.Date{}, Link: staffLink(r.InvoiceID),
	}
	if data.Customer == "" {
		data.Customer = r.Email
	}
	if r.Status != string(payment.DisputeOpen) {
		data.Outcome = r.Status
	}
	return data, nil
}
