package order_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
	"github.com/keystead/keystead/internal/payment"
)

func each(t *testing.T, f func(t *testing.T, shop *ordertest.Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, ordertest.New(s)) })
}

func eur(n int64) money.Money { return money.New(n, "EUR") }

// wantCode fails the test unless err is a failure with a public code, of a field if one is named.
func wantCode(t *testing.T, err error, kind fail.Kind, code, field string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	e := fail.Of(err)
	if e.Kind != kind || e.Code != code {
		t.Fatalf("error = %v, want %s %s", err, kind, code)
	}
	named := slices.ContainsFunc(e.Fields, func(f fail.FieldError) bool { return f.Field == field })
	if field != "" && !named {
		t.Fatalf("error names the fields %v, want %s", e.Fields, field)
	}
}

func TestAPaidOrderBecomesALicense(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		price := shop.NewPrice(t, "editor", 4900, 1000)

		o, err := shop.Orders.Place(t.Context(), order.Input{
			CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: 3}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if o.Status != order.Pending || o.Total != eur(3*4900+1000) || o.Kind != order.Sale || o.Gateway != "manual" ||
			o.CustomerName != "ada" || o.InvoiceNumber != "INV-2026-1" || len(o.LicenseIDs) != 0 {
			t.Errorf("order = %+v", o)
		}

		inv := shop.Invoice(t, o.InvoiceID)
		if inv.Status != billing.Open || inv.Number != "INV-2026-1" || inv.Balance() != o.Total || inv.OrderID != o.ID ||
			inv.IssuedOn != civil.On(2026, 3, 1) || inv.DueOn != civil.On(2026, 3, 15) {
			t.Errorf("invoice = %+v", inv)
		}
		if want := (billing.Party{Name: "ada", Email: "ada@example.com"}); inv.Buyer != want || inv.Seller != shop.Terms.Seller {
			t.Errorf("buyer %+v, seller %+v", inv.Buyer, inv.Seller)
		}
		if len(inv.Lines) != 2 {
			t.Fatalf("lines = %+v", inv.Lines)
		}
		line, fee := inv.Lines[0], inv.Lines[1]
		if line.Description != "editor – Standard" || line.Quantity != 3 || line.UnitAmount != eur(4900) || line.Total != eur(14700) ||
			line.Link == nil || line.Link.Kind != billing.KindLicense || line.Link.State != billing.Pending {
			t.Errorf("line = %+v, link %+v", line, line.Link)
		}
		if fee.Description != "Setup fee: editor – Standard" || fee.Quantity != 1 || fee.Total != eur(1000) || fee.Link != nil {
			t.Errorf("setup fee = %+v", fee)
		}

		shop.Clock.Advance(time.Hour)
		p := shop.Pay(t, inv.ID, 15700, "wire 1")
		if p.Applied != eur(15700) || p.State != payment.Succeeded || !p.ReceivedAt.Equal(shop.Clock.Now()) {
			t.Errorf("payment = %+v", p)
		}
		inv = shop.Invoice(t, inv.ID)
		if inv.Status != billing.Paid || inv.Balance() != eur(0) || inv.PaidAt == nil || !inv.PaidAt.Equal(shop.Clock.Now()) {
			t.Errorf("paid invoice = %+v", inv)
		}
		link := inv.Lines[0].Link
		if link.State != billing.Done || !strings.HasPrefix(link.Target, "lic_") {
			t.Errorf("link = %+v", link)
		}
		o = shop.Order(t, o.ID)
		if o.Status != order.Completed || o.CompletedAt == nil || !slices.Equal(o.LicenseIDs, []string{link.Target}) {
			t.Errorf("completed order = %+v", o)
		}
		if diff := cmp.Diff([]string{"order.created", "order.completed"}, shop.Events(t, o.ID)); diff != "" {
			t.Errorf("events of the order (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"invoice.finalised", "invoice.paid", "fulfilment.done"}, shop.Events(t, inv.ID)); diff != "" {
			t.Errorf("events of the invoice (-want +got):\n%s", diff)
		}
		shop.Proven(t)
	})
}

func TestWhatCostsNothingIsCompletedAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		free, dear := shop.NewPrice(t, "viewer", 0, 0), shop.NewPrice(t, "editor", 4900, 1000)

		for _, in := range []order.Input{
			{Items: []order.Item{{PriceID: free.ID, Quantity: 1}}},
			{Items: []order.Item{{PriceID: dear.ID, Quantity: 2}}, Kind: order.Complimentary, Reason: "a prize"},
			{Items: []order.Item{{PriceID: dear.ID, Quantity: 1}}, Kind: order.Test, Reason: "trying the plug-in"},
		} {
			in.CustomerID = ada.ID
			o, err := shop.Orders.Place(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if o.Status != order.Completed || o.Total != eur(0) || len(o.LicenseIDs) != 1 || o.Reason != in.Reason {
				t.Errorf("order = %+v", o)
			}
			inv := shop.Invoice(t, o.InvoiceID)
			if inv.Status != billing.Paid || inv.Number == "" || len(inv.Lines) != 1 {
				t.Errorf("invoice = %+v", inv)
			}
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM ledger_transactions"); n != 0 {
			t.Errorf("%d ledger transactions for nothing", n)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM audit_log WHERE what = 'order.given_away'"); n != 2 {
			t.Errorf("%d audit entries for two gifts", n)
		}
		shop.Proven(t)
	})
}

func TestOrdersThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada := shop.NewCustomer(t, "ada")
		price, dollars := shop.NewPrice(t, "editor", 4900, 0), shop.NewPriceIn(t, "viewer", "USD", 1900, 0)
		old := shop.NewPrice(t, "old", 4900, 0)
		if _, err := shop.Catalog.RetirePrice(ctx, old.ID); err != nil {
			t.Fatal(err)
		}
		gone := shop.NewPrice(t, "gone", 4900, 0)
		archived := catalog.Archived
		if _, err := shop.Catalog.UpdatePlan(ctx, gone.PlanID, catalog.PlanPatch{Status: &archived}); err != nil {
			t.Fatal(err)
		}
		huge := shop.NewPrice(t, "huge", 100_000_000_000_000, 0)
		one := func(id string) []order.Item { return []order.Item{{PriceID: id, Quantity: 1}} }

		tests := []struct {
			name  string
			in    order.Input
			field string
		}{
			{"nothing", order.Input{CustomerID: ada.ID}, "items"},
			{"too much", order.Input{CustomerID: ada.ID, Items: slices.Repeat(one(price.ID), 101)}, "items"},
			{"no customer", order.Input{Items: one(price.ID)}, "customer_id"},
			{"no quantity", order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID}}}, "items.0.quantity"},
			{"a negative quantity", order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: -1}}}, "items.0.quantity"},
			{"no price", order.Input{CustomerID: ada.ID, Items: one("")}, "items.0.price_id"},
			{"an unknown price", order.Input{CustomerID: ada.ID, Items: one("prc_unknown")}, "items.0.price_id"},
			{"a retired price", order.Input{CustomerID: ada.ID, Items: append(one(price.ID), one(old.ID)...)}, "items.1.price_id"},
			{"an archived plan", order.Input{CustomerID: ada.ID, Items: one(gone.ID)}, "items.0.price_id"},
			{"two currencies", order.Input{CustomerID: ada.ID, Items: append(one(price.ID), one(dollars.ID)...)}, "items.1.price_id"},
			{"a total beyond reason", order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: huge.ID, Quantity: 100_000}}}, "items.0.quantity"},
			{"an unknown gateway", order.Input{CustomerID: ada.ID, Items: one(price.ID), Gateway: "credit"}, "gateway"},
			{"an unknown kind", order.Input{CustomerID: ada.ID, Items: one(price.ID), Kind: "gift"}, "kind"},
			{"a gift without a reason", order.Input{CustomerID: ada.ID, Items: one(price.ID), Kind: order.Complimentary, Reason: " "}, "reason"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := shop.Orders.Place(t.Context(), tt.in)
				wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, tt.field)
			})
		}

		_, err := shop.Orders.Place(ctx, order.Input{CustomerID: "cus_unknown", Items: one(price.ID)})
		wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND", "")

		asAda := event.WithActor(ctx, event.Actor{Kind: event.Customer, ID: ada.ID})
		_, err = shop.Orders.Place(asAda, order.Input{CustomerID: ada.ID, Items: one(price.ID), Kind: order.Test, Reason: "please"})
		wantCode(t, err, fail.KindForbidden, "STAFF_ONLY", "")

		if n := shop.Count(t, "SELECT COUNT(*) FROM orders"); n != 0 {
			t.Errorf("%d orders were taken", n)
		}
	})
}

