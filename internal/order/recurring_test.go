package order_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
)

func one(price catalog.Price) []order.Item { return []order.Item{{PriceID: price.ID, Quantity: 1}} }

func place(t *testing.T, shop *ordertest.Shop, in order.Input) order.Order {
	t.Helper()
	o, err := shop.Orders.Place(t.Context(), in)
	if err != nil {
		t.Fatalf("place an order: %v", err)
	}
	return o
}

func sold(t *testing.T, shop *ordertest.Shop, itemID string) (s order.Sold) {
	t.Helper()
	err := shop.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		s, err = order.SoldItem(t.Context(), tx, itemID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSubscriptionsAreSold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		monthly := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "monthly", Money: eur(1000), SetupFee: eur(500), TaxClass: "reduced"})
		o := place(t, shop, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: monthly.ID, Quantity: 3}}})
		if o.Total != eur(3500) || o.Status != order.Pending || o.Items[0].Cycle != civil.Monthly || o.Items[0].TaxClass != "reduced" {
			t.Errorf("order = %+v", o)
		}
		inv := shop.Invoice(t, o.InvoiceID)
		line, fee := inv.Lines[0], inv.Lines[1]
		month := civil.Period{Start: civil.On(2026, 3, 1), End: civil.On(2026, 4, 1)}
		if line.Link == nil || line.Link.Kind != billing.LinkSubscription || line.Period != month || line.Total != eur(3000) ||
			line.OrderItemID != o.Items[0].ID || line.TaxClass != "reduced" || line.Description != "editor – Standard" {
			t.Errorf("line = %+v, link %+v", line, line.Link)
		}
		if fee.Link != nil || fee.Period != (civil.Period{}) || fee.Total != eur(500) || fee.OrderItemID != o.Items[0].ID {
			t.Errorf("setup fee = %+v", fee)
		}
		s := sold(t, shop, o.Items[0].ID)
		if s.Item != o.Items[0] || s.OrderID != o.ID || s.CustomerID != ada.ID || s.Gateway != "manual" || s.CouponID != "" || !s.PlacedAt.Equal(o.CreatedAt) {
			t.Errorf("sold = %+v", s)
		}
		shop.Pay(t, o.InvoiceID, 3500, "wire")
		o = shop.Order(t, o.ID)
		link := shop.Invoice(t, o.InvoiceID).Lines[0].Link
		if o.Status != order.Completed || !slices.Equal(o.SubscriptionIDs, []string{link.Target}) || len(o.LicenseIDs) != 0 {
			t.Errorf("paid order = %+v, link %+v", o, link)
		}
		shop.Proven(t)
	})
}

// The first period of each cycle, from a day that not every month has, in a zone where that day has begun already.
func TestFirstPeriods(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		zone, err := time.LoadLocation("Pacific/Auckland")
		if err != nil {
			t.Fatal(err)
		}
		shop.Terms.Zone = zone
		shop.Exec(t, `INSERT INTO settings (name, value, updated_at) VALUES ('store.time_zone', '"Pacific/Auckland"', 0)`)
		shop.Clock.Set(time.Date(2026, 8, 30, 20, 0, 0, 0, time.UTC)) // the 31st there
		ada := shop.NewCustomer(t, "ada")
		for cycle, end := range map[civil.Cycle]civil.Date{
			civil.Monthly: civil.On(2026, 9, 30), civil.Quarterly: civil.On(2026, 11, 30), civil.SemiAnnual: civil.On(2027, 2, 28),
			civil.Annual: civil.On(2027, 8, 31), civil.Biennial: civil.On(2028, 8, 31), civil.Triennial: civil.On(2029, 8, 31),
		} {
			price := shop.Sell(t, "p-"+string(cycle[:2])+string(cycle[len(cycle)-3:]), catalog.NewPrice{Cycle: string(cycle), Money: eur(1000)})
			inv := shop.Invoice(t, shop.Place(t, ada.ID, price).InvoiceID)
			if want := (civil.Period{Start: civil.On(2026, 8, 31), End: end}); inv.Lines[0].Period != want || inv.IssuedOn != want.Start {
				t.Errorf("%s: %s, issued on %s", cycle, inv.Lines[0].Period, inv.IssuedOn)
			}
		}
	})
}

