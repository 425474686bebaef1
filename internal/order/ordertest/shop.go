// Package ordertest gives tests a shop that sells: the rooms from catalog to payment, wired as the program wires them,
// with a fulfiller that fails on demand in the place of licenses.
package ordertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// Shop is a store with its rooms.
type Shop struct {
	*dbtest.Store
	Catalog   *catalog.Service
	Customers *customer.Service
	Billing   *billing.Service
	Payments  *payment.Service
	Orders    *order.Service
	Coupons   *coupon.Service
	Jobs      *job.Queue
	Licenses  *Licenses

	// Terms is what invoices take from the settings.
	Terms billing.Terms
}

// New builds a shop on a store.
func New(s *dbtest.Store) *Shop { return on(s, s.DB, NewLicenses()) }

// Second is the same shop as another process would serve it.
func (s *Shop) Second(t *testing.T) *Shop { return on(s.Store, s.Open(t), s.Licenses) }

func on(s *dbtest.Store, d *db.DB, licenses *Licenses) *Shop {
	shop := &Shop{
		Store: s, Jobs: job.NewQueue(d, slog.New(slog.NewTextHandler(io.Discard, nil))), Licenses: licenses,
		Terms: billing.Terms{
			Zone: time.UTC, NumberFormat: "INV-{yyyy}-{n}", CreditNumberFormat: "CN-{yyyy}-{n}", DueDays: 14, Seller: billing.Party{Name: "Example Software", Address: "1 Main Street"},
		},
	}
	shop.Catalog = catalog.New(d)
	shop.Customers = customer.New(d, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
	shop.Billing = billing.New(d, func(context.Context, *db.Tx) (billing.Terms, error) { return shop.Terms, nil }, shop.Jobs)
	shop.Payments = payment.New(d, shop.Billing, shop.Jobs, nil)
	shop.Orders = order.New(d, shop.Billing, shop.Payments)
	shop.Coupons = coupon.New(d)
	for kind := range targets {
		shop.Billing.Register(kind, licenses)
		shop.Billing.CheckTargets(kind, licenses.check)
	}
	return shop
}

// Issued is the type of the event that stands for a license here: it is written in the savepoint of its line, so it is
// there if and only if the work was kept.
const Issued = "test.license_issued"

// Refuse decides whether a line fails. It may break its transaction in any way that a real fulfiller could.
type Refuse func(ctx context.Context, tx *db.Tx, line billing.Line) error

// targets are the kinds of lines that an order has, by the prefix of what paying them makes.
var targets = map[string]string{billing.KindLicense: "lic", billing.LinkSubscription: "sub", billing.LinkAddon: "add"}

// Licenses is a fulfiller that does as it is told. It stands for subscriptions and add-ons as well.
type Licenses struct {
	mu   sync.Mutex
	fail Refuse
}

// NewLicenses returns a fulfiller that succeeds.
func NewLicenses() *Licenses { return &Licenses{} }

// ErrRefused is what a fulfiller that was told to fail says.
var ErrRefused = errors.New("no license today")

// Fail makes lines fail with what f returns for them; nil makes all succeed again.
func (l *Licenses) Fail(f Refuse) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = f
}

// Fulfil implements billing.Fulfiller.
func (l *Licenses) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	id := tx.NewID(targets[line.Kind])
	err := event.Emit(ctx, tx, event.New{
		Type: Issued, SubjectID: line.ID, CustomerID: line.CustomerID, Data: map[string]any{"license": id, "line": line},
	})
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	fail := l.fail
	l.mu.Unlock()
	if fail != nil {
		if err := fail(ctx, tx, line); err != nil {
			return "", err // after writing: the savepoint must undo it
		}
	}
	return id, nil
}

// check finds done lines without exactly one issued license.
func (l *Licenses) check(ctx context.Context, tx *db.Tx, links []billing.DoneLink) ([]billing.Difference, error) {
	var found []billing.Difference
	for _, link := range links {
		n, err := count(ctx, tx, "SELECT COUNT(*) FROM events WHERE type = $1 AND subject_id = $2", Issued, link.LineID)
		if err != nil {
			return nil, err
		}
		if n != 1 {
			found = append(found, billing.Difference{Subject: link.LineID, Want: "1 license", Got: fmt.Sprint(n)})
		}
	}
	return found, nil
}

func count(ctx context.Context, tx *db.Tx, q string, args ...any) (n int, err error) {
	err = tx.SQL().QueryRowContext(ctx, q, args...).Scan(&n)
	return n, err
}

