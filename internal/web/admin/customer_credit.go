package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/web/ui"
)

// creditWords say why a customer's credit moved.
var creditWords = map[string]string{
	"payment.received": "Paid beyond what was owed", "credit.used": "Paid an invoice", "credit.moved": "Moved to the invoice that replaces another",
	"credit.given": "Given to another customer's account", "credit.taken": "Taken over from another customer's record", "taken.void": "Had paid an invoice that became void",
	"taken.credit_note": "Credit note", "taken.refund": "Taken off an invoice for a refund", "taken.chargeback": "Taken off an invoice in a dispute", "taken.credit": "Taken off an invoice",
	"paid_out.refund": "Refunded", "paid_out.chargeback": "Charged back", "paid_in.refund": "A refund failed", "paid_in.chargeback": "A dispute was won",
}

func creditText(kind string) string {
	if s, ok := creditWords[kind]; ok {
		return s
	}
	return sentence(kind)
}

// creditCard shows what the store owes a customer and what has become of it lately; nothing if it never owed anything.
func (a *area) creditCard(ctx context.Context, p ui.Page, c customer.Customer) (*card, error) {
	moves, err := a.Reports.CreditMoves(ctx, c.ID, beside)
	if err != nil || len(moves) == 0 {
		return nil, err
	}
	t := creditTable(p, moves)
	t.Flush = true
	out := &card{Head: ui.CardHead{Title: "Account credit", Text: creditNow(c), Actions: allOf("/admin/customers/" + c.ID + "/credit")}, Table: &t}
	return out, nil
}

func creditNow(c customer.Customer) string {
	text := ""
	for _, m := range c.Credit {
		if text != "" {
			text += ", "
		}
		text += m.Format("en")
	}
	if text == "" {
		return "None now."
	}
	return text + " now. Open invoices use it by themselves."
}

func creditTable(p ui.Page, moves []report.CreditMove) ui.Table {
	t := ui.Table{ID: "credit", Caption: "Account credit", Columns: []ui.Column{{Label: "What"}, {Label: "By", End: true}, {Label: "Then", End: true}, {Label: "When"}}}
	for _, m := range moves {
		what := ui.Text(creditText(m.Kind))
		if m.InvoiceID != "" {
			number := m.Number
			if number == "" {
				number = "Proforma"
			}
			what = what.With(number).To("/admin/invoices/" + m.InvoiceID)
		}
		by := "+" + m.By.Format("en")
		if m.By.Amount < 0 {
			m.By.Amount = -m.By.Amount
			by = "−" + m.By.Format("en")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{what, ui.Text(by), ui.Text(m.After.Format("en")), ui.HTML(p.Ago(m.At))}})
	}
	return t
}

// creditShown is how much of its history the page of a credit shows.
const creditShown = 200

func (a *area) creditHistory(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Customers.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	moves, err := a.Reports.CreditMoves(r.Context(), c.ID, creditShown)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Account credit", "customers"), Head: ui.Head{Title: "Account credit of " + c.Name, Sub: creditNow(c)}}
	v.Crumbs = []ui.Crumb{{Label: "Customers", Href: "/admin/customers"}, {Label: c.Name, Href: "/admin/customers/" + c.ID}, {Label: "Account credit"}}
	v.Table = creditTable(v.Page, moves)
	v.Table.Empty = &ui.Empty{Art: "invoice", Title: "No credit so far", Text: "What is paid beyond what is owed, and what is credited after it was paid, stands here."}
	if len(moves) == creditShown {
		v.Pager.Text = "The latest " + ui.Number(creditShown)
	}
	return a.list(w, v)
}
