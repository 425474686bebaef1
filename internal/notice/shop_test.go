package notice_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/notice"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// shop is a store that writes to its customers, with one product. Its clock is moved by hand.
type shop struct {
	*roomstest.Rooms
	*testing.T
	store   *dbtest.Store
	ctx     context.Context
	product string
	plan    string
	wires   int
}

// each runs a test on both databases, beginning on a day at midnight.
func each(t *testing.T, day string, f func(s *shop)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		f(newShop(t, store, day))
	})
}

func newShop(t *testing.T, store *dbtest.Store, day string) *shop {
	t.Helper()
	start := must(time.Parse(time.DateOnly, day))(t)
	store.Clock.Set(start)
	ctx := t.Context()
	s := &shop{Rooms: roomstest.InTestMode(t, store, roomstest.Log()), T: t, store: store, ctx: ctx}
	s.product = must(s.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t).ID
	s.plan = s.newPlan("Team")
	s.set(map[string]any{"billing.payment_note": "IBAN DE02 1203 0000 0000 2020 51", "mail.staff": []string{"eve@store.example"}})
	return s
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
	must(s.Settings.Patch(s.ctx, raw))(s.T)
}

func (s *shop) newPlan(name string) string {
	s.Helper()
	return must(s.Catalog.CreatePlan(s.ctx, s.product, catalog.NewPlan{Name: name, ActivationType: "device", ActivationLimit: 2}))(s.T).ID
}

func (s *shop) price(cycle civil.Cycle, amount int64) string {
	s.Helper()
	return s.priceOf(s.plan, catalog.NewPrice{Cycle: string(cycle), Money: eur(amount)})
}

func (s *shop) priceOf(planID string, p catalog.NewPrice) string {
	s.Helper()
	return must(s.Catalog.CreatePrice(s.ctx, planID, p))(s.T).ID
}

func eur(cents int64) money.Money { return money.New(cents, "EUR") }

// customer takes up somebody who pays by a card of the sandbox, or by bank transfer.
func (s *shop) customer(name, card string) string {
	s.Helper()
	id := must(s.Customers.Create(s.ctx, customer.Input{Email: name + "@example.com", Name: strings.ToUpper(name[:1]) + name[1:]}))(s.T).ID
	if card != "" {
		must(s.Payments.AddMethod(s.ctx, id, "sandbox", card))(s.T)
	}
	return id
}

// place orders one of a price, to be paid by hand.
func (s *shop) place(customerID, priceID string) order.Order {
	s.Helper()
	return must(s.Orders.Place(s.ctx, order.Input{CustomerID: customerID, Items: []order.Item{{PriceID: priceID, Quantity: 1}}}))(s.T)
}

func (s *shop) pay(invoiceID string, cents int64) payment.Payment {
	s.Helper()
	s.wires++
	return must(s.Payments.Record(s.ctx, invoiceID, payment.Manual{Money: eur(cents), Reference: fmt.Sprint("wire ", s.wires)}))(s.T)
}

// buy orders and pays, and returns the subscription that this begins.
func (s *shop) buy(customerID, priceID string) (order.Order, string) {
	s.Helper()
	o := s.place(customerID, priceID)
	if o.Total.Amount > 0 {
		s.pay(o.InvoiceID, o.Total.Amount)
	}
	o = must(s.Orders.ByID(s.ctx, o.ID))(s.T)
	if len(o.SubscriptionIDs) != 1 {
		s.Fatalf("order %+v has no subscription", o)
	}
	return o, o.SubscriptionIDs[0]
}

// advance lets time pass up to the beginning of a day, with all that falls due.
func (s *shop) advance(day string) {
	s.Helper()
	must(s.Automation.Advance(s.ctx, must(time.Parse(time.DateOnly, day))(s.T), nil))(s.T)
	s.whole()
}

// now runs what is due.
func (s *shop) now() {
	s.Helper()
	must(s.Automation.RunDue(s.ctx))(s.T)
	s.whole()
}

func (s *shop) whole() {
	s.Helper()
	failures, _, err := s.Automation.Failures(s.ctx, automation.Filter{})
	if err != nil || len(failures) > 0 {
		s.Fatalf("failures: %+v %v", failures, err)
	}
	if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskMissed); n > 0 {
		s.Fatalf("%d notices were missed", n)
	}
}

func (s *shop) count(q string, args ...any) (n int) {
	s.Helper()
	err := s.store.DB.Read(s.ctx, func(tx *db.Tx) error { return tx.SQL().QueryRowContext(s.ctx, q, args...).Scan(&n) })
	if err != nil {
		s.Fatalf("%s: %v", q, err)
	}
	return n
}

// exec changes the store behind the backs of its rooms.
func (s *shop) exec(q string, args ...any) {
	s.Helper()
	err := s.store.DB.Write(s.ctx, func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(s.ctx, q, args...)
		return err
	})
	if err != nil {
		s.Fatalf("%s: %v", q, err)
	}
}

// emit writes an event by hand.
func (s *shop) emit(ctx context.Context, e event.New) {
	s.Helper()
	if err := s.store.DB.Write(ctx, func(tx *db.Tx) error { return event.Emit(ctx, tx, e) }); err != nil {
		s.Fatal(err)
	}
}

// letter is a mail as it was queued.
type letter struct {
	id, kind, to, language, subject, data string
	at                                    time.Time
}

// letters are all mails to an address, in the order in which they were written.
func (s *shop) letters(to string) (all []letter) {
	s.Helper()
	err := s.store.DB.Read(s.ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.SQL().QueryContext(s.ctx, `SELECT id, kind, recipient, language, subject_id, data, created_at FROM mails
			WHERE recipient = $1 ORDER BY id`, to)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var l letter
			var at clock.Instant
			if err := rows.Scan(&l.id, &l.kind, &l.to, &l.language, &l.subject, &l.data, &at); err != nil {
				return err
			}
			l.at = at.Time()
			all = append(all, l)
		}
		return rows.Err()
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

const staff = "eve@store.example"

// want fails the test unless these mails, as "day kind", and no others were written to an address since the last look.
func (s *shop) want(to string, want ...string) {
	s.Helper()
	var got []string
	for _, l := range s.letters(to) {
		got = append(got, l.at.Format("01-02 ")+l.kind)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		s.Errorf("mails to %s\n got %s\nwant %s", to, strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// read returns what the newest mail of a kind to an address says.
func read[T any](s *shop, to string, kind mail.Kind) (data T) {
	s.Helper()
	found := false
	for _, l := range s.letters(to) {
		if l.kind != string(kind) {
			continue
		}
		found = true
		data = *new(T)
		if err := json.Unmarshal([]byte(l.data), &data); err != nil {
			s.Fatal(err)
		}
	}
	if !found {
		s.Fatalf("no mail %s to %s", kind, to)
	}
	return data
}

func staffActor(ctx context.Context) context.Context {
	return event.WithActor(ctx, event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Eve"})
}
