package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/web/ui"
)

// invoiceTabs lead between what is owed and what was taken back.
func invoiceTabs(current string) ui.Tabs {
	t := ui.Tabs{Label: "Invoices"}
	for _, item := range []ui.Tab{{Label: "Invoices", Href: "/admin/invoices"}, {Label: "Receivables", Href: "/admin/receivables"}, {Label: "Credit notes", Href: "/admin/credit-notes"}} {
		item.Current = item.Href == current
		t.Items = append(t.Items, item)
	}
	return t
}

func (a *area) noteList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := report.NoteFilter{CustomerID: q.Get("customer_id"), Query: q.Get("q"), Cursor: cursor(r), Limit: perPage}
	found, next, err := a.Reports.CreditNotes(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Credit notes", "invoices"), Tabs: invoiceTabs("/admin/credit-notes")}
	v.Head = ui.Head{Title: "Credit notes", Sub: "What was taken back of invoices. They are numbered in a series of their own, and never change."}
	v.Filter = ui.Filter{
		Action: "/admin/credit-notes", SearchLabel: "Search credit notes", SearchName: "q", Search: f.Query, Placeholder: "Number, from its beginning",
		Chips: chips(r, chipName{param: "q", label: "Search"}, chipName{param: "customer_id", label: "Customer"}), ClearHref: "/admin/credit-notes",
	}
	v.Table = noteTable(found, true)
	v.Table.Empty = &ui.Empty{Art: "invoice", Title: "No credit notes", Text: "A refund makes one, and so does a change or a cancellation that gives something back."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No credit note found", Action: &ui.Button{Label: "Show all", Href: "/admin/credit-notes"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func noteTable(notes []report.CreditNote, withCustomer bool) ui.Table {
	t := ui.Table{ID: "notes", Caption: "Credit notes", Columns: []ui.Column{{Label: "Number"}}}
	if withCustomer {
		t.Columns = append(t.Columns, ui.Column{Label: "Customer"})
	}
	t.Columns = append(t.Columns, ui.Column{Label: "Of invoice"}, ui.Column{Label: "Because"}, ui.Column{Label: "Total", End: true}, ui.Column{Label: "Issued"})
	for _, n := range notes {
		cells := []ui.Cell{ui.Mono(n.Note).To("/admin/credit-notes/" + n.ID)}
		if withCustomer {
			cells = append(cells, ui.Text(n.CustomerName).To("/admin/customers/"+n.CustomerID))
		}
		cells = append(cells, ui.Mono(n.Number).To("/admin/invoices/"+n.InvoiceID), ui.Text(causeWords[billing.Cause(n.Cause)]).With(ui.Clip(n.Reason, 120)), ui.Text(n.Total.Format("en")), ui.Text(dateText(n.IssuedOn)))
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

func (a *area) noteShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	n, err := a.Billing.CreditNoteByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	i, err := a.Billing.ByID(ctx, n.InvoiceID)
	if err != nil {
		return err
	}
	d, err := a.Billing.DocumentOfNote(ctx, n.ID)
	if err != nil {
		return err
	}
	v := invoiceView{Page: a.page(r, n.Number, "invoices"), Paper: ui.DocumentPaper(d.Sheet())}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: numberOf(i), Href: "/admin/invoices/" + i.ID}, {Label: n.Number}}
	v.Head = ui.Head{
		Title: n.Number, Mono: true, Badges: []ui.Badge{{Text: causeWords[n.Cause], Tone: ui.Neutral}}, Actions: []ui.Button{{Label: "PDF", Href: "/admin/credit-notes/" + n.ID + "/file", Icon: "download"}},
		Meta: []ui.Cell{ui.Text(n.Buyer.Name).To("/admin/customers/" + n.CustomerID), ui.Text("Of " + numberOf(i)).To("/admin/invoices/" + i.ID), ui.Text("Issued " + dateText(n.IssuedOn))},
	}
	owed := n.Total
	owed.Amount -= n.Freed.Amount
	v.Left = []card{{Head: ui.CardHead{Title: "What it did"}, Details: &ui.Details{Items: []ui.Detail{
		{Label: "Owed no more", Value: ui.Text(owed.Format("en")), Hint: "Taken off what was still to be paid of " + numberOf(i)},
		{Label: "Had been paid", Value: ui.Text(n.Freed.Format("en")), Hint: "Became the customer's credit, from where a refund takes it"},
	}}}}
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}
