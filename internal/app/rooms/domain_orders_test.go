package rooms_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// orderer is a store whose customer has a domain, at the time of the ground data, unless a test says otherwise.
type orderer struct {
	*testing.T
	*roomstest.Rooms
	store *dbtest.Store
	ada   customer.Customer
}

func domainOrders(t *testing.T, f func(s *orderer)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		store.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		s := &orderer{T: t, Rooms: roomstest.InTestMode(t, store, roomstest.Log()), store: store}
		var err error
		s.ada, err = s.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"})
		s.must(err)
		s.policy(domainname.Policy{GraceDays: 30, GraceFee: domainname.Fee{"EUR": 500}, RedemptionDays: 30, RedemptionFee: domainname.Fee{"EUR": 8000}})
		s.cost("", map[int]int64{1: 1200, 2: 2400, 3: 3600, 5: 5800, 9: 9900})
		f(s)
	})
}

func (s *orderer) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// policy adds a row of .example.
func (s *orderer) policy(p domainname.Policy) {
	s.Helper()
	p.Extension, p.MinYears, p.MaxYears, p.StepYears, p.ExplicitRenew = "example", 1, 10, 1, true
	p.DateMoves, p.ExpiryRounding, p.DueMargin = domainname.AtOnce, domainname.NoRounding, 3
	if p.ValidFrom.IsZero() {
		p.ValidFrom = civil.On(2020, 1, 1)
	}
	_, err := s.Domains.CreatePolicy(s.Context(), p)
	s.must(err)
}

func (s *orderer) cost(group string, amounts map[int]int64) {
	s.Helper()
	var rows domainname.Prices
	for years, amount := range amounts {
		rows = append(rows, domainname.Price{
			Extension: "example", Kind: domainname.ForRenewal, Years: years, Currency: "EUR", Group: group, Amount: amount, ValidFrom: civil.On(2026, 1, 1),
		})
	}
	_, err := s.Domains.SetPrices(s.Context(), rows)
	s.must(err)
}

// owns gives Ada an active domain until a day.
func (s *orderer) owns(name string, until civil.Date) (id string) {
	s.Helper()
	n, err := domainname.ParseName(name)
	s.must(err)
	s.must(s.store.DB.Write(s.Context(), func(tx *db.Tx) error {
		d := domainname.Domain{
			Name: n, Extension: "example", CustomerID: s.ada.ID, Kind: domainname.Registered, Status: domainname.Active,
			Expiry:      domainname.Expiry{At: until.StartIn(time.UTC).Add(10 * time.Hour), Raw: until.String(), Source: domainname.FromStaff, ReadAt: tx.Now},
			PaidThrough: until, NextDue: until, Term: 1, Recurring: money.New(1000, "EUR"),
		}
		err := domainname.Insert(s.Context(), tx, &d)
		id = d.ID
		return err
	}))
	return id
}

func renewalItem(id, name string, years int) order.Item {
	return order.Item{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: id, Name: name, Years: years}}
}

func (s *orderer) orders(items ...order.Item) (order.Order, error) {
	return s.Orders.Place(s.Context(), order.Input{CustomerID: s.ada.ID, Items: items})
}

// refused fails the test unless an order was refused for a reason.
func (s *orderer) refused(err error, reason domainname.Reason) *fail.Error {
	s.Helper()
	e := fail.Of(err)
	if e == nil || e.More["reason"] != reason {
		s.Fatalf("error = %v, want %s", err, reason)
	}
	return e
}

// empty fails the test unless nothing was written.
func (s *orderer) empty() {
	s.Helper()
	for _, table := range []string{"orders", "invoices", "domain_renewals"} {
		var n int
		s.must(s.store.DB.Read(s.Context(), func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(s.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n)
		}))
		if n != 0 {
			s.Errorf("%d rows in %s", n, table)
		}
	}
}

// A2c, A4a: what is over the cap is refused on every way, and nothing is written.
func TestA2cOverTheCap(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		id := s.owns("a.example", civil.On(2031, 6, 1))
		e := s.refused(second(s.orders(renewalItem(id, "", 9))), domainname.OverCap)
		if e.Code != "TERM_NOT_AVAILABLE" || e.Kind != fail.KindInvalid || e.Field != "items.0.domain_renewal.years" || e.More["first_day"] != "2030-06-03" {
			t.Errorf("%v %v %v", e, e.Field, e.More)
		}
		_, err := s.Orders.Quote(s.Context(), order.Input{CustomerID: s.ada.ID, Items: []order.Item{renewalItem(id, "", 9)}})
		_ = s.refused(err, domainname.OverCap)
		far := s.owns("b.example", civil.On(2036, 11, 22))
		if e := s.refused(second(s.orders(renewalItem(far, "", 1))), domainname.OverCap); e.More["first_day"] != "2027-11-23" {
			t.Errorf("%v", e.More)
		}
		s.empty()
	})
}

func second[T any](_ T, err error) error { return err }

