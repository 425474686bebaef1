package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

// shop is a store whose clock is moved by hand, with one product.
type shop struct {
	*roomstest.Rooms
	*testing.T
	store *dbtest.Store
	ctx   context.Context
	plan  string
	bills int
}

// each runs a test on both databases, beginning on a day.
func each(t *testing.T, day string, f func(s *shop)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		start, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		store.Clock.Set(start)
		ctx := t.Context()
		s := &shop{Rooms: roomstest.InTestMode(t, store, roomstest.Log()), T: t, store: store, ctx: ctx}
		product := must(s.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
		s.plan = must(s.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "device", ActivationLimit: 2}))(t).ID
		f(s)
	})
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (s *shop) set(values map[string]any) {
	s.Helper()
	raw := map[string]json.RawMessage{}
	for name, v := range values {
		raw[name] = must(json.Marshal(v))(s.T)
	}
	if _, err := s.Settings.Patch(s.ctx, raw); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) price(cycle string, amount int64) string {
	s.Helper()
	return must(s.Catalog.CreatePrice(s.ctx, s.plan, catalog.NewPrice{Cycle: cycle, Money: money.New(amount, "EUR")}))(s.T).ID
}

func (s *shop) customer(name, card string) string {
	s.Helper()
	id := must(s.Customers.Create(s.ctx, customer.Input{Email: name + "@example.com", Name: name}))(s.T).ID
	if card != "" {
		must(s.Payments.AddMethod(s.ctx, id, "sandbox", card))(s.T)
	}
	return id
}

// buy places an order and pays it by hand.
func (s *shop) buy(customerID, priceID string) (order.Order, subscription.Subscription) {
	s.Helper()
	o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: customerID, Items: []order.Item{{PriceID: priceID, Quantity: 1}}}))(s.T)
	if o.Total.Amount > 0 {
		s.pay(o.InvoiceID, o.Total.Amount)
	}
	o = must(s.Orders.ByID(s.ctx, o.ID))(s.T)
	if len(o.SubscriptionIDs) != 1 {
		s.Fatalf("order %+v has no subscription", o)
	}
	return o, s.sub(o.SubscriptionIDs[0])
}

func (s *shop) pay(invoiceID string, amount int64) {
	s.Helper()
	s.bills++
	must(s.Payments.Record(s.ctx, invoiceID, payment.Manual{Money: money.New(amount, "EUR"), Reference: fmt.Sprint("wire ", s.bills)}))(s.T)
}

func (s *shop) sub(id string) subscription.Subscription {
	s.Helper()
	return must(s.Subscriptions.ByID(s.ctx, id))(s.T)
}

func (s *shop) license(id string) license.License {
	s.Helper()
	return must(s.Licenses.ByID(s.ctx, id))(s.T)
}

// advance lets time pass up to the beginning of a day, with all that falls due.
func (s *shop) advance(day string) {
	s.Helper()
	to, err := time.Parse(time.DateOnly, day)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.Automation.Advance(s.ctx, to, nil); err != nil {
		s.Fatal(err)
	}
	failures, _, err := s.Automation.Failures(s.ctx, automation.Filter{})
	if err != nil || len(failures) > 0 {
		s.Fatalf("failures: %+v %v", failures, err)
	}
}

// invoices are the renewals of a subscription's customer, oldest first, as "issued due status balance".
func (s *shop) invoices(customerID string) []string {
	s.Helper()
	list, _, err := s.Billing.List(s.ctx, billing.Filter{CustomerID: customerID})
	if err != nil {
		s.Fatal(err)
	}
	all := make([]string, len(list))
	for i, inv := range list {
		period := ""
		if len(inv.Lines) > 0 {
			period = inv.Lines[0].Period.String()
		}
		all[len(list)-1-i] = fmt.Sprintf("%s %s %s %s %s", inv.IssuedOn, period, inv.Status, inv.Total.Decimal(), inv.Balance().Decimal())
	}
	return all
}

func (s *shop) wantInvoices(customerID string, want ...string) {
	s.Helper()
	got := s.invoices(customerID)
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		s.Errorf("invoices\n got %q\nwant %q", got, want)
	}
}

// proven checks that the books say the same as everything else.
func (s *shop) proven() {
	s.Helper()
	found := must(s.Billing.Verify(s.ctx))(s.T)
	if len(found) > 0 {
		s.Errorf("differences: %+v", found)
	}
	licenses := must(s.Licenses.Verify(s.ctx))(s.T)
	if len(licenses) > 0 {
		s.Errorf("differences of licenses: %+v", licenses)
	}
}

func filterOf(customerID string) billing.Filter { return billing.Filter{CustomerID: customerID} }

func (s *shop) trialPrice(cycle string, amount, days int64) string {
	s.Helper()
	return must(s.Catalog.CreatePrice(s.ctx, s.plan, catalog.NewPrice{Cycle: cycle, Money: money.New(amount, "EUR"), TrialDays: days}))(s.T).ID
}

// buyMany is buy for more than one, buyFor for what is added to a license.
func (s *shop) buyMany(customerID, priceID string, quantity int64) (order.Order, subscription.Subscription) {
	s.Helper()
	return s.buyItem(customerID, order.Item{PriceID: priceID, Quantity: quantity})
}

func (s *shop) buyFor(customerID, priceID, licenseID string) (order.Order, subscription.Subscription) {
	s.Helper()
	return s.buyItem(customerID, order.Item{PriceID: priceID, Quantity: 1, LicenseID: licenseID})
}

func (s *shop) buyItem(customerID string, item order.Item) (order.Order, subscription.Subscription) {
	s.Helper()
	o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: customerID, Items: []order.Item{item}}))(s.T)
	s.pay(o.InvoiceID, o.Total.Amount)
	o = must(s.Orders.ByID(s.ctx, o.ID))(s.T)
	if len(o.SubscriptionIDs) != 1 {
		s.Fatalf("order %+v has no subscription", o)
	}
	return o, s.sub(o.SubscriptionIDs[0])
}

func (s *shop) addonPrice(cycle string, amount, extra int64) string {
	s.Helper()
	plan := must(s.Catalog.Plan(s.ctx, s.plan))(s.T)
	addon := must(s.Catalog.CreatePlan(s.ctx, plan.ProductID, catalog.NewPlan{Name: "More", Kind: catalog.KindAddon, ActivationType: "device", ExtraActivations: extra}))(s.T)
	return must(s.Catalog.CreatePrice(s.ctx, addon.ID, catalog.NewPrice{Cycle: cycle, Money: money.New(amount, "EUR")}))(s.T).ID
}

func (s *shop) revokeByHand(licenseID string) {
	s.Helper()
	status := license.Revoked
	ctx := event.WithActor(s.ctx, event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Eve"})
	must(s.Licenses.Patch(ctx, licenseID, license.Patch{Status: &status, Reason: "abuse"}))(s.T)
}
