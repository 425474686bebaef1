package order_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
	"github.com/keystead/keystead/internal/tax"
)

func TestACouponMakesAnOrderCheaper(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		editor, viewer := shop.NewPrice(t, "editor", 17900, 0), shop.NewPrice(t, "viewer", 39900, 0)
		viewerPlan, err := shop.Catalog.Plan(t.Context(), viewer.PlanID)
		if err != nil {
			t.Fatal(err)
		}
		c := newCoupon(t, shop, coupon.NewCoupon{Code: "SPRING", Money: eur(25000), Rules: coupon.Rules{ProductIDs: []string{viewerPlan.ProductID}}})
		in := order.Input{CustomerID: ada.ID, Items: append(one(editor), one(viewer)...), Coupon: " spring "}
		o := place(t, shop, in)
		if o.Total != eur(17900+14900) || o.CouponID != c.ID || o.CouponCode != "SPRING" {
			t.Errorf("order = %+v", o)
		}
		lines := shop.Invoice(t, o.InvoiceID).Lines
		if lines[0].Discount != eur(0) || lines[1].Discount != eur(25000) || lines[1].Total != eur(14900) {
			t.Errorf("lines = %+v", lines)
		}
		if c, err = shop.Coupons.ByID(t.Context(), c.ID); err != nil || c.Uses != 1 {
			t.Errorf("coupon = %+v, %v", c, err)
		}
		shop.Pay(t, o.InvoiceID, o.Total.Amount, "wire")
		// What is refused names the field, whatever the reason.
		for code, want := range map[string]string{"UNKNOWN": "COUPON_NOT_FOUND", "'; --": "COUPON_NOT_FOUND"} {
			in.Coupon = code
			_, err := shop.Orders.Place(t.Context(), in)
			wantCode(t, err, fail.KindInvalid, want, "coupon")
		}
		in.Coupon, in.Items = "SPRING", one(editor)
		_, err = shop.Orders.Place(t.Context(), in)
		wantCode(t, err, fail.KindInvalid, "COUPON_NOT_FOR_THIS", "coupon")
		in.Kind, in.Reason = order.Test, "trying"
		_, err = shop.Orders.Place(t.Context(), in)
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "coupon")
		shop.Proven(t)
	})
}

// The cases of group D that are orders with a coupon. (Several coupons on one order are arithmetic of package tax.)
func TestCasesOfDiscounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		shop.Terms.Tax = billing.TaxTerms{Mode: tax.Exclusive, Country: "DE"}
		for rate, class := range map[string]string{"0": "none", "10": "low", "20": "standard"} {
			shop.Exec(t, `INSERT INTO tax_rates (id, country, class, name, rate, valid_from, created_at) VALUES ($1, 'DE', $1, 'VAT', $2, '2020-01-01', 0)`, class, rate)
		}
		ada, err := shop.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada", Country: "DE"})
		if err != nil {
			t.Fatal(err)
		}
		sell := func(slug string, amount int64, class string) catalog.Price {
			return shop.Sell(t, slug, catalog.NewPrice{Cycle: "one_time", Money: eur(amount), TaxClass: class})
		}
		a, b, c, d := sell("a", 10000, "low"), sell("b", 5000, "none"), sell("c", 3000, "standard"), sell("d", 2000, "standard")
		e, f := sell("e", 17900, "low"), sell("f", 39900, "standard")
		plan, err := shop.Catalog.Plan(t.Context(), f.PlanID)
		if err != nil {
			t.Fatal(err)
		}
		newCoupon(t, shop, coupon.NewCoupon{Code: "D1", Money: eur(1000)})
		newCoupon(t, shop, coupon.NewCoupon{Code: "D2", Money: eur(11000)})
		newCoupon(t, shop, coupon.NewCoupon{Code: "D4", Money: eur(25000), Rules: coupon.Rules{ProductIDs: []string{plan.ProductID}}})
		for code, want := range map[string]struct {
			prices          []catalog.Price
			discounts       []int64
			net, vat, total int64
		}{
			"D1": {[]catalog.Price{a, b, c, d}, []int64{500, 250, 150, 100}, 19000, 1900, 20900},
			"D2": {[]catalog.Price{a}, []int64{10000}, 0, 0, 0},
			"D4": {[]catalog.Price{e, f}, []int64{0, 25000}, 32800, 4770, 37570},
		} {
			var items []order.Item
			for _, price := range want.prices {
				items = append(items, one(price)...)
			}
			o := place(t, shop, order.Input{CustomerID: ada.ID, Items: items, Coupon: code})
			inv := shop.Invoice(t, o.InvoiceID)
			if inv.Net != eur(want.net) || inv.Tax != eur(want.vat) || inv.Total != eur(want.total) || o.Total != inv.Total {
				t.Errorf("%s: %s + %s = %s", code, inv.Net, inv.Tax, inv.Total)
			}
			for i, line := range inv.Lines {
				if line.Discount != eur(want.discounts[i]) {
					t.Errorf("%s: discount of line %d is %s", code, i+1, line.Discount)
				}
			}
		}
		shop.Proven(t)
	})
}

