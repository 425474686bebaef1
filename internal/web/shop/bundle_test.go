package shop

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
)

// bundle is a store in test mode with its shop.
type bundle struct {
	*testing.T
	Config
	store *dbtest.Store
	clock *clock.Test
	rooms *roomstest.Rooms
	h     http.Handler
}

func setup(t *testing.T) *bundle {
	t.Helper()
	s := dbtest.SQLite(t)
	return newBundle(t, s, roomstest.InTestMode(t, s, roomstest.Log()), true)
}

// live is a store that is not in test mode.
func live(t *testing.T) *bundle {
	t.Helper()
	s := dbtest.SQLite(t)
	return newBundle(t, s, roomstest.New(t, s, roomstest.Log()), false)
}

func newBundle(t *testing.T, s *dbtest.Store, r *roomstest.Rooms, testMode bool) *bundle {
	t.Helper()
	b := &bundle{T: t, store: s, clock: s.Clock, rooms: r}
	b.Config = Config{
		Ready: func(context.Context) error { return nil }, Settings: r.Settings, SignIn: r.SignIn, Customers: r.Customers, Catalog: r.Catalog,
		Licenses: r.Licenses, Releases: r.Releases, Orders: r.Orders, Billing: r.Billing, Payments: r.Payments, Sandbox: r.Sandbox,
		Domains: r.Registrations, Owned: r.Domains,
		Key: crypt.NewKey(), Clock: s.DB.Clock(), Wall: s.DB.Wall(), Log: roomstest.Log(), TestMode: testMode,
	}
	h, err := New(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	b.h = web.Identify(func() []netip.Prefix { return nil }, h)
	return b
}

// must is for what a test only prepares.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// set changes settings: names and values.
func (b *bundle) set(pairs ...any) {
	b.Helper()
	values := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i].(string)] = must(json.Marshal(pairs[i+1]))(b.T)
	}
	must(b.Settings.Patch(b.Context(), values))(b.T)
}

func (b *bundle) product(slug, name string) catalog.Product {
	b.Helper()
	return must(b.Catalog.CreateProduct(b.Context(), catalog.NewProduct{Slug: slug, Name: name, Description: "All about " + name + "."}))(b.T)
}

func (b *bundle) plan(p catalog.Product, in catalog.NewPlan) catalog.Plan {
	b.Helper()
	if in.ActivationType == "" {
		in.ActivationType = "domain"
	}
	return must(b.Catalog.CreatePlan(b.Context(), p.ID, in))(b.T)
}

func (b *bundle) price(plan catalog.Plan, in catalog.NewPrice) catalog.Price {
	b.Helper()
	if in.Cycle == "" {
		in.Cycle = string(civil.OneTime)
	}
	return must(b.Catalog.CreatePrice(b.Context(), plan.ID, in))(b.T)
}

func eur(amount int64) money.Money { return money.New(amount, "EUR") }

// goods49 is a product with one plan at 49 euros, paid once.
func (b *bundle) goods49() goods {
	b.Helper()
	p := b.product("widget", "Widget")
	plan := b.plan(p, catalog.NewPlan{Name: "Solo", ActivationLimit: 3})
	return goods{p, plan, b.price(plan, catalog.NewPrice{Money: eur(4900)})}
}

// publish releases a version of a product with one file.
func (b *bundle) publish(p catalog.Product, version, file, content string) release.File {
	b.Helper()
	rel := must(b.Releases.Create(b.Context(), release.Input{ProductID: p.ID, Version: version, Publish: true}))(b.T)
	return must(b.Releases.AddFile(b.Context(), rel.ID, file, strings.NewReader(content), 1<<20))(b.T)
}

func (b *bundle) customer(name string) customer.Customer {
	b.Helper()
	email := strings.ToLower(strings.Fields(name)[0]) + "@example.com"
	return must(b.Customers.Create(b.Context(), customer.Input{Email: email, Name: name}))(b.T)
}

// orders are all orders of the store.
func (b *bundle) orders() []order.Order {
	b.Helper()
	found, _, err := b.Orders.List(b.Context(), order.Filter{})
	return must(found, err)(b.T)
}

// browser keeps cookies.
type browser struct {
	*bundle
	cookies map[string]string
	ip      string
	page    reply // the last one
}

func (b *bundle) browser() *browser {
	return &browser{bundle: b, cookies: map[string]string{}, ip: "192.0.2.1"}
}

// signedIn is the browser of a customer who has just set a password.
func (b *bundle) signedIn(c customer.Customer) *browser {
	b.Helper()
	token := must(b.SignIn.CustomerLink(b.Context(), c.ID))(b.T)
	in := must(b.SignIn.UseLink(b.Context(), token, "correct horse battery", signin.Meta{}))(b.T)
	br := b.browser()
	br.cookies[web.CustomerCookie] = in.Token
	return br
}

// reply is an answer as a browser sees it.
type reply struct {
	*testing.T
	what   string
	Status int
	Header http.Header
	Body   string
}

