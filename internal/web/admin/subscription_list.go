package admin

import (
	"context"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

func subscriptionFilter(r *http.Request) subscription.Filter {
	q := r.URL.Query()
	return subscription.Filter{
		CustomerID: q.Get("customer_id"), ProductID: q.Get("product_id"), PlanID: q.Get("plan_id"), LicenseID: q.Get("license_id"),
		Status: subscription.Status(q.Get("status")), Cursor: cursor(r), Limit: perPage,
	}
}

func (a *area) subscriptionList(w http.ResponseWriter, r *http.Request) error {
	f := subscriptionFilter(r)
	found, next, err := a.Subscriptions.List(r.Context(), f)
	if err != nil {
		return err
	}
	products, names, err := a.productOptions(r)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Subscriptions", "subscriptions")}
	v.Head = ui.Head{Title: "Subscriptions", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/subscriptions.csv"), Icon: "download"}}}
	v.Filter = ui.Filter{
		Action: "/admin/subscriptions", ClearHref: "/admin/subscriptions",
		Selects: []ui.Select{
			{Label: "Status", Name: "status", Value: string(f.Status), Options: options("trialing", "active", "past_due", "suspended", "cancelled", "expired")},
			{Label: "Product", Name: "product_id", Value: f.ProductID, Options: products},
		},
		Chips: chips(r, chipName{"status", "Status", statusText}, chipName{"product_id", "Product", func(id string) string { return names[id] }},
			chipName{param: "plan_id", label: "Plan"}, chipName{param: "license_id", label: "License"}, chipName{param: "customer_id", label: "Customer"}),
	}
	for _, keep := range []ui.Hidden{{Name: "customer_id", Value: f.CustomerID}, {Name: "plan_id", Value: f.PlanID}, {Name: "license_id", Value: f.LicenseID}} {
		if keep.Value != "" {
			v.Filter.Hidden = append(v.Filter.Hidden, keep)
		}
	}
	if v.Table, err = a.subscriptionTable(r.Context(), found, true); err != nil {
		return err
	}
	v.Table.Empty = &ui.Empty{Art: "list", Title: "No subscriptions yet", Text: "A paid order for a price that recurs begins one."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No subscription found", Action: &ui.Button{Label: "Show all", Href: "/admin/subscriptions"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// subscriptionTable shows subscriptions; used by their own list and on the pages of customers and licenses.
func (a *area) subscriptionTable(ctx context.Context, subs []subscription.Subscription, withCustomer bool) (ui.Table, error) {
	t := ui.Table{Caption: "Subscriptions", Columns: []ui.Column{{Label: "Subscription"}, {Label: "Customer"}, {Label: "Status"}, {Label: "Recurring", End: true}, {Label: "Next"}}}
	if !withCustomer {
		t.Columns = slices.Delete(t.Columns, 1, 2)
	}
	who := a.buyers()
	for _, s := range subs {
		cells := []ui.Cell{ui.Text(quantityText(s.Description, s.Quantity)).To("/admin/subscriptions/" + s.ID)}
		if withCustomer {
			c, err := who.cell(ctx, s.CustomerID)
			if err != nil {
				return t, err
			}
			cells = append(cells, c)
		}
		cells = append(cells, ui.Status(string(s.Status)), ui.Text(s.Recurring().Format("en")).With(cycleText(s.Cycle)), nextCell(s))
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t, nil
}

func quantityText(what string, quantity int64) string {
	if quantity == 1 {
		return what
	}
	return ui.Number(int(quantity)) + " × " + what
}

// nextCell is the day that comes next in the life of a subscription.
func nextCell(s subscription.Subscription) ui.Cell {
	switch {
	case s.Ended():
		return ui.Text(dateText(s.EndedOn)).With("ended")
	case !s.PausedOn.IsZero():
		return ui.Text(dateText(s.PausedOn)).With("paused since")
	case !s.CancelOn.IsZero():
		return ui.Text(dateText(s.CancelOn)).With("ends")
	default:
		return ui.Text(dateText(s.NextDue)).With("due")
	}
}

func (a *area) subscriptionCSV(w http.ResponseWriter, r *http.Request) error {
	f := subscriptionFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "subscriptions", subscription.CSVHeader, a.Subscriptions.All(r.Context(), f), subscription.Subscription.CSV)
}