func TestAProductWithoutLicensesHasNoLink(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		price := shop.NewPrice(t, "consulting", 90000, 0)
		plan, err := shop.Catalog.Plan(t.Context(), price.PlanID)
		if err != nil {
			t.Fatal(err)
		}
		no := false
		if _, err := shop.Catalog.UpdateProduct(t.Context(), plan.ProductID, catalog.ProductPatch{RequiresLicense: &no}); err != nil {
			t.Fatal(err)
		}
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, price)
		if link := shop.Invoice(t, o.InvoiceID).Lines[0].Link; link != nil {
			t.Errorf("link = %+v", link)
		}
		shop.Pay(t, o.InvoiceID, 90000, "wire")
		if o = shop.Order(t, o.ID); o.Status != order.Completed || len(o.LicenseIDs) != 0 {
			t.Errorf("order = %+v", o)
		}
		shop.Proven(t)
	})
}

func TestAFulfillerIsToldWhatWasBought(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, forEver := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 1000)
		forAYear, err := shop.Catalog.CreatePrice(t.Context(), forEver.PlanID, catalog.NewPrice{
			Cycle: "one_time", Money: eur(1900), ValidFor: civil.Span{Count: 1, Unit: civil.Year},
		})
		if err != nil {
			t.Fatal(err)
		}
		var told []billing.Line
		shop.Licenses.Fail(func(_ context.Context, _ *db.Tx, line billing.Line) error {
			told = append(told, line)
			return nil
		})
		in := order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: forEver.ID, Quantity: 3}, {PriceID: forAYear.ID, Quantity: 1}}}
		sale, err := shop.Orders.Place(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		shop.Pay(t, sale.InvoiceID, sale.Total.Amount, "wire")
		in.Items, in.Kind, in.Reason = in.Items[1:], order.Test, "trying"
		gift, err := shop.Orders.Place(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		lines, giftLines := shop.Invoice(t, sale.InvoiceID).Lines, shop.Invoice(t, gift.InvoiceID).Lines
		line := func(o order.Order, lineID string, item int) billing.Line {
			return billing.Line{
				ID: lineID, InvoiceID: o.InvoiceID, OrderID: o.ID, OrderItemID: o.Items[item].ID, CustomerID: ada.ID, OrderKind: string(o.Kind),
				Reason: o.Reason, PriceID: o.Items[item].PriceID, PlanID: forEver.PlanID, Quantity: o.Items[item].Quantity,
				Description: "editor – Standard", InvoiceKind: billing.KindOrder, Kind: billing.KindLicense,
				Total: shop.Invoice(t, o.InvoiceID).Lines[2*item].Total,
			}
		}
		want := []billing.Line{line(sale, lines[0].ID, 0), line(sale, lines[2].ID, 1), line(gift, giftLines[0].ID, 0)}
		want[1].ValidFor, want[2].ValidFor = forAYear.ValidFor, forAYear.ValidFor
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestAFailingLineNeverTakesThePaymentWithIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		bad, good := shop.NewPrice(t, "editor", 4900, 0), shop.NewPrice(t, "viewer", 1900, 0)
		o := shop.Place(t, ada.ID, bad, good)

		shop.Licenses.Fail(func(_ context.Context, _ *db.Tx, line billing.Line) error {
			if line.PriceID == bad.ID {
				return ordertest.ErrRefused
			}
			return nil
		})
		shop.Pay(t, o.InvoiceID, 6800, "wire")
		inv := shop.Invoice(t, o.InvoiceID)
		failed, done := inv.Lines[0].Link, inv.Lines[1].Link
		if inv.Status != billing.Paid || failed.State != billing.Failed || !strings.Contains(failed.Error, "no license today") ||
			failed.Target != "" || done.State != billing.Done {
			t.Errorf("invoice %s, links %+v and %+v", inv.Status, failed, done)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE type = $1", ordertest.Issued); n != 1 {
			t.Errorf("%d licenses issued: the savepoint kept what the failing line wrote", n)
		}
		if o = shop.Order(t, o.ID); o.Status != order.Failed || len(o.LicenseIDs) != 1 {
			t.Errorf("order = %+v", o)
		}
		lines, err := shop.Billing.FailedLines(t.Context(), 10)
		if err != nil || len(lines) != 1 || lines[0].LineID != inv.Lines[0].ID || lines[0].Number != inv.Number {
			t.Errorf("failed lines = %+v, %v", lines, err)
		}
		wantEvents := []string{"invoice.finalised", "invoice.paid", "fulfilment.failed", "fulfilment.done"}
		if diff := cmp.Diff(wantEvents, shop.Events(t, inv.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		shop.Proven(t)

		// The retry finds the work still failing, keeps that, and tells nobody again.
		if err := shop.Billing.RetryFulfilment(t.Context(), inv.Lines[0].ID); !errors.Is(err, ordertest.ErrRefused) {
			t.Errorf("retry = %v, want the failure", err)
		}
		if diff := cmp.Diff(wantEvents, shop.Events(t, inv.ID)); diff != "" {
			t.Errorf("events after a retry that failed (-want +got):\n%s", diff)
		}

		// Then the cause is gone, and the job that was written with the payment finishes the work.
		shop.Licenses.Fail(nil)
		shop.Clock.Advance(2 * time.Minute)
		if n, err := shop.Jobs.RunDue(t.Context()); n != 1 || err != nil {
			t.Fatalf("ran %d jobs, %v", n, err)
		}
		if o = shop.Order(t, o.ID); o.Status != order.Completed || len(o.LicenseIDs) != 2 {
			t.Errorf("order = %+v", o)
		}
		if link := shop.Invoice(t, inv.ID).Lines[0].Link; link.State != billing.Done || link.Error != "" {
			t.Errorf("link = %+v", link)
		}
		for range 2 {
			if err := shop.Billing.RetryFulfilment(t.Context(), inv.Lines[0].ID); err != nil {
				t.Errorf("retry of what is done = %v", err)
			}
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE type = $1", ordertest.Issued); n != 2 {
			t.Errorf("%d licenses issued", n)
		}
		shop.Proven(t)
	})
}

func TestAFulfillerThatPanicsOrBreaksItsTransactionFailsItsLineOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		for i, failure := range []ordertest.Refuse{
			func(context.Context, *db.Tx, billing.Line) error { panic("out of keys") },
			func(context.Context, *db.Tx, billing.Line) error { return errors.New("no \x00 key \xff") },
			func(context.Context, *db.Tx, billing.Line) error { return errors.New(strings.Repeat("long ", 10_000)) },
			func(context.Context, *db.Tx, billing.Line) error {
				return fail.Conflict("NO_KEYS", "No keys are left.")
			},
			func(ctx context.Context, tx *db.Tx, _ billing.Line) error {
				_, err := tx.SQL().ExecContext(ctx, "INSERT INTO customers (id) VALUES ('cus_half')")
				return err
			},
		} {
			shop.Licenses.Fail(failure)
			o := shop.Place(t, ada.ID, price)
			shop.Pay(t, o.InvoiceID, 4900, fmt.Sprint("wire ", i))
			if o = shop.Order(t, o.ID); o.Status != order.Failed {
				t.Errorf("order = %+v", o)
			}
		}
		shop.Proven(t)
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)

		o := shop.Place(t, ada.ID, price)
		shop.Pay(t, o.InvoiceID, 1000, "part")
		o, err := shop.Orders.Cancel(ctx, o.ID, "changed her mind")
		if err != nil || o.Status != order.Cancelled || o.CompletedAt != nil {
			t.Fatalf("cancelled order = %+v, %v", o, err)
		}
		inv := shop.Invoice(t, o.InvoiceID)
		if inv.Status != billing.Void || inv.Number != "INV-2026-1" || inv.Paid != eur(0) || inv.Balance() != eur(0) ||
			inv.Lines[0].Link.State != billing.Revoked {
			t.Errorf("void invoice = %+v, link %+v", inv, inv.Lines[0].Link)
		}
		if credit := shop.Credit(t, ada.ID); credit != 1000 {
			t.Errorf("credit = %d", credit)
		}
		_, err = shop.Orders.Cancel(ctx, o.ID, "")
		wantCode(t, err, fail.KindConflict, "ORDER_NOT_PENDING", "")

		// The next order uses the credit and takes the next number.
		next := shop.Place(t, ada.ID, price)
		if inv := shop.Invoice(t, next.InvoiceID); inv.Number != "INV-2026-2" || inv.Balance() != eur(3900) {
			t.Errorf("next invoice = %+v", inv)
		}
		shop.Pay(t, next.InvoiceID, 3900, "rest")
		_, err = shop.Orders.Cancel(ctx, next.ID, "")
		wantCode(t, err, fail.KindConflict, "ORDER_NOT_PENDING", "")
		_, err = shop.Orders.Cancel(ctx, "ord_unknown", "")
		wantCode(t, err, fail.KindNotFound, "ORDER_NOT_FOUND", "")
		shop.Proven(t)
	})
}

