package licenseapi_test

// The contract tests are written from the contract (docs/license-api.md), not from the code: they drive both mounts
// over HTTP, in every form of body, on both databases, and hold each answer against the OpenAPI document.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/licenseapi"
)

const (
	own         = "/api/v1/"
	licenseDock = "/api/index.php/v1/licensedock/"
)

var mounts = map[string]string{"own": own, "licensedock": licenseDock}

// statusOf is the contract's table: every code and its HTTP status. ACTIVATION_NOT_FOUND is 403 on a download.
var statusOf = map[string]int{
	"INVALID_REQUEST":          400,
	"LICENSE_NOT_FOUND":        403,
	"LICENSE_INACTIVE":         403,
	"LICENSE_EXPIRED":          403,
	"ACTIVATION_LIMIT_REACHED": 403,
	"ACTIVATION_NOT_FOUND":     404,
	"ACTIVATION_REFUSED":       403,
	"PRODUCT_MISMATCH":         403,
	"UPGRADE_PERIOD_ENDED":     403,
	"DOWNLOAD_NOT_FOUND":       404,
	"FILE_NOT_FOUND":           404,
	"RATE_LIMITED":             429,
	"INTERNAL_ERROR":           500,
	"LICENSE_INVALID":          403, // LicenseDock 1.9
}

// shop is a store with a small catalog, behind a server of its own.
type shop struct {
	*dbtest.Store
	*roomstest.Rooms
	url string
	log *logBook
	n   atomic.Int64
}

