package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/web"
)

// bundle is a store with its API and a token for everything.
type bundle struct {
	*testing.T
	*dbtest.Store
	api    *API
	h      http.Handler
	token  string
	issuer *issuer
	shapes *shapes
}

func setup(t *testing.T, s *dbtest.Store) *bundle {
	t.Helper()
	d := s.DB
	b := &bundle{T: t, Store: s}
	jobs := job.NewQueue(d, nil)
	cat := catalog.New(d)
	licenses := license.New(d)
	cat.UseKeys(licenses)
	bill := billing.New(d, func(ctx context.Context, tx *db.Tx) (billing.Terms, error) {
		st, err := setting.Load(ctx, tx)
		return billing.Terms{Zone: st.TimeZone, NumberFormat: st.NumberFormat, DueDays: st.DueDays, Seller: billing.Party{Name: st.StoreName}}, err
	}, enqueuer{jobs})
	b.issuer = &issuer{licenses: licenses}
	bill.Register(billing.KindLicense, b.issuer)
	pay := payment.New(d, bill)
	tokens := token.New(d)
	b.api = New(Config{
		DB: d, Clock: s.Clock, Log: testLog(), Catalog: cat,
		Customers: customer.New(d, func(ctx context.Context, tx *db.Tx) (money.Currency, error) {
			st, err := setting.Load(ctx, tx)
			return st.Currency, err
		}),
		Releases: release.New(d, filepath.Join(t.TempDir(), "files")), Settings: setting.New(d), Licenses: licenses,
		Orders: order.New(d, bill, pay), Billing: bill, Payments: pay, Jobs: jobs, Events: event.NewLog(d), Tokens: tokens, Version: "1.2.3", MaxUpload: 4 << 20,
	})
	b.shapes = newShapes(t, b.api)
	b.h = web.Identify(func() []netip.Prefix { return nil }, b.api)
	b.token = b.newToken("*")
	return b
}

func testLog() *slog.Logger {
	if os.Getenv("KEYSTEAD_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// issuer fulfils lines by licenses, as the program does; or fails, where a test asks for that.
type issuer struct {
	licenses *license.Service
	broken   error
}

func (i *issuer) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	if i.broken != nil {
		return "", i.broken
	}
	in := license.IssueInput{CustomerID: line.CustomerID, PlanID: line.PlanID, OrderID: line.OrderID, InvoiceLineID: line.ID, Quantity: line.Quantity, Reason: line.Reason}
	if !line.ValidFor.IsZero() {
		end := line.ValidFor.After(tx.Now, time.UTC)
		in.ExpiresAt = &end
	}
	l, err := i.licenses.Issue(ctx, tx, in)
	return l.ID, err
}

type enqueuer struct{ jobs *job.Queue }

func (e enqueuer) Enqueue(ctx context.Context, tx *db.Tx, kind, dedupKey string, payload any, runAt time.Time) error {
	return e.jobs.Enqueue(ctx, tx, job.New{Kind: kind, DedupKey: dedupKey, Payload: payload, RunAt: runAt})
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
		_, a := x.(check)
		_, b := y.(check)
		return a || b
	}, cmp.Comparer(func(x, y any) bool {
		if c, ok := x.(check); ok {
			return c(y)
		}
		return y.(check)(x)
	}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

type check func(v any) bool

func id(prefix string) check {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && strings.HasPrefix(s, prefix+"_") && len(s) == len(prefix)+21
	}
}

var instant check = func(v any) bool {
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
	if path == "" || path == "/docs" || path == "/openapi.json" {
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	status, media := strconv.Itoa(w.Code), mediaJSON
	if w.Code >= 400 {
		status, media = "default", problemType
	}
	place := "/paths/" + escape(path) + "/" + strings.ToLower(method) + "/responses/" + status
	if w.Code != http.StatusNoContent {
		place += "/content/" + escape(media) + "/schema"
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
