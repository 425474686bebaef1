package portal

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web"
)

// bundle is a store with its portal.
type bundle struct {
	*testing.T
	Config
	clock *clock.Test
	rooms *roomstest.Rooms
	area  *area
	h     http.Handler
	// registry is what the registrar reaches through which domains are renewed.
	registry *registrartest.Fake
	sells    bool // domains
}

const password = "correct horse battery"

func setup(t *testing.T) *bundle {
	t.Helper()
	s := dbtest.SQLite(t)
	fake := registrartest.New(s.Clock)
	r := roomstest.InTestMode(t, s, roomstest.Log(), roomstest.Reach("fake", fake))
	b := &bundle{T: t, clock: s.Clock, rooms: r, registry: fake}
	b.Config = Config{
		DB: s.DB, Settings: r.Settings, SignIn: r.SignIn, Customers: r.Customers, Catalog: r.Catalog, Licenses: r.Licenses, Checks: r.Checks, Releases: r.Releases,
		Orders: r.Orders, Billing: r.Billing, Payments: r.Payments, Subscriptions: r.Subscriptions, Domains: r.Domains, Renewals: r.Renewals,
		Dispatch: r.Dispatch, Registrars: r.Registrars, Mail: r.Mail, Sandbox: r.Sandbox, Clock: s.Clock, Log: roomstest.Log(),
	}
	h, err := New(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	b.area = &area{Config: b.Config}
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

// newCustomer takes up a customer.
func (b *bundle) newCustomer(name string) customer.Customer {
	b.Helper()
	email := strings.ToLower(strings.Fields(name)[0]) + "@example.com"
	return must(b.Customers.Create(b.Context(), customer.Input{Email: email, Name: name}))(b.T)
}

// goods are a product on sale.
type goods struct {
	product catalog.Product
	price   catalog.Price
}

// newGoods puts a product on sale, in use on devices, at 49 euros.
func (b *bundle) newGoods(slug, name string, limit, removals int64) goods {
	b.Helper()
	p := must(b.Catalog.CreateProduct(b.Context(), catalog.NewProduct{Slug: slug, Name: name, SelfRemovalsPer30d: removals}))(b.T)
	plan := must(b.Catalog.CreatePlan(b.Context(), p.ID, catalog.NewPlan{Name: "Team " + name, ActivationType: "device", ActivationLimit: limit}))(b.T)
	return goods{p, must(b.Catalog.CreatePrice(b.Context(), plan.ID, catalog.NewPrice{Cycle: string(civil.OneTime), Money: money.New(4900, "EUR")}))(b.T)}
}

// subscribe sells a plan of a product again and again, at 10 euros a month, and pays for the first of them.
func (b *bundle) subscribe(c customer.Customer, g goods) subscription.Subscription {
	b.Helper()
	return b.subscribeTo(c, b.newPrice(g, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(1000, "EUR")}))
}

// newPrice puts the plan of a product on sale for another price.
func (b *bundle) newPrice(g goods, p catalog.NewPrice) catalog.Price {
	b.Helper()
	return must(b.Catalog.CreatePrice(b.Context(), g.price.PlanID, p))(b.T)
}

func (b *bundle) subscribeTo(c customer.Customer, p catalog.Price) subscription.Subscription {
	b.Helper()
	o := must(b.Orders.Place(b.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: p.ID, Quantity: 1}}}))(b.T)
	if o.Total.Amount > 0 {
		must(b.Payments.Record(b.Context(), o.InvoiceID, payment.Manual{Money: o.Total, Reference: "S-" + o.ID}))(b.T)
	}
	o = must(b.Orders.ByID(b.Context(), o.ID))(b.T)
	return b.subscription(o.SubscriptionIDs[0])
}

func (b *bundle) subscription(id string) subscription.Subscription {
	b.Helper()
	return must(b.Subscriptions.ByID(b.Context(), id))(b.T)
}

// pass lets days go by, with all that falls due.
func (b *bundle) pass(days int) {
	b.Helper()
	must(b.rooms.Automation.Advance(b.Context(), b.clock.Now().AddDate(0, 0, days), nil))(b.T)
}

// later lets days go by, and the customer signs in anew: a session does not last that long.
func (br *browser) later(c customer.Customer, days int) {
	br.Helper()
	br.pass(days)
	br.cookies = br.signedIn(c).cookies
}

// card saves a card of the sandbox.
func (b *bundle) card(c customer.Customer, token string) payment.Method {
	b.Helper()
	return must(b.Payments.AddMethod(b.Context(), c.ID, sandbox.Name, token))(b.T)
}

func (b *bundle) invoice(id string) billing.Invoice {
	b.Helper()
	return must(b.Billing.ByID(b.Context(), id))(b.T)
}

// unpaid are a customer's open invoices, newest first.
func (b *bundle) unpaid(c customer.Customer) []billing.Invoice {
	b.Helper()
	found, _, err := b.Billing.List(b.Context(), billing.Filter{CustomerID: c.ID, Status: billing.Open})
	return must(found, err)(b.T)
}

