package shop

import (
	"testing"

	"github.com/keystead/keystead/internal/order"
)

// checkout goes from a price to the checkout and sends it with the details of a guest.
func (br *browser) checkout(g goods, pairs ...string) reply {
	br.Helper()
	br.get("/buy/" + g.price.ID).to("/cart")
	br.get("/cart").is(200)
	br.get("/checkout").is(200)
	return br.sendForm("/checkout", append([]string{"email", "ada@example.com", "name", "Ada Lovelace"}, pairs...)...)
}

const (
	bySandbox  = "gateway:sandbox"
	byTransfer = "gateway:manual"
)

func TestGuestPaysOnThePageOfTheGateway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.goods49()
	file := b.publish(g.product, "1.0.0", "widget.zip", "content")
	br := b.browser()
	br.checkout(g, "pay", bySandbox).toward("/sandbox/pay/sbc_")
	pay := br.page.leads()
	br.follow().is(200).says("Pay €49.00", "tok_decline", "The charge succeeds.")
	br.post(pay, "card", "tok_ok").toward("/checkout/return?order=ord_")
	br.follow().toward("/thanks/")
	page := br.follow().is(200).says("Thank you", "Widget – Solo", "3 domains", "widget.zip", "Invoice as PDF", "€49.00")
	orders := b.orders()
	if len(orders) != 1 || orders[0].Status != order.Completed || len(orders[0].LicenseIDs) != 1 {
		t.Fatalf("orders: %+v", orders)
	}
	l := must(b.Licenses.ByID(t.Context(), orders[0].LicenseIDs[0]))(t)
	page.says(l.Key)
	if got := br.get(page.find(`href="(/thanks/[^"]*/files/[^"]*)"`)).is(200); got.Body != "content" {
		t.Errorf("the file %s has %q", file.ID, got.Body)
	}
	if got := br.get(page.find(`href="(/thanks/[^"]*\.pdf)"`)).is(200); got.Body[:5] != "%PDF-" || got.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the invoice begins %q", got.Body[:5])
	}
	br.get("/cart").says("Your cart is empty")
}
