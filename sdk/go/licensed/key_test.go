package licensed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
)

func wantProblem(t *testing.T, err error, code Reason, silent bool) {
	t.Helper()
	var p *Problem
	if !errors.As(err, &p) || p.Code != code || p.Silence != silent {
		t.Fatalf("%v, want %s (silence %v)", err, code, silent)
	}
}

func TestNoKey(t *testing.T) {
	t.Parallel()
	r := install(t)
	r.wantState(NoKey, "")
	if r.server.requests() != 0 {
		t.Error("asked without a key")
	}
	_, err := r.ForceUpdate(context.Background())
	wantProblem(t, err, "nokey", false)
	wantProblem(t, r.SetKey(context.Background(), " \n"), BadKey, false)
	wantProblem(t, r.SetKey(context.Background(), "A\x00B"), BadKey, false)
	wantProblem(t, r.SetKey(context.Background(), strings.Repeat("x", 256)), BadKey, false)
}

// Setting a key activates it; a check never does.
func TestSetKeyActivates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	name := "example.com"
	r := install(t, func(c *Config) {
		c.Identifier = func() string { return name }
		c.Place = Fixed(Place{Domain: "example.com", IP: "192.0.2.7", Directory: "/srv"})
	})
	r.server.needs = true
	if err := r.SetKey(ctx, " "+testKey+"\n"); err != nil {
		t.Fatal(err)
	}
	if st := r.wantState(Valid, ""); !st.Lease.Has("feature.sso") || st.Lease.Has("feature.none") || st.Lease.Identifier != name {
		t.Errorf("lease %+v", st.Lease)
	}
	if n, ok := r.Status().Lease.Quantity("projects.max"); n != 25 || !ok {
		t.Errorf("projects.max is %d, %v", n, ok)
	}
	if p := r.server.last; p["domain"] != "example.com" || p["ip"] != "192.0.2.7" || p["directory"] != "/srv" || p["version"] != "2.1.0" || p["product_id"] != "widget" {
		t.Errorf("asked with %v", p)
	}
	name = "moved.example"
	r.clock.advance(2 * hour * 1e9)
	r.wantState(Invalid, NotActivated)
	if r.server.asked["activate"] != 1 {
		t.Errorf("activated %d times", r.server.asked["activate"])
	}
	r.server.with(func() { r.server.limit = 1 })
	wantProblem(t, r.Activate(ctx), LimitReached, false)
	r.server.with(func() { r.server.limit = 2 })
	if err := r.Activate(ctx); err != nil {
		t.Fatal(err)
	}
	r.wantState(Valid, "")
	if err := r.Deactivate(ctx); err != nil {
		t.Fatal(err)
	}
	r.wantState(Invalid, NotActivated)
	wantProblem(t, r.Deactivate(ctx), ActivationNotFound, false)
}

// The old key stays until the server has said yes to the new.
func TestChangeKey(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := licensedRig(t)
	old := r.Status().Lease
	unchanged := func() {
		t.Helper()
		if st := r.wantState(Valid, ""); r.Key() != testKey || st.Lease.ID != old.ID || !st.LastCheck.Equal(noon) {
			t.Fatalf("key %s, lease %+v", r.Key(), st.Lease)
		}
	}
	wantProblem(t, r.SetKey(ctx, "UNKNOWN"), LicenseNotFound, false)
	unchanged()
	r.server.with(func() { r.server.keys["OTHER"] = "suspended" })
	wantProblem(t, r.SetKey(ctx, "OTHER"), Suspended, false)
	unchanged()
	r.server.with(func() { r.server.keys["OTHER"] = statusActive })
	r.server.down(true)
	wantProblem(t, r.SetKey(ctx, "OTHER"), BadStatus, true)
	unchanged()
	r.server.down(false)
	if err := r.SetKey(ctx, "OTHER"); err != nil {
		t.Fatal(err)
	}
	r.wantState(Valid, "")
	if r.Key() != "OTHER" || r.Status().Lease.KeyHash != hashKey("OTHER") {
		t.Errorf("key %s", r.Key())
	}
	if _, err := os.Stat(r.path(reserveFile)); err == nil {
		t.Error("the old key's lease is still there")
	}
	// Locked out for good, and a new key opens the door.
	r.server.with(func() { r.server.keys["OTHER"] = "revoked"; r.server.keys["THIRD"] = statusActive })
	_, _ = r.ForceUpdate(ctx)
	r.wantState(Invalid, Revoked)
	if err := r.SetKey(ctx, "THIRD"); err != nil {
		t.Fatal(err)
	}
	r.wantState(Valid, "")
}