func TestACouponOfAllMakesAnOrderFree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		newCoupon(t, shop, coupon.NewCoupon{Code: "FREE", Percent: "100"})
		in := order.Input{CustomerID: shop.NewCustomer(t, "ada").ID, Items: one(shop.NewPrice(t, "editor", 4900, 1000)), Coupon: "FREE"}
		if o := place(t, shop, in); o.Status != order.Completed || o.Total != eur(0) || len(o.LicenseIDs) != 1 {
			t.Errorf("order = %+v", o)
		}
		shop.Proven(t)
	})
}

// The limits that ask who buys, one story after the other.
func TestLimitsOfACustomer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		price := shop.NewPrice(t, "editor", 4900, 0)
		newCoupon(t, shop, coupon.NewCoupon{Code: "ONCE", Percent: "10", Rules: coupon.Rules{PerCustomer: 1}})
		newCoupon(t, shop, coupon.NewCoupon{Code: "HELLO", Percent: "20", Rules: coupon.Rules{NewCustomers: true}})
		use := func(customerID, code string) (order.Order, error) {
			return shop.Orders.Place(t.Context(), order.Input{CustomerID: customerID, Items: one(price), Coupon: code})
		}
		cancel := func(o order.Order) {
			t.Helper()
			if _, err := shop.Orders.Cancel(t.Context(), o.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		first, err := use(ada.ID, "ONCE")
		if err != nil {
			t.Fatal(err)
		}
		_, err = use(ada.ID, "ONCE")
		wantCode(t, err, fail.KindInvalid, "COUPON_USED", "coupon")
		if _, err = use(bob.ID, "ONCE"); err != nil {
			t.Errorf("another customer: %v", err)
		}
		// An order that ends unpaid gives its use back.
		cancel(first)
		if first, err = use(ada.ID, "ONCE"); err != nil {
			t.Errorf("after a cancelled order: %v", err)
		}
		// Ada has ordered, but bought nothing yet; two orders for new customers she can't have.
		hello, err := use(ada.ID, "HELLO")
		if err != nil {
			t.Fatalf("a new customer: %v", err)
		}
		_, err = use(ada.ID, "HELLO")
		wantCode(t, err, fail.KindInvalid, "COUPON_NEW_CUSTOMERS", "coupon")
		cancel(hello)
		shop.Pay(t, first.InvoiceID, first.Total.Amount, "wire")
		_, err = use(ada.ID, "HELLO")
		wantCode(t, err, fail.KindInvalid, "COUPON_NEW_CUSTOMERS", "coupon")
		shop.Proven(t)
	})
}

func TestACouponIsNeverUsedMoreOftenThanItMayBe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		price := shop.NewPrice(t, "editor", 4900, 0)
		const most, n = 5, 24
		c := newCoupon(t, shop, coupon.NewCoupon{Code: "FEW", Percent: "10", Rules: coupon.Rules{MaxUses: most}})
		customers := make([]string, n)
		for i := range customers {
			customers[i] = shop.NewCustomer(t, fmt.Sprint("customer", i)).ID
		}
		orders := atOnce(t, shop, n, func(shop *ordertest.Shop, i int) (order.Order, error) {
			o, err := shop.Orders.Place(t.Context(), order.Input{CustomerID: customers[i], Items: one(price), Coupon: "FEW"})
			if err != nil && fail.Of(err).Code != "COUPON_USED_UP" {
				t.Errorf("order %d: %v", i, err)
			}
			return o, err
		})
		uses := func() (n int64, rows int) {
			c, err := shop.Coupons.ByID(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return c.Uses, shop.Count(t, "SELECT COUNT(*) FROM coupon_uses WHERE coupon_id = $1", c.ID)
		}
		if counted, rows := uses(); len(orders) != most || counted != most || rows != most {
			t.Errorf("%d orders, %d uses, %d rows", len(orders), counted, rows)
		}
		// All of them given back at once, and used up again.
		atOnce(t, shop, most, func(shop *ordertest.Shop, i int) (order.Order, error) {
			return shop.Orders.Cancel(t.Context(), orders[i].ID, "")
		})
		if counted, rows := uses(); counted != 0 || rows != 0 {
			t.Errorf("%d uses, %d rows after all was given back", counted, rows)
		}
		again := atOnce(t, shop, n, func(shop *ordertest.Shop, i int) (order.Order, error) {
			return shop.Orders.Place(t.Context(), order.Input{CustomerID: customers[i], Items: one(price), Coupon: "FEW"})
		})
		if counted, _ := uses(); len(again) != most || counted != most {
			t.Errorf("%d orders, %d uses the second time", len(again), counted)
		}
		shop.Proven(t)
	})
}

