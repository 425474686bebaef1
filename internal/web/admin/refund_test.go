package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

func TestRefundAnInvoice(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	br := b.as(me)
	pay := b.sold(b.buyer("r@example.com", sandbox.OK).ID, e.price.ID)
	at := "/admin/invoices/" + pay.InvoiceID
	i := must(b.Billing.ByID(t.Context(), pay.InvoiceID))(t)
	line := "line_" + i.Lines[0].ID
	form := br.get(at+"/refund").is(200).sound().says("€49.00 were paid and not given back", "All of it: €49.00", "At most 49.00").form(at + "/refund")

	for _, bad := range [][]string{
		{"why", ""},
		{"of", "some"},
		{"of", refundAmount, "amount", "much"},
		{"of", refundAmount, "amount", "-1.00"},
		{"of", refundLines},
		{"of", refundLines, line, "x"},
		{"of", refundLines, line, "50.00"},
		{"of", refundAmount, "amount", "50.00"},
		{"to", "the moon"},
		{"adjust", "", "keep", "on"},
		{"adjust", "", "to", "credit"},
	} {
		typed := br.get(at+"/refund").form(at+"/refund", "why", "asked for it")
		for k := 0; k+1 < len(bad); k += 2 {
			typed.Set(bad[k], bad[k+1])
		}
		br.sends(at+"/refund", typed).is(422).sound()
		br.sends(at+"/refund/do", typed).is(422).sound()
	}

	before := b.everything()
	form.Set("why", "does not need it")
	preview := br.sends(at+"/refund", form).is(200).sound()
	preview.says("Refund €49.00?", "Back through sandbox", "A credit note over €49.00 is issued", "is revoked", "€49.00 go back by the way they came", "If it refuses, the money becomes account credit")
	form.Set("keep", "on")
	br.sends(at+"/refund", form).is(200).sound().says("Licenses and subscriptions stay as they are").hides("is revoked")
	form.Del("keep")
	form.Del("adjust")
	br.sends(at+"/refund", form).is(200).sound().says("is open again: €49.00 are owed", "The debt stays").hides("A credit note over")
	form.Set("adjust", "on")
	form.Set("to", "credit")
	br.sends(at+"/refund", form).is(200).sound().says("Account credit", "The customer&#39;s account credit: €0.00 now, €49.00 then.")
	form.Set("to", "gateway")
	form.Set("of", refundLines)
	form.Set(line, "9.00")
	part := br.sends(at+"/refund", form).is(200).sound().says("Refund €9.00?").hides("is revoked")
	if after := b.everything(); after != before {
		t.Errorf("looking changed the store: %s, was %s", after, before)
	}

	br.sends(at+"/refund/do", part.form(at+"/refund/do")).to(at)
	br.get(at).is(200).sound().says("€9.00 were refunded", "Credit note CN-2026-1", "−€9.00", "€49.00 arrived for it, €9.00 were refunded", "€9.00 credited", "Refunds", "Partly credited")
	br.sends(at+"/refund/do", preview.form(at+"/refund/do")).is(409).sound().says("It has come to something else since you looked", "Refund €40.00?")
	b.runDue()
	br.get("/admin/refunds").is(200).sound().says("€9.00", "does not need it", "with a credit note", "Succeeded")
	br.get("/admin/refunds?state=failed").is(200).sound().says("No refund found")
	br.get("/admin/refunds?state=odd").is(422)
	br.get("/admin/payments/"+pay.ID).is(200).sound().says("Partially refunded", "€9.00", "Dispute it")

	rest := br.get(at+"/refund").form(at+"/refund", "why", "the rest too")
	preview = br.sends(at+"/refund", rest).is(200).says("Refund €40.00?", "is revoked")
	br.sends(at+"/refund/do", preview.form(at+"/refund/do")).to(at)
	l := must(b.Licenses.ByID(t.Context(), i.Lines[0].Link.Target))(t)
	if l.Status != license.Revoked {
		t.Errorf("the license is %s, and the question said that it is revoked", l.Status)
	}
	br.get(at).hides(at + "/refund")
	br.get(at + "/refund").is(200).sound().says("Nothing is left to refund")
}

// What was recorded by hand goes back by hand, and money that no invoice has used goes first.
func TestRefundWhatWasPaidByHand(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	br := b.as(me)
	c := b.buyer("hand@example.com", "")
	i := b.owes(c.ID, e.price.ID)
	must(b.Payments.Record(t.Context(), i.ID, payment.Manual{Money: eur(6000), Reference: "TRF"}))(t)
	at := "/admin/invoices/" + i.ID
	form := br.get(at+"/refund").form(at+"/refund", "of", refundAmount, "amount", "11.00", "why", "paid too much")
	preview := br.sends(at+"/refund", form).is(200).sound().says("you send back by hand", "€11.00 now, €0.00 then").hides("A credit note over", "is revoked")
	br.sends(at+"/refund/do", preview.form(at+"/refund/do")).to(at)
	if got := must(b.Billing.ByID(t.Context(), i.ID))(t); got.Status != billing.Paid || got.Credited.Amount != 0 {
		t.Errorf("returning an overpayment has touched the invoice: %+v", got)
	}
	br.get("/admin/customers/"+c.ID+"/credit").says("Refunded", "−€11.00")
}

func TestNothingIsRefundedWhileADisputeIsOpen(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	b.newTill(&e, "Widget")
	br := b.owner()
	at := "/admin/invoices/" + e.dispute.InvoiceID
	br.get(at).is(200).sound().says("€49.00 are disputed", "Open the dispute").hides(at + "/refund")
	br.get(at + "/refund").is(200).sound().says("A payment is disputed")
	br.post(at+"/refund", "of", refundAll, "to", "gateway", "adjust", "on", "why", "x").is(422).sound().says("disputed")
}

// The late fee of a renewal that is not done goes back with its line, and the question says so before that.
func TestRefundOfALateRenewal(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", -2)
	o := must(s.Orders.Place(t.Context(), order.Input{CustomerID: s.customer.ID, Items: []order.Item{
		{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: s.domain.ID, Years: 1}},
	}}))(t)
	must(s.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: eur(1700), Reference: "TRF late"}))(t)
	lines := must(s.Billing.ByID(t.Context(), o.InvoiceID))(t).Lines
	at := "/admin/invoices/" + o.InvoiceID
	form := s.get(at+"/refund").is(200).sound().says("At most 12.00", "At most 5.00. What is left of it is taken back with the last of “"+lines[0].Description+"”").
		form(at+"/refund", "of", refundLines, "line_"+lines[0].ID, "2.00", "why", "not wanted")
	s.sends(at+"/refund", form).is(200).sound().says("Refund €2.00?", "What is taken back", lines[0].Description).hides(lines[1].Description, "is not made")
	form.Set("line_"+lines[0].ID, "12.00")
	preview := s.sends(at+"/refund", form).is(200).sound()
	preview.says("Refund €17.00?", "What is taken back", lines[0].Description, lines[1].Description, "A credit note over €17.00 is issued", "The renewal of mine.com is not made. Its late fee goes with it.")
	s.sends(at+"/refund/do", preview.form(at+"/refund/do")).to(at)
	s.get(at).is(200).sound().says("€17.00 were refunded")
}