// logBook is everything that the server logged.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func openShop(t *testing.T, s *dbtest.Store) *shop {
	t.Helper()
	sh := &shop{Store: s, log: &logBook{}}
	logger := slog.New(slog.NewTextHandler(sh.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	sh.Rooms = roomstest.New(t, s, logger)
	sh.Index.Start()
	h := licenseapi.New(licenseapi.Config{
		Licenses: sh.Licenses, Checks: sh.Checks, Catalog: sh.Catalog, Keys: sh.Keys, Releases: sh.Releases, Settings: sh.Settings, Clock: s.Clock, Log: logger,
	})
	// The test is a trusted proxy, so that a caller can come from any address.
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	server := httptest.NewServer(web.Identify(func() []netip.Prefix { return proxies }, h))
	t.Cleanup(server.Close)
	sh.url = server.URL

	sh.exec(t, `INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at)
		VALUES ('cus_1', 'ada@example.com', 'ada@example.com', 'Ada', 'ada', 'EUR', $1, $1)`, sh.now())
	for _, p := range []struct{ id, slug, name, requires string }{
		{"prd_widget", "widget", "Widget", "TRUE"}, {"prd_gadget", "gadget", "Gadget & <Co>", "TRUE"}, {"prd_free", "free", "Free", "FALSE"},
	} {
		sh.exec(t, `INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at) VALUES ($1, $2, $3, `+p.requires+`, 'active', $4, $4)`,
			p.id, p.slug, p.name, sh.now())
	}
	for _, p := range []struct{ id, product, name, activation string }{
		{"pln_developer", "prd_widget", "Developer", "domain"},
		{"pln_team", "prd_widget", "Team", "seat"},
		{"pln_device", "prd_widget", "Device", "device"},
		{"pln_instance", "prd_widget", "Instance", "instance"},
		{"pln_gadget", "prd_gadget", "Gadget", "domain"},
		{"pln_free", "prd_free", "Free", "domain"},
	} {
		sh.exec(t, `INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, entitlements, status, created_at, updated_at)
			VALUES ($1, $2, $3, 'purchased', $4, 5, '{"feature.sso":true,"projects.max":25}', 'active', $5, $5)`, p.id, p.product, p.name, p.activation, sh.now())
	}
	// Out of the way of tests that are about something else.
	sh.set(t, map[string]any{"limits.per_minute": 100_000, "limits.unknown_per_hour": 100_000})
	return sh
}

func (sh *shop) now() int64 { return sh.Clock.Now().UnixMicro() }

func (sh *shop) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	err := sh.DB.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(context.Background(), q, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// number reads one number.
func (sh *shop) number(t *testing.T, q string, args ...any) (n int64) {
	t.Helper()
	err := sh.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(context.Background(), q, args...).Scan(&n)
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}

// set changes settings by name. The tests come back to the same store, so the limits' counts start afresh only when
// a limit changes.
func (sh *shop) set(t *testing.T, values map[string]any) {
	t.Helper()
	raw := map[string]json.RawMessage{}
	for name, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		raw[name] = b
	}
	if _, err := sh.Settings.Patch(context.Background(), raw); err != nil {
		t.Fatal(err)
	}
}

// facts are a license to put into the store.
type facts struct {
	key                  string // empty: a new one
	plan                 string // empty: pln_developer
	limit                int64  // 0: the plan's 5; -1: unlimited
	outcome              string
	held                 bool
	expires, grace, ends time.Duration // from now; 0: never
	active               []string      // activations, as stored
}

func (sh *shop) license(t *testing.T, f facts) string {
	t.Helper()
	n := sh.n.Add(1)
	if f.key == "" {
		f.key = fmt.Sprintf("A1B2C3D4-E5F6A7B8-C9D0E1F2-%08X", n)
	}
	if f.plan == "" {
		f.plan = "pln_developer"
	}
	switch f.limit {
	case 0:
		f.limit = 5
	case -1:
		f.limit = 0
	}
	status := "active"
	if f.outcome != "" {
		status = f.outcome
	}
	at := func(d time.Duration) *int64 {
		if d == 0 {
			return nil
		}
		i := sh.Clock.Now().Add(d).UnixMicro()
		return &i
	}
	id := fmt.Sprintf("lic_%d", n)
	sh.exec(t, `INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, outcome, activation_limit, expires_at, grace_until, ends_at, created_at, updated_at)
		SELECT $1, $2, $2, 'cus_1', product_id, id, 'purchased', $3, $4, $5, $6, $7, $8, $9, $9 FROM plans WHERE id = $10`,
		id, f.key, status, f.outcome, f.limit, at(f.expires), at(f.grace), at(f.ends), sh.now(), f.plan)
	if f.held {
		sh.exec(t, `INSERT INTO license_holds (license_id, reason, source, since) VALUES ($1, 'staff', 'stf_1', $2)`, id, sh.now())
	}
	for i, identifier := range f.active {
		sh.exec(t, `INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)`,
			fmt.Sprintf("act_%d_%d", n, i), id, identifier, sh.now())
	}
	return f.key
}

// states are licenses in every effective status, by the facts that lead there.
var states = []struct {
	name   string
	facts  facts
	status string
	grace  bool
}{
	{"active for ever", facts{}, "active", false},
	{"active until tomorrow", facts{expires: 24 * time.Hour, grace: 24 * time.Hour, ends: 24 * time.Hour}, "active", false},
	{"in its grace period", facts{expires: -time.Hour, grace: time.Hour, ends: 2 * time.Hour}, "active", true},
	{"held by staff", facts{held: true}, "suspended", false},
	{"after its grace period", facts{expires: -2 * time.Hour, grace: -time.Hour, ends: time.Hour}, "suspended", false},
	{"ended", facts{expires: -time.Hour, grace: -time.Hour, ends: -time.Hour}, "expired", false},
	{"ends at this instant", facts{expires: -time.Microsecond, grace: -time.Microsecond, ends: -time.Microsecond}, "expired", false},
	{"ended and held", facts{held: true, expires: -time.Hour, grace: -time.Hour, ends: -time.Hour}, "expired", false},
	{"revoked", facts{outcome: "revoked"}, "revoked", false},
	{"cancelled", facts{outcome: "cancelled"}, "cancelled", false},
	{"revoked and ended", facts{outcome: "revoked", expires: -time.Hour, grace: -time.Hour, ends: -time.Hour}, "revoked", false},
}

// refusalOf is the code with which activation and downloads refuse a status; empty if they don't.
func refusalOf(status string) string {
	switch status {
	case "active":
		return ""
	case "expired":
		return "LICENSE_EXPIRED"
	default:
		return "LICENSE_INACTIVE"
	}
}

// caller calls one mount with one form of body.
type caller struct {
	*shop
	mount  string
	encode func(t *testing.T, fields map[string]any) (contentType string, body []byte)
	ip     string
}

var encodings = map[string]func(t *testing.T, fields map[string]any) (string, []byte){
	"json": func(t *testing.T, fields map[string]any) (string, []byte) {
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return "application/json", b
	},
	"form": func(_ *testing.T, fields map[string]any) (string, []byte) {
		v := url.Values{}
		for name, value := range fields {
			v.Set(name, fmt.Sprint(value))
		}
		return "application/x-www-form-urlencoded", []byte(v.Encode())
	},
	"multipart": func(t *testing.T, fields map[string]any) (string, []byte) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for name, value := range fields {
			if err := w.WriteField(name, fmt.Sprint(value)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return w.FormDataContentType(), b.Bytes()
	},
}

const (
	jsonAlone = "json"
	everyBody = "every"
)

// contract runs f on both databases and both mounts, with JSON bodies or every form of them.
func contract(t *testing.T, bodies string, f func(t *testing.T, c caller)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		sh := openShop(t, s)
		for mount, prefix := range mounts {
			for name, encode := range encodings {
				if bodies == jsonAlone && name != "json" {
					continue
				}
				t.Run(mount+"/"+name, func(t *testing.T) {
					f(t, caller{shop: sh, mount: prefix, encode: encode, ip: fmt.Sprintf("203.0.113.%d", 1+sh.n.Add(1)%250)})
				})
			}
		}
	})
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	data    map[string]any
	failure map[string]any // the members of "error"
	code    string
}