// Count returns the one number that a query gives.
func (s *Shop) Count(t *testing.T, q string, args ...any) (n int) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		n, err = count(t.Context(), tx, q, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}

// Exec changes the store behind the backs of its rooms.
func (s *Shop) Exec(t *testing.T, q string, args ...any) {
	t.Helper()
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), q, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// Events returns the types of the events about a subject, in order.
func (s *Shop) Events(t *testing.T, subjectID string) (types []string) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		types = nil
		rows, err := tx.SQL().QueryContext(t.Context(), "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", subjectID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var what string
			if err := rows.Scan(&what); err != nil {
				return err
			}
			types = append(types, what)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// NewCustomer takes up a customer whose name is the part of the address before the @.
func (s *Shop) NewCustomer(t *testing.T, name string) customer.Customer {
	t.Helper()
	c, err := s.Customers.Create(t.Context(), customer.Input{Email: name + "@example.com", Name: name})
	if err != nil {
		t.Fatalf("create customer %s: %v", name, err)
	}
	return c
}

// NewPrice puts a new plan of a new product on sale, slug being its name, amounts in cents.
func (s *Shop) NewPrice(t *testing.T, slug string, amount, setupFee int64) catalog.Price {
	t.Helper()
	return s.NewPriceIn(t, slug, "EUR", amount, setupFee)
}

// NewPriceIn is NewPrice in another currency.
func (s *Shop) NewPriceIn(t *testing.T, slug string, currency money.Currency, amount, setupFee int64) catalog.Price {
	t.Helper()
	return s.Sell(t, slug, catalog.NewPrice{
		Cycle: string(civil.OneTime), Money: money.New(amount, currency), SetupFee: money.New(setupFee, currency),
	})
}

// Sell puts a new plan of a new product on sale, slug being its name.
func (s *Shop) Sell(t *testing.T, slug string, in catalog.NewPrice) catalog.Price {
	t.Helper()
	ctx := t.Context()
	product, err := s.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: slug, Name: slug})
	if err != nil {
		t.Fatalf("create product %s: %v", slug, err)
	}
	plan, err := s.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Standard", ActivationType: "domain", ActivationLimit: 1})
	if err != nil {
		t.Fatalf("create plan of %s: %v", slug, err)
	}
	price, err := s.Catalog.CreatePrice(ctx, plan.ID, in)
	if err != nil {
		t.Fatalf("create price of %s: %v", slug, err)
	}
	return price
}

// Place orders one of each price for a customer.
func (s *Shop) Place(t *testing.T, customerID string, prices ...catalog.Price) order.Order {
	t.Helper()
	in := order.Input{CustomerID: customerID}
	for _, price := range prices {
		in.Items = append(in.Items, order.Item{PriceID: price.ID, Quantity: 1})
	}
	o, err := s.Orders.Place(t.Context(), in)
	if err != nil {
		t.Fatalf("place an order: %v", err)
	}
	return o
}

// Pay records a manual payment in EUR.
func (s *Shop) Pay(t *testing.T, invoiceID string, amount int64, reference string) payment.Payment {
	t.Helper()
	p, err := s.Payments.Record(t.Context(), invoiceID, payment.Manual{Money: money.New(amount, "EUR"), Reference: reference})
	if err != nil {
		t.Fatalf("record payment %s: %v", reference, err)
	}
	return p
}

// Invoice returns an invoice.
func (s *Shop) Invoice(t *testing.T, id string) billing.Invoice {
	t.Helper()
	inv, err := s.Billing.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("invoice %s: %v", id, err)
	}
	return inv
}

// Order returns an order.
func (s *Shop) Order(t *testing.T, id string) order.Order {
	t.Helper()
	o, err := s.Orders.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("order %s: %v", id, err)
	}
	return o
}

// Credit returns what the store owes a customer in EUR.
func (s *Shop) Credit(t *testing.T, customerID string) int64 {
	t.Helper()
	c, err := s.Customers.ByID(t.Context(), customerID)
	if err != nil {
		t.Fatalf("customer %s: %v", customerID, err)
	}
	return c.CreditIn("EUR").Amount
}

// Proven fails the test unless the books are in order.
func (s *Shop) Proven(t *testing.T) {
	t.Helper()
	differences, err := s.Billing.Verify(t.Context())
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	for _, d := range differences {
		t.Errorf("%s of %s: want %s, got %s", d.Check, d.Subject, d.Want, d.Got)
	}
}
