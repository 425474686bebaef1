package adminapi

import (
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
)

// checkFrom is a check by software that runs at a place.
func (b *bundle) checkFrom(key string, at license.Place) check.Answer {
	b.Helper()
	a, err := b.rooms.Checks.Check(b.Context(), check.Request{Key: key, Place: at})
	if err != nil {
		b.Fatal(err)
	}
	return a
}

func TestPlacesOfLicense(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		p := b.do("PATCH", "/products/"+s.product, object{"bindings": object{"domain": true, "ip": true}, "max_reissues": 2})
		same(b.T, p["bindings"], object{"domain": true, "ip": true, "directory": false})
		p = b.do("PATCH", "/products/"+s.product, object{"bindings": object{"ip": false}, "allow_reissue": false})
		same(b.T, p["bindings"], object{"domain": true, "ip": false, "directory": false})
		if p["allow_reissue"] != false || p["max_reissues"] != 2.0 {
			b.Errorf("product: %v", p)
		}
		l := b.license(s)
		place := "/licenses/" + l
		key := b.do("GET", place, nil)["key"].(string)
		one, two := license.Place{Domain: "one.example.com", IP: "192.0.2.1"}, license.Place{Domain: "two.example.com", IP: "192.0.2.2"}
		if a := b.checkFrom(key, one); !a.Valid {
			b.Fatalf("first check: %+v", a)
		}
		same(b.T, b.do("GET", place, nil)["bindings"], object{"domains": []any{"one.example.com"}, "ips": []any{"192.0.2.1"}, "directories": []any{}})
		if a := b.checkFrom(key, two); a.Valid || a.Reason != license.WrongDomain {
			b.Fatalf("from elsewhere: %+v", a)
		}
		after := b.do("POST", place+"/reissue", object{"reason": "a new server"})
		if after["reissues"] != 1.0 || len(after["bindings"].(object)["domains"].([]any)) != 0 {
			b.Errorf("reissued: %v", after)
		}
		b.do("POST", place+"/reissue", nil)
		if a := b.checkFrom(key, two); !a.Valid {
			b.Errorf("after a reissue: %+v", a)
		}
		after = b.do("PATCH", place, object{"bindings": object{"domains": []string{"*.Example.com", "other.example.net"}}, "reissues": 0})
		same(b.T, after["bindings"], object{"domains": []any{"*.example.com", "other.example.net"}, "ips": []any{"192.0.2.2"}, "directories": []any{}})
		if a := b.checkFrom(key, one); !a.Valid || after["reissues"] != 0.0 {
			b.Errorf("after an edit: %+v", a)
		}
		fields := b.send("PATCH", place, object{"bindings": object{"domains": []string{"no domain"}}, "allowed_hosts": []string{"a b"}}).refused(422, "INVALID_INPUT")
		if fields["bindings.domains"] == "" || fields["allowed_hosts"] == "" {
			b.Errorf("fields: %v", fields)
		}

		log := b.do("GET", "/verification-log?license_id="+l, nil)["data"].([]any)
		var results []string
		for _, of := range log {
			results = append(results, of.(object)["result"].(string))
		}
		if strings.Join(results, " ") != "bound wrong_domain bound" {
			b.Errorf("log: %v", results)
		}
		same(b.T, log[1], object{
			"id": id("ver"), "license_id": l, "product_id": s.product, "customer_id": s.customer, "at": instant, "result": "wrong_domain",
			"identifier": nil, "domain": "two.example.com", "place_ip": "192.0.2.2", "directory": nil, "version": nil, "ip": nil, "user_agent": nil,
		})
		for query, n := range map[string]int{
			"result=bound": 2, "product_id=prd_x": 0, "ip=192.0.2.1": 1, "since=" + b.Clock.Now().Add(time.Hour).Format(time.RFC3339): 0,
		} {
			if data := b.do("GET", "/verification-log?"+query, nil)["data"].([]any); len(data) != n {
				b.Errorf("?%s: %d, want %d", query, len(data), n)
			}
		}

		ban := b.do("POST", "/bans", object{"kind": "domain", "value": "https://Two.example.com/", "reason": "stolen"})
		same(b.T, ban, object{"id": id("ban"), "kind": "domain", "value": "two.example.com", "reason": "stolen", "created_at": instant})
		b.send("POST", "/bans", object{"kind": "domain", "value": "two.example.com"}).refused(409, "ALREADY_BANNED")
		b.send("POST", "/bans", object{"kind": "ip", "value": "x"}).refused(422, "INVALID_INPUT")
		if a := b.checkFrom(key, two); a.Valid || a.Reason != check.Banned {
			b.Errorf("banned: %+v", a)
		}
		same(b.T, b.do("GET", "/bans", nil)["data"], []any{ban})
		b.do("DELETE", "/bans/"+ban["id"].(string), nil)
		if a := b.checkFrom(key, two); !a.Valid {
			b.Errorf("after the ban: %+v", a)
		}
	})
}

