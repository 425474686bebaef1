package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/staff"
)

// owes orders something and leaves it unpaid.
func (b *bundle) owes(customerID, priceID string) billing.Invoice {
	b.Helper()
	o := must(b.Orders.Place(b.Context(), order.Input{CustomerID: customerID, Items: []order.Item{{PriceID: priceID, Quantity: 1}}}))(b.T)
	return must(b.Billing.ByID(b.Context(), o.InvoiceID))(b.T)
}

func TestLinesOfAnUnpaidInvoice(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	br := b.as(me)
	i := b.owes(b.buyer("l@example.com", "").ID, e.price.ID)
	at := "/admin/invoices/" + i.ID
	br.get(at+"/lines/new").is(200).sound().says("It is voided and issued anew", i.Number+" over €49.00 becomes void")
	for field, value := range map[string]string{"description": "", "quantity": "many", "unit_amount": "much"} {
		typed := map[string]string{"description": "Set-up <b>call</b>", "quantity": "2", "unit_amount": "10.00"}
		typed[field] = value
		br.post(at+"/lines", "description", typed["description"], "quantity", typed["quantity"], "unit_amount", typed["unit_amount"]).is(422).sound().says(`aria-invalid="true"`)
	}
	anew := br.post(at+"/lines", "description", "Set-up call", "quantity", "2", "unit_amount", "10.00", "why", "agreed by phone").leads()
	if anew == at {
		t.Fatal("an issued invoice has changed")
	}
	br.get(anew).is(200).sound().says("The line was added", "2 × Set-up call", "€69.00", "Stands in the place of "+i.Number, "Issues a license", "Does nothing besides")
	br.get(at).is(200).sound().says("Void", "Issued anew", anew).hides("Add a line", "Record payment")

	now := must(b.Billing.ByID(t.Context(), strings.TrimPrefix(anew, "/admin/invoices/")))(t)
	line := anew + "/lines/" + now.Lines[1].ID + "/delete"
	br.get(line).is(200).sound().says("Delete “Set-up call”?", "Invoice "+now.Number+" over €69.00 becomes void", "A new invoice over €49.00 is issued in its place")
	br.post(line).is(422).says("is required")
	third := br.post(line, "why", "no call").leads()
	br.get(third).says("The line was deleted", "€49.00")
	last := must(b.Billing.ByID(t.Context(), strings.TrimPrefix(third, "/admin/invoices/")))(t)
	line = third + "/lines/" + last.Lines[0].ID + "/delete"
	br.get(line).is(200).says("It is the only line", "What paying the line would have done is taken back with it")
	br.post(line, "why", "all off").to(third)
	br.get(third).says("The line was the last: the invoice is void")
	br.get(third + "/lines/" + last.Lines[0].ID + "/revoke").is(409)
	br.get(third + "/lines/lin_none/delete").is(404)
	br.post(third+"/lines", "description", "x", "quantity", "1", "unit_amount", "1.00").is(422).sound()
}

func TestEndsOfAnUnpaidInvoice(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	br := b.as(me)
	c := b.buyer("end@example.com", "")
	first, second := b.owes(c.ID, e.price.ID), b.owes(c.ID, e.price.ID)
	must(b.Payments.Record(t.Context(), first.ID, payment.Manual{Money: eur(900), Reference: "R-1"}))(t)
	at := "/admin/invoices/" + first.ID
	before := b.everything()
	br.get(at+"/void").is(200).sound().says("Make "+first.Number+" void?", "€40.00 are owed no more", "The €9.00 paid towards it are free", "issues no license any more", "€9.00 of account credit pay "+second.Number)
	br.get(at+"/write-off").is(200).sound().says("Write "+first.Number+" off?", "€40.00 are booked as a loss", "becomes uncollectible")
	if after := b.everything(); after != before {
		t.Errorf("asking changed the store: %s, was %s", after, before)
	}
	br.post(at + "/void").is(422).says("is required")
	br.post(at+"/void", "why", "ordered twice").to(at)
	br.get(at).is(200).sound().says("The invoice is void", "It is void: nothing is owed", "Issues no license").hides("Record payment", "write-off")
	br.get(at + "/void").is(409)

	at = "/admin/invoices/" + second.ID
	br.get(at).says("€9.00", "Account credit", "€40.00")
	br.post(at + "/write-off").is(422).says("is required")
	br.post(at+"/write-off", "why", "gone").to(at)
	br.get(at).is(200).sound().says("The invoice is uncollectible", "It was given up", "Money that arrives for it becomes account credit")
	br.get(at + "/payments/new").is(200).sound().says("It takes no money")
	br.post(at+"/payments", "amount", "40.00", "reference", "R-9", "received_on", "2026-03-01").to(at)
	br.get(at).says("It is the customer&#39;s credit now", "€40.00 became credit")
	br.get("/admin/tasks").is(200).sound().says("Money arrived for an invoice that takes none")
	br.get("/admin/customers/"+c.ID).is(200).sound().says("Account credit", "Paid beyond what was owed", "€40.00 now")
	br.get("/admin/customers/"+c.ID+"/credit").is(200).sound().says("Had paid an invoice that became void", "Paid an invoice")
}

