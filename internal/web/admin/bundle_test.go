package admin

import (
	"cmp"
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
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/webhook"
)

// bundle is a store with its staff area.
type bundle struct {
	*testing.T
	Config
	clock *clock.Test
	db    *db.DB
	rooms *roomstest.Rooms
	fake  *registrartest.Fake // the registry of its domains
	area  *area
	h     http.Handler
}

const password = "a long sentence is easy to keep"

func setup(t *testing.T) *bundle {
	t.Helper()
	s := dbtest.SQLite(t)
	fake := registrartest.New(s.Clock)
	return open(t, s, roomstest.New(t, s, roomstest.Log(), roomstest.Reach("fake", fake)), fake, false)
}

// setupTestMode is a store in test mode: with the sandbox, and a clock that stands still.
func setupTestMode(t *testing.T) *bundle {
	t.Helper()
	s := dbtest.SQLite(t)
	fake := registrartest.New(s.Clock)
	return open(t, s, roomstest.InTestMode(t, s, roomstest.Log(), roomstest.Reach("fake", fake)), fake, true)
}

func open(t *testing.T, s *dbtest.Store, r *roomstest.Rooms, fake *registrartest.Fake, testMode bool) *bundle {
	t.Helper()
	b := &bundle{T: t, clock: s.Clock, db: s.DB, rooms: r, fake: fake}
	b.Config = Config{
		DB: s.DB, Subscriptions: r.Subscriptions, Tasks: r.Tasks, Mail: r.Mail, Webhooks: r.Webhooks, Sandbox: r.Sandbox, TestMode: testMode,
		Settings: r.Settings, Events: r.Events, Jobs: r.Jobs, Automation: r.Automation, DryRun: r.DryRun, Staff: r.Staff, SignIn: r.SignIn, Tokens: r.Tokens, Customers: r.Customers, Catalog: r.Catalog, Coupons: r.Coupons,
		Releases: r.Releases, Licenses: r.Licenses, Keys: r.Keys, Counts: r.Counts, Billing: r.Billing, Payments: r.Payments, Orders: r.Orders, Reports: r.Reports,
		Domains: r.Domains, Registrations: r.Registrations, Renewals: r.Renewals, Dispatch: r.Dispatch, Watch: r.Watch, Reminders: r.Reminders, Registrars: r.Registrars,
		Clock: s.Clock, Log: roomstest.Log(),
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

// browser keeps cookies.
type browser struct {
	*bundle
	cookies map[string]string
}

func (b *bundle) browser() *browser { return &browser{bundle: b, cookies: map[string]string{}} }

// colleague is a member of staff with a role, who has set a password.
func (b *bundle) colleague(name string, role staff.Role) staff.Staff {
	b.Helper()
	email := string(role) + "@example.com"
	m := must(b.Staff.Create(b.Context(), staff.Input{Email: email, Name: name, Role: role}))(b.T)
	must(b.SignIn.UseLink(b.Context(), must(b.SignIn.StaffLink(b.Context(), m.ID))(b.T), password, signin.Meta{}))(b.T)
	return m
}

// as is the browser of a member of staff who has just signed in.
func (b *bundle) as(m staff.Staff) *browser {
	b.Helper()
	br := b.browser()
	br.post("/admin/sign-in", "email", m.Email, "password", password).to("/admin")
	return br
}

// owner is the browser of the store's owner.
func (b *bundle) owner() *browser {
	b.Helper()
	return b.as(b.colleague("Grace Hopper", staff.Owner))
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
func (br *browser) send(method, path string, body io.Reader, headers ...string) reply {
	br.Helper()
	q := httptest.NewRequestWithContext(br.Context(), method, path, body)
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

const formType = "Content-Type: application/x-www-form-urlencoded"

// post sends a form of names and values.
func (br *browser) post(path string, pairs ...string) reply {
	br.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return br.send(http.MethodPost, path, strings.NewReader(form.Encode()), formType)
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

// leads is where a redirect leads.
func (r reply) leads() string {
	r.Helper()
	return r.is(http.StatusSeeOther).Header.Get("Location")
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

// estate is one of everything.
type estate struct {
	product  catalog.Product
	plan     catalog.Plan
	price    catalog.Price
	coupon   coupon.Coupon
	customer customer.Customer
	sold     order.Order // paid
	pending  order.Order
	invoice  billing.Invoice // of pending
	license  license.License
	act      license.Activation
	release  release.Release
	token    token.Token
	job      string // a failed one
	mail     string
	endpoint string
	told     string // a delivery to it
	rate     string
	root     string // of the product
	ban      string
	member   staff.Staff
	till
	land
}

// newEstate makes one of everything; text stands wherever people can write what they like.
func (b *bundle) newEstate(text string) estate {
	b.Helper()
	ctx, t := b.Context(), b.T
	cut := func(n int) string { return string([]rune(text)[:min(n, len([]rune(text)))]) }
	var e estate
	e.product = must(b.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: cut(255), Description: text}))(t)
	e.plan = must(b.Catalog.CreatePlan(ctx, e.product.ID, catalog.NewPlan{Name: cut(255), ActivationType: "device", ActivationLimit: 2, Entitlements: map[string]any{"feature.sso": true, "note": cut(200)}}))(t)
	e.price = must(b.Catalog.CreatePrice(ctx, e.plan.ID, catalog.NewPrice{Cycle: string(civil.OneTime), Money: money.New(4900, "EUR"), ValidFor: civil.Span{Count: 1, Unit: civil.Year}}))(t)
	e.coupon = must(b.Coupons.Create(ctx, coupon.NewCoupon{
		Code: "SPRING", Name: cut(255), Percent: "0.01", Charges: 3, // rounds to nothing
		Rules: coupon.Rules{ProductIDs: []string{e.product.ID}, Cycles: []civil.Cycle{civil.OneTime}, MaxUses: 10, PerCustomer: 10, Minimum: money.New(1000, "EUR")},
	}))(t)
	e.customer = must(b.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: cut(255), Company: cut(255), TaxID: cut(64)}))(t)
	place := func() order.Order {
		return must(b.Orders.Place(ctx, order.Input{CustomerID: e.customer.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}, Coupon: e.coupon.Code}))(t)
	}
	e.sold, e.pending = place(), place()
	must(b.Payments.Record(ctx, e.sold.InvoiceID, payment.Manual{Money: e.sold.Total, Reference: cut(255)}))(t)
	must(b.Payments.Record(ctx, e.pending.InvoiceID, payment.Manual{Money: money.New(100, "EUR"), Reference: cut(250) + " 2"}))(t)
	must(b.Orders.Place(ctx, order.Input{CustomerID: e.customer.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}, Kind: order.Complimentary, Reason: cut(255)}))(t)
	e.sold = must(b.Orders.ByID(ctx, e.sold.ID))(t)
	e.license = must(b.Licenses.ByID(ctx, e.sold.LicenseIDs[0]))(t)
	e.invoice = must(b.Billing.ByID(ctx, e.pending.InvoiceID))(t)
	e.act = must(b.Licenses.AddActivation(ctx, e.license.ID, license.AddInput{Identifier: cut(255), Name: cut(255), Why: cut(255)}))(t)
	for i := range 3 {
		// The third has no room, which is remembered.
		_, _ = b.Licenses.Activate(ctx, license.ActivateInput{Key: e.license.Key, Identifier: string(rune('a'+i)) + cut(200), Name: cut(255)})
	}
	must(b.Licenses.PlaceHold(ctx, e.license.ID, license.HoldStaff, cut(255)))(t)
	e.license = must(b.Licenses.ByID(ctx, e.license.ID))(t)
	e.root = must(b.Keys.Of(ctx, e.product.ID))(t).Roots[0].ID
	e.ban = must(b.Licenses.AddBan(ctx, license.BanDomain, "bad.example.com", cut(255)))(t).ID
	b.checked(e.license, cut(200))
	e.release = must(b.Releases.Create(ctx, release.Input{ProductID: e.product.ID, Version: "1.0.0", Notes: text}))(t)
	must(b.Releases.AddFile(ctx, e.release.ID, "widget.zip", strings.NewReader("x"), 1<<20))(t)
	e.release = must(b.Releases.Publish(ctx, e.release.ID))(t)
	made, _, err := b.Tokens.Create(ctx, cut(255), []string{token.Every}, nil)
	e.token = must(made, err)(t)
	e.member = must(b.Staff.Create(ctx, staff.Input{Email: "new@example.com", Name: cut(255), Role: staff.Support}))(t)
	// One paid line fails, and gets a job.
	b.rooms.Broken = io.ErrUnexpectedEOF
	broken := place()
	must(b.Payments.Record(ctx, broken.InvoiceID, payment.Manual{Money: broken.Total, Reference: "broken"}))(t)
	b.rooms.Broken = nil
	jobs, _, err := b.Jobs.List(ctx, job.Filter{})
	for _, j := range must(jobs, err)(t) {
		e.job = j.ID
	}
	b.tell(&e, text)
	b.newLand(&e, text)
	return e
}

