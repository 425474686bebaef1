package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func couponFilter(r *http.Request) coupon.Filter {
	q := r.URL.Query()
	return coupon.Filter{Query: q.Get("q"), Status: coupon.Status(q.Get("status")), Cursor: cursor(r), Limit: perPage}
}

func (a *area) couponList(w http.ResponseWriter, r *http.Request) error {
	f := couponFilter(r)
	found, next, err := a.Coupons.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Coupons", "coupons")}
	v.Head = ui.Head{Title: "Coupons", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/coupons.csv"), Icon: "download"}}}
	add := ui.Button{Label: "New coupon", Href: "/admin/coupons/new", Kind: ui.Primary, Icon: "plus"}
	mayWrite := visitorOf(r).staff.Role.Can(staff.CatalogWrite)
	if mayWrite {
		v.Head.Actions = append(v.Head.Actions, add)
	}
	v.Filter = ui.Filter{
		Action: "/admin/coupons", SearchLabel: "Search coupons", SearchName: "q", Search: f.Query, Placeholder: "Code, from its beginning",
		Selects: []ui.Select{{Label: "Status", Name: "status", Value: string(f.Status), Options: options("active", "archived")}},
		Chips:   chips(r, chipName{param: "q", label: "Search"}, chipName{"status", "Status", statusText}), ClearHref: "/admin/coupons",
	}
	v.Table = ui.Table{Caption: "Coupons", Columns: []ui.Column{{Label: "Code"}, {Label: "Takes off"}, {Label: "Status"}, {Label: "Uses", End: true}, {Label: "Days", Narrow: true}}}
	for _, c := range found {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Mono(c.Code).To("/admin/coupons/" + c.ID).With(c.Name), ui.Text(couponOff(c)).With(chargesText(c)), ui.Status(string(c.Status)), ui.Text(usesText(c)), ui.Text(couponDays(c)),
		}})
	}
	switch {
	case len(v.Filter.Chips) > 0:
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No coupon found", Action: &ui.Button{Label: "Show all", Href: "/admin/coupons"}}
	case mayWrite:
		v.Table.Empty = &ui.Empty{Art: "list", Title: "No coupons yet", Text: "A coupon is a code that makes an order cheaper: by a percentage or an amount, for some products, on some days, so many times.", Action: &add}
	default:
		v.Table.Empty = &ui.Empty{Art: "list", Title: "No coupons yet"}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) couponCSV(w http.ResponseWriter, r *http.Request) error {
	f := couponFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "coupons", coupon.CSVHeader, a.Coupons.All(r.Context(), f), coupon.Coupon.CSV)
}

func couponOff(c coupon.Coupon) string {
	if c.Kind == coupon.Percent {
		return c.Percent.String() + " %"
	}
	return c.Money.Format("en")
}

func chargesText(c coupon.Coupon) string {
	switch c.Charges {
	case 0:
		return "every charge"
	case 1:
		return "the first charge"
	default:
		return "the first " + ui.Number(int(c.Charges)) + " charges"
	}
}

func usesText(c coupon.Coupon) string {
	if c.MaxUses == 0 {
		return ui.Number(int(c.Uses))
	}
	return ui.Number(int(c.Uses)) + " of " + ui.Number(int(c.MaxUses))
}

func couponDays(c coupon.Coupon) string {
	switch {
	case c.StartsOn.IsZero() && c.EndsOn.IsZero():
		return "always"
	case c.StartsOn.IsZero():
		return "until " + c.EndsOn.String()
	case c.EndsOn.IsZero():
		return "from " + c.StartsOn.String()
	default:
		return c.StartsOn.String() + " to " + c.EndsOn.String()
	}
}

func (a *area) couponShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := a.Coupons.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Coupon "+c.Code, "coupons")}
	v.Crumbs = []ui.Crumb{{Label: "Coupons", Href: "/admin/coupons"}, {Label: c.Code}}
	v.Head = ui.Head{Title: c.Code, Mono: true, Sub: c.Name, Badges: []ui.Badge{ui.StatusBadge(string(c.Status))}}
	role := visitorOf(r).staff.Role
	if role.Can(staff.CatalogWrite) {
		v.Head.Actions = []ui.Button{{Label: "Edit", Href: "/admin/coupons/" + c.ID + "/edit", Icon: "edit"}}
	}
	if role.Can(staff.SalesRead) {
		orders, _, err := a.Orders.List(ctx, order.Filter{CouponID: c.ID, Limit: beside})
		if err != nil {
			return err
		}
		t := orderTable(v.Page, orders, role.Can(staff.CustomersRead))
		t.Flush, t.Empty = true, &ui.Empty{Art: "list", Title: "Nobody has used it", Text: "Orders that were cancelled before they were paid have given their use back."}
		v.Left = []card{{Head: ui.CardHead{Title: "Orders", Actions: allOf("/admin/orders?coupon_id=" + c.ID)}, Table: &t}}
	}
	facts, err := a.couponFacts(r, v.Page, c)
	if err != nil {
		return err
	}
	v.Right = []card{{Head: ui.CardHead{Title: "Facts"}, Details: facts}}
	return a.sheet(w, v)
}

func (a *area) couponFacts(r *http.Request, p ui.Page, c coupon.Coupon) (*ui.Details, error) {
	limit := func(n int64, none string) string {
		if n == 0 {
			return none
		}
		return ui.Number(int(n))
	}
	products := "all"
	if len(c.ProductIDs) > 0 {
		var names []string
		for _, id := range c.ProductIDs {
			product, err := a.Catalog.Product(r.Context(), id)
			if err != nil {
				return nil, err
			}
			names = append(names, product.Name)
		}
		products = strings.Join(names, ", ")
	}
	cycles := "all"
	if len(c.Cycles) > 0 {
		var names []string
		for _, cycle := range civil.Cycles() {
			if slices.Contains(c.Cycles, cycle) {
				names = append(names, strings.ToLower(cycleNames[cycle]))
			}
		}
		cycles = strings.Join(names, ", ")
	}
	minimum := "none"
	if c.Minimum.Amount > 0 {
		minimum = c.Minimum.Format("en")
	}
	return &ui.Details{Items: []ui.Detail{
		{Label: "Takes off", Value: ui.Text(couponOff(c)), Hint: "Of subscriptions: " + chargesText(c) + "."},
		{Label: "Days", Value: ui.Text(couponDays(c))},
		{Label: "Uses", Value: ui.Text(usesText(c))},
		{Label: "By one customer", Value: ui.Text(limit(c.PerCustomer, "any number"))},
		{Label: "New customers only", Value: ui.Text(yesNo(c.NewCustomers, "Yes", "No"))},
		{Label: "Minimum", Value: ui.Text(minimum)},
		{Label: "Products", Value: ui.Text(products)},
		{Label: "Cycles", Value: ui.Text(cycles)},
		{Label: "Since", Value: ui.HTML(p.Day(c.CreatedAt))},
		{Label: "Id", Value: ui.Mono(c.ID).Copyable()},
	}}, nil
}

// allProducts are the products of the store, the archived ones included.
func (a *area) allProducts(r *http.Request) (all []catalog.Product, err error) {
	for f := catalogAll; ; {
		page, next, err := a.Catalog.Products(r.Context(), f)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if f.Cursor = next; next == "" {
			return all, nil
		}
	}
}
