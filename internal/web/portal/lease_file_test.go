package portal

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
)

// offerFiles lets licenses of a plan have lease files.
func (b *bundle) offerFiles(g goods, days int64) {
	b.Helper()
	checks := catalog.Checks{IntervalDays: 7, GraceDays: 3, FileDays: days}
	must(b.Catalog.UpdatePlan(b.Context(), g.price.PlanID, catalog.PlanPatch{Checks: &checks}))(b.T)
}

// leaseFile makes a lease file and returns its id.
func (b *bundle) leaseFile(l license.License, g goods, identifier string) string {
	b.Helper()
	b.offerFiles(g, 30)
	f := check.FileRequest{Product: g.product.Slug, Key: l.Key, Identifier: identifier, Nonce: "nonce-of-" + l.ID}
	return must(b.Checks.File(b.Context(), l.ID, f, netip.MustParseAddr("192.0.2.1")))(b.T).ID
}

func requestOf(l license.License, g goods, change func(m map[string]string)) string {
	m := map[string]string{"product": g.product.Slug, "license_key": l.Key, "identifier": "box-1", "nonce": "n-1", "version": "1.0"}
	if change != nil {
		change(m)
	}
	raw, _ := json.MarshalIndent(m, "", " ")
	return string(raw) + "\n"
}

// upload sends a file in a form.
func (br *browser) upload(path, field, name, content string) reply {
	br.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part := must(w.CreateFormFile(field, name))(br.T)
	_, _ = part.Write([]byte(content))
	_ = w.Close()
	return br.sendBody(http.MethodPost, path, w.FormDataContentType(), body.String())
}

func TestLeaseFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	g := b.newGoods("tool", "Tool", 2, 0)
	l := b.sell(marie, g)
	br := b.signedIn(marie)
	page := "/account/licenses/" + l.ID
	files := page + "/lease-files"
	br.get(page).is(200).hides("Lease files")
	br.get(files).is(200).says("This plan has no lease files", "ask our support for a plan with lease files").hides("<textarea")
	br.post(files, "request", requestOf(l, g, nil)).is(409).says("This plan has no lease files")

	b.offerFiles(g, 90)
	br.get(page).says("Lease files for offline use")
	br.get(files).is(200).says("It is good for 90 days", "Request file", `enctype="multipart/form-data"`)
	br.upload(files, "file", "request.json", requestOf(l, g, nil)).to(files)
	until := b.clock.Now().AddDate(0, 0, 90).Format("2 January 2006")
	br.get(files).is(200).says("The lease file is made", "box-1", "Download")
	br.get(page).says("Lease file until "+until, "Lease file for box-1")

	made, _, err := b.Licenses.Files(t.Context(), l.ID, "", 10)
	if err != nil || len(made) != 1 {
		t.Fatalf("%d files, %v", len(made), err)
	}
	got := br.get(files + "/" + made[0].ID + "/data").is(200)
	var file struct{ Lease string }
	if err := json.Unmarshal([]byte(got.Body), &file); err != nil || file.Lease != made[0].Lease || got.Header.Get("Content-Disposition") != `attachment; filename="tool-lease.json"` {
		t.Errorf("%v %v\n%s", err, got.Header, got.Body)
	}
	// The same request again is the same file.
	br.post(files, "request", requestOf(l, g, nil)).to(files)
	if made, _, _ := b.Licenses.Files(t.Context(), l.ID, "", 10); len(made) != 1 || b.license(l.ID).ActivationsUsed != 1 {
		t.Errorf("%d files, %d activations", len(made), b.license(l.ID).ActivationsUsed)
	}

	// Neither the customer nor staff in their place can remove the activation before the file has ended.
	act := made[0].ActivationID
	for _, who := range []*browser{br, b.acting(marie)} {
		who.get(page).hides("/activations/" + act + "/remove")
		who.get(page + "/activations/" + act + "/remove").to(page)
		who.post(page + "/activations/" + act + "/remove").to(page)
		who.get(page).says("A lease file keeps this activation until " + until)
	}
	b.clock.Advance(90 * 24 * time.Hour)
	br.cookies = b.signedIn(marie).cookies
	br.get(files).says("Ended").hides("/data")
	br.post(page + "/activations/" + act + "/remove").to(page)
	br.get(page).says("Removed box-1")
	br.post(files, "request", requestOf(l, g, nil)).is(409).says("its activation was removed since")
}

func TestWrongRequestFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	g := b.newGoods("tool", "Tool", 1, 0)
	b.offerFiles(g, 30)
	l, other := b.sell(marie, g), b.sell(marie, g)
	br := b.signedIn(marie)
	files := "/account/licenses/" + l.ID + "/lease-files"
	set := func(name, value string) func(map[string]string) {
		return func(m map[string]string) { m[name] = value }
	}
	for name, c := range map[string]struct {
		content string
		status  int
		says    string
	}{
		"nothing":            {"", 422, "choose the request file"},
		"no JSON":            {"hello", 422, "is not a request file"},
		"a list":             {"[]", 422, "is not a request file"},
		"half":               {requestOf(l, g, nil)[:40], 422, "is not a request file"},
		"a number":           {`{"product":"tool","license_key":5}`, 422, "In the request file, license_key: is not a text"},
		"no members":         {"{}", 422, "In the request file, nonce: is missing"},
		"no identifier":      {requestOf(l, g, set("identifier", "")), 422, "In the request file, identifier: is missing"},
		"blank identifier":   {requestOf(l, g, set("identifier", "  ")), 422, "In the request file, identifier:"},
		"odd nonce":          {requestOf(l, g, set("nonce", "a b")), 422, "In the request file, nonce: is not"},
		"other product":      {requestOf(l, g, set("product", "widget")), 422, "In the request file, product: is widget, and this license is for tool"},
		"unknown key":        {requestOf(l, g, set("license_key", "A-B")), 422, "In the request file, license_key: is not the key of this license"},
		"key of another":     {requestOf(l, g, set("license_key", other.Key)), 422, "In the request file, license_key: is not the key of this license"},
		"too large for that": {`{"x":"` + strings.Repeat("x", 20<<10) + `"}`, 422, "is larger than 16 KB"},
		"zero byte":          {`{"product":"tool","license_key":"\u0000","identifier":"x","nonce":"n"}`, 422, "license_key"},
	} {
		r := br.post(files, "request", c.content).is(c.status)
		if !strings.Contains(r.Body, c.says) {
			t.Errorf("%s: does not say %q", name, c.says)
		}
	}
	br.upload(files, "file", "r.json", strings.Repeat("x", 100<<10)).is(413)
	if b.license(l.ID).ActivationsUsed != 0 || b.license(other.ID).ActivationsUsed != 0 {
		t.Error("a wrong request took a place")
	}
	b.activate(l, "box-0", "")
	br.post(files, "request", requestOf(l, g, nil)).is(409).says("in use in 1 of 1 places")
	// Byte order mark, spaces: as editors and mail programs leave a file.
	br.post(files, "request", "\uFEFF \r\n"+requestOf(l, g, set("identifier", "box-0"))).to(files)
}