// What a subscription keeps of the coupon of its order.
func TestChargesOfACoupon(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		monthly := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "monthly", Money: eur(1000)})
		free := shop.Sell(t, "free", catalog.NewPrice{Cycle: "monthly", Money: eur(1000), TrialDays: 14})
		fee := shop.Sell(t, "fee", catalog.NewPrice{Cycle: "monthly", Money: eur(1000), TrialDays: 14, SetupFee: eur(500)})
		paid := shop.Sell(t, "paid", catalog.NewPrice{Cycle: "monthly", Money: eur(1000), TrialDays: 14, TrialMoney: eur(100)})
		yearly := shop.Sell(t, "yearly", catalog.NewPrice{Cycle: "annual", Money: eur(1000)})
		months := []civil.Cycle{civil.Monthly}
		for code, charges := range map[string]int64{"first": 1, "three": 3, "all": 0} {
			newCoupon(t, shop, coupon.NewCoupon{Code: code, Percent: "50", Charges: charges, Rules: coupon.Rules{Cycles: months}})
		}
		n := func(n int64) *int64 { return &n }
		customers := 0
		for name, tt := range map[string]struct {
			price catalog.Price
			code  string
			total int64
			keeps bool
			left  *int64
		}{
			"the first charge":               {monthly, "first", 500, false, nil},
			"three charges":                  {monthly, "three", 500, true, n(2)},
			"all charges":                    {monthly, "all", 500, true, nil},
			"the first after a free trial":   {free, "first", 0, true, n(1)},
			"three after a free trial":       {free, "three", 0, true, n(3)},
			"the trial is the first charge":  {paid, "first", 50, false, nil},
			"three of which one is a trial":  {paid, "three", 50, true, n(2)},
			"the setup fee is the first one": {fee, "first", 250, false, nil},
		} {
			customers++
			ada := shop.NewCustomer(t, fmt.Sprint("ada", customers))
			o := place(t, shop, order.Input{CustomerID: ada.ID, Items: one(tt.price), Coupon: tt.code})
			s := sold(t, shop, o.Items[0].ID)
			later, err := shop.Orders.Later(t.Context(), o)
			if err != nil || len(later) != 1 || later[0].Amount != eur(1000) {
				t.Fatalf("%s: later %+v, %v", name, later, err)
			}
			reduced, periods := eur(1000), int64(0)
			if tt.keeps {
				if reduced, periods = eur(500), order.Always; tt.left != nil {
					periods = *tt.left
				}
			}
			if l := later[0]; l.Reduced != reduced || l.ReducedFor != periods {
				t.Errorf("%s: %s for %d periods, want %s for %d", name, l.Reduced, l.ReducedFor, reduced, periods)
			}
			if o.Total != eur(tt.total) || (s.CouponID != "") != tt.keeps || (s.CouponCharges == nil) != (tt.left == nil) ||
				(tt.left != nil && *s.CouponCharges != *tt.left) {
				t.Errorf("%s: total %s, keeps %+v", name, o.Total, s)
			}
		}
		// Of two items, only the one that it is for keeps it.
		o := place(t, shop, order.Input{CustomerID: shop.NewCustomer(t, "eve").ID, Items: append(one(monthly), one(yearly)...), Coupon: "all"})
		if a, b := sold(t, shop, o.Items[0].ID), sold(t, shop, o.Items[1].ID); a.CouponID == "" || b.CouponID != "" || o.Total != eur(1500) {
			t.Errorf("sold %+v and %+v", a, b)
		}
	})
}