func TestTrials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		free := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "monthly", Money: eur(4900), TrialDays: 14})
		other, err := shop.Catalog.CreatePrice(t.Context(), free.PlanID, catalog.NewPrice{Cycle: "annual", Money: eur(49000), TrialDays: 30, TrialMoney: eur(100)})
		if err != nil {
			t.Fatal(err)
		}
		paid := shop.Sell(t, "viewer", catalog.NewPrice{Cycle: "monthly", Money: eur(900), SetupFee: eur(200), TrialDays: 7, TrialMoney: eur(100)})

		// A free trial is completed at once; the second one of the product is none.
		o := shop.Place(t, ada.ID, free)
		line := shop.Invoice(t, o.InvoiceID).Lines[0]
		if o.Status != order.Completed || o.Total != eur(0) || o.Items[0].TrialDays != 14 || o.Items[0].UnitAmount != eur(4900) ||
			line.Description != "editor – Standard (trial of 14 days)" || line.Period != (civil.Period{Start: civil.On(2026, 3, 1), End: civil.On(2026, 3, 15)}) {
			t.Errorf("trial = %+v, line %+v", o, line)
		}
		if s := sold(t, shop, o.Items[0].ID); s.TrialDays != 14 {
			t.Errorf("sold = %+v", s)
		}
		for _, price := range []catalog.Price{free, other} {
			o = shop.Place(t, ada.ID, price)
			if o.Status != order.Pending || o.Total != price.Money || o.Items[0].TrialDays != 0 {
				t.Errorf("the second time = %+v", o)
			}
		}
		// Another customer, and another product, are another matter; of two in one cart the first is tried.
		o = place(t, shop, order.Input{CustomerID: bob.ID, Items: slices.Concat(one(other), one(free), one(paid))})
		if o.Items[0].TrialDays != 30 || o.Items[1].TrialDays != 0 || o.Items[2].TrialDays != 7 || o.Total != eur(100+4900+100+200) {
			t.Errorf("a cart = %+v", o)
		}
		// An order that ends unpaid gives its trials back.
		if _, err := shop.Orders.Cancel(t.Context(), o.ID, ""); err != nil {
			t.Fatal(err)
		}
		if o = shop.Place(t, bob.ID, free); o.Items[0].TrialDays != 14 {
			t.Errorf("after a cancelled order = %+v", o)
		}
		// What staff give away is free without a trial.
		o = place(t, shop, order.Input{CustomerID: shop.NewCustomer(t, "eve").ID, Items: one(free), Kind: order.Complimentary, Reason: "a prize"})
		if o.Items[0].TrialDays != 0 || o.Total != eur(0) || o.Status != order.Completed || o.Items[0].UnitAmount != eur(0) {
			t.Errorf("a gift = %+v", o)
		}
		shop.Proven(t)
	})
}

func TestOfManyTrialsAtOnceOneIsGiven(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		price := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "monthly", Money: eur(4900), TrialDays: 14})
		orders := atOnce(t, shop, 16, func(shop *ordertest.Shop, _ int) (order.Order, error) {
			return shop.Orders.Place(t.Context(), order.Input{CustomerID: ada.ID, Items: one(price)})
		})
		trials := 0
		for _, o := range orders {
			if o.Items[0].TrialDays > 0 {
				trials++
			} else if o.Total != eur(4900) {
				t.Errorf("neither a trial nor its price: %+v", o)
			}
		}
		if trials != 1 || len(orders) != 16 {
			t.Errorf("%d trials in %d orders", trials, len(orders))
		}
		shop.Proven(t)
	})
}

// atOnce does the same n times at once, on all the processes that there can be, and returns what worked.
func atOnce[T any](t *testing.T, shop *ordertest.Shop, n int, do func(shop *ordertest.Shop, i int) (T, error)) (results []T) {
	t.Helper()
	shops := []*ordertest.Shop{shop}
	if shop.Open != nil {
		shops = append(shops, shop.Second(t))
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			result, err := do(shops[i%len(shops)], i)
			if err != nil {
				if e := fail.Of(err); e.Kind == fail.KindInternal {
					t.Errorf("%d: %v", i, err)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			results = append(results, result)
		})
	}
	wg.Wait()
	return results
}