// A10: three ways to write a name are one domain, with one renewal.
func TestA10ThreeOrders(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		id := s.owns("bücher.example", civil.On(2027, 3, 10))
		o, err := s.orders(renewalItem("", "BÜCHER.example", 1))
		s.must(err)
		if o.Items[0].Domain.DomainID != id || o.Items[0].Domain.Name != "xn--bcher-kva.example" || o.Total != money.New(1200, "EUR") {
			t.Errorf("order: %+v", o.Items[0].Domain)
		}
		inv, err := s.Billing.ByID(s.Context(), o.InvoiceID)
		s.must(err)
		if got := inv.Lines[0].Description; got != "Renewal of bücher.example for 1 year, 2027-03-10 to 2028-03-10" {
			t.Errorf("line: %s", got)
		}
		for _, same := range []string{"bücher.example.", "xn--bcher-kva.example"} {
			e := fail.Of(second(s.orders(renewalItem("", same, 1))))
			if e == nil || e.Code != "RENEWAL_OPEN" || e.Kind != fail.KindConflict || e.More["renewal_id"] == "" {
				t.Errorf("%s: %v", same, e)
			}
		}
		twice := s.owns("twice.example", civil.On(2027, 3, 10))
		if e := fail.Of(second(s.orders(renewalItem(twice, "", 1), renewalItem("", "TWICE.example", 2)))); e == nil || e.Code != "DOMAIN_TWICE" {
			t.Errorf("twice: %v", e)
		}
		// It is paid, and the order shows it.
		_, err = s.Payments.Record(s.Context(), o.InvoiceID, payment.Manual{Money: o.Total, Reference: "p1"})
		s.must(err)
		o, err = s.Orders.ByID(s.Context(), o.ID)
		s.must(err)
		if o.Status != order.Completed || len(o.DomainIDs) != 1 || o.DomainIDs[0] != id {
			t.Errorf("paid: %s %v", o.Status, o.DomainIDs)
		}
		differences, err := s.Billing.Verify(s.Context())
		s.must(err)
		if len(differences) > 0 {
			t.Errorf("books: %v", differences)
		}
	})
}

// B1f: the first day of a window begins at midnight UTC, wherever the store is.
func TestB1fWindowsCountInUTC(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		s.settle("store.time_zone", `"Asia/Tokyo"`)
		earliest := 180
		s.policy(domainname.Policy{ValidFrom: civil.On(2021, 1, 1), Earliest: &earliest, GraceDays: 90})
		id := s.owns("a.example", civil.On(2027, 6, 1))
		s.store.Clock.Set(time.Date(2026, 12, 2, 23, 59, 59, 0, time.UTC))
		if e := s.refused(second(s.orders(renewalItem(id, "", 1))), domainname.TooEarly); e.More["first_day"] != "2026-12-03" {
			t.Errorf("%v", e.More)
		}
		s.empty()
		s.store.Clock.Set(time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC))
		s.must(second(s.orders(renewalItem(id, "", 1))))
	})
}

// B2: the row of the day decides, and the renewal names it.
func TestB2TheRowOfTheDay(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		earliest := 180
		s.policy(domainname.Policy{ValidFrom: civil.On(2021, 1, 1), Earliest: &earliest, GraceDays: 90})
		s.policy(domainname.Policy{ValidFrom: civil.On(2026, 12, 1), GraceDays: 90})
		id := s.owns("a.example", civil.On(2027, 6, 1))
		s.store.Clock.Set(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
		_ = s.refused(second(s.orders(renewalItem(id, "", 1))), domainname.TooEarly)
		s.store.Clock.Set(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
		s.must(second(s.orders(renewalItem(id, "", 1))))
		rows, err := s.Domains.Policies(s.Context(), "example")
		s.must(err)
		renewals, err := s.Domains.Renewals(s.Context(), id, 10)
		s.must(err)
		if len(rows) != 3 || len(renewals) != 1 || renewals[0].PolicyID != rows[2].ID {
			t.Errorf("%d rows, renewals %+v", len(rows), renewals)
		}
	})
}

// C1, C4b: an order costs the list price of the day, of the client group if that has one; what automation asks is another
// thing.
func TestC1OrdersCostTheListPrice(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		id := s.owns("a.example", civil.On(2026, 12, 6))
		s.cost("", map[int]int64{1: 1400})
		o, err := s.orders(renewalItem(id, "", 1))
		s.must(err)
		if o.Total != money.New(1400, "EUR") {
			t.Errorf("C1: %s", o.Total)
		}
		group := "resellers"
		_, err = s.Customers.Update(s.Context(), s.ada.ID, customer.Patch{Group: &group})
		s.must(err)
		s.cost("resellers", map[int]int64{1: 950})
		o, err = s.orders(renewalItem(s.owns("b.example", civil.On(2027, 3, 10)), "", 1))
		s.must(err)
		if o.Total != money.New(950, "EUR") {
			t.Errorf("C4b: %s", o.Total)
		}
		row, err := s.Domains.ByID(s.Context(), o.Items[0].Domain.DomainID)
		s.must(err)
		if row.Recurring != money.New(1000, "EUR") || row.Term != 1 {
			t.Errorf("recurring %s for %d years", row.Recurring, row.Term)
		}
	})
}

