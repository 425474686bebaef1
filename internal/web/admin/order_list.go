package admin

import (
	"net/http"
	"strconv"

	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func orderFilter(r *http.Request) order.Filter {
	q := r.URL.Query()
	return order.Filter{CustomerID: q.Get("customer_id"), Status: order.Status(q.Get("status")), CouponID: q.Get("coupon_id"), Query: q.Get("q"), Cursor: cursor(r), Limit: perPage}
}

func (a *area) orderList(w http.ResponseWriter, r *http.Request) error {
	f := orderFilter(r)
	found, next, err := a.Orders.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Orders", "orders")}
	v.Head = ui.Head{Title: "Orders", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/orders.csv"), Icon: "download"}}}
	add := ui.Button{Label: "New order", Href: "/admin/orders/new", Kind: ui.Primary, Icon: "plus"}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SalesWrite)
	if mayWrite {
		v.Head.Actions = append(v.Head.Actions, add)
	}
	v.Filter = ui.Filter{
		Action: "/admin/orders", SearchLabel: "Search orders", SearchName: "q", Search: f.Query, Placeholder: "Order id, invoice id or number",
		Selects: []ui.Select{{Label: "Status", Name: "status", Value: string(f.Status), Options: options("pending", "completed", "failed", "cancelled", "partially_refunded", "refunded", "disputed")}},
		Chips:   chips(r, chipName{param: "q", label: "Search"}, chipName{"status", "Status", statusText}, chipName{param: "customer_id", label: "Customer"}, chipName{param: "coupon_id", label: "Coupon"}), ClearHref: "/admin/orders",
	}
	v.Table = orderTable(v.Page, found, true)
	v.Table.Empty = &ui.Empty{Art: "list", Title: "No orders", Text: "An order makes its invoice at once; paying it issues the licenses."}
	if mayWrite {
		v.Table.Empty.Action = &add
	}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No order found", Action: &ui.Button{Label: "Show all", Href: "/admin/orders"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func statusText(s string) string { return ui.StatusBadge(s).Text }

func orderTable(p ui.Page, orders []order.Order, withCustomer bool) ui.Table {
	t := ui.Table{Caption: "Orders", Columns: []ui.Column{{Label: "Order"}, {Label: "Status"}, {Label: "Total", End: true}, {Label: "Placed"}}}
	if withCustomer {
		t.Columns = append(t.Columns[:1:1], append([]ui.Column{{Label: "Customer"}}, t.Columns[1:]...)...)
	}
	for _, o := range orders {
		first := ui.Text(orderTitle(o)).To("/admin/orders/" + o.ID).With(o.InvoiceNumber)
		cells := []ui.Cell{first}
		if withCustomer {
			cells = append(cells, ui.Text(o.CustomerName).With(o.CustomerEmail).To("/admin/customers/"+o.CustomerID))
		}
		cells = append(cells, ui.Status(string(o.Status)), ui.Text(o.Total.Format("en")), ui.HTML(p.Ago(o.CreatedAt)))
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

// orderTitle says what was ordered: the first item, and how many more.
func orderTitle(o order.Order) string {
	if len(o.Items) == 0 {
		return o.ID
	}
	title := o.Items[0].Description
	if n := len(o.Items) - 1; n > 0 {
		title += " and " + strconv.Itoa(n) + " more"
	}
	return title
}

func (a *area) orderCSV(w http.ResponseWriter, r *http.Request) error {
	f := orderFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "orders", order.CSVHeader, a.Orders.All(r.Context(), f), order.Order.CSV)
}
