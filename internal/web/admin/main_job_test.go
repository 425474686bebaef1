package admin

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/release"
)

// From nothing to a license in use, by forms alone; and each form says what is wrong with what was typed.
// upload sends a file.
func (br *browser) upload(path, field, name, content string) reply {
	br.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	part := must(parts.CreateFormFile(field, name))(br.T)
	must(part.Write([]byte(content)))(br.T)
	must(0, parts.Close())(br.T)
	return br.send(http.MethodPost, path, &body, "Content-Type: "+parts.FormDataContentType())
}

func TestMainJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	const wrong = `aria-invalid="true"`

	br.post("/admin/products", "name", "", "slug", "Not a slug", "key.length", "many").is(422).says(wrong, `value="Not a slug"`, `value="many"`, "is not a whole number")
	br.post("/admin/products", "name", "Widget", "slug", "Not a slug").is(422).says(wrong, `value="Widget"`)
	product := br.post("/admin/products", "name", "Widget", "slug", "widget", "requires_license", "on", "self_removal", "on").leads()
	br.get(product).is(200).says("Widget was created. Next: a plan.", "No plan yet")
	br.post("/admin/products", "name", "Widget", "slug", "widget").is(422).says(wrong)
	br.post(product, "name", "", "requires_license", "on").is(422).says(wrong)
	br.post(product, "name", "Widget", "requires_license", "on", "self_removal", "on", "self_removals_per_30d", "3").to(product)

	br.post(product+"/plans", "name", "", "activation_limit", "few", "activation_type", "device", "entitlements", "a = 1\na = 2").is(422).says(wrong, "is not a whole number", "names a twice", `value="few"`, "a = 1\na = 2")
	priceForm := br.post(product+"/plans", "name", "Solo", "activation_limit", "1", "activation_type", "device", "entitlements", "feature.sso\nprojects.max = 5").leads()
	plan := strings.TrimSuffix(priceForm, "/prices/new")
	br.get(priceForm).is(200).says("Solo was created. Next: its price.")
	br.get(plan + "/edit").is(200).says("feature.sso = true\nprojects.max = 5")
	br.post(plan, "name", "", "activation_limit", "1").is(422).says(wrong)
	br.post(plan, "name", "Solo", "activation_limit", "2", "entitlements", "projects.max = 6").to(product)

	br.post(plan+"/prices", "cycle", "one_time", "amount", "much", "currency", "EUR", "count", "some", "unit", "year").is(422).says("is not an amount", "is not a whole number", `value="much"`, `value="some"`)
	br.post(plan+"/prices", "cycle", "one_time", "amount", "49.00", "currency", "???").is(422).says("is not a currency code")
	br.post(plan+"/prices", "cycle", "one_time", "amount", "-1.00", "currency", "EUR").is(422).says(wrong)
	br.post(plan+"/prices", "cycle", "one_time", "amount", "49.00", "currency", "eur", "count", "1", "unit", "year").to(product)
	page := br.get(product).is(200).says("€49.00, for 1 year")
	price := regexp.MustCompile(`/admin/prices/prc_\w+`).FindString(page.Body)
	br.post(price, "amount", "", "currency", "EUR").is(422).says(wrong, "Make the next version")
	br.post(price, "amount", "59.00", "currency", "EUR", "count", "1", "unit", "year").to(product)
	page = br.get(product).says("Solo now costs €59.00, for 1 year.")
	price = regexp.MustCompile(`/admin/prices/(prc_\w+)/edit`).FindStringSubmatch(page.Body)[1]

	br.post("/admin/customers", "email", "nobody", "name", "", "country", "Germany", "currency", "Mark", "time_zone", "Berlin").is(422).says(`value="nobody"`, `value="Germany"`, `value="Mark"`, `value="Berlin"`, wrong)
	ada := br.post("/admin/customers", "email", "ada@example.com", "name", "Ada Lovelace").leads()
	br.post("/admin/customers", "email", "ADA@example.com", "name", "Ada again").is(422).says(wrong, `value="ADA@example.com"`)
	br.post(ada, "email", "ada@example.com", "name", "").is(422).says(wrong)
	br.post(ada, "email", "ada@example.com", "name", "Ada King", "country", "GB").to(ada)

	br.get("/admin/orders/new?customer="+strings.TrimPrefix(ada, "/admin/customers/")).says(`value="ada@example.com"`, "Widget, Solo: €59.00")
	br.post("/admin/orders", "email", "eve@example.com", "price", price, "quantity", "1", "kind", "sale").is(422).says("No customer has this address")
	br.post("/admin/orders", "email", "ada@example.com", "price", price, "quantity", "a few", "kind", "sale").is(422).says("is not a whole number", `value="a few"`)
	br.post("/admin/orders", "email", "ada@example.com", "price", "", "quantity", "1", "kind", "sale").is(422).says(wrong)
	br.post("/admin/orders", "email", "ada@example.com", "price", price, "quantity", "0", "kind", "sale").is(422).says(wrong)
	br.post("/admin/orders", "email", "ada@example.com", "price", price, "quantity", "1", "kind", "complimentary").is(422).says(wrong, "give something away")
	gift := br.post("/admin/orders", "email", "ada@example.com", "price", price, "quantity", "1", "kind", "complimentary", "reason", "a friend").leads()
	br.get(gift).is(200).says("placed and delivered", "a friend", "Completed")
	dropped := br.post("/admin/orders", "email", "ada@example.com", "price", price, "quantity", "1", "kind", "sale").leads()
	pending := regexp.MustCompile(`/admin/orders/ord_\w+`).FindString(br.get(dropped).Body)
	br.get(pending + "/cancel").is(200).sound().says("becomes void")
	br.post(pending+"/cancel", "why", " ").is(422).sound().says("is required", "becomes void")
	br.post(pending+"/cancel", "why", "changed their mind").to(pending)
	br.post(pending+"/cancel", "why", "again").is(409).says("That did not work")

	invoice := br.post("/admin/orders", "email", "ada@example.com", "price", price, "quantity", "1", "kind", "sale").leads()
	br.post(invoice+"/payments", "amount", "59.00", "reference", "statement 1", "received_on", "2026-03-01").to(invoice)
	page = br.get(invoice).is(200).says("€59.00 recorded. The invoice is paid.", "Issued a license")
	l := regexp.MustCompile(`/admin/licenses/lic_\w+`).FindString(page.Body)
	id := strings.TrimPrefix(l, "/admin/licenses/")
	br.get(l).is(200).says("Active", "Ada King", "1 Mar 2027", "0 <span class=\"faint\">of 2")

	br.get(l + "/suspend").is(200).sound().says("Suspend this license?")
	br.post(l+"/suspend", "why", "").is(422).sound().says("is required", "Suspend this license?")
	br.post(l+"/suspend", "why", strings.Repeat("x", 20_000)).is(422).says(strings.Repeat("x", 20_000), wrong)
	br.post(l+"/suspend", "why", "asked for it").to(l)
	br.get(l).says("Suspended by staff", "asked for it", "Lift suspension", "Grace Hopper").hides(">Suspend<")
	br.post(l+"/lift", "why", "").is(422).says("is required")
	br.post(l+"/lift", "why", "all is well").to(l)
	br.get(l).says("The license is active", "Suspension by staff lifted")

	br.post(l+"/activations", "identifier", "", "name", "Laptop").is(422).says(wrong, `value="Laptop"`)
	for i := range 2 {
		br.post(l+"/activations", "identifier", fmt.Sprintf("machine-%d", i)).to(l)
	}
	br.post(l+"/activations", "identifier", "machine-2").is(422).says(`value="machine-2"`, `role="alert"`)
	br.post(l+"/activations", "identifier", "machine-2", "override", "on", "why", "for a week").to(l)
	page = br.get(l).says("machine-2", "added beyond the limit", "3 <span class=\"faint\">of 2", "(override)")
	remove := regexp.MustCompile(`/admin/licenses/\w+/activations/act_\w+/remove`).FindString(page.Body)
	br.get(remove).is(200).sound().says("2 of 2 activations remain in use")
	br.post(remove).is(422).sound().says("is required")
	br.post(remove, "why", "sold").to(l)
	br.get(l).says("The activation was removed", "2 <span class=\"faint\">of 2")
	br.post(remove, "why", "again").is(404)

	br.post(l, "status", "active", "activation_limit", "x", "expires_at", "some day", "entitlements", "a\na", "reason", "").is(422).
		says(`value="x"`, `value="some day"`, "is not a whole number", "is not a date such as", "names a twice", "is required")
	br.post(l, "status", "active", "activation_limit", "1", "expires_at", "2028-01-01 00:00", "entitlements", "projects.max = 9", "reason", "agreed").to(l)
	br.get(l).says("1 Jan 2028", "2 <span class=\"faint\">of 1", "projects.max = 9", "Some are this license", "agreed")
	if got := must(b.Licenses.ByID(t.Context(), id))(t); got.ActivationLimit != 1 || got.ActivationsUsed != 2 || got.Status != license.Active {
		t.Errorf("%+v", got)
	}

	both := []string{"id", id, "id", must(b.Orders.ByID(t.Context(), strings.TrimPrefix(gift, "/admin/orders/")))(t).LicenseIDs[0]}
	bulk := func(path string, more ...string) reply { return br.post(path, append(more, both...)...) }
	br.post("/admin/licenses/bulk", "act", "suspend").to("/admin/licenses")
	br.get("/admin/licenses").says("Choose licenses first")
	bulk("/admin/licenses/bulk", "act", "destroy").is(422)
	bulk("/admin/licenses/bulk", "act", "extend").is(200).sound().says("Extend 2 licenses", "Nothing has happened yet")
	bulk("/admin/licenses/bulk", "act", "lift").is(200).sound().says("Lift the suspension of 0 licenses", "2 licenses stay unchanged")
	bulk("/admin/licenses/bulk/do", "act", "extend", "count", "0", "unit", "month", "reason", "").is(422).sound().says(wrong, "is required")
	bulk("/admin/licenses/bulk/do", "act", "suspend", "reason", "  ").is(422).sound().says("is required")
	bulk("/admin/licenses/bulk/do", "act", "suspend", "reason", strings.Repeat("x", 20_000)).is(422).sound().says(wrong)
	bulk("/admin/licenses/bulk/do", "act", "extend", "count", "2", "unit", "month", "reason", "the outage").to("/admin/licenses")
	br.get("/admin/licenses").says("2 licenses were extended")
	if got := must(b.Licenses.ByID(t.Context(), id))(t); got.ExpiresAt == nil || !got.ExpiresAt.Equal(time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("extended to %v", got.ExpiresAt)
	}
	br.get(l).says("the outage")
}

func TestOtherForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	const wrong = `aria-invalid="true"`
	br.post("/admin/tokens", "name", "", "expires", "soon").is(422).says("is not a date", `value="soon"`)
	br.post("/admin/tokens", "name", "shop").is(422).says("Scopes: ", `value="shop"`)
	br.post("/admin/tokens", "name", "shop", "scope", "licenses:fly").is(422)
	br.post("/admin/tokens", "name", "shop", "scope", "licenses:read", "scope", "sales:read").is(200).sound().says("kst_", "shown only this once")
	revoke := regexp.MustCompile(`/admin/tokens/tok_\w+/revoke`).FindString(br.get("/admin/tokens").says("licenses:read, sales:read").Body)
	br.get(revoke).is(200).sound()
	br.post(revoke).to("/admin/tokens")
	br.get("/admin/tokens").says("was revoked", "Revoked")

	br.post("/admin/people", "name", "", "email", "bob", "role", "king").is(422).says(wrong, `value="bob"`)
	br.post("/admin/people", "name", "Bob", "email", "bob@example.com", "role", "support").is(200)
	br.post("/admin/people", "name", "Bob", "email", "BOB@example.com", "role", "support").is(422).says(wrong)
	bob := regexp.MustCompile(`/admin/people/stf_\w+">[^<]*Bob`).FindString(br.get("/admin/people").says("Invited").Body)
	bob, _, _ = strings.Cut(bob, `"`)
	br.post(bob, "name", "", "role", "support").is(422).says(wrong)
	br.post(bob, "name", "Robert", "role", "billing").to("/admin/people")
	br.get("/admin/people").says("Robert", "Billing")
	br.post(bob + "/disable").to(bob)
	br.get(bob).says("Disabled", "Let in again")
	br.post(bob + "/enable").to(bob)
	me := regexp.MustCompile(`/admin/people/stf_\w+">[^<]*Grace`).FindString(br.get("/admin/people").Body)
	me, _, _ = strings.Cut(me, `"`)
	br.post(me, "name", "Grace", "role", "support").is(422) // a store keeps an owner
	br.post(me + "/disable").is(409).says("That did not work")

	br.post("/admin/me", "name", "", "time_zone", "Moon").is(422).says(wrong, `value="Moon"`)
	br.post("/admin/me", "name", "Grace Hopper", "time_zone", "Asia/Tokyo").to("/admin/me")
	br.get("/admin").says("Grace Hopper")

	settings := []string{"store.name", "Shop", "store.time_zone", "Moon", "store.currency", "EUR", "limits.per_minute", "x", "limits.exempt", "nowhere"}
	br.post("/admin/settings", settings...).is(422).sound().says(wrong, `value="Moon"`, `value="x"`, "nowhere")
	settings[3], settings[7], settings[9] = "Europe/Berlin", "70", "10.0.0.0/8"
	br.post("/admin/settings", settings...).to("/admin/settings")
	br.get("/admin/settings").says("The settings were saved", `value="70"`, "10.0.0.0/8", `value="Shop"`)
}

func TestFormsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	huge := "email=" + strings.Repeat("x", maxForm)
	b.browser().send(http.MethodPost, "/admin/sign-in", strings.NewReader(huge), formType).is(413)
	b.owner().send(http.MethodPost, "/admin/customers", strings.NewReader(huge), formType).is(413).sound().says("Too much at once", `class="face-staff"`)
}

func TestReleases(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	product := br.post("/admin/products", "name", "Widget", "slug", "widget", "requires_license", "on").leads()
	br.post(product+"/releases", "version", "two", "channel", "stable", "released_on", "2026-03-01", "notes", "<b>new</b>").is(422).says(`value="two"`, "&lt;b&gt;new", `aria-invalid="true"`)
	br.post(product+"/releases", "version", "2.0.0", "channel", "stable", "released_on", "today").is(422).says("is not a date")
	rel := br.post(product+"/releases", "version", "2.0.0", "channel", "stable", "released_on", "2026-02-28", "notes", "All new").leads()
	br.get(rel).is(200).sound().says("Draft", "No file yet", "28 Feb 2026")
	br.get(product).sound().hides("Versions without a release")
	for _, version := range []string{"2.0.0", "3.0.0-beta.1"} {
		if err := b.Releases.NoteUnknown(t.Context(), strings.TrimPrefix(product, "/admin/products/"), must(release.ParseVersion(version))(t)); err != nil {
			t.Fatal(err)
		}
	}
	br.get(product).sound().says("Versions without a release", "3.0.0-beta.1")
	upload := func(field, name, content string) reply { return br.upload(rel+"/files", field, name, content) }
	br.post(rel + "/files").is(400).says("This form sends a file")
	upload("file", "", "").to(rel)
	upload("other", "x.zip", "x").to(rel)
	br.get(rel).says("Choose a file first")
	br.send(http.MethodPost, rel+"/files", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.zip\"\r\n\r\nhalf"), "Content-Type: multipart/form-data; boundary=b").hides("was added")
	upload("file", "widget.zip", "the widget").to(rel)
	br.get(rel).says("widget.zip was added", "10")
	upload("file", "widget.zip", "another").sound()
	upload("file", "../../etc/passwd", "x").hides("../..")
	upload("file", `"><x-evil>.zip`, "x")
	br.get(rel).sound().hides("<x-evil")
	br.post(rel + "/publish").to(rel)
	br.get(rel).says("2.0.0 is published", "Take back")
	br.post(rel + "/unpublish").to(rel)
	br.get(rel).says("is a draft again")
}