// send sends a request; a header is given as "Name: value".
func (br *browser) send(method, path string, form url.Values, headers ...string) reply {
	br.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	q := httptest.NewRequestWithContext(br.Context(), method, path, body)
	q.RemoteAddr = br.ip + ":1234"
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		q.Header.Set(name, value)
	}
	for name, value := range br.cookies {
		q.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	br.h.ServeHTTP(w, q)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(br.cookies, c.Name)
		} else {
			br.cookies[c.Name] = c.Value
		}
	}
	br.page = reply{br.T, method + " " + path, w.Code, w.Header(), w.Body.String()}
	br.sound()
	return br.page
}

// sound fails the test if a page is one that must not be: too large, or with a script of its own.
func (br *browser) sound() {
	br.Helper()
	if !strings.HasPrefix(br.page.Header.Get("Content-Type"), "text/html") {
		return
	}
	if n := len(br.page.Body); n > 100_000 {
		br.Errorf("%s has %d bytes", br.page.what, n)
	}
	doc := must(html.Parse(strings.NewReader(br.page.Body)))(br.T)
	ids := map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "x-evil" || n.Data == "style" || (n.Data == "script" && n.FirstChild != nil) {
			br.Errorf("%s has an element %s", br.page.what, n.Data)
		}
		for _, at := range n.Attr {
			if at.Key == "style" || strings.HasPrefix(at.Key, "on") || strings.HasPrefix(strings.TrimSpace(at.Val), "javascript:") {
				br.Errorf("%s has an attribute %s=%q", br.page.what, at.Key, at.Val)
			}
			if at.Key == "id" && ids[at.Val] {
				br.Errorf("%s has the id %s twice", br.page.what, at.Val)
			}
			if at.Key == "id" {
				ids[at.Val] = true
			}
		}
	}
}

func (br *browser) get(path string) reply {
	br.Helper()
	return br.send(http.MethodGet, path, nil)
}

// post sends a form of names and values.
func (br *browser) post(path string, pairs ...string) reply {
	br.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return br.send(http.MethodPost, path, form)
}

// follow goes to where the last answer leads.
func (br *browser) follow() reply {
	br.Helper()
	return br.get(br.page.leads())
}

// fields are those that the forms of the last page hold, as a browser would send them.
func (br *browser) fields() url.Values {
	br.Helper()
	out := url.Values{}
	doc := must(html.Parse(strings.NewReader(br.page.Body)))(br.T)
	for n := range doc.Descendants() {
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		_, checked := at["checked"]
		switch {
		case n.Type != html.ElementNode || at["name"] == "":
		case n.Data == "input" && (at["type"] == "checkbox" || at["type"] == "radio"):
			if checked {
				out.Set(at["name"], at["value"])
			}
		case n.Data == "input":
			out.Set(at["name"], at["value"])
		case n.Data == "textarea" && n.FirstChild != nil:
			out.Set(at["name"], strings.TrimPrefix(n.FirstChild.Data, "\n"))
		case n.Data == "select":
			for o := range n.Descendants() {
				for _, a := range o.Attr {
					if a.Key == "selected" {
						for _, v := range o.Attr {
							if v.Key == "value" {
								out.Set(at["name"], v.Val)
							}
						}
					}
				}
			}
		}
	}
	return out
}

// sendForm sends the form of the last page with some of its fields filled in.
func (br *browser) sendForm(path string, pairs ...string) reply {
	br.Helper()
	form := br.fields()
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return br.send(http.MethodPost, path, form)
}

// is fails the test unless the answer has a status.
func (r reply) is(status int) reply {
	r.Helper()
	if r.Status != status {
		r.Fatalf("%s = %d, want %d: %s", r.what, r.Status, status, r.Body)
	}
	return r
}

// leads is where the answer leads to.
func (r reply) leads() string {
	r.Helper()
	return r.is(http.StatusSeeOther).Header.Get("Location")
}

// to fails the test unless the answer leads to a path.
func (r reply) to(path string) reply {
	r.Helper()
	if got := r.leads(); got != path {
		r.Fatalf("%s leads to %s, want %s", r.what, got, path)
	}
	return r
}

// toward fails the test unless the answer leads below a path.
func (r reply) toward(path string) reply {
	r.Helper()
	if got := r.leads(); !strings.HasPrefix(got, path) {
		r.Fatalf("%s leads to %s, want it below %s", r.what, got, path)
	}
	return r
}

// says fails the test unless the page has each of the texts, as it stands in HTML.
func (r reply) says(texts ...string) reply {
	r.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Body, text) {
			r.Errorf("%s does not say %q: %s", r.what, text, r.Body)
		}
	}
	return r
}

// hides fails the test if the page has one of the texts.
func (r reply) hides(texts ...string) reply {
	r.Helper()
	for _, text := range texts {
		if strings.Contains(r.Body, text) {
			r.Errorf("%s says %q: %s", r.what, text, r.Body)
		}
	}
	return r
}

// find is the first match of a pattern in the page, or its first group.
func (r reply) find(pattern string) string {
	r.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(r.Body)
	if m == nil {
		r.Fatalf("%s has no %s: %s", r.what, pattern, r.Body)
	}
	return m[len(m)-1]
}

// rename calls a product and its plan something else.
func (b *bundle) rename(g goods, name string) {
	b.Helper()
	must(b.Catalog.UpdateProduct(b.Context(), g.product.ID, catalog.ProductPatch{Name: &name, Description: &name}))(b.T)
	must(b.Catalog.UpdatePlan(b.Context(), g.plan.ID, catalog.PlanPatch{Name: &name}))(b.T)
}
