package portal

import (
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

func (b *bundle) succeeded(invoiceID string) (n int) {
	b.Helper()
	found, _, err := b.Payments.List(b.Context(), payment.Filter{InvoiceID: invoiceID})
	for _, p := range must(found, err)(b.T) {
		if p.State == payment.Succeeded {
			n++
		}
	}
	return n
}

func TestPayWithASavedCard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	br, bad, good := b.signedIn(c), b.card(c, sandbox.Decline), b.card(c, sandbox.OK)
	inv := b.order(c, b.newGoods("tool", "Tool", 1, 0)).InvoiceID
	at := "/account/invoices/" + inv
	br.get(at).is(200).sound().says("Pay now", "Pay €49.00", bad.Label, good.Label, `value="method:`+good.ID+`" checked`, "Another card", `name="try" value="0"`)
	pay := func(m payment.Method, try string) reply {
		return br.post(at+"/pay", "pay", "method:"+m.ID, "try", try).to(at)
	}
	pay(bad, "0")
	br.get(at).sound().says("The payment did not succeed: The card was declined.", "Failed", `name="try" value="1"`)
	pay(bad, "0") // the same form once more
	if tries := must(b.Payments.Attempts(t.Context(), inv))(t); len(tries) != 1 {
		t.Errorf("%d tries", len(tries))
	}
	br.post(at+"/pay", "pay", "method:"+good.ID).is(http.StatusBadRequest)
	br.post(at+"/pay", "pay", "coins", "try", "1").to(at)
	br.post(at+"/pay", "pay", "gateway:nobody", "try", "1").is(http.StatusNotFound)

	pay(good, "1")
	br.get(at).sound().says("Your payment has arrived", "Paid on 1 March 2026", "Arrived").hides("Pay now", "Pay by bank transfer")
	pay(good, "1") // from another window
	br.get(at).says("This invoice is paid already. You were not charged again.")
	if n := b.succeeded(inv); n != 1 {
		t.Errorf("charged %d times", n)
	}
}

// A new card after the last retry pays what is overdue in the same step.
func TestANewCardPaysWhatIsOverdue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, c, _, _ := b.subscriber(sandbox.Decline)
	br.later(c, 42) // the next period was due ten days ago, and every retry has failed
	bill := b.unpaid(c)[0]
	if bill.Step == "retry_1" || !strings.HasPrefix(bill.Step, "overdue_") && bill.Step != "" {
		t.Fatalf("the next step is %q", bill.Step)
	}
	offer := "Pay " + show(bill.Balance()) + " now"
	br.get(newMethod).is(200).sound().says(offer, "Invoice "+bill.Number+", due since 1 April 2026.")
	br.post(newMethod, "token", sandbox.Decline, payAtOnce+bill.ID, "on").to("/account/invoices/" + bill.ID)
	br.get("/account/invoices/" + bill.ID).says("The payment did not succeed")
	br.post(newMethod, "token", sandbox.OK).to("/account/payment-methods")
	if n := b.succeeded(bill.ID); n != 0 {
		t.Errorf("charged %d times without a word", n)
	}
	br.post(newMethod, "token", sandbox.OK, payAtOnce+bill.ID, "on").to("/account/invoices/" + bill.ID)
	br.get("/account/invoices/" + bill.ID).sound().says("Your payment has arrived")
	if got := b.invoice(bill.ID); got.Status != billing.Paid {
		t.Errorf("the invoice is %s", got.Status)
	}
	br.get(newMethod).is(200).hides(offer)
}

// Two windows that pay at the same time pay once.
func TestTwoWindowsPayOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	br, card := b.signedIn(c), b.card(c, sandbox.OK)
	inv := b.order(c, b.newGoods("tool", "Tool", 1, 0)).InvoiceID
	var wg sync.WaitGroup
	answers := make([]reply, 6)
	for i := range answers {
		window := &browser{bundle: b, cookies: map[string]string{sessionName: br.cookies[sessionName]}}
		wg.Go(func() {
			answers[i] = window.post("/account/invoices/"+inv+"/pay", "pay", "method:"+card.ID, "try", "0")
		})
	}
	wg.Wait()
	for _, answer := range answers {
		answer.to("/account/invoices/" + inv)
	}
	if n := b.succeeded(inv); n != 1 {
		t.Errorf("charged %d times", n)
	}
	if i := b.invoice(inv); i.Status != billing.Paid || i.Paid != i.Total {
		t.Errorf("the invoice: %+v", i)
	}
	if credit := must(b.Customers.ByID(t.Context(), c.ID))(t).Credit; len(credit) != 0 {
		t.Errorf("credit of %v", credit)
	}
}