// newLicense puts a license of a plan into the store, as far as orders look at it.
func newLicense(t *testing.T, shop *ordertest.Shop, id, customerID, planID string, more string, args ...any) {
	t.Helper()
	plan, err := shop.Catalog.Plan(t.Context(), planID)
	if err != nil {
		t.Fatal(err)
	}
	shop.Exec(t, `INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, activation_limit, created_at, updated_at)
		VALUES ($1, $1, $1, $2, $3, $4, 'purchased', 'active', 1, 0, 0)`, id, customerID, plan.ProductID, planID)
	if more != "" {
		shop.Exec(t, "UPDATE licenses SET "+more+" WHERE id = '"+id+"'", args...)
	}
}

func TestAddonsAreForALicense(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		editor, viewer := shop.NewPrice(t, "editor", 4900, 0), shop.NewPrice(t, "viewer", 900, 0)
		plan, err := shop.Catalog.Plan(ctx, editor.PlanID)
		if err != nil {
			t.Fatal(err)
		}
		addon, err := shop.Catalog.CreatePlan(ctx, plan.ProductID, catalog.NewPlan{Name: "Five more", Kind: catalog.KindAddon, ExtraActivations: 5})
		if err != nil {
			t.Fatal(err)
		}
		sell := func(cycle string) catalog.Price {
			price, err := shop.Catalog.CreatePrice(ctx, addon.ID, catalog.NewPrice{Cycle: cycle, Money: eur(1000)})
			if err != nil {
				t.Fatal(err)
			}
			return price
		}
		forGood, monthly := sell("one_time"), sell("monthly")
		past := int64(1)
		newLicense(t, shop, "lic_ada", ada.ID, editor.PlanID, "")
		newLicense(t, shop, "lic_bob", bob.ID, editor.PlanID, "")
		newLicense(t, shop, "lic_viewer", ada.ID, viewer.PlanID, "")
		newLicense(t, shop, "lic_revoked", ada.ID, editor.PlanID, "status = 'revoked', outcome = 'revoked'")
		newLicense(t, shop, "lic_expired", ada.ID, editor.PlanID, "expires_at = $1, grace_until = $1, ends_at = $1", past)

		for license, want := range map[string]string{
			"": "is required: an add-on is for a license", "lic_unknown": "is not a license of this customer",
			"lic_bob": "is not a license of this customer", "lic_viewer": "is a license of another product",
			"lic_revoked": "is a license that was revoked", "lic_expired": "is a license that has expired",
		} {
			_, err := shop.Orders.Place(ctx, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: forGood.ID, Quantity: 1, LicenseID: license}}})
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "items.0.license_id")
			if got := fail.Of(err).Detail; got != want {
				t.Errorf("%q: %s", license, got)
			}
		}
		_, err = shop.Orders.Place(ctx, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: editor.ID, Quantity: 1, LicenseID: "lic_ada"}}})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "items.0.license_id")
		_, err = shop.Orders.Place(ctx, order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: forGood.ID, Quantity: 1, LicenseID: "\x00"}}})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "items.0.license_id")

		o := place(t, shop, order.Input{CustomerID: ada.ID, Items: []order.Item{
			{PriceID: forGood.ID, Quantity: 2, LicenseID: "lic_ada"}, {PriceID: monthly.ID, Quantity: 1, LicenseID: "lic_ada"},
		}})
		inv := shop.Invoice(t, o.InvoiceID)
		if inv.Lines[0].Link.Kind != billing.LinkAddon || inv.Lines[1].Link.Kind != billing.LinkSubscription || inv.Lines[1].Period.IsEmpty() || o.Total != eur(3000) {
			t.Errorf("lines = %+v", inv.Lines)
		}
		if s := sold(t, shop, o.Items[1].ID); s.LicenseID != "lic_ada" || s.Kind != catalog.KindAddon {
			t.Errorf("sold = %+v", s)
		}
		shop.Pay(t, o.InvoiceID, 3000, "wire")
		if o = shop.Order(t, o.ID); o.Status != order.Completed || len(o.SubscriptionIDs) != 1 || len(o.LicenseIDs) != 0 {
			t.Errorf("paid = %+v", o)
		}
	})
}

