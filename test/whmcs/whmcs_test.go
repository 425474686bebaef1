// Package whmcs asks the whole program as software does that was made for WHMCS's licensing addon: with clients of that
// protocol in two languages.
package whmcs

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/test/drive"
)

const secret = "the product's secret"

// vendor is a program with one product, and the addresses at which it is asked.
type vendor struct {
	*app.App
	plain, secure string
	buyer         string
}

func open(t *testing.T) *vendor {
	t.Helper()
	ctx := t.Context()
	a, err := app.Open(ctx, app.Config{Dir: t.TempDir(), Version: "test"})
	ok(t, err)
	t.Cleanup(func() { ok(t, a.Close(context.WithoutCancel(t.Context()))) })
	plain, secure := httptest.NewServer(a.PublicHandler()), httptest.NewTLSServer(a.PublicHandler())
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	c, err := a.Customers.Create(ctx, customer.Input{Email: "ann@example.com", Name: "Ann & <Co>"})
	ok(t, err)
	_, err = a.Settings.Patch(ctx, map[string]json.RawMessage{"limits.unknown_per_hour": []byte("1000")})
	ok(t, err)
	return &vendor{App: a, plain: plain.URL, secure: secure.URL, buyer: c.ID}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sell makes a product and returns the key of a license.
func (v *vendor) sell(t *testing.T, slug string, bindings catalog.Bindings) string {
	t.Helper()
	ctx := t.Context()
	p, err := v.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: slug, Name: "Widget", Bindings: &bindings})
	ok(t, err)
	ok(t, v.Catalog.SetCheckSecret(ctx, p.ID, secret))
	plan, err := v.Catalog.CreatePlan(ctx, p.ID, catalog.NewPlan{Name: "Developer", ActivationType: "domain", ActivationLimit: 1})
	ok(t, err)
	var l license.License
	ok(t, v.DB.Write(ctx, func(tx *db.Tx) (err error) {
		l, err = v.Licenses.Issue(ctx, tx, license.IssueInput{CustomerID: v.buyer, PlanID: plan.ID, Quantity: 1})
		return err
	}))
	return l.Key
}

// client is one of the clients beside this file: what runs it, and the file.
type client [2]string

var clients = map[string]client{"php": {"php", "client.php"}, "python": {"python3", "client.py"}}

func (c client) run(t *testing.T, stdin string, into any, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), drive.Tool(t, c[0]), append([]string{c[1]}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out, &stderr)
	}
}

