package simulation

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/subscription"
)

// cards are how customers pay; most cards are good.
var cards = []string{
	"tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_decline", "tok_insufficient", "tok_timeout",
	"tok_pending", "tok_dispute", "tok_corrected", "tok_pending_fails", "tok_partial", "",
}

func pick[T any](w *world, from []T) T { return from[w.rand.IntN(len(from))] }

// one reports whether something that happens to one of n does.
func (w *world) one(n int) bool { return w.rand.IntN(n) == 0 }

// weather is how well the gateway's webhooks travel.
func (w *world) weather(ctx context.Context) error {
	f := sandbox.Faults{}
	switch w.rand.IntN(6) {
	case 0:
		f.Duplicate = 2
	case 1:
		f.Reorder, f.Duplicate = true, 1
	case 2:
		f.Drop = true
	case 3:
		f.DelaySeconds = 3600 * (1 + w.rand.IntN(72))
	case 4:
		f.FailAfterEffect = true
	}
	return w.r.Sandbox.SetFaults(ctx, f)
}

// acts is what people do on a day.
func (w *world) acts(ctx context.Context) error {
	arriving := max(1, w.Customers/200)
	for range arriving {
		if len(w.who) < w.Customers {
			if err := w.arrive(ctx); err != nil {
				return fmt.Errorf("arrive: %w", err)
			}
		}
	}
	for range max(1, len(w.who)/25) {
		p := pick(w, w.who)
		name, err := w.act(ctx, p)
		if err != nil && !refused(err) {
			return fmt.Errorf("%s by %s: %w", name, p.id, err)
		}
		if err == nil {
			w.sum.Did[name]++
		} else {
			w.sum.Did[name+" refused"]++
		}
	}
	return nil
}

// arrive is a new customer who buys something.
func (w *world) arrive(ctx context.Context) error {
	n := len(w.who)
	c, err := w.r.Customers.Create(ctx, customer.Input{Email: fmt.Sprintf("c%d@example.com", n), Name: fmt.Sprint("Customer ", n)})
	if err != nil {
		return err
	}
	p := &person{id: c.ID}
	w.who = append(w.who, p)
	if card := pick(w, cards); card != "" {
		if _, err := w.r.Payments.AddMethod(ctx, p.id, sandbox.Name, card); err != nil && !refused(err) {
			return err
		}
	}
	w.sum.Did["arrive"]++
	return w.buy(ctx, p)
}

func (w *world) buy(ctx context.Context, p *person) error {
	in := order.Input{CustomerID: p.id, Items: []order.Item{{PriceID: pick(w, w.plans), Quantity: int64(1 + w.rand.IntN(3))}}}
	if w.one(5) {
		in.Coupon = "THIRD"
	}
	o, err := w.r.Orders.Place(ctx, in)
	if err != nil {
		if refused(err) {
			return nil
		}
		return err
	}
	p.orders = append(p.orders, o.ID)
	return w.settle(ctx, o.InvoiceID)
}

// settle pays an invoice in one of the ways there are, or not.
func (w *world) settle(ctx context.Context, invoiceID string) error {
	inv, err := w.r.Billing.ByID(ctx, invoiceID)
	if err != nil || inv.Balance().Amount == 0 {
		return err
	}
	switch w.rand.IntN(5) {
	case 0: // not now
	case 1:
		amount := inv.Balance()
		switch w.rand.IntN(6) {
		case 0:
			amount.Amount = 1 + amount.Amount/2
		case 1:
			amount.Amount += 100
		}
		_, err = w.r.Payments.Record(ctx, inv.ID, payment.Manual{Money: amount, Reference: fmt.Sprintf("wire %d", w.rand.Int64())})
	default:
		_, err = w.r.Payments.Charge(ctx, inv.ID, payment.ChargeOptions{})
	}
	if refused(err) {
		err = nil
	}
	return err
}

// act lets somebody do something.
func (w *world) act(ctx context.Context, p *person) (string, error) {
	switch w.rand.IntN(16) {
	case 0:
		return "buy", w.buy(ctx, p)
	case 1, 2:
		inv, ok, err := w.invoice(ctx, p, billing.Open)
		if !ok {
			return "pay", err
		}
		return "pay", w.settle(ctx, inv.ID)
	case 3:
		_, err := w.r.Payments.AddMethod(ctx, p.id, sandbox.Name, pick(w, cards[:12]))
		return "new card", err
	case 4:
		return "refund", w.refund(ctx, p)
	case 5:
		return "dispute", w.dispute(ctx, p)
	case 6:
		return "revoke", w.revoke(ctx, p)
	case 7:
		return "verdict", w.verdict(ctx, p)
	case 8:
		inv, ok, err := w.invoice(ctx, p, billing.Open)
		if !ok || !w.one(3) {
			return "idle", err
		}
		_, err = w.r.Billing.WriteOff(ctx, inv.ID, "simulated")
		return "write off", err
	default:
		return w.subscribe(ctx, p)
	}
}

