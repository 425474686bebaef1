package shop

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// sellsNames has the shop sell names under .example, through a registrar that can't be asked.
func (b *bundle) sellsNames() {
	b.Helper()
	err := b.store.DB.Write(b.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			`INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'office', 'manual', 'off', 'active', 0)`,
			`INSERT INTO tlds (extension, registrar_id, created_at) VALUES ('example', 'reg_1', 0)`,
		} {
			if _, err := tx.SQL().ExecContext(b.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	must(b.Owned.CreatePolicy(b.Context(), domainname.Policy{
		Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, GraceFee: domainname.Fee{"EUR": 500},
		RedemptionDays: 30, ExplicitRenew: true, DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
	}))(b.T)
	for kind, amounts := range map[domainname.PriceKind]map[int]int64{
		domainname.ForRegistration: {1: 199, 2: 1399, 10: 9500}, domainname.ForTransfer: {1: 900}, domainname.ForRenewal: {1: 1200, 2: 2400, 9: 9900},
	} {
		b.namesCost(kind, "", amounts)
	}
}

func (b *bundle) namesCost(kind domainname.PriceKind, group string, amounts map[int]int64) {
	b.Helper()
	var rows domainname.Prices
	for years, amount := range amounts {
		rows = append(rows, domainname.Price{
			Extension: "example", Kind: kind, Years: years, Currency: "EUR", Group: group, Amount: amount, ValidFrom: civil.On(2026, 1, 1),
		})
	}
	must(b.Owned.SetPrices(b.Context(), rows))(b.T)
}

func TestNamesAreSoldOnlyWhereTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	br.get("/").is(200).hides("Find your domain")
	br.get("/domains?q=name").is(404)
	br.get("/domains/prices").is(404)
	b.sellsNames()
	br.get("/").is(200).says("Find your domain", `action="/domains"`, "/domains/prices")
}

func TestSearchForADomain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	br := b.browser()
	br.get("/domains").is(200).says(`name="q"`).hides("Add to cart")
	br.get("/domains?q=B%C3%9CCHER").is(200).says("bücher.example", "Could not be checked", "1 year: €1.99, then €12 a year", "10 years: €95, then €99 for 9 years", "Add to cart", `value="xn--bcher-kva.example"`)
	for _, bad := range []string{"-a", "a%20b", "a.github.io", "mail.a.example", "%3Cx-evil%3E", strings.Repeat("a", 300), "a%00b"} {
		br.get("/domains?q="+bad).is(400).says("A name is made of letters, digits and hyphens", `role="alert"`).hides("The name is not a domain name", "Add to cart")
	}
	br.get("/domains?q=https%3A%2F%2Fwww.a.example%2Fpath").is(200).says("a.example").hides("www.a.example</")
	br.get("/domains?q=name.invalid").is(200).says("Names under .invalid are not sold here.", "name.example")
}