func TestCSV(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	for i, name := range []string{"=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(A1)", `Quote "and", comma`, "Ünïcode", "<script>alert(1)</script>"} {
		c := must(b.Customers.Create(t.Context(), customer.Input{Email: fmt.Sprintf("c%d@example.com", i), Name: name, Company: name}))(t)
		must(b.Orders.Place(t.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}, Kind: order.Test, Reason: name}))(t)
		must(b.Orders.Place(t.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}}))(t)
	}
	br := b.owner()
	for path, want := range map[string]int{"/admin/licenses.csv": 9, "/admin/customers.csv": 8, "/admin/orders.csv": 18, "/admin/invoices.csv": 18, "/admin/customers.csv?q=nobody": 0, "/admin/licenses.csv?customer_id=" + e.customer.ID: 2} {
		r := br.get(path).is(200)
		if r.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), `attachment; filename="`) || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, r.Header)
		}
		rows, err := csv.NewReader(strings.NewReader(r.Body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != want+1 {
			t.Errorf("%s has %d rows, want %d", path, len(rows)-1, want)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("%s has the formula %q", path, cell)
				}
			}
		}
	}
	br.get("/admin/customers.csv").says(`"'=HYPERLINK(""http://evil"")"`, `"Quote ""and"", comma"`)
	br.get("/admin/licenses.csv?status=nonsense").sound().hides("text/csv")
}
