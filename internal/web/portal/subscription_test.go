package portal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/subscription"
)

// subscriber is a customer with a subscription of 10 euros a month, which began on 1 March 2026, and a browser.
func (b *bundle) subscriber(card string) (*browser, customer.Customer, goods, subscription.Subscription) {
	b.Helper()
	c, g := b.newCustomer("Marie"), b.newGoods("tool", "Tool", 2, 0)
	if card != "" {
		b.card(c, card)
	}
	return b.signedIn(c), c, g, b.subscribe(c, g)
}

func TestSubscriptionIsPaidByCard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, c, _, sub := b.subscriber(sandbox.OK)
	path := "/account/subscriptions/" + sub.ID
	br.get("/account/subscriptions").is(200).sound().says("Tool – Team Tool", "Paid until 31 March 2026; it renews on 1 April 2026", "€10.00 a month", "1 April 2026", "from Sandbox")
	br.get(path).is(200).sound().says(
		"You get the invoice of €10.00.", "18 March 2026", "€10.00 are charged to Sandbox\u00a0••••\u00a04242.", "1 April 2026",
		"It is suspended until it is paid", "15 April 2026", "It ends for good", "1 May 2026", "1 Mar 2026 – 31 Mar 2026",
	)
	l := b.license(sub.LicenseID)
	br.get("/account/licenses/"+l.ID).sound().says("Subscription", path, "Paid until 31 March 2026")
	br.later(c, 20)
	br.get(path).sound().says("€10.00 are due on 1 April 2026", "To pay", "€10.00 are charged to").hides("You get the invoice")
	br.later(c, 12)
	br.get(path).sound().says("Paid until 30 April 2026", "1 Apr 2026 – 30 Apr 2026")
}

func TestSubscriptionThatIsNotPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, c, _, sub := b.subscriber(sandbox.Decline)
	path := "/account/subscriptions/" + sub.ID
	br.later(c, 33) // 3 April
	bill := b.unpaid(c)[0]
	br.get(path).sound().says(
		"Overdue", "€10.00 have been due since 1 April 2026", "It still works until 14 April 2026. After that it is suspended until it is paid.",
		"We charge Sandbox\u00a0••••\u00a00002 again on 4 April 2026.", "/account/invoices/"+bill.ID, "Pay €10.00",
	)
	br.later(c, 14) // 17 April
	br.get(path).sound().says("Suspended: €10.00 are missing", "On 1 May 2026 it ends for good", "Past due").hides("/change")
	br.get("/account/licenses/" + sub.LicenseID).sound().says("a payment is missing")
	br.get(path + "/change").to(path).is(http.StatusSeeOther)
	br.get(path+"/cancel").is(200).sound().says("It ends at once", "The open invoice of €10.00 is withdrawn")

	br.later(c, 20)
	br.get(path).sound().says("Ended on 1 May 2026, because it was not paid", "Buy it again", "/buy/"+sub.PriceID, "Not paid").hides("What comes next")
	br.get("/account/invoices/"+bill.ID).sound().says("It can&#39;t be paid any more").hides("Pay now", "Pay by bank transfer")
}

func TestSubscriptionWithoutACard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, _, _, sub := b.subscriber("")
	br.get("/account/subscriptions").says("Due on 1 April 2026")
	br.get("/account/subscriptions/"+sub.ID).sound().says("€10.00 are due.", "It ends for good").hides("charged")
}

func TestTrial(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, g := b.newCustomer("Marie"), b.newGoods("tool", "Tool", 2, 0)
	br := b.signedIn(c)
	sub := b.subscribeTo(c, b.newPrice(g, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(1000, "EUR"), TrialDays: 14}))
	path := "/account/subscriptions/" + sub.ID
	br.get(path).sound().says("On trial until 15 March 2026, 12:00.", "It ends with the trial", newMethod, "The trial is over, and it ends.")
	br.post(newMethod, "token", sandbox.OK).to("/account/payment-methods")
	br.get(path).sound().says("On trial until 15 March 2026, 12:00, then €10.00 a month", "€10.00 are charged to").hides("It ends with the trial")
	br.get(path + "/change").sound().hides("From when?")
	br.later(c, 15)
	br.get(path).says("Paid until 14 April 2026")
}

