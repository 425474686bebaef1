package portal

import (
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

func partyOf(role string, p billing.Party) ui.Party {
	return ui.NewParty(role, p.Name, p.Company, p.Address, ui.CountryName(p.Country), p.TaxID, p.Email)
}

type invoiceView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Paper    ui.Paper
	Pay      []card
	Payments []card
}

func (a *area) invoiceShow(w http.ResponseWriter, r *http.Request) error {
	i, err := a.ownInvoice(r)
	if err != nil {
		return err
	}
	today, err := a.today(r)
	if err != nil {
		return err
	}
	v := invoiceView{Page: a.page(w, r, i.Number, "invoices")}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/account/invoices"}, {Label: i.Number}}
	v.Head = ui.Head{Title: i.Number, Mono: true, Badges: []ui.Badge{ui.StatusBadge(shownStatus(i, today))}, Sub: invoiceSentence(v.Page, i, today)}
	v.Paper.Parties = []ui.Party{partyOf("From", i.Seller), partyOf("To", i.Buyer)}
	v.Paper.Facts = ui.Details{Items: []ui.Detail{
		{Label: "Invoice", Value: ui.Mono(i.Number)}, {Label: "Issued", Value: ui.Text(day(i.IssuedOn))}, {Label: "Due", Value: ui.Text(day(i.DueOn))},
	}}
	v.Paper.Lines = invoiceLines(i)
	if i.Status == billing.Open {
		v.Pay = []card{transferCard(i)}
	}
	payments, _, err := a.Payments.List(r.Context(), payment.Filter{InvoiceID: i.ID, Limit: perPage})
	if err != nil {
		return err
	}
	if len(payments) > 0 || i.Status == billing.Open {
		v.Payments = []card{paymentCard(v.Page, payments)}
	}
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}

func invoiceSentence(p ui.Page, i billing.Invoice, today civil.Date) string {
	switch i.Status {
	case billing.Open:
		if overdue(i, today) {
			return i.Balance().Format("en") + " were due on " + day(i.DueOn) + "."
		}
		return i.Balance().Format("en") + " are due on " + day(i.DueOn) + "."
	case billing.Paid:
		if i.PaidAt != nil && i.Total.Amount > 0 {
			return "Paid on " + date(p, *i.PaidAt) + ". Thank you."
		}
		return "Nothing is to be paid."
	case billing.Void:
		return "It was withdrawn. Nothing is to be paid."
	default:
		return ""
	}
}

func invoiceLines(i billing.Invoice) ui.Table {
	t := ui.Table{Caption: "Lines", Flush: true, Columns: []ui.Column{{Label: "What"}, {Label: "Quantity", End: true}, {Label: "Price", End: true}, {Label: "Amount", End: true}}}
	for _, l := range i.Lines {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(l.Description), ui.Count(int(l.Quantity)), ui.Text(l.UnitAmount.Format("en")), ui.Text(l.Total.Format("en"))}})
	}
	t.Totals = []ui.Total{{Label: "Total", Value: i.Total.Format("en"), Strong: true}}
	if i.Paid.Amount > 0 {
		t.Totals = append(t.Totals, ui.Total{Label: "Paid", Value: i.Paid.Format("en")}, ui.Total{Label: "To pay", Value: i.Balance().Format("en"), Strong: true})
	}
	return t
}

// transferCard says how to pay: the reference is what lets us find the invoice that money is for.
func transferCard(i billing.Invoice) card {
	return card{
		Head: ui.CardHead{Title: "Pay by bank transfer", Text: "Everything is delivered as soon as we have recorded your payment."},
		Details: &ui.Details{Items: []ui.Detail{
			{Label: "To", Value: ui.Text(i.Seller.Name), Hint: "If you don't have our account number, write to us."},
			{Label: "Amount", Value: ui.Text(i.Balance().Format("en")).Bold()},
			{Label: "Reference", Value: ui.Mono(i.Number).Copyable(), Hint: "Without it we can't tell what the money is for."},
			{Label: "Until", Value: ui.Text(day(i.DueOn))},
		}},
	}
}

func paymentCard(p ui.Page, payments []payment.Payment) card {
	t := ui.Table{
		Caption: "Payments", Flush: true, Columns: []ui.Column{{Label: "Payment"}, {Label: "Received"}, {Label: "Amount", End: true}},
		Empty: &ui.Empty{Art: "invoice", Title: "Nothing was paid yet", Text: "A transfer takes a working day or two."},
	}
	for _, pay := range payments {
		how := ui.Text(ui.Clip(pay.Reference, 80)).With("Bank transfer")
		if pay.Gateway == payment.CreditGateway {
			how = ui.Text("From your credit")
		}
		amount := ui.Text(pay.Applied.Format("en"))
		if pay.Money.Amount > pay.Applied.Amount {
			amount = amount.With("of " + pay.Money.Format("en") + "; the rest is your credit")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{how, ui.HTML(p.Day(pay.ReceivedAt)), amount}})
	}
	return card{Head: ui.CardHead{Title: "Payments"}, Table: &t}
}

// day writes a date as people read it.
func day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.StartIn(time.UTC).Format("2 Jan 2006")
}
