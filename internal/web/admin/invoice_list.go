package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/web/ui"
)

func invoiceFilter(r *http.Request) billing.Filter {
	q := r.URL.Query()
	return billing.Filter{CustomerID: q.Get("customer_id"), Status: billing.Status(q.Get("status")), Query: q.Get("q"), Cursor: cursor(r), Limit: perPage}
}

func (a *area) invoiceList(w http.ResponseWriter, r *http.Request) error {
	f := invoiceFilter(r)
	found, next, err := a.Billing.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Invoices", "invoices"), Tabs: invoiceTabs("/admin/invoices")}
	v.Head = ui.Head{Title: "Invoices", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/invoices.csv"), Icon: "download"}}}
	v.Filter = ui.Filter{
		Action: "/admin/invoices", SearchLabel: "Search invoices", SearchName: "q", Search: f.Query, Placeholder: "Number, or the reference of a payment",
		Selects: []ui.Select{{Label: "Status", Name: "status", Value: string(f.Status), Options: options("draft", "open", "paid", "void", "uncollectible")}},
		Chips:   chips(r, chipName{param: "q", label: "Search"}, chipName{"status", "Status", statusText}, chipName{param: "customer_id", label: "Customer"}), ClearHref: "/admin/invoices",
	}
	v.Table = invoiceTable(v.Page, found, true)
	v.Table.Empty = &ui.Empty{Art: "invoice", Title: "No invoices", Text: "Every order has one, from the moment it is placed."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No invoice found", Action: &ui.Button{Label: "Show all", Href: "/admin/invoices"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// shownStatus adds to the stored status what people ask first: is it late, is a part paid, was something taken back.
func shownStatus(p ui.Page, i billing.Invoice) string {
	switch {
	case i.Disputes > 0:
		return "disputed"
	case i.Status == billing.Paid && i.Credited.Amount > 0 && i.Credited == i.Total:
		return "credited"
	case i.Status == billing.Paid && i.Credited.Amount > 0:
		return "partly_credited"
	case i.Status != billing.Open:
		return string(i.Status)
	case i.DueOn.StartIn(p.Location()).AddDate(0, 0, 1).Before(p.Now):
		return "overdue"
	case i.Paid.Amount > 0:
		return "partially_paid"
	default:
		return string(i.Status)
	}
}

func invoiceTable(p ui.Page, invoices []billing.Invoice, withCustomer bool) ui.Table {
	t := ui.Table{Caption: "Invoices", Columns: []ui.Column{{Label: "Number"}, {Label: "Status"}, {Label: "Total", End: true}, {Label: "Balance", End: true}, {Label: "Issued", Narrow: true}, {Label: "Due"}}}
	if withCustomer {
		t.Columns = append(t.Columns[:1:1], append([]ui.Column{{Label: "Customer"}}, t.Columns[1:]...)...)
	}
	for _, i := range invoices {
		cells := []ui.Cell{{Text: numberOf(i), Mono: i.Number != "", Href: "/admin/invoices/" + i.ID}}
		if withCustomer {
			cells = append(cells, ui.Text(i.Buyer.Name).With(i.Buyer.Company).To("/admin/customers/"+i.CustomerID))
		}
		cells = append(cells, ui.Status(shownStatus(p, i)), ui.Text(i.Total.Format("en")), ui.Text(i.Balance().Format("en")), ui.Text(dateText(i.IssuedOn)), ui.Text(dateText(i.DueOn)))
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

func (a *area) invoiceCSV(w http.ResponseWriter, r *http.Request) error {
	f := invoiceFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "invoices", billing.CSVHeader, a.Billing.All(r.Context(), f), billing.Invoice.CSV)
}
