package shop

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// Every card of the sandbox, from the button to what the customer sees.
func TestCards(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		leads string   // where the return page leads, if it does
		says  []string // what the last page says
		state order.Status
	}{
		sandbox.OK:            {"/thanks/", []string{"Thank you", "License key"}, order.Completed},
		sandbox.Timeout:       {"/thanks/", []string{"Thank you", "License key"}, order.Completed},
		sandbox.Disputed:      {"/thanks/", []string{"Thank you", "License key"}, order.Completed},
		sandbox.RefundFailing: {"/thanks/", []string{"Thank you", "License key"}, order.Completed},
		sandbox.Decline:       {"", []string{"The payment did not go through", "The card was declined.", "Nothing was taken from you", `name="pay"`}, order.Pending},
		sandbox.Insufficient:  {"", []string{"The payment did not go through", "There is not enough money on the account."}, order.Pending},
		sandbox.Pending:       {"", []string{"Your payment is on its way"}, order.Pending},
		sandbox.PendingFails:  {"", []string{"Your payment is on its way"}, order.Pending},
		sandbox.Corrected:     {"", []string{"Your payment is on its way"}, order.Pending},
		sandbox.Partial:       {"", []string{"A part is still to be paid", "We have received €10.00 of €49.00. The rest is €39.00.", `name="pay"`}, order.Pending},
		sandbox.Auth:          {}, // below
	}
	b := setup(t)
	g := b.goods49()
	page := must(b.Sandbox.Session(t.Context(), b.sandboxPage(g)))(t)
	for _, card := range page.Cards {
		t.Run(card.Token, func(t *testing.T) {
			t.Parallel()
			want, known := cases[card.Token]
			if !known {
				t.Fatal("nothing is expected of this card")
			}
			if want.says == nil {
				return
			}
			b := setup(t)
			br := b.browser()
			br.checkout(b.goods49()).toward("/sandbox/pay/")
			br.payBy(card.Token)
			if want.leads != "" {
				br.page.toward(want.leads)
				br.follow()
			}
			br.page.is(200).says(want.says...)
			if got := b.orders()[0].Status; got != want.state {
				t.Errorf("the order is %s", got)
			}
			if waits := br.page.Header.Get("Refresh") != ""; waits != strings.Contains(br.page.Body, "on its way") {
				t.Errorf("looks again: %v", waits)
			}
		})
	}
}

// sandboxPage begins a payment and returns the id of its page.
func (b *bundle) sandboxPage(g goods) string {
	b.Helper()
	br := b.browser()
	return strings.TrimPrefix(br.checkout(g).toward("/sandbox/pay/").leads(), "/sandbox/pay/")
}

func TestOwnerConfirms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	br := b.browser()
	pay := br.checkout(g).toward("/sandbox/pay/").leads()
	br.post(pay, "card", "tok_auth").to(pay)
	br.follow().says("Confirm €49.00", "Yes, I pay").hides("tok_ok")
	br.get(statePath(b.orders()[0].ID)).is(200).says("You have not paid yet", `href="`+pay+`"`)
	br.post(pay, "act", "cancel").toward("/checkout/return")
	br.follow().says("The payment did not go through", "The payment was not confirmed.")
	br.get(pay).is(200).says("Not paid", "Back to the shop").hides("Yes, I pay")

	// Another try of the same order.
	pay = br.sendRetry().toward("/sandbox/pay/").leads()
	br.post(pay, "card", "tok_auth").to(pay)
	br.post(pay, "act", "confirm").toward("/checkout/return")
	br.follow().toward("/thanks/")
	br.follow().says("License key")
	br.get(pay).is(200).says("Paid")
	if n := len(b.orders()); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// sendRetry pays the order of the page that says that a payment failed.
func (br *browser) sendRetry(pairs ...string) reply {
	br.Helper()
	br.get("/checkout/return").is(200)
	return br.sendForm("/checkout/pay", pairs...)
}

func TestPayAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	br.checkout(b.goods49()).toward("/sandbox/pay/")
	br.payBy("tok_decline").says("The payment did not go through")
	br.sendRetry("pay", "gateway:nobody").is(200).says("Choose how you want to pay.")
	br.sendRetry("key", "short").is(200).says("Choose how you want to pay.")
	br.sendRetry("order", "ord_other").is(404).says("We can&#39;t show your order here")
	br.sendRetry("pay", byTransfer).toward("/thanks/")
	br.follow().is(200).says("Pay by bank transfer", "Reference")
	br.sendRetry("pay", bySandbox).toward("/sandbox/pay/")
	br.payBy("tok_partial").says("A part is still to be paid")
	br.sendRetry("pay", bySandbox).toward("/sandbox/pay/")
	br.get(br.page.leads()).says("Pay €39.00")
	br.sendRetryless("tok_ok")
	br.get("/checkout/return").toward("/thanks/")
	// Who goes back and sends it again pays nothing more.
	br.post("/checkout/pay", "order", b.orders()[0].ID, "pay", bySandbox, "key", strings.Repeat("k", leastKey)).toward("/thanks/")
	if got := must(b.Billing.ByID(t.Context(), b.orders()[0].InvoiceID))(t); got.Paid != eur(4900) {
		t.Errorf("paid %v", got.Paid)
	}
}

