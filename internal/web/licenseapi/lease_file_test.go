package licenseapi_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/lease"
)

// readLease verifies a lease as an installation does.
func (sh *shop) readLease(t *testing.T, text, nonce string) lease.Claims {
	t.Helper()
	set, err := sh.Keys.Of(t.Context(), "prd_widget")
	if err != nil {
		t.Fatal(err)
	}
	var roots []ed25519.PublicKey
	for _, r := range set.Roots {
		root, err := lease.DecodeKey(r.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
	}
	c, _, err := lease.Verify(text, lease.Expected{Roots: roots, Product: "widget", Nonce: nonce, Now: sh.Clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (sh *shop) file(t *testing.T, key, identifier, nonce string) (license.LeaseFile, error) {
	t.Helper()
	l, err := sh.Licenses.ByKey(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return sh.Checks.File(t.Context(), l.ID, check.FileRequest{Product: "widget", Key: key, Identifier: identifier, Nonce: nonce}, netip.Addr{})
}

func TestLeaseFile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		sh := openShop(t, s)
		sh.exec(t, `UPDATE plans SET file_days = 100 WHERE id = 'pln_developer'`)
		day := 24 * time.Hour

		t.Run("a license for ever", func(t *testing.T) {
			key := sh.license(t, facts{limit: 2})
			f, err := sh.file(t, key, "https://www.Intra.example.com/x", "nonce-1")
			if err != nil {
				t.Fatal(err)
			}
			c := sh.readLease(t, f.Lease, "nonce-1")
			end := sh.Clock.Now().Add(100 * day).Truncate(time.Second)
			if !c.Expires.Equal(end) || !c.CheckAt.Equal(end) || c.Identifier != "intra.example.com" || c.Status != "active" || c.ActivationsUsed != 1 || c.ID != f.ID {
				t.Errorf("%+v", c)
			}
			again, err := sh.file(t, key, "https://www.Intra.example.com/x", "nonce-1")
			if err != nil || again != f {
				t.Errorf("again: %v\n%+v\n%+v", err, again, f)
			}
			// Another installation, another place; a third has none.
			if _, err := sh.file(t, key, "b.example.com", "nonce-2"); err != nil {
				t.Error(err)
			}
			if _, err := sh.file(t, key, "c.example.com", "nonce-3"); fail.Of(err).Code != license.CodeLimitReached {
				t.Error(err)
			}
			// A new request of an installation that has a file takes no further place.
			if _, err := sh.file(t, key, "b.example.com", "nonce-4"); err != nil {
				t.Error(err)
			}
			c2 := caller{shop: sh, mount: own, encode: encodings["json"], ip: "203.0.113.9"}
			a := c2.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "b.example.com"})
			if a.status != 403 || a.code != "ACTIVATION_REFUSED" {
				t.Errorf("deactivate: %d %s", a.status, a.body)
			}
			if a := c2.post(t, "validate", map[string]any{"license_key": key, "identifier": "b.example.com"}); a.data["activations_used"] != 2.0 {
				t.Errorf("validate: %s", a.body)
			}
			sh.Clock.Advance(100*day + time.Second)
			if a := c2.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "b.example.com"}); a.status != 200 {
				t.Errorf("deactivate after the end: %d %s", a.status, a.body)
			}
			l, _ := sh.Licenses.ByKey(t.Context(), key)
			if files, _, err := sh.Licenses.Files(t.Context(), l.ID, "", 10); err != nil || len(files) != 3 || files[0].Nonce != "nonce-4" {
				t.Errorf("%d files, %v", len(files), err)
			}
		})

		t.Run("no longer than the license", func(t *testing.T) {
			key := sh.license(t, facts{expires: 10 * day, grace: 12 * day, ends: 20 * day})
			f, err := sh.file(t, key, "a.example.com", "n")
			if err != nil {
				t.Fatal(err)
			}
			if c := sh.readLease(t, f.Lease, "n"); !c.Expires.Equal(sh.Clock.Now().Add(12*day).Truncate(time.Second)) || !c.CheckAt.Equal(c.Expires) {
				t.Errorf("%+v", c)
			}
		})

		t.Run("what does not run gets none", func(t *testing.T) {
			for _, st := range states {
				key := sh.license(t, st.facts)
				_, err := sh.file(t, key, "a.example.com", "n")
				if want := refusalOf(st.status); (want == "") != (err == nil) || want != "" && fail.Of(err).Code != want {
					t.Errorf("%s: %v", st.name, err)
				}
			}
		})

		t.Run("not with this plan", func(t *testing.T) {
			key := sh.license(t, facts{plan: "pln_team"})
			if _, err := sh.file(t, key, "ada", "n"); fail.Of(err).Code != license.CodeNoFiles {
				t.Error(err)
			}
		})

		t.Run("the same request many times at once", func(t *testing.T) {
			key := sh.license(t, facts{limit: 1})
			got := make([]license.LeaseFile, 8)
			errs := make([]error, len(got))
			var wg sync.WaitGroup
			for i := range got {
				wg.Go(func() { got[i], errs[i] = sh.file(t, key, "a.example.com", "n") })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			for _, f := range got {
				if f.Lease != got[0].Lease {
					t.Error("two files for one request")
				}
			}
		})

		t.Run("many installations at once", func(t *testing.T) {
			key := sh.license(t, facts{limit: 3})
			var mu sync.Mutex
			made := 0
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					_, err := sh.file(t, key, fmt.Sprintf("h%d.example.com", i), fmt.Sprint("n", i))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						made++
					} else if c := fail.Of(err).Code; c != license.CodeLimitReached && c != "LICENSE_CHANGES" {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if l, _ := sh.Licenses.ByKey(t.Context(), key); l.ActivationsUsed != 3 || made > 3 {
				t.Errorf("%d in use, %d made", l.ActivationsUsed, made)
			}
		})

		t.Run("bound by the request", func(t *testing.T) {
			sh.exec(t, `UPDATE products SET enforce_domain = TRUE WHERE id = 'prd_widget'`)
			key := sh.license(t, facts{})
			l, _ := sh.Licenses.ByKey(t.Context(), key)
			ask := func(domain, nonce string) (license.LeaseFile, error) {
				return sh.Checks.File(t.Context(), l.ID, check.FileRequest{Product: "widget", Key: key, Identifier: "x.example.com", Nonce: nonce, Domain: domain}, netip.Addr{})
			}
			f, err := ask("www.example.com", "n1")
			if err != nil {
				t.Fatal(err)
			}
			if c := sh.readLease(t, f.Lease, "n1"); c.Places != `"dom":["example.com"]` {
				t.Errorf("%+v", c)
			}
			if _, err := ask("other.example.com", "n2"); fail.Of(err).Field != "domain" {
				t.Error(err)
			}
		})
	})
}
