package adminapi

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/event"
)

// The tests of this file try every operation of the table, so that none can be forgotten.

// placeOf is an address of an operation: the things in it do not exist.
func placeOf(rt *route) string {
	return pathParam.ReplaceAllString(rt.Path, "xxx_nothing")
}

func everyRoute(b *bundle, f func(t *testing.T, b *bundle, rt *route)) {
	b.Helper()
	if len(b.api.routes) < 50 {
		b.Fatalf("only %d routes", len(b.api.routes))
	}
	for _, rt := range b.api.routes {
		b.Run(rt.key(), func(t *testing.T) {
			own := *b
			own.T = t
			f(t, &own, rt)
		})
	}
}

// good is a body that an operation's schema takes.
func good(rt *route) object {
	if rt.body == nil {
		return nil
	}
	v, _ := sample(rt.body, rt.body.root).(object)
	return v
}

// sample is a value that a schema takes, with everything that is required and nothing else.
func sample(s *schema, of *huma.Schema) any {
	of = s.resolve(of)
	if len(of.Enum) > 0 {
		return of.Enum[0]
	}
	switch of.Type {
	case huma.TypeObject:
		object := object{}
		for _, name := range of.Required {
			object[name] = sample(s, of.Properties[name])
		}
		return object
	case huma.TypeArray:
		return []any{sample(s, of.Items)}
	case huma.TypeInteger:
		return 1
	case huma.TypeBoolean:
		return true
	case huma.TypeString:
		if of.Format == "date-time" {
			return "2026-03-01T12:00:00Z"
		}
		if of.MaxLength != nil {
			return strings.Repeat("x", min(3, *of.MaxLength))
		}
		return "xxx"
	}
	return nil
}

func TestEveryOperationNeedsAToken(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		soon := b.Clock.Now().Add(time.Hour)
		_, expiring, err := b.api.Tokens.Create(t.Context(), "short", []string{"*"}, &soon)
		if err != nil {
			t.Fatal(err)
		}
		b.Clock.Advance(2 * time.Hour)
		all := b.token
		everyRoute(b, func(t *testing.T, b *bundle, rt *route) {
			for _, authorization := range []string{"", "Basic YTpi", "Bearer", all} {
				got := b.send(rt.Method, placeOf(rt), good(rt), "Authorization: "+authorization)
				got.refused(401, "UNAUTHENTICATED")
				if got.Header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("headers: %v", got.Header)
				}
			}
			b.token = expiring
			got := b.send(rt.Method, placeOf(rt), good(rt))
			got.refused(401, "TOKEN_EXPIRED")
			if got.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("headers: %v", got.Header)
			}
			b.Clock.Advance(time.Hour) // what was tried is forgiven
		})
	})
}

func TestEveryOperationNeedsItsScope(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		scopes := map[string]bool{}
		for _, rt := range b.api.routes {
			scopes[rt.Scope] = true
		}
		everyRoute(b, func(t *testing.T, b *bundle, rt *route) {
			if rt.Scope == "" {
				if rt.Path != "/me" {
					t.Error("needs no scope")
				}
				return
			}
			others := maps.Clone(scopes)
			delete(others, rt.Scope)
			delete(others, "")
			b.token = b.newToken(slices.Sorted(maps.Keys(others))...)
			got := b.send(rt.Method, placeOf(rt), good(rt))
			got.refused(403, "MISSING_SCOPE")
			if !strings.Contains(got.Raw, rt.Scope) {
				t.Errorf("the scope is not named: %s", got.Raw)
			}
			b.token = b.newToken(rt.Scope)
			if got := b.send(rt.Method, placeOf(rt), good(rt)); got.Status == 401 || got.Status == 403 || got.Status >= 500 {
				t.Errorf("with its scope = %d %s", got.Status, got.Raw)
			}
		})
	})
}

func TestEveryUnknownThingIsNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		everyRoute(b, func(t *testing.T, b *bundle, rt *route) {
			if !strings.Contains(rt.Path, "{") {
				return
			}
			for _, id := range []string{"xxx_nothing", "cus_01hx2b6yh4m3nq0r8s5t", "%ff", "%00", strings.Repeat("x", 64), "x%20y", "%F0%9F%94%91", "'"} {
				place := pathParam.ReplaceAllString(rt.Path, id)
				got := b.send(rt.Method, place, good(rt))
				if rt.Upload {
					got = b.send(rt.Method, place+"?name=x", "x", "Content-Type: application/zip")
				}
				// A body that a schema takes may still break a rule of the room.
				if got.Status != 404 && got.Status != 422 {
					t.Errorf("%s = %d %s", id, got.Status, got.Raw)
				}
				if code, _ := got.Body["code"].(string); got.Status == 404 && code != "NOT_FOUND" && !slices.Contains(rt.Codes, code) {
					t.Errorf("%s is not described as a code", code)
				}
			}
			b.send(rt.Method, pathParam.ReplaceAllString(rt.Path, strings.Repeat("x", 65)), good(rt)).refused(422, "INVALID_INPUT")
		})
	})
}

func TestEveryAddressTakesItsMethodsOnly(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		methods := map[string][]string{}
		for _, rt := range b.api.routes {
			methods[rt.Path] = append(methods[rt.Path], rt.Method)
		}
		everyRoute(b, func(t *testing.T, b *bundle, rt *route) {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
				if slices.Contains(methods[rt.Path], method) {
					continue
				}
				got := b.send(method, placeOf(rt), nil)
				got.refused(405, "METHOD_NOT_ALLOWED")
				want := slices.Sorted(slices.Values(methods[rt.Path]))
				if allow := got.Header.Get("Allow"); allow != strings.Join(want, ", ") {
					t.Errorf("%s: Allow: %s, want %v", method, allow, want)
				}
			}
		})
		for _, path := range []string{"", "/", "/nothing", "/customers/", "/customers//x", "/customers/../products", "/domain", "/domains/dom_1/x", "/tlds/x/y/z"} {
			b.send("GET", path, nil).refused(404, "NOT_FOUND")
		}
	})
}

func TestEveryQueryIsChecked(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		everyRoute(b, func(t *testing.T, b *bundle, rt *route) {
			refused := func(query, field, message string) {
				t.Helper()
				fields := b.send(rt.Method, placeOf(rt)+"?"+query, good(rt)).refused(422, "INVALID_INPUT")
				if !strings.Contains(fields[field], message) {
					t.Errorf("?%s: %v, want %s of %s", query, fields, message, field)
				}
			}
			refused("unheard_of=1", "unheard_of", "is not a parameter of this operation")
			b.send(rt.Method, placeOf(rt)+"?x=%ff", good(rt)).refused(400, "MALFORMED")
			b.send(rt.Method, placeOf(rt)+"?x=%00", good(rt)).refused(400, "MALFORMED")
			b.send(rt.Method, placeOf(rt)+"?x=%zz", good(rt)).refused(400, "MALFORMED")
			for _, p := range rt.operation.Parameters {
				if p.In != "query" {
					continue
				}
				switch {
				case p.Schema.Type == huma.TypeInteger:
					refused(p.Name+"=ten", p.Name, "must be a whole number")
					refused(p.Name+"=1.5", p.Name, "must be a whole number")
					refused(p.Name+"=0", p.Name, "must be at least 1")
					refused(p.Name+"=100001", p.Name, "must be at most")
				case p.Schema.Type == huma.TypeBoolean:
					refused(p.Name+"=maybe", p.Name, "must be true or false")
				case p.Schema.Format == "date-time":
					refused(p.Name+"=soon", p.Name, "must be an instant")
				case len(p.Schema.Enum) > 0:
					refused(p.Name+"=xyz", p.Name, "must be one of")
				case p.Schema.MaxLength == nil:
					t.Errorf("%s may be of any length", p.Name)
				default:
					refused(p.Name+"="+strings.Repeat("x", *p.Schema.MaxLength+1), p.Name, "is longer than")
				}
			}
		})
	})
}

