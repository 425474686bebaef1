package rooms_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// What one room does, the others hear of: each step here needs a connection that only the building makes.
func TestRoomsHearOfEachOther(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	r := roomstest.New(t, s, roomstest.Log())
	ctx := t.Context()
	product := must(r.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
	plan := must(r.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "device", ActivationLimit: 2}))(t)
	price := must(r.Catalog.CreatePrice(ctx, plan.ID, catalog.NewPrice{
		Cycle: string(civil.OneTime), Money: money.New(4900, "EUR"), ValidFor: civil.Span{Count: 1, Unit: civil.Year},
	}))(t)
	ada := must(r.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)

	// A paid line that fails is carried out later by the queue.
	r.Broken = errors.New("no keys today")
	o := must(r.Orders.Place(ctx, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}))(t)
	must(r.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: "1"}))(t)
	if o = must(r.Orders.ByID(ctx, o.ID))(t); len(o.LicenseIDs) != 0 {
		t.Fatalf("licenses of a broken line: %v", o.LicenseIDs)
	}
	r.Broken = nil
	s.Clock.Advance(time.Hour)
	must(r.Jobs.RunDue(ctx))(t)
	if o = must(r.Orders.ByID(ctx, o.ID))(t); len(o.LicenseIDs) != 1 {
		t.Fatalf("licenses after the retry: %v", o.LicenseIDs)
	}
	l := must(r.Licenses.ByID(ctx, o.LicenseIDs[0]))(t)
	if want := s.Clock.Now().AddDate(1, 0, 0); l.ExpiresAt == nil || !l.ExpiresAt.Equal(want) {
		t.Errorf("expires at %v, want %v", l.ExpiresAt, want)
	}

	// Checks answer from memory, and no longer once the license or the catalog has changed.
	check := func(key string) index.Entry { return must(r.Index.Lookup(ctx, key, s.Clock.Now()))(t) }
	if e := check(l.Key); e.Status != license.Active {
		t.Fatalf("status %s", e.Status)
	}
	must(r.Licenses.PlaceHold(ctx, l.ID, license.HoldStaff, "asked for it"))(t)
	if e := check(l.Key); e.Status != license.Suspended {
		t.Errorf("status after a hold: %s", e.Status)
	}
	must(r.Licenses.LiftHold(ctx, l.ID, license.HoldStaff, license.LiftInput{Why: "all is well"}))(t)
	check(l.Key)
	name, ignore := "Widget II", true
	product = must(r.Catalog.UpdateProduct(ctx, product.ID, catalog.ProductPatch{Name: &name, Version: product.Version}))(t)
	if e := check(l.Key); e.ProductName != name {
		t.Errorf("product after a change: %s", e.ProductName)
	}
	must(r.Catalog.UpdateProduct(ctx, product.ID, catalog.ProductPatch{KeyIgnoreCase: &ignore, Version: product.Version}))(t)
	check(strings.ToLower(l.Key))

	// What is counted shows at once.
	if err := r.Counts.Count(ctx, index.Check{LicenseID: l.ID, At: s.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if l = must(r.Licenses.ByID(ctx, l.ID))(t); l.CheckCount != 1 {
		t.Errorf("%d checks, want 1", l.CheckCount)
	}

	// The books look after what was delivered.
	if found := must(r.Billing.Verify(ctx))(t); len(found) != 0 {
		t.Fatalf("differences: %v", found)
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, "UPDATE licenses SET invoice_line_id = NULL")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found := must(r.Billing.Verify(ctx))(t); len(found) != 1 {
		t.Errorf("a line without its license: %v", found)
	}
}

// must is for what a test only prepares.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
