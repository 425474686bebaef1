package billing_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
	"github.com/keystead/keystead/internal/payment"
)

// Whatever sequence of sales, payments, cancellations and failures happens, every amount and every state is what a
// model of a few lines says, and the books prove it.
func TestAnySequenceKeepsTheBooks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		shop := ordertest.New(s)
		prices := []catalog.Price{
			shop.NewPrice(t, "editor", 4900, 0), shop.NewPrice(t, "server", 1900, 500), shop.NewPrice(t, "viewer", 0, 0),
			shop.NewPriceIn(t, "yen", "JPY", 7, 0),
		}
		runs, enough := 0, 40
		if s.Engine == db.Postgres || testing.Short() {
			enough = 15 // the rules are the same on both; what differs is shown by a few
		}
		rapid.Check(t, func(rt *rapid.T) {
			if runs++; runs > enough {
				return
			}
			w := &world{t: t, rt: rt, shop: shop, prices: prices, run: runs}
			for range rapid.IntRange(1, 2).Draw(rt, "customers") {
				w.customers = append(w.customers, &modelCustomer{
					Customer: shop.NewCustomer(t, fmt.Sprintf("c%d-%d", runs, len(w.customers))), credit: map[money.Currency]int64{},
				})
			}
			rt.Repeat(map[string]func(*rapid.T){
				"place":     w.place,
				"pay":       w.pay,
				"pay again": w.payAgain,
				"cancel":    w.cancel,
				"write off": w.writeOff,
				"revoke":    w.revoke,
				"restore":   w.restore,
				"break":     func(*rapid.T) { w.broken = !w.broken; w.setFulfiller() },
				"retry":     w.retry,
				"":          w.compare,
			})
			w.broken = false
			w.setFulfiller()
			shop.Proven(t)
			if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE type = 'order.out_of_step'"); n != 0 {
				rt.Errorf("%d orders are out of step", n)
			}
			if t.Failed() {
				rt.FailNow()
			}
		})
	})
}

// world is the shop beside what the model says of it.
type world struct {
	t         *testing.T
	rt        *rapid.T
	shop      *ordertest.Shop
	prices    []catalog.Price
	customers []*modelCustomer
	orders    []*modelOrder
	payments  []modelPayment
	broken    bool // whether the fulfiller fails
	run       int
}

type modelCustomer struct {
	customer.Customer
	credit map[money.Currency]int64
}

type modelOrder struct {
	order.Order
	buyer  *modelCustomer
	line   string
	status billing.Status
	link   billing.LinkState
	paid   int64
}

type modelPayment struct {
	payment.Payment
	in payment.Manual
}

func (w *world) setFulfiller() {
	broken := w.broken
	w.shop.Licenses.Fail(func(context.Context, *db.Tx, billing.Line) error {
		if broken {
			return ordertest.ErrRefused
		}
		return nil
	})
}

// receive is the model of money that reaches an order's invoice.
func (w *world) receive(o *modelOrder, amount int64) (applied int64) {
	if o.status != billing.Open {
		return 0
	}
	applied = min(amount, o.Total.Amount-o.paid)
	if o.paid += applied; o.paid == o.Total.Amount {
		o.status = billing.Paid
		if o.link == billing.Pending {
			o.link = billing.Done
			if w.broken {
				o.link = billing.Failed
			}
		}
	}
	return applied
}

// useCredit is the model of P13.
func (w *world) useCredit(c *modelCustomer, currency money.Currency) {
	for _, o := range w.orders {
		if o.buyer == c && o.Total.Currency == currency && c.credit[currency] > 0 {
			c.credit[currency] -= w.receive(o, c.credit[currency])
		}
	}
}

func (w *world) anOrder(rt *rapid.T) *modelOrder {
	if len(w.orders) == 0 {
		rt.Skip("no orders")
	}
	return w.orders[rapid.IntRange(0, len(w.orders)-1).Draw(rt, "order")]
}

func (w *world) place(rt *rapid.T) {
	c := rapid.SampledFrom(w.customers).Draw(rt, "customer")
	in := order.Input{
		CustomerID: c.ID, Reason: "why not",
		Kind: rapid.SampledFrom([]order.Kind{order.Sale, order.Sale, order.Sale, order.Complimentary, order.Test}).Draw(rt, "kind"),
		Items: []order.Item{{
			PriceID:  rapid.SampledFrom(w.prices).Draw(rt, "price").ID,
			Quantity: rapid.Int64Range(1, 3).Draw(rt, "quantity"),
		}},
	}
	placed, err := w.shop.Orders.Place(w.t.Context(), in)
	if err != nil {
		rt.Fatal(err)
	}
	o := &modelOrder{Order: placed, buyer: c, status: billing.Open, link: billing.Pending}
	o.line = w.invoice(rt, o).Lines[0].ID
	w.orders = append(w.orders, o)
	if o.Total.Amount == 0 {
		w.receive(o, 0)
	}
	w.useCredit(c, o.Total.Currency)
}

