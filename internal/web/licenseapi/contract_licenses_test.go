package licenseapi_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestActivate(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{expires: 24 * time.Hour, grace: 24 * time.Hour, ends: 24 * time.Hour})
		want := map[string]any{
			"status": "active", "license_key": key, "product": "Widget", "plan": "Developer", "activation_type": "domain",
			"activation_limit": 5, "activations_used": 1, "expires_at": "2026-03-02T12:00:00Z", "identifier": "example.com",
		}
		a := c.post(t, "activate", map[string]any{
			"license_key": key, "identifier": "https://user@WWW.Example.com:8443/shop?x=1", "name": "My shop", "product_id": "widget", "version": "1.0",
		})
		a.is(t, want)

		// Already active: success, changes nothing, uses no slot.
		c.post(t, "activate", map[string]any{"license_key": key, "identifier": "example.com."}).is(t, want)
		c.post(t, "activate", map[string]any{"license_key": key, "identifier": "shop.example.com"}).is(t, with(want, "activations_used", 2, "identifier", "shop.example.com"))
		if n := c.number(t, `SELECT count(*) FROM activations a JOIN licenses l ON l.id = a.license_id WHERE l.key = $1`, key); n != 2 {
			t.Errorf("%d activations", n)
		}
	})
}

func TestActivateForLife(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{limit: -1})
		a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": "example.com"})
		if a.status != 200 || a.data["expires_at"] != nil || a.data["activation_limit"] != 0.0 {
			t.Errorf("%d %s", a.status, a.body)
		}
		for i := range 8 {
			if a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": fmt.Sprintf("%d.example.com", i)}); a.status != 200 {
				t.Errorf("of an unlimited license: %d %s", a.status, a.body)
			}
		}
	})
}

func TestActivateNormalises(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		for _, tt := range []struct{ plan, identifier, want string }{
			{"pln_developer", "http://www.example.com./a", "example.com"},
			{"pln_developer", " Bücher.Example ", "xn--bcher-kva.example"},
			{"pln_developer", "localhost:3000", "localhost"},
			{"pln_team", " Ada@Example.COM ", "ada@example.com"},
			{"pln_device", " Mac-00:1B:44 ", "Mac-00:1B:44"},
			{"pln_instance", " i-0AbC ", "i-0AbC"},
		} {
			key := c.license(t, facts{plan: tt.plan})
			a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": tt.identifier})
			if a.status != 200 || a.data["identifier"] != tt.want {
				t.Errorf("%s %q: %d %s, want %q", tt.plan, tt.identifier, a.status, a.body, tt.want)
			}
		}
	})
}

func TestIdentifiersThatAreNone(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		for _, tt := range []struct{ plan, identifier string }{
			{"pln_developer", "https://"},
			{"pln_developer", "/path"},
			{"pln_developer", "   "},
			{"pln_developer", ""},
			{"pln_developer", strings.Repeat("a.", 200) + "example"},
			{"pln_team", " "},
			{"pln_device", "\t"},
			{"pln_device", strings.Repeat("x", 256)},
			{"pln_instance", strings.Repeat("ä", 256)},
		} {
			key := c.license(t, facts{plan: tt.plan})
			for _, endpoint := range []string{"activate", "deactivate"} {
				c.post(t, endpoint, map[string]any{"license_key": key, "identifier": tt.identifier}).names(t, "identifier")
			}
		}
		// 255 characters after normalisation are allowed, however many bytes.
		key := c.license(t, facts{plan: "pln_instance"})
		long := strings.Repeat("ä", 255)
		if a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": " " + long + " "}); a.status != 200 || a.data["identifier"] != long {
			t.Errorf("255 characters: %d %s", a.status, a.body)
		}
	})
}

func TestActivateByState(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		for _, state := range states {
			f := state.facts
			f.active = []string{"old.example.com"}
			key := c.license(t, f)
			for _, identifier := range []string{"new.example.com", "old.example.com"} {
				a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": identifier})
				if code := refusalOf(state.status); code != "" {
					a.refused(t, code)
				} else if a.status != 200 {
					t.Errorf("%s, %s: %d %s", state.name, identifier, a.status, a.body)
				}
			}
		}
	})
}