func TestOrderARegistration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	g := b.goods49()
	br := b.browser()
	br.get("/buy/" + g.price.ID).to("/cart")
	br.post("/domains/cart", "name", "BÜCHER.example", "years", "2", "act", "register").to("/cart")
	br.post("/domains/cart", "name", "xn--bcher-kva.example.", "years", "1", "act", "register").to("/cart") // the same again
	br.post("/domains/cart", "name", "moved.example", "code", "s3cret-code", "act", "transfer").to("/cart")
	page := br.get("/cart").is(200).says("bücher.example", "Registration", "renews at €12 for 1 year", "moved.example", "Transfer to us", "€49.00", "€59.99", "To the checkout").hides("s3cret")
	if n := strings.Count(page.Body, "cart-fixed"); n != 2 {
		t.Errorf("%d domains in the cart", n)
	}
	br.get("/domains?q=bücher").says("In your cart")
	br.get("/checkout").is(200).says("Registration of bücher.example for 1 year", "until about", "the new date is the registry&#39;s", "renewal for 1 year at €12.00").hides("s3cret")
	pay := br.page.find(`name="pay" value="(manual[^"]*|[^"]*)"`)
	// A registry is not asked without the holder's address: an order without it would be paid, and go no further.
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada", "pay", pay).is(422).
		says("Address", "Country", "is needed to register a domain")
	if all := b.orders(); len(all) != 0 {
		t.Fatalf("ordered without a holder's address: %+v", all)
	}
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada", "pay", pay, "address", "1 Main Street\nLondon", "country", "GB").is(303)
	all := b.orders()
	if len(all) != 1 || all[0].Status != order.Pending || len(all[0].Items) != 3 || all[0].Items[1].Domain.Name != "xn--bcher-kva.example" {
		t.Fatalf("orders: %+v", all)
	}
	d := must(b.Owned.ByID(b.Context(), all[0].Items[1].Domain.DomainID))(t)
	if d.Domain.Status != domainname.Pending || d.Registrant.Email != "ada@example.com" {
		t.Errorf("domain: %+v", d.Domain)
	}

	// It is paid for: the page after the order says how far it is.
	must(b.Payments.Record(b.Context(), all[0].InvoiceID, payment.Manual{Money: all[0].Total, Reference: "p1"}))(t)
	secret := must(b.Orders.ThankYouLink(b.Context(), all[0].ID))(t)
	br.get("/thanks/"+secret).is(200).says("Your domains", "We are registering it", "The transfer is under way", "moved.example").hides("s3cret")

	// A second buyer, whose cart has the same name, is told so.
	other := b.browser()
	other.post("/domains/cart", "name", "bücher.example", "years", "1", "act", "register").to("/cart")
	other.get("/cart").is(200).says("The store has this domain already.", "Search again", "/domains?q=xn--bcher-kva.example").hides("To the checkout")
	other.get("/checkout").to("/cart")
	other.post("/cart", "remove", "domain.xn--bcher-kva.example").to("/cart")
	other.get("/cart").says("Your cart is empty")
}

// Two clicks on one form order a name once, and both lead to that order: the second one's cart has a name that the store has by then.
func TestNameOrderedByTwoClicks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	for _, guest := range []bool{true, false} {
		name := "guest.example"
		br := b.browser()
		if !guest {
			name = "customer.example"
			ada := b.customer("Ada Lovelace")
			br = b.signedIn(ada)
		}
		br.post("/domains/cart", "name", name, "years", "1", "act", "register").to("/cart")
		br.get("/checkout").is(200)
		form := br.fields()
		for field, value := range map[string]string{"pay": bySandbox, "address": "1 Main Street\nLondon", "country": "GB"} {
			form.Set(field, value)
		}
		if guest {
			form.Set("email", "guest@example.com")
			form.Set("name", "A Guest")
		}
		second := b.browser()
		maps.Copy(second.cookies, br.cookies)
		stranger := b.browser()
		maps.Copy(stranger.cookies, br.cookies)
		br.send(http.MethodPost, "/checkout", form).toward("/sandbox/pay/")
		all := b.orders()
		placed := all[slices.IndexFunc(all, func(o order.Order) bool { return o.Items[0].Domain.Name == name })]
		second.send(http.MethodPost, "/checkout", form).to(statePath(placed.ID))
		second.follow().says("You have not paid yet")
		second.get("/cart").says("Your cart is empty")
		if guest { // somebody else who has the form learns nothing
			form.Set("email", "mallory@example.com")
			stranger.send(http.MethodPost, "/checkout", form).to("/cart")
		}
		if n := len(b.orders()); n != len(all) {
			t.Errorf("%s: %d orders", name, n)
		}
	}
}

func TestDomainsThatCantBeTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	br := b.browser()
	for _, tt := range [][]string{
		{"name", "", "years", "1"},
		{"name", "no name", "years", "1"},
		{"name", "a.example", "years", "0"},
		{"name", "a.example", "years", "11"},
		{"name", "a.example", "years", "1.5"},
		{"name", "a.example", "years", "many"},
		{"name", "a.example", "act", "transfer", "code", ""},
		{"name", "a.example", "act", "transfer", "code", strings.Repeat("x", 300)},
	} {
		br.post("/domains/cart", tt...).toward("/domains")
	}
	br.get("/cart").says("Your cart is empty")
	for range maxItems + 5 {
		br.post("/domains/cart", "name", strings.Repeat("a", len(br.cookies)+10)+"x.example", "act", "transfer", "code", strings.Repeat("ü", 255))
	}
	for i := range 40 {
		name := strings.Repeat(string(rune('a'+i%26)), 60) + string(rune('a'+i/26)) + ".example"
		br.post("/domains/cart", "name", name, "act", "transfer", "code", strings.Repeat("ü", 255))
	}
	if br.page.is(409); len(br.cookies[cartName]) > 3800 {
		t.Errorf("the cookie has %d bytes", len(br.cookies[cartName]))
	}
}

