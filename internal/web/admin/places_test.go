package admin

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/staff"
)

// checked logs a check of a license that was refused, in which software says text of itself.
func (b *bundle) checked(l license.License, text string) {
	b.Helper()
	err := b.Counts.Count(b.Context(), index.Check{
		LicenseID: l.ID, At: b.clock.Now(), Result: license.WrongDomain, Identifier: text, Domain: text, PlaceIP: "192.0.2.7", Directory: text, Version: text, UserAgent: text,
	})
	must(0, err)(b.T)
}

// fillIn sends the form of a page that leads to action, with some fields typed over.
func (br *browser) fillIn(page, action string, typed ...string) reply {
	br.Helper()
	return br.sends(action, br.get(page).is(200).form(action, typed...))
}

func TestPlacesOfALicense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Thing")
	must(b.Licenses.LiftHold(b.Context(), e.license.ID, license.HoldStaff, license.LiftInput{}))(t)
	b.rooms.Index.Start()
	br := b.owner()
	edit := "/admin/products/" + e.product.ID + "/edit"
	br.get(edit).is(200).says("The domain must match", "It shares a secret")
	br.fillIn(edit, "/admin/products/"+e.product.ID, "enforce_domain", "on", "max_reissues", "2", "private_suffixes", "dev.example.com\r\nlab.example.com", "pack_name", "Care", "check_secret", "s3cret", "public_check", "on").to("/admin/products/" + e.product.ID)
	p := must(b.Catalog.Product(b.Context(), e.product.ID))(t)
	if want := (catalog.Bindings{EnforceDomain: true, SelfReissue: true, MaxReissues: 2}); p.Bindings != want || len(p.PrivateSuffixes) != 2 || p.PackName != "Care" || !p.HasCheckSecret || !p.PublicCheck {
		t.Errorf("product: %+v", p)
	}
	br.get("/admin/products/"+p.ID).says("2 times for one license", "/verify/widget", "Answered").hides("s3cret")
	br.get(edit).says("One is set").hides("s3cret")
	br.fillIn(edit, "/admin/products/"+p.ID, "no_check_secret", "on").to("/admin/products/" + p.ID)
	if p = must(b.Catalog.Product(b.Context(), e.product.ID))(t); p.HasCheckSecret || !p.PublicCheck {
		t.Errorf("product: %+v", p)
	}

	place := "/admin/licenses/" + e.license.ID
	from := func(domain string) check.Answer {
		t.Helper()
		return must(b.rooms.Checks.Check(b.Context(), check.Request{Key: e.license.Key, Place: license.Place{Domain: domain}}))(t)
	}
	if !from("one.example.com").Valid || from("two.example.com").Valid {
		t.Fatal("the first check does not bind")
	}
	br.get(place).says("one.example.com", "Must match", "two.example.com", "Wrong domain", "Bound to a place", "0 of 2")
	br.get(place + "/reissue").is(200)
	br.post(place+"/reissue", "why", "").is(422)
	br.post(place+"/reissue", "why", "a new server").to(place)
	br.get(place).says("Open", "1 of 2", "a new server", "Bound place cleared")
	if !from("two.example.com").Valid {
		t.Error("the next check does not bind anew")
	}
	br.get(place + "/places").is(200).says("two.example.com")
	br.fillIn(place+"/places", place+"/places", "domains", "*.example.com\r\nother.example.net", "ips", "x", "reason", "as agreed").is(422).says("neither an address nor a network", "*.example.com")
	br.sends(place+"/places", br.get(place+"/places").form(place+"/places", "domains", "*.example.com\r\nother.example.net", "ips", "2001:db8::/32", "reissues", "0", "reason", "as agreed")).to(place)
	l := must(b.Licenses.ByID(b.Context(), e.license.ID))(t)
	if strings.Join(l.Bound.Domains, " ") != "*.example.com other.example.net" || strings.Join(l.Bound.IPs, " ") != "2001:db8::/32" || l.Reissues != 0 {
		t.Errorf("license: %+v", l)
	}
}

func TestLogOfChecks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Thing")
	must(0, b.Counts.Count(b.Context(), index.Check{LicenseID: e.license.ID, At: b.clock.Now(), Result: check.Banned, Domain: "far.example.com"}))(t)
	br := b.owner()
	br.get(checksAt).is(200).says("Wrong domain", "Banned", "far.example.com", "192.0.2.7", "Answers other than valid")
	br.get(checksAt + "?result=banned").is(200).says("far.example.com").hides("192.0.2.7")
	br.get(checksAt + "?ip=192.0.2.7&days=7&product_id=" + e.product.ID).is(200).says("192.0.2.7").hides("far.example.com")
	br.get(checksAt + "?license_id=" + e.license.ID).is(200).says("far.example.com")
	br.get(checksAt + "?ip=x").is(200).says("is not an address")
	br.get(checksAt + "?result=revoked").is(200).says("Nothing out of the ordinary")
}

