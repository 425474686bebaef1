package portal

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie Okafor")
	b.signedIn(marie)

	br := b.browser()
	br.get("/account/invoices?after=x").to("/account/sign-in?next=%2Faccount%2Finvoices%3Fafter%3Dx")
	br.get("/account").to("/account/sign-in")
	br.get("/account/sign-in?next=%2Faccount%2Finvoices").is(200).says(`name="next" value="/account/invoices"`)

	wrong := br.post("/account/sign-in", "email", marie.Email, "password", "something else").is(422)
	unknown := br.post("/account/sign-in", "email", "nobody@example.com", "password", "something else").is(422)
	if strings.ReplaceAll(unknown.Body, "nobody@example.com", marie.Email) != wrong.Body {
		t.Errorf("an unknown account can be told from a wrong password:\n%s\n%s", unknown.Body, wrong.Body)
	}
	wrong.says("is wrong", `value="marie@example.com"`).hides("something else")

	br.post("/account/sign-in", "email", "MARIE@example.com", "password", password, "next", "/account/invoices").to("/account/invoices")
	br.get("/account/sign-in").to("/account/licenses")
	br.get("/account").to("/account/licenses")
	br.get("/account/licenses").is(200).says("Marie Okafor")
	br.post("/account/sign-out").to("/account/sign-in")
	br.get("/account/sign-in").is(200).says("You are signed out.")
	br.get("/account/sign-in").hides("You are signed out.")
	br.get("/account/licenses").to("/account/sign-in?next=%2Faccount%2Flicenses")
	br.post("/account/sign-out").to("/account/sign-in")
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	b.signedIn(marie)
	form := url.Values{"email": {marie.Email}, "password": {password}}
	for name, headers := range map[string][]string{"keystead_customer": nil, "__Host-keystead_customer": {"X-Forwarded-Proto: https"}} {
		r := b.browser().send(http.MethodPost, "/account/sign-in", form, headers...).to("/account/licenses")
		cookie := r.Header.Get("Set-Cookie")
		for _, want := range []string{name + "=", "Path=/", "HttpOnly", "SameSite=Lax", "Max-Age="} {
			if !strings.Contains(cookie, want) {
				t.Errorf("cookie %s lacks %s", cookie, want)
			}
		}
		if strings.Contains(cookie, "Secure") != (headers != nil) {
			t.Errorf("cookie %s", cookie)
		}
	}
}

func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	for range 10 {
		br.post("/account/sign-in", "email", "x@example.com", "password", "wrong").is(422)
	}
	r := br.post("/account/sign-in", "email", "x@example.com", "password", "wrong").is(429).says("Too many tries", "<form")
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestNextIsAlwaysOurs(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]bool{
		"/account/licenses": true, "/account/licenses?after=x": true, "/account/licenses/lic_1": true,
		"": false, "/account": false, "/admin": false, "//evil.example/account/": false, "https://evil.example/account/x": false,
		"/account/../admin": false, "/account//x": false, `/account/\evil`: false, "/account/\tx": false, "account/x": false, "javascript:alert(1)": false,
	} {
		if got := ownPath(next) != ""; got != want {
			t.Errorf("ownPath(%q) = %t", next, got)
		}
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	token := must(b.SignIn.CustomerLink(t.Context(), marie.ID))(t)
	br := b.browser()
	br.get("/account/link/"+token).is(200).says("marie@example.com", "new-password")
	br.get("/account/link/" + token).is(200) // looking does not use it
	br.post("/account/link/"+token, "password", "short").is(422).says("needs at least 10 characters")
	br.post("/account/link/"+token, "password", password).to("/account/licenses")
	br.get("/account/licenses").is(200).says("Your password is set")
	br.post("/account/link/"+token, "password", password).is(410)
	b.browser().get("/account/link/" + token).is(410).says("was used before or is too old")
	b.browser().get("/account/link/unknown").is(410)

	ada := must(b.rooms.Staff.Create(t.Context(), staff.Input{Email: "ada@example.com", Name: "Ada", Role: staff.Owner}))(t)
	forStaff := must(b.SignIn.StaffLink(t.Context(), ada.ID))(t)
	other := b.browser()
	other.get("/account/link/" + forStaff).is(410)
	other.post("/account/link/"+forStaff, "password", password).is(410)
	if other.cookies[sessionName] != "" {
		t.Error("a link of staff signs in at the portal")
	}
	if l, err := b.SignIn.LookAtLink(t.Context(), forStaff); err != nil || l.Purpose != signin.SetStaffPassword {
		t.Errorf("the link of staff was used: %v %v", l, err)
	}
}

func TestSessionsRotateAndEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	phone, desk := b.signedIn(marie), b.browser()
	desk.post("/account/sign-in", "email", marie.Email, "password", password).to("/account/licenses")

	// A new sign-in in the same browser gets a new token, and the one before is worth nothing.
	before := b.browser()
	before.cookies[sessionName] = desk.cookies[sessionName]
	desk.post("/account/sign-in", "email", marie.Email, "password", password).to("/account/licenses")
	if desk.cookies[sessionName] == before.cookies[sessionName] {
		t.Error("the token did not change at sign-in")
	}
	before.get("/account/licenses").is(303)

	// A token that somebody planted is not taken over.
	planted := b.browser()
	planted.cookies[sessionName] = "planted"
	planted.post("/account/sign-in", "email", marie.Email, "password", password).to("/account/licenses")
	if planted.cookies[sessionName] == "planted" {
		t.Error("a planted token was taken over")
	}

	desk.get("/account/password").is(200)
	desk.post("/account/password", "current_password", "wrong", "password", "another password").is(422).says("is not your password")
	desk.post("/account/password", "current_password", password, "password", "short").is(422).says("needs at least")
	phone.get("/account/licenses").is(200)
	desk.post("/account/password", "current_password", password, "password", "another password").to("/account/details")
	desk.get("/account/details").is(200).says("Your password is changed")
	phone.get("/account/licenses").is(303)

	phone.post("/account/sign-in", "email", marie.Email, "password", "another password").to("/account/licenses")
	desk.get("/account/sign-out-everywhere").is(200).says("this one included")
	desk.post("/account/sign-out-everywhere").to("/account/sign-in")
	for _, br := range []*browser{phone, desk} {
		br.get("/account/licenses").is(303)
	}
}

func TestActingForACustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie Okafor")
	g := b.newGoods("tool", "Tool", 3, 0)
	l := b.sell(marie, g)
	act := b.activate(l, "dev-1", "")
	marieIn := b.signedIn(marie) // first: a new password ends every session
	ada := b.acting(marie)
	ada.get("/account/licenses").is(200).says("using the account of", "Marie Okafor", "Ada Lovelace", `action="/account/leave"`).hides(`action="/account/sign-out"`)
	ada.get("/account/details").is(200).hides("Change password", "/account/sign-out-everywhere")
	for _, path := range []string{"/account/password", "/account/sign-out-everywhere"} {
		ada.get(path).is(403).says("Only the customer can do this")
		ada.post(path, "current_password", password, "password", "another password").is(403)
	}
	ada.post("/account/licenses/" + l.ID + "/activations/" + act + "/remove").to("/account/licenses/" + l.ID)

	// The customer sees that it was done, though not by whom; the store sees both.
	marieIn.get("/account/licenses/" + l.ID).says("Removed dev-1").hides("Ada")
	entries, _, err := b.Licenses.History(t.Context(), l.ID, "", 1)
	if err != nil || entries[0].Actor.Name != "Ada Lovelace for Marie Okafor" {
		t.Errorf("history: %+v, %v", entries, err)
	}
	ada.post("/account/leave").to("/admin/customers/" + marie.ID)
	ada.get("/account/licenses").is(303)
}

func TestLeavingIsSigningOutForTheCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.signedIn(b.newCustomer("Marie"))
	br.post("/account/leave").to("/account/sign-in")
	br.get("/account/licenses").is(303)
}

// letterbox keeps the links that customers ask for.
type letterbox struct {
	service *signin.Service
	asked   []signin.LinkRequest
	mails   []signin.LinkMail
}