// A cart that was filled when a term was on offer is refused when it is not any more, with the reason.
func TestStaleCart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	br := b.browser()
	br.post("/domains/cart", "name", "a.example", "years", "2", "act", "register").to("/cart")
	br.get("/checkout").is(200)
	b.namesCost(domainname.ForRegistration, "", map[int]int64{2: -1})
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada", "address", "1 Main Street\nLondon", "country", "GB").to("/cart")
	br.get("/cart").is(200).says("Something in your cart has changed", "This term is not for sale.", "Search again").hides("To the checkout")
	if n := len(b.orders()); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func TestPriceTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	b.browser().get("/domains/prices").is(200).says(".example", "€1.99", "up to 10 years for €95", "€9", "€12", "up to 9 years for €99", "€5 more", "for 30 days", "on request")
	b.namesCost(domainname.ForRenewal, "resellers", map[int]int64{1: 900})
	ada := b.customer("Ada")
	err := b.store.DB.Write(b.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(b.Context(), `UPDATE customers SET customer_group = 'resellers' WHERE id = $1`, ada.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.signedIn(ada).get("/domains/prices").is(200).says("€9", "up to 9 years for €99")
}

// owns gives a customer an active domain.
func (b *bundle) owns(c string, name string, until civil.Date) (id string) {
	b.Helper()
	n := must(domainname.ParseName(name))(b.T)
	err := b.store.DB.Write(b.Context(), func(tx *db.Tx) error {
		d := domainname.Domain{
			Name: n, Extension: "example", CustomerID: c, Kind: domainname.Registered, Status: domainname.Active,
			Expiry:      domainname.Expiry{At: until.StartIn(time.UTC), Raw: until.String(), Source: domainname.FromStaff, ReadAt: tx.Now},
			PaidThrough: until, NextDue: until, Term: 1, Recurring: eur(1000),
		}
		err := domainname.Insert(b.Context(), tx, &d)
		id = d.ID
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// A renewal in the cart is the owner's; what is not on offer any more is refused with the reason.
func TestRenewalsInTheCart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	ada, bob := b.customer("Ada"), b.customer("Bob")
	id := b.owns(ada.ID, "bücher.example", civil.On(2027, 3, 1))

	b.browser().get("/domains/renew/" + id + "?years=1").is(200).says("Sign in to renew a domain of yours.").hides("bücher")
	b.signedIn(bob).get("/domains/renew/" + id + "?years=1").is(404).hides("bücher")
	br := b.signedIn(ada)
	br.get("/domains/renew/dom_none?years=1").is(404)
	for _, years := range []string{"", "0", "11", "1.5", "many"} {
		br.get("/domains/renew/" + id + "?years=" + years).to("/account/domains/" + id + "/renew")
	}
	br.get("/domains/renew/" + id + "?years=2").to("/cart")
	br.get("/domains/renew/" + id + "?years=2").to("/cart")
	br.get("/cart").is(200).says("bücher.example", "Domain renewal", "2 years", "€24.00", "until 1 March 2029", "To the checkout")
	br.get("/checkout").is(200).says("Renewal of bücher.example for 2 years, 2027-03-01 to 2029-03-01")

	b.namesCost(domainname.ForRenewal, "", map[int]int64{2: -1})
	br.get("/cart").is(200).says("This term is not for sale.", "See what is on offer", "/account/domains/"+id+"/renew").hides("To the checkout")
	br.get("/domains/renew/" + id + "?years=1").to("/cart")
	br.get("/cart").is(200).says("€12.00", "until 1 March 2028", "To the checkout")

	// Nobody is signed in any more: the renewal waits.
	guest := b.browser()
	guest.cookies[cartName] = br.cookies[cartName]
	guest.get("/cart").is(200).says("Sign in to renew this domain.").hides("To the checkout")
}
