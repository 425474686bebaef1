package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func customerFilter(r *http.Request) customer.Filter {
	q := r.URL.Query()
	return customer.Filter{Query: q.Get("q"), Sort: customer.Sort(q.Get("sort")), Cursor: cursor(r), Limit: perPage}
}

func (a *area) customerList(w http.ResponseWriter, r *http.Request) error {
	f := customerFilter(r)
	found, next, err := a.Customers.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Customers", "customers")}
	v.Head = ui.Head{Title: "Customers", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/customers.csv"), Icon: "download"}}}
	add := ui.Button{Label: "New customer", Href: "/admin/customers/new", Kind: ui.Primary, Icon: "plus"}
	mayWrite := visitorOf(r).staff.Role.Can(staff.CustomersWrite)
	if mayWrite {
		v.Head.Actions = append(v.Head.Actions, add)
	}
	v.Filter = ui.Filter{
		Action: "/admin/customers", SearchLabel: "Search customers", SearchName: "q", Search: f.Query, Placeholder: "E-mail, name or company, from its beginning",
		Chips: chips(r, chipName{param: "q", label: "Search"}), ClearHref: "/admin/customers",
	}
	v.Table = ui.Table{Caption: "Customers", Columns: []ui.Column{
		sortable(r, "Customer", "name"), sortable(r, "Company", "company"), {Label: "Country", Narrow: true}, {Label: "Credit", End: true, Narrow: true}, sortable(r, "Since", "created_at"),
	}}
	for _, c := range found {
		credit := ui.Cell{}
		for _, m := range c.Credit {
			credit = ui.Text(m.Format("en"))
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Person(c.Name, c.Email).To("/admin/customers/" + c.ID), ui.Text(c.Company), ui.Text(c.Country), credit, ui.HTML(v.Ago(c.CreatedAt)),
		}})
	}
	switch {
	case f.Query != "":
		v.Table.Empty = &ui.Empty{Art: "search", Title: "Nobody found", Text: "The search looks at the beginning of e-mail addresses, names and companies.", Action: &ui.Button{Label: "Show all", Href: "/admin/customers"}}
	case mayWrite:
		v.Table.Empty = &ui.Empty{Art: "list", Title: "No customers yet", Text: "Make one by hand, or let your shop do it over the admin API.", Action: &add}
	default:
		v.Table.Empty = &ui.Empty{Art: "list", Title: "No customers yet", Text: "Whoever buys appears here."}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) customerCSV(w http.ResponseWriter, r *http.Request) error {
	f := customerFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "customers", customer.CSVHeader, a.Customers.All(r.Context(), f), customer.Customer.CSV)
}