func (l *letterbox) Later(_ context.Context, _ *db.Tx, q signin.LinkRequest) error {
	l.asked = append(l.asked, q)
	return nil
}

func (l *letterbox) Send(_ context.Context, _ *db.Tx, m signin.LinkMail) error {
	l.mails = append(l.mails, m)
	return nil
}

// deliver returns the links of the mails that were asked for.
func (l *letterbox) deliver(t *testing.T) (links []string) {
	t.Helper()
	for _, q := range l.asked {
		if err := l.service.MailLink(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range l.mails {
		links = append(links, "/account/link/"+m.Token+"?"+url.Values{"next": {m.Next}}.Encode())
	}
	l.asked, l.mails = nil, nil
	return links
}

// canMail gives the store a mail server.
func (b *bundle) canMail() {
	b.Helper()
	must(b.Settings.Patch(b.Context(), map[string]json.RawMessage{
		"mail.smtp": []byte(`"mail.example.com:587"`), "mail.from": []byte(`"shop@example.com"`),
	}))(b.T)
}

func TestLinkByMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.canMail()
	box := &letterbox{service: b.SignIn}
	b.SignIn.UsePostman(box)
	marie := b.newCustomer("Marie") // who bought without signing in, and has no password
	g := b.newGoods("tool", "Tool", 3, 0)
	own := b.sell(marie, g)
	again := must(b.Orders.Checkout(t.Context(), order.Guest{Email: marie.Email, Name: "M"}, order.Input{
		Items: []order.Item{{PriceID: g.price.ID, Quantity: 1}},
	}))(t)
	must(b.Payments.Record(t.Context(), again.Order.InvoiceID, payment.Manual{Money: again.Order.Total, Reference: "TRF-9"}))(t)

	br := b.browser()
	br.get("/account/sign-in?next=%2Faccount%2Finvoices").is(200).says(`href="/account/sign-in/link?next=%2Faccount%2Finvoices"`)
	br.get("/account/sign-in/link?next=%2Faccount%2Finvoices").is(200).sound().says(`name="next" value="/account/invoices"`)
	br.post("/account/sign-in/link", "email", "no address").is(422).says("no address")
	br.post("/account/sign-in/link", "email", "nobody@example.com").to("/account/sign-in/link/sent")
	if links := box.deliver(t); len(links) != 0 {
		t.Errorf("mails to nobody: %q", links)
	}
	br.post("/account/sign-in/link", "email", "MARIE@example.com", "next", "/account/invoices").to("/account/sign-in/link/sent")
	br.get("/account/sign-in/link/sent").is(200).sound().says("on its way", "It works once").hides("marie")
	links := box.deliver(t)
	if len(links) != 1 {
		t.Fatalf("mails %q", links)
	}
	br.get(links[0]).is(200).sound().says("marie@example.com", `name="next" value="/account/invoices"`, "new-password")
	br.get(links[0]).is(200) // looking does not use it
	path, _, _ := strings.Cut(links[0], "?")
	br.post(path, "password", "short", "next", "/account/invoices").is(422).says("needs at least 10 characters", `name="next" value="/account/invoices"`)
	br.post(path, "password", "", "next", "/account/invoices").to("/account/invoices")
	br.get("/account/invoices").is(200).says("You are signed in.")
	if body := br.get("/account/licenses").is(200).Body; strings.Count(body, "/account/licenses/lic_") < 2 || !strings.Contains(body, own.ID) {
		t.Error("what was ordered without signing in is not there")
	}
	b.browser().post(path, "password", "").is(410)
	b.browser().get(path).is(410)

	br.get("/account/password").is(200).says(`href="/account/sign-in/link"`)
	br.post("/account/sign-in/link", "email", marie.Email).to("/account/sign-in/link/sent")
	path, _, _ = strings.Cut(box.deliver(t)[0], "?")
	br.post(path, "password", password, "next", "https://evil.example/").to("/account/licenses")
	b.browser().post("/account/sign-in", "email", marie.Email, "password", password).to("/account/licenses")
}

func TestLinkByMailWithoutAMailServer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.browser().get("/account/sign-in/link").is(200).sound().says("send mails at the moment").hides(`name="email"`)
}
