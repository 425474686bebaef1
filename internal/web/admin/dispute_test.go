package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/task"
)

func TestDisputes(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]billing.Status{"won": billing.Paid, "lost": billing.Uncollectible} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			b, e, me := shop(t)
			br := b.as(me)
			s := b.sell(b.buyer("d@example.com", sandbox.OK).ID, e.monthly.ID)
			invoice := must(b.Billing.ByID(t.Context(), s.Periods[0].InvoiceID))(t)
			payments := br.get("/admin/payments?invoice_id=" + invoice.ID).is(200).sound()
			var at string
			for _, to := range payments.targets() {
				if len(to.path) > len("/admin/payments/") && to.path[:len("/admin/payments/")] == "/admin/payments/" {
					at = to.path
				}
			}
			br.get(at+"/dispute").is(200).sound().says("€20.00 count as charged back", "are held")
			br.post(at + "/dispute").to(at)
			br.get(at).is(200).sound().says("Disputed").hides("/refund", at+"/dispute")
			br.get(at + "/dispute").is(409)
			br.get("/admin/subscriptions/"+s.ID).is(200).sound().says("A payment is disputed", "Nothing, until the dispute is decided", "Disputed")
			br.get("/admin/disputes").is(200).sound().says("€20.00")
			d, _, err := b.Reports.Disputes(t.Context(), reportOpen)
			dispute := "/admin/disputes/" + must(d, err)(t)[0].ID
			br.get("/admin/tasks").is(200).says("A payment is disputed", "Answer on the pages of sandbox until", dispute)
			br.get(dispute).is(200).sound().says("It is open", "Decide it")
			br.get(dispute+"/close").is(200).sound().says("Won", "Lost", "€20.00 count again", "€20.00 are gone")
			br.post(dispute+"/close", "outcome", "drawn").is(422).says("is not won or lost")
			br.post(dispute+"/close", "outcome", outcome).to(dispute)
			br.get(dispute).is(200).sound().says("It was " + outcome).hides("Decide it")
			br.get(dispute + "/close").is(409)
			br.get("/admin/tasks").is(200).hides("A payment is disputed")
			if got := must(b.Billing.ByID(t.Context(), invoice.ID))(t); got.Status != want {
				t.Errorf("the invoice is %s, want %s", got.Status, want)
			}
			if got := must(b.Subscriptions.ByID(t.Context(), s.ID))(t); got.Ended() != (outcome == "lost") {
				t.Errorf("the subscription is %s", got.Status)
			}
			br.get("/admin/disputes?status=open").is(200).sound().says("No dispute found")
			br.get("/admin/disputes?status=" + outcome).is(200).sound().says(dispute)
			br.get("/admin/disputes?status=odd").is(422)
		})
	}
}

func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	b, _, me := shop(t)
	br := b.as(me)
	br.get("/admin/sandbox").is(200).sound().says("What goes wrong on purpose", "tok_decline", "Loses the answer")
	br.post("/admin/sandbox", "duplicate", "two", "delay_seconds", "soon").is(422).sound().says("is not a whole number")
	br.post("/admin/sandbox", "duplicate", "-1", "delay_seconds", "0").is(422).sound()
	br.post("/admin/sandbox", "duplicate", "2", "delay_seconds", "60", "reorder", "on", "fail_after_effect", "on").to("/admin/sandbox")
	if got := must(b.Sandbox.Faults(t.Context()))(t); got != (sandbox.Faults{Duplicate: 2, DelaySeconds: 60, Reorder: true, FailAfterEffect: true}) {
		t.Errorf("faults %+v", got)
	}
	br.get("/admin/sandbox").says(`value="60"`)
	b.as(b.colleague("Reader", staff.ReadOnly)).get("/admin/sandbox").is(200).says("tok_ok").hides("What goes wrong on purpose")
}

