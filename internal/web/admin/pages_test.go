package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/staff"
)

// maxPage is the size that no page may have.
const maxPage = 100_000

// sound fails the test unless a page keeps the rules of pages.
func (r reply) sound() reply {
	r.Helper()
	if len(r.Body) >= maxPage {
		r.Errorf("%s has %d bytes", r.what, len(r.Body))
	}
	ids, labelled, headings := map[string]bool{}, map[string]bool{}, 0
	for n := range r.elements() {
		if n.Data == "label" {
			for _, at := range n.Attr {
				if at.Key == "for" {
					labelled[at.Val] = true
				}
			}
		}
	}
	for n := range r.elements() {
		if n.Data == "h1" {
			headings++
		}
		if n.Data == "style" || n.Data == "x-evil" || (n.Data == "script" && n.FirstChild != nil) {
			r.Errorf("%s has an element %s", r.what, n.Data)
		}
		id, kind, named := "", "", false
		for _, at := range n.Attr {
			switch {
			case at.Key == "style", strings.HasPrefix(at.Key, "on"):
				r.Errorf("%s has an attribute %s", r.what, at.Key)
			case at.Key == "id":
				if ids[at.Val] {
					r.Errorf("%s has two elements with the id %s", r.what, at.Val)
				}
				id, ids[at.Val] = at.Val, true
			case at.Key == "type":
				kind = at.Val
			case at.Key == "aria-label", at.Key == "aria-labelledby":
				named = true
			case (at.Key == "href" || at.Key == "src") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(at.Val)), "javascript:"):
				r.Errorf("%s leads to %s", r.what, at.Val)
			}
		}
		if slices.Contains([]string{"input", "select", "textarea"}, n.Data) && kind != "hidden" && !named && !labelled[id] && (n.Parent == nil || n.Parent.Data != "label") {
			r.Errorf("%s has a %s %q without a label", r.what, n.Data, id)
		}
	}
	if headings != 1 {
		r.Errorf("%s has %d first headings", r.what, headings)
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		r.Errorf("%s: policy %q", r.what, csp)
	}
	return r
}

func TestEmptyPages(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	for _, role := range staff.Roles() {
		br := b.as(b.colleague("Me", role))
		for _, rt := range b.area.routes() {
			method, path, _ := strings.Cut(rt.pattern, " ")
			if method != http.MethodGet || rt.access != signedIn || strings.Contains(path, "{") || strings.HasSuffix(path, ".csv") || strings.Contains(path, "/bulk") || path == "/admin/charges/release" || path == "/admin/recovery/confirm" || (rt.needs != "" && !role.Can(rt.needs)) {
				continue
			}
			page := br.get(path).is(200).sound()
			for _, to := range page.targets() {
				if !b.mayOpen(role, to.method, to.path) {
					t.Errorf("%s, as %s, leads to %s %s, which is refused", page.what, role, to.method, to.path)
				}
			}
		}
	}
}

