package shop

import (
	"strconv"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/tax"
)

func (b *bundle) coupon(in coupon.NewCoupon) coupon.Coupon {
	b.Helper()
	in.Name = in.Code
	return must(b.rooms.Coupons.Create(b.Context(), in))(b.T)
}

// vat makes the store charge tax on top of its prices: 19 % in Germany, 20 % in France.
func (b *bundle) vat() {
	b.Helper()
	b.set("tax.mode", "exclusive", "tax.country", "DE")
	for country, rate := range map[string]string{"DE": "19", "FR": "20"} {
		must(b.Billing.CreateTaxRate(b.Context(), billing.TaxRateInput{Country: country, Name: "VAT", Rate: tax.MustPercent(rate), ValidFrom: civil.On(2020, 1, 1)}))(b.T)
	}
}

func TestCartQuantities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	br.get("/buy/" + g.price.ID).to("/cart")
	quantity := "quantity." + g.price.ID
	br.post("/cart", "act", "update", quantity, "4").to("/cart")
	br.get("/cart").says("€196.00", "4 × €49.00")
	for _, typed := range []string{"-1", "1.5", "many", "100001", "", "99999999999999999999"} {
		br.post("/cart", "act", "update", quantity, typed).to("/cart")
		br.get("/cart").says("A quantity is a whole number", "€196.00")
	}
	br.post("/cart", "act", "update", "quantity.prc_other", "9").to("/cart")
	br.get("/cart").says("€196.00")
	br.post("/cart", "act", "update", quantity, "0").to("/cart")
	br.get("/cart").says("Your cart is empty")

	br.get("/buy/" + g.price.ID).to("/cart")
	br.post("/cart", "remove", "prc_other").to("/cart")
	br.get("/cart").says("€49.00")
	br.post("/cart", "remove", g.price.ID).to("/cart")
	br.get("/cart").says("Your cart is empty")
}

func TestCartThatIsForged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	br.get("/buy/" + g.price.ID).to("/cart")
	own := br.cookies[cartName]
	swap := byte('A')
	if own[len(own)-5] == swap {
		swap = 'B'
	}
	for _, forged := range []string{
		"", "x", "!!", own[:len(own)-3], own[:len(own)-5] + string(swap) + own[len(own)-4:], strings.Repeat("A", 4000),
		`{"items":[{"p":"` + g.price.ID + `","q":1}]}`,
	} {
		br.cookies[cartName] = forged
		br.get("/cart").is(200).says("Your cart is empty")
		br.post("/cart", "act", "update").to("/cart")
	}
	// The receipts of another cookie are no cart, and the other way round.
	br.cookies[cartName] = own
	br.cookies[receiptName] = own
	br.get("/checkout/return").is(404)
	br.get("/cart").says("€49.00")
}

func TestFullCart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.product("widget", "Widget")
	br := b.browser()
	for i := range maxItems + 1 {
		price := b.price(b.plan(p, catalog.NewPlan{Name: "Plan " + strconv.Itoa(i)}), catalog.NewPrice{Money: eur(100)})
		got := br.get("/buy/" + price.ID)
		if i < maxItems {
			got.to("/cart")
		} else {
			got.is(409).says("Your cart is full")
		}
	}
	br.get("/cart").is(200).says("€20.00")
	if n := len(br.cookies[cartName]); n > 3800 {
		t.Errorf("the cookie has %d bytes", n)
	}
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	b.coupon(coupon.NewCoupon{Code: "TEN", Percent: "10"})
	b.coupon(coupon.NewCoupon{Code: "BIG", Percent: "50", Rules: coupon.Rules{Minimum: eur(100000)}})
	br := b.browser()
	br.get("/buy/" + g.price.ID + "?coupon=ten").to("/cart")
	br.get("/cart").says("Discount (TEN)", "−€4.90", "€44.10")
	br.post("/cart", "act", "uncoupon").to("/cart")
	br.get("/cart").hides("Discount").says("€49.00")
	br.post("/cart", "act", "coupon", "coupon", "BIG").to("/cart")
	br.get("/cart").says("This code is for orders of 1000.00 EUR or more.", "To the checkout").hides("Discount")
	br.get("/checkout").is(200).says("The coupon BIG is not used", "Place the order and pay €49.00")
	br.post("/cart", "act", "coupon", "coupon", "<x-evil>").to("/cart")
	br.get("/cart").says("This code is not a coupon of this store.", "&lt;x-evil&gt;")
	br.post("/cart", "act", "coupon", "coupon", strings.Repeat("x", 100)).to("/cart")
	br.get("/cart").says("This is not a coupon code.")
	br.post("/cart", "act", "coupon", "coupon", "").to("/cart")
	br.get("/cart").hides("is not a coupon")
}

