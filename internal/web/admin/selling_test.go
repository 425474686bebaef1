package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
)

func TestCouponPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	product := must(b.Catalog.CreateProduct(t.Context(), catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
	br.get("/admin/coupons").is(200).sound().says("No coupons yet")
	form := br.get("/admin/coupons/new").is(200).sound().form("/admin/coupons", "code", "a b", "value", "much", "max_uses", "some", "starts_on", "soon", "minimum", "x")
	form.Set("currency", "?")
	br.sends("/admin/coupons", form).is(422).sound().says("is not a whole number from 1 on", "is not a date", "is not a currency code")
	form.Set("currency", "EUR")
	form.Set("minimum", "-1.00")
	form.Set("max_uses", "")
	form.Set("starts_on", "2027-02-01")
	form.Set("ends_on", "2027-01-01")
	form.Set("value", "200")
	br.sends("/admin/coupons", form).is(422).sound().says("is not 1 to 40 letters", "is not a number above 0", "is not a date from the first day on", "is not between 0 and")
	form.Set("code", "SPRING-27")
	form.Set("value", "12.5")
	form.Set("charges", "3")
	form.Set("ends_on", "2027-12-31")
	form.Set("minimum", "10.00")
	form.Set("max_uses", "100")
	form.Set("new_customers", "on")
	form["product"], form["cycle"] = []string{product.ID}, []string{"annual", "monthly"}
	at := br.sends("/admin/coupons", form).leads()
	br.get(at).is(200).sound().says("SPRING-27", "12.5 %", "the first 3 charges", "2027-02-01 to 2027-12-31", "0 of 100", "Widget", "every month, every year", "€10.00", "Nobody has used it")
	br.sends("/admin/coupons", form).is(422).says("There is a coupon")
	br.get("/admin/coupons?q=spring").is(200).sound().says("SPRING-27")
	br.get("/admin/coupons?status=archived").is(200).sound().says("No coupon found")
	if csv := br.get("/admin/coupons.csv").is(200).Body; !strings.Contains(csv, "SPRING-27") {
		t.Errorf("export: %s", csv)
	}

	edit := br.get(at+"/edit").is(200).sound().form(at, "name", "Spring sale", "max_uses", "many")
	edit = br.sends(at, edit).is(422).form(at, "max_uses", "", "per_customer", "1", "archived", "on")
	delete(edit, "product")
	br.sends(at, edit).to(at)
	c := must(b.Coupons.ByID(t.Context(), strings.TrimPrefix(at, "/admin/coupons/")))(t)
	if c.Name != "Spring sale" || c.MaxUses != 0 || c.PerCustomer != 1 || c.Status != coupon.Archived || len(c.ProductIDs) != 0 || len(c.Cycles) != 2 ||
		c.Percent.String() != "12.5" || c.Charges != 3 || c.Minimum != money.New(1000, "EUR") || c.StartsOn != civil.On(2027, 2, 1) {
		t.Errorf("saved: %+v", c)
	}
	// An amount, and its currency, stay what they are.
	form = br.get("/admin/coupons/new").form("/admin/coupons", "code", "TEN", "kind", "fixed", "value", "10.00", "currency", "usd")
	at = br.sends("/admin/coupons", form).leads()
	edit = br.get(at+"/edit").is(200).sound().form(at, "minimum", "50.00")
	br.sends(at, edit).to(at)
	c = must(b.Coupons.ByID(t.Context(), strings.TrimPrefix(at, "/admin/coupons/")))(t)
	if c.Money != money.New(1000, "USD") || c.Minimum != money.New(5000, "USD") {
		t.Errorf("saved: %+v", c)
	}
}

func TestTwoTabsOfCoupon(t *testing.T) {
	t.Parallel()
	s := twoTabs(t)
	to := "/admin/coupons/" + s.coupon.ID
	mine, theirs := s.one.get(to+"/edit").form(to, "max_uses", "50"), s.other.get(to+"/edit").form(to, "name", "Winter", "new_customers", "on")
	theirs["cycle"] = []string{"one_time", "annual"}
	s.other.sends(to, theirs).to(to)
	back := s.one.sends(to, mine).is(http.StatusConflict).sound()
	back.says(changedBefore, `value="50"`, "is “Winter” in the store", "is on in the store").hides("is off in the store")
	s.one.sends(to, back.form(to)).to(to)
	if got := must(s.Coupons.ByID(t.Context(), s.coupon.ID))(t); got.MaxUses != 50 || got.Name != "Widget" {
		t.Errorf("saved: %+v", got)
	}
}

func TestSubscriptionsInTheCatalog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	product, plan := "/admin/products/"+e.product.ID, "/admin/plans/"+e.plan.ID
	br.get(plan + "/prices/new").is(200).sound()
	form := func(pairs ...string) []string {
		return append([]string{"cycle", "monthly", "amount", "9.00", "currency", "EUR", "unit", "year"}, pairs...)
	}
	br.post(plan+"/prices", form("count", "1")...).is(422).sound().says("is for what is paid once")
	br.post(plan+"/prices", form("trial_days", "some", "trial_money", "x")...).is(422).sound().says("is not a whole number", "is not an amount")
	br.post(plan+"/prices", form("trial_money", "1.00")...).is(422).says("there is none")
	br.post(plan+"/prices", form("trial_days", "14", "trial_money", "1.00", "setup_fee", "5.00", "tax_class", "Books")...).is(422).says("is not at most 32")
	br.post(plan+"/prices", form("trial_days", "14", "trial_money", "1.00", "setup_fee", "5.00", "tax_class", "reduced")...).to(product)
	br.get(product).is(200).sound().says("€9.00 a month and €5.00 set-up, after 14 days for €1.00", "Tax class reduced")
	prices := must(b.Catalog.Prices(t.Context(), e.plan.ID))(t)
	monthly := prices[len(prices)-1]
	at := "/admin/prices/" + monthly.ID
	edit := br.get(at+"/edit").is(200).sound().hides("Valid for").form(at, "amount", "10.00")
	br.sends(at, edit).to(product)
	prices = must(b.Catalog.Prices(t.Context(), e.plan.ID))(t)
	if next := prices[len(prices)-1]; next.Cycle != civil.Monthly || next.Money != money.New(1000, "EUR") || next.TrialDays != 14 || next.TaxClass != "reduced" {
		t.Errorf("next version: %+v", next)
	}
	o := must(b.Orders.Place(t.Context(), order.Input{CustomerID: e.customer.ID, Items: []order.Item{{PriceID: prices[len(prices)-1].ID, Quantity: 1}}}))(t)
	br.get("/admin/orders/"+o.ID).is(200).sound().says("€10.00 a month", "after 14 days for €1.00, and €5.00 set-up")
}