// Whatever is asked for: a quote is the order that would follow, or the same refusal.
func TestAQuoteIsTheOrder(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	shop := ordertest.New(s)
	shop.Terms.Tax = billing.TaxTerms{Mode: tax.Exclusive, Country: "DE"}
	for class, rate := range map[string]string{"standard": "19", "reduced": "7"} {
		shop.Exec(t, `INSERT INTO tax_rates (id, country, class, name, rate, valid_from, created_at) VALUES ($1, 'DE', $1, 'VAT', $2, '2020-01-01', 0)`, class, rate)
	}
	prices := []catalog.Price{
		shop.NewPrice(t, "a", 4900, 0), shop.NewPrice(t, "b", 0, 0), shop.NewPrice(t, "c", 3333, 777),
		shop.Sell(t, "d", catalog.NewPrice{Cycle: "monthly", Money: eur(1999), TaxClass: "reduced"}),
		shop.Sell(t, "e", catalog.NewPrice{Cycle: "annual", Money: eur(19900), SetupFee: eur(1), TrialDays: 14}),
		shop.Sell(t, "f", catalog.NewPrice{Cycle: "quarterly", Money: eur(5001), TrialDays: 30, TrialMoney: eur(99), TaxClass: "reduced"}),
		shop.NewPriceIn(t, "g", "USD", 100, 0),
	}
	newCoupon(t, shop, coupon.NewCoupon{Code: "P", Percent: "33.3"})
	newCoupon(t, shop, coupon.NewCoupon{Code: "F", Money: eur(5000), Rules: coupon.Rules{Cycles: []civil.Cycle{civil.OneTime, civil.Annual}}})
	newCoupon(t, shop, coupon.NewCoupon{Code: "M", Percent: "100", Rules: coupon.Rules{Minimum: eur(10000), PerCustomer: 2, MaxUses: 40}})
	customers := make([]string, 6)
	for i := range customers {
		customers[i] = shop.NewCustomer(t, fmt.Sprint("customer", i)).ID
	}
	rapid.Check(t, func(r *rapid.T) {
		in := order.Input{
			CustomerID: rapid.SampledFrom(customers).Draw(r, "customer"),
			Coupon:     rapid.SampledFrom([]string{"", "P", "f", "M", "unknown"}).Draw(r, "coupon"),
			Items: rapid.SliceOfN(rapid.Custom(func(r *rapid.T) order.Item {
				return order.Item{PriceID: rapid.SampledFrom(prices).Draw(r, "price").ID, Quantity: rapid.Int64Range(0, 4).Draw(r, "quantity")}
			}), 1, 4).Draw(r, "items"),
		}
		quote, quoteErr := shop.Orders.Quote(t.Context(), in)
		o, err := shop.Orders.Place(t.Context(), in)
		if (quoteErr == nil) != (err == nil) || (err != nil && quoteErr.Error() != err.Error()) {
			r.Fatalf("the quote says %v, the order %v", quoteErr, err)
		}
		if err != nil {
			return
		}
		same(r, quote, o, shop.Invoice(t, o.InvoiceID))
	})
	shop.Proven(t)
}

// same fails unless an order is what its quote said.
func same(t rapid.TB, q order.Quote, o order.Order, inv billing.Invoice) {
	t.Helper()
	if q.Invoice.Total != o.Total || q.Invoice.Total != inv.Total || q.Invoice.Net != inv.Net || q.Invoice.Tax != inv.Tax || q.CouponCode != o.CouponCode {
		t.Fatalf("quote %s (%s + %s), order %s, invoice %s", q.Invoice.Total, q.Invoice.Net, q.Invoice.Tax, o.Total, inv.Total)
	}
	if len(q.Invoice.Taxes) != len(inv.Taxes) || len(q.Invoice.Lines) != len(inv.Lines) || len(q.Items) != len(o.Items) {
		t.Fatalf("quote %+v, invoice %+v", q.Invoice, inv)
	}
	for i, x := range q.Invoice.Taxes {
		if x != inv.Taxes[i] {
			t.Fatalf("tax %+v and %+v", x, inv.Taxes[i])
		}
	}
	sum, off := money.New(0, o.Total.Currency), money.New(0, o.Total.Currency)
	for i, x := range q.Invoice.Lines {
		y := inv.Lines[i]
		if x.Amount != y.Amount || x.Discount != y.Discount || x.Period != y.Period || x.Description != y.Description || x.Category != y.Category {
			t.Fatalf("line %+v and %+v", x, y)
		}
		sum.Amount, off.Amount = sum.Amount+x.Amount.Amount, off.Amount+x.Discount.Amount
	}
	if sum != q.Subtotal || off != q.Discount {
		t.Fatalf("subtotal %s, discount %s, want %s and %s", q.Subtotal, q.Discount, sum, off)
	}
	later := 0
	for i, x := range q.Items {
		x.ID = o.Items[i].ID
		if x != o.Items[i] {
			t.Fatalf("item %+v and %+v", x, o.Items[i])
		}
		if x.Cycle.Recurs() {
			if l := q.Later[later]; l.Item != i || l.Amount.Amount != x.UnitAmount.Amount*x.Quantity || l.Cycle != x.Cycle {
				t.Fatalf("later %+v of %+v", l, x)
			}
			later++
		}
	}
}
