package portal

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/license"
)

// estate is what one customer has, one of each.
type estate struct {
	owner      customer.Customer
	license    license.License
	activation string
	invoice    string
	file       string
}

func (b *bundle) newEstate(name, slug string) estate {
	b.Helper()
	c := b.newCustomer(name)
	g := b.newGoods(slug, "Product of "+name, 5, 0)
	e := estate{owner: c, license: b.sell(c, g)}
	e.activation = b.activate(e.license, "device of "+name, "Desk of "+name)
	e.invoice = b.order(c, g).InvoiceID
	e.file = b.publish(g, "1.0.0", slug+".zip", "content for "+name, true).ID
	return e
}

// path fills the pattern of a route with the ids of an estate; ok is false for a route that names nothing.
func (e estate) path(pattern string) (method, path string, ok bool) {
	method, path, _ = strings.Cut(pattern, " ")
	id := e.license.ID
	if strings.Contains(path, "/invoices/") {
		id = e.invoice
	}
	filled := strings.NewReplacer("{id}", id, "{activation}", e.activation, "{file}", e.file).Replace(path)
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
	nobodys := estate{license: license.License{ID: "lic_01nothing"}, activation: "act_01nothing", invoice: "inv_01nothing", file: "fil_01nothing"}
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
		mixed.license, mixed.invoice = mine.license, mine.invoice
		if method, path, _ := mixed.path(rt.pattern); strings.Contains(rt.pattern, "{activation}") || strings.Contains(rt.pattern, "{file}") {
			br.send(method, path, nil).is(http.StatusNotFound)
		}
		// And signed out, nothing is there either.
		if method, path, _ := mine.path(rt.pattern); method == http.MethodGet {
			b.browser().send(method, path, nil).is(http.StatusSeeOther)
			br.send(method, path, nil).is(http.StatusOK)
		}
	}
	if walked < 6 {
		t.Errorf("only %d routes were walked", walked)
	}
	if got := len(b.activations(theirs.license)); got != 1 {
		t.Errorf("they have %d activations", got)
	}
	for _, path := range []string{"/account/licenses", "/account/invoices", "/account/downloads", "/account/details"} {
		br.get(path).is(200).hides("Nils", "nils", "theirs", theirs.license.Key, theirs.invoice)
	}
}

func TestOddAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Marie", "mine")
	br := b.signedIn(e.owner)
	for _, odd := range []string{"%00", "%27%20OR%201=1", "%FF", "..%2F..%2Fetc", strings.Repeat("a", 3000), "LIC", "%3Cscript%3E"} {
		for _, path := range []string{"/account/licenses/" + odd, "/account/invoices/" + odd, "/account/licenses/" + e.license.ID + "/files/" + odd, "/account/licenses/" + e.license.ID + "/activations/" + odd + "/remove", "/account/" + odd} {
			br.get(path).is(http.StatusNotFound).hides("<script>")
		}
	}
	for _, path := range []string{"/account/licenses?after=%00", "/account/invoices?after=bogus", "/account/licenses/" + e.license.ID + "?after=x", "/account/licenses/" + e.license.ID + "?history=x", "/account/downloads?after=x", "/account/licenses/" + e.license.ID + "/releases?after=x"} {
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
	if got := len(b.activations(e.license)); got != 1 {
		t.Errorf("%d activations", got)
	}
}