// subscribe does something about a subscription.
func (w *world) subscribe(ctx context.Context, p *person) (string, error) {
	subs, _, err := w.r.Subscriptions.List(ctx, subscription.Filter{CustomerID: p.id})
	if err != nil || len(subs) == 0 {
		return "idle", err
	}
	s := pick(w, subs)
	switch w.rand.IntN(9) {
	case 0:
		_, err = w.r.Subscriptions.Cancel(ctx, s.ID, subscription.AtPeriodEnd, "")
		return "cancel", err
	case 1:
		_, err = w.r.Subscriptions.Cancel(ctx, s.ID, subscription.AtOnce, "")
		return "cancel at once", err
	case 2, 3:
		_, err = w.r.Subscriptions.Resume(ctx, s.ID)
		return "resume", err
	case 4:
		_, err = w.r.Subscriptions.Pause(ctx, s.ID, "simulated")
		return "pause", err
	case 5:
		if s.Kind == subscription.OfAddon || s.LicenseID == "" {
			return "idle", nil
		}
		o, err := w.r.Orders.Place(ctx, order.Input{CustomerID: p.id, Items: []order.Item{{PriceID: w.addon, Quantity: 1, LicenseID: s.LicenseID}}})
		if err != nil {
			return "add on", err
		}
		return "add on", w.settle(ctx, o.InvoiceID)
	default:
		when := subscription.Now
		if w.one(2) {
			when = subscription.AtRenewal
		}
		in := subscription.ChangeInput{PriceID: pick(w, w.plans), When: when}
		if w.one(3) {
			in = subscription.ChangeInput{Quantity: int64(1 + w.rand.IntN(4)), When: when}
		}
		preview, err := w.r.Subscriptions.PreviewChange(ctx, s.ID, in)
		if err != nil {
			return "change", err
		}
		done, err := w.r.Subscriptions.Change(ctx, s.ID, in)
		if err != nil {
			return "change", err
		}
		if preview.ToPay != done.ToPay || preview.Credit != done.Credit || preview.Charge != done.Charge {
			return "change", fmt.Errorf("the preview said %+v, done was %+v", preview, done)
		}
		if done.InvoiceID != "" {
			return "change", w.settle(ctx, done.InvoiceID)
		}
		return "change", nil
	}
}

// invoice is one of a person's invoices in a state.
func (w *world) invoice(ctx context.Context, p *person, status billing.Status) (billing.Invoice, bool, error) {
	list, _, err := w.r.Billing.List(ctx, billing.Filter{CustomerID: p.id, Status: status})
	if err != nil || len(list) == 0 {
		return billing.Invoice{}, false, err
	}
	return pick(w, list), true, nil
}

func (w *world) refund(ctx context.Context, p *person) error {
	inv, ok, err := w.invoice(ctx, p, billing.Paid)
	if !ok || inv.Total.Amount == 0 {
		return err
	}
	in := payment.RefundInput{To: payment.ToGateway, Adjust: !w.one(4), Reason: "simulated", KeepLicense: w.one(5)}
	if w.one(2) {
		in.To = payment.ToCredit
	}
	if w.one(2) {
		part := inv.Total
		part.Amount = 1 + part.Amount/int64(1+w.rand.IntN(3))
		in.Money = &part
	}
	_, err = w.r.Payments.Refund(ctx, inv.ID, in)
	return err
}

// charged is a payment of a person by card.
func (w *world) charged(ctx context.Context, p *person) (payment.Payment, bool, error) {
	list, _, err := w.r.Payments.List(ctx, payment.Filter{CustomerID: p.id})
	if err != nil {
		return payment.Payment{}, false, err
	}
	var byCard []payment.Payment
	for _, pay := range list {
		if pay.Gateway == sandbox.Name && pay.State == payment.Succeeded {
			byCard = append(byCard, pay)
		}
	}
	if len(byCard) == 0 {
		return payment.Payment{}, false, nil
	}
	return pick(w, byCard), true, nil
}

// dispute is a quarrel with the bank, or a refund made on the gateway's own pages.
func (w *world) dispute(ctx context.Context, p *person) error {
	pay, ok, err := w.charged(ctx, p)
	if !ok {
		return err
	}
	if w.one(2) {
		_, err = w.r.Sandbox.RefundCharge(ctx, pay.Reference, 1+pay.Money.Amount/2)
		return err
	}
	_, err = w.r.Sandbox.Dispute(ctx, pay.Reference)
	return err
}

// verdict ends a person's open disputes.
func (w *world) verdict(ctx context.Context, p *person) error {
	list, _, err := w.r.Payments.List(ctx, payment.Filter{CustomerID: p.id})
	if err != nil {
		return err
	}
	for _, pay := range list {
		disputes, err := w.r.Payments.Disputes(ctx, pay.InvoiceID)
		if err != nil {
			return err
		}
		for _, d := range disputes {
			if d.PaymentID != pay.ID || d.Status != payment.DisputeOpen {
				continue
			}
			if err := w.r.Sandbox.CloseDispute(ctx, d.Reference, pick(w, []string{"won", "lost"})); err != nil {
				return err
			}
		}
	}
	return nil
}

// revoke takes back what an open invoice would do, or brings it back.
func (w *world) revoke(ctx context.Context, p *person) error {
	inv, ok, err := w.invoice(ctx, p, billing.Open)
	if !ok || len(inv.Lines) == 0 {
		return err
	}
	line := pick(w, inv.Lines)
	if line.Link == nil {
		return nil
	}
	if line.Link.State == billing.Revoked {
		_, err = w.r.Billing.RestoreFulfilment(ctx, inv.ID, line.ID, "simulated")
		return err
	}
	_, err = w.r.Billing.RevokeFulfilment(ctx, inv.ID, line.ID, "simulated")
	return err
}
