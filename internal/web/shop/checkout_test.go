package shop

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
)

const (
	bySandbox  = "gateway:sandbox"
	byTransfer = "gateway:manual"
)

// toCheckout goes from a price to the checkout.
func (br *browser) toCheckout(g goods) reply {
	br.Helper()
	br.get("/buy/" + g.price.ID).to("/cart")
	br.get("/cart").is(200)
	return br.get("/checkout").is(200)
}

// checkout sends the checkout of a price with the details of a guest, and others.
func (br *browser) checkout(g goods, pairs ...string) reply {
	br.Helper()
	br.toCheckout(g)
	return br.sendForm("/checkout", append([]string{"email", "ada@example.com", "name", "Ada Lovelace", "pay", bySandbox}, pairs...)...)
}

// payBy pays on the page of the sandbox to which the last answer leads, and comes back.
func (br *browser) payBy(card string) reply {
	br.Helper()
	br.post(br.page.leads(), "card", card).toward("/checkout/return?order=ord_")
	return br.follow()
}

func TestGuestPaysOnThePageOfTheGateway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	b.publish(g.product, "1.0.0", "widget.zip", "content")
	br := b.browser()
	br.checkout(g).toward("/sandbox/pay/sbc_")
	pay := br.page.leads()
	br.follow().is(200).says("Pay €49.00", "tok_decline", "The charge succeeds.")
	br.post(pay, "card", "tok_ok").toward("/checkout/return?order=ord_")
	br.follow().toward("/thanks/")
	page := br.follow().is(200).says("Thank you", "Widget – Solo", "3 domains", "widget.zip", "Invoice as PDF", "€49.00")
	orders := b.orders()
	if len(orders) != 1 || orders[0].Status != order.Completed || len(orders[0].LicenseIDs) != 1 {
		t.Fatalf("orders: %+v", orders)
	}
	page.says(must(b.Licenses.ByID(t.Context(), orders[0].LicenseIDs[0]))(t).Key)
	if got := br.get(page.find(`href="(/thanks/[^"]*/files/[^"]*)"`)).is(200); got.Body != "content" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file is %q, %v", got.Body, got.Header)
	}
	invoice := br.get(page.find(`href="(/thanks/[^"]*\.pdf)"`)).is(200)
	if !strings.HasPrefix(invoice.Body, "%PDF-") || invoice.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the invoice begins %q", invoice.Body[:5])
	}
	br.get("/cart").says("Your cart is empty")
}

func TestGuestPaysByTransfer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("billing.payment_note", "IBAN DE02 1203\n<x-evil>", "store.name", "Northwind")
	br := b.browser()
	br.checkout(b.goods49(), "pay", byTransfer).toward("/thanks/")
	br.follow().is(200).says("Pay by bank transfer", "IBAN DE02 1203", "&lt;x-evil&gt;", b.orders()[0].InvoiceNumber, "Northwind", "€49.00", "Invoice as PDF").hides("License key")
}

func TestNothingToPay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.product("gift", "Gift")
	br := b.browser()
	g := goods{product: p}
	g.price = b.price(b.plan(p, catalog.NewPlan{Name: "Free"}), catalog.NewPrice{Money: eur(0)})
	br.toCheckout(g).says("There is nothing to pay today.", "Place the order<").hides("How do you want to pay?")
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada").toward("/thanks/")
	br.follow().is(200).says("License key", "Your order is complete.")
}

func TestTrial(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.product("gridworks", "Gridworks")
	g := goods{product: p}
	g.price = b.price(b.plan(p, catalog.NewPlan{Name: "Pro"}), catalog.NewPrice{Cycle: "monthly", Money: eur(2900), TrialDays: 14})
	br := b.browser()
	br.toCheckout(g).says("Gridworks – Pro (trial of 14 days)", "Gridworks – Pro: €29.00 a month, from 15 March 2026.", "There is nothing to pay today.")
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada").toward("/thanks/")
	br.follow().is(200).says("License key", "trial until 15 March 2026", "€29.00 a month")

	// Whoever has had the trial is told before anything is placed.
	br.toCheckout(g)
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada").is(422).says("The total has changed", "It is €29.00 now.")
	if n := len(b.orders()); n != 1 {
		t.Errorf("%d orders", n)
	}
	br.sendForm("/checkout", "pay", bySandbox).toward("/sandbox/pay/")
}

func TestWrongDetailsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vat()
	b.set("shop.terms_url", "https://example.com/terms?a=1&b=2", "shop.privacy_url", "https://example.com/privacy", "shop.consent_text", "I am <x-evil> sure.", "shop.terms_version", "2026-01")
	g := b.goods49()
	br := b.browser()
	br.toCheckout(g).says("https://example.com/terms?a=1&amp;b=2", "I am &lt;x-evil&gt; sure.", `id="f-consent_terms"`)
	br.sendForm("/checkout", "email", "nobody", "name", " ", "country", "", "pay", "gateway:nobody").is(422).says(
		`id="f-email-error"`, "is not an e-mail address", `id="f-name-error"`, `id="f-country-error"`, "is needed for the tax", `id="f-pay-error"`,
		`id="f-consent_terms-error"`, `id="f-consent_privacy-error"`, `id="f-consent_consent-error"`, `value="nobody"`, `href="#f-email"`, "Please check what you entered",
	)
	for field, bad := range map[string]string{
		"name": strings.Repeat("n", 300), "company": "a\x00b", "address": strings.Repeat("x", 2000), "tax_id": strings.Repeat("9", 100),
		"country": "<b>", "state": strings.Repeat("s", 100), "email": strings.Repeat("e", 300) + "@example.com",
	} {
		br.get("/checkout")
		br.sendForm("/checkout", append([]string{"email", "ada@example.com", "name", "Ada", "consent_terms", "on", "consent_privacy", "on", "consent_consent", "on"}, field, bad)...).
			is(422).says(`id="f-` + field + `-error"`)
	}
	if n := len(b.orders()); n != 0 {
		t.Fatalf("%d orders", n)
	}
	br.get("/checkout")
	br.sendForm("/checkout", "email", " Ada@Example.com ", "name", "Ada", "consent_terms", "on", "consent_privacy", "on", "consent_consent", "on", "pay", byTransfer).toward("/thanks/")
	got := must(b.Orders.Consents(t.Context(), b.orders()[0].ID))(t)
	for i := range got {
		got[i].GivenAt = got[i].GivenAt.UTC()
	}
	now := b.Clock.Now()
	want := []order.Consent{
		{Kind: "terms", Text: "I agree to the terms of sale. (https://example.com/terms?a=1&b=2)", Version: "2026-01", GivenAt: now, IP: "192.0.2.1"},
		{Kind: "privacy", Text: "I have read the privacy policy. (https://example.com/privacy)", Version: "2026-01", GivenAt: now, IP: "192.0.2.1"},
		{Kind: "consent", Text: "I am <x-evil> sure.", Version: "2026-01", GivenAt: now, IP: "192.0.2.1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What the browser says of money is never taken: only what it was shown is compared.
func TestAmountsAreOurs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vat()
	br := b.browser()
	g := b.goods49()
	br.checkout(g, "total", "1", "amount", "1", "price", "1", "quantity."+g.price.ID, "1000", "currency", "VND").toward("/sandbox/pay/")
	if o := b.orders()[0]; o.Total != eur(5831) || o.Items[0].Quantity != 1 {
		t.Errorf("the order is over %v", o.Total)
	}
	br.checkout(g, "seen", "0.01 x").is(422).says("The total has changed")
	br.checkout(g, "seen", "").is(422).says("The total has changed")
	br.checkout(g, "country", "FR").is(422).says("The total has changed", "It is €58.80 now.")
	br.sendForm("/checkout").toward("/sandbox/pay/")
	if n := len(b.orders()); n != 2 {
		t.Errorf("%d orders", n)
	}
}

func TestUpdateTheTotal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vat()
	b.set("shop.terms_url", "https://example.com/terms")
	br := b.browser()
	br.toCheckout(b.goods49()).says("€58.31")
	br.sendForm("/checkout", "act", "update", "country", "FR").is(200).says("€58.80").hides("is required", "-error", "tick this box")
	br.sendForm("/checkout", "act", "update", "email", "nobody", "name", "Ada").is(200).says("is not an e-mail address", `value="Ada"`)
	if n := len(b.orders()); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func TestWhatChangesMeanwhileIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("shop.terms_url", "https://example.com/terms")
	g := b.goods49()
	br := b.browser()
	br.toCheckout(g)
	b.set("shop.terms_url", "https://example.com/new")
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada", "consent_terms", "on").is(422).says("Our terms have changed", "https://example.com/new")
	if _, ticked := br.fields()["consent_terms"]; ticked {
		t.Error("the new terms are agreed to")
	}
	must(b.Catalog.ReplacePrice(t.Context(), g.price.ID, catalog.NewPrice{Cycle: string(civil.OneTime), Money: eur(5900)}))(t)
	br.sendForm("/checkout", "consent_terms", "on").to("/cart")
	br.follow().says("Something in your cart has changed", "The price has changed from €49 once to €59 once.")

	c := b.coupon(coupon.NewCoupon{Code: "ONCE", Percent: "10", Rules: coupon.Rules{MaxUses: 1}})
	g = goods{product: g.product, plan: g.plan}
	g.price = b.price(b.plan(g.product, catalog.NewPlan{Name: "Other"}), catalog.NewPrice{Money: eur(1000)})
	fresh := b.browser()
	fresh.get("/buy/" + g.price.ID + "?coupon=ONCE").to("/cart")
	fresh.get("/checkout").says("€9.00")
	ended := coupon.Archived
	must(b.rooms.Coupons.Update(t.Context(), c.ID, coupon.Patch{Status: &ended}))(t)
	fresh.sendForm("/checkout", "email", "ada@example.com", "name", "Ada", "consent_terms", "on").is(422).says("The total has changed", "It is €10.00 now.", "The coupon ONCE is not used")
	if n := len(b.orders()); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func TestSentTwiceIsOneOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	br.toCheckout(g)
	form := br.fields()
	for name, value := range map[string]string{"email": "ada@example.com", "name": "Ada", "pay": bySandbox} {
		form.Set(name, value)
	}
	// Both clicks are sent with the cookies from before.
	var wg sync.WaitGroup
	leads := make([]string, 4)
	for i := range leads {
		twin := b.browser()
		twin.cookies[cartName] = br.cookies[cartName]
		wg.Go(func() { leads[i] = twin.send(http.MethodPost, "/checkout", form).leads() })
	}
	wg.Wait()
	orders := b.orders()
	if len(orders) != 1 {
		t.Fatalf("%d orders, %v", len(orders), leads)
	}
	for _, to := range leads {
		if !strings.HasPrefix(to, "/sandbox/pay/") && to != statePath(orders[0].ID) {
			t.Errorf("a click leads to %s", to)
		}
	}
	attempts := must(b.Payments.Attempts(t.Context(), orders[0].InvoiceID))(t)
	if len(attempts) != 1 {
		t.Errorf("%d attempts", len(attempts))
	}

	// The same form once more, by somebody who went back.
	br.send(http.MethodPost, "/checkout", form).toward("/sandbox/pay/")
	br.get("/cart").says("Your cart is empty")
	br.send(http.MethodPost, "/checkout", form).to(statePath(orders[0].ID))
	br.follow().says("You have not paid yet", "Go on paying")
	// Another cart with the same form: a browser that lost its receipts.
	other := b.browser()
	other.get("/buy/" + g.price.ID + "?quantity=2").to("/cart")
	other.get("/checkout")
	seen := other.fields().Get("seen")
	form.Set("seen", seen)
	other.send(http.MethodPost, "/checkout", form).is(409).says("You have sent this page before")
	if len(b.orders()) != 1 {
		t.Error("a key was used twice")
	}
	other.sendForm("/checkout").toward("/sandbox/pay/") // with the fresh key of that page
	for _, key := range []string{"", "short"} {
		other.checkout(g, "key", key).is(422).says("Please send the order once more")
	}
}