// A coupon on a free trial takes nothing off today, and says what it takes off afterwards.
func TestACouponOnATrial(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.gridworks()
	b.coupon(coupon.NewCoupon{Code: "QUARTER", Percent: "25", Charges: 1})
	b.coupon(coupon.NewCoupon{Code: "THREE", Percent: "25", Charges: 3})
	b.coupon(coupon.NewCoupon{Code: "EVER", Percent: "25"})
	plan := b.plan(b.product("quiet", "Quiet"), catalog.NewPlan{Name: "Solo"})
	monthly := b.price(plan, catalog.NewPrice{Cycle: "monthly", Money: eur(2000), TrialDays: 14})
	annual := b.price(plan, catalog.NewPrice{Cycle: "annual", Money: eur(2000)})
	for _, c := range []struct{ price, coupon, want string }{
		{monthly.ID, "quarter", "€15.00 for the first month, then €20.00 a month"},
		{monthly.ID, "three", "€15.00 a month for the first 3 months, then €20.00 a month"},
		{annual.ID, "three", "€15.00 a year for the next 2 years, then €20.00 a year"},
		{annual.ID, "quarter", "Quiet – Solo: €20.00 a year"},
	} {
		br := b.browser()
		br.get("/buy/" + c.price + "?coupon=" + c.coupon).to("/cart")
		br.get("/cart").is(200).says("Afterwards", c.want)
		br.get("/checkout").is(200).says(c.want)
	}
	br := b.browser()
	br.get("/buy/" + monthly.ID + "?coupon=ever").to("/cart")
	br.get("/cart").is(200).says("Quiet – Solo: €15.00 a month").hides("€20.00 a month, from")
}

func TestCouponsCantBeGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	b.coupon(coupon.NewCoupon{Code: "TEN", Percent: "10"})
	br := b.browser()
	br.get("/buy/" + g.price.ID).to("/cart")
	for i := range perCode.Count {
		br.post("/cart", "act", "coupon", "coupon", "GUESS"+strconv.Itoa(i)).to("/cart")
	}
	br.post("/cart", "act", "coupon", "coupon", "TEN").to("/cart")
	br.get("/cart").says("Too many tries").hides("Discount")
	if got := br.get("/buy/" + g.price.ID + "?coupon=TEN").is(429); got.Header.Get("Retry-After") == "" {
		t.Error("it is not said when to come back")
	}
	elsewhere := b.browser()
	elsewhere.ip = "198.51.100.7"
	elsewhere.get("/buy/" + g.price.ID + "?coupon=TEN").to("/cart")
	elsewhere.get("/cart").says("Discount (TEN)")
	b.clock.Advance(perCode.Per)
	br.get("/buy/" + g.price.ID + "?coupon=TEN").to("/cart")
}

func TestCartShowsTheTaxOfTheCountry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	b.vat()
	br := b.browser()
	br.get("/buy/" + g.price.ID).to("/cart")
	br.get("/cart").says("VAT 19 %", "€9.31", "€58.31", `<option value="DE" selected>`)
	br.post("/cart", "act", "place", "country", "FR").to("/cart")
	br.get("/cart").says("VAT 20 %", "€9.80", "€58.80", `<option value="FR" selected>`)
	br.get("/checkout").says("€58.80", `<option value="FR" selected>`)
	br.post("/cart", "act", "place", "country", "US").to("/cart")
	br.get("/cart").hides("VAT").says("€49.00")
	for _, country := range []string{"<b>", "de", "DEU", "\xff\xfe", ""} {
		br.post("/cart", "act", "place", "country", country, "state", strings.Repeat("x", 100)).to("/cart")
		br.get("/cart").is(200).says("VAT 19 %")
	}
	must(b.Billing.CreateTaxRate(t.Context(), billing.TaxRateInput{Country: "US", State: "NY", Name: "Sales tax", Rate: tax.MustPercent("8.875"), ValidFrom: civil.On(2020, 1, 1)}))(t)
	br.post("/cart", "act", "place", "country", "US").to("/cart")
	br.get("/cart").says(`name="state"`)
	br.post("/cart", "act", "place", "country", "US", "state", "NY").to("/cart")
	br.get("/cart").says("Sales tax 8.875 %", "€4.35")

	b.set("tax.mode", "inclusive")
	br.post("/cart", "act", "place", "country", "DE").to("/cart")
	br.get("/cart").says("Including VAT 19 %", "€7.82", "€49.00")
}

// A price that changes while it is in the cart is shown, and taken only if the customer says so.
func TestCartPriceChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	br.get("/buy/" + g.price.ID + "?quantity=2").to("/cart")
	must(b.Catalog.ReplacePrice(t.Context(), g.price.ID, catalog.NewPrice{Cycle: string(civil.OneTime), Money: eur(5900)}))(t)
	br.get("/cart").says("The price has changed from €49 once to €59 once.", "Take it for €59 once").hides(`href="/checkout"`)
	br.get("/checkout").to("/cart")
	br.post("/cart", "take", g.price.ID).to("/cart")
	br.get("/cart").says("€118.00", `href="/checkout"`).hides("has changed")
	br.post("/cart", "take", "prc_other").to("/cart")
}
