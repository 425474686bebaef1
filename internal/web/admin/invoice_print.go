package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/web/ui"
)

// invoicePrint is the invoice alone, as a document: without what paying it does and what was done with it.
func (a *area) invoicePrint(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := invoiceView{Page: a.page(r, "Invoice "+i.Number, "invoices")}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: i.Number, Href: "/admin/invoices/" + i.ID}, {Label: "Print"}}
	v.Head = ui.Head{Title: "Invoice " + i.Number, Badges: []ui.Badge{ui.StatusBadge(shownStatus(v.Page, i))}}
	v.Paper.Parties = []ui.Party{partyOf("From", i.Seller), partyOf("To", i.Buyer)}
	v.Paper.Facts = ui.Details{Items: []ui.Detail{{Label: "Number", Value: ui.Mono(i.Number)}, {Label: "Issued", Value: ui.Text(dateText(i.IssuedOn))}, {Label: "Due", Value: ui.Text(dateText(i.DueOn))}}}
	v.Paper.Lines = ui.Table{Caption: "Lines", Flush: true, Columns: []ui.Column{{Label: "What"}, {Label: "Quantity", End: true}, {Label: "Price", End: true}, {Label: "Total", End: true}}, Totals: invoiceTotals(i)}
	for _, l := range i.Lines {
		v.Paper.Lines.Rows = append(v.Paper.Lines.Rows, ui.Row{Cells: []ui.Cell{ui.Text(l.Description), ui.Count(int(l.Quantity)), ui.Text(l.UnitAmount.Format("en")), ui.Text(l.Total.Format("en"))}})
	}
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}