func TestFullPages(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	b.newTill(&e, "Widget")
	must(b.Licenses.LiftHold(t.Context(), e.license.ID, license.HoldStaff, license.LiftInput{Why: "many"}))(t)
	for i := range 3 * perPage {
		c := must(b.Customers.Create(t.Context(), customer.Input{Email: fmt.Sprintf("c%d@example.com", i), Name: fmt.Sprintf("Customer %d", i)}))(t)
		must(b.Orders.Place(t.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}, Kind: order.Test, Reason: "many"}))(t)
		must(b.Orders.Place(t.Context(), order.Input{CustomerID: e.customer.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}}))(t)
		must(b.Licenses.AddActivation(t.Context(), e.license.ID, license.AddInput{Identifier: fmt.Sprintf("machine-%d", i), Override: true, Why: "many"}))(t)
		must(b.Releases.Create(t.Context(), release.Input{ProductID: e.product.ID, Version: fmt.Sprintf("2.0.%d", i), Publish: true}))(t)
	}
	br := b.owner()
	for _, page := range br.everyPage(e) {
		page.sound()
	}
	for _, path := range []string{"/admin/licenses", "/admin/customers?sort=name", "/admin/customers?sort=-created_at", "/admin/orders?status=completed", "/admin/invoices?status=paid", "/admin/events", "/admin/audit", "/admin/licenses?sort=expires_at&near_limit=1"} {
		seen, pages := map[string]bool{}, 0
		for path != "" {
			page := br.get(path).is(200).sound()
			if pages++; seen[path] || pages > 60 {
				t.Fatalf("paging goes round at %s", path)
			}
			seen[path] = true
			path = page.next()
		}
		if pages < 2 && !strings.Contains(anyOf(seen), "near_limit") {
			t.Errorf("one page only: %v", seen)
		}
	}
	br.get("/admin/search?q=" + e.license.Key).to("/admin/licenses/" + e.license.ID)
	br.get("/admin/search?q=ADA@example.com").to("/admin/customers/" + e.customer.ID)
	br.get("/admin/search?q=" + strings.ToLower(e.invoice.Number)).to("/admin/invoices/" + e.invoice.ID)
	br.get("/admin/search?q=" + e.release.ID).to("/admin/releases/" + e.release.ID)
	br.get("/admin/search?q=customer").is(200).sound().says("Customers")
	br.get("/admin/search?q=lic").is(200) // the beginning of something, not an id
	br.get("/admin/search?q=inv").is(200)
	br.get("/admin/search?q=lic_../../x").is(200)
	br.get("/admin/invoices/"+e.invoice.ID+"/print").is(200).says(e.invoice.Number, "Widget", "€49.00").hides("Record a payment", "Story", "Revoke")
	br.get("/admin/licenses/"+e.license.ID).says("Activation added", "added beyond the limit", "Rejected attempts")
}

func anyOf(seen map[string]bool) string {
	for p := range seen {
		return p
	}
	return ""
}