// Whoever types an address learns nothing of an account that has it: pages, addresses and cookies are alike.
func TestGuestLearnsNothingOfAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	known := b.customer("Ada Lovelace")
	before := b.browser()
	before.checkout(g, "pay", byTransfer) // an order of her own
	must(b.SignIn.CustomerLink(t.Context(), known.ID))(t)

	visit := func(email string) (pages []string) {
		br := b.browser()
		br.checkout(g, "email", email, "pay", byTransfer).toward("/thanks/")
		pages = append(pages, br.follow().is(200).Body)
		br.checkout(g, "email", email).toward("/sandbox/pay/")
		br.post(br.page.leads(), "card", "tok_ok")
		br.follow().toward("/thanks/")
		pages = append(pages, br.follow().is(200).Body)
		return pages
	}
	secrets := regexp.MustCompile(`/thanks/[\w-]{43}|INV-2026-\d+|[0-9A-F]{8}(-[0-9A-F]{8}){3}|(lic|fil|ord|sbc)_\w+`)
	a, n := visit("ada@example.com"), visit("nobody@example.com")
	for i := range a {
		got, want := secrets.ReplaceAllString(a[i], "…"), secrets.ReplaceAllString(n[i], "…")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("page %d differs: %s", i, diff)
		}
		for _, told := range []string{"Lovelace", "ada@example.com", known.ID} {
			if strings.Contains(a[i], told) {
				t.Errorf("page %d says %s", i, told)
			}
		}
	}
}

func TestSignedInCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.vat()
	g := b.goods49()
	ada := b.customer("Ada Lovelace")
	br := b.signedIn(ada)
	br.toCheckout(g).says(`value="Ada Lovelace"`, `value="ada@example.com"`, "readonly", "Keep a new card for my next order").hides("Been here before?")
	br.sendForm("/checkout", "email", "mallory@example.com", "name", "Ada King", "country", "FR", "company", "Engines", "pay", bySandbox, "save", "on").
		is(422).says("It is €58.80 now.")
	br.sendForm("/checkout").toward("/sandbox/pay/")
	br.post(br.page.leads(), "card", "tok_ok").toward("/checkout/return")
	br.follow().toward("/thanks/")
	br.follow().says("License key", "To your licenses")
	got := must(b.Customers.ByID(t.Context(), ada.ID))(t)
	if got.Email != "ada@example.com" || got.Name != "Ada King" || got.Country != "FR" || got.Company != "Engines" {
		t.Errorf("the customer is %+v", got)
	}
	if o := b.orders()[0]; o.CustomerID != ada.ID || o.Status != order.Completed {
		t.Errorf("the order is %+v", o)
	}

	// The card that was kept is offered first, and charged at once.
	methods := must(b.Payments.Methods(t.Context(), ada.ID))(t)
	if len(methods) != 1 {
		t.Fatalf("methods: %+v", methods)
	}
	saved := "method:" + methods[0].ID
	br.toCheckout(g).says("Sandbox •••• 4242", `value="`+saved+`" checked`)
	br.sendForm("/checkout").toward("/thanks/")
	br.follow().says("License key")

	// Nobody else can pay with it.
	other := b.signedIn(b.customer("Bob Noyce"))
	other.checkout(g, "pay", saved).is(422).says("Choose how you want to pay.")
	b.browser().checkout(g, "pay", saved, "country", "DE").is(422).says("Choose how you want to pay.")
}

func TestDetailsChangedElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada := b.customer("Ada Lovelace")
	br := b.signedIn(ada)
	br.toCheckout(b.goods49())
	br.sendForm("/checkout", "name", strings.Repeat("n", 300)).is(422).says(`id="f-name-error"`)
	company := "Engines"
	must(b.Customers.Update(t.Context(), ada.ID, customer.Patch{Company: &company}))(t)
	br.sendForm("/checkout", "name", "Ada King", "pay", byTransfer).is(422).says("Your details were changed elsewhere meanwhile", `value="Ada King"`)
	if got := must(b.Customers.ByID(t.Context(), ada.ID))(t); got.Name != "Ada Lovelace" || got.Company != company {
		t.Errorf("the customer is %+v", got)
	}
	br.sendForm("/checkout").toward("/thanks/")
	if got := must(b.Customers.ByID(t.Context(), ada.ID))(t); got.Name != "Ada King" {
		t.Errorf("the customer is %+v", got)
	}
}

func TestSessionThatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.signedIn(b.customer("Ada Lovelace"))
	br.toCheckout(b.goods49())
	form := br.fields()
	delete(br.cookies, web.CustomerCookie)
	br.send(http.MethodPost, "/checkout", form).is(422).says("You are not signed in any more", "Been here before?")
	br.sendForm("/checkout", "pay", byTransfer).toward("/thanks/")

	// The other way round: a guest who signs in in another window.
	g := goods{price: catalog.Price{ID: b.orders()[0].Items[0].PriceID}}
	guest := b.browser()
	guest.toCheckout(g)
	form = guest.fields()
	bob := b.signedIn(b.customer("Bob Noyce"))
	guest.cookies[web.CustomerCookie] = bob.cookies[web.CustomerCookie]
	form.Set("name", "Robert Noyce")
	form.Set("email", "mallory@example.com")
	form.Set("pay", byTransfer)
	guest.send(http.MethodPost, "/checkout", form).is(422).says("You are signed in now", `value="Bob Noyce"`, `value="bob@example.com"`).hides("mallory")
	guest.sendForm("/checkout", "version", "x", "company", "Fab").is(422).says("Your details were changed elsewhere meanwhile")
	guest.sendForm("/checkout").toward("/thanks/")
	if o := b.orders()[0]; o.CustomerEmail != "bob@example.com" || o.CustomerName != "Bob Noyce" {
		t.Errorf("the order is of %s, %s", o.CustomerName, o.CustomerEmail)
	}
}

func TestStaffDoNotOrderForCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	ada := b.customer("Ada Lovelace")
	eve := must(b.rooms.Staff.Create(t.Context(), staff.Input{Email: "eve@example.com", Name: "Eve", Role: staff.Support}))(t)
	in := must(b.SignIn.ActAs(t.Context(), eve.ID, ada.ID, signin.Meta{}))(t)
	br := b.browser()
	br.cookies[web.CustomerCookie] = in.Token
	br.get("/buy/" + g.price.ID).to("/cart")
	br.get("/cart").is(200).says("You are using the account of")
	br.get("/checkout").is(403).says("Only customers themselves can order here")
	br.post("/checkout", "pay", byTransfer).is(403)
	br.post("/checkout/pay", "order", "x").is(403)
}

func TestAddonIsForALicense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _ := b.gridworks()
	page := b.browser().get("/products/gridworks")
	addon := page.find(`(?s)Five more.*?href="(/buy/[^"]+)"`)
	life := page.find(`(?s)Lifetime.*?href="/buy/([^"]+)"`)
	b.browser().get(addon).is(200).says("Sign in, so that you can choose which one.", "/account/sign-in?next="+url.QueryEscape(addon))

	ada := b.customer("Ada Lovelace")
	br := b.signedIn(ada)
	br.get(addon).is(200).says("you have none that it could be for", "/products/gridworks")
	br.toCheckout(goods{price: catalog.Price{ID: life}})
	br.sendForm("/checkout", "pay", bySandbox).toward("/sandbox/pay/")
	br.payBy("tok_ok").toward("/thanks/")
	l := must(b.Licenses.ByID(t.Context(), b.orders()[0].LicenseIDs[0]))(t)
	br.get(addon).is(200).says(l.Key, "Lifetime")
	br.get(addon + "?license=" + l.ID).to("/cart")
	br.get("/cart").says("Five more", "for a license of yours", "€19.00")
	br.get("/checkout").is(200)
	br.sendForm("/checkout", "pay", bySandbox).toward("/sandbox/pay/")
	br.payBy("tok_ok").toward("/thanks/")
	if after := must(b.Licenses.ByID(t.Context(), l.ID))(t); after.ActivationLimit != l.ActivationLimit+5 {
		t.Errorf("the limit is %d, it was %d", after.ActivationLimit, l.ActivationLimit)
	}
	// Somebody else's license can't be named.
	bob := b.signedIn(b.customer("Bob Noyce"))
	bob.get(addon + "?license=" + l.ID).to("/cart")
	bob.get("/cart").says("The license is not a license of this customer.").hides(`href="/checkout"`, l.Key)
	// Who has not signed in has no license that could be named.
	b.browser().get(addon + "?license=" + l.ID).is(200).says("This is for a license of yours.", "/account/sign-in?next=").hides(l.Key)
	if p.ID == "" {
		t.Error("no product")
	}
}

func TestCheckoutIsLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	for range perCheckout.Count {
		br.post("/checkout").to("/cart")
	}
	br.post("/checkout").is(429).says("One moment, please")
	br.post("/checkout/pay").is(429)
	br.get("/checkout").to("/cart")
	b.clock.Advance(perCheckout.Per)
	br.post("/checkout").to("/cart")
}

// Orders under one address have mails sent to it, whoever types it.
func TestMailboxesAreNotFlooded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	for i := range perMailbox.Count {
		br := b.browser()
		br.ip = "198.51.100." + string(rune('0'+i%10))
		br.checkout(g, "pay", byTransfer, "email", "victim@example.com").toward("/thanks/")
	}
	br := b.browser()
	br.checkout(g, "pay", byTransfer, "email", "VICTIM@example.com").is(429).says("The order was not placed", "Too many tries", `value="VICTIM@example.com"`)
	br.checkout(g, "pay", byTransfer, "email", "other@example.com").toward("/thanks/")
	if n := len(b.orders()); n != perMailbox.Count+1 {
		t.Errorf("%d orders", n)
	}
}

func TestOrdersAreByTheirCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	b.browser().checkout(g, "pay", byTransfer)
	found, err := b.rooms.Events.List(t.Context(), "", event.Filter{Type: "order.created"})
	if err != nil || len(found) != 1 || found[0].ActorKind != event.Customer {
		t.Errorf("events: %+v, %v", found, err)
	}
}
