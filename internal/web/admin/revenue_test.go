package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/staff"
)

func TestRecurringRevenue(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	me := b.colleague("Grace Hopper", staff.Owner)
	br := b.as(me)
	br.get("/admin/revenue").is(200).sound().says("€0.00", "0 subscriptions").hides(`aria-label="Currencies"`)
	br.get("/admin").is(200).sound().says("Monthly recurring", "€0.00", "0 subscriptions")

	e := b.newEstate("Widget")
	b.newTill(&e, "Widget") // 20.00 a month, and one that rests
	dollars := must(b.Catalog.CreatePrice(t.Context(), e.plan.ID, catalog.NewPrice{Cycle: string(civil.Annual), Money: money.New(36000, "USD")}))(t)
	joan := must(b.Customers.Create(t.Context(), customer.Input{Email: "joan@example.com", Name: "Joan", Currency: "USD"}))(t)
	must(b.Payments.AddMethod(t.Context(), joan.ID, sandbox.Name, sandbox.OK))(t)
	b.sell(joan.ID, dollars.ID)

	br = b.as(me) // weeks have passed
	br.get("/admin").is(200).says("Monthly recurring", "€20.00", "and $30.00 · 2 subscriptions")
	br.get("/admin/revenue").is(200).sound().says("€20.00", "€240.00", "1 subscription", "Revenue a month", "Subscriptions that began and ended", `aria-label="Currencies"`, "currency=USD")
	br.get("/admin/revenue?currency=USD").is(200).sound().says("in USD", "$30.00", "$360.00")
	br.get("/admin/revenue?currency=XXX").is(200).says("in EUR")

	d := must(b.Reports.Recurring(t.Context(), must(b.Settings.Get(t.Context()))(t).TimeZone, "EUR"))(t)
	last := d.Months[len(d.Months)-1]
	var received, started int64
	for _, m := range d.Months {
		received, started = received+m.Received.Amount, started+m.Started
	}
	// Both subscriptions began within the year; what account credit has paid was no money that came in.
	if len(d.Months) != 12 || started != 2 || received == 0 || last.Ended != 0 {
		t.Errorf("%+v", d.Months)
	}
}