// next is the next page of a list.
func (r reply) next() string {
	_, rest, _ := strings.Cut(r.Body, `rel="next" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	return strings.ReplaceAll(href, "&amp;", "&")
}

// Texts as people may write them who mean no good, or only write another script.
func TestHostilePages(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"script":      `"'><x-evil onclick=evil() style=evil><script>alert(1)</script>&{{.}}` + strings.Repeat(`"`, 60),
		"one word":    strings.Repeat("Donaudampfschifffahrt", 12),
		"rightToLeft": strings.Repeat("מפתח רישיון לתוכנה ", 13) + "׀",
		"many words":  strings.TrimSpace(strings.Repeat("word ", 51)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupTestMode(t)
			e := b.newEstate(strings.TrimSpace(text))
			b.newTill(&e, strings.TrimSpace(text))
			must(b.Licenses.LiftHold(t.Context(), e.license.ID, license.HoldStaff, license.LiftInput{Why: "room"}))(t)
			for i := range activationsShown {
				must(b.Licenses.AddActivation(t.Context(), e.license.ID, license.AddInput{Identifier: fmt.Sprint(i) + string([]rune(e.act.Name)[:100]), Name: e.act.Name, Override: true, Why: e.act.Name}))(t)
			}
			br := b.owner()
			must(b.Staff.Update(t.Context(), must(b.Staff.List(t.Context()))(t)[0].ID, staff.Patch{Name: &e.customer.Name}))(t)
			for _, page := range br.everyPage(e) {
				page.sound().hides("<x-evil", "<script>alert")
			}
			br.post("/admin/customers/" + e.customer.ID + "/link").is(200).sound().hides("<x-evil")
			br.post("/admin/people/" + e.member.ID + "/link").is(200).sound().hides("<x-evil")
			br.post("/admin/licenses/bulk", "act", "extend", "id", e.license.ID).is(200).sound().hides("<x-evil")
			for _, path := range []string{"/admin/search?q=", "/admin/licenses?q=", "/admin/licenses?product_id=", "/admin/customers?q=", "/admin/orders?q=", "/admin/invoices?q=", "/admin/events?type=", "/admin/audit?actor_id=", "/admin/orders?customer_id="} {
				if r := br.get(path + strings.NewReplacer(" ", "+", "&", "%26", "<", "%3C", "\"", "%22", "{", "%7B").Replace(text)); r.Status >= 500 {
					t.Errorf("%s = %d", r.what, r.Status)
				} else {
					r.sound().hides("<x-evil", "<script>alert")
				}
			}
			for _, form := range [][]string{
				{"/admin/customers", "email", text, "name", text, "country", text, "currency", text, "time_zone", text},
				{"/admin/products", "name", text, "slug", text, "key.length", text},
				{"/admin/orders", "email", text, "price", text, "quantity", text, "kind", text, "reason", text},
				{"/admin/people", "name", text, "email", text, "role", text},
				{"/admin/tokens", "name", text, "expires", text, "scope", text},
				{"/admin/settings", "store.name", text, "store.currency", text, "limits.exempt", text},
				{"/admin/me", "name", "", "time_zone", text},
				{"/admin/sign-in", "email", text, "password", text, "next", text},
				{"/admin/licenses/" + e.license.ID, "status", text, "activation_limit", text, "expires_at", text, "entitlements", text},
				{"/admin/products/" + e.product.ID + "/releases", "version", text, "channel", text, "released_on", text, "notes", text},
			} {
				br.post(form[0], form[1:]...).is(422).sound().hides("<x-evil", "<script>alert")
			}
		})
	}
}

// A page that says something once says it on the next page, as text.
func TestFlash(t *testing.T) {
	t.Parallel()
	br := setup(t).owner()
	to := br.post("/admin/customers", "email", "ada@example.com", "name", `<x-evil>Ada`).leads()
	br.get(to).is(200).says("&lt;x-evil&gt;Ada was created").hides("<x-evil")
	br.get(to).hides("was created")
	for _, planted := range []string{"x", "c3VjY2Vzcw", "ZXZpbDp4"} {
		br.cookies[flash.Name] = planted
		br.get("/admin").is(200)
	}
}

// What only takes a POST leads back when it is opened; another verb is told which there are.
func TestOtherVerbs(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Thing")
	b.newTill(&e, "Thing")
	br := b.owner()
	pages := map[string]bool{}
	for _, rt := range b.area.routes() {
		pages[rt.pattern] = true
	}
	for _, rt := range b.area.routes() {
		method, path := e.path(rt.pattern)
		if method != http.MethodPost || pages["GET "+strings.TrimPrefix(rt.pattern, "POST ")] || rt.access == anyone {
			continue
		}
		for range 3 {
			r := br.get(path)
			if r.Status != http.StatusSeeOther {
				r.is(http.StatusOK)
				break
			}
			path = r.leads()
		}
	}
	for path, want := range map[string]string{
		"/admin/customers/" + e.customer.ID + "/link": "/admin/customers/" + e.customer.ID, "/admin/plans/" + e.plan.ID: "/admin/plans/" + e.plan.ID + "/edit",
		"/admin/automation/run": "/admin/automation", "/admin/me/totp/confirm": "/admin/me", "/admin/licenses/bulk/do": "/admin/licenses",
		"/admin/licenses/" + e.license.ID + "/activations": "/admin/licenses/" + e.license.ID + "/activations/new",
	} {
		br.get(path).to(want)
		br.send(http.MethodHead, path, nil).to(want)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		r := br.send(method, "/admin/customers/"+e.customer.ID, nil).is(405).says("<h1>Not this way</h1>", `class="face-staff"`)
		if allow := r.Header.Get("Allow"); allow != "GET, HEAD, POST" {
			t.Errorf("Allow: %s", allow)
		}
	}
	if r := br.post("/admin/events").is(405).sound(); r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow: %s", r.Header.Get("Allow"))
	}
	for _, path := range []string{"/admin", "/admin/licenses", "/admin/licenses/" + e.license.ID, "/admin/sign-in"} {
		br.send(http.MethodHead, path, nil).is(200)
	}
	br.get("/admin/nothing/here").is(404).sound().says("There is no such page", `class="face-staff"`)
	for _, path := range []string{"licenses/lic_none", "customers/cus_none", "orders/ord_none", "invoices/inv_none", "invoices/inv_none/print", "products/prd_none", "products/prd_none/releases/new", "plans/pln_none/edit", "prices/prc_none/edit", "releases/rel_none", "people/stf_none"} {
		br.get("/admin/" + path).is(404).sound().says(`class="face-staff"`)
	}
}

// Who did something is called by name, wherever it is told.
func TestStoriesNameThePeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	to := br.post("/admin/customers", "email", "ada@example.com", "name", "Ada").leads()
	br.get(to).says("Customer created", "Grace Hopper").hides("Staff stf_")
	br.get("/admin/events").says("Grace Hopper").hides("Staff stf_")
	br.get("/admin/audit").says("Grace Hopper", "Signed in").hides("Staff stf_")
	br.get("/admin").says("Grace Hopper").hides("Staff stf_")
}

func TestFailedDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	e := b.newEstate("Widget")
	page := br.get("/admin").is(200).says("Paid but not delivered: ")
	_, rest, _ := strings.Cut(page.Body, `href="/admin/invoices/inv_`)
	id, _, _ := strings.Cut(rest, `"`)
	invoice := "/admin/invoices/inv_" + id
	line := must(b.Billing.ByID(t.Context(), "inv_"+id))(t).Lines[0].ID
	br.get(invoice).is(200).says("was paid but could not be delivered", "Try again now")
	b.rooms.Broken = errors.New("no keys today")
	br.post(invoice + "/lines/" + line + "/retry").to(invoice)
	br.get(invoice).says("It failed again")
	b.rooms.Broken = nil
	br.post(invoice + "/lines/" + line + "/retry").to(invoice)
	br.get(invoice).says("Delivered", "Issued a license").hides("could not be delivered")
	br.get("/admin").hides("Paid but not delivered")
	b.clock.Advance(48 * time.Hour)
	br.post("/admin/automation/run").to("/admin/sign-in") // the session is over
	_ = e
}

func TestPaymentsOfAnInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	e := b.newEstate("Widget")
	invoice := "/admin/invoices/" + e.invoice.ID
	line := invoice + "/lines/" + e.invoice.Lines[0].ID
	br.post(invoice+"/payments", "amount", "a lot", "reference", "R-1", "received_on", "2026-03-01").is(422).says("is not an amount", `value="a lot"`, `value="R-1"`)
	br.post(invoice+"/payments", "amount", "1.00", "reference", "", "received_on", "2026-03-01").is(422).says(`aria-invalid="true"`)
	br.post(invoice+"/payments", "amount", "-1.00", "reference", "R-1", "received_on", "2026-03-01").is(422).says(`aria-invalid="true"`)
	br.post(invoice+"/payments", "amount", "1.00", "reference", "R-1", "received_on", "soon").is(422).says("is not a date")
	br.post(line+"/revoke").is(422).says("is required", "stays on the invoice")
	br.post(line+"/revoke", "why", "not this one").to(invoice)
	br.get(invoice).says("Revoked", "Issues no license", "Restore")
	br.post(line + "/restore").to(invoice)
	br.post(invoice+"/payments", "amount", "8.00", "reference", "R-1", "received_on", "2026-02-27").to(invoice)
	br.get(invoice).says("€40.00 is still open")
	br.post(invoice+"/payments", "amount", "9.00", "reference", "R-1", "received_on", "2026-02-27").is(422).says(`value="9.00"`) // another amount under the same reference
	br.post(invoice+"/payments", "amount", "60.00", "reference", "R-2", "received_on", "2026-03-01").to(invoice)
	br.get(invoice).says("The invoice is paid", "€20.00 became credit")
	if c := must(b.Customers.ByID(t.Context(), e.customer.ID))(t); c.CreditIn("EUR") != money.New(2000, "EUR") {
		t.Errorf("credit %v", c.Credit)
	}
	br.post(invoice+"/payments", "amount", "1.00", "reference", "R-3", "received_on", "2026-03-01")
	must(b.Payments.Record(t.Context(), e.sold.InvoiceID, payment.Manual{Money: e.sold.Total, Reference: "Widget"}))(t) // the same again
}
