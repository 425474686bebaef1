package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/web/ui"
)

// paperOf is an invoice as it is handed out. A draft is no document yet: its lines are shown as they stand.
func (a *area) paperOf(ctx context.Context, i billing.Invoice) (ui.Paper, error) {
	if i.Status != billing.Draft {
		d, err := a.Billing.Document(ctx, i.ID)
		if err != nil {
			return ui.Paper{}, err
		}
		return ui.DocumentPaper(d.Sheet()), nil
	}
	p := ui.Paper{
		Parties: []ui.Party{ui.NewParty("To", i.Buyer.Name, i.Buyer.Company, i.Buyer.Address, i.Buyer.Country, i.Buyer.TaxID, i.Buyer.Email)},
		Lines:   ui.Table{Caption: "Draft", Flush: true, Columns: []ui.Column{{Label: "Description"}, {Label: "Quantity", End: true}, {Label: "Amount", End: true}}},
	}
	for _, l := range i.Lines {
		p.Lines.Rows = append(p.Lines.Rows, ui.Row{Cells: []ui.Cell{ui.Text(l.Description), ui.Count(int(l.Quantity)), ui.Text(l.Total.Format("en"))}})
	}
	return p, nil
}

// invoicePrint is the invoice alone, as a document: without what paying it does and what was done with it.
func (a *area) invoicePrint(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	number := numberOf(i)
	v := invoiceView{Page: a.page(r, "Invoice "+number, "invoices")}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: number, Href: "/admin/invoices/" + i.ID}, {Label: "Print"}}
	v.Head = ui.Head{Title: "Invoice " + number, Badges: []ui.Badge{ui.StatusBadge(shownStatus(v.Page, i))}}
	if v.Paper, err = a.paperOf(r.Context(), i); err != nil {
		return err
	}
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}