func TestBans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.as(b.colleague("Sam", staff.Support))
	br.get(bansAt).is(200).says("Nothing is banned")
	br.post(bansAt, "kind", "ip", "value", "192.0.2.77/24", "why", "an attack").to(bansAt)
	br.get(bansAt).says("192.0.2.0/24", "an attack")
	br.post(bansAt, "kind", "ip", "value", "example.com", "why", "x").is(422).says("neither an address nor a network")
	br.post(bansAt, "kind", "domain", "value", "a.example.com", "why", "").is(422).says("is required")
	ban := must(b.Licenses.Bans(b.Context()))(t)[0]
	br.get(bansAt + "/" + ban.ID + "/remove").is(200).says("192.0.2.0/24")
	br.post(bansAt + "/" + ban.ID + "/remove").to(bansAt)
	br.post(bansAt + "/" + ban.ID + "/remove").is(404)
	br.get(bansAt).says("Nothing is banned")
}

func TestSigningKeyPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := must(b.Catalog.CreateProduct(b.Context(), catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
	br := b.owner()
	set := must(b.Keys.Of(b.Context(), p.ID))(t)
	one, two := set.Roots[0], set.Roots[1]
	br.get(keysAt(p.ID)).is(200).says("RootKeys: []string{&#34;"+one.PublicKey+"&#34;, &#34;"+two.PublicKey+"&#34;},", "/.well-known/keystead/widget/jwks.json", "Rotate")
	br.get(keysAt(p.ID) + "/rotate").is(200)
	br.post(keysAt(p.ID)+"/rotate", "why", "").is(422)
	br.post(keysAt(p.ID)+"/rotate", "why", "a laptop was lost").to(keysAt(p.ID))

	root := rootAt(p.ID, one.ID)
	br.get(keysAt(p.ID)).hides(root + "/remove")
	br.get(root + "/export").is(200).says("can sign leases")
	file := br.post(root + "/export").is(200)
	if !strings.HasPrefix(file.Body, "-----BEGIN PRIVATE KEY-----") || !strings.Contains(file.Header.Get("Content-Disposition"), "widget-root-1.pem") || file.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("exported: %v %.40s", file.Header, file.Body)
	}
	br.get(keysAt(p.ID)).says(root + "/remove")
	br.get(root + "/remove").is(200)
	br.post(root + "/remove").is(422).says("nothing brings the key back")
	br.post(root+"/remove", "kept", "on").to(keysAt(p.ID))
	br.get(keysAt(p.ID)).says("Off this server").hides(root + "/export")
	br.get(root + "/export").is(404)

	br.get("/admin/products/" + p.ID + "/roots/use").is(200)
	br.post("/admin/products/"+p.ID+"/roots/use", "root", "nonsense").is(422).says("is not in PEM").hides("nonsense")
	br.post("/admin/products/"+p.ID+"/roots/use", "root", file.Body).to(keysAt(p.ID))

	// Who sells may look, and touches no key.
	seller := b.as(b.colleague("Bill", staff.Billing))
	seller.get(keysAt(p.ID)).is(200).says(two.PublicKey).hides("/rotate", "/export")
	seller.post(rootAt(p.ID, two.ID) + "/export").is(403)
}

func TestPlanSaysHowSoftwareChecks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := must(b.Catalog.CreateProduct(b.Context(), catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
	br := b.owner()
	form, plansAt := "/admin/products/"+p.ID+"/plans/new", "/admin/products/"+p.ID+"/plans"
	br.fillIn(form, plansAt, "name", "Yearly", "license_type", "leased", "check_interval", "14", "check_grace", "30", "file_days", "365").is(303)
	br.fillIn(form, plansAt, "name", "For good", "support_months", "24").is(303)
	br.fillIn(form, plansAt, "name", "Bad", "check_interval", "often", "support_months", "-1").is(422).says("is not a whole number")
	plans := must(b.Catalog.Plans(b.Context(), p.ID))(t)
	if yearly := plans[0]; yearly.LicenseType != catalog.Leased || yearly.Checks != (catalog.Checks{IntervalDays: 14, GraceDays: 30, FileDays: 365}) || !yearly.Support.IsZero() {
		t.Errorf("leased: %+v", yearly)
	}
	good := plans[1]
	if good.LicenseType != catalog.Purchased || supportMonths(good.Support) != "24" || good.Checks != catalog.DefaultChecks {
		t.Errorf("purchased: %+v", good)
	}
	br.get("/admin/products/"+p.ID).says("Every 14 days, and 30 days without an answer", "Good for 365 days", "24 months")
	br.fillIn("/admin/plans/"+good.ID+"/edit", "/admin/plans/"+good.ID, "support_months", "", "check_grace", "9").is(303)
	if good = must(b.Catalog.Plan(b.Context(), good.ID))(t); !good.Support.IsZero() || good.Checks.GraceDays != 9 {
		t.Errorf("changed: %+v", good)
	}
}
