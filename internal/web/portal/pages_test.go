package portal

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/web/ui"
)

// maxPage is the size that no page may have.
const maxPage = 100_000

// hostile is a name as an attacker would have it, of the greatest length.
var hostile = `"'><x-evil onclick=evil() style=evil><script>evil()</script>&{{.}}` + strings.Repeat(`"`, 250-66)

// sound fails the test unless a page keeps the rules of pages.
func (r reply) sound() reply {
	r.Helper()
	if len(r.Body) >= maxPage {
		r.Errorf("%s has %d bytes", r.what, len(r.Body))
	}
	doc, err := html.Parse(strings.NewReader(r.Body))
	if err != nil {
		r.Fatal(err)
	}
	ids := map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "style" || n.Data == "x-evil" || (n.Data == "script" && n.FirstChild != nil) {
			r.Errorf("%s has an element %s", r.what, n.Data)
		}
		for _, at := range n.Attr {
			if at.Key == "style" || strings.HasPrefix(at.Key, "on") {
				r.Errorf("%s has an attribute %s", r.what, at.Key)
			}
			if at.Key == "id" && ids[at.Val] {
				r.Errorf("%s has two elements with the id %s", r.what, at.Val)
			}
			if at.Key == "id" {
				ids[at.Val] = true
			}
		}
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		r.Errorf("%s: policy %q", r.what, csp)
	}
	return r
}

var (
	// elsewhere are addresses that lead to another page, as nothing of an estate is to be decided there.
	elsewhere = regexp.MustCompile("/(return|accept-price|renewals/review)$")
	// noPage are those, and the ones at which there is a file.
	noPage = regexp.MustCompile("/(pdf|data|return|accept-price|renewals/review)$")
)

// everyPage gets each page of the portal that there is for an estate.
func (br *browser) everyPage(e estate, look func(reply)) {
	br.Helper()
	for _, rt := range br.area.routes() {
		method, path, named := e.path(rt.pattern)
		if method != http.MethodGet || rt.pattern == "GET /account" || strings.Contains(path, "/files/") || noPage.MatchString(path) || strings.Contains(path, "{token}") || (named && e.license.ID == "") || (strings.Contains(path, "/domains/") && named && e.domain == "") || rt.pattern == "GET /account/sign-in" {
			continue
		}
		look(br.get(path).is(http.StatusOK).sound())
	}
}

func TestEmptyPortal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.signedIn(b.newCustomer("Marie"))
	br.everyPage(estate{}, func(reply) {})
	br.get("/account/licenses").says("No licenses yet")
	br.get("/account/invoices").says("No invoices yet")
	br.get("/account/downloads").says("Nothing to download")
	br.get("/account/subscriptions").says("No subscriptions")
	br.get("/account/domains").says("No domains yet")
	br.get("/account/domains/renewals").says("Nothing to renew")
	br.get("/account/payment-methods").says("No payment method saved", newMethod)
	br.get("/account/details/data").is(200).says(`"licenses": []`, `"email": "marie@example.com"`)
	b.browser().get("/account/sign-in").is(200).sound()
}