// answer is what a client prints.
type answer struct {
	Error   string            `json:"error"`
	HTTP    int               `json:"http"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Flat    bool              `json:"flat"`
	Tags    map[string]string `json:"tags"`
	Hash    string            `json:"hash"`
}

func (c client) ask(t *testing.T, url string, args ...string) (a answer) {
	t.Helper()
	c.run(t, "", &a, append([]string{"--url", url, "--secret", secret}, args...)...)
	return a
}

func (a answer) says(t *testing.T, status, message, hash string) {
	t.Helper()
	if a.Error != "" || a.HTTP != 200 || !a.Flat || a.Tags["status"] != status || a.Tags["message"] != message || a.Hash != hash {
		t.Errorf("%s %d %s (hash %q), want %s %s", a.Error, a.HTTP, a.Body, a.Hash, status, message)
	}
}

const path = "/modules/servers/licensing/verify.php"

// However a client asks, it gets an answer that it can read, and no redirect.
func TestClients(t *testing.T) {
	t.Parallel()
	v := open(t)
	key := v.sell(t, "widget", catalog.Bindings{EnforceDomain: true, EnforceIP: true, EnforceDirectory: true})
	here := []string{"--key", key, "--domain", "shop.example.com", "--ip", "192.0.2.7", "--dir", "/srv/a & ü"}
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, url := range []string{
				v.plain + path, v.plain + "/" + path, v.plain + "/whmcs" + path, v.plain + "/billing/" + path, v.plain + "/a/b%20c/d" + path,
				v.plain + "/account" + path, v.plain + "/admin" + path, v.plain + "/api" + path, v.plain + path + "?x=1", v.secure + "/whmcs" + path,
			} {
				for _, how := range [][]string{nil, {"--no-amp"}, {"--multipart"}, {"--http10"}, {"--expect"}, {"--http10", "--multipart"}, {"--multipart", "--expect"}} {
					if url != v.plain+path && how != nil {
						continue // at one address is enough
					}
					a := c.ask(t, url, slices.Concat(here, how, []string{"--insecure"})...)
					a.says(t, "Active", "", "right")
					if a.Tags["registeredname"] != "Ann & <Co>" || a.Tags["validdirectory"] != "/srv/a & ü" || a.Tags["lease"] == "" {
						t.Errorf("%s %s: %v", url, how, a.Tags)
					}
					if t.Failed() {
						t.Fatalf("%s %s", url, how)
					}
				}
			}
			elsewhere := append(slices.Clone(here), "--domain", "other.example.com")
			c.ask(t, v.plain+path, elsewhere...).says(t, "Invalid", "Domain Invalid", "right")
			c.ask(t, v.plain+path, append(elsewhere, "--no-token")...).says(t, "Invalid", "Domain Invalid", "")
			c.ask(t, v.plain+path, append(slices.Clone(here), "--token=")...).says(t, "Active", "", "absent")
			a := c.ask(t, v.plain+path, "--key", "no such key", "--domain", "shop.example.com")
			if a.says(t, "Invalid", "", "absent"); a.Body != "<status>Invalid</status>" {
				t.Errorf("unknown key: %s", a.Body)
			}
		})
	}
}

// What a client keeps of an answer lets it run while the server is away.
func TestLocalKeys(t *testing.T) {
	t.Parallel()
	v := open(t)
	strict := v.sell(t, "strict", catalog.Bindings{EnforceDomain: true, EnforceIP: true, EnforceDirectory: true})
	loose := v.sell(t, "loose", catalog.Bindings{})
	type place map[string]string
	home := place{"domain": "www.shop.example.com", "ip": "2001:DB8::7", "dir": "/srv/shop/"}
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, at := range []struct {
				name, key string
				place     place
			}{
				{"at home", strict, home},
				{"at home, written otherwise", strict, place{"domain": "Shop.Example.com", "ip": "2001:db8:0::7", "dir": "/srv/shop"}},
				{"anywhere", loose, home},
				{"anywhere else", loose, place{"domain": "other.example.com", "ip": "localhost", "dir": `C:\sites\x`}},
			} {
				a := c.ask(t, v.plain+path, "--key", at.key, "--domain", at.place["domain"], "--ip", at.place["ip"], "--dir", at.place["dir"])
				a.says(t, "Active", "", "right")
				kept := map[string]any{"day": 100}
				for _, tag := range []string{"status", "validdomain", "validip", "validdirectory"} {
					kept[tag] = a.Tags[tag]
				}
				for day, by := range map[int]string{114: "local key", 116: "grace"} {
					raw, err := json.Marshal(map[string]any{"cases": []any{map[string]any{"kept": kept, "today": day, "place": at.place, "answer": nil}}})
					ok(t, err)
					var got []struct {
						Status, By string
					}
					if c.run(t, string(raw), &got, "--localkey"); len(got) != 1 || got[0].Status != "Active" || got[0].By != by {
						t.Errorf("%s, day %d: %v of %v", at.name, day, got, kept)
					}
				}
			}
		})
	}
}

// When the database is away, clients see a failure that none of them takes for an answer.
func TestServerAway(t *testing.T) {
	t.Parallel()
	v := open(t)
	key := v.sell(t, "widget", catalog.Bindings{})
	ok(t, v.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "ALTER TABLE licenses RENAME TO away")
		return err
	}))
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := c.ask(t, v.plain+path, "--key", key, "--domain", "example.com")
			if a.Error != "" || a.HTTP < 500 || a.Body != "" || a.Headers["content-length"] != "0" {
				t.Errorf("%+v", a)
			}
		})
	}
}