// order places an order, which leaves an open invoice.
func (b *bundle) order(c customer.Customer, g goods) order.Order {
	b.Helper()
	return must(b.Orders.Place(b.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: g.price.ID, Quantity: 1}}}))(b.T)
}

// sell places an order, takes the money and returns the license.
func (b *bundle) sell(c customer.Customer, g goods) license.License {
	b.Helper()
	o := b.order(c, g)
	must(b.Payments.Record(b.Context(), o.InvoiceID, payment.Manual{Money: o.Total, Reference: "T-" + o.ID}))(b.T)
	o = must(b.Orders.ByID(b.Context(), o.ID))(b.T)
	return b.license(o.LicenseIDs[0])
}

func (b *bundle) license(id string) license.License {
	b.Helper()
	return must(b.Licenses.ByID(b.Context(), id))(b.T)
}

// activate uses a license somewhere, as installed software does, and returns the activations' id.
func (b *bundle) activate(l license.License, identifier, name string) string {
	b.Helper()
	ctx := event.WithActor(b.Context(), event.Actor{Kind: event.Software})
	must(b.Licenses.Activate(ctx, license.ActivateInput{Key: l.Key, Identifier: identifier, Name: name}))(b.T)
	for _, act := range b.activations(l) {
		if act.Identifier == identifier {
			return act.ID
		}
	}
	b.Fatalf("%s is not activated", identifier)
	return ""
}

func (b *bundle) activations(l license.License) []license.Activation {
	b.Helper()
	found, _, err := b.Licenses.Activations(b.Context(), l.ID, "", 200)
	return must(found, err)(b.T)
}

// publish releases a version of a product with one file.
func (b *bundle) publish(g goods, version, file, content string, publish bool) release.File {
	b.Helper()
	rel := must(b.Releases.Create(b.Context(), release.Input{ProductID: g.product.ID, Version: version, Notes: "What is new in " + version, Publish: publish}))(b.T)
	return must(b.Releases.AddFile(b.Context(), rel.ID, file, strings.NewReader(content), 1<<20))(b.T)
}

// browser keeps cookies.
type browser struct {
	*bundle
	cookies map[string]string
}

func (b *bundle) browser() *browser { return &browser{bundle: b, cookies: map[string]string{}} }

// signedIn is the browser of a customer who has just set a password.
func (b *bundle) signedIn(c customer.Customer) *browser {
	b.Helper()
	br := b.browser()
	token := must(b.SignIn.CustomerLink(b.Context(), c.ID))(b.T)
	licenses, _, err := b.Licenses.List(b.Context(), license.Filter{CustomerID: c.ID, Limit: 1})
	must(0, err)(b.T)
	domains, _, err := b.Domains.List(b.Context(), domainname.Filter{CustomerID: c.ID, Limit: 1})
	must(0, err)(b.T)
	home := "/account/licenses"
	if len(licenses) == 0 && len(domains) > 0 {
		home = "/account/domains"
	}
	br.post("/account/link/"+token, "password", password).to(home)
	br.get("/account").to(home)
	return br
}

// acting is the browser of a member of staff who acts for a customer.
func (b *bundle) acting(c customer.Customer) *browser {
	b.Helper()
	ada := must(b.rooms.Staff.Create(b.Context(), staff.Input{Email: "ada@example.com", Name: "Ada Lovelace", Role: staff.Support}))(b.T)
	in := must(b.SignIn.ActAs(b.Context(), ada.ID, c.ID, signin.Meta{}))(b.T)
	br := b.browser()
	br.cookies[sessionName] = in.Token
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
	if form == nil {
		return br.sendBody(method, path, "", "", headers...)
	}
	return br.sendBody(method, path, "application/x-www-form-urlencoded", form.Encode(), headers...)
}

// sendBody sends a body of a type; an empty type is none.
func (br *browser) sendBody(method, path, mediaType, content string, headers ...string) reply {
	br.Helper()
	var body io.Reader
	if mediaType != "" {
		body = strings.NewReader(content)
	}
	q := httptest.NewRequestWithContext(br.Context(), method, path, body)
	if mediaType != "" {
		q.Header.Set("Content-Type", mediaType)
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
	return reply{br.T, method + " " + path, w.Code, w.Header(), w.Body.String()}
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

// is fails the test unless the answer has a status.
func (r reply) is(status int) reply {
	r.Helper()
	if r.Status != status {
		r.Fatalf("%s = %d, want %d: %s", r.what, r.Status, status, r.Body)
	}
	return r
}

// to fails the test unless the answer leads to a path.
func (r reply) to(path string) reply {
	r.Helper()
	if got := r.is(http.StatusSeeOther).Header.Get("Location"); got != path {
		r.Fatalf("%s leads to %s, want %s", r.what, got, path)
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