func TestPayOnThePageOfAGateway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	br := b.signedIn(c)
	inv := b.order(c, b.newGoods("tool", "Tool", 1, 0)).InvoiceID
	at := "/account/invoices/" + inv
	br.get(at + "/return").to(at) // nothing was begun
	page := br.post(at+"/pay", "pay", "gateway:sandbox", "try", "0", "save", "on").is(http.StatusSeeOther).Header.Get("Location")
	if again := br.post(at+"/pay", "pay", "gateway:sandbox", "try", "0").Header.Get("Location"); again != page {
		t.Errorf("another window goes to %s, not to %s", again, page)
	}
	br.get(at).sound().says("waits for you", page, "Look again").hides("Pay now")
	br.get(at + "/return").to(at)
	br.get(at).says("You have not finished the payment")

	session := must(b.Sandbox.Session(t.Context(), path.Base(page)))(t)
	if !strings.HasSuffix(session.ReturnURL, at+"/return") {
		t.Errorf("leads back to %s", session.ReturnURL)
	}
	must(b.Sandbox.Pay(t.Context(), session.ID, sandbox.OK))(t)
	br.get(at + "/return").to(at)
	br.get(at).sound().says("Your payment has arrived", "Paid on")
	br.get(at + "/return").to(at)
	if n := b.succeeded(inv); n != 1 {
		t.Errorf("charged %d times", n)
	}
	br.get("/account/payment-methods").says("Sandbox •••• 4242", "Default")
}

func TestPaymentsThatTakeTheirTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, g := b.newCustomer("Marie"), b.newGoods("tool", "Tool", 1, 0)
	br := b.signedIn(c)
	for _, x := range []struct{ token, says string }{
		{sandbox.Pending, "Your payment is under way"}, {sandbox.Timeout, "Your payment is under way"}, {sandbox.Partial, "A part of it is paid. €39.00 are left to pay."},
	} {
		card, at := b.card(c, x.token), "/account/invoices/"+b.order(c, g).InvoiceID
		br.post(at+"/pay", "pay", "method:"+card.ID, "try", "0").to(at)
		r := br.get(at).sound().says(x.says)
		if x.token == sandbox.Pending {
			r.says("is under way", "so that you don&#39;t pay twice").hides("Pay now")
			br.post(at+"/pay", "pay", "method:"+card.ID, "try", "1").to(at)
			br.get(at).says("Nothing was charged twice")
		}
		br.get(at + "/return").is(http.StatusSeeOther)
	}
	auth, at := b.card(c, sandbox.Auth), "/account/invoices/"+b.order(c, g).InvoiceID
	to := br.post(at+"/pay", "pay", "method:"+auth.ID, "try", "0").is(http.StatusSeeOther).Header.Get("Location")
	must(b.Sandbox.Pay(t.Context(), path.Base(to), ""))(t)
	br.get(at + "/return").to(at)
	br.get(at).says("Paid on")
}

func TestStaffDoNotPayForCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	g := b.newGoods("tool", "Tool", 1, 0)
	card, inv, sub := b.card(c, sandbox.OK), b.order(c, g).InvoiceID, b.subscribe(c, g)
	staff := b.acting(c)
	staff.get("/account/subscriptions/"+sub.ID).is(200).sound().says("What comes next").hides("/cancel", "/change")
	staff.get("/account/invoices/"+inv).is(200).sound().says("Pay by bank transfer").hides("Pay now", card.Label)
	staff.get("/account/payment-methods").is(200).sound().says(card.Label).hides("Remove", newMethod)
	for _, at := range []string{"/account/invoices/" + inv + "/pay", newMethod, "/account/payment-methods/" + card.ID + "/remove", "/account/payment-methods/" + card.ID + "/default", "/account/subscriptions/" + sub.ID + "/cancel", "/account/subscriptions/" + sub.ID + "/change/confirm"} {
		staff.post(at, "pay", "method:"+card.ID, "try", "0", "token", sandbox.OK).is(http.StatusForbidden)
	}
}

func TestPaymentMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.signedIn(b.newCustomer("Marie"))
	const list = "/account/payment-methods"
	br.get(newMethod).is(200).sound().says("Sandbox •••• 4242", "The charge is declined.")
	br.post(newMethod, "token", "tok_of_my_own").is(422).sound().says("is not a card of the sandbox")
	br.post(newMethod, "token", sandbox.OK).to(list)
	br.post(newMethod, "token", sandbox.Decline).to(list)
	page := br.get(list).sound().says("Sandbox •••• 0002 is saved", "4242", "Make default", "Good until the end of December 2029").Body
	if strings.Count(page, ">Default<") != 1 {
		t.Error("there is not one default")
	}
	first := between(page, `action="`+list+"/", "/default")
	br.post(list + "/" + first + "/default").to(list)
	br.get(list).says("Renewals are charged to Sandbox •••• 4242 from now on.")
	br.get(list+"/"+first+"/remove").is(200).sound().says("Remove Sandbox •••• 4242?", "charged to another of your payment methods")
	br.post(list + "/" + first + "/remove").to(list)
	br.get(list).says("Sandbox •••• 4242 is removed.", "Sandbox •••• 0002", "renewals are invoiced, and you pay them yourself")
	br.post(list + "/" + first + "/remove").is(404)
	br.post(list + "/" + first + "/default").is(404)
	for range mostMethods {
		br.post(newMethod, "token", sandbox.OK).to(list)
	}
	br.get(list).sound().says("as many as can be saved")
}

func TestLiveStoreHasNoTestCards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Config.Sandbox = nil
	h, err := New(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	br := b.signedIn(b.newCustomer("Marie"))
	b.h = h
	br.get("/account/payment-methods").hides("Add a payment method")
	br.get(newMethod).is(404)
	br.post(newMethod, "token", sandbox.OK).is(404)
}

func TestPapers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	l := b.sell(c, b.newGoods("tool", "Tool", 1, 0))
	inv := must(b.Orders.ByID(t.Context(), l.OrderID))(t).InvoiceID
	note := b.creditNote(l)
	br := b.signedIn(c)
	br.get("/account/invoices/"+inv).sound().says("Tool – Team Tool", "49.00", "CN-2026-1", "€7.00", "given back", "Refunds", "/account/credit-notes/"+note)
	br.get("/account/invoices").says("€7.00 credited")
	br.get("/account/credit-notes/"+note).is(200).sound().says("CN-2026-1", "INV-2026-1", "It came late.", "€7.00 that were paid")
	for at, name := range map[string]string{"/account/invoices/" + inv + "/pdf": "INV-2026-1.pdf", "/account/credit-notes/" + note + "/pdf": "CN-2026-1.pdf"} {
		r := br.get(at).is(200)
		if !strings.HasPrefix(r.Body, "%PDF-") || r.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), `attachment; filename="`+name+`"`) {
			t.Errorf("%s: %q, %v", at, r.Body[:20], r.Header)
		}
		if again := br.get(at); again.Body != r.Body {
			t.Errorf("%s is another file the second time", at)
		}
	}
}

func TestDisputedInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	card, inv := b.card(c, sandbox.Disputed), b.order(c, b.newGoods("tool", "Tool", 1, 0)).InvoiceID
	must(b.Payments.Charge(t.Context(), inv, payment.ChargeOptions{MethodID: card.ID}))(t)
	b.pass(4)
	br := b.signedIn(c)
	br.get("/account/invoices/"+inv).sound().says("A payment of this invoice is disputed", "Taken back by the bank").hides("Pay now", "Pay by bank transfer")
	br.get("/account/invoices").says("Disputed")
}

func TestDataExport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Marie", "tool")
	r := b.signedIn(e.owner).get("/account/details/data").is(200)
	var got export
	if err := json.Unmarshal([]byte(r.Body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Customer.Email != e.owner.Email || len(got.Licenses) != 2 || len(got.Subscriptions) != 1 || len(got.Invoices) != 3 || len(got.Payments) != 2 || len(got.PaymentMethods) != 1 {
		t.Errorf("exported: %s", r.Body)
	}
	if n := len(got.Licenses[0].Activations) + len(got.Licenses[1].Activations); n != 2 || got.Subscriptions[0].Price != money.New(1000, "EUR") {
		t.Errorf("exported: %s", r.Body)
	}
	b.acting(e.owner).get("/account/details/data").is(http.StatusForbidden)
}
