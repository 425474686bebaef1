package admin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
)

// shop is a store in test mode with prices, and an owner at its desk.
func shop(t *testing.T) (*bundle, estate, staff.Staff) {
	t.Helper()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	b.quiet()
	b.prices(&e, "Widget")
	return b, e, b.colleague("Grace Hopper", staff.Owner)
}

const day = 24 * time.Hour

func TestWhatHappensNextOfASubscription(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	card, hand := b.buyer("card@example.com", sandbox.OK), b.buyer("hand@example.com", sandbox.OK)
	charged, byHand := b.sell(card.ID, e.monthly.ID), b.sell(hand.ID, e.monthly.ID)
	methods := must(b.Payments.Methods(t.Context(), hand.ID))(t)
	if err := b.Payments.RemoveMethod(t.Context(), hand.ID, methods[0].ID); err != nil {
		t.Fatal(err)
	}
	page := func(s subscription.Subscription) reply {
		t.Helper()
		return b.as(me).get("/admin/subscriptions/" + s.ID).is(200).sound()
	}
	page(charged).says("What happens next", "The invoice for the period from 1 Apr 2026 is made", "€20.00 a month, before discount and tax", "It is charged to Sandbox", "The next period begins").
		hides("Grace ends", "Last date", "it ends for good")
	page(byHand).says("No saved payment method can be charged").hides("It is charged to")

	b.advance(20 * day)
	page(charged).says("€20.00 for INV-2026-", "are charged to Sandbox", "While that fails: it is charged again", "On 2 Apr, 4 Apr, 6 Apr and 8 Apr.", "Grace ends", "Last date", "Next due").hides("It ends, and")
	page(byHand).says("There is no saved payment method that could be charged").hides("are charged to")

	b.advance(31 * day)
	page(charged).says("1 Apr 2026 – 30 Apr 2026", "Paid")
	page(byHand).says("Past due", "The license is held until what is overdue has been paid", "If it is still unpaid: it ends for good", "Open INV-2026-")
	b.as(me).get("/admin/subscriptions?status=past_due").is(200).says("Hand").hides(">Card<")

	b.advance(40 * day)
	page(byHand).says("Over since", "It was not paid", "Nothing more", "Lapsed")
	b.as(me).get("/admin/subscriptions/"+byHand.ID).hides("Change plan", "/cancel")
}

// Nothing is said to be charged that the customer's credit pays.
func TestWhatCreditPaysOfARenewal(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	c := b.buyer("rich@example.com", sandbox.OK)
	s := b.sell(c.ID, e.monthly.ID)
	page := func() reply {
		t.Helper()
		return b.as(me).get("/admin/subscriptions/" + s.ID).is(200).sound()
	}
	deposit := func(cents int64, reference string) {
		t.Helper()
		o := must(b.Orders.Place(t.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: e.price.ID, Quantity: 1}}}))(t)
		must(b.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: eur(o.Total.Amount + cents), Reference: reference}))(t)
	}
	page().says("It is charged to Sandbox")
	deposit(500, "A")
	page().says("€5.00 of it are paid from the customer", "The remaining €15.00 are charged to Sandbox").hides("It is charged to")
	deposit(2500, "B")
	page().says("It is paid from the customer", "€20.00 of €30.00.").hides("charged to Sandbox")
	b.advance(20 * day)
	page().says("€10.00 of it are paid", "The remaining €10.00 are charged to Sandbox").hides("€20.00 for INV-")
}

