package licensed

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// readVectors loads what all client libraries must agree with. A file that is missing fails the test.
func readVectors[T any](t testing.TB, name string) T {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

type leaseVectors struct {
	Roots []string `json:"roots"`
	Cases []struct {
		Name    string          `json:"name"`
		Lease   string          `json:"lease"`
		Roots   []string        `json:"roots"`
		Product string          `json:"product"`
		Nonce   string          `json:"nonce"`
		Key     string          `json:"key"`
		Time    int64           `json:"time"`
		Serial  int64           `json:"serial"`
		Error   string          `json:"error"`
		Claims  json.RawMessage `json:"claims"`
	} `json:"cases"`
}

func TestLeaseVectors(t *testing.T) {
	t.Parallel()
	vectors := readVectors[leaseVectors](t, "leases.json")
	if len(vectors.Cases) < 40 {
		t.Fatalf("only %d vectors", len(vectors.Cases))
	}
	for _, c := range vectors.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			x := expected{product: c.Product, nonce: c.Nonce, key: c.Key, serial: c.Serial, time: c.Time}
			roots := c.Roots
			if roots == nil {
				roots = vectors.Roots
			}
			for _, root := range roots {
				k, err := decodeKey(root)
				if err != nil {
					t.Fatal(err)
				}
				x.roots = append(x.roots, k)
			}
			v, err := verify(c.Lease, x)
			var refused refusal
			errors.As(err, &refused)
			if string(refused) != c.Error || (err == nil) != (c.Error == "") {
				t.Fatalf("refused as %v, want %q", err, c.Error)
			}
			if err == nil {
				sameClaims(t, v.Lease, c.Claims)
			}
		})
	}
}

// sameClaims writes a lease as claims again, and compares them with those of the vector.
func sameClaims(t *testing.T, l *Lease, want json.RawMessage) {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(want, &claims); err != nil {
		t.Fatal(err)
	}
	delete(claims, "new")
	got := map[string]any{
		"iat": l.IssuedAt.Unix(), "nbf": l.NotBefore.Unix(), "chk": l.CheckAt.Unix(), "exp": l.ExpiresAt.Unix(),
		"ent": l.Entitlements, "acu": l.ActivationsUsed, "acl": l.ActivationLimit, "cus": l.Customer,
	}
	for name, v := range map[string]string{
		"iss": l.Issuer, "aud": l.Product, "sub": l.LicenseID, "kfp": l.KeyHash, "jti": l.ID, "sta": l.Status, "lty": l.Type,
		"pln": l.Plan, "idt": l.Identifier, "nce": l.Nonce,
	} {
		if v != "" {
			got[name] = v
		}
	}
	for name, v := range map[string]time.Time{"lex": l.LicenseExpires, "upd": l.UpdatesUntil} {
		if !v.IsZero() {
			got[name] = v.Unix()
		}
	}
	for name, v := range map[string][]string{"dom": l.Domains, "ips": l.IPs, "dir": l.Directories} {
		if v != nil {
			got[name] = v
		}
	}
	if l.AddOns != nil {
		got["adn"] = l.AddOns
	}
	if _, there := claims["cus"]; !there {
		delete(got, "cus")
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var again map[string]any
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(withoutEmpty(again), withoutEmpty(claims)) {
		t.Errorf("claims\n%v, want\n%v", again, claims)
	}
}

// withoutEmpty removes texts that are empty, which a server may as well leave out.
func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == "" {
				delete(v, name)
			} else {
				v[name] = withoutEmpty(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return v
}

func TestClockVectors(t *testing.T) {
	t.Parallel()
	for _, c := range readVectors[struct {
		Cases []struct {
			Name          string
			Seen, Reading *int64
			Own, Time     int64
			Fault         bool
		}
	}](t, "clock.json").Cases {
		if now, fault := tell(c.Seen, c.Reading, c.Own); now != c.Time || fault != c.Fault {
			t.Errorf("%s: %d, %v, want %d, %v", c.Name, now, fault, c.Time, c.Fault)
		}
	}
}

func TestStateVectors(t *testing.T) {
	t.Parallel()
	for _, c := range readVectors[struct {
		Cases []struct {
			Name   string
			Claims struct {
				Sta, Idt      string
				Chk, Exp      int64
				Dom, Ips, Dir []string
			}
			Time       int64
			Silence    bool
			Identifier string
			Place      Place
			State      string
			Reason     string
			DaysLeft   int `json:"days_left"`
		}
	}](t, "states.json").Cases {
		l := &Lease{
			Status: c.Claims.Sta, Identifier: c.Claims.Idt, CheckAt: time.Unix(c.Claims.Chk, 0), ExpiresAt: time.Unix(c.Claims.Exp, 0),
			Domains: c.Claims.Dom, IPs: c.Claims.Ips, Directories: c.Claims.Dir,
		}
		d := decide(l, c.Time, c.Silence, c.Identifier, c.Place)
		if !strings.EqualFold(string(d.state), c.State) || string(d.reason) != c.Reason || d.daysLeft != c.DaysLeft {
			t.Errorf("%s: %+v, want %s, %s, %d days", c.Name, d, c.State, c.Reason, c.DaysLeft)
		}
	}
}
