package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) invoiceList(w http.ResponseWriter, r *http.Request) error {
	me := visitorOf(r).customer
	found, next, err := a.Billing.List(r.Context(), billing.Filter{CustomerID: me.ID, Cursor: cursor(r), Limit: perPage})
	if err != nil {
		return err
	}
	today, err := a.today(r)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(w, r, "Invoices", "invoices"), Head: ui.Head{Title: "Invoices"}, Pager: pager(r, next)}
	for _, m := range me.Credit {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Success, Title: "You have a credit of " + show(m), Text: "It pays your next invoices by itself, as far as it goes."})
	}
	v.Table = ui.Table{
		Caption: "Invoices", Columns: []ui.Column{{Label: "Number"}, {Label: "For", Narrow: true}, {Label: "Status"}, {Label: "Total", End: true}, {Label: "To pay", End: true}, {Label: "Issued", Narrow: true}, {Label: "Due"}},
		Empty: &ui.Empty{Art: "invoice", Title: "No invoices yet", Text: "Every order has one, from the moment it is placed."},
	}
	for _, i := range found {
		total := ui.Text(show(i.Total))
		if i.Credited.Amount > 0 {
			total = total.With(show(i.Credited) + " credited")
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Mono(numberOf(i)).To("/account/invoices/" + i.ID), ui.Text(purpose(i)), ui.Status(shownStatus(i, today)), total,
			toPay(i), ui.Text(brief(i.IssuedOn)), ui.Text(brief(i.DueOn)),
		}})
	}
	return a.list(w, v)
}

// numberOf is what an invoice is called. A proforma invoice gets its number when it is paid.
func numberOf(i billing.Invoice) string {
	if i.Number == "" {
		return "Proforma"
	}
	return i.Number
}

// toPay is what is left to pay; nothing where nothing is.
func toPay(i billing.Invoice) ui.Cell {
	if i.Balance().Amount == 0 {
		return ui.Cell{}
	}
	return ui.Text(show(i.Balance())).Bold()
}

// purpose is what an invoice is for, in a line.
func purpose(i billing.Invoice) string {
	if len(i.Lines) == 0 {
		return ""
	}
	first := ui.Clip(i.Lines[0].Description, 60)
	if len(i.Lines) > 1 {
		first += " and more"
	}
	return first
}

// shownStatus adds to the stored status what people ask first: is it late, is a part paid, was it taken back.
func shownStatus(i billing.Invoice, today civil.Date) string {
	switch {
	case i.Disputes > 0:
		return "disputed"
	case i.Status == billing.Paid && i.Credited.Amount > 0 && i.Credited == i.Total:
		return "credited"
	case i.Status != billing.Open:
		return string(i.Status)
	case overdue(i, today):
		return "overdue"
	case i.Paid.Amount > 0:
		return "partially_paid"
	default:
		return string(i.Status)
	}
}

// overdue reports whether the day on which an invoice is due has passed.
func overdue(i billing.Invoice, today civil.Date) bool {
	return i.Status == billing.Open && today.After(i.DueOn)
}

// today is the day it is for the store, in whose zone billing dates are.
func (a *area) today(r *http.Request) (civil.Date, error) {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return civil.Date{}, err
	}
	return civil.Of(a.Clock.Now(), s.TimeZone), nil
}