// tell makes what the store tells others, and what it is taxed by.
func (b *bundle) tell(e *estate, text string) {
	b.Helper()
	ctx, t := b.Context(), b.T
	line := string([]rune(text)[:min(50, len([]rune(text)))])
	endpoint, _, err := b.Webhooks.Create(ctx, webhook.Input{URL: "https://hooks.example.com/in", Description: line, EventTypes: []string{"*"}})
	e.endpoint = must(endpoint, err)(t).ID
	e.rate = must(b.Billing.CreateTaxRate(ctx, billing.TaxRateInput{Country: "DE", Name: line, Rate: tax.MustPercent("19"), ValidFrom: civil.On(2020, 1, 1)}))(t).ID
	if deliveries, _, err := b.Webhooks.Deliveries(ctx, webhook.DeliveryFilter{}); len(must(deliveries, err)(t)) > 0 {
		e.told = deliveries[0].ID
	}
	err = b.db.Write(ctx, func(tx *db.Tx) error {
		return b.Mail.Queue(ctx, tx, mail.Message{
			Kind: mail.RefundIssued, To: "told@example.com", SubjectID: e.invoice.ID, Occasion: "test", Data: mail.RefundIssuedData{Name: line},
		})
	})
	must(0, err)(t)
	mails, _, err := b.Mail.List(ctx, mail.Filter{})
	for _, m := range must(mails, err)(t) {
		if !m.Secret {
			e.mail = m.ID
		}
	}
}

