package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/web/ui"
)

// paymentTabs lead between what came and what went back.
func (a *area) paymentTabs(current string) ui.Tabs {
	items := []ui.Tab{{Label: "Payments", Href: "/admin/payments"}, {Label: "Refunds", Href: "/admin/refunds"}, {Label: "Disputes", Href: "/admin/disputes"}}
	if a.Sandbox != nil {
		items = append(items, ui.Tab{Label: "Sandbox", Href: "/admin/sandbox"})
	}
	for i := range items {
		items[i].Current = items[i].Href == current
	}
	return ui.Tabs{Label: "Payments", Items: items}
}

func (a *area) paymentList(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	f := payment.Filter{CustomerID: q.Get("customer_id"), InvoiceID: q.Get("invoice_id"), Reference: q.Get("q"), Cursor: cursor(r), Limit: perPage}
	found, next, err := a.Payments.List(ctx, f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Payments", "payments"), Tabs: a.paymentTabs("/admin/payments")}
	v.Head = ui.Head{Title: "Payments"}
	v.Filter = ui.Filter{
		Action: "/admin/payments", SearchLabel: "Search payments", SearchName: "q", Search: f.Reference, Placeholder: "Reference, the whole of it",
		Chips: chips(r, chipName{param: "q", label: "Reference"}, chipName{param: "customer_id", label: "Customer"}, chipName{param: "invoice_id", label: "Invoice"}), ClearHref: "/admin/payments",
	}
	v.Table = ui.Table{Caption: "Payments", Columns: []ui.Column{{Label: "Reference"}, {Label: "Customer"}, {Label: "State"}, {Label: "Amount", End: true}, {Label: "Received"}}}
	who := a.buyers()
	for _, pay := range found {
		c, err := who.cell(ctx, pay.CustomerID)
		if err != nil {
			return err
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{referenceCell(pay), c, paymentStatus(pay), ui.Text(pay.Money.Format("en")).With(appliedWords(pay)), ui.HTML(v.Day(pay.ReceivedAt))}})
	}
	v.Table.Empty = &ui.Empty{Art: "invoice", Title: "No payments yet", Text: "What is charged, what arrives and is recorded, and account credit that is used stand here."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No payment found", Action: &ui.Button{Label: "Show all", Href: "/admin/payments"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) refundList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := report.ReturnFilter{State: q.Get("state"), CustomerID: q.Get("customer_id"), Cursor: cursor(r), Limit: perPage}
	found, next, err := a.Reports.Refunds(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Refunds", "payments"), Tabs: a.paymentTabs("/admin/refunds")}
	v.Head = ui.Head{Title: "Refunds", Sub: "A refund is made on the page of its invoice."}
	v.Filter = ui.Filter{
		Action: "/admin/refunds", ClearHref: "/admin/refunds", Selects: []ui.Select{{Label: "State", Name: "state", Value: f.State, Options: options("pending", "succeeded", "failed")}},
		Chips: chips(r, chipName{"state", "State", statusText}, chipName{param: "customer_id", label: "Customer"}),
	}
	v.Table = ui.Table{Caption: "Refunds", Columns: []ui.Column{{Label: "Invoice"}, {Label: "Customer"}, {Label: "State"}, {Label: "To"}, {Label: "Amount", End: true}, {Label: "When"}}}
	for _, x := range found {
		number := x.Number
		if number == "" {
			number = "Proforma"
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Mono(number).With(ui.Clip(x.Reason, 120)).To("/admin/invoices/" + x.InvoiceID), ui.Text(x.CustomerName).To("/admin/customers/" + x.CustomerID), ui.Status(x.State).With(x.Detail),
			refundTo(x.To, x.Gateway).With(originWords[x.Origin]).To("/admin/payments/" + x.PaymentID), ui.Text(x.Money.Format("en")).With(adjustWords(x.Adjust)), ui.HTML(v.Ago(x.CreatedAt)),
		}})
	}
	v.Table.Empty = &ui.Empty{Art: "done", Title: "No refunds", Text: "Money that goes back to customers stands here."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No refund found", Action: &ui.Button{Label: "Show all", Href: "/admin/refunds"}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// originWords say who made a refund, if it was not staff.
var originWords = map[string]string{"gateway": "made on the gateway's pages", "system": "by itself"}
