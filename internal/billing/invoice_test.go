package billing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
)

func each(t *testing.T, f func(t *testing.T, shop *ordertest.Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, ordertest.New(s)) })
}

func eur(n int64) money.Money { return money.New(n, "EUR") }

func wantCode(t *testing.T, err error, kind fail.Kind, code string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if e := fail.Of(err); e.Kind != kind || e.Code != code {
		t.Fatalf("error = %v, want %s %s", err, kind, code)
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// B10: the dates of the document and the tags of its number are those of the store's zone.
func TestDatesAreOfTheStoresZone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		shop.Terms.Zone, shop.Terms.NumberFormat, shop.Terms.DueDays = zone(t, "Europe/Paris"), "{yyyy}{mm}-{n}", 30
		shop.Clock.Set(time.Date(2023, 9, 30, 23, 10, 0, 0, time.UTC))
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, shop.NewPrice(t, "editor", 4900, 0))
		inv := shop.Invoice(t, o.InvoiceID)
		if inv.Number != "202310-1" || inv.IssuedOn != civil.On(2023, 10, 1) || inv.DueOn != civil.On(2023, 10, 31) {
			t.Errorf("invoice %s of %s, due on %s", inv.Number, inv.IssuedOn, inv.DueOn)
		}
	})
}

// I9: numbers follow issue order, even when the clock or the zone goes back.
func TestNumbersFollowTheDates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		shop.Place(t, ada.ID, price)
		shop.Clock.Advance(-48 * time.Hour)
		o := shop.Place(t, ada.ID, price)
		if inv := shop.Invoice(t, o.InvoiceID); inv.Number != "INV-2026-2" || inv.IssuedOn != civil.On(2026, 3, 1) {
			t.Errorf("invoice %s of %s", inv.Number, inv.IssuedOn)
		}
		shop.Proven(t)
	})
}

func TestANumberThatExistsIsExplained(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		shop.Terms.NumberFormat = "1{n}"
		shop.Place(t, ada.ID, price) // 11
		for range 9 {
			shop.Terms.NumberFormat = "INV-{n}"
			shop.Place(t, ada.ID, price)
		}
		shop.Terms.NumberFormat = "{n}" // the next is 11 as well
		in := order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}
		_, err := shop.Orders.Place(t.Context(), in)
		wantCode(t, err, fail.KindConflict, "NUMBER_TAKEN")
		shop.Terms.NumberFormat = "INV-{n}"
		if o := shop.Place(t, ada.ID, price); o.InvoiceNumber != "INV-11" {
			t.Errorf("number = %s", o.InvoiceNumber)
		}
		shop.Proven(t)
	})
}

// I4: whatever happens to customer, catalog and settings later, a finalised invoice says what it said.
func TestAFinalisedInvoiceIsFrozen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, err := shop.Customers.Create(ctx, customer.Input{
			Email: "ada@example.com", Name: "Ada", Company: "Engines", Country: "GB", TaxID: "GB123",
		})
		if err != nil {
			t.Fatal(err)
		}
		price := shop.NewPrice(t, "editor", 4900, 500)
		before := shop.Invoice(t, shop.Place(t, ada.ID, price).InvoiceID)
		if want := (billing.Party{Name: "Ada", Company: "Engines", Email: "ada@example.com", Country: "GB", TaxID: "GB123"}); before.Buyer != want {
			t.Errorf("buyer = %+v", before.Buyer)
		}

		name, company := "Countess", ""
		if _, err := shop.Customers.Update(ctx, ada.ID, customer.Patch{Name: &name, Company: &company}); err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Catalog.UpdatePlan(ctx, price.PlanID, catalog.PlanPatch{Name: &name}); err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Catalog.ReplacePrice(ctx, price.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(9900)}); err != nil {
			t.Fatal(err)
		}
		shop.Terms.Seller.Name = "Another"
		if diff := cmp.Diff(before, shop.Invoice(t, before.ID)); diff != "" {
			t.Errorf("the invoice changed (-before +after):\n%s", diff)
		}
	})
}

func TestRevokeAndRestoreALine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada := shop.NewCustomer(t, "ada")
		o := shop.Place(t, ada.ID, shop.NewPrice(t, "editor", 4900, 100), shop.NewPrice(t, "viewer", 1900, 0))
		inv := shop.Invoice(t, o.InvoiceID)
		editor, fee, viewer := inv.Lines[0].ID, inv.Lines[1].ID, inv.Lines[2].ID

		for _, lineID := range []string{editor, viewer} {
			changed, err := shop.Billing.RevokeFulfilment(ctx, inv.ID, lineID, "sent by mail")
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(changed.Lines, func(l billing.InvoiceLine) bool { return l.ID == lineID })
			if changed.Lines[at].Link.State != billing.Revoked || changed.Total != inv.Total || changed.Number != inv.Number {
				t.Errorf("after revoking: %+v", changed)
			}
		}
		_, err := shop.Billing.RevokeFulfilment(ctx, inv.ID, editor, "")
		wantCode(t, err, fail.KindConflict, "FULFILMENT_STATE")
		if _, err := shop.Billing.RestoreFulfilment(ctx, inv.ID, viewer, "after all"); err != nil {
			t.Fatal(err)
		}
		_, err = shop.Billing.RestoreFulfilment(ctx, inv.ID, viewer, "")
		wantCode(t, err, fail.KindConflict, "FULFILMENT_STATE")
		for _, missing := range [][2]string{{inv.ID, fee}, {inv.ID, "lin_unknown"}, {"inv_other", editor}, {inv.ID, ""}} {
			_, err = shop.Billing.RevokeFulfilment(ctx, missing[0], missing[1], "")
			wantCode(t, err, fail.KindNotFound, "LINE_NOT_FOUND")
		}
		wantCode(t, shop.Billing.RetryFulfilment(ctx, viewer), fail.KindConflict, "INVOICE_NOT_PAID")
		wantCode(t, shop.Billing.RetryFulfilment(ctx, fee), fail.KindNotFound, "LINE_NOT_FOUND")

		shop.Pay(t, inv.ID, inv.Total.Amount, "wire")
		inv = shop.Invoice(t, inv.ID)
		if inv.Lines[0].Link.State != billing.Revoked || inv.Lines[2].Link.State != billing.Done {
			t.Errorf("links = %+v, %+v", inv.Lines[0].Link, inv.Lines[2].Link)
		}
		if o = shop.Order(t, o.ID); o.Status != order.Completed || len(o.LicenseIDs) != 1 {
			t.Errorf("order = %+v", o)
		}
		_, err = shop.Billing.RestoreFulfilment(ctx, inv.ID, editor, "")
		wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN")
		shop.Proven(t)
	})
}

func TestWriteOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		o := shop.Place(t, ada.ID, price)
		shop.Pay(t, o.InvoiceID, 900, "part")
		inv, err := shop.Billing.WriteOff(ctx, o.InvoiceID, "gone without a trace")
		if err != nil || inv.Status != billing.Uncollectible || inv.Paid != eur(900) || inv.Balance() != eur(0) ||
			inv.Lines[0].Link.State != billing.Revoked {
			t.Errorf("invoice = %+v, %v", inv, err)
		}
		if o = shop.Order(t, o.ID); o.Status != order.Cancelled {
			t.Errorf("order = %+v", o)
		}
		if credit := shop.Credit(t, ada.ID); credit != 0 {
			t.Errorf("credit = %d", credit)
		}
		_, err = shop.Billing.WriteOff(ctx, o.InvoiceID, "")
		wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN")
		_, err = shop.Orders.Cancel(ctx, o.ID, "")
		wantCode(t, err, fail.KindConflict, "ORDER_NOT_PENDING")
		shop.Proven(t)
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		price := shop.NewPrice(t, "editor", 4900, 500)
		var all []string // newest first
		for i := range 12 {
			buyer := ada
			if i%3 == 0 {
				buyer = bob
			}
			o := shop.Place(t, buyer.ID, price)
			if i%2 == 0 {
				shop.Pay(t, o.InvoiceID, 5400, fmt.Sprint("wire ", i))
			}
			all = append([]string{o.InvoiceID}, all...)
		}
		pick := func(keep func(i int) bool) (picked []string) {
			for i, id := range all {
				if keep(len(all) - 1 - i) {
					picked = append(picked, id)
				}
			}
			return picked
		}
		at := func(i int) string { return all[len(all)-1-i] }

		for name, tt := range map[string]struct {
			filter billing.Filter
			want   []string
		}{
			"all":                   {billing.Filter{}, all},
			"of a customer":         {billing.Filter{CustomerID: bob.ID}, pick(func(i int) bool { return i%3 == 0 })},
			"in a state":            {billing.Filter{Status: billing.Open}, pick(func(i int) bool { return i%2 == 1 })},
			"by reference":          {billing.Filter{Query: "wire 4"}, []string{at(4)}},
			"by bare number":        {billing.Filter{Query: "3"}, []string{at(2)}},
			"by number":             {billing.Filter{Query: "INV-2026-12"}, []string{at(11)}},
			"by start of a number":  {billing.Filter{Query: "INV-2026-1"}, []string{at(11), at(10), at(9), at(0)}},
			"by start and customer": {billing.Filter{Query: "INV-2026-1", CustomerID: bob.ID}, []string{at(9), at(0)}},
			"by start and state":    {billing.Filter{Query: "INV-2026-1", Status: billing.Open}, []string{at(11), at(9)}},
			"by nothing":            {billing.Filter{Query: "INV-2025"}, nil},
			"by a foreign number":   {billing.Filter{Query: "99"}, nil},
		} {
			var ids []string
			tt.filter.Limit = 2
			for cursor := ""; ; {
				tt.filter.Cursor = cursor
				invoices, next, err := shop.Billing.List(ctx, tt.filter)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for _, inv := range invoices {
					ids = append(ids, inv.ID)
					if diff := cmp.Diff(shop.Invoice(t, inv.ID), inv); diff != "" {
						t.Errorf("%s: differs from the invoice itself (-want +got):\n%s", name, diff)
					}
				}
				if cursor = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(tt.want, ids); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		n := 0
		for inv, err := range shop.Billing.All(ctx, billing.Filter{CustomerID: ada.ID}) {
			if err != nil || len(inv.CSV()) != len(billing.CSVHeader) {
				t.Fatal(inv.CSV(), err)
			}
			n++
		}
		if n != 8 {
			t.Errorf("exported %d", n)
		}
		for _, f := range []billing.Filter{{CustomerID: "?"}, {Status: "lost"}, {Query: "\x00"}, {Cursor: "?"}} {
			_, _, err := shop.Billing.List(ctx, f)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput)
		}
		for _, id := range []string{"inv_unknown", "inv_\x00", ""} {
			_, err := shop.Billing.ByID(ctx, id)
			wantCode(t, err, fail.KindNotFound, "INVOICE_NOT_FOUND")
		}
	})
}
