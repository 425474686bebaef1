package licenseapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db/dbtest"
)

// required are the parameters that each POST must have, in the order of the contract.
var required = map[string][]string{
	"activate":   {"license_key", "identifier"},
	"deactivate": {"license_key", "identifier"},
	"validate":   {"license_key"},
}

// texts are the parameters of each POST that hold text.
var texts = map[string][]string{
	"activate":   {"license_key", "dlid", "identifier", "name", "product_id", "version"},
	"deactivate": {"license_key", "dlid", "identifier"},
	"validate":   {"license_key", "dlid", "identifier", "product_id", "version", "released_at", "nonce", "domain", "ip", "directory"},
}

func eachEndpoint(f func(endpoint string)) {
	for _, e := range []string{"activate", "deactivate", "validate"} {
		f(e)
	}
}

func TestMissingParameters(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			for _, missing := range required[endpoint] {
				request := map[string]any{"license_key": key, "identifier": "example.com"}
				delete(request, missing)
				c.post(t, endpoint, request).names(t, missing)
				request[missing] = ""
				c.post(t, endpoint, request).names(t, missing)
				request[missing] = "  "
				c.post(t, endpoint, request).names(t, missing)
			}
		})
	})
}

func TestNullIsLeftOut(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			for _, missing := range required[endpoint] {
				request := map[string]any{"license_key": key, "identifier": "example.com", missing: nil}
				c.post(t, endpoint, request).names(t, missing)
			}
			request := map[string]any{"license_key": key, "identifier": "example.com"}
			for _, name := range texts[endpoint] {
				if request[name] == nil {
					request[name] = nil
				}
			}
			if a := c.post(t, endpoint, request); a.status != 200 {
				t.Errorf("%s: %d %s", endpoint, a.status, a.body)
			}
		})
		if a := c.post(t, "validate", map[string]any{"license_key": key, "identifier": nil}); a.data["identifier_activated"] != true {
			t.Errorf("no identifier was sent: %s", a.body)
		}
	})
}

func TestWrongTypes(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			for _, name := range texts[endpoint] {
				for _, wrong := range []any{map[string]any{"a": "b"}, []any{"a"}, []any{}, true, false} {
					c.post(t, endpoint, map[string]any{"license_key": key, "identifier": "example.com", name: wrong}).names(t, name)
				}
			}
		})
	})
}

func TestNumbersAsText(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		for _, endpoint := range []string{"activate", "validate"} {
			for _, version := range []any{2, 2.1, 0, -1} {
				if a := c.post(t, endpoint, map[string]any{"license_key": key, "identifier": "example.com", "version": version}); a.status != 200 {
					t.Errorf("%s, version %v: %d %s", endpoint, version, a.status, a.body)
				}
			}
			c.post(t, endpoint, map[string]any{"license_key": key, "identifier": "example.com", "product_id": 17}).refused(t, "PRODUCT_MISMATCH")
		}
	})
}

func TestOverlongParameters(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		for endpoint, names := range map[string][]string{
			"activate": {"license_key", "identifier", "name", "product_id", "version"}, "deactivate": {"license_key", "identifier"}, "validate": {"license_key", "identifier", "product_id", "version"},
		} {
			for _, name := range names {
				request := map[string]any{"license_key": key, "identifier": "example.com", name: strings.Repeat("x", 5000)}
				a := c.post(t, endpoint, request)
				if name == "license_key" && a.code == "LICENSE_NOT_FOUND" {
					continue // no key is that long
				}
				a.names(t, name)
			}
		}
		long := strings.Repeat("ä", 255)
		if a := c.post(t, "activate", map[string]any{"license_key": key, "identifier": "example.com", "name": long}); a.status != 200 {
			t.Errorf("a name of 255 characters: %d %s", a.status, a.body)
		}
		c.post(t, "activate", map[string]any{"license_key": key, "identifier": "b.example.com", "name": long + "x"}).names(t, "name")
	})
}

