package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
)

func TestNobodyIsSentToSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := estate{}
	e.license.ID, e.customer.ID, e.pending.ID, e.invoice.ID, e.product.ID = "lic_1", "cus_1", "ord_1", "inv_1", "prd_1"
	e.coupon.ID = "cpn_1"
	e.plan.ID, e.price.ID, e.release.ID, e.job, e.member.ID, e.token.ID, e.act.ID = "pln_1", "prc_1", "rel_1", "job_1", "stf_1", "tok_1", "act_1"
	e.sub.ID, e.paused.ID, e.method.ID, e.paid.ID, e.payment.ID, e.note.ID, e.dispute.ID, e.task = "sub_1", "sub_2", "pmt_1", "inv_2", "pay_1", "crn_1", "dsp_1", "tsk_1"
	e.mail, e.endpoint, e.told, e.rate, e.ban, e.root = "mai_1", "whe_1", "whd_1", "txr_1", "ban_1", "rot_1"
	e.domain.ID, e.land.registrar.ID, e.renewal.ID, e.run, e.priced = "dom_1", "rgr_1", "drn_1", "syn_1", "dpu_1"
	e.invoice.Lines = []billing.InvoiceLine{{ID: "lin_1"}}
	for _, rt := range b.area.routes() {
		if rt.access == anyone {
			continue
		}
		method, path := e.path(rt.pattern)
		want := "/admin/sign-in"
		if method == http.MethodGet && path != "/admin" {
			want += "?" + url.Values{"next": {path}}.Encode()
		}
		b.browser().send(method, path, nil).to(want).hides("<h1")
	}
	b.browser().get("/admin/licenses?status=active&q=%22").to("/admin/sign-in?next=%2Fadmin%2Flicenses%3Fstatus%3Dactive%26q%3D%2522")
	b.browser().get("/admin/nothing/here").is(404).says("There is no such page", `href="/admin/sign-in"`, `class="face-auth"`).hides("dashboard")
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	br.get("/admin/sign-in").is(200).says("This store has no owner yet").hides("<input id")
	link := "/admin/setup/" + must(b.SignIn.SetupLink(t.Context()))(t)
	br.get(link).is(200).says("Set up your store", `autocomplete="new-password"`)
	br.post(link, "name", "Grace", "email", "no address", "password", "short").is(422).says(`value="Grace"`, `value="no address"`, `aria-invalid="true"`).hides(`value="short"`)
	br.post(link, "name", "Grace", "email", "grace@example.com", "password", password).to("/admin")
	br.get("/admin").is(200).says("Grace", "Your first product in minutes", "say where to transfer the money")
	b.browser().get(link).is(http.StatusGone).says("This is over")
	b.browser().post(link, "name", "Eve", "email", "eve@example.com", "password", password).is(http.StatusGone)
	b.browser().get("/admin/setup/none").is(http.StatusGone)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me := b.colleague("Ada", staff.Owner)
	br := b.browser()
	wrong := br.post("/admin/sign-in", "email", me.Email, "password", "wrong", "next", "/admin/orders").is(422).says(`value="owner@example.com"`, `value="/admin/orders"`, `role="alert"`).hides(`value="wrong"`)
	unknown := br.post("/admin/sign-in", "email", "nobody@example.com", "password", "wrong", "next", "/admin/orders").is(422)
	if strings.ReplaceAll(unknown.Body, "nobody@", "owner@") != wrong.Body {
		t.Error("the page tells whether an account exists")
	}
	br.post("/admin/sign-in").is(422)
	br.post("/admin/sign-in", "email", me.Email, "password", password, "next", "/admin/orders?status=open").to("/admin/orders?status=open")
	br.get("/admin/orders").is(200)
	br.get("/admin/second-factor").to("/admin")
	token := br.cookies[sessionName]
	br.get("/admin/sign-out").to("/admin")
	br.get("/admin").is(200)
	br.post("/admin/sign-out").to("/admin/sign-in")
	br.cookies[sessionName] = token
	br.get("/admin").to("/admin/sign-in")

	must(b.Staff.Disable(t.Context(), b.colleague("Bob", staff.Support).ID))(t)
	b.browser().post("/admin/sign-in", "email", "support@example.com", "password", password).is(422)
}

