package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) disputeList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := report.ReturnFilter{State: q.Get("status"), CustomerID: q.Get("customer_id"), Cursor: cursor(r), Limit: perPage}
	found, next, err := a.Reports.Disputes(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Disputes", "payments"), Tabs: a.paymentTabs("/admin/disputes")}
	v.Head = ui.Head{Title: "Disputes", Sub: "Payments that customers have their banks take back."}
	v.Filter = ui.Filter{
		Action: "/admin/disputes", ClearHref: "/admin/disputes", Selects: []ui.Select{{Label: "Status", Name: "status", Value: f.State, Options: options("open", "won", "lost")}},
		Chips: chips(r, chipName{"status", "Status", statusText}, chipName{param: "customer_id", label: "Customer"}),
	}
	v.Table = ui.Table{Caption: "Disputes", Columns: []ui.Column{{Label: "Reference"}, {Label: "Customer"}, {Label: "Status"}, {Label: "Invoice"}, {Label: "Amount", End: true}, {Label: "Opened"}}}
	for _, d := range found {
		number := d.Number
		if number == "" {
			number = "Proforma"
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Mono(d.Reference).With(gatewayName(d.Gateway)).To("/admin/disputes/" + d.ID), ui.Text(d.CustomerName).To("/admin/customers/" + d.CustomerID), ui.Status(d.Status),
			ui.Mono(number).To("/admin/invoices/" + d.InvoiceID), ui.Text(d.Money.Format("en")), ui.HTML(v.Ago(d.OpenedAt)),
		}})
	}
	v.Table.Empty = &ui.Empty{Art: "done", Title: "No disputes", Text: "May it stay like that."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No dispute found", Action: &ui.Button{Label: "Show all", Href: "/admin/disputes"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// disputeWords say what a dispute means while it is in a status.
var disputeWords = map[payment.DisputeStatus]struct {
	tone        ui.Tone
	title, text string
}{
	payment.DisputeOpen: {ui.Danger, "It is open", "The payment counts as charged back, and the licenses that it paid for are held. Nothing of the invoice is charged or refunded. The answer to the bank is given on the gateway's pages."},
	payment.DisputeWon:  {ui.Success, "It was won, or withdrawn", "The payment counts again, the hold is lifted, and billing goes on."},
	payment.DisputeLost: {ui.Danger, "It was lost", "The licenses that it paid for are revoked, their subscription has ended, and the invoice is uncollectible."},
}

func (a *area) disputeShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := a.Reports.Dispute(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	i, err := a.Billing.ByID(ctx, d.InvoiceID)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Dispute", "payments"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Disputes", Href: "/admin/disputes"}, {Label: d.Reference}}
	v.Head = ui.Head{Title: "Dispute over " + d.Money.Format("en"), Sub: d.CustomerName, Badges: []ui.Badge{ui.StatusBadge(d.Status)}}
	status := payment.DisputeStatus(d.Status)
	if status == payment.DisputeOpen && a.Sandbox != nil && d.Gateway == a.Sandbox.Name() && visitorOf(r).staff.Role.Can(staff.SalesWrite) {
		v.Head.Actions = []ui.Button{{Label: "Decide it", Href: "/admin/disputes/" + d.ID + "/close", Kind: ui.Primary}}
	}
	words := disputeWords[status]
	v.Callouts = []ui.Callout{{Tone: words.tone, Title: words.title, Text: words.text}}
	closed := ui.Text("Not yet")
	if d.ClosedAt != nil {
		closed = ui.HTML(v.At(*d.ClosedAt))
	}
	v.Left = []card{{Head: ui.CardHead{Title: "Facts"}, Details: &ui.Details{Items: []ui.Detail{
		{Label: "Customer", Value: ui.Text(d.CustomerName).To("/admin/customers/" + d.CustomerID)},
		{Label: "Invoice", Value: ui.Mono(numberOf(i)).To("/admin/invoices/" + i.ID)},
		{Label: "Payment", Value: ui.Text(d.Money.Format("en")).To("/admin/payments/" + d.PaymentID)},
		{Label: "Reason", Value: ui.Text(d.Reason)},
		{Label: "Gateway", Value: ui.Text(gatewayName(d.Gateway))},
		{Label: "Reference", Value: ui.Mono(d.Reference).Copyable()},
		{Label: "Opened", Value: ui.HTML(v.At(d.OpenedAt))},
		{Label: "Decided", Value: closed},
		{Label: "Id", Value: ui.Mono(d.ID).Copyable()},
	}}}}
	story, err := a.story(r, v.Page, event.Filter{SubjectID: d.ID, Limit: 30})
	if err != nil {
		return err
	}
	v.Right = []card{{Head: ui.CardHead{Title: "What the invoice pays for"}, Table: linkTable(i, false)}, {Head: ui.CardHead{Title: "Story"}, Timeline: story}}
	return a.sheet(w, v)
}