func TestEveryBodyIsChecked(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		everyRoute(b, func(t *testing.T, b *bundle, rt *route) {
			if rt.body == nil {
				return
			}
			raw := func(body string) reply { return b.send(rt.Method, placeOf(rt), body) }
			raw(`{"a":`).refused(400, "MALFORMED")
			raw(`{} {}`).refused(400, "MALFORMED")
			raw(`{'a': 1}`).refused(400, "MALFORMED")
			raw(`{"a": 1, "a": 2}`).refused(400, "MALFORMED")
			raw("{\"a\": \"\xff\"}").refused(400, "MALFORMED")
			raw(strings.Repeat("[", 100_000)).refused(400, "MALFORMED")
			raw(`{"a": "`+strings.Repeat("x", maxBody)+`"}`).refused(413, "REQUEST_TOO_LARGE")
			for _, media := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=latin1", "x"} {
				b.send(rt.Method, placeOf(rt), "{}", "Content-Type: "+media).refused(415, "UNSUPPORTED_MEDIA_TYPE")
			}
			for _, body := range []string{`[]`, `"x"`, `1`, `true`, `null`} {
				if fields := raw(body).refused(422, "INVALID_INPUT"); fields["body"] != "must be an object" {
					t.Errorf("%s: %v", body, fields)
				}
			}
			if !rt.body.optional {
				raw("").refused(400, "MALFORMED")
			}
			if rt.Path == "/settings" {
				return // names that are no settings have a test of their own
			}
			unknown := good(rt)
			unknown["unheard_of"] = 1
			if fields := b.send(rt.Method, placeOf(rt), unknown).refused(422, "INVALID_INPUT"); fields["unheard_of"] != "is not known here" {
				t.Errorf("unknown field: %v", fields)
			}
			everyField(t, b, rt)
		})
	})
}

// everyField tries what every field of a body refuses.
func everyField(t *testing.T, b *bundle, rt *route) {
	t.Helper()
	s, root := rt.body, rt.body.resolve(rt.body.root)
	for _, name := range root.Required {
		body := good(rt)
		delete(body, name)
		if fields := b.send(rt.Method, placeOf(rt), body).refused(422, "INVALID_INPUT"); fields[name] != "is required" {
			t.Errorf("without %s: %v", name, fields)
		}
		body[name] = nil
		status, code := 422, "INVALID_INPUT"
		if s.resolve(root.Properties[name]).Format == formatYears {
			status, code = 400, "INVALID_REQUEST"
		}
		if fields := b.send(rt.Method, placeOf(rt), body).refused(status, code); !strings.HasPrefix(fields[name], "must be ") {
			t.Errorf("%s null: %v", name, fields)
		}
	}
	for name, property := range root.Properties {
		property = s.resolve(property)
		wrong := func(v any, message string) {
			t.Helper()
			body := good(rt)
			body[name] = v
			status, code := 422, "INVALID_INPUT"
			if property.Format == formatYears {
				status, code = 400, "INVALID_REQUEST"
			}
			fields := b.send(rt.Method, placeOf(rt), body).refused(status, code)
			if !strings.Contains(fields[name], message) {
				t.Errorf("%s = %.40v: %v, want %s", name, v, fields, message)
			}
		}
		switch property.Type {
		case huma.TypeString:
			wrong(1, "must be text")
			wrong([]any{}, "must be text")
			wrong("a\x00b", "contains control characters")
			switch {
			case len(property.Enum) > 0:
				wrong("xyz", "must be one of")
			case property.Format == "date-time":
				for _, v := range []string{"", "tomorrow", "2026-03-01", "2026-03-01T12:00:00", "2026-02-30T12:00:00Z", "0001-01-01T00:00:00Z"} {
					wrong(v, "must be an instant")
				}
			case property.MaxLength == nil:
				t.Errorf("%s may be of any length", name)
			default:
				wrong(strings.Repeat("x", *property.MaxLength+1), "is longer than")
			}
		case huma.TypeInteger:
			wrong("1", "must be a whole number")
			wrong(1.5, "must be a whole number")
			wrong(1e300, "must be a whole number")
			if property.Minimum == nil || property.Maximum == nil {
				t.Errorf("%s has no bounds", name)
				continue
			}
			wrong(int64(*property.Minimum)-1, "must be at least")
			wrong(int64(*property.Maximum)+1, "must be at most")
		case huma.TypeBoolean:
			wrong("true", "must be true or false")
			wrong(1, "must be true or false")
		case huma.TypeArray:
			wrong(object{}, "must be a list")
			if property.MaxItems == nil {
				t.Errorf("%s may have any length", name)
				continue
			}
			wrong(make([]any, *property.MaxItems+1), "has more than")
		case huma.TypeObject:
			wrong("x", "must be an object")
			wrong([]any{}, "must be an object")
		case "":
			t.Errorf("%s may be anything", name)
		}
		if rt.Method == http.MethodPatch && !property.Nullable {
			wrong(nil, "must be ")
		}
	}
}

