package licensed

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"
)

// Whatever is read as a lease, the reader neither panics nor accepts what no root vouches for.
func FuzzVerify(f *testing.F) {
	vectors := readVectors[leaseVectors](f, "leases.json")
	good := map[string]bool{}
	var roots []ed25519.PublicKey
	for _, x := range vectors.Roots {
		k, err := decodeKey(x)
		if err != nil {
			f.Fatal(err)
		}
		roots = append(roots, k)
	}
	for _, c := range vectors.Cases {
		f.Add(c.Lease)
		good[c.Lease] = true
	}
	f.Fuzz(func(t *testing.T, compact string) {
		v, err := verify(compact, expected{roots: roots, product: "widget"})
		if (err == nil) != (v.Lease != nil) {
			t.Fatalf("%v with %v", v.Lease, err)
		}
		if err == nil && !good[compact] {
			t.Fatalf("accepted %q", compact)
		}
	})
}

// The claims are signed, but by a server that may be newer or broken.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"aud":"widget","sub":"lic_1","kfp":"aa","iat":1,"nbf":1,"chk":2,"exp":3,"sta":"active","ent":{"a":1e99},"dom":[""],"ips":["::/0"],"dir":["/"],"cus":{},"adn":[{}]}`))
	f.Add([]byte(`{"iat":1e3}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		l, err := readClaims(payload)
		if err != nil {
			return
		}
		d := decide(l, 2, true, "example.com", Place{"example.com", "192.0.2.7", "/srv"})
		if d.daysLeft < 0 || d.state == "" {
			t.Fatalf("%+v", d)
		}
		listEntitlements(l.Entitlements)
	})
}

// Whatever the files hold, the license has a state and the program goes on.
func FuzzStore(f *testing.F) {
	f.Add([]byte(`{"key":"A"}`), []byte(`{"lease":"a.b.c"}`), []byte(`{"seen":1,"reading":2,"serial":3,"attempt":4,"next":5,"failures":6,"error":"x"}`))
	f.Add([]byte(`[]`), []byte(``), []byte(`{"attempt":99999999999}`))
	f.Fuzz(func(t *testing.T, key, lease, state []byte) {
		path := filepath.Join(t.TempDir(), "license.json")
		for suffix, content := range map[string][]byte{keyFile: key, leaseFile: lease, reserveFile: lease, stateFile: state} {
			if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := New(Config{
			Product: "widget", Store: File(path), Now: (&testClock{now: noon}).Now,
			RootKeys: []string{base64url.EncodeToString(publicOf(signingKey("root")))},
		})
		if err != nil {
			t.Fatal(err)
		}
		if st := l.Check(context.Background()); st.State != NoKey && st.State != Unverified {
			t.Fatalf("%+v", st)
		}
		l.Info()
	})
}