func TestHostilePortal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := must(b.Customers.Create(t.Context(), customer.Input{Email: "marie@example.com", Name: hostile, Company: hostile, TaxID: `"><x-evil>`}))(t)
	g := b.newGoods("tool", hostile[:245], 0, 3)
	e := estate{owner: c, license: b.sell(c, g), invoice: b.order(c, g).InvoiceID}
	for i := range 2 * activationsPerPage {
		e.activation = b.activate(e.license, fmt.Sprintf("%02d", i)+hostile, hostile)
	}
	for i := range 2 * licensesPerPage {
		b.sell(c, g)
		e.file = b.publish(g, fmt.Sprintf("1.0.%d", i), "<x-evil>.zip", "x", true).ID
	}
	monthly := b.newPrice(g, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(1000, "EUR")})
	for range 2 * subscriptionsPerPage {
		e.subscription = b.subscribeTo(c, monthly).ID
	}
	for i := range 2 * mostOptions {
		plan := must(b.Catalog.CreatePlan(t.Context(), g.product.ID, catalog.NewPlan{Name: fmt.Sprint(i, hostile[:240]), ActivationType: "device"}))(t)
		must(b.Catalog.CreatePrice(t.Context(), plan.ID, catalog.NewPrice{Cycle: string(civil.Annual), Money: money.New(1000, "EUR")}))(t)
	}
	for i := range 2 * perPage {
		d := b.domain(c, fmt.Sprintf("hostile-%d.com", i), 30+i, func(in *domainname.Input) { in.DoNotRenew = i%2 == 0 })
		e.domain = d.ID
	}
	for range mostMethods {
		e.method = b.card(c, sandbox.Decline).ID
	}
	e.note = b.creditNote(e.license)
	for i := range 60 {
		must(b.Payments.Record(t.Context(), e.invoice, payment.Manual{Money: money.New(1, "EUR"), Reference: fmt.Sprint(i, hostile[:240])}))(t)
	}
	br := b.signedIn(c)
	br.everyPage(e, func(r reply) {
		r.hides("<x-evil", "<script>evil")
		if strings.Contains(r.Body, "face-portal") {
			r.says("&#34;") // at least the name of the one who is signed in
		}
		for r.Status == http.StatusOK { // through all pages of the list
			_, rest, more := strings.Cut(r.Body, `rel="next" href="`)
			if !more {
				break
			}
			href, _, _ := strings.Cut(rest, `"`)
			r = br.get(strings.ReplaceAll(href, "&amp;", "&")).is(200).sound().hides("<x-evil", "<script>evil")
		}
	})
	b.acting(c).get("/account/licenses").is(200).sound().hides("<x-evil")
	b.browser().post("/account/sign-in", "email", hostile, "password", "x").is(422).sound().hides("<x-evil")
	br.post("/account/details", "version", "1", "name", hostile, "country", hostile, "time_zone", hostile, "company", strings.Repeat("x", 300)).is(422).sound().hides("<x-evil")
}

func TestFullPortal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Marie", "tool")
	br := b.signedIn(e.owner)
	br.everyPage(e, func(reply) {})
	br.get("/account/licenses").says("Product of Marie", e.license.Key, `data-copy="`+e.license.Key+`"`, "Active, and it never expires", "2 <span class=\"faint\">of 5", "1 invoice is open")
	br.get("/account/licenses/"+e.license.ID).says(e.license.Key, "device of Marie", "Version 1.0.0", "tool.zip", "All versions", "The license was issued")
	br.get("/account/downloads").says("Product of Marie 1.0.0", "/files/"+e.file, "What is new in 1.0.0")
	br.get("/account/licenses/" + e.license.ID + "/releases").says("tool.zip")
	br.get("/account/invoices").says("INV-2026-1", "INV-2026-2", "Paid", "Open", "€49.00")
}

func TestInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	o := b.order(marie, b.newGoods("tool", "Tool", 1, 0))
	br := b.signedIn(marie)
	path := "/account/invoices/" + o.InvoiceID
	br.get(path).is(200).says("INV-2026-1", "€49.00 are due on 15 March 2026.", "Pay by bank transfer", `data-copy="INV-2026-1"`, "Nothing was paid yet", "Tool – Team Tool")

	must(b.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: money.New(1000, "EUR"), Reference: "A-1"}))(t)
	br.get(path).says("€39.00 are due on", "Partially paid", "A-1")
	b.clock.Set(time.Date(2026, 3, 15, 23, 59, 0, 0, time.UTC))
	br.get(path).hides("Overdue")
	b.clock.Set(time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC))
	br.get(path).says("Overdue", "€39.00 were due on 15 March 2026.")
	br.get("/account/invoices").says("Overdue", "€39.00")

	must(b.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: money.New(4000, "EUR"), Reference: "A-2"}))(t)
	br.get(path).says("Paid on 16 March 2026. Thank you.", "€1.00 of it became your credit").hides("Pay by bank transfer")
	br.get("/account/invoices").says("You have a credit of €1.00")

	must(b.Orders.Cancel(t.Context(), b.order(marie, b.newGoods("other", "Other", 1, 0)).ID, "changed their mind"))(t)
	found, _, err := b.Billing.List(t.Context(), billing.Filter{CustomerID: marie.ID, Status: billing.Void})
	if err != nil || len(found) != 1 {
		t.Fatalf("void invoices: %v, %v", found, err)
	}
	br.get("/account/invoices/"+found[0].ID).says("It was withdrawn", "Void").hides("Pay by bank transfer", "changed their mind")
}