// The contract's order: request, key, product, status, expiry, (version,) already active, (allowed,) limit.
func TestActivateChecksInOrder(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		const (
			noIdentifier = 1 << iota
			unknownKey
			otherProduct
			revoked
			expired
			alreadyActive
			full
			all
		)
		for faults := range all {
			is := func(fault int) bool { return faults&fault != 0 }
			var f facts
			f.limit = 3
			if is(revoked) {
				f.outcome = "revoked"
			}
			if is(expired) {
				f.expires, f.grace, f.ends = -time.Hour, -time.Hour, -time.Hour
			}
			if is(alreadyActive) {
				f.active = append(f.active, "example.com")
			}
			for i := 0; is(full) && len(f.active) < int(f.limit); i++ {
				f.active = append(f.active, fmt.Sprintf("%d.example.com", i))
			}
			request := map[string]any{"license_key": c.license(t, f), "identifier": "example.com", "product_id": "widget"}
			if is(noIdentifier) {
				delete(request, "identifier")
			}
			if is(unknownKey) {
				request["license_key"] = "no-such-key"
			}
			if is(otherProduct) {
				request["product_id"] = "gadget"
			}
			a := c.post(t, "activate", request)
			switch {
			case is(noIdentifier):
				a.names(t, "identifier")
			case is(unknownKey):
				a.refused(t, "LICENSE_NOT_FOUND")
			case is(otherProduct):
				a.refused(t, "PRODUCT_MISMATCH")
			case is(revoked):
				a.refused(t, "LICENSE_INACTIVE")
			case is(expired):
				a.refused(t, "LICENSE_EXPIRED")
			case is(alreadyActive):
				if a.status != 200 || a.data["activations_used"] != float64(len(f.active)) {
					t.Errorf("already active: %d %s", a.status, a.body)
				}
			case is(full):
				a.refused(t, "ACTIVATION_LIMIT_REACHED")
				if a.failure["activation_limit"] != 3.0 || a.failure["activations_used"] != 3.0 {
					t.Errorf("limit: %s", a.body)
				}
			default:
				if a.status != 200 {
					t.Errorf("nothing in the way: %d %s", a.status, a.body)
				}
			}
			if t.Failed() {
				t.Fatalf("faults %07b, request %v", faults, request)
			}
		}
	})
}

func TestActivateHoldsTheLimitUnderConcurrency(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{limit: 5})
		statuses := make(chan string, 40)
		var wg sync.WaitGroup
		for i := range cap(statuses) {
			wg.Go(func() {
				a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": fmt.Sprintf("%d.example.com", i)})
				statuses <- fmt.Sprintf("%d %s", a.status, a.code)
			})
		}
		wg.Wait()
		close(statuses)
		n := map[string]int{}
		for s := range statuses {
			n[s]++
		}
		if n["200 "] != 5 || n["403 ACTIVATION_LIMIT_REACHED"] != 35 {
			t.Errorf("%v", n)
		}
		if n := c.number(t, `SELECT count(*) FROM activations a JOIN licenses l ON l.id = a.license_id WHERE l.key = $1`, key); n != 5 {
			t.Errorf("%d activations", n)
		}
	})
}

func TestProductByIDOrSlug(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		for product, code := range map[string]string{
			"prd_widget": "", "widget": "", "": "", "gadget": "PRODUCT_MISMATCH", "prd_gadget": "PRODUCT_MISMATCH", "WIDGET": "PRODUCT_MISMATCH", "none": "PRODUCT_MISMATCH",
		} {
			for _, endpoint := range []string{"activate", "validate"} {
				a := c.post(t, endpoint, map[string]any{"license_key": key, "identifier": "example.com", "product_id": product})
				if code != "" {
					a.refused(t, code)
				} else if a.status != 200 {
					t.Errorf("%s for %q: %d %s", endpoint, product, a.status, a.body)
				}
			}
		}
	})
}

