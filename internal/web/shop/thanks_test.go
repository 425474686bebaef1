package shop

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/order"
)

// bought is the thank-you page of a browser that has bought goods.
func (br *browser) bought(g goods, pairs ...string) string {
	br.Helper()
	br.checkout(g, pairs...).toward("/sandbox/pay/")
	path := br.payBy("tok_ok").toward("/thanks/").leads()
	br.follow().is(200)
	return path
}

func TestThanksLastsADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	b.publish(g.product, "1.0.0", "widget.zip", "content")
	br := b.browser()
	path := br.bought(g)
	file := br.page.find(`href="(/thanks/[^"]*/files/[^"]*)"`)
	anybody := b.browser() // whoever has the address
	anybody.get(path).is(200).says("License key")
	anybody.get(file).is(200)
	b.clock.Advance(24*time.Hour - time.Second)
	br.get(path).is(200)
	b.clock.Advance(time.Second)
	for _, at := range []string{path, file, path + "/invoice.pdf"} {
		br.get(at).is(404).says("This page is not shown any more", "24 hours").hides("License key", "€49")
	}
	br.get("/checkout/return").is(404)
}

func TestThanksShowsItsOrderAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	file := b.publish(g.product, "1.0.0", "widget.zip", "content")
	draft := b.publish(b.product("other", "Other"), "1.0.0", "other.zip", "other")
	br := b.browser()
	first, second := br.bought(g), br.bought(g)
	keys := map[string]string{}
	for _, o := range b.orders() {
		keys[o.ID] = must(b.Licenses.ByID(t.Context(), o.LicenseIDs[0]))(t).Key
	}
	newest, oldest := b.orders()[0], b.orders()[1]
	br.get(first).says(keys[oldest.ID]).hides(keys[newest.ID])
	br.get(second).says(keys[newest.ID]).hides(keys[oldest.ID])
	br.get(first + "/licenses/" + newest.LicenseIDs[0] + "/files/" + file.ID).is(404)
	br.get(first + "/licenses/" + oldest.LicenseIDs[0] + "/files/" + draft.ID).is(404)
	br.get(first + "/licenses/" + oldest.LicenseIDs[0] + "/files/%2e%2e").is(404)
	br.get(first + "/licenses/" + oldest.LicenseIDs[0] + "/files/" + file.ID).is(200)
	br.get(first[:len(first)-1] + "x").is(404)
}

// A license that could not be issued does not lose the payment, and the page goes on looking.
func TestThanksWhileSomethingIsBroken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rooms.Broken = errors.New("no keys left")
	br := b.browser()
	path := br.bought(b.goods49())
	br.page.says("Your payment has arrived.", "Your order is being prepared").hides("no keys left", "License key")
	if br.page.Header.Get("Refresh") == "" {
		t.Error("the page does not look again")
	}
	if got := b.orders()[0].Status; got != order.Failed {
		t.Errorf("the order is %s", got)
	}
	b.rooms.Broken = nil
	if err := b.store.DB.MoveClock(t.Context(), b.Clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	must(b.rooms.Jobs.RunDue(t.Context()))(t)
	br.get(path).says("License key")
}

func TestThanksForWhatWasCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	path := br.checkout(b.goods49(), "pay", byTransfer).toward("/thanks/").leads()
	must(b.Orders.Cancel(t.Context(), b.orders()[0].ID, "asked to"))(t)
	br.get(path).is(200).says("This order was cancelled").hides("Pay by bank transfer", "asked to")
	br.get("/checkout/return").toward("/thanks/")
}

func TestUnpaidOrderLeadsToItsPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	br.checkout(b.goods49()).toward("/sandbox/pay/")
	secret := must(b.Orders.ThankYouLink(t.Context(), b.orders()[0].ID))(t)
	elsewhere := b.browser() // the address was sent to another device
	page := elsewhere.get("/thanks/"+secret).is(200).says("Your order is placed", "€49.00 are not paid yet")
	elsewhere.get(strings.ReplaceAll(page.find(`href="(/checkout/return[^"]*)"`), "&amp;", "&")).is(200).says("Go on paying")
}

func TestClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	ada := b.customer("Ada Lovelace")
	var mails []order.ClaimMail
	b.Orders.UseClaims(func(_ context.Context, _ *db.Tx, m order.ClaimMail) error {
		mails = append(mails, m)
		return nil
	})
	b.browser().checkout(g, "email", "new@example.com", "pay", byTransfer)
	if len(mails) != 0 {
		t.Fatal("somebody without an account is asked to claim")
	}
	br := b.browser()
	path := br.bought(g, "email", "ADA@example.com")
	if len(mails) != 1 || mails[0].CustomerID == ada.ID {
		t.Fatalf("mails: %+v", mails)
	}
	at := "/claim/" + mails[0].Secret
	for range 2 { // looking changes nothing
		b.browser().get(at).is(200).says("Add this order to your account?").hides("Ada", "example.com")
	}
	if o := must(b.Orders.ByID(t.Context(), mails[0].OrderID))(t); o.CustomerID == ada.ID {
		t.Fatal("a look has claimed the order")
	}
	b.browser().send("POST", at, nil, "Sec-Fetch-Site: cross-site").is(403)
	b.browser().post(at).is(200).says("The order is in your account")
	if o := must(b.Orders.ByID(t.Context(), mails[0].OrderID))(t); o.CustomerID != ada.ID {
		t.Error("the order is not claimed")
	}
	b.browser().post(at).is(404).says("This link is not valid any more")
	br.get(path).is(200).says("License key") // the page of the order stays what it was
}

func TestLinksCantBeGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br := b.browser()
	for range perSecret.Count / 2 {
		br.post("/claim/nothing").is(404)
		br.get("/thanks/nothing").is(404)
	}
	br.post("/claim/nothing").is(429)
	br.get("/thanks/nothing").is(429)
}