func TestASubscriptionMayRenewALicense(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		yearly := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "annual", Money: eur(4900), TrialDays: 14})
		viewer := shop.Sell(t, "viewer", catalog.NewPrice{Cycle: "annual", Money: eur(900)})
		future := shop.Clock.Now().Add(24 * time.Hour).UnixMicro()
		newLicense(t, shop, "lic_ends", ada.ID, yearly.PlanID, "expires_at = $1, grace_until = $1, ends_at = $1", future)
		newLicense(t, shop, "lic_over", ada.ID, yearly.PlanID, "expires_at = $1, grace_until = $1, ends_at = $1", int64(1))
		newLicense(t, shop, "lic_forever", ada.ID, yearly.PlanID, "")
		newLicense(t, shop, "lic_cancelled", ada.ID, yearly.PlanID, "status = 'cancelled', outcome = 'cancelled'")
		renew := func(price catalog.Price, license string) (order.Order, error) {
			return shop.Orders.Place(t.Context(), order.Input{CustomerID: ada.ID, Items: []order.Item{{PriceID: price.ID, Quantity: 1, LicenseID: license}}})
		}
		for _, license := range []string{"lic_over", "lic_forever", "lic_cancelled"} {
			_, err := renew(yearly, license)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "items.0.license_id")
		}
		_, err := renew(viewer, "lic_ends")
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "items.0.license_id")
		o, err := renew(yearly, "lic_ends")
		if err != nil || o.Items[0].LicenseID != "lic_ends" || o.Items[0].TrialDays != 0 {
			t.Errorf("renewed = %+v, %v", o, err)
		}
		shop.Exec(t, `INSERT INTO settings (name, value, updated_at) VALUES ('licenses.renew_expired', 'true', 0)`)
		if o, err = renew(yearly, "lic_over"); err != nil {
			t.Errorf("revived = %+v, %v", o, err)
		}
		_, err = renew(yearly, "lic_cancelled")
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "items.0.license_id")
	})
}

// E22: whichever of return page and webhook comes first, and however often.
func TestOnePurchaseIsOneSubscription(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		shop.Clock.Set(time.Date(2026, 8, 10, 9, 0, 0, 0, time.UTC))
		price := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "monthly", Money: eur(1000)})
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, price)
		shop.Pay(t, o.InvoiceID, 1000, "pi_1")
		for range 3 {
			if err := shop.Billing.RetryFulfilment(t.Context(), shop.Invoice(t, o.InvoiceID).Lines[0].ID); err != nil {
				t.Error(err)
			}
		}
		inv := shop.Invoice(t, o.InvoiceID)
		if n := shop.Count(t, "SELECT COUNT(*) FROM invoices"); n != 1 || inv.Lines[0].Period.End != civil.On(2026, 9, 10) {
			t.Errorf("%d invoices, the period is %s", n, inv.Lines[0].Period)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE type = $1", ordertest.Issued); n != 1 {
			t.Errorf("%d subscriptions", n)
		}
		shop.Proven(t)
	})
}

func TestGatewaysOfTheStoreOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		_, err := shop.Orders.Place(t.Context(), order.Input{
			CustomerID: shop.NewCustomer(t, "ada").ID, Items: one(shop.NewPrice(t, "editor", 100, 0)), Gateway: "sandbox",
		})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "gateway")
	})
}