func TestCancelASubscription(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	c := b.buyer("ada.king@example.com", sandbox.OK)
	s := b.sell(c.ID, e.monthly.ID)
	b.advance(10 * day)
	at := "/admin/subscriptions/" + s.ID
	br := b.as(me)
	before := b.everything()
	question := br.get(at + "/cancel").is(200).sound()
	question.says("At the end of what is paid: 31 Mar 2026", "Nothing more is invoiced or charged.", "It can be resumed until then", "At once", "A credit note over €13.55 is issued.",
		"The customer&#39;s account credit: €0.00 now, €13.55 then.", "expires")
	if after := b.everything(); after != before {
		t.Errorf("asking changed the store: %s, was %s", after, before)
	}
	br.post(at+"/cancel", "at", "period_end").is(422).sound().says("is required")
	br.post(at+"/cancel", "at", "soon", "why", "x").is(422).says("is not period_end or now")
	br.post(at+"/cancel", "at", "period_end", "why", "moved away").to(at)
	br.get(at).says("It runs until 31 Mar 2026", "Cancelled: it ends on 1 Apr 2026", "It ends, and its license expires", "Resume", "End at once")
	br.get(at+"/resume").is(200).sound().says("Resume this subscription?", "The subscription goes on.")
	br.post(at + "/resume").to(at)
	br.get(at).says("The subscription goes on", "Change plan")

	br.post(at+"/cancel", "at", "now", "why", "moved away").to(at)
	br.get(at).says("The subscription is over.", "Over since 11 Mar 2026", "It was cancelled")
	if got := must(b.Customers.ByID(t.Context(), c.ID))(t).CreditIn("EUR"); got != eur(1355) {
		t.Errorf("credit %s, and the question said €13.55", got)
	}
	br.get(at + "/cancel").is(409)
	br.get(at + "/resume").is(409)
	br.get(at + "/pause").is(409)
}

func TestPauseASubscription(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	s := b.sell(b.buyer("p@example.com", sandbox.OK).ID, e.monthly.ID)
	must(b.Licenses.AddActivation(t.Context(), s.LicenseID, license.AddInput{Identifier: "machine"}))(t)
	at, br := "/admin/subscriptions/"+s.ID, b.as(me)
	br.get(at+"/pause").is(200).sound().says("The subscription is suspended", "its 1 activation stop")
	br.post(at + "/pause").is(422).says("is required")
	br.post(at+"/pause", "why", "asked for it").to(at)
	br.get(at).is(200).sound().says("The subscription is paused", "Nothing, until it is resumed", "Suspended")
	br.post(at + "/resume").to(at)
	br.get(at).is(200).says("Active")
}

func TestChangeASubscription(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	s := b.sell(b.buyer("c@example.com", sandbox.OK).ID, e.monthly.ID)
	b.advance(10 * day)
	at, br := "/admin/subscriptions/"+s.ID, b.as(me)
	form := br.get(at+"/change").is(200).sound().says("(as it is)", "Widget Pro: €200.00 a year", "At the renewal on 1 Apr 2026").form(at + "/change")
	br.sends(at+"/change", form).is(422).sound().says("is what the subscription has already")
	form.Set("quantity", "a few")
	br.sends(at+"/change", form).is(422).says("is not a whole number")
	form.Set("quantity", "2")
	preview := br.sends(at+"/change", form).is(200).sound()
	preview.says("To the cent", "2 × ", "−€13.55", "€27.10", "To pay now", "€13.55", "The change takes effect when its invoice is paid")
	do := preview.form(at + "/change/do")

	// The price of a day passes: what was looked at is not what would be done.
	b.advance(day)
	br = b.as(me)
	again := br.sends(at+"/change/do", do).is(409).sound().says("It has come to something else since you looked", "−€12.90")
	invoice := br.sends(at+"/change/do", again.form(at+"/change/do")).leads()
	if !strings.HasPrefix(invoice, "/admin/invoices/") {
		t.Fatalf("an upgrade leads to %s", invoice)
	}
	br.get(invoice).is(200).says("The change takes effect when this invoice is paid", "Changes the plan", "€12.90")
	br.get(at).says("A change waits for its payment", "are to be paid before it takes effect")
	br.post(invoice + "/charge").to(invoice)
	if got := must(b.Subscriptions.ByID(t.Context(), s.ID))(t); got.Quantity != 2 {
		t.Errorf("quantity %d after the change was paid", got.Quantity)
	}

	later := br.get(at+"/change").form(at+"/change", "price", e.annual.ID, "when", "renewal")
	preview = br.sends(at+"/change", later).is(200).sound().says("Until 1 Apr 2026 it stays as it is", "€0.00")
	br.sends(at+"/change/do", preview.form(at+"/change/do")).to(at)
	br.get(at).says("It changes at the renewal on 1 Apr 2026", "At the renewal", "At the new price: 2 × ")

	less := br.get(at+"/change").form(at+"/change", "quantity", "1", "when", "now")
	preview = br.sends(at+"/change", less).is(200).sound().says("Becomes account credit", "€12.90", "The change takes effect at once")
	br.sends(at+"/change/do", preview.form(at+"/change/do")).to(at)
	br.get(at).says("The subscription was changed")
	for name, value := range map[string]string{"price": "prc_none", "quantity": "0", "when": "never"} {
		bad := br.get(at + "/change").form(at + "/change")
		bad.Set(name, value)
		br.sends(at+"/change", bad).is(422).sound()
		br.sends(at+"/change/do", bad).is(422).sound()
	}
}