func TestExtraParametersAreIgnored(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			a := c.post(t, endpoint, map[string]any{
				"license_key": key, "identifier": "example.com", "php_version": "8.3", "extra": 1, "token": strings.Repeat("x", 9000), "Identifier": "b.example.com",
			})
			if a.status != 200 {
				t.Errorf("%s: %d %s", endpoint, a.status, a.body)
			}
		})
		if _, body := c.encode(t, map[string]any{}); strings.HasPrefix(string(body), "{") {
			a := c.post(t, "validate", map[string]any{"license_key": key, "extra": map[string]any{"deep": []any{1, nil, true}}})
			if a.status != 200 {
				t.Errorf("an extra object: %d %s", a.status, a.body)
			}
		}
	})
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			for _, tt := range []struct{ name, contentType, body string }{
				{"nothing", "application/json", ""},
				{"nothing, as a form", "application/x-www-form-urlencoded", ""},
				{"nothing at all", "", ""},
				{"null", "application/json", "null"},
				{"a list", "application/json", `["license_key"]`},
				{"a text", "application/json", `"license_key"`},
				{"a number", "application/json", `1`},
				{"cut short", "application/json", `{"license_key":"` + key},
				{"followed by more", "application/json", `{"license_key":"` + key + `","identifier":"a"} x`},
				{"two objects", "application/json", `{"license_key":"` + key + `","identifier":"a"}{}`},
				{"a form that says it is JSON", "application/json", "license_key=" + key + "&identifier=a"},
				{"a broken escape", "application/x-www-form-urlencoded", "license_key=" + key + "&identifier=%zz"},
				{"a multipart body without its boundary", "multipart/form-data", "--x\r\n\r\n--x--"},
				{"a multipart body that is none", "multipart/form-data; boundary=x", "license_key=" + key},
			} {
				a := c.raw(t, http.MethodPost, endpoint, tt.contentType, []byte(tt.body))
				if a.code != "INVALID_REQUEST" || a.status != 400 {
					t.Errorf("%s, %s: %d %s", endpoint, tt.name, a.status, a.body)
				}
			}
		})
	})
}

func TestTextThatIsNotUTF8(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			for _, tt := range []struct{ contentType, body string }{
				{"application/json", "{\"license_key\":\"" + key + "\",\"identifier\":\"a\xff\"}"},
				{"application/x-www-form-urlencoded", "license_key=" + key + "&identifier=a%ff"},
				{"application/x-www-form-urlencoded", "license_key=" + key + "&identifier=a%c3%28"},
				{"application/x-www-form-urlencoded", "license_key=" + key + "%ff&identifier=a"},
			} {
				c.raw(t, http.MethodPost, endpoint, tt.contentType, []byte(tt.body)).refused(t, "INVALID_REQUEST")
			}
			for _, char := range []string{"\x00", "\n", "\x1b", "\x7f"} {
				c.post(t, endpoint, map[string]any{"license_key": key, "identifier": "a" + char + "b"}).names(t, "identifier")
			}
		})
	})
}

func TestContentTypes(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		asJSON, asForm := `{"license_key":"`+key+`"}`, "license_key="+key
		for _, tt := range []struct{ contentType, body string }{
			{"application/json", asJSON},
			{"application/json; charset=utf-8", asJSON},
			{"Application/JSON;charset=UTF-8", asJSON},
			{"application/json", "\r\n " + asJSON + "\n"},
			{"application/x-www-form-urlencoded", asForm},
			{"application/x-www-form-urlencoded; charset=UTF-8", asForm},
			{"", asForm},
		} {
			if a := c.raw(t, http.MethodPost, "validate", tt.contentType, []byte(tt.body)); a.status != 200 || a.data["license_key"] != key {
				t.Errorf("%q: %d %s", tt.contentType, a.status, a.body)
			}
		}
	})
}