// A live store has nothing of the sandbox.
func TestNoSandboxInALiveStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	methods := "/admin/customers/" + e.customer.ID + "/methods"
	for _, path := range []string{"/admin/sandbox", methods + "/new", "/admin/payments/pay_1/dispute", "/admin/disputes/dsp_1/close"} {
		br.get(path).is(404)
	}
	for _, path := range []string{"/admin/sandbox", methods, "/admin/payments/pay_1/dispute", "/admin/disputes/dsp_1/close"} {
		br.post(path, "token", sandbox.OK, "outcome", "won").is(404)
	}
	br.get("/admin/payments").is(200).sound().hides("Sandbox")
	br.get("/admin/customers/" + e.customer.ID).is(200).sound().says("No saved payment method").hides("Add sandbox card")
}

func TestPaymentMethods(t *testing.T) {
	t.Parallel()
	b, _, me := shop(t)
	br := b.as(me)
	c := b.buyer("m@example.com", "")
	at := "/admin/customers/" + c.ID
	page := br.get(at + "/methods/new").is(200).sound()
	for _, card := range sandbox.Cards() {
		page.says(`value="` + card.Token + `"`)
		br.post(at+"/methods", "token", card.Token).to(at)
	}
	br.post(at+"/methods", "token", "tok_none").is(422).sound()
	methods := must(b.Payments.Methods(t.Context(), c.ID))(t)
	if len(methods) != len(sandbox.Cards()) || !methods[len(methods)-1].Default {
		t.Fatalf("%d methods", len(methods))
	}
	br.get(at).is(200).sound().says("Default · Sandbox", "Make default")
	first, last := at+"/methods/"+methods[0].ID, at+"/methods/"+methods[len(methods)-1].ID
	br.post(first + "/default").to(at)
	br.get(at).says(methods[0].Label + " is the default")
	br.get(first+"/remove").is(200).sound().says("It is forgotten here and at the gateway", "Renewals are charged to "+methods[len(methods)-1].Label)
	br.post(first + "/remove").to(at)
	if now := must(b.Payments.Methods(t.Context(), c.ID))(t); !now[len(now)-1].Default {
		t.Errorf("the default is not what the question said: %+v", now)
	}
	br.get(first + "/remove").is(404)
	br.get(last + "/remove").is(200).says("Renewals are charged to")
	for _, m := range methods[2:] {
		br.post(at + "/methods/" + m.ID + "/remove").to(at)
	}
	br.get(at + "/methods/" + methods[1].ID + "/remove").is(200).says("Nothing can be charged any more")
	br.post(at + "/methods/pmt_none/default").is(404)
}

func TestTasks(t *testing.T) {
	t.Parallel()
	b := setupTestMode(t)
	e := b.newEstate("Widget")
	br := b.owner()
	waiting, _, err := b.Tasks.Open(t.Context(), "", 0)
	for _, open := range must(waiting, err)(t) { // the domain's dates ask already
		br.post("/admin/tasks/" + open.ID + "/done").to("/admin/tasks")
	}
	br.get("/admin/tasks").is(200).sound().says("Nothing needs you")
	b.newTill(&e, "Widget")
	br = b.as(b.colleague("Me", staff.Billing))
	br.get("/admin").is(200).says("Needs a person", "waiting")
	br.get("/admin/tasks").is(200).sound().says("/admin/subscriptions/"+e.sub.ID, "/admin/tasks/"+e.task+"/done")
	br.post("/admin/tasks/" + e.task + "/done").to("/admin/tasks")
	br.get("/admin/tasks").hides("/admin/tasks/" + e.task)
	br.post("/admin/tasks/" + e.task + "/done").is(404)
	br.get("/admin/tasks").says("More charges than usual are due, and wait", "/admin/charges/release")
	br.get("/admin/charges/release").is(200).sound().says("Release the charges that wait?", "Grace counts from today")
	br.post("/admin/charges/release").is(409) // a test store holds none
	for _, about := range []task.Question{{Kind: "refund.failed", SubjectID: "rfd_1", CustomerID: e.customer.ID}, {Kind: "odd.thing", SubjectID: "x"}} {
		b.asked(about)
	}
	br.get("/admin/tasks").is(200).sound().says("A refund failed", `href="/admin/customers/`+e.customer.ID+`"`, "Odd thing")
	setup(t).owner().get("/admin/charges/release").is(409)
}