func TestChargeAnInvoice(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	br := b.as(me)
	for card, says := range map[string]string{sandbox.OK: "It succeeded", sandbox.Decline: "It failed: ", sandbox.Auth: "has to confirm it", sandbox.Pending: "still at it", sandbox.Timeout: "has not answered"} {
		i := b.owes(b.buyer(strings.TrimPrefix(card, "tok_")+"@example.com", card).ID, e.price.ID)
		at := "/admin/invoices/" + i.ID
		br.get(at).says(at + "/charge")
		br.get(at+"/charge").is(200).sound().says("Charge €49.00?", "€49.00 are charged to Sandbox")
		br.post(at + "/charge").to(at)
		page := br.get(at).is(200).sound().says(says, "Tries to charge")
		switch card {
		case sandbox.OK:
			page.says("Paid", "Issued a license").hides(at + "/charge")
			br.get(at + "/charge").is(409)
		case sandbox.Pending, sandbox.Timeout:
			page.says("A payment of €49.00 is under way", "Ask the gateway")
			br.post(at + "/charge").is(409)
			payments, _, err := b.Payments.List(t.Context(), payment.Filter{InvoiceID: i.ID})
			pay := must(payments, err)(t)[0]
			br.get("/admin/payments/"+pay.ID).is(200).sound().says("€49.00", "is under way")
			br.post("/admin/payments/" + pay.ID + "/refresh").to(at)
			if card == sandbox.Timeout {
				br.get(at).says("It succeeded", "Paid")
				br.post("/admin/payments/" + pay.ID + "/refresh").to(at)
				br.get(at).says("Its outcome is known by now")
			}
		}
	}
	none := b.owes(b.buyer("none@example.com", "").ID, e.price.ID)
	br.get("/admin/invoices/" + none.ID).hides(none.ID + "/charge")
	br.get("/admin/invoices/" + none.ID + "/charge").is(409).says("There is no payment method")
}

func TestFilesOfDocuments(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	b.newTill(&e, "Widget")
	br := b.owner()
	for _, path := range []string{"/admin/invoices/" + e.paid.ID + "/file", "/admin/credit-notes/" + e.note.ID + "/file"} {
		first := br.get(path).is(200)
		if !strings.HasPrefix(first.Body, "%PDF-") || first.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(first.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %v", path, first.Header)
		}
		if again := br.get(path); again.Body != first.Body {
			t.Errorf("%s: other bytes the second time", path)
		}
		if head := br.send(http.MethodHead, path, nil).is(200); head.Body != "" {
			t.Errorf("HEAD %s has a body", path)
		}
	}
	br.get("/admin/invoices/inv_none/file").is(404)
	br.get("/admin/credit-notes/crn_none/file").is(404)
	br.get("/admin/credit-notes/"+e.note.ID).is(200).sound().says(e.note.Number, "€20.00", "Had been paid", "Refund")
	br.get("/admin/credit-notes?q=" + e.note.Number).is(200).sound().says(e.note.ID)
	br.get("/admin/credit-notes?q=none").is(200).sound().says("No credit note found")
	br.get("/admin/search?q=" + strings.ToLower(e.note.Number)).is(200)
	br.get("/admin/search?q=" + e.note.Number).to("/admin/credit-notes/" + e.note.ID)
	br.get("/admin/search?q=" + e.payment.Reference).is(200).sound().says("/admin/payments/" + e.payment.ID)
	br.get("/admin/search?q=" + e.dispute.Reference).to("/admin/disputes/" + e.dispute.ID)
	br.get("/admin/search?q=" + e.payment.ID).to("/admin/payments/" + e.payment.ID)
	br.get("/admin/payments?q=" + e.payment.Reference).is(200).sound().says(e.payment.ID)
	br.get("/admin/payments?customer_id=" + e.customer.ID + "&q=no+such").is(200).sound().says("No payment found")
}

