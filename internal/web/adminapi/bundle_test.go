package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/web"
)

// bundle is a store with its API and a token for everything.
type bundle struct {
	*testing.T
	*dbtest.Store
	api    *API
	h      http.Handler
	token  string
	rooms  *roomstest.Rooms
	shapes *shapes
}

func setup(t *testing.T, s *dbtest.Store) *bundle {
	t.Helper()
	return over(t, s, roomstest.New(t, s, roomstest.Log()))
}

// over is the API over rooms.
func over(t *testing.T, s *dbtest.Store, r *roomstest.Rooms) *bundle {
	t.Helper()
	b := &bundle{T: t, Store: s, rooms: r}
	b.api = New(Config{
		DB: s.DB, Clock: s.Clock, Log: roomstest.Log(), Catalog: r.Catalog, Coupons: r.Coupons, Customers: r.Customers, Releases: r.Releases, Settings: r.Settings, Recovery: r.Recovery, Licenses: r.Licenses, Checks: r.Checks, MoveIn: r.MoveIn, Keys: r.Keys,
		Orders: r.Orders, Billing: r.Billing, Payments: r.Payments, Sandbox: r.Sandbox, Subscriptions: r.Subscriptions, Tasks: r.Tasks, Mail: r.Mail, Webhooks: r.Webhooks, Events: r.Events, Jobs: r.Jobs, Automation: r.Automation, DryRun: r.DryRun, Tokens: r.Tokens, Domains: r.Domains, Renewals: r.Renewals, Dispatch: r.Dispatch, Watch: r.Watch, Reminders: r.Reminders, Registrars: r.Registrars, Version: "1.2.3", MaxUpload: 4 << 20,
	})
	b.shapes = newShapes(t, b.api)
	b.h = web.Identify(func() []netip.Prefix { return nil }, b.api)
	b.token = b.newToken("*")
	return b
}

func (b *bundle) newToken(scopes ...string) string {
	b.Helper()
	_, secret, err := b.api.Tokens.Create(b.Context(), strings.Join(scopes, " "), scopes, nil)
	if err != nil {
		b.Fatal(err)
	}
	return secret
}

// object is a JSON object as a client sees it.
type object = map[string]any

// reply is an answer as a client sees it.
type reply struct {
	*testing.T
	Status int
	Header http.Header
	Raw    string
	Body   object // nil if there is none
}

// send sends a request; a header is given as "Name: value".
func (b *bundle) send(method, path string, body any, headers ...string) reply {
	b.Helper()
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(body)
	case []byte:
		r = bytes.NewReader(body)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	q := httptest.NewRequestWithContext(context.Background(), method, Base+path, r)
	q.Header.Set("Authorization", "Bearer "+b.token)
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "" {
			q.Header.Del(name)
			continue
		}
		q.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, q)
	b.described(q, w)
	got := reply{T: b.T, Status: w.Code, Header: w.Header(), Raw: w.Body.String()}
	if w.Body.Len() > 0 && strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &got.Body); err != nil {
			b.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
	return got
}

// do sends a request that must succeed, and returns its answer.
func (b *bundle) do(method, path string, body any, headers ...string) object {
	b.Helper()
	got := b.send(method, path, body, headers...)
	if got.Status >= 300 {
		b.Fatalf("%s %s = %d %s", method, path, got.Status, got.Raw)
	}
	return got.Body
}

// refused fails the test unless the answer is a problem with this status and code. It returns the fields at fault.
func (r reply) refused(status int, code string) map[string]string {
	r.Helper()
	if r.Status != status || r.Body["code"] != code {
		r.Fatalf("= %d %s, want %d %s", r.Status, r.Raw, status, code)
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/problem+json" {
		r.Errorf("content type of a problem: %s", ct)
	}
	if r.Body["type"] != "about:blank" || r.Body["title"] != http.StatusText(status) || r.Body["status"] != float64(status) || r.Body["detail"] == "" {
		r.Errorf("problem: %s", r.Raw)
	}
	fields := map[string]string{}
	errs, _ := r.Body["errors"].([]any)
	for _, e := range errs {
		f := e.(object)
		fields[f["field"].(string)] = f["message"].(string)
	}
	return fields
}