func TestAddonsAndPathsInTheCatalog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	product := "/admin/products/" + e.product.ID
	br.get(product + "/plans/new?kind=addon").is(200).sound().says("More activations").hides("An activation is")
	br.post(product+"/plans", "kind", "addon", "name", "Five more", "extra_activations", "some").is(422).sound().says("is not a whole number", `value="addon"`)
	price := br.post(product+"/plans", "kind", "addon", "name", "Five more", "extra_activations", "5", "hidden", "on").leads()
	br.get(price).is(200).sound().hides("Trial", "Valid for")
	addon := strings.TrimSuffix(price, "/prices/new")
	br.post(addon+"/prices", "cycle", "monthly", "amount", "5.00", "currency", "EUR").to(product)
	br.get(product).is(200).sound().says("Add-on: 5 more activations. Hidden in the shop.", "€5.00 a month")
	edit := br.get(addon+"/edit").is(200).sound().form(addon, "extra_activations", "10", "archived", "on")
	delete(edit, "hidden")
	br.sends(addon, edit).to(product)
	br.get(product).says("Five more was saved.")
	id := strings.TrimPrefix(addon, "/admin/plans/")
	if p := must(b.Catalog.Plan(t.Context(), id))(t); p.ExtraActivations != 10 || p.Visibility != catalog.Public || p.Status != catalog.Archived || p.Kind != catalog.KindAddon {
		t.Errorf("add-on: %+v", p)
	}

	other := must(b.Catalog.CreatePlan(t.Context(), e.product.ID, catalog.NewPlan{Name: "Site", ActivationType: "device"}))(t)
	at := "/admin/plans/" + e.plan.ID
	paths := br.get(at + "/edit").is(200).sound().says("Site").hides("Five more").form(at)
	paths["path"] = []string{other.ID}
	br.sends(at, paths).to(product)
	br.get(product).says("Subscribers may change to", "Site")
	paths["path"], paths["version"] = []string{id}, nil
	br.sends(at, paths).is(422).says("which is no other plan of the product")
}