// What money does with a license may not be done by everybody who looks after licenses.
func TestWhoMovesMoney(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	b.newTill(&e, "Widget")
	at := "/admin/invoices/" + e.paid.ID
	typed := []string{"of", refundAmount, "amount", "1.00", "to", "gateway", "adjust", "on", "why", "goodwill"}
	for role, may := range map[staff.Role]bool{staff.Owner: true, staff.Billing: true, staff.Support: false, staff.ReadOnly: false} {
		br := b.as(b.colleague("Me", role))
		page := br.get(at).is(200)
		if shown := strings.Contains(page.Body, at+"/refund"); shown != may {
			t.Errorf("%s: the button to refund is shown: %v", role, shown)
		}
		if may {
			br.post(at+"/refund", typed...).is(200)
		} else {
			br.post(at+"/refund", typed...).is(403)
			br.post(at+"/refund/do", typed...).is(403)
			br.post("/admin/tasks/" + e.task + "/done").is(403)
			br.get("/admin/subscriptions/"+e.sub.ID).is(200).hides("/cancel", "/change", "/decide")
			br.get("/admin/tasks").is(200).hides("/done")
			br.get("/admin/customers/" + e.customer.ID).is(200).says("Payment methods").hides("/methods/")
		}
	}
}

// A proforma invoice has no number until it is paid; it is found and opened all the same.
func TestProformaInvoices(t *testing.T) {
	t.Parallel()
	b, e, me := shop(t)
	must(b.Settings.Patch(t.Context(), map[string]json.RawMessage{"billing.number_at": json.RawMessage(`"payment"`)}))(t)
	br := b.as(me)
	i := b.owes(b.buyer("pro@example.com", sandbox.OK).ID, e.price.ID)
	if i.Number != "" {
		t.Fatalf("it has the number %s", i.Number)
	}
	at := "/admin/invoices/" + i.ID
	for _, list := range []string{"/admin/invoices", "/admin/receivables", "/admin/customers/" + i.CustomerID} {
		br.get(list).is(200).sound().says("Proforma", at)
	}
	br.get(at).is(200).sound().says("Proforma")
	for _, question := range []string{"/void", "/write-off", "/charge", "/lines/" + i.Lines[0].ID + "/delete", "/lines/" + i.Lines[0].ID + "/revoke", "/lines/new", "/payments/new"} {
		br.get(at + question).is(200).sound()
	}
	if file := br.get(at + "/file").is(200); !strings.HasPrefix(file.Body, "%PDF-") {
		t.Error("no file")
	}
	br.post(at + "/charge").to(at)
	paid := must(b.Billing.ByID(t.Context(), i.ID))(t)
	br.get(at).is(200).sound().says(paid.Number, "Paid")
}

// A draft is not numbered and has no document; its lines change in place.
func TestDraftInvoices(t *testing.T) {
	t.Parallel()
	b, _, me := shop(t)
	c := b.buyer("draft@example.com", "")
	var i billing.Invoice
	err := b.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		i, err = b.Billing.Draft(t.Context(), tx, billing.NewInvoice{
			CustomerID: c.ID, Kind: billing.KindManual, Currency: "EUR", Buyer: billing.Party{Name: "<x-evil>"},
			Lines: []billing.NewLine{{Description: "Work", Quantity: 3, UnitAmount: eur(1000), Discount: eur(0)}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	br, at := b.as(me), "/admin/invoices/"+i.ID
	br.get(at).is(200).sound().says("Draft", "3 × Work", "€30.00", "Add a line").hides("<x-evil", "Record payment", "/file", "/void")
	br.get(at + "/file").is(409)
	br.get(at + "/print").is(200).sound()
	br.get("/admin/invoices?status=draft").is(200).sound().says(at)
	br.post(at+"/lines", "description", "Travel", "quantity", "1", "unit_amount", "5.00").to(at)
	now := must(b.Billing.ByID(t.Context(), i.ID))(t)
	line := at + "/lines/" + now.Lines[1].ID + "/delete"
	br.get(line).is(200).sound().says("€5.00 less will be asked for")
	br.post(line, "why", "no travel").to(at)
	br.get(at).says("€30.00").hides("Travel")
}