func TestMethods(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		eachEndpoint(func(endpoint string) {
			for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				a := c.do(t, method, c.mount+"licenses/"+endpoint+"?license_key="+key+"&identifier=example.com", nil, nil)
				if a.status != 405 || a.header.Get("Allow") != "POST" {
					t.Errorf("%s %s: %d, Allow %q", method, endpoint, a.status, a.header.Get("Allow"))
				}
				if method != http.MethodHead {
					a.conforms(t, "/licenses/"+endpoint, strings.ToLower(method))
					a.refusedWith(t, 405, "METHOD_NOT_ALLOWED")
				}
			}
		})
		for _, path := range []string{"updates/widget", "updates/widget.xml", "downloads/widget"} {
			for _, method := range []string{"POST", "PUT", "DELETE"} {
				a := c.do(t, method, c.mount+path, nil, nil)
				if allow := a.header.Get("Allow"); a.status != 405 || !slices.Contains(strings.Split(allow, ", "), "GET") {
					t.Errorf("%s %s: %d, Allow %q", method, path, a.status, allow)
				}
			}
		}
	})
}

func TestLargeBodies(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		const most = 64 << 10
		key := c.license(t, facts{})
		request := map[string]any{"license_key": key, "identifier": "example.com", "extra": ""}
		contentType, body := c.encode(t, request)
		request["extra"] = strings.Repeat("x", most-len(body))
		eachEndpoint(func(endpoint string) {
			// A multipart boundary is drawn anew but always of the same length.
			contentType, body = c.encode(t, request)
			if len(body) != most {
				t.Fatalf("%d bytes", len(body))
			}
			if a := c.raw(t, http.MethodPost, endpoint, contentType, body); a.status != 200 {
				t.Errorf("%s, %d bytes: %d %s", endpoint, len(body), a.status, a.body)
			}
			larger := with(request, "extra", fmt.Sprint(request["extra"])+"x")
			contentType, body = c.encode(t, larger)
			c.raw(t, http.MethodPost, endpoint, contentType, body).refusedWith(t, 413, "REQUEST_TOO_LARGE")
		})
	})
}

func TestAddressesThatDoNotExist(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		for _, path := range []string{"", "licenses", "licenses/", "licenses/renew", "updates/", "downloads/", "updates/a/b", "downloads/widget/file.zip"} {
			a := c.do(t, http.MethodGet, c.mount+path, nil, nil)
			if a.status != 404 || a.header.Get("Content-Type") != "application/json" || !strings.Contains(string(a.body), `"error"`) {
				t.Errorf("%s: %d %s %s", path, a.status, a.header.Get("Content-Type"), a.body)
			}
		}
	})
}

// Query strings of the license API are never logged, and keys in bodies neither.
func TestKeysAreNotLogged(t *testing.T) {
	contract(t, everyBody, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		secret := "SECRET-UNKNOWN-KEY"
		for _, k := range []string{key, secret} {
			eachEndpoint(func(endpoint string) {
				c.post(t, endpoint, map[string]any{"license_key": k, "identifier": "example.com"})
				c.post(t, endpoint, map[string]any{"license_key": k, "identifier": "\x00"})
			})
			c.get(t, "updates", "widget", "license_key", k)
			c.get(t, "downloads", "widget", "license_key", k)
			c.get(t, "downloads", "widget", "dlid", k)
		}
		if log := c.log.String(); strings.Contains(log, key) || strings.Contains(log, secret) {
			t.Errorf("the log holds a key:\n%s", log)
		}
	})
}

// A fault of ours is told without details.
func TestInternalErrors(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{plan: "pln_instance"})
		c.exec(t, `UPDATE plans SET entitlements = 'not JSON' WHERE id = 'pln_instance'`)
		a := c.post(t, "validate", map[string]any{"license_key": key})
		a.refused(t, "INTERNAL_ERROR")
		for _, detail := range []string{"entitlement", "JSON", "invalid character", "lic_", key} {
			if strings.Contains(fmt.Sprint(a.failure["message"]), detail) {
				t.Errorf("the message tells of %q: %s", detail, a.body)
			}
		}
		if !strings.Contains(c.log.String(), "request failed") {
			t.Error("the operator is not told")
		}
	})
}

// An answer that can't be counted is not given.
func TestChecksThatCannotBeCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		sh := openShop(t, s)
		if err := sh.Counts.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, mount := range mounts {
			c := caller{shop: sh, mount: mount, encode: encodings["json"], ip: "203.0.113.1"}
			a := c.post(t, "validate", map[string]any{"license_key": sh.license(t, facts{})})
			a.refusedWith(t, 503, "SERVICE_UNAVAILABLE")
			if a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	})
}
