package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func licenseFilter(r *http.Request) license.Filter {
	q := r.URL.Query()
	days, _ := strconv.Atoi(q.Get("not_seen_days")) // what is no number picks nothing
	support, _ := strconv.Atoi(q.Get("support_ends_days"))
	return license.Filter{
		Query: q.Get("q"), Status: license.Status(q.Get("status")), CustomerID: q.Get("customer_id"), OrderID: q.Get("order_id"), ProductID: q.Get("product_id"),
		PlanID: q.Get("plan_id"), Type: license.Type(q.Get("type")), NotSeenDays: days, SupportEndsDays: support, NearLimit: q.Get("near_limit") != "", Sort: license.Sort(q.Get("sort")),
		Cursor: cursor(r), Limit: perPage,
	}
}

func (a *area) licenseList(w http.ResponseWriter, r *http.Request) error {
	f := licenseFilter(r)
	found, next, err := a.Licenses.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Licenses", "licenses")}
	v.Head = ui.Head{Title: "Licenses", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/licenses.csv"), Icon: "download"}}}
	role := visitorOf(r).staff.Role
	issue := ui.Button{Label: "Issue license", Href: "/admin/orders/new", Kind: ui.Primary, Icon: "plus"}
	if role.Can(staff.SalesWrite) {
		v.Head.Actions = append(v.Head.Actions, issue)
	}
	products, names, err := a.productOptions(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v.Filter = ui.Filter{
		Action: "/admin/licenses", SearchLabel: "Search licenses", SearchName: "q", Search: f.Query, Placeholder: "Key, customer, e-mail, product, order, identifier",
		Selects: []ui.Select{
			{Label: "Status", Name: "status", Value: q.Get("status"), Options: options("active", "suspended", "expired", "cancelled", "revoked")},
			{Label: "Product", Name: "product_id", Value: q.Get("product_id"), Options: products},
			{Label: "Type", Name: "type", Value: q.Get("type"), Options: options(catalog.LicenseTypes...)},
			{Label: "Not seen", Name: "not_seen_days", Value: q.Get("not_seen_days"), Options: []ui.Option{{Value: "", Label: "Any"}, {Value: "7", Label: "7 days"}, {Value: "30", Label: "30 days"}, {Value: "90", Label: "90 days"}, {Value: "365", Label: "A year"}}},
			{Label: "Support ends", Name: "support_ends_days", Value: q.Get("support_ends_days"), Options: []ui.Option{{Value: "", Label: "Any time"}, {Value: "14", Label: "Within 14 days"}, {Value: "30", Label: "Within 30 days"}, {Value: "90", Label: "Within 90 days"}}},
			{Label: "Use", Name: "near_limit", Value: q.Get("near_limit"), Options: []ui.Option{{Value: "", Label: "Any"}, {Value: "1", Label: "Near the limit"}}},
			{Label: "Order", Name: "sort", Value: q.Get("sort"), Options: []ui.Option{{Value: "", Label: "Newest"}, {Value: string(license.ByExpiry), Label: "Next to expire"}, {Value: string(license.ByLastSeen), Label: "Longest not seen"}}},
		},
		Chips: chips(r, chipName{param: "q", label: "Search"}, chipName{"status", "Status", statusText}, chipName{"product_id", "Product", func(id string) string { return names[id] }},
			chipName{param: "plan_id", label: "Plan"}, chipName{"type", "Type", statusText}, chipName{"not_seen_days", "Not seen for", func(s string) string { return s + " days" }},
			chipName{"support_ends_days", "Support ends within", func(s string) string { return s + " days" }}, chipName{"near_limit", "Use", func(string) string { return "near the limit" }}, chipName{param: "customer_id", label: "Customer"}, chipName{param: "order_id", label: "Order"}),
		ClearHref: "/admin/licenses",
	}
	v.Table = licenseTable(v.Page, found, true)
	if role.Can(staff.LicensesWrite) && len(found) > 0 {
		v.Table.ID = "licenses"
		v.Table.Bulk = &ui.Bulk{Action: "/admin/licenses/bulk", Buttons: []ui.Button{
			{Label: "Suspend…", Name: "act", Value: "suspend", Icon: "pause"}, {Label: "Lift…", Name: "act", Value: "lift", Icon: "play"}, {Label: "Extend…", Name: "act", Value: "extend", Icon: "calendar"},
		}}
	}
	v.Table.Empty = &ui.Empty{Art: "key", Title: "No licenses yet", Text: "A paid order issues one. You can also place a complimentary order."}
	if role.Can(staff.SalesWrite) {
		v.Table.Empty.Action = &issue
	}
	switch {
	case len(v.Filter.Chips) > 0 && next != "":
		v.Table.Empty = &ui.Empty{Art: "search", Title: "None on this page", Text: "There may be more: look at the next page."}
	case len(v.Filter.Chips) > 0:
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No license found", Text: "The search looks at the beginning of keys, addresses, names and identifiers.", Action: &ui.Button{Label: "Show all", Href: "/admin/licenses"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// productOptions are the products as choices of a filter, and their names by id.
func (a *area) productOptions(r *http.Request) ([]ui.Option, map[string]string, error) {
	out, names := []ui.Option{{Value: "", Label: "Any"}}, map[string]string{}
	products, _, err := a.Catalog.Products(r.Context(), catalogAll)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range products {
		out, names[p.ID] = append(out, ui.Option{Value: p.ID, Label: p.Name}), p.Name
	}
	return out, names, nil
}

// licenseTable shows licenses; used by their own list and on the pages of customers and orders.
func licenseTable(p ui.Page, licenses []license.License, withCustomer bool) ui.Table {
	t := ui.Table{Caption: "Licenses", Columns: []ui.Column{{Label: "Key"}, {Label: "Product"}, {Label: "Status"}, {Label: "Activations"}, {Label: "Expires"}, {Label: "Last check", Narrow: true}}}
	if withCustomer {
		t.Columns = append(t.Columns[:1:1], append([]ui.Column{{Label: "Customer"}}, t.Columns[1:]...)...)
	}
	for _, l := range licenses {
		expires := ui.Text("Never")
		if l.ExpiresAt != nil {
			expires = ui.HTML(p.Ago(*l.ExpiresAt))
		}
		cells := []ui.Cell{ui.Mono(shortKey(l.Key)).To("/admin/licenses/" + l.ID)}
		if withCustomer {
			cells = append(cells, ui.Text(l.CustomerName).With(l.CustomerEmail))
		}
		cells = append(cells, ui.Text(l.ProductName).With(l.PlanName), ui.Status(string(l.Status)), ui.Used(int(l.ActivationsUsed), int(l.ActivationLimit)), expires, ui.HTML(p.Ago(orZero(l.LastCheckAt))))
		t.Rows = append(t.Rows, ui.Row{ID: l.ID, Cells: cells})
	}
	return t
}

// shortKey is the beginning of a key, as much as a list has room for.
func shortKey(key string) string {
	if parts := strings.SplitN(key, "-", 3); len(parts) == 3 {
		return parts[0] + "-" + parts[1] + "-…"
	}
	return ui.Clip(key, 21)
}

func (a *area) licenseCSV(w http.ResponseWriter, r *http.Request) error {
	f := licenseFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "licenses", []string{
		"id", "key", "type", "status", "customer_id", "customer", "email", "product", "plan", "activation_type", "activation_limit", "activations_used", "expires_at", "check_count", "last_check_at", "created_at",
	}, a.Licenses.All(r.Context(), f), func(l license.License) []string {
		return []string{
			l.ID, l.Key, string(l.Type), string(l.Status), l.CustomerID, l.CustomerName, l.CustomerEmail, l.ProductName, l.PlanName, string(l.ActivationType),
			strconv.FormatInt(l.ActivationLimit, 10), strconv.FormatInt(l.ActivationsUsed, 10), csvTimePtr(l.ExpiresAt), strconv.FormatInt(l.CheckCount, 10), csvTimePtr(l.LastCheckAt), csvTime(l.CreatedAt),
		}
	})
}