// same compares an answer with what it should be. Values that differ from run to run are given as the functions id,
// instant and anything.
func same(t *testing.T, got any, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.FilterValues(func(x, y any) bool {
		_, a := x.(fitting)
		_, b := y.(fitting)
		return a || b
	}, cmp.Comparer(func(x, y any) bool {
		if c, ok := x.(fitting); ok {
			return c(y)
		}
		return y.(fitting)(x)
	}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

type fitting func(v any) bool

func id(prefix string) fitting {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && strings.HasPrefix(s, prefix+"_") && len(s) == len(prefix)+21
	}
}

var instant fitting = func(v any) bool {
	s, ok := v.(string)
	_, err := time.Parse(time.RFC3339, s)
	return ok && err == nil && strings.HasSuffix(s, "Z")
}

func eur(amount float64) object { return object{"amount": amount, "currency": "EUR"} }

// each runs f on both databases.
func each(t *testing.T, f func(b *bundle)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(setup(t, s)) })
}

// eachTest runs f on both databases, in a store in test mode: with the sandbox, and a clock that stands still.
func eachTest(t *testing.T, f func(b *bundle)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(over(t, s, roomstest.InTestMode(t, s, roomstest.Log()))) })
}

// one runs f on SQLite: for what does not depend on the database.
func one(t *testing.T, f func(b *bundle)) {
	t.Helper()
	f(setup(t, dbtest.SQLite(t)))
}

// described fails the test if an answer is not what the OpenAPI document says of it.
func (b *bundle) described(q *http.Request, w *httptest.ResponseRecorder) {
	b.Helper()
	_, pattern := b.api.mux.Handler(q)
	method, path, _ := strings.Cut(pattern, " "+Base)
	if path == "" || path == "/docs" || path == "/openapi.json" || w.Code == http.StatusMethodNotAllowed {
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	status, media := strconv.Itoa(w.Code), mediaJSON
	if w.Code >= 400 {
		status, media = "default", problemType
	}
	place := "/paths/" + escape(path) + "/" + strings.ToLower(method) + "/responses/" + status
	if ct := w.Header().Get("Content-Type"); w.Code < 400 && w.Code != http.StatusNoContent && ct != mediaJSON {
		b.describedFile(path, method, ct)
		return
	}
	if w.Code != http.StatusNoContent {
		place += "/content/" + escape(media) + "/schema"
	}
	if w.Code >= 400 {
		b.describedCode(path, method, w)
	}
	b.shapes.Lock()
	defer b.shapes.Unlock()
	compiled, err := b.shapes.compiler.Compile("openapi.json#" + place)
	if err != nil {
		b.Fatalf("%s answers %d, which the document does not know: %v", pattern, w.Code, err)
	}
	if w.Code == http.StatusNoContent {
		return
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		b.Fatalf("%s: %v in %s", pattern, err, w.Body)
	}
	if err := compiled.Validate(body); err != nil {
		b.Errorf("%s answers %d with what the document does not describe: %v", pattern, w.Code, err)
	}
}

// everywhere are the codes of problems that every operation may have: of the request itself, the caller, the store.
var everywhere = []string{
	"INVALID_INPUT", "MALFORMED", "UNSUPPORTED_MEDIA_TYPE", "REQUEST_TOO_LARGE", "UNAUTHENTICATED", "TOKEN_EXPIRED", "MISSING_SCOPE", "RATE_LIMITED",
	"IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_USE", "UNAVAILABLE", "STORE_UNAVAILABLE", "INTERNAL", "NOT_FOUND", "STORE_IN_RECOVERY",
}

// describedCode fails the test if a problem has a code that the operation is not said to have.
func (b *bundle) describedCode(path, method string, w *httptest.ResponseRecorder) {
	b.Helper()
	var problem struct{ Code string }
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		b.Fatal(err)
	}
	for _, rt := range b.api.routes {
		if rt.Path == path && rt.Method == method && !slices.Contains(everywhere, problem.Code) && !slices.Contains(rt.Codes, problem.Code) {
			b.Errorf("%s %s answers %d %s, a code that the document does not know of it", method, path, w.Code, problem.Code)
		}
	}
}

// describedFile fails the test if an answer that is no JSON is of another type than the document says.
func (b *bundle) describedFile(path, method, media string) {
	b.Helper()
	for _, rt := range b.api.routes {
		if rt.Path == path && rt.Method == method && rt.operation.Responses["200"].Content[media] == nil {
			b.Errorf("%s %s answers with %s, which the document does not know", method, path, media)
		}
	}
}

// shapes compiles the schemas of the OpenAPI document as they are needed.
type shapes struct {
	sync.Mutex
	compiler *jsonschema.Compiler
}

func newShapes(t *testing.T, a *API) *shapes {
	t.Helper()
	raw, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return &shapes{compiler: c}
}
