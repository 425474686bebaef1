package portal

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/subscription"
)

// estate is what one customer has, one of each.
type estate struct {
	owner      customer.Customer
	license    license.License
	activation string
	invoice    string
	file       string
	lease      string

	subscription, note, method, domain string
}

func (b *bundle) newEstate(name, slug string) estate {
	b.Helper()
	c := b.newCustomer(name)
	g := b.newGoods(slug, "Product of "+name, 5, 0)
	e := estate{owner: c, license: b.sell(c, g)}
	e.activation = b.activate(e.license, "device of "+name, "Desk of "+name)
	e.invoice = b.order(c, g).InvoiceID
	e.file = b.publish(g, "1.0.0", slug+".zip", "content for "+name, true).ID
	e.lease = b.leaseFile(e.license, g, "offline of "+name)
	e.subscription = b.subscribe(c, g).ID
	e.note = b.creditNote(e.license)
	e.method = b.card(c, sandbox.OK).ID
	e.domain = b.domain(c, strings.ToLower(name)+".com", 200).ID
	return e
}

// creditNote takes a part of what a license has cost back.
func (b *bundle) creditNote(l license.License) string {
	b.Helper()
	o := must(b.Orders.ByID(b.Context(), l.OrderID))(b.T)
	part := money.New(700, o.Total.Currency)
	must(b.Payments.Refund(b.Context(), o.InvoiceID, payment.RefundInput{Money: &part, To: payment.ToGateway, Adjust: true, Reason: "It came late."}))(b.T)
	return must(b.Billing.CreditNotes(b.Context(), o.InvoiceID))(b.T)[0].ID
}

// path fills the pattern of a route with the ids of an estate; ok is false for a route that names nothing.
func (e estate) path(pattern string) (method, path string, ok bool) {
	method, path, _ = strings.Cut(pattern, " ")
	id := e.license.ID
	for part, of := range map[string]string{"/invoices/": e.invoice, "/subscriptions/": e.subscription, "/credit-notes/": e.note, "/payment-methods/": e.method, "/domains/": e.domain} {
		if strings.Contains(path, part) {
			id = of
		}
	}
	if strings.HasSuffix(path, "{id}/renew/review") {
		path += "?years=1"
	}
	if strings.HasSuffix(path, "/preview") {
		path += "?quantity=2"
	}
	filled := strings.NewReplacer("{id}", id, "{activation}", e.activation, "{file}", e.file, "{lease}", e.lease).Replace(path)
	return method, filled, filled != path
}

// requestID is the only thing in which two error pages for the same thing differ.
var requestID = regexp.MustCompile(`<code>[0-9a-f]+</code>`)

func TestNothingOfAnotherCustomerIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, theirs := b.newEstate("Marie", "mine"), b.newEstate("Nils", "theirs")
	br := b.signedIn(mine.owner)
	br.get("/account/licenses") // takes the word of welcome
	nobodys := estate{license: license.License{ID: "lic_01nothing"}, activation: "act_01nothing", invoice: "inv_01nothing", file: "fil_01nothing", lease: "lsf_01nothing", subscription: "sub_01nothing", note: "crn_01nothing", method: "pmt_01nothing", domain: "dom_01nothing"}
	walked := 0
	for _, rt := range b.area.routes() {
		method, path, ok := theirs.path(rt.pattern)
		if !ok || rt.access == anyone {
			continue
		}
		walked++
		foreign := br.send(method, path, nil).is(http.StatusNotFound)
		foreign.hides("Nils", theirs.license.Key, "INV-2026-")
		_, absent, _ := nobodys.path(rt.pattern)
		none := br.send(method, absent, nil).is(http.StatusNotFound)
		same := func(r reply, path string) string {
			return requestID.ReplaceAllString(strings.ReplaceAll(r.Body, path, ""), "")
		}
		if same(foreign, path) != same(none, absent) {
			t.Errorf("%s: what is another's can be told from what is not there", rt.pattern)
		}
		// With one's own license, but things of others.
		mixed := theirs
		mixed.license = mine.license
		if method, path, _ := mixed.path(rt.pattern); strings.Contains(rt.pattern, "{activation}") || strings.Contains(rt.pattern, "{file}") || strings.Contains(rt.pattern, "{lease}") {
			br.send(method, path, nil).is(http.StatusNotFound)
		}
		// And signed out, nothing is there either.
		if method, path, _ := mine.path(rt.pattern); method == http.MethodGet {
			b.browser().send(method, path, nil).is(http.StatusSeeOther)
			if r := br.send(method, path, nil); !elsewhere.MatchString(path) {
				r.is(http.StatusOK)
			} else {
				br.get("/account/licenses") // says what was to be said
			}
		}
	}
	if walked < 35 {
		t.Errorf("only %d routes were walked", walked)
	}
	if got := len(b.activations(theirs.license)); got != 2 {
		t.Errorf("they have %d activations", got)
	}
	for _, path := range []string{
		"/account/licenses", "/account/subscriptions", "/account/domains", "/account/domains/renewals", "/account/invoices", "/account/payment-methods", "/account/downloads", "/account/details", "/account/details/data",
	} {
		br.get(path).is(200).hides("Nils", "nils", "theirs", theirs.license.Key, theirs.invoice, theirs.subscription, theirs.method, theirs.domain)
	}
	if got := b.subscription(theirs.subscription); got.Status != subscription.Active || !got.CancelOn.IsZero() {
		t.Errorf("their subscription: %+v", got)
	}
	if got := must(b.Payments.Methods(t.Context(), theirs.owner.ID))(t); len(got) != 1 {
		t.Errorf("their payment methods: %v", got)
	}
	// Nobody pays with a card of somebody else.
	br.post("/account/invoices/"+mine.invoice+"/pay", "pay", "method:"+theirs.method, "try", "0").to("/account/invoices/" + mine.invoice)
	br.get("/account/invoices/" + mine.invoice).says("This payment method can&#39;t be charged")
}

func TestOddAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Marie", "mine")
	br := b.signedIn(e.owner)
	for _, odd := range []string{"%00", "%27%20OR%201=1", "%FF", "..%2F..%2Fetc", strings.Repeat("a", 3000), "LIC", "%3Cscript%3E"} {
		for _, path := range []string{"/account/licenses/" + odd, "/account/invoices/" + odd, "/account/subscriptions/" + odd, "/account/domains/" + odd, "/account/domains/renewals/review?years." + odd + "=1", "/account/credit-notes/" + odd, "/account/payment-methods/" + odd + "/remove", "/account/licenses/" + e.license.ID + "/files/" + odd, "/account/licenses/" + e.license.ID + "/activations/" + odd + "/remove", "/account/" + odd} {
			br.get(path).is(http.StatusNotFound).hides("<script>")
		}
	}
	for _, path := range []string{"/account/licenses?after=%00", "/account/invoices?after=bogus", "/account/subscriptions?after=bogus", "/account/domains?after=bogus", "/account/licenses/" + e.license.ID + "?after=x", "/account/licenses/" + e.license.ID + "?history=x", "/account/downloads?after=x", "/account/licenses/" + e.license.ID + "/releases?after=x"} {
		br.get(path).is(http.StatusUnprocessableEntity)
	}
}

func TestWritesFromOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Marie", "mine")
	br := b.signedIn(e.owner)
	for _, rt := range b.area.routes() {
		method, path, _ := e.path(rt.pattern)
		if method != http.MethodPost {
			continue
		}
		path = strings.ReplaceAll(path, "{token}", "x")
		for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example"} {
			br.send(method, path, nil, header).is(http.StatusForbidden).says("came from another site")
		}
	}
	br.get("/account/licenses").is(200) // still signed in
	if got := len(b.activations(e.license)); got != 2 {
		t.Errorf("%d activations", got)
	}
}
