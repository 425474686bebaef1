package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// subscriptionsPerPage is small, as each is a card.
const subscriptionsPerPage = 20

func (a *area) subscriptionList(w http.ResponseWriter, r *http.Request) error {
	me := visitorOf(r).customer
	found, next, err := a.Subscriptions.List(r.Context(), subscription.Filter{CustomerID: me.ID, Cursor: cursor(r), Limit: subscriptionsPerPage})
	if err != nil {
		return err
	}
	l, err := a.ledge(r.Context(), me)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Subscriptions", "subscriptions"), Pager: pager(r, next)}
	v.Head = ui.Head{Title: "Your subscriptions"}
	for _, sub := range found {
		o := l.of(sub)
		v.Cards = append(v.Cards, subscriptionCard(v.Page, o))
	}
	if len(found) == 0 {
		v.Empty = &ui.Empty{
			Art: "list", Title: "No subscriptions", Text: "What you pay for again and again appears here: what is paid, what comes next, and how to change it.",
			Action: &ui.Button{Label: "See what there is", Href: "/"},
		}
	}
	return a.sheet(w, http.StatusOK, v)
}

func subscriptionCard(p ui.Page, o outlook) card {
	badge := standingBadge(o)
	c := card{
		Head:  ui.CardHead{Title: o.sub.Description, Text: o.sentence(p) + ".", Actions: []ui.Button{{Label: "Manage", Href: o.href(""), Small: true}}},
		Badge: &badge,
		Details: &ui.Details{Wide: true, Items: []ui.Detail{
			{Label: "Price", Value: ui.Text(priceOf(o.sub))},
		}},
	}
	next := ui.Detail{Label: "Next payment", Value: ui.Text("None")}
	switch d := o.dates(); {
	case !d.charged.IsZero():
		next.Value = ui.Text(day(d.charged)).With("from " + label(*o.method))
	case !d.due.IsZero():
		next.Value = ui.Text("Due on " + day(d.due))
	}
	c.Details.Items = append(c.Details.Items, next)
	if o.standing.Status == subscription.PastDue || o.overdue() && !o.disputed() {
		c.Head.Actions = append(o.pay(), c.Head.Actions...)
	}
	return c
}

// standingBadge adds to the status what people ask first: is it late.
func standingBadge(o outlook) ui.Badge {
	if o.standing.Status == subscription.Active && o.overdue() {
		return ui.StatusBadge("overdue")
	}
	return ui.StatusBadge(string(o.standing.Status))
}