func TestDeactivate(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{active: []string{"example.com", "shop.example.com"}})
		want := map[string]any{"status": "deactivated", "license_key": key, "identifier": "example.com", "activations_used": 1}
		c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "https://www.example.com/"}).is(t, want)
		c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "example.com"}).refused(t, "ACTIVATION_NOT_FOUND")
		c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "shop.example.com"}).is(t, with(want, "identifier", "shop.example.com", "activations_used", 0))
		c.post(t, "deactivate", map[string]any{"license_key": "no-such-key", "identifier": "example.com"}).refused(t, "LICENSE_NOT_FOUND")
		// A slot that was freed is free.
		if a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": "example.com"}); a.status != 200 || a.data["activations_used"] != 1.0 {
			t.Errorf("activate again: %d %s", a.status, a.body)
		}
	})
}

// Allowed while active, suspended or expired; revoked and cancelled are LICENSE_INACTIVE, whether activated or not.
func TestDeactivateByState(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		for _, state := range states {
			f := state.facts
			f.active = []string{"example.com"}
			key := c.license(t, f)
			final := state.status == "revoked" || state.status == "cancelled"
			none := c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "other.example.com"})
			a := c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "example.com"})
			if final {
				none.refused(t, "LICENSE_INACTIVE")
				a.refused(t, "LICENSE_INACTIVE")
				continue
			}
			none.refused(t, "ACTIVATION_NOT_FOUND")
			if a.status != 200 {
				t.Errorf("%s: %d %s", state.name, a.status, a.body)
			}
		}
	})
}

// additional are the members that validate has beside those of LicenseDock.
var additional = []string{
	"type", "updates_until", "version_allowed", "newest_allowed_version", "support_until", "entitlements", "grace", "reason", "lease",
}

func TestValidate(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{expires: 24 * time.Hour, grace: 24 * time.Hour, ends: 24 * time.Hour, active: []string{"example.com", "b.example.com"}})
		want := map[string]any{
			"valid": true, "status": "active", "license_key": key, "product": "Widget", "plan": "Developer", "activation_type": "domain",
			"activation_limit": 5, "activations_used": 2, "expires_at": "2026-03-02T12:00:00Z", "identifier_activated": true,
		}
		a := c.post(t, "validate", map[string]any{"license_key": key, "identifier": "http://www.Example.com/x", "product_id": "prd_widget", "version": "1.0"})
		a.is(t, want, additional...)
		if a.data["reason"] != nil || a.data["grace"] != false || a.data["type"] != "purchased" || a.data["updates_until"] != nil {
			t.Errorf("additional members: %s", a.body)
		}
		if e, _ := a.data["entitlements"].(map[string]any); e["feature.sso"] != true || e["projects.max"] != 25.0 {
			t.Errorf("entitlements: %s", a.body)
		}
		c.post(t, "validate", map[string]any{"license_key": key}).is(t, want, additional...)
		a = c.post(t, "validate", map[string]any{"license_key": key, "identifier": "c.example.com"})
		a.is(t, with(want, "identifier_activated", false), additional...)
		if a.data["reason"] != "not_activated" {
			t.Errorf("reason: %s", a.body)
		}
		c.post(t, "validate", map[string]any{"license_key": "no-such-key"}).refused(t, "LICENSE_NOT_FOUND")
		c.post(t, "validate", map[string]any{"license_key": key, "identifier": "https://"}).names(t, "identifier")
	})
}

