package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

// moneyCards tell of the money that came for an invoice, and of what went back.
func (a *area) moneyCards(r *http.Request, p ui.Page, i billing.Invoice, attempts []payment.Attempt) ([]card, error) {
	payments, _, err := a.Payments.List(r.Context(), payment.Filter{InvoiceID: i.ID, Limit: perPage})
	if err != nil {
		return nil, err
	}
	notes, err := a.Billing.CreditNotes(r.Context(), i.ID)
	if err != nil {
		return nil, err
	}
	refunds, err := a.Payments.Refunds(r.Context(), i.ID)
	if err != nil {
		return nil, err
	}
	var cards []card
	if len(payments) > 0 || i.Status == billing.Open {
		saved, err := a.Payments.Methods(r.Context(), i.CustomerID)
		if err != nil {
			return nil, err
		}
		cards = append(cards, paymentCard(p, payments, saved, attempts))
	}
	if len(notes) > 0 {
		cards = append(cards, noteCard(notes))
	}
	if len(refunds) > 0 {
		cards = append(cards, refundCard(p, refunds))
	}
	return cards, nil
}

var paymentWords = map[payment.State]ui.Badge{
	payment.StatePending:        {Text: "Under way", Tone: ui.Info},
	payment.StateRequiresAction: {Text: "Not finished", Tone: ui.Warn},
	payment.Succeeded:           {Text: "Arrived", Tone: ui.Success},
	payment.StateFailed:         {Text: "Failed", Tone: ui.Danger},
}

func paymentCard(p ui.Page, payments []payment.Payment, saved []payment.Method, attempts []payment.Attempt) card {
	t := ui.Table{
		Caption: "Payments", Flush: true, Columns: []ui.Column{{Label: "Payment"}, {Label: "Status"}, {Label: "On"}, {Label: "Amount", End: true}},
		Empty: &ui.Empty{Art: "invoice", Title: "Nothing was paid yet", Text: "A transfer takes a working day or two."},
	}
	for _, pay := range payments {
		badge := paymentWords[pay.State]
		if pay.Dispute == payment.DisputeOpen || pay.Dispute == payment.DisputeLost {
			badge = ui.Badge{Text: "Taken back by the bank", Tone: ui.Warn}
		}
		amount := ui.Text(show(pay.Money))
		switch {
		case pay.Refunded.Amount > 0:
			amount = amount.With(show(pay.Refunded) + " given back")
		case pay.State == payment.Succeeded && pay.Money.Amount > pay.Applied.Amount:
			rest := pay.Money
			rest.Amount -= pay.Applied.Amount
			amount = amount.With(show(rest) + " of it became your credit")
		}
		how := paidHow(pay, saved)
		if pay.State == payment.StateFailed {
			how = how.With(whyFailed(pay, attempts))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{how, {Badge: &badge}, ui.HTML(p.Day(pay.ReceivedAt)), amount}})
	}
	return card{Head: ui.CardHead{Title: "Payments"}, Table: &t}
}

// whyFailed is what the gateway said about the last try of a payment.
func whyFailed(pay payment.Payment, attempts []payment.Attempt) (why string) {
	for _, a := range attempts {
		if a.PaymentID == pay.ID && a.State == payment.AttemptFailed {
			why = a.Detail
		}
	}
	return ui.Clip(why, 200)
}

// paidHow names the way that a payment took.
func paidHow(pay payment.Payment, saved []payment.Method) ui.Cell {
	switch pay.Gateway {
	case payment.ManualGateway:
		return ui.Text("Bank transfer").With(ui.Clip(pay.Reference, 80))
	case payment.CreditGateway:
		return ui.Text("From your credit")
	}
	for _, m := range saved {
		if m.ID == pay.MethodID {
			return ui.Text(m.Label)
		}
	}
	return ui.Text("Card").With(gatewayName(pay.Gateway))
}

func noteCard(notes []billing.CreditNote) card {
	t := ui.Table{Caption: "Credit notes", Flush: true, Columns: []ui.Column{{Label: "Number"}, {Label: "Issued"}, {Label: "Amount", End: true}, {Label: "File", Hidden: true, End: true}}}
	for _, n := range notes {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Mono(n.Number).To("/account/credit-notes/" + n.ID), ui.Text(brief(n.IssuedOn)), ui.Text(show(n.Total)),
			ui.Act(ui.Button{Label: "PDF", Icon: "download", Kind: ui.Quiet, Href: "/account/credit-notes/" + n.ID + "/pdf"}),
		}})
	}
	return card{Head: ui.CardHead{Title: "Credit notes", Text: "What was taken back of this invoice."}, Table: &t}
}

var refundWords = map[payment.RefundState]ui.Badge{
	payment.RefundPending:   {Text: "On its way", Tone: ui.Info},
	payment.RefundSucceeded: {Text: "Given back", Tone: ui.Success},
	payment.RefundFailed:    {Text: "Failed", Tone: ui.Danger},
}

func refundCard(p ui.Page, refunds []payment.Refund) card {
	t := ui.Table{Caption: "Refunds", Flush: true, Columns: []ui.Column{{Label: "To"}, {Label: "Status"}, {Label: "On"}, {Label: "Amount", End: true}}}
	for _, f := range refunds {
		badge, to := refundWords[f.State], "The way it was paid"
		if f.To == payment.ToCredit {
			to = "Your credit"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(to), {Badge: &badge}, ui.HTML(p.Day(f.CreatedAt)), ui.Text(show(f.Money))}})
	}
	return card{Head: ui.CardHead{Title: "Refunds"}, Table: &t}
}