// sendRetryless pays on the page of the sandbox that is shown.
func (br *browser) sendRetryless(card string) {
	br.Helper()
	br.post(strings.TrimPrefix(br.page.what, "GET "), "card", card).toward("/checkout/return")
}

// The address of the return page says nothing that counts: it is the gateway that is asked.
func TestReturnTrustsNoAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	br.checkout(b.goods49()).toward("/sandbox/pay/")
	id := b.orders()[0].ID
	for _, path := range []string{"", "&state=succeeded&paid=1", "&look=x", "&look=-5", "&look=99999999999999999999"} {
		br.get(statePath(id) + path).is(200).says("You have not paid yet").hides("License key")
	}
	// Another browser, and another customer, see nothing of it.
	b.browser().get(statePath(id)).is(404).says("We can&#39;t show your order here").hides("€49")
	b.signedIn(b.customer("Bob Noyce")).get(statePath(id)).is(404).hides("€49")
	b.browser().post("/checkout/pay", "order", id, "pay", bySandbox, "key", strings.Repeat("k", leastKey)).is(404)
	if n := len(must(b.Payments.Attempts(t.Context(), b.orders()[0].InvoiceID))(t)); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

// A customer who is signed in comes back in a browser that has lost its cookie of orders.
func TestCustomerComesBackElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.signedIn(b.customer("Ada Lovelace"))
	br.toCheckout(b.goods49())
	br.sendForm("/checkout", "pay", bySandbox).toward("/sandbox/pay/")
	delete(br.cookies, receiptName)
	br.payBy("tok_ok").toward("/thanks/")
	br.follow().is(200).says("License key")
}

func TestSavedCardThatMustBeConfirmed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	ada := b.customer("Ada Lovelace")
	m := must(b.Payments.AddMethod(t.Context(), ada.ID, sandbox.Name, sandbox.Auth))(t)
	br := b.signedIn(ada)
	br.toCheckout(g)
	pay := br.sendForm("/checkout", "pay", "method:"+m.ID).toward("/sandbox/pay/").leads()
	br.follow().says("Confirm €49.00")
	br.post(pay, "act", "confirm").to("/checkout/return") // it was not begun on a page, so the newest order is meant
	br.follow().toward("/thanks/")
	br.follow().says("License key")

	declining := must(b.Payments.AddMethod(t.Context(), ada.ID, sandbox.Name, sandbox.Decline))(t)
	br.toCheckout(g)
	br.sendForm("/checkout", "pay", "method:"+declining.ID).toward("/checkout/return?order=")
	br.follow().says("The payment did not go through", "The card was declined.", "method:"+m.ID)
	timeout := must(b.Payments.AddMethod(t.Context(), ada.ID, sandbox.Name, sandbox.Timeout))(t)
	br.sendForm("/checkout/pay", "pay", "method:"+timeout.ID)
	if br.page.Status != http.StatusSeeOther {
		t.Fatalf("%d", br.page.Status)
	}
	for range 3 {
		if !strings.HasPrefix(br.page.Header.Get("Location"), "/thanks/") {
			br.follow()
		}
	}
	if n := len(b.orders()); n != 2 {
		t.Errorf("%d orders", n)
	}
	for _, o := range b.orders() {
		if inv := must(b.Billing.ByID(t.Context(), o.InvoiceID))(t); inv.Paid != eur(4900) {
			t.Errorf("order %s: paid %v", o.ID, inv.Paid)
		}
	}
}

// A gateway whose answers are lost takes the money once, and the customer is not left alone.
func TestGatewayWithoutAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	if err := b.Sandbox.SetFaults(t.Context(), sandbox.Faults{FailAfterEffect: true, Drop: true}); err != nil {
		t.Fatal(err)
	}
	br.checkout(b.goods49())
	to := br.page.leads()
	if !strings.HasPrefix(to, "/sandbox/pay/") {
		br.follow().is(200).hides("Something went wrong")
		to = br.page.find(`href="(/sandbox/pay/[^"]*)"`)
	}
	br.post(to, "card", "tok_ok").toward("/checkout/return")
	br.follow().toward("/thanks/")
}