// holdsValues fails the test unless an object has these values, beside others.
func holdsValues(t *testing.T, got, want object) {
	t.Helper()
	for name, value := range want {
		same(t, object{name: got[name]}, object{name: value})
	}
}

func TestSettingsOfChecks(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		p := b.do("POST", "/products", object{
			"slug": "whole", "name": "Whole", "bindings": object{"domain": true, "ip": false, "directory": true}, "allow_reissue": true, "max_reissues": 3,
			"whmcs_secret": "s3cret", "pack_name": "Care", "private_suffixes": []string{"dev.Example.com"}, "public_check": true,
		})
		want := object{
			"bindings": object{"domain": true, "ip": false, "directory": true}, "allow_reissue": true, "max_reissues": 3.0, "has_whmcs_secret": true,
			"pack_name": "Care", "private_suffixes": []any{"dev.example.com"}, "public_check": true,
		}
		holdsValues(b.T, p, want)
		if strings.Contains(b.send("GET", "/products/"+p["id"].(string), nil).Raw, "s3cret") {
			b.Error("the secret is shown")
		}
		if p = b.do("PATCH", "/products/"+p["id"].(string), object{"whmcs_secret": nil}); p["has_whmcs_secret"] != false {
			b.Errorf("cleared: %v", p)
		}
		plans := "/products/" + p["id"].(string) + "/plans"
		plan := b.do("POST", plans, object{"name": "A", "activation_type": "domain", "activation_limit": 1})
		holdsValues(b.T, plan, object{"support_months": 12.0, "check_interval_days": 7.0, "offline_grace_days": 3.0, "file_days": 0.0, "license_type": "purchased"})
		plan = b.do("POST", plans, object{
			"name": "B", "license_type": "purchased", "activation_type": "domain", "activation_limit": 1, "support_months": 18, "check_interval_days": 14, "offline_grace_days": 0, "file_days": 365,
		})
		same(b.T, plan["support"], object{"count": 18.0, "unit": "month"})
		plan = b.do("PATCH", "/plans/"+plan["id"].(string), object{"support_months": nil, "offline_grace_days": 5})
		holdsValues(b.T, plan, object{"support_months": nil, "support": nil, "check_interval_days": 14.0, "offline_grace_days": 5.0, "file_days": 365.0})
		for _, of := range []string{"leased", "development", "trial"} {
			if plan := b.do("POST", plans, object{"name": of, "license_type": of, "activation_type": "domain", "activation_limit": 1}); plan["license_type"] != of || plan["support_months"] != nil {
				b.Errorf("%s: %v", of, plan)
			}
		}
		b.send("POST", plans, object{"name": "C", "license_type": "leased", "activation_type": "domain", "activation_limit": 1, "support_months": 6}).refused(422, "INVALID_INPUT")
	})
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		product := "/products/" + b.shop().product
		keys := b.do("GET", product+"/signing-keys", nil)
		roots := keys["roots"].([]any)
		if len(roots) != 2 || len(keys["keys"].([]any)) != 5 {
			b.Fatalf("keys: %v", keys)
		}
		root := roots[0].(object)
		same(b.T, root, object{
			"id": id("rot"), "public_key": root["public_key"], "spare": false, "on_server": true, "created_at": instant, "exported_at": nil, "removed_at": nil,
		})
		place := product + "/root-keys/" + root["id"].(string)
		b.send("POST", place+"/remove", nil).refused(409, "ROOT_NOT_EXPORTED")
		exported := b.do("POST", place+"/export", nil, "Idempotency-Key: k")
		pem, _ := exported["pem"].(string)
		if !strings.HasPrefix(pem, "-----BEGIN PRIVATE KEY-----") {
			b.Fatalf("exported: %v", exported)
		}
		if again := b.do("POST", place+"/export", nil, "Idempotency-Key: k"); again["pem"] != nil {
			b.Error("the private part was kept with the answer")
		}
		after := b.do("POST", place+"/remove", nil)
		if gone := after["roots"].([]any)[0].(object); gone["on_server"] != false || gone["removed_at"] == nil {
			b.Errorf("removed: %v", gone)
		}
		b.send("POST", place+"/export", nil).refused(404, "ROOT_NOT_FOUND")
		rotated := b.do("POST", product+"/signing-keys/rotate", object{"reason": "a laptop was lost"})["keys"].([]any)
		if rotated[0].(object)["state"] != "retired" || rotated[1].(object)["state"] != "current" {
			b.Errorf("rotated: %v", rotated)
		}
		b.do("POST", product+"/root-keys/use", object{"pem": pem})
		b.send("POST", product+"/root-keys/use", object{"pem": "x"}).refused(422, "INVALID_INPUT")

		b.token = b.newToken("catalog:write", "licenses:write", "tokens:write")
		b.send("POST", product+"/root-keys/"+roots[1].(object)["id"].(string)+"/export", nil).refused(403, "MISSING_SCOPE")
	})
}
