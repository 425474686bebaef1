package admin

import (
	"strings"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/task"
)

// till is one of everything that is owed, paid and given back. It needs a store in test mode.
type till struct {
	monthly catalog.Price             // 20.00
	annual  catalog.Price             // 200.00 of a better plan
	sub     subscription.Subscription // active, with a period that waits for a decision
	paused  subscription.Subscription
	method  payment.Method
	paid    billing.Invoice // through the sandbox
	payment payment.Payment // of paid
	note    billing.CreditNote
	dispute report.Dispute // open
	task    string
	update  string // of prices, scheduled
}

// eur is an amount in the currency of the tests.
func eur(cents int64) money.Money { return money.New(cents, "EUR") }

// newTill makes one of everything that is owed, paid and given back; the clock moves on by seventeen days.
func (b *bundle) newTill(e *estate, text string) {
	b.Helper()
	ctx, t := b.Context(), b.T
	cut := func(n int) string { return string([]rune(text)[:min(n, len([]rune(text)))]) }
	b.quiet()
	b.prices(e, cut(200))
	e.method = must(b.Payments.AddMethod(ctx, e.customer.ID, sandbox.Name, sandbox.OK))(t)
	e.sub = b.sell(e.customer.ID, e.monthly.ID)
	e.paused = b.sell(e.customer.ID, e.monthly.ID)
	must(b.Subscriptions.Pause(ctx, e.paused.ID, cut(255)))(t)

	disputed := b.sold(e.customer.ID, e.price.ID)
	must(b.Sandbox.Dispute(ctx, disputed.Reference))(t)
	b.runDue()
	found, _, err := b.Reports.Disputes(ctx, report.ReturnFilter{})
	e.dispute = must(found, err)(t)[0]

	refunded := b.sold(e.customer.ID, e.price.ID)
	half := eur(2000)
	must(b.Payments.Refund(ctx, refunded.InvoiceID, payment.RefundInput{Money: &half, Adjust: true, Reason: cut(255)}))(t)
	b.runDue()
	e.note = must(b.Billing.CreditNotes(ctx, refunded.InvoiceID))(t)[0]
	e.payment = b.sold(e.customer.ID, e.price.ID)
	e.paid = must(b.Billing.ByID(ctx, e.payment.InvoiceID))(t)

	b.advance(17 * 24 * time.Hour) // the invoice for the next period is made
	e.sub = must(b.Subscriptions.ByID(ctx, e.sub.ID))(t)
	next := e.sub.Periods[len(e.sub.Periods)-1]
	must(b.Billing.RevokeFulfilment(ctx, next.InvoiceID, next.LineID, cut(255)))(t)
	e.sub = must(b.Subscriptions.ByID(ctx, e.sub.ID))(t)
	tasks, _, err := b.Tasks.Open(ctx, "", 1)
	e.task = must(tasks, err)(t)[0].ID
	b.asked(task.Question{Kind: heldCharges, SubjectID: "2026-03-18", Detail: cut(255)})
	e.invoice = must(b.Billing.ByID(ctx, e.invoice.ID))(t)
	e.update = must(b.Subscriptions.SchedulePriceUpdate(ctx, subscription.PriceUpdateInput{
		Mode: subscription.ByPercent, Value: "5", StartsOn: civil.Of(b.clock.Now(), time.UTC).AddDays(90), Reason: cut(255),
	}))(t).ID
}

// prices are those of subscriptions: by the month, and of a better plan by the year.
func (b *bundle) prices(e *estate, name string) {
	b.Helper()
	ctx, t := b.Context(), b.T
	e.monthly = must(b.Catalog.CreatePrice(ctx, e.plan.ID, catalog.NewPrice{Cycle: string(civil.Monthly), Money: eur(2000)}))(t)
	better := must(b.Catalog.CreatePlan(ctx, e.product.ID, catalog.NewPlan{Name: name + " Pro", ActivationType: "device", ActivationLimit: 10}))(t)
	e.annual = must(b.Catalog.CreatePrice(ctx, better.ID, catalog.NewPrice{Cycle: string(civil.Annual), Money: eur(20000)}))(t)
}

// quiet sends no webhooks any more: time is let pass, and nobody is there whom they could reach.
func (b *bundle) quiet() {
	b.Helper()
	for _, endpoint := range must(b.Webhooks.Endpoints(b.Context()))(b.T) {
		must(b.Webhooks.Disable(b.Context(), endpoint.ID))(b.T)
	}
}

// sold orders something and charges the customer's method for it.
func (b *bundle) sold(customerID, priceID string) payment.Payment {
	b.Helper()
	ctx, t := b.Context(), b.T
	o := must(b.Orders.Place(ctx, order.Input{CustomerID: customerID, Items: []order.Item{{PriceID: priceID, Quantity: 1}}, Gateway: sandbox.Name}))(t)
	if try := must(b.Payments.Charge(ctx, o.InvoiceID, payment.ChargeOptions{}))(t); try.State != payment.AttemptSucceeded {
		t.Fatalf("charge: %+v", try)
	}
	b.runDue()
	found, _, err := b.Payments.List(ctx, payment.Filter{InvoiceID: o.InvoiceID})
	return must(found, err)(t)[0]
}

// sell orders a subscription and charges its first period.
func (b *bundle) sell(customerID, priceID string) subscription.Subscription {
	b.Helper()
	pay := b.sold(customerID, priceID)
	i := must(b.Billing.ByID(b.Context(), pay.InvoiceID))(b.T)
	return must(b.Subscriptions.ByID(b.Context(), i.Lines[0].Link.Target))(b.T)
}

// asked puts a question before staff.
func (b *bundle) asked(q task.Question) {
	b.Helper()
	if err := b.db.Write(b.Context(), func(tx *db.Tx) error { return task.Ask(b.Context(), tx, q) }); err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) runDue() {
	b.Helper()
	must(b.Automation.RunDue(b.Context()))(b.T)
}

// advance lets time pass, with all that falls due on the way.
func (b *bundle) advance(by time.Duration) {
	b.Helper()
	must(b.Automation.Advance(b.Context(), b.clock.Now().Add(by), nil))(b.T)
}

// buyer is a customer with a card of the sandbox.
func (b *bundle) buyer(email, card string) customer.Customer {
	b.Helper()
	c := must(b.Customers.Create(b.Context(), customer.Input{Email: email, Name: strings.ToUpper(email[:1]) + email[1:strings.Index(email, "@")]}))(b.T)
	if card != "" {
		must(b.Payments.AddMethod(b.Context(), c.ID, sandbox.Name, card))(b.T)
	}
	return c
}

// tillPath are the ids of an address that is about money.
func (e estate) tillPath(pattern, noun string) string {
	switch {
	case noun == "subscriptions" && strings.Contains(pattern, "/resume"):
		return e.paused.ID
	case noun == "subscriptions":
		return e.sub.ID
	case noun == "payments":
		return e.payment.ID
	case noun == "credit-notes":
		return e.note.ID
	case noun == "disputes":
		return e.dispute.ID
	case noun == "tasks":
		return e.task
	case noun == "invoices" && strings.Contains(pattern, "/refund"):
		return e.paid.ID
	}
	return ""
}

// removed is the first day of the period that waits for a decision.
func (e estate) removed() string {
	for _, p := range e.sub.Periods {
		if p.State == subscription.PeriodRemoved {
			return p.Start.String()
		}
	}
	return "-"
}