func TestCancelAndResume(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, c, _, sub := b.subscriber(sandbox.OK)
	path := "/account/subscriptions/" + sub.ID
	br.later(c, 20) // the renewal is invoiced
	br.get(path+"/cancel").is(200).sound().says("After 31 March 2026, with what is paid", "The open invoice is withdrawn", "For the time that is left, €3.55 become your credit")
	if got := b.subscription(sub.ID); got.Status != subscription.Active || !got.CancelOn.IsZero() {
		t.Fatalf("looking at the question has changed it: %+v", got)
	}
	br.post(path+"/cancel", "at", "never").is(422).sound()
	br.post(path+"/cancel", "at", "period_end", "reason", "too dear").to(path)
	br.get(path).sound().says("Cancelled. It runs until 31 March 2026.", "It ends after 31 March 2026", path+"/resume").hides("What comes next", "too dear")
	br.get(path + "/cancel").to(path)
	br.post(path + "/resume").to(path)
	br.get(path).sound().says("It goes on. The next period begins on", "Active", "are charged to")
	br.post(path + "/resume").to(path)
	br.get(path).says("neither cancelled nor paused")

	br.post(path+"/cancel", "at", "now").to(path)
	br.get(path).sound().says("Ended on 21 March 2026, as it was cancelled", "Buy it again")
	br.get("/account/invoices").says("You have a credit of €3.55")
	br.post(path+"/cancel", "at", "now").to(path)
	br.get(path).says("over already")
}

func TestPausedByStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, _, _, sub := b.subscriber(sandbox.OK)
	path := "/account/subscriptions/" + sub.ID
	ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ada"})
	must(b.Subscriptions.Pause(ctx, sub.ID, "looks like a thief"))(t)
	br.get(path).sound().says("Paused by Keystead", "has paused this subscription").hides("thief", "/resume", "/cancel")
	br.post(path + "/resume").to(path)
	if got := b.subscription(sub.ID); got.PausedOn.IsZero() {
		t.Error("a customer has ended what staff paused")
	}
}

func TestChangeOfPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, c, g, sub := b.subscriber(sandbox.OK)
	path := "/account/subscriptions/" + sub.ID
	plan := must(b.Catalog.CreatePlan(t.Context(), g.product.ID, catalog.NewPlan{Name: "Big", ActivationType: "device", ActivationLimit: 20}))(t)
	big := must(b.Catalog.CreatePrice(t.Context(), plan.ID, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(4100, "EUR")}))(t)
	hidden := must(b.Catalog.CreatePlan(t.Context(), g.product.ID, catalog.NewPlan{Name: "Secret", ActivationType: "device", Visibility: catalog.Hidden}))(t)
	must(b.Catalog.CreatePrice(t.Context(), hidden.ID, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(1, "EUR")}))(t)
	br.later(c, 10) // 11 March: 21 of 31 days are left
	br.get(path+"/change").is(200).sound().says("Big – €41.00 a month", "20 devices", "What you have now", "From the next renewal, on 1 April 2026").hides("Secret", "€49.00")

	br.post(path+"/change", "price", big.ID, "quantity", "none", "when", "now").is(422).sound().says("is not a whole number")
	br.post(path+"/change", "price", "prc_nothing", "quantity", "1", "when", "now").is(422).sound().says("is not a price of this store")
	br.post(path+"/change", "price", sub.PriceID, "quantity", "1", "when", "now").is(422).sound().says("what the subscription has already")
	preview := br.post(path+"/change", "price", big.ID, "quantity", "1", "when", "now").is(http.StatusSeeOther).Header.Get("Location")
	page := br.get(preview).is(200).sound().says("€27.77", "−€6.77", "To pay now", "€21.00", "We charge Sandbox", "Change it and pay €21.00")
	if n := len(b.unpaid(c)); n != 0 {
		t.Fatalf("the preview has left %d invoices", n)
	}
	agreed := between(page.Body, `name="agreed" value="`, `"`)

	// What was not shown is not agreed to.
	confirm := func(agreed string) reply {
		return br.post(path+"/change/confirm", "price", big.ID, "quantity", "1", "when", "now", "agreed", agreed)
	}
	confirm("1 1").to(strings.ReplaceAll(preview, "&amp;", "&"))
	confirm(agreed).to(path)
	br.get(path).sound().says("Paid and changed.", "Tool – Big", "€41.00 a month", "11 Mar 2026 – 31 Mar 2026")
	confirm(agreed).is(422) // from another window
	if l := b.license(sub.LicenseID); l.ActivationLimit != 20 {
		t.Errorf("the license allows %d", l.ActivationLimit)
	}

	// Less, from the renewal on.
	preview = br.post(path+"/change", "price", sub.PriceID, "quantity", "1", "when", "renewal").Header.Get("Location")
	page = br.get(preview).is(200).sound().says("Nothing is to be paid now", "€10.00, with tax, are charged to")
	br.post(path+"/change/confirm", "price", sub.PriceID, "quantity", "1", "when", "renewal", "agreed", between(page.Body, `name="agreed" value="`, `"`)).to(path)
	br.get(path).sound().says("Planned: it changes on 1 April 2026.", "From 1 April 2026", "Team Tool, €10.00 a month", path+"/change/withdraw")
	br.post(path + "/change/withdraw").to(path)
	br.get(path).sound().says("Everything stays as it is.").hides("From 1 April 2026")
	br.post(path + "/change/withdraw").to(path)
	br.get(path).says("No change is planned.")
	br.post(path+"/change/confirm", "price", sub.PriceID, "quantity", "1", "when", "renewal", "agreed", between(page.Body, `name="agreed" value="`, `"`)).to(path)
	br.later(c, 25)
	br.get(path).says("Tool – Team Tool", "€10.00 a month").hides("Planned")
}

func TestChangeThatWaitsForItsPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	br, c, _, sub := b.subscriber("")
	path := "/account/subscriptions/" + sub.ID
	page := br.get(path + "/change/preview?quantity=3").is(200).sound().says("You get an invoice, and it changes as soon as that is paid.")
	to := br.post(path+"/change/confirm", "quantity", "3", "agreed", between(page.Body, `name="agreed" value="`, `"`)).is(http.StatusSeeOther).Header.Get("Location")
	bill := b.unpaid(c)[0]
	if to != "/account/invoices/"+bill.ID || bill.Kind != billing.KindChange {
		t.Errorf("leads to %s, not to the invoice %+v", to, bill)
	}
	br.get(to).sound().says("Pay this invoice, and the change takes effect.")
	br.get(path).sound().says("waits for its payment", to, "€10.00 a month")
	b.card(c, sandbox.Decline)
	page = br.get(path + "/change/preview?quantity=4").is(200)
	to = br.post(path+"/change/confirm", "quantity", "4", "agreed", between(page.Body, `name="agreed" value="`, `"`)).is(http.StatusSeeOther).Header.Get("Location")
	br.get(to).sound().says("The payment did not succeed: The card was declined. Nothing was charged.")
	if n := len(b.unpaid(c)); n != 1 {
		t.Errorf("%d invoices for changes", n)
	}
}

// What was had is told at what was invoiced for it: after the discount.
func TestPeriodsAreToldAtWhatWasInvoiced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, g := b.newCustomer("Marie"), b.newGoods("tool", "Tool", 2, 0)
	must(b.rooms.Coupons.Create(t.Context(), coupon.NewCoupon{Code: "HALF", Percent: "50", Charges: 1}))(t)
	monthly := b.newPrice(g, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(1098, "EUR")})
	buy := func(items ...order.Item) string {
		t.Helper()
		o := must(b.Orders.Place(t.Context(), order.Input{CustomerID: c.ID, Coupon: "HALF", Items: items}))(t)
		must(b.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: o.Total, Reference: o.ID}))(t)
		return "/account/subscriptions/" + must(b.Orders.ByID(t.Context(), o.ID))(t).SubscriptionIDs[0]
	}
	br := b.signedIn(c)
	page := br.get(buy(order.Item{PriceID: monthly.ID, Quantity: 1})).is(200).sound()
	if had := between(page.Body, "What you have had", "</table>"); !strings.Contains(had, "€5.49") || strings.Contains(had, "€10.98") {
		t.Error(had)
	}
	page = br.get(buy(order.Item{PriceID: monthly.ID, Quantity: 1}, order.Item{PriceID: g.price.ID, Quantity: 1})).is(200).sound()
	if had := between(page.Body, "What you have had", "</table>"); !strings.Contains(had, "€5.49") {
		t.Error(had)
	}
}

// between is what stands in a page between two texts.
func between(page, before, after string) string {
	_, rest, _ := strings.Cut(page, before)
	is, _, _ := strings.Cut(rest, after)
	return is
}