// What becomes of an order when its invoice is disputed, credited or replaced; money itself is moved by payments.
func TestAnOrderFollowsItsInvoice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 10000, 0)
		acts := map[string]func(ctx context.Context, tx *db.Tx, inv billing.Invoice) error{
			"dispute": func(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
				_, err := shop.Billing.Disputed(ctx, tx, inv, 1)
				return err
			},
			"dispute won": func(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
				_, err := shop.Billing.Disputed(ctx, tx, inv, -1)
				return err
			},
			"refund half": func(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
				_, _, err := shop.Billing.Credit(ctx, tx, inv, billing.Crediting{Amount: eur(5000), Refund: eur(5000), Cause: billing.CauseRefund, Reason: "half"})
				return err
			},
			"goodwill": func(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
				_, _, err := shop.Billing.Credit(ctx, tx, inv, billing.Crediting{Amount: eur(1000), Cause: billing.CauseGoodwill, Reason: "sorry"})
				return err
			},
			"refund all": func(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
				_, _, err := shop.Billing.Credit(ctx, tx, inv, billing.Crediting{Refund: inv.Paid, Cause: billing.CauseRefund, Reason: "all"})
				return err
			},
		}
		for _, tt := range []struct {
			acts []string
			want []order.Status
		}{
			{[]string{"goodwill", "refund half", "refund all"}, []order.Status{order.Completed, order.PartiallyRefunded, order.Refunded}},
			{[]string{"dispute", "dispute won"}, []order.Status{order.Disputed, order.Completed}},
			{[]string{"refund half", "dispute", "dispute won"}, []order.Status{order.PartiallyRefunded, order.Disputed, order.PartiallyRefunded}},
			{[]string{"refund all"}, []order.Status{order.Refunded}},
		} {
			o := shop.Place(t, ada.ID, price)
			if o.Status == order.Pending {
				shop.Pay(t, o.InvoiceID, shop.Invoice(t, o.InvoiceID).Balance().Amount, o.ID)
			}
			for i, act := range tt.acts {
				err := shop.DB.Write(ctx, func(tx *db.Tx) error {
					inv, err := billing.LockWithCustomer(ctx, tx, o.InvoiceID)
					if err != nil {
						return err
					}
					return acts[act](ctx, tx, inv)
				})
				if err != nil {
					t.Fatalf("%s: %v", act, err)
				}
				if got := shop.Order(t, o.ID).Status; got != tt.want[i] {
					t.Errorf("%v: %s after %s, want %s", tt.acts, got, act, tt.want[i])
				}
			}
			if slices.Contains(shop.Events(t, o.ID), "order.out_of_step") {
				t.Errorf("%v: out of step", tt.acts)
			}
		}
		shop.Proven(t)
	})
}

func TestAnOrderShowsTheInvoiceThatCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada := shop.NewCustomer(t, "ada")
		o := shop.Place(t, ada.ID, shop.NewPrice(t, "editor", 4900, 0), shop.NewPrice(t, "viewer", 900, 0))
		var anew billing.Invoice
		err := shop.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if _, err := billing.LockWithCustomer(ctx, tx, o.InvoiceID); err != nil {
				return err
			}
			anew, err = shop.Billing.RemoveLine(ctx, tx, shop.Invoice(t, o.InvoiceID).Lines[1].ID, billing.Removal{Why: "not wanted"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if now := shop.Order(t, o.ID); now.Status != order.Pending || now.InvoiceID != anew.ID || anew.ID == o.InvoiceID {
			t.Errorf("order = %+v", now)
		}
		if orders, _, err := shop.Orders.List(ctx, order.Filter{}); err != nil || len(orders) != 1 {
			t.Errorf("%d orders, %v", len(orders), err)
		}
		shop.Pay(t, anew.ID, 4900, "wire")
		if now := shop.Order(t, o.ID); now.Status != order.Completed || len(now.LicenseIDs) != 1 {
			t.Errorf("paid = %+v", now)
		}
		shop.Proven(t)
	})
}

func TestConsentsAreKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		in := order.Input{CustomerID: shop.NewCustomer(t, "ada").ID, Items: one(shop.NewPrice(t, "editor", 100, 0)), Consents: []order.Consent{
			{Kind: "terms", Text: "I accept the terms.", Version: "2026-01"}, {Kind: "withdrawal", Text: "Begin at once."},
		}}
		o := place(t, shop, in)
		got, err := shop.Orders.Consents(t.Context(), o.ID)
		want := slices.Clone(in.Consents)
		for i := range want {
			want[i].GivenAt = shop.Clock.Now()
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("consents, %v (-want +got):\n%s", err, diff)
		}
		in.Consents = []order.Consent{{Kind: "", Text: " ", Version: "\x00"}}
		_, err = shop.Orders.Place(t.Context(), in)
		for _, field := range []string{"consents.0.kind", "consents.0.text", "consents.0.version"} {
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, field)
		}
		in.Consents = make([]order.Consent, 21)
		_, err = shop.Orders.Place(t.Context(), in)
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "consents")
	})
}

func newCoupon(t *testing.T, shop *ordertest.Shop, in coupon.NewCoupon) coupon.Coupon {
	t.Helper()
	c, err := shop.Coupons.Create(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
