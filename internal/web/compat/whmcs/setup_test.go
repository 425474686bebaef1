package whmcs_test

// The tests of the protocol are written from its description, not from the code: they ask over HTTP, on both databases.

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/callers"
	"github.com/keystead/keystead/internal/web/compat/whmcs"
)

const secret = "s3cret of the widget"

// vendor is a store behind a server, with one product that is checked over the protocol.
type vendor struct {
	*dbtest.Store
	*roomstest.Rooms
	url                   string
	product, plan, leased string
	buyer                 string
}

// each runs a test for a vendor on both databases.
func each(t *testing.T, bindings catalog.Bindings, test func(t *testing.T, v *vendor)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { test(t, open(t, s, bindings)) })
}

func open(t *testing.T, s *dbtest.Store, bindings catalog.Bindings) *vendor {
	t.Helper()
	ctx := t.Context()
	v := &vendor{Store: s, Rooms: roomstest.New(t, s, roomstest.Log())}
	v.Index.Start()
	v.set(t, "store.time_zone", "Pacific/Auckland") // far from UTC, so that a wrong day shows
	v.set(t, "limits.per_minute", 100_000)
	p, err := v.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget & <Co>", Bindings: &bindings})
	ok(t, err)
	ok(t, v.Catalog.SetCheckSecret(ctx, p.ID, secret))
	plan, err := v.Catalog.CreatePlan(ctx, p.ID, catalog.NewPlan{
		Name: "Developer", ActivationType: "domain", ActivationLimit: 1, Entitlements: map[string]any{"sso": true, "projects.max": 25, "region": "a|b=c"},
	})
	ok(t, err)
	leased, err := v.Catalog.CreatePlan(ctx, p.ID, catalog.NewPlan{Name: "Leased", LicenseType: catalog.Leased, ActivationType: "domain", ActivationLimit: 1})
	ok(t, err)
	c, err := v.Customers.Create(ctx, customer.Input{Email: "ann@example.com", Name: "Ann O'Neil", Company: "Ann & Sons <Ltd>"})
	ok(t, err)
	v.product, v.plan, v.leased, v.buyer = p.ID, plan.ID, leased.ID, c.ID

	// The test is a trusted proxy, so that a caller can come from any address.
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	h := whmcs.New(whmcs.Config{Checks: v.Checks, Settings: v.Settings, Limits: callers.New(v.Settings, s.Clock), Log: roomstest.Log()})
	server := httptest.NewServer(web.Identify(func() []netip.Prefix { return proxies }, h))
	t.Cleanup(server.Close)
	v.url = server.URL + whmcs.Path
	return v
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (v *vendor) set(t *testing.T, name string, value any) {
	t.Helper()
	raw, err := json.Marshal(value)
	ok(t, err)
	_, err = v.Settings.Patch(t.Context(), map[string]json.RawMessage{name: raw})
	ok(t, err)
}

// issue makes a license.
func (v *vendor) issue(t *testing.T, in license.IssueInput) license.License {
	t.Helper()
	if in.PlanID == "" {
		in.PlanID = v.plan
	}
	in.CustomerID, in.Quantity = v.buyer, 1
	var l license.License
	ok(t, v.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
		l, err = v.Licenses.Issue(t.Context(), tx, in)
		return err
	}))
	return l
}

func (v *vendor) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // cleanups run it, too
	ok(t, v.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, q, args...)
		return err
	}))
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	tags   map[string]string
	flat   bool // nothing but tags
}

var tag = regexp.MustCompile(`<([a-z0-9]+)>([^<>\r\n]+)</([a-z0-9]+)>`)

func parse(body string) (tags map[string]string, flat bool) {
	tags, flat = map[string]string{}, true
	end := 0
	for _, m := range tag.FindAllStringSubmatchIndex(body, -1) {
		name := body[m[2]:m[3]]
		_, twice := tags[name]
		flat = flat && m[0] == end && !twice && name == body[m[6]:m[7]]
		tags[name], end = html.UnescapeString(body[m[4]:m[5]]), m[1]
	}
	return tags, flat && end == len(body)
}

// ask sends fields as most clients do: names and values in turn.
func (v *vendor) ask(t *testing.T, fields ...string) answer {
	t.Helper()
	return v.askFrom(t, "203.0.113.5", fields...)
}

func (v *vendor) askFrom(t *testing.T, ip string, fields ...string) answer {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		b.WriteString(url.QueryEscape(fields[i]) + "=" + url.QueryEscape(fields[i+1]) + "&")
	}
	return v.post(t, ip, "application/x-www-form-urlencoded", b.String())
}

func (v *vendor) post(t *testing.T, ip, media, body string) answer {
	t.Helper()
	a, err := v.send(t.Context(), http.MethodPost, ip, media, body)
	ok(t, err)
	return a
}

// send is for the goroutines of a test, too.
func (v *vendor) send(ctx context.Context, method, ip, media, body string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, v.url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", media)
	r.Header.Set("X-Forwarded-For", ip)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	a.tags, a.flat = parse(a.body)
	return a, err
}

// says checks the status and, as names and values in turn, other tags. An empty value is a tag that is not there.
func (a answer) says(t *testing.T, status string, want ...string) answer {
	t.Helper()
	if a.status != http.StatusOK || !a.flat || a.tags["status"] != status {
		t.Errorf("%d %s, want status %s", a.status, a.body, status)
	}
	for i := 0; i < len(want); i += 2 {
		if got := a.tags[want[i]]; got != want[i+1] {
			t.Errorf("%s is %q, want %q", want[i], got, want[i+1])
		}
	}
	return a
}

// silent checks that the server did not answer, in the only way that all clients survive.
func (a answer) silent(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status || a.body != "" || a.header.Get("Content-Type") != "" {
		t.Errorf("%d %s %q, want %d and nothing", a.status, a.header.Get("Content-Type"), a.body, status)
	}
	return a
}

func hash(token string) string {
	sum := md5.Sum([]byte(secret + token))
	return hex.EncodeToString(sum[:])
}

func (v *vendor) in(years int) *time.Time {
	at := civil.Of(v.Clock.Now(), v.zone()).AddMonthsClamped(12 * years).StartIn(v.zone())
	return &at
}

func (*vendor) zone() *time.Location {
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		panic(err)
	}
	return zone
}

func (v *vendor) day(t time.Time) string { return civil.Of(t, v.zone()).String() }
