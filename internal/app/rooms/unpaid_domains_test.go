package rooms_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// An order that nobody pays keeps its name for as many days as an ordered renewal, and not for ever.
func TestUnpaidDomainIsGivenUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		store.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		s := &orderer{T: t, Rooms: roomstest.InTestMode(t, store, roomstest.Log(), roomstest.Reach("simulator", registrartest.New(store.Clock))), store: store}
		ctx := t.Context()
		_, err := s.Registrars.Create(ctx, account.Input{Name: "reseller", Adapter: "simulator", SyncMode: account.SyncOn})
		s.must(err)
		through := "reseller"
		policy := domainname.Policy{
			Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, ExplicitRenew: true,
			DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
		}
		_, _, err = s.Domains.SetTLD(ctx, domainname.TLDInput{Extension: "example", Registrar: &through, Policy: &policy, Prices: domainname.Prices{
			{Extension: "example", Kind: domainname.ForRegistration, Years: 1, Currency: "EUR", Amount: 900},
			{Extension: "example", Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Amount: 1200},
		}})
		s.must(err)
		s.ada, err = s.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada", Address: "1 Main Street\nTown", Country: "GB"})
		s.must(err)
		ben, err := s.Customers.Create(ctx, customer.Input{Email: "ben@example.com", Name: "Ben", Address: "2 Main Street\nTown", Country: "GB"})
		s.must(err)
		item := func(name string) order.Item {
			return order.Item{Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: 1}}
		}
		unpaid, err := s.orders(item("wanted.example"))
		s.must(err)
		paid, err := s.orders(item("paid.example"))
		s.must(err)
		_, err = s.Payments.Record(ctx, paid.InvoiceID, payment.Manual{Money: paid.Total, Reference: "p1"})
		s.must(err)
		until := func(d time.Time) {
			t.Helper()
			_, err := s.Automation.Advance(ctx, d, nil)
			s.must(err)
		}
		second := order.Input{CustomerID: ben.ID, Items: []order.Item{item("wanted.example")}}
		until(time.Date(2026, 11, 28, 23, 0, 0, 0, time.UTC))
		if _, err := s.Orders.Place(ctx, second); fail.Of(err) == nil || fail.Of(err).Code != "DOMAIN_TAKEN" {
			t.Errorf("on the sixth day: %v", err)
		}
		store.Clock.Set(time.Date(2026, 11, 29, 0, 30, 0, 0, time.UTC))
		if _, err := s.Automation.RunFor(ctx, ben.ID); err != nil {
			t.Fatal(err)
		}
		if d, err := s.Domains.ByID(ctx, unpaid.Items[0].Domain.DomainID); err != nil || d.Domain.Status != domainname.Pending {
			t.Errorf("after the work for somebody else: %s %v", d.Domain.Status, err)
		}
		until(time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC))
		inv, err := s.Billing.ByID(ctx, unpaid.InvoiceID)
		s.must(err)
		o, err := s.Orders.ByID(ctx, unpaid.ID)
		s.must(err)
		d, err := s.Domains.ByID(ctx, unpaid.Items[0].Domain.DomainID)
		s.must(err)
		if inv.Status != billing.Void || o.Status != order.Cancelled || d.Domain.Status != domainname.Cancelled {
			t.Errorf("on the seventh day: invoice %s, order %s, domain %s", inv.Status, o.Status, d.Domain.Status)
		}
		told, err := s.Events.List(ctx, "", event.Filter{SubjectID: d.ID, Type: "domain.cancelled"})
		s.must(err)
		if len(told) != 1 {
			t.Errorf("%d times said that it is cancelled", len(told))
		}
		if d, err = s.Domains.ByID(ctx, paid.Items[0].Domain.DomainID); err != nil || d.Domain.Status == domainname.Cancelled {
			t.Errorf("paid, and %s %v", d.Domain.Status, err)
		}
		if _, err := s.Orders.Place(ctx, second); err != nil {
			t.Errorf("the name is not free: %v", err)
		}
	})
}