// A subscription keeps the card for its renewals.
func TestSubscriptionKeepsTheCard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.product("gridworks", "Gridworks")
	g := goods{product: p}
	g.price = b.price(b.plan(p, catalog.NewPlan{Name: "Pro"}), catalog.NewPrice{Cycle: "monthly", Money: eur(2900)})
	ada := b.customer("Ada Lovelace")
	br := b.signedIn(ada)
	br.toCheckout(g).says("it is kept for the renewals").hides(`name="save"`)
	br.sendForm("/checkout", "pay", bySandbox).toward("/sandbox/pay/")
	br.payBy("tok_ok").toward("/thanks/")
	br.follow().says("paid until 31 March 2026", "Gridworks – Pro: €29.00 a month.")
	if m := must(b.Payments.Methods(t.Context(), ada.ID))(t); len(m) != 1 || !m[0].Default {
		t.Errorf("methods: %+v", m)
	}
}

func TestSandboxPageIsHostile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.sandboxPage(b.goods49())
	br := b.browser()
	br.get("/sandbox/pay/" + id + "x").is(404)
	br.get("/sandbox/pay/%2e%2e").is(404)
	br.post("/sandbox/pay/nothing", "card", "tok_ok").is(404)
	for _, card := range []string{"", "tok_nothing", "<x-evil>", "4242 4242 4242 4242"} {
		br.post("/sandbox/pay/"+id, "card", card).is(422).says("Choose one of these cards.")
	}
	br.send(http.MethodPost, "/sandbox/pay/"+id, map[string][]string{"card": {"tok_ok"}}, "Sec-Fetch-Site: cross-site").is(403)
	br.get("/sandbox/pay/" + id).says("Pay €49.00")
}

func TestLiveStoreHasNoSandbox(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.goods49()
	br := b.browser()
	br.get("/sandbox/pay/sbc_1").is(404)
	br.post("/sandbox/pay/sbc_1", "card", "tok_ok").is(404)
	br.get("/").hides("Test store")
	br.toCheckout(g).hides("sandbox", "Test card").says("Bank transfer")
	br.sendForm("/checkout", "email", "ada@example.com", "name", "Ada", "pay", bySandbox).is(422).says("Choose how you want to pay.")
	br.sendForm("/checkout", "pay", byTransfer).toward("/thanks/")
}

// A gateway leads where it wants, but only over https, and over a page of ours.
func TestLead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("store.base_url", "https://shop.example.com")
	s := must(build(b.Config))(t)
	for address, want := range map[string]struct{ location, refresh, fails string }{
		"/sandbox/pay/sbc_1?a=b":                      {location: "/sandbox/pay/sbc_1?a=b"},
		"https://shop.example.com/sandbox/pay/sbc_1":  {location: "/sandbox/pay/sbc_1"},
		"HTTPS://SHOP.example.com/x":                  {location: "/x"},
		"https://pay.example.net/c/1?x=%22y":          {refresh: "0; url=https://pay.example.net/c/1?x=%22y"},
		"https://shop.example.com.evil.example/x":     {refresh: "0; url=https://shop.example.com.evil.example/x"},
		"//evil.example/x":                            {fails: "leads"},
		"http://pay.example.net/":                     {fails: "leads"},
		"javascript:alert(1)":                         {fails: "leads"},
		"":                                            {fails: "leads"},
		"https://shop.example.com@evil.example/thing": {refresh: "0; url=https://shop.example.com@evil.example/thing"},
	} {
		w := httptest.NewRecorder()
		err := s.lead(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/checkout", nil), address)
		if (err != nil) != (want.fails != "") || w.Header().Get("Location") != want.location || w.Header().Get("Refresh") != want.refresh {
			t.Errorf("%s: %v, leads to %q, refreshes %q", address, err, w.Header().Get("Location"), w.Header().Get("Refresh"))
		}
	}
}

// The sandbox leads back to this store and nowhere else.
func TestBackFrom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := must(build(b.Config))(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://store.example/sandbox/pay/1", nil)
	for address, want := range map[string]string{
		"http://store.example/checkout/return?order=1": "/checkout/return?order=1",
		"http://evil.example/checkout/return":          "/account/invoices",
		"//evil.example/x":                             "/account/invoices",
		"https://store.example/other-scheme":           "/account/invoices",
		`/\evil.example`:                               "/account/invoices",
		"":                                             "/account/invoices",
		"/account/invoices/inv_1":                      "/account/invoices/inv_1",
	} {
		if got := s.backFrom(r, sandbox.Session{ReturnURL: address}); got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
}

// The page that waits looks again, less and less often, and at last not any more.
func TestWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := must(build(b.Config))(t)
	for look, want := range map[string]string{"": "2;", "3": "5;", "25": "20;", "30": "", "x": "2;", "-1": "2;"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/checkout/return?look="+look, nil)
		if err := s.wait(w, r, order.Order{ID: "ord_1", Total: eur(1)}, payment.Attempt{State: payment.AttemptUnknown, CreatedAt: time.Time{}}); err != nil {
			t.Fatal(err)
		}
		if got := w.Header().Get("Refresh"); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("look %q: %q", look, got)
		}
	}
}