func (c caller) post(t *testing.T, endpoint string, fields map[string]any) answer {
	t.Helper()
	contentType, body := c.encode(t, fields)
	return c.raw(t, http.MethodPost, endpoint, contentType, body)
}

func (c caller) raw(t *testing.T, method, endpoint, contentType string, body []byte) answer {
	t.Helper()
	a := c.do(t, method, c.mount+"licenses/"+endpoint, map[string]string{"Content-Type": contentType}, body)
	a.conforms(t, "/licenses/"+endpoint, strings.ToLower(method))
	return a
}

// get asks for updates or a download; the query is in pairs.
func (c caller) get(t *testing.T, what, product string, query ...string) answer {
	t.Helper()
	return c.ask(t, http.MethodGet, what, product, nil, query...)
}

func (c caller) ask(t *testing.T, method, what, product string, header map[string]string, query ...string) answer {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	path := c.mount + what + "/" + product
	if len(v) > 0 {
		path += "?" + v.Encode()
	}
	a := c.do(t, method, path, header, nil)
	if method != http.MethodHead {
		name := "/" + what + "/{product}"
		if strings.HasSuffix(product, ".xml") {
			name += ".xml"
		}
		a.conforms(t, name, strings.ToLower(method))
	}
	return a
}

func (c caller) do(t *testing.T, method, path string, header map[string]string, body []byte) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", c.ip)
	for name, v := range header {
		if v != "" {
			r.Header.Set(name, v)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return a
}

// conforms checks the form that every answer of the API has, and that of this endpoint by the OpenAPI document.
func (a *answer) conforms(t *testing.T, path, method string) {
	t.Helper()
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil && a.status != http.StatusNotModified {
		t.Errorf("%s %s: Content-Type %q: %v", method, path, a.header.Get("Content-Type"), err)
	}
	document.check(t, path, method, a.status, media, a.body)
	if a.status >= 300 || strings.HasPrefix(path, "/licenses/") || path == "/updates/{product}" {
		if a.status != http.StatusNotModified && a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d with Content-Type %q", method, path, a.status, a.header.Get("Content-Type"))
		}
	}
	if media != "application/json" {
		return
	}
	var members struct {
		Data  map[string]any
		Error map[string]any
	}
	if err := json.Unmarshal(a.body, &members); err != nil {
		t.Fatalf("%s %s: %d with a body that is no JSON object: %q", method, path, a.status, a.body)
	}
	a.data, a.failure = members.Data, members.Error
	a.code, _ = members.Error["code"].(string)
	if (a.status == http.StatusOK) != (a.data != nil) || (a.status >= 400) != (a.failure != nil) {
		t.Errorf("%s %s: %d with %s", method, path, a.status, a.body)
	}
}

// refused checks that the answer is the failure code, with the status that the contract's table gives it.
func (a answer) refused(t *testing.T, code string) {
	t.Helper()
	a.refusedWith(t, statusOf[code], code)
}

func (a answer) refusedWith(t *testing.T, status int, code string) {
	t.Helper()
	if a.code != code || a.status != status {
		t.Errorf("%d %s, want %d %s: %s", a.status, a.code, status, code, a.body)
	}
	if m, _ := a.failure["message"].(string); m == "" {
		t.Errorf("no message for people: %s", a.body)
	}
}

// names checks that a refused request says which parameter is at fault.
func (a answer) names(t *testing.T, field string) {
	t.Helper()
	a.refused(t, "INVALID_REQUEST")
	if m, _ := a.failure["message"].(string); !strings.Contains(m, field) {
		t.Errorf("the message does not name %s: %q", field, m)
	}
}

// is checks that the answer is 200 with exactly these members, or at least these where others are allowed.
func (a answer) is(t *testing.T, want map[string]any, others ...string) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Errorf("%d: %s", a.status, a.body)
		return
	}
	for name, v := range want {
		got, there := a.data[name]
		if !there || fmt.Sprint(got) != fmt.Sprint(v) {
			t.Errorf("%s = %v (%T), want %v: %s", name, got, got, v, a.body)
		}
	}
	for name := range a.data {
		if _, known := want[name]; !known && !slices.Contains(others, name) {
			t.Errorf("an unexpected member %s: %s", name, a.body)
		}
	}
}

func with(fields map[string]any, more ...any) map[string]any {
	fields = maps.Clone(fields)
	for i := 0; i < len(more); i += 2 {
		name, _ := more[i].(string)
		fields[name] = more[i+1]
	}
	return fields
}
