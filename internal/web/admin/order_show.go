package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) orderShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	o, err := a.Orders.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Order", "orders")}
	v.Crumbs = []ui.Crumb{{Label: "Orders", Href: "/admin/orders"}, {Label: orderTitle(o)}}
	v.Head = ui.Head{Title: orderTitle(o), Badges: []ui.Badge{ui.StatusBadge(string(o.Status))}}
	if o.Status == order.Pending {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Open the invoice", Href: "/admin/invoices/" + o.InvoiceID, Icon: "invoice", Kind: ui.Primary})
		if visitorOf(r).staff.Role.Can(staff.SalesWrite) {
			v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Cancel order", Href: "/admin/orders/" + o.ID + "/cancel", Kind: ui.Dangerous, Confirm: cancelQuestion(o)})
		}
	}
	items := ui.Table{Caption: "Items", Flush: true, Columns: []ui.Column{{Label: "What"}, {Label: "Quantity", End: true}, {Label: "Price", End: true}}}
	for _, it := range o.Items {
		price := ui.Text(it.UnitAmount.Format("en"))
		if it.Cycle.Recurs() {
			price = ui.Text(it.UnitAmount.Format("en") + " " + cycleText(it.Cycle))
		}
		what := ui.Text(it.Description)
		if it.Domain != nil && it.Domain.DomainID != "" {
			what = what.To("/admin/domains/" + it.Domain.DomainID)
		}
		items.Rows = append(items.Rows, ui.Row{Cells: []ui.Cell{what, ui.Count(int(it.Quantity)), price.With(itemText(it))}})
	}
	items.Totals = []ui.Total{{Label: "Total", Value: o.Total.Format("en"), Strong: true}}
	v.Left = []card{{Head: ui.CardHead{Title: "Items"}, Table: &items}}
	var licenses []license.License
	for _, id := range o.LicenseIDs {
		l, err := a.Licenses.ByID(ctx, id)
		if err != nil {
			return err
		}
		licenses = append(licenses, l)
	}
	if slices.ContainsFunc(o.Items, func(it order.Item) bool { return it.Domain == nil }) {
		t := licenseTable(v.Page, licenses, false)
		t.Flush, t.Empty = true, &ui.Empty{Art: "key", Title: "No licenses yet", Text: "They are issued when the invoice is paid."}
		v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Licenses"}, Table: &t})
	}
	if len(o.SubscriptionIDs) > 0 {
		subscriptions, err := a.subscriptionsCard(ctx, o.SubscriptionIDs)
		if err != nil {
			return err
		}
		v.Left = append(v.Left, subscriptions)
	}
	facts := &ui.Details{Items: []ui.Detail{
		{Label: "Customer", Value: ui.Person(o.CustomerName, o.CustomerEmail).To("/admin/customers/" + o.CustomerID)},
		{Label: "Invoice", Value: ui.Mono(o.InvoiceNumber).To("/admin/invoices/" + o.InvoiceID)},
		{Label: "Kind", Value: ui.Text(statusText(string(o.Kind)))},
		{Label: "Pays by", Value: ui.Text(statusText(o.Gateway))},
		{Label: "Placed", Value: ui.HTML(v.At(o.CreatedAt))},
		{Label: "Id", Value: ui.Mono(o.ID).Copyable()},
	}}
	if o.CouponID != "" {
		coupon := ui.Mono(o.CouponCode)
		if visitorOf(r).staff.Role.Can(staff.CatalogRead) {
			coupon = coupon.To("/admin/coupons/" + o.CouponID)
		}
		facts.Items = append(facts.Items, ui.Detail{Label: "Coupon", Value: coupon})
	}
	if o.Reason != "" {
		facts.Items = append(facts.Items, ui.Detail{Label: "Reason", Value: ui.Text(o.Reason)})
	}
	story, err := a.story(r, v.Page, event.Filter{SubjectID: o.ID, Limit: 30})
	if err != nil {
		return err
	}
	v.Right = []card{{Head: ui.CardHead{Title: "Facts"}, Details: facts}, {Head: ui.CardHead{Title: "Story"}, Timeline: story}}
	return a.sheet(w, v)
}

// itemText says what comes with an item besides its price.
func itemText(it order.Item) string {
	var parts []string
	if it.TrialDays > 0 {
		parts = append(parts, "after "+trialText(it.TrialDays, it.TrialMoney))
	}
	switch {
	case it.SetupFee.Amount > 0 && it.Domain != nil:
		parts = append(parts, "and "+it.SetupFee.Format("en")+" late fee")
	case it.SetupFee.Amount > 0:
		parts = append(parts, "and "+it.SetupFee.Format("en")+" set-up")
	}
	return strings.Join(parts, ", ")
}

func cancelQuestion(o order.Order) *ui.Confirm {
	return &ui.Confirm{
		ID: "cancel-order", Title: "Cancel this order?", Text: "It can't be taken up again.",
		Effects: []string{"Invoice " + o.InvoiceNumber + " over " + o.Total.Format("en") + " becomes void; its number stays used.", "What was paid of it becomes the customer's credit.", "Nothing of it is delivered: no license is issued, no domain registered or renewed."},
		Fields:  []ui.Field{{Name: "why", Label: "Reason", Required: true, MaxLength: 255}},
		Action:  "/admin/orders/" + o.ID + "/cancel", Label: "Cancel order", Cancel: "/admin/orders/" + o.ID,
	}
}

func (a *area) orderCancelAsk(w http.ResponseWriter, r *http.Request) error {
	o, err := a.Orders.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.confirm(w, a.page(r, "Cancel order", "orders"), *cancelQuestion(o))
}

func (a *area) orderCancel(w http.ResponseWriter, r *http.Request) error {
	var o order.Order
	why, err := reasonGiven(r)
	if err == nil {
		o, err = a.Orders.Cancel(r.Context(), r.PathValue("id"), why)
	}
	if err != nil {
		o, gone := a.Orders.ByID(r.Context(), r.PathValue("id"))
		if gone != nil {
			return gone
		}
		return a.askAgain(w, r, "Cancel order", "orders", *cancelQuestion(o), err)
	}
	return done(w, r, "/admin/orders/"+o.ID, "The order was cancelled and its invoice is void.")
}