func TestParallelOrdersTakeContiguousNumbers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		const n = 50
		price := shop.NewPrice(t, "editor", 4900, 0)
		customers := make([]string, 5)
		for i := range customers {
			customers[i] = shop.NewCustomer(t, fmt.Sprint("customer", i)).ID
		}
		shops := []*ordertest.Shop{shop}
		if shop.Open != nil {
			shops = append(shops, shop.Second(t))
		}
		orders := make([]order.Order, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				var err error
				orders[i], err = shops[i%len(shops)].Orders.Place(t.Context(), order.Input{
					CustomerID: customers[i%len(customers)], Items: []order.Item{{PriceID: price.ID, Quantity: 1}},
				})
				if err != nil {
					t.Errorf("order %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		numbers := map[string]bool{}
		for _, o := range orders {
			numbers[o.InvoiceNumber] = true
		}
		for i := range n {
			if want := fmt.Sprintf("INV-2026-%d", i+1); !numbers[want] {
				t.Errorf("nobody has %s", want)
			}
		}
		shop.Proven(t)
	})
}

func TestAFailedOrderGivesItsNumberBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		shop.Place(t, ada.ID, price)

		// The number is taken, and then the books refuse: somebody posted under the next invoice's name.
		free := shop.NewPrice(t, "viewer", 0, 0)
		shop.Exec(t, "UPDATE number_series SET last_number = 0")
		_, err := shop.Orders.Place(t.Context(), order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: free.ID, Quantity: 1}}})
		if err == nil {
			t.Fatal("a number was taken twice")
		}
		shop.Exec(t, "UPDATE number_series SET last_number = 1")
		if o := shop.Place(t, ada.ID, free); o.InvoiceNumber != "INV-2026-2" {
			t.Errorf("number = %s", o.InvoiceNumber)
		}
		shop.Proven(t)
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		price := shop.NewPrice(t, "editor", 4900, 0)
		var all []string
		for i := range 7 {
			buyer := ada
			if i%3 == 0 {
				buyer = bob
			}
			o := shop.Place(t, buyer.ID, price)
			all = append(all, o.ID)
			if i%2 == 0 {
				shop.Pay(t, o.InvoiceID, 4900, fmt.Sprint("wire ", i))
			}
		}
		slices.Reverse(all)

		ids := func(f order.Filter) (ids []string) {
			for f.Limit = 2; ; {
				orders, next, err := shop.Orders.List(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range orders {
					ids = append(ids, o.ID)
					if len(o.Items) != 1 || o.Items[0].PlanID != price.PlanID || (o.Status == order.Completed) != (len(o.LicenseIDs) == 1) {
						t.Errorf("order in the list = %+v", o)
					}
				}
				if f.Cursor = next; next == "" {
					return ids
				}
			}
		}
		pick := func(keep func(i int) bool) (picked []string) {
			for i, id := range all {
				if keep(len(all) - 1 - i) {
					picked = append(picked, id)
				}
			}
			return picked
		}
		first := shop.Order(t, all[0])
		for name, tt := range map[string]struct {
			filter order.Filter
			want   []string
		}{
			"all":                    {order.Filter{}, all},
			"of a customer":          {order.Filter{CustomerID: bob.ID}, pick(func(i int) bool { return i%3 == 0 })},
			"in a state":             {order.Filter{Status: order.Completed}, pick(func(i int) bool { return i%2 == 0 })},
			"both":                   {order.Filter{CustomerID: ada.ID, Status: order.Pending}, pick(func(i int) bool { return i%3 != 0 && i%2 != 0 })},
			"by its id":              {order.Filter{Query: first.ID}, all[:1]},
			"by its invoice":         {order.Filter{Query: first.InvoiceID}, all[:1]},
			"by its invoice number":  {order.Filter{Query: first.InvoiceNumber}, all[:1]},
			"by nothing that exists": {order.Filter{Query: "nothing"}, nil},
		} {
			if diff := cmp.Diff(tt.want, ids(tt.filter)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		var exported []string
		for o, err := range shop.Orders.All(ctx, order.Filter{}) {
			if err != nil || len(o.CSV()) != len(order.CSVHeader) {
				t.Fatalf("export: %v, %v", o.CSV(), err)
			}
			exported = append(exported, o.ID)
		}
		if diff := cmp.Diff(all, exported); diff != "" {
			t.Errorf("export (-want +got):\n%s", diff)
		}

		for field, f := range map[string]order.Filter{
			"status": {Status: "lost"}, "customer_id": {CustomerID: "'"}, "q": {Query: "\x00"}, "cursor": {Cursor: "?"},
		} {
			_, _, err := shop.Orders.List(ctx, f)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, field)
		}
		_, err := shop.Orders.ByID(ctx, "ord_\xff")
		wantCode(t, err, fail.KindNotFound, "ORDER_NOT_FOUND", "")
	})
}
