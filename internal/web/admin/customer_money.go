package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// customerMoney are the cards of what a customer pays for again and again, and by what: subscriptions, payment methods,
// credit notes, account credit.
func (a *area) customerMoney(r *http.Request, p ui.Page, c customer.Customer, mayWrite bool) ([]card, error) {
	ctx := r.Context()
	subs, _, err := a.Subscriptions.List(ctx, subscription.Filter{CustomerID: c.ID, Limit: beside})
	if err != nil {
		return nil, err
	}
	t, err := a.subscriptionTable(ctx, subs, false)
	if err != nil {
		return nil, err
	}
	t.ID, t.Flush = "subscriptions", true
	methods, err := a.methodCard(ctx, p, c.ID, mayWrite)
	if err != nil {
		return nil, err
	}
	var out []card
	if len(subs) > 0 {
		out = append(out, card{Head: ui.CardHead{Title: "Subscriptions", Actions: allOf("/admin/subscriptions?customer_id=" + c.ID)}, Table: &t})
	}
	out = append(out, methods)
	credit, err := a.creditCard(ctx, p, c)
	if err != nil {
		return nil, err
	}
	if credit != nil {
		out = append(out, *credit)
	}
	notes, _, err := a.Reports.CreditNotes(ctx, report.NoteFilter{CustomerID: c.ID, Limit: beside})
	if err != nil || len(notes) == 0 {
		return out, err
	}
	nt := noteTable(notes, false)
	nt.Flush = true
	return append(out, card{Head: ui.CardHead{Title: "Credit notes", Actions: allOf("/admin/credit-notes?customer_id=" + c.ID)}, Table: &nt}), nil
}

// subscriptionsCard shows some subscriptions by their ids.
func (a *area) subscriptionsCard(ctx context.Context, ids []string) (card, error) {
	subs := make([]subscription.Subscription, len(ids))
	var err error
	for i, id := range ids {
		if subs[i], err = a.Subscriptions.ByID(ctx, id); err != nil {
			return card{}, err
		}
	}
	t, err := a.subscriptionTable(ctx, subs, false)
	t.ID, t.Flush = "subscriptions", true
	return card{Head: ui.CardHead{Title: "Subscriptions"}, Table: &t}, err
}

// paidByCard shows the subscriptions that pay for a license, or add to it.
func (a *area) paidByCard(ctx context.Context, licenseID string) ([]card, error) {
	subs, _, err := a.Subscriptions.List(ctx, subscription.Filter{LicenseID: licenseID, Limit: beside})
	if err != nil || len(subs) == 0 {
		return nil, err
	}
	d := &ui.Details{}
	for _, s := range subs {
		label := "Paid by"
		if s.Kind == subscription.OfAddon {
			label = "Add-on"
		}
		d.Items = append(d.Items, ui.Detail{
			Label: label, Value: ui.Text(quantityText(s.Description, s.Quantity)).To("/admin/subscriptions/" + s.ID),
			Hint: statusText(string(s.Status)) + ", " + s.Recurring().Format("en") + " " + cycleText(s.Cycle),
		})
	}
	return []card{{Head: ui.CardHead{Title: "Subscription"}, Details: d}}, nil
}

// mailCard shows what was written to a customer lately, if anything was.
func (a *area) mailCard(ctx context.Context, p ui.Page, customerID string) ([]card, error) {
	mails, _, err := a.Mail.List(ctx, mail.Filter{CustomerID: customerID, Limit: beside})
	if err != nil || len(mails) == 0 {
		return nil, err
	}
	t := &ui.Table{ID: "mails", Flush: true, Caption: "Mails", Columns: []ui.Column{{Label: "Mail"}, {Label: "State"}, {Label: "Written"}}}
	for _, m := range mails {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(mailTitle(string(m.Kind))).To("/admin/mail/" + m.ID), ui.Status(string(m.State)), ui.HTML(p.Ago(m.CreatedAt))}})
	}
	return []card{{Head: ui.CardHead{Title: "Mails", Actions: allOf("/admin/mail?customer_id=" + customerID)}, Table: t}}, nil
}
