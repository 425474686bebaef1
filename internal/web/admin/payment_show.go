package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) paymentShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	pay, err := a.Payments.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	i, err := a.Billing.ByID(ctx, pay.InvoiceID)
	if err != nil {
		return err
	}
	f, err := a.fate(ctx, i)
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SalesWrite)
	v := sheetView{Page: a.page(r, "Payment", "payments"), Lead: true}
	title := pay.Reference
	if title == "" {
		title = "Payment"
	}
	v.Crumbs = []ui.Crumb{{Label: "Payments", Href: "/admin/payments"}, {Label: title}}
	v.Head = ui.Head{Title: pay.Money.Format("en"), Sub: i.Buyer.Name + ", " + gatewayName(pay.Gateway), Badges: []ui.Badge{*paymentStatus(pay).Badge}}
	mine := f.of(pay.ID)
	if mayWrite {
		v.Head.Actions = a.paymentActions(pay, i.Disputes)
	}
	for _, c := range mine.callouts(mayWrite) {
		if c.Tone != ui.Danger || len(mine.disputes) > 0 {
			v.Callouts = append(v.Callouts, c)
		}
	}
	facts := &ui.Details{Items: []ui.Detail{
		{Label: "Customer", Value: ui.Person(i.Buyer.Name, i.Buyer.Email).To("/admin/customers/" + pay.CustomerID)},
		{Label: "Invoice", Value: ui.Mono(numberOf(i)).To("/admin/invoices/" + i.ID)},
		{Label: "Amount", Value: ui.Text(pay.Money.Format("en")).Bold()},
	}}
	if pay.State == payment.Succeeded {
		facts.Items = append(facts.Items, ui.Detail{Label: "Counted for the invoice", Value: ui.Text(pay.Applied.Format("en")), Hint: "When it arrived"})
		if rest := pay.Money.Amount - pay.Applied.Amount; rest > 0 {
			facts.Items = append(facts.Items, ui.Detail{Label: "Became credit", Value: ui.Text(money.New(rest, pay.Money.Currency).Format("en"))})
		}
		facts.Items = append(facts.Items, ui.Detail{Label: "Refunded", Value: ui.Text(pay.Refunded.Format("en"))})
	}
	facts.Items = append(facts.Items,
		ui.Detail{Label: "Gateway", Value: ui.Text(gatewayName(pay.Gateway))},
		ui.Detail{Label: "Reference", Value: ui.Mono(pay.Reference).Copyable()},
		ui.Detail{Label: "Received", Value: ui.HTML(v.At(pay.ReceivedAt))},
		ui.Detail{Label: "Id", Value: ui.Mono(pay.ID).Copyable()})
	if pay.Reference == "" {
		facts.Items[len(facts.Items)-3].Value = ui.Text("Not named yet")
	}
	v.Left = []card{{Head: ui.CardHead{Title: "Facts"}, Details: facts}}
	v.Right = mine.cards(v.Page)[1:] // the first is the payment itself
	story, err := a.story(r, v.Page, event.Filter{SubjectID: pay.ID, Limit: 30})
	if err != nil {
		return err
	}
	v.Right = append(v.Right, card{Head: ui.CardHead{Title: "Story"}, Timeline: story})
	return a.sheet(w, v)
}

// of is what of an invoice's fate belongs to one payment.
func (f fate) of(paymentID string) fate {
	out := fate{inv: f.inv, method: f.method}
	out.inv.Lines, out.inv.Replaces, out.inv.ReplacedBy = nil, "", ""
	for _, p := range f.payments {
		if p.ID == paymentID {
			out.payments = append(out.payments, p)
		}
	}
	for _, t := range f.attempts {
		if t.PaymentID == paymentID {
			out.attempts = append(out.attempts, t)
		}
	}
	for _, x := range f.refunds {
		if x.PaymentID == paymentID {
			out.refunds = append(out.refunds, x)
		}
	}
	for _, d := range f.disputes {
		if d.PaymentID == paymentID {
			out.disputes = append(out.disputes, d)
		}
	}
	return out
}

func (a *area) paymentActions(pay payment.Payment, disputes int64) []ui.Button {
	var out []ui.Button
	if pay.State == payment.Succeeded && disputes == 0 && pay.Refunded.Amount < pay.Money.Amount {
		out = append(out, ui.Button{Label: "Refund", Href: "/admin/invoices/" + pay.InvoiceID + "/refund", Icon: "undo"})
	}
	if a.maySandboxDispute(pay) {
		out = append(out, ui.Button{Label: "Dispute it", Href: "/admin/payments/" + pay.ID + "/dispute", Icon: "warn"})
	}
	return out
}

// paymentRefresh asks the gateway about a try whose outcome is not known.
func (a *area) paymentRefresh(w http.ResponseWriter, r *http.Request) error {
	pay, err := a.Payments.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	attempts, err := a.Payments.Attempts(r.Context(), pay.InvoiceID)
	if err != nil {
		return err
	}
	to := "/admin/invoices/" + pay.InvoiceID
	for _, t := range attempts {
		if t.PaymentID == pay.ID && t.InFlight() {
			t, err := a.Payments.Refresh(r.Context(), t.ID)
			if err != nil {
				if fail.Of(err).Kind == fail.KindInternal {
					return say(w, r, to, ui.Warn, "The gateway does not answer. It is asked again by itself.")
				}
				return err
			}
			return say(w, r, to, ui.Info, attemptWords[t.State])
		}
	}
	return say(w, r, to, ui.Info, "Its outcome is known by now.")
}