func TestNestedFieldsAreNamed(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		fields := b.send("POST", "/orders", object{"customer_id": "cus_1", "items": []object{
			{"price_id": "prc_1"}, {"price_id": 1, "quantity": 0, "colour": "red"}, {"quantity": "2"},
		}}).refused(422, "INVALID_INPUT")
		for field, message := range map[string]string{
			"items[1].price_id": "must be text", "items[1].quantity": "must be at least 1", "items[1].colour": "is not known here",
			"items[2].quantity": "must be a whole number",
		} {
			if fields[field] != message {
				t.Errorf("%s %s, want %s", field, fields[field], message)
			}
		}
		if len(fields) != 4 {
			t.Errorf("fields: %v", fields)
		}
		// What a room finds is named in the same way.
		fields = b.send("POST", "/orders", object{"customer_id": "cus_1", "items": []object{{"price_id": ""}}}).refused(422, "INVALID_INPUT")
		if fields["items[0].price_id"] != "is required" {
			t.Errorf("fields: %v", fields)
		}
		fields = b.send("POST", "/plans/pln_1/prices", object{"cycle": "one_time", "money": object{"amount": "1", "currency": "EURO"}, "valid_for": object{}}).refused(422, "INVALID_INPUT")
		for _, field := range []string{"money.amount", "money.currency", "valid_for.count", "valid_for.unit"} {
			if fields[field] == "" {
				t.Errorf("%s is not named: %v", field, fields)
			}
		}
	})
}

func TestUploadHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		product := b.do("POST", "/products", object{"slug": "tool", "name": "Tool"})["id"].(string)
		rel := b.do("POST", "/products/"+product+"/releases", object{"version": "1.0.0"})["id"].(string)
		files := "/releases/" + rel + "/files"
		large := bytes.Repeat([]byte("x"), 3<<20)
		got := b.send("POST", files+"?name=tool.zip", large, "Content-Type: application/octet-stream")
		if got.Status != 201 || got.Body["size"] != float64(len(large)) || got.Body["name"] != "tool.zip" {
			t.Errorf("= %d %s", got.Status, got.Raw)
		}
		b.send("POST", files+"?name=huge.zip", bytes.Repeat([]byte("x"), 4<<20+1), "Content-Type: application/octet-stream").refused(413, "FILE_TOO_LARGE")
		b.send("POST", files, large, "Content-Type: application/octet-stream").refused(422, "INVALID_INPUT")
		b.send("POST", files+"?name=x", "{}").refused(415, "UNSUPPORTED_MEDIA_TYPE")
		b.send("POST", files+"?name=tool.zip", "x", "Content-Type: application/zip").refused(409, "FILE_EXISTS")

		form := "--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"readme.txt\"\r\nContent-Type: text/plain\r\n\r\nread me\r\n--B--\r\n"
		got = b.send("POST", files, form, "Content-Type: multipart/form-data; boundary=B")
		if got.Status != 201 || got.Body["name"] != "readme.txt" || got.Body["size"] != 7.0 {
			t.Errorf("form = %d %s", got.Status, got.Raw)
		}
		b.send("POST", files+"?name=cut.txt", form[:len(form)-12], "Content-Type: multipart/form-data; boundary=B").refused(400, "MALFORMED")
		b.send("POST", files, "--B--\r\n", "Content-Type: multipart/form-data; boundary=B").refused(422, "INVALID_INPUT")
		b.send("POST", files, "x", "Content-Type: multipart/form-data").refused(400, "MALFORMED")
		same(t, b.do("GET", "/releases/"+rel, nil)["files"].([]any)[1], object{
			"id": id("fil"), "release_id": rel, "name": "readme.txt", "size": 7.0, "created_at": instant,
			"sha256": "3f22095641508576e91dc7c6c7f7e08a093985d53ea998043c6619ad240dc92c",
		})
	})
}

func TestTooManyWrongTokens(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		for i := range wrongTokens {
			b.send("GET", "/me", nil, fmt.Sprintf("Authorization: Bearer wrong%d", i)).refused(401, "UNAUTHENTICATED")
		}
		got := b.send("GET", "/me", nil, "Authorization: Bearer wrong")
		got.refused(429, "RATE_LIMITED")
		if got.Header.Get("Retry-After") == "" {
			t.Errorf("headers: %v", got.Header)
		}
		b.do("GET", "/me", nil) // a neighbour
		b.Clock.Advance(wrongTokensPer)
		b.send("GET", "/me", nil, "Authorization: Bearer wrong").refused(401, "UNAUTHENTICATED")
	})
}

func TestOwnerNeedsNoToken(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		c := b.api.Config
		c.Local = true
		local := New(c)
		b.h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			local.ServeHTTP(w, r.WithContext(event.WithActor(r.Context(), event.Actor{Kind: event.Staff, Name: "Operator"})))
		})
		b.token = ""
		same(t, b.do("GET", "/me", nil), object{"kind": "owner", "id": nil, "name": nil, "scopes": []any{"*"}, "expires_at": nil})
		b.do("POST", "/customers", object{"email": "ann@example.com", "name": "Ann"}, "Idempotency-Key: k")
		same(t, b.do("GET", "/events", nil)["data"].([]any)[0].(object)["actor"], object{"kind": "staff", "id": nil, "name": nil})
	})
}

// What touches settings and secrets of registrars needs the scopes of settings; the work of every day needs those of domains,
// as on the pages of staff.
func TestScopesOfRegistrarsAndNotices(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		scopes := map[string]string{}
		for _, rt := range b.api.routes {
			scopes[rt.key()] = rt.Scope
		}
		for operation, want := range map[string]string{
			"GET /registrars":               "domains:read",
			"GET /registrars/{id}":          "domains:read",
			"GET /registrars/{id}/frames":   "domains:read",
			"POST /registrars":              "settings:write",
			"PATCH /registrars/{id}":        "settings:write",
			"POST /registrars/{id}/test":    "domains:write",
			"POST /registrars/{id}/balance": "domains:write",
			"POST /registrars/{id}/restart": "domains:write",
			"POST /domains/{id}/sync":       "domains:write",
			"GET /domain-notice-rules":      "domains:read",
			"PUT /domain-notice-rules":      "domains:write",
		} {
			if scopes[operation] != want {
				t.Errorf("%s needs %q, not %q", operation, scopes[operation], want)
			}
		}
	})
}