// LICENSE_INACTIVE and LICENSE_EXPIRED are never errors of validate.
func TestValidateByState(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		for _, state := range states {
			f := state.facts
			f.active = []string{"example.com"}
			key := c.license(t, f)
			for identifier, activated := range map[string]bool{"": true, "example.com": true, "other.example.com": false} {
				a := c.post(t, "validate", map[string]any{"license_key": key, "identifier": identifier})
				reason := any(nil)
				switch {
				case state.status != "active":
					reason = state.status
				case !activated:
					reason = "not_activated"
				}
				if a.status != 200 || a.data["valid"] != (state.status == "active") || a.data["status"] != state.status || a.data["grace"] != state.grace ||
					a.data["identifier_activated"] != activated || a.data["reason"] != reason {
					t.Errorf("%s, %q: %d %s", state.name, identifier, a.status, a.body)
				}
			}
		}
	})
}

// An answer is right at that very second, whether or not a job has run.
func TestValidateAsTimePasses(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{expires: time.Hour, grace: 2 * time.Hour, ends: 3 * time.Hour})
		start := c.Clock.Now()
		defer c.Clock.Set(start)
		for _, tt := range []struct {
			at     time.Duration
			status string
			grace  bool
		}{
			{0, "active", false},
			{time.Hour - time.Microsecond, "active", false},
			{time.Hour, "active", true},
			{2*time.Hour - time.Microsecond, "active", true},
			{2 * time.Hour, "suspended", false},
			{3*time.Hour - time.Microsecond, "suspended", false},
			{3 * time.Hour, "expired", false},
		} {
			c.Clock.Set(start.Add(tt.at))
			a := c.post(t, "validate", map[string]any{"license_key": key})
			if a.data["status"] != tt.status || a.data["grace"] != tt.grace || a.data["valid"] != (tt.status == "active") {
				t.Errorf("after %s: %d %s", tt.at, a.status, a.body)
			}
		}
	})
}

// All calls for a known key that get an answer count; others do not.
func TestValidateCounts(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{held: true})
		for range 3 {
			c.post(t, "validate", map[string]any{"license_key": key})
		}
		c.post(t, "validate", map[string]any{"license_key": key, "identifier": "other.example.com"})
		c.post(t, "validate", map[string]any{"license_key": key, "identifier": []string{"bad"}}).names(t, "identifier")
		if err := c.Counts.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		const of = ` FROM license_checks k JOIN licenses l ON l.id = k.license_id WHERE l.key = $1`
		if n := c.number(t, `SELECT k.check_count`+of, key); n != 4 {
			t.Errorf("counted %d checks", n)
		}
		c.post(t, "validate", map[string]any{"license_key": key, "product_id": "gadget"}).refused(t, "PRODUCT_MISMATCH")
		if err := c.Counts.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := c.number(t, `SELECT k.check_count`+of, key); n != 5 {
			t.Errorf("counted %d checks with the one of another product", n)
		}
		if n := c.number(t, `SELECT count(*) FROM verification_log v JOIN licenses l ON l.id = v.license_id WHERE l.key = $1 AND v.result = 'product_mismatch'`, key); n != 1 {
			t.Errorf("%d lines about another product", n)
		}
		if at := c.number(t, `SELECT k.last_check_at`+of, key); at != c.now() {
			t.Errorf("last check at %d, want %d", at, c.now())
		}
		if n := c.number(t, `SELECT count(*)`+of+` AND k.last_check_ip = $2`, key, c.ip); n != 1 {
			t.Errorf("the last check did not come from %s", c.ip)
		}
	})
}

// Activation, and its refusal, come with a lease where one is asked for.
func TestActivateWithALease(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{limit: 1})
		for identifier, want := range map[string]string{"a.example.com": "", "b.example.com": "ACTIVATION_LIMIT_REACHED"} {
			if want != "" {
				c.post(t, "activate", map[string]any{"license_key": key, "identifier": "a.example.com"})
			}
			a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": identifier, "nonce": "n"})
			if want != "" {
				a.refused(t, want)
			}
			if !bytes.Contains(a.body, []byte(`"lease":"ey`)) {
				t.Errorf("%s: %d %s", identifier, a.status, a.body)
			}
			if want == "" {
				c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": identifier})
			}
		}
	})
}