func TestDecideAboutARemovedPeriod(t *testing.T) {
	t.Parallel()
	for decision, want := range map[subscription.Decision]subscription.PeriodState{
		subscription.InvoiceAgain: subscription.PeriodOpen, subscription.MarkPaid: subscription.PeriodGiven, subscription.EndIt: subscription.PeriodRemoved,
	} {
		t.Run(string(decision), func(t *testing.T) {
			t.Parallel()
			b := setupTestMode(t)
			e := b.newEstate("Widget")
			b.newTill(&e, "Widget")
			br := b.owner()
			at := "/admin/subscriptions/" + e.sub.ID
			decide := at + "/periods/" + e.removed() + "/decide"
			br.get("/admin").says("What becomes of a period that nobody is asked to pay?")
			br.get("/admin/tasks").is(200).sound().says("What becomes of a period", at)
			br.get(at).says("What becomes of 1 Apr 2026 – 30 Apr 2026?", decide)
			br.get(decide).is(200).sound().says("Invoice it again", "A new invoice over €20.00 is issued", "Mark it as paid", "End the subscription", "The subscription is over at once")
			br.post(decide, "decision", string(decision)).is(422).says("is required")
			br.post(decide, "decision", "wait", "why", "x").is(422)
			br.post(decide, "decision", string(decision), "why", "we spoke").to(at)
			got := must(b.Subscriptions.ByID(t.Context(), e.sub.ID))(t)
			if state := got.Periods[len(got.Periods)-1].State; state != want || got.Ended() != (decision == subscription.EndIt) {
				t.Errorf("the period is %s, ended %v", state, got.Ended())
			}
			for _, open := range must(first(b.Tasks.Open(t.Context(), "", 10)))(t) {
				if open.ID == e.task {
					t.Errorf("the task stays: %+v", open)
				}
			}
			br.get(decide).is(404)
			br.get(at + "/periods/soon/decide").is(404)
		})
	}
}

func TestSubscriptionsAsAFile(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	s := b.sell(b.buyer("csv@example.com", sandbox.OK).ID, e.monthly.ID)
	br := b.as(me)
	br.get("/admin/subscriptions.csv").is(200).says("recurring", s.ID, "20.00", "2026-04-01")
	br.get("/admin/subscriptions.csv?status=expired").is(200).hides(s.ID)
	br.get("/admin/subscriptions?product_id=" + e.product.ID + "&customer_id=" + s.CustomerID).is(200).sound().says(s.ID)
	br.get("/admin/subscriptions?status=odd").is(422)
	br.get("/admin/licenses/"+s.LicenseID).says("Paid by", "/admin/subscriptions/"+s.ID)
	br.get("/admin/customers/"+s.CustomerID).says("/admin/subscriptions/"+s.ID, "Payment methods")
	br.get("/admin/search?q=csv").is(200).sound().says("Subscriptions", "/admin/subscriptions/"+s.ID)
	br.get("/admin/search?q=" + s.ID).to("/admin/subscriptions/" + s.ID)
	invoice := must(b.Billing.ByID(t.Context(), s.Periods[0].InvoiceID))(t)
	br.get("/admin/orders/" + invoice.OrderID).says("/admin/subscriptions/" + s.ID)
}

// everything is a fingerprint of what a store holds: how many rows the tables have that acts write to.
func (b *bundle) everything() string {
	b.Helper()
	out := ""
	for _, table := range []string{"events", "audit_log", "invoices", "credit_notes", "ledger_transactions", "refunds", "jobs", "subscription_periods", "staff_tasks"} {
		err := b.db.Read(b.Context(), func(tx *db.Tx) error {
			var n int
			err := tx.SQL().QueryRowContext(b.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n)
			out += fmt.Sprintf("%s %d, ", table, n)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// first is the first of what a list returns.
func first[A, B any](a A, _ B, err error) (A, error) { return a, err }