func TestDetails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	br := b.signedIn(marie)
	br.get("/account/details").is(200).says("marie@example.com", `<option value="DE">Germany`)
	br.post("/account/details", "version", "1", "name", "Marie Okafor", "company", "Brightloom", "country", "AT", "tax_id", "ATU1", "time_zone", "Europe/Vienna", "email", "evil@example.com").to("/account/details")
	c := must(b.Customers.ByID(t.Context(), marie.ID))(t)
	if c.Name != "Marie Okafor" || c.Company != "Brightloom" || c.Country != "AT" || c.TaxID != "ATU1" || c.TimeZone != "Europe/Vienna" || c.Email != "marie@example.com" {
		t.Errorf("saved: %+v", c)
	}
	br.get("/account/details").says("Your details are saved", `<option value="AT" selected>Austria`, "13:00") // in their own zone
	br.post("/account/details", "version", "2", "name", "", "country", "XX1", "time_zone", "Mars").is(422).says("Please check what you entered", "time zone, such as", "country code")
	br.post("/account/details", "version", "1", "name", "Old").is(409).says("changed elsewhere meanwhile", `value="Old"`, fmt.Sprintf(`name="version" value="%d"`, c.Version))
	br.post("/account/details", "name", "No version").is(400)
}

func TestStandings(t *testing.T) {
	t.Parallel()
	at := func(day int) *time.Time { v := time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC); return &v }
	held := func(reasons ...license.HoldReason) (out []license.Hold) {
		for _, r := range reasons {
			out = append(out, license.Hold{Reason: r, Why: "internal remark"})
		}
		return out
	}
	p := ui.Page{Store: ui.Store{Name: "Northwind"}, Reader: ui.Reader{Now: *at(10)}}
	for name, c := range map[string]struct {
		l              license.License
		sentence, todo string
	}{
		"for ever":          {license.License{Status: license.Active}, "Active, and it never expires", ""},
		"for a time":        {license.License{Status: license.Active, ExpiresAt: at(20)}, "Active until 20 March 2026", ""},
		"grace":             {license.License{Status: license.Active, ExpiresAt: at(5), GraceUntil: at(12)}, "Active, but paid only until 5 March 2026", "It still runs until 12 March 2026. Pay the open invoice so that it goes on."},
		"expired":           {license.License{Status: license.Expired, ExpiresAt: at(5)}, "Expired on 5 March 2026", "Installed software is told so"},
		"payment":           {license.License{Status: license.Suspended, Holds: held(license.HoldPayment)}, "Suspended, because a payment is missing", "Pay the open invoice"},
		"staff":             {license.License{Status: license.Suspended, Holds: held(license.HoldStaff)}, "Suspended by Northwind", "Write to us"},
		"dispute":           {license.License{Status: license.Suspended, Holds: held(license.HoldDispute)}, "Suspended, because a payment for it is disputed", "Your bank"},
		"two reasons":       {license.License{Status: license.Suspended, Holds: held(license.HoldPayment, license.HoldStaff)}, "Suspended by Northwind", "further reason"},
		"time ran out":      {license.License{Status: license.Suspended, GraceUntil: at(9)}, "Suspended, because a payment is missing", "Pay the open invoice"},
		"revoked":           {license.License{Status: license.Revoked}, "Revoked", "Write to us"},
		"cancelled":         {license.License{Status: license.Cancelled}, "Cancelled", "Write to us"},
		"status unheard of": {license.License{Status: "odd"}, "odd", ""},
	} {
		sentence, todo := standing(p, c.l)
		if sentence != c.sentence {
			t.Errorf("%s: %q, want %q", name, sentence, c.sentence)
		}
		said := ""
		if todo != nil {
			said = todo.Title + " " + todo.Text
		}
		if (c.todo == "") != (todo == nil) || !strings.Contains(said, c.todo) || strings.Contains(said, "internal remark") {
			t.Errorf("%s: %q, want %q", name, said, c.todo)
		}
	}
}

func TestSuspendedLicense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Marie", "tool")
	ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ada"})
	must(b.Licenses.PlaceHold(ctx, e.license.ID, license.HoldStaff, "looks like a thief"))(t)
	br := b.signedIn(e.owner)
	br.get("/account/licenses").says("Suspended by Keystead").hides("thief")
	br.get("/account/licenses/"+e.license.ID).says("We have suspended this license", "the license must be active").hides("thief", "Ada", "/files/")
}
