package shop

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// gridworks is a product with everything that a plan table can show.
func (b *bundle) gridworks() (p catalog.Product, hidden catalog.Price) {
	b.Helper()
	p = b.product("gridworks", "Gridworks")
	solo := b.plan(p, catalog.NewPlan{Name: "Solo", ActivationLimit: 1, Entitlements: map[string]any{"forms.max": 5, "feature.sso": false}})
	b.price(solo, catalog.NewPrice{Cycle: "monthly", Money: eur(900)})
	b.price(solo, catalog.NewPrice{Cycle: "annual", Money: eur(9000)})
	pro := b.plan(p, catalog.NewPlan{Name: "Pro", Entitlements: map[string]any{"forms.max": 0, "feature.sso": true, "support_hours": 4, "region": "eu"}})
	b.price(pro, catalog.NewPrice{Cycle: "monthly", Money: eur(2900), TrialDays: 14, SetupFee: eur(5000)})
	b.price(pro, catalog.NewPrice{Cycle: "annual", Money: eur(29000)})
	b.price(pro, catalog.NewPrice{Cycle: "annual", Money: money.New(33000, "USD")})
	life := b.plan(p, catalog.NewPlan{Name: "Lifetime", ActivationLimit: 3})
	b.price(life, catalog.NewPrice{Money: eur(39900)})
	addon := b.plan(p, catalog.NewPlan{Kind: catalog.KindAddon, Name: "Five more", ExtraActivations: 5})
	b.price(addon, catalog.NewPrice{Money: eur(1900)})
	secret := b.plan(p, catalog.NewPlan{Name: "Partner", ActivationLimit: 9, Visibility: catalog.Hidden})
	hidden = b.price(secret, catalog.NewPrice{Cycle: "annual", Money: eur(100)})
	return p, hidden
}

func TestPlanTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, hidden := b.gridworks()
	br := b.browser()
	br.get("/").is(200).says("Gridworks", "/products/gridworks", "from €9 a month").hides("€1 ")
	page := br.get("/products/gridworks").is(200)
	page.says("€9", "a month", "1 domain", "5 forms", "First 14 days free, plus €50 once for the set-up", "Unlimited domains", "Unlimited forms", "SSO",
		"Support hours: 4", "Region: eu", "€399", "Yours for good", "Add-ons", "5 more activations", "cycle=annual", "currency=USD")
	page.hides("Partner", hidden.ID, "€290")
	if n := strings.Count(page.Body, ">SSO<"); n != 1 {
		t.Errorf("%d plans have single sign-on", n)
	}
	br.get("/products/gridworks?cycle=annual").is(200).says("€290", "€24.17 a month", "€399", "a year").hides("First 14 days", "€29<")
	br.get("/products/gridworks?cycle=annual&currency=USD").is(200).says("$330").hides("€", "Solo")
	br.get("/products/gridworks?cycle=nonsense&currency=%3Cx-evil%3E").is(200).says("€9").hides("x-evil>")

	// Whoever has the link can buy what is hidden.
	br.get("/buy/" + hidden.ID).to("/cart")
	br.get("/cart").is(200).says("Gridworks – Partner", "€1 a year")

	archived := catalog.Archived
	must(b.Catalog.UpdateProduct(t.Context(), p.ID, catalog.ProductPatch{Status: &archived}))(t)
	br.get("/products/gridworks").is(404)
	br.get("/").says("Nothing is on sale yet")
	br.get("/buy/" + hidden.ID).is(410).says("This is not sold any more")
	br.get("/cart").is(200).says("This is not sold any more").hides(`href="/checkout"`)
	br.get("/checkout").to("/cart")
}

func TestProductWithNothingForEverybody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.product("quiet", "Quiet")
	br := b.browser()
	br.get("/products/quiet").is(404)
	plan := b.plan(p, catalog.NewPlan{Name: "Invited", Visibility: catalog.Hidden})
	b.price(plan, catalog.NewPrice{Money: eur(100)})
	br.get("/products/quiet").is(404)
	br.get("/").is(200).hides("Quiet")
}

func TestPricesAndTax(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	file := "widget.zip"
	b.publish(g.product, "2.1.0", file, "x")
	br := b.browser()
	br.get("/products/widget").says("The newest version is 2.1.0").hides("tax")
	b.set("tax.mode", "exclusive")
	br.get("/products/widget").says("Prices are without tax")
	b.set("tax.mode", "inclusive")
	br.get("/products/widget").says("Prices include tax")
}

func TestBuyLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	br.get("/buy/" + g.price.ID + "?quantity=3").to("/cart")
	br.get("/cart").says(`value="3"`, "€147.00")
	br.get("/buy/" + g.price.ID + "?quantity=3").to("/cart") // again: the same, not twice
	br.get("/cart").says(`value="3"`, "€147.00")
	for _, query := range []string{"quantity=0", "quantity=-1", "quantity=1.5", "quantity=many", "quantity=100001", "quantity=99999999999999999999", "license=%27", "coupon=" + strings.Repeat("x", 65), "coupon=a%00b", "coupon=%ff"} {
		br.get("/buy/" + g.price.ID + "?" + query).is(400)
	}

	// A link lives on after its price has changed, and says so.
	now := must(b.Catalog.ReplacePrice(t.Context(), g.price.ID, catalog.NewPrice{Cycle: string(civil.OneTime), Money: eur(5900)}))(t)
	other := b.browser()
	other.get("/buy/" + g.price.ID).to("/cart")
	other.get("/cart").says("The price has changed since your link was made. It is €59 once now.", "€59.00")
	if now.ID == g.price.ID {
		t.Error("the price has the same id")
	}
}

func TestCartKeepsToOneCurrency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	dollars := b.price(g.plan, catalog.NewPrice{Money: money.New(5500, "USD")})
	br := b.browser()
	br.get("/buy/" + g.price.ID).to("/cart")
	br.get("/buy/" + dollars.ID).is(409).says("Your cart is in another currency")
	br.get("/cart").says("€49.00").hides("$55")
	br.get(br.get("/buy/" + dollars.ID).is(409).find(`href="(/buy/[^"]*fresh=1[^"]*)"`)).to("/cart")
	br.get("/cart").says("$55.00").hides("€49")
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		value any
		text  string
	}{
		"feature.sso":           {true, "SSO"},
		"feature.white_label":   {true, "White label"},
		"api-access":            {true, "API access"},
		"feature.x":             {false, ""},
		"projects.max":          {int64(12500), "12\u202f500 projects"},
		"team.seats.max":        {int64(0), "Unlimited team seats"},
		"level":                 {int64(3), "Level: 3"},
		"region":                {"eu", "Region: eu"},
		"note":                  {"", ""},
		"feature.":              {true, ""},
		"kind.of.something.odd": {3.5, ""},
	} {
		if got := entitlement(name, want.value); got != want.text {
			t.Errorf("%s = %v is %q, want %q", name, want.value, got, want.text)
		}
	}
	for _, c := range civil.Cycles() {
		if each(c) == "" || cycleName(c) == "" || (each(c) == "once") != (c == civil.OneTime) {
			t.Errorf("%s is %q, %q", c, each(c), cycleName(c))
		}
	}
	if brief(money.New(4900, "EUR")) != "€49" || brief(money.New(4950, "EUR")) != "€49.50" || brief(money.New(4900, "JPY")) != "¥4,900" {
		t.Error("amounts in brief")
	}
}
