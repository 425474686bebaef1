package rooms_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// A domain is found, ordered, paid, registered at the registrar and told of; one that somebody else has taken meanwhile is
// credit.
func TestANewDomainFromSearchToMail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		store.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		registry := registrartest.New(store.Clock)
		s := &orderer{T: t, Rooms: roomstest.InTestMode(t, store, roomstest.Log(), roomstest.Reach("simulator", registry)), store: store}
		ctx := t.Context()
		_, err := s.Registrars.Create(ctx, account.Input{Name: "reseller", Adapter: "simulator", SyncMode: account.SyncOn})
		s.must(err)
		through := "reseller"
		price := func(kind domainname.PriceKind, years int, amount int64) domainname.Price {
			return domainname.Price{Extension: "example", Kind: kind, Years: years, Currency: "EUR", Amount: amount}
		}
		policy := domainname.Policy{
			Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, ExplicitRenew: true,
			DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
		}
		_, _, err = s.Domains.SetTLD(ctx, domainname.TLDInput{Extension: "example", Registrar: &through, Policy: &policy, Prices: domainname.Prices{
			price(domainname.ForRegistration, 1, 199), price(domainname.ForRegistration, 2, 1399), price(domainname.ForTransfer, 1, 900), price(domainname.ForRenewal, 1, 1200),
		}})
		s.must(err)
		s.ada, err = s.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada", Address: "1 Main Street\nTown", Country: "GB"})
		s.must(err)
		registry.Put(registrartest.Domain{Name: "taken.example", Expiry: "2027-05-05T00:00:00Z", Sponsor: "somebody"})

		for name, free := range map[string]bool{"free.example": true, "taken.example": false} {
			found, err := s.Registrations.Search(ctx, name, "", "")
			s.must(err)
			if len(found) != 1 || found[0].Unknown || found[0].Free != free || (found[0].Transfer == nil) != free {
				t.Errorf("%s: %+v", name, found)
			}
		}

		item := func(name string, years int) order.Item {
			return order.Item{Domain: &order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: years}}
		}
		o, err := s.orders(item("free.example", 2), item("taken.example", 1))
		s.must(err)
		_, err = s.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: "p1"})
		s.must(err)
		for range 5 {
			_, err = s.Dispatch.RunDue(ctx)
			s.must(err)
			store.Clock.Advance(time.Hour)
		}
		got, err := s.Domains.ByID(ctx, o.Items[0].Domain.DomainID)
		s.must(err)
		if got.Domain.Status != domainname.Active || got.Term != 1 || got.Recurring != money.New(1200, "EUR") || got.PaidThrough != civil.On(2028, 11, 22) || got.NextDue != got.PaidThrough {
			t.Errorf("registered: %s, %d years for %s, paid until %s, due %s", got.Domain.Status, got.Term, got.Recurring, got.PaidThrough, got.NextDue)
		}
		lost, err := s.Domains.ByID(ctx, o.Items[1].Domain.DomainID)
		s.must(err)
		ada, err := s.Customers.ByID(ctx, s.ada.ID)
		s.must(err)
		if lost.Domain.Status != domainname.Cancelled || ada.CreditIn("EUR") != money.New(199, "EUR") {
			t.Errorf("taken: %s, credit %s", lost.Domain.Status, ada.CreditIn("EUR"))
		}
		later, err := s.orders(item("later.example", 2)) // its credit does not suffice, and nobody pays the rest
		s.must(err)
		store.Clock.Advance(8 * 24 * time.Hour)
		_, err = s.Automation.RunDue(ctx)
		s.must(err)
		unpaid, err := s.Domains.ByID(ctx, later.Items[0].Domain.DomainID)
		s.must(err)
		if unpaid.Domain.Status != domainname.Cancelled {
			t.Errorf("not paid: %s", unpaid.Domain.Status)
		}
		for kind, subject := range map[mail.Kind]string{mail.DomainRegistered: got.ID, mail.DomainRefused: lost.ID, mail.DomainNotPaid: unpaid.ID} {
			var n int
			s.must(store.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM mails WHERE kind = $1 AND subject_id = $2", string(kind), subject).Scan(&n)
			}))
			if n != 1 {
				t.Errorf("%d mails %s", n, kind)
			}
		}
		differences, err := s.Billing.Verify(ctx)
		s.must(err)
		if len(differences) > 0 {
			t.Errorf("books: %v", differences)
		}
	})
}