// A late renewal has its fee as a line of its own, and what is not the customer's is not there.
func TestLateAndForeignOrders(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		id := s.owns("late.example", civil.On(2026, 11, 1))
		o, err := s.orders(renewalItem(id, "", 1))
		s.must(err)
		inv, err := s.Billing.ByID(s.Context(), o.InvoiceID)
		s.must(err)
		if o.Total != money.New(1700, "EUR") || len(inv.Lines) != 2 || inv.Lines[1].Total != money.New(500, "EUR") || inv.Lines[1].Link != nil || o.Items[0].SetupFee != money.New(500, "EUR") {
			t.Errorf("late: %s, %+v", o.Total, inv.Lines)
		}
		other, err := s.Customers.Create(s.Context(), customer.Input{Email: "bob@example.com", Name: "Bob"})
		s.must(err)
		for _, item := range []order.Item{renewalItem(id, "", 1), renewalItem("", "late.example", 1), renewalItem("dom_none", "", 1), renewalItem("", "none.example", 1)} {
			_, err := s.Orders.Place(s.Context(), order.Input{CustomerID: other.ID, Items: []order.Item{item}})
			if e := fail.Of(err); e == nil || e.Code != "DOMAIN_NOT_FOUND" {
				t.Errorf("%+v: %v", item.Domain, err)
			}
			_, err = s.Orders.QuoteGuest(s.Context(), order.Guest{}, order.Input{Items: []order.Item{item}})
			if e := fail.Of(err); e == nil || e.Code != "DOMAIN_NOT_FOUND" {
				t.Errorf("%+v as a guest: %v", item.Domain, err)
			}
		}
		// An order that is cancelled leaves nothing open behind.
		_, err = s.Orders.Cancel(s.Context(), o.ID, "")
		s.must(err)
		s.must(second(s.orders(renewalItem(id, "", 2))))
	})
}

// An invoice of an order of domains is due before the order is given up, and says what its fee is for.
func TestInvoicesOfOrderedDomains(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		for _, tt := range []struct {
			name   string
			until  civil.Date
			days   string
			due    civil.Date
			fee    string
			amount int64
		}{
			{"plain.example", civil.On(2027, 3, 10), "7", civil.On(2026, 11, 28), "", 0},
			{"grace.example", civil.On(2026, 11, 10), "1", civil.On(2026, 11, 22), "Late fee for the renewal of grace.example", 500},
			{"redemption.example", civil.On(2026, 10, 10), "90", civil.On(2026, 12, 6), "Restore of redemption.example", 8000},
			{"near.example", civil.On(2026, 11, 24), "7", civil.On(2026, 11, 24), "", 0},
			{"last.example", civil.On(2026, 10, 23), "7", civil.On(2026, 11, 22), "Late fee for the renewal of last.example", 500},
			{"lost.example", civil.On(2026, 9, 26), "7", civil.On(2026, 11, 25), "Restore of lost.example", 8000},
		} {
			s.settle("domains.order_days", tt.days)
			o, err := s.orders(renewalItem(s.owns(tt.name, tt.until), "", 1))
			s.must(err)
			inv, err := s.Billing.ByID(s.Context(), o.InvoiceID)
			s.must(err)
			if inv.DueOn != tt.due {
				s.Errorf("%s: given up after %s days, and due on %s, want %s", tt.name, tt.days, inv.DueOn, tt.due)
			}
			switch {
			case tt.fee == "" && len(inv.Lines) == 1:
			case len(inv.Lines) != 2 || inv.Lines[1].Description != tt.fee || inv.Lines[1].Amount != money.New(tt.amount, "EUR"):
				s.Errorf("%s: %+v", tt.name, inv.Lines)
			}
		}
	})
}

// A coupon for everything takes from domains as well; one for cycles, or for products, doesn't.
func TestCouponsAndDomains(t *testing.T) {
	domainOrders(t, func(s *orderer) {
		id := s.owns("a.example", civil.On(2027, 3, 10))
		for _, c := range []coupon.NewCoupon{
			{Code: "ALL", Name: "All", Percent: "50"},
			{Code: "CYCLE", Name: "Cycle", Percent: "50", Rules: coupon.Rules{Cycles: []civil.Cycle{civil.Annual, civil.OneTime}}},
		} {
			_, err := s.Coupons.Create(s.Context(), c)
			s.must(err)
		}
		quote := func(code string) (order.Quote, error) {
			return s.Orders.Quote(s.Context(), order.Input{CustomerID: s.ada.ID, Coupon: code, Items: []order.Item{renewalItem(id, "", 1)}})
		}
		q, err := quote("ALL")
		s.must(err)
		if q.Invoice.Total != money.New(600, "EUR") {
			t.Errorf("ALL: %s", q.Invoice.Total)
		}
		if _, err := quote("CYCLE"); fail.Of(err) == nil || fail.Of(err).Code != "COUPON_NOT_FOR_THIS" {
			t.Errorf("CYCLE: %v", err)
		}
	})
}

func (s *orderer) settle(name, value string) {
	s.Helper()
	_, err := s.Settings.Patch(s.Context(), map[string]json.RawMessage{name: json.RawMessage(value)})
	s.must(err)
}