// A version is not refused from memory alone: another process may have taken the money for a pack.
func TestVersionIsRefusedByTheRow(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		ask := func() map[string]any {
			return c.post(t, "validate", map[string]any{"license_key": key, "version": "9.0.0", "released_at": c.Clock.Now().Format(time.RFC3339)}).data
		}
		c.exec(t, `UPDATE licenses SET updates_until = $1 WHERE key = $2`, c.Clock.Now().Add(-time.Hour).UnixMicro(), key)
		if a := ask(); a["valid"] != true || a["version_allowed"] != false || a["reason"] != "version_not_allowed" {
			t.Errorf("after its support: %v", a)
		}
		c.exec(t, `UPDATE licenses SET updates_until = $1 WHERE key = $2`, c.Clock.Now().Add(time.Hour).UnixMicro(), key)
		if a := ask(); a["version_allowed"] != true || a["reason"] != nil {
			t.Errorf("with a pack: %v", a)
		}
	})
}

// Keys are compared to the letter; a product can switch to ignoring case.
func TestKeysToTheLetter(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		c.post(t, "validate", map[string]any{"license_key": strings.ToLower(key)}).refused(t, "LICENSE_NOT_FOUND")
		c.post(t, "validate", map[string]any{"license_key": key[:len(key)-1]}).refused(t, "LICENSE_NOT_FOUND")
		if a := c.post(t, "validate", map[string]any{"license_key": key}); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestDlidIsAnAlias(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		for _, endpoint := range []string{"activate", "validate", "deactivate"} {
			if a := c.post(t, endpoint, map[string]any{"dlid": key, "identifier": "example.com"}); a.status != 200 || a.data["license_key"] != key {
				t.Errorf("%s: %d %s", endpoint, a.status, a.body)
			}
			c.post(t, endpoint, map[string]any{"dlid": "no-such-key", "identifier": "example.com"}).refused(t, "LICENSE_NOT_FOUND")
		}
	})
}

// 1.9 changes the LicenseDock mount alone.
func TestDialect19(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		c.set(t, map[string]any{"compat.licensedock": "1.9"})
		old := func(code string) string {
			if c.mount == licenseDock && (code == "LICENSE_NOT_FOUND" || code == "LICENSE_INACTIVE") {
				return "LICENSE_INVALID"
			}
			return code
		}
		revoked := c.license(t, facts{outcome: "revoked"})
		expired := c.license(t, facts{ends: -time.Hour})
		held := c.license(t, facts{held: true, active: []string{"example.com"}})
		for _, tt := range []struct{ endpoint, key, code string }{
			{"activate", "no-such-key", "LICENSE_NOT_FOUND"},
			{"activate", revoked, "LICENSE_INACTIVE"},
			{"activate", held, "LICENSE_INACTIVE"},
			{"activate", expired, "LICENSE_EXPIRED"},
			{"deactivate", "no-such-key", "LICENSE_NOT_FOUND"},
			{"deactivate", revoked, "LICENSE_INACTIVE"},
			{"deactivate", expired, "ACTIVATION_NOT_FOUND"},
		} {
			c.post(t, tt.endpoint, map[string]any{"license_key": tt.key, "identifier": "example.com"}).refused(t, old(tt.code))
		}
		unknown := c.post(t, "validate", map[string]any{"license_key": "no-such-key"})
		if c.mount == own {
			unknown.refused(t, "LICENSE_NOT_FOUND")
		} else {
			unknown.is(t, map[string]any{
				"valid": false, "status": "invalid", "license_key": nil, "product": nil, "plan": nil, "activation_type": nil,
				"activation_limit": nil, "activations_used": nil, "expires_at": nil, "identifier_activated": nil,
			}, additional...)
		}
		// What is known is answered as ever.
		if a := c.post(t, "validate", map[string]any{"license_key": revoked}); a.status != 200 || a.data["status"] != "revoked" {
			t.Errorf("validate of a revoked key: %d %s", a.status, a.body)
		}
		c.post(t, "validate", map[string]any{"license_key": revoked, "product_id": "gadget"}).refused(t, "PRODUCT_MISMATCH")
	})
}