// path is the address of a route for an estate. The second factor's and link's tokens stay as they are.
func (e estate) path(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	id := ""
	switch noun, _, _ := strings.Cut(strings.TrimPrefix(path, "/admin/"), "/"); noun {
	case "licenses":
		id = e.license.ID
	case "customers":
		id = e.customer.ID
	case "orders":
		id = e.pending.ID
	case "invoices":
		id = e.invoice.ID
	case "products":
		id = e.product.ID
	case "plans":
		id = e.plan.ID
	case "prices":
		id = e.price.ID
	case "coupons":
		id = e.coupon.ID
	case "releases":
		id = e.release.ID
	case "automation":
		id = e.job
	case "mail":
		if id = e.mail; id == "" {
			id = "mal_none"
		}
	case "webhooks":
		id = e.endpoint
	case "deliveries":
		id = e.told
	case "taxes":
		id = e.rate
	case "price-updates":
		if id = e.update; id == "" {
			id = "pru_none"
		}
	case "bans":
		id = e.ban
	case "people":
		id = e.member.ID
	case "tokens":
		id = e.token.ID
	}
	noun, _, _ := strings.Cut(strings.TrimPrefix(path, "/admin/"), "/")
	if of := cmp.Or(e.landPath(noun), e.tillPath(pattern, noun)); of != "" {
		id = of
	}
	line := ""
	if len(e.invoice.Lines) > 0 {
		line = e.invoice.Lines[0].ID
	}
	return method, strings.NewReplacer("{id}", id, "{start}", e.removed(), "{method}", e.method.ID, "{activation}", e.act.ID, "{root}", e.root, "{renewal}", e.renewal.ID, "{run}", e.run, "{tld}", extension, "{line}", line, "{$}", "").Replace(path)
}
