package admin

import (
	"context"
	"net/url"
	"strings"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// searchMoney looks for what is paid: subscriptions of the customers that were found, payments and disputes by their
// reference, credit notes by their number. exact is the page of a hit that was named in full.
func (a *area) searchMoney(ctx context.Context, p ui.Page, q string, people []customer.Customer) (cards []card, exact string, err error) {
	var subs []subscription.Subscription
	for _, c := range people {
		of, _, err := a.Subscriptions.List(ctx, subscription.Filter{CustomerID: c.ID, Limit: found})
		if err != nil {
			return nil, "", err
		}
		subs = append(subs, of...)
	}
	if len(subs) > 0 {
		t, err := a.subscriptionTable(ctx, subs[:min(found, len(subs))], true)
		if err != nil {
			return nil, "", err
		}
		t.ID, t.Flush = "subscriptions", true
		cards = append(cards, card{Head: ui.CardHead{Title: "Subscriptions", Text: "Of the customers above."}, Table: &t})
	}
	payments, _, err := a.Payments.List(ctx, payment.Filter{Reference: q, Limit: found})
	if err != nil && fail.Of(err).Kind != fail.KindInvalid {
		return nil, "", err
	}
	if len(payments) > 0 {
		t := paymentTable(p, payments)
		cards = append(cards, card{Head: ui.CardHead{Title: "Payments", Actions: allOf("/admin/payments?q=" + url.QueryEscape(q))}, Table: &t})
	}
	notes, _, err := a.Reports.CreditNotes(ctx, report.NoteFilter{Query: q, Limit: found})
	if err != nil && fail.Of(err).Kind != fail.KindInvalid {
		return nil, "", err
	}
	for _, n := range notes {
		if strings.EqualFold(n.Note, q) {
			exact = "/admin/credit-notes/" + n.ID
		}
	}
	if len(notes) > 0 {
		t := noteTable(notes, true)
		t.Flush = true
		cards = append(cards, card{Head: ui.CardHead{Title: "Credit notes", Actions: allOf("/admin/credit-notes?q=" + url.QueryEscape(q))}, Table: &t})
	}
	d, err := a.Reports.Dispute(ctx, q)
	if err == nil {
		return cards, "/admin/disputes/" + d.ID, nil
	}
	if fail.Of(err).Kind != fail.KindNotFound {
		return nil, "", err
	}
	return cards, exact, nil
}
