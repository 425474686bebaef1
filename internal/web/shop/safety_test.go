package shop

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// forms are all that takes a POST.
var forms = []string{"/cart", "/checkout", "/checkout/pay", "/claim/x", "/sandbox/pay/x"}

func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	br := setup(t).browser()
	for _, path := range forms {
		br.send(http.MethodPost, path, url.Values{"act": {"update"}}, "Sec-Fetch-Site: cross-site").is(403)
		br.send(http.MethodPost, path, url.Values{"act": {"update"}}, "Origin: https://evil.example").is(403)
	}
}

func TestFormsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	br := setup(t).browser()
	for _, path := range forms {
		br.post(path, "name", strings.Repeat("x", maxForm)).is(413)
		br.send(http.MethodPost, path, url.Values{}, "Content-Type: multipart/form-data").is(400)
	}
}

// Names that could be anything are shown as they are, everywhere.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const evil = `<x-evil onclick=evil>"'&`
	b.set("store.name", evil, "shop.consent_text", evil)
	g := b.goods49()
	b.rename(g, evil)
	b.publish(g.product, "1.0.0", "x-evil.zip", "x")
	br := b.browser()
	br.get("/").says("&lt;x-evil")
	br.get("/products/widget").says("&lt;x-evil")
	br.toCheckout(g)
	br.sendForm("/checkout", "email", evil, "name", evil, "company", evil, "address", evil+"\n"+evil, "tax_id", evil, "pay", evil, "key", evil, "seen", evil, "texts", evil).is(422).says("&lt;x-evil")
	br.get("/checkout")
	br.sendForm("/checkout", "email", "ada@example.com", "name", evil, "company", evil, "pay", bySandbox, "consent_consent", "on").toward("/sandbox/pay/")
	br.follow().says("&lt;x-evil")
	br.payByPage("tok_decline").says("The payment did not go through")
	br.sendForm("/checkout/pay").toward("/sandbox/pay/")
	br.payBy("tok_ok").toward("/thanks/")
	br.follow().is(200).says("&lt;x-evil")
}

// payByPage is payBy from the page that is shown.
func (br *browser) payByPage(card string) reply {
	br.Helper()
	br.post(strings.TrimPrefix(br.page.what, "GET "), "card", card).toward("/checkout/return")
	return br.follow()
}

// Cookies are out of reach of scripts and of other sites, and bound to TLS where there is TLS.
func TestCookies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	got := br.send(http.MethodGet, "/buy/"+g.price.ID, nil, "X-Forwarded-Proto: https")
	cookie := got.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-" + cartName + "=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("%q lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, g.price.ID) {
		t.Error("the cart can be read")
	}
	for _, h := range []string{"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy"} {
		if br.get("/checkout/return").Header.Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
	if br.get("/cart").Header.Get("Cache-Control") != "no-store" {
		t.Error("the cart may be kept by caches")
	}
}