func (w *world) pay(rt *rapid.T) {
	o := w.anOrder(rt)
	in := payment.Manual{
		Money:     money.New(rapid.Int64Range(1, 2*o.Total.Amount+10).Draw(rt, "amount"), o.Total.Currency),
		Reference: fmt.Sprintf("run %d, payment %d", w.run, len(w.payments)),
	}
	p, err := w.shop.Payments.Record(w.t.Context(), o.InvoiceID, in)
	if err != nil {
		rt.Fatal(err)
	}
	applied := w.receive(o, in.Money.Amount)
	if p.Applied.Amount != applied {
		rt.Fatalf("applied %v, want %d", p.Applied, applied)
	}
	w.payments = append(w.payments, modelPayment{p, in})
	o.buyer.credit[o.Total.Currency] += in.Money.Amount - applied
	if in.Money.Amount > applied {
		w.useCredit(o.buyer, o.Total.Currency)
	}
}

func (w *world) payAgain(rt *rapid.T) {
	if len(w.payments) == 0 {
		rt.Skip("no payments")
	}
	first := rapid.SampledFrom(w.payments).Draw(rt, "payment")
	again, err := w.shop.Payments.Record(w.t.Context(), first.InvoiceID, first.in)
	if err != nil || again.ID != first.ID {
		rt.Fatalf("the payment again = %+v, %v", again, err)
	}
	first.in.Money.Amount++
	if _, err := w.shop.Payments.Record(w.t.Context(), first.InvoiceID, first.in); fail.Of(err) == nil || fail.Of(err).Code != "PAYMENT_EXISTS" {
		rt.Fatalf("the payment with another amount: %v", err)
	}
}

func (w *world) cancel(rt *rapid.T) {
	o := w.anOrder(rt)
	_, err := w.shop.Orders.Cancel(w.t.Context(), o.ID, "")
	if o.status != billing.Open {
		if err == nil {
			rt.Fatalf("an order whose invoice is %s was cancelled", o.status)
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	o.status, o.link = billing.Void, billing.Revoked
	o.buyer.credit[o.Total.Currency] += o.paid
	o.paid = 0
	w.useCredit(o.buyer, o.Total.Currency)
}

func (w *world) writeOff(rt *rapid.T) {
	o := w.anOrder(rt)
	_, err := w.shop.Billing.WriteOff(w.t.Context(), o.InvoiceID, "")
	if (err == nil) != (o.status == billing.Open) {
		rt.Fatalf("writing off what is %s: %v", o.status, err)
	}
	if err == nil {
		o.status, o.link = billing.Uncollectible, billing.Revoked
	}
}

func (w *world) revoke(rt *rapid.T) {
	o := w.anOrder(rt)
	_, err := w.shop.Billing.RevokeFulfilment(w.t.Context(), o.InvoiceID, o.line, "")
	if (err == nil) != (o.status == billing.Open && o.link == billing.Pending) {
		rt.Fatalf("revoking what is %s on an invoice that is %s: %v", o.link, o.status, err)
	}
	if err == nil {
		o.link = billing.Revoked
	}
}

func (w *world) restore(rt *rapid.T) {
	o := w.anOrder(rt)
	_, err := w.shop.Billing.RestoreFulfilment(w.t.Context(), o.InvoiceID, o.line, "")
	if (err == nil) != (o.status == billing.Open && o.link == billing.Revoked) {
		rt.Fatalf("restoring what is %s on an invoice that is %s: %v", o.link, o.status, err)
	}
	if err == nil {
		o.link = billing.Pending
	}
}

func (w *world) retry(rt *rapid.T) {
	o := w.anOrder(rt)
	err := w.shop.Billing.RetryFulfilment(w.t.Context(), o.line)
	switch {
	case o.link == billing.Failed && !w.broken:
		o.link = billing.Done
		fallthrough
	case o.link == billing.Done, o.link == billing.Revoked && o.status == billing.Paid:
		if err != nil {
			rt.Fatalf("retry: %v", err)
		}
	default:
		if err == nil {
			rt.Fatalf("a retry of what is %s on an invoice that is %s succeeded", o.link, o.status)
		}
	}
}

func (w *world) invoice(rt *rapid.T, o *modelOrder) billing.Invoice {
	inv, err := w.shop.Billing.ByID(w.t.Context(), o.InvoiceID)
	if err != nil {
		rt.Fatal(err)
	}
	return inv
}

// compare holds every order and every credit against the model.
func (w *world) compare(rt *rapid.T) {
	for _, o := range w.orders {
		inv := w.invoice(rt, o)
		if inv.Status != o.status || inv.Paid.Amount != o.paid || inv.Lines[0].Link.State != o.link {
			rt.Fatalf("invoice %s is %s with %v paid and its line %s; the model says %s, %d, %s", inv.Number, inv.Status, inv.Paid,
				inv.Lines[0].Link.State, o.status, o.paid, o.link)
		}
	}
	for _, c := range w.customers {
		now, err := w.shop.Customers.ByID(w.t.Context(), c.ID)
		if err != nil {
			rt.Fatal(err)
		}
		for _, currency := range []money.Currency{"EUR", "JPY"} {
			if got := now.CreditIn(currency); got.Amount != c.credit[currency] {
				rt.Fatalf("%s has %v of credit; the model says %d", c.Name, got, c.credit[currency])
			}
		}
	}
}