func TestOrdersWithACouponOrForALicense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	const to = "/admin/orders"
	form := br.get("/admin/orders/new").is(200).sound().form(to, "email", "ada@example.com", "price", e.price.ID, "coupon", "WINTER")
	form = br.sends(to, form).is(422).sound().says("is not a coupon of this store").form(to, "coupon", "spring", "license", "lic_1")
	form = br.sends(to, form).is(422).sound().says("is for add-ons, and for subscriptions").form(to, "license", "")
	invoice := br.sends(to, form).leads()
	for o, err := range b.Orders.All(t.Context(), order.Filter{CouponID: e.coupon.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		if "/admin/invoices/"+o.InvoiceID == invoice {
			br.get("/admin/orders/"+o.ID).is(200).sound().says("SPRING", "/admin/coupons/"+e.coupon.ID)
			br.get("/admin/coupons/"+e.coupon.ID).is(200).sound().says("/admin/orders/"+o.ID, "4 of 10")
			return
		}
	}
	t.Error("the order is not among those of its coupon")
}

func TestACustomerInFull(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	at := br.post("/admin/customers", "email", "ada@example.com", "name", "Ada", "country", "US", "state", "NY", "address", "1 High Street\r\nTown", "language", "de").leads()
	br.get(at).is(200).sound().says("NY, United States", "1 High Street, Town", "German")
	edit := br.get(at+"/edit").is(200).sound().form(at, "state", "", "language", "")
	br.sends(at, edit).to(at)
	c := must(b.Customers.ByEmail(t.Context(), "ada@example.com"))(t)
	if c.State != "" || c.Language != "" || c.Address != "1 High Street\nTown" || c.Country != "US" {
		t.Errorf("saved: %+v", c)
	}
	// A guest under the same address is told apart.
	must(b.Orders.Checkout(t.Context(), order.Guest{Email: "ada@example.com", Name: "Somebody"}, order.Input{Items: []order.Item{{
		PriceID: b.newEstateOfPrices(t).ID, Quantity: 1,
	}}}))(t)
	list := br.get("/admin/customers?q=ada").is(200).sound()
	list.says("Somebody")
}

// newEstateOfPrices puts something on sale.
func (b *bundle) newEstateOfPrices(t *testing.T) catalog.Price {
	t.Helper()
	product := must(b.Catalog.CreateProduct(t.Context(), catalog.NewProduct{Slug: "gadget", Name: "Gadget"}))(t)
	plan := must(b.Catalog.CreatePlan(t.Context(), product.ID, catalog.NewPlan{Name: "Solo", ActivationType: "device", ActivationLimit: 1}))(t)
	return must(b.Catalog.CreatePrice(t.Context(), plan.ID, catalog.NewPrice{Cycle: "one_time", Money: money.New(4900, "EUR")}))(t)
}