func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	for range 10 {
		br.post("/admin/sign-in", "email", "x@example.com", "password", "wrong").is(422)
	}
	if r := br.post("/admin/sign-in", "email", "x@example.com", "password", "wrong").is(429).says("Too many tries", "<form"); r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestNextIsAlwaysOurs(t *testing.T) {
	t.Parallel()
	for _, next := range []string{
		"", "https://evil.example/admin", "//evil.example/admin", "///evil.example", `/admin\evil`, `\\evil.example`, "/admin/../account", "/admin/..//evil.example", "/administrator",
		"/account", "javascript:alert(1)", "/admin/%5c..%5cevil", "/admin//evil.example", "https:/admin", "/admin\t/x", "admin", "//user@evil.example/admin/", "/admin/\r\nSet-Cookie: a=b",
	} {
		if got := localTarget(next); got != "/admin" {
			t.Errorf("localTarget(%q) = %q", next, got)
		}
	}
	for _, next := range []string{"/admin", "/admin/licenses", "/admin/licenses?q=a%20b&status=active"} {
		if got := localTarget(next); got != next {
			t.Errorf("localTarget(%q) = %q", next, got)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me := b.colleague("Ada", staff.Owner)
	body := url.Values{"email": {me.Email}, "password": {password}}.Encode()
	for name, headers := range map[string][]string{"keystead_staff": {formType}, "__Host-keystead_staff": {formType, "X-Forwarded-Proto: https"}} {
		cookie := b.browser().send(http.MethodPost, "/admin/sign-in", strings.NewReader(body), headers...).to("/admin").Header.Get("Set-Cookie")
		for _, want := range []string{name + "=", "Path=/", "HttpOnly", "SameSite=Lax", "Max-Age="} {
			if !strings.Contains(cookie, want) {
				t.Errorf("cookie %s lacks %s", cookie, want)
			}
		}
		if strings.Contains(cookie, "Secure") != (len(headers) > 1) {
			t.Errorf("cookie %s", cookie)
		}
	}
}

func TestSessionsRotateAndEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me := b.colleague("Ada", staff.Owner)
	planted := b.browser()
	planted.cookies[sessionName] = "planted"
	planted.post("/admin/sign-in", "email", me.Email, "password", password).to("/admin")
	if planted.cookies[sessionName] == "planted" {
		t.Error("a planted token was taken over")
	}
	desk, before := b.as(me), b.browser()
	before.cookies[sessionName] = desk.cookies[sessionName]
	desk.post("/admin/sign-in", "email", me.Email, "password", password).to("/admin")
	if desk.cookies[sessionName] == before.cookies[sessionName] {
		t.Error("the token did not change at sign-in")
	}
	before.get("/admin").to("/admin/sign-in")

	desk.post("/admin/me/password", "current_password", "wrong", "password", "another long sentence").is(422).says("Change password", "is not your password")
	desk.post("/admin/me/password", "current_password", password, "password", "short").is(422).says("needs at least").hides(`value="short"`)
	token := desk.cookies[sessionName]
	desk.post("/admin/me/password", "current_password", password, "password", "another long sentence").to("/admin/me")
	if desk.cookies[sessionName] == token {
		t.Error("the token did not change with the password")
	}
	desk.get("/admin/me").is(200).says("Your password was changed")
	planted.get("/admin").to("/admin/sign-in")

	phone := b.browser()
	phone.post("/admin/sign-in", "email", me.Email, "password", "another long sentence").to("/admin")
	desk.post("/admin/me/sign-out-everywhere").to("/admin/sign-in")
	for _, br := range []*browser{phone, desk} {
		br.get("/admin").to("/admin/sign-in")
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me := b.colleague("Ada", staff.Owner)
	br := b.as(me)
	br.post("/admin/me/totp", "current_password", "wrong").is(422).says("is not your password")
	page := br.post("/admin/me/totp", "current_password", password).is(200).sound().says("data:image/png;base64,")
	_, rest, _ := strings.Cut(page.Body, `data-copy="`)
	secret, _, _ := strings.Cut(rest, `"`)
	code := func() string {
		b.clock.Advance(31 * time.Second) // a code works once
		return must(totp.GenerateCode(secret, b.clock.Now()))(t)
	}
	br.post("/admin/me/totp/confirm", "code", "000000").is(422).says(`aria-invalid="true"`)
	br.post("/admin/me/totp/confirm", "code", code()).is(200).sound().says("Recovery code")
	br.get("/admin/me").is(200).says("Enabled", "Recovery codes left")

	// Between the factors nothing else opens.
	br = b.browser()
	br.post("/admin/sign-in", "email", me.Email, "password", password, "next", "/admin/orders").to("/admin/second-factor?next=%2Fadmin%2Forders")
	half := br.cookies[sessionName]
	e := estate{}
	for _, rt := range b.area.routes() {
		if rt.access == signedIn && !strings.Contains(rt.pattern, "{") {
			br.send(strings.Fields(rt.pattern)[0], strings.Fields(rt.pattern)[1], nil).to("/admin/second-factor")
		}
	}
	_, path := e.path("GET /admin/second-factor")
	br.get(path + "?next=/admin/orders").is(200).sound().says(`value="/admin/orders"`)
	br.post(path, "code", "000000", "next", "/admin/orders").is(422).says(`value="/admin/orders"`, `role="alert"`)
	right := code()
	br.post(path, "code", right, "next", "//evil.example").to("/admin")
	if br.cookies[sessionName] == half {
		t.Error("the token did not change after the second factor")
	}
	br.get("/admin").is(200)
	other := b.browser()
	other.cookies[sessionName] = half
	other.get("/admin").to("/admin/sign-in")
	other.post("/admin/sign-in", "email", me.Email, "password", password).to("/admin/second-factor?next=%2Fadmin")
	other.post(path, "code", right).is(422) // it was used
	other.post("/admin/sign-out").to("/admin/sign-in")

	br.post("/admin/me/totp/remove", "current_password", "wrong").is(422)
	br.post("/admin/me/totp/remove", "current_password", password).to("/admin/me")
	br.get("/admin/me").says("The second factor is off", "Turn on")
}

func TestLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.owner()
	page := owner.post("/admin/people", "name", "Bob", "email", "bob@example.com", "role", "support").is(200).sound()
	_, rest, _ := strings.Cut(page.Body, `http://example.com/admin/link/`)
	token, _, _ := strings.Cut(rest, `"`)
	token, _, _ = strings.Cut(token, "<")
	bob := b.browser()
	bob.get("/admin/link/"+token).is(200).sound().says("Hello Bob", "bob@example.com")
	bob.post("/admin/link/"+token, "password", "short").is(422).says("needs at least", "Hello Bob")
	bob.post("/admin/link/"+token, "password", password).to("/admin")
	bob.get("/admin").is(200).says("Bob", "Support")
	b.browser().post("/admin/link/"+token, "password", password).is(http.StatusGone)
	b.browser().get("/admin/link/" + token).is(http.StatusGone).says(`href="/admin/sign-in"`)

	// A customer's link is none of ours.
	e := b.newEstate("x")
	theirs := must(b.SignIn.CustomerLink(t.Context(), e.customer.ID))(t)
	b.browser().get("/admin/link/" + theirs).is(404)
	b.browser().post("/admin/link/"+theirs, "password", password).is(404)
	b.browser().get("/admin/setup/" + theirs).is(404)
	if l := must(b.SignIn.LookAtLink(t.Context(), theirs))(t); l.Purpose != signin.SetCustomerPassword {
		t.Errorf("the customer's link was used: %v", l)
	}

	// The portal opens for staff as a customer, and says so itself.
	owner.post("/admin/customers/" + e.customer.ID + "/act").to("/account")
	if owner.cookies["keystead_customer"] == "" || owner.cookies[sessionName] == "" {
		t.Error("acting for a customer takes a session of its own, beside the one of staff")
	}
	owner.get("/admin").is(200)
}

// What another site sends is not carried out, and is answered by a page.
func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.owner()
	for _, headers := range [][]string{{"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site"}, {"Origin: https://evil.example"}} {
		for _, path := range []string{"/admin/customers", "/admin/sign-in", "/admin/sign-out"} {
			br.send(http.MethodPost, path, strings.NewReader("email=eve%40example.com&name=Eve"), append(headers, formType)...).is(403).says("<h1>Not allowed</h1>", "came from another site")
		}
	}
	if found, _, err := b.Customers.List(t.Context(), customerFilter(&http.Request{URL: &url.URL{}})); err != nil || len(found) != 0 {
		t.Errorf("customers: %v %v", found, err)
	}
	br.send(http.MethodPost, "/admin/customers", strings.NewReader("email=ada%40example.com&name=Ada"), "Sec-Fetch-Site: same-origin", formType).is(303)
}