// A definite no about the key at hand counts at once, also where it came as the answer to something else than a check.
func TestNoToTheKeyAtHandCounts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	identified := func(c *Config) { c.Identifier = Fixed("shop.example") }

	r := licensedRig(t, identified)
	r.server.with(func() { r.server.keys[testKey] = "revoked" })
	wantProblem(t, r.SetKey(ctx, testKey), Revoked, false)
	r.wantState(Invalid, Revoked)

	r = licensedRig(t, identified)
	r.server.with(func() { r.server.needs, r.server.limit, r.server.active = true, 1, map[string]bool{"elsewhere": true} })
	wantProblem(t, r.Activate(ctx), LimitReached, false)
	r.wantState(Invalid, NotActivated)

	// The first of the two questions was answered, so much is certain.
	r = licensedRig(t, identified)
	r.server.with(func() {
		r.server.needs, r.server.active = true, map[string]bool{}
		r.server.misbehave = func(w http.ResponseWriter, q *http.Request, _ map[string]string) bool {
			if !strings.HasSuffix(q.URL.Path, "/activate") {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
	})
	wantProblem(t, r.Activate(ctx), BadStatus, true)
	r.wantState(Invalid, NotActivated)
}

// Where case does not matter to the product, the key is kept as it was issued.
func TestKeySpelling(t *testing.T) {
	t.Parallel()
	r := install(t)
	r.server.with(func() {
		r.server.keys["abCD-1234"] = statusActive
		r.server.change = func(c map[string]any) { c["kfp"] = hashKey("ABCD-1234") }
	})
	if err := r.SetKey(context.Background(), "abCD-1234"); err != nil {
		t.Fatal(err)
	}
	if r.Key() != "ABCD-1234" || r.Status().State != Valid {
		t.Errorf("key %s, %s", r.Key(), r.Status().State)
	}
}

// A key that was put into the store by hand, for the first start.
func TestProvisionedKey(t *testing.T) {
	t.Parallel()
	r := install(t)
	if err := os.WriteFile(r.path(""), []byte(`{"key":"WRONG"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r.wantState(Unverified, LicenseNotFound)
	n := r.server.requests()
	r.clock.advance(59 * minute * 1e9)
	r.wantState(Unverified, LicenseNotFound)
	if r.server.requests() != n {
		t.Error("an unknown key was asked about again within the hour")
	}
	if err := os.WriteFile(r.path(""), []byte(`{"key":"`+testKey+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(minute * 1e9)
	r.wantState(Valid, "")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := licensedRig(t)
	r.server.with(func() { r.server.signer = signer{signingKey("spare"), signingKey("next"), 4} })
	if st, err := r.ForceUpdate(ctx); err != nil || st.State != Valid {
		t.Fatalf("%+v, %v", st, err)
	}
	r.server.with(func() { r.server.signer = signer{signingKey("root"), signingKey("signing"), 3} })
	_, err := r.ForceUpdate(ctx)
	wantProblem(t, err, BadLease, true)
	r.wantState(Valid, "")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := Config{Server: "https://licenses.example/", Product: "widget", RootKeys: []string{base64url.EncodeToString(publicOf(signingKey("root")))}, Store: File("x")}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"Server":  func(c *Config) { c.Server = "licenses.example" },
		"server":  func(c *Config) { c.Server = "ftp://licenses.example" },
		"Product": func(c *Config) { c.Product = "" },
		"Store":   func(c *Config) { c.Store = nil },
		"path":    func(c *Config) { c.Store = File("") },
		"Root":    func(c *Config) { c.RootKeys = nil },
		"root":    func(c *Config) { c.RootKeys = []string{"AAAA"} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRequestFile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := install(t, func(c *Config) {
		c.Server = ""
		c.Identifier = Fixed("machine-1")
	})
	wantProblem(t, r.SetKey(ctx, testKey), NoServer, false)
	wantProblem(t, r.LoadLease(ctx, []byte("x")), NoRequest, false)
	_, err := r.RequestFile(ctx, "")
	wantProblem(t, err, BadKey, false)
	raw, err := r.RequestFile(ctx, testKey)
	if err != nil {
		t.Fatal(err)
	}
	var req map[string]string
	if err := json.Unmarshal(raw, &req); err != nil {
		t.Fatal(err)
	}
	r.wantState(NoKey, "")
	file := func(change func(map[string]any)) []byte {
		c := r.server.claims(req, statusActive)
		c["chk"] = noon.Add(365 * day).Unix()
		c["exp"] = c["chk"]
		change(c)
		return []byte(r.server.signer.sign(c) + "\n")
	}
	wantProblem(t, r.LoadLease(ctx, []byte("<html>")), NotOurLease, false)
	wantProblem(t, r.LoadLease(ctx, file(func(c map[string]any) { c["nce"] = "another" })), NotOurLease, false)
	wantProblem(t, r.LoadLease(ctx, file(func(c map[string]any) { c["kfp"] = hashKey("another") })), NotOurLease, false)
	wantProblem(t, r.LoadLease(ctx, file(func(c map[string]any) { c["sta"] = "suspended" })), Suspended, false)
	wantProblem(t, r.LoadLease(ctx, file(func(c map[string]any) { c["idt"] = "machine-2" })), NotActivated, false)
	r.wantState(NoKey, "")
	good := file(func(map[string]any) {})
	if err := r.LoadLease(ctx, []byte(`{"lease":"`+strings.TrimSpace(string(good))+`"}`)); err != nil {
		t.Fatal(err)
	}
	r.wantState(Valid, "")
	if in := r.Info(); !in.Offline || !in.NextCheck.IsZero() {
		t.Errorf("offline %v, next check %v", in.Offline, in.NextCheck)
	}
	wantProblem(t, r.LoadLease(ctx, good), NoRequest, false) // it counts once
	r.clock.advance(364 * day)
	r.wantState(Valid, "")
	r.clock.advance(day)
	r.wantState(Lapsed, "")
	if r.server.requests() != 0 {
		t.Error("a server was asked")
	}
}
