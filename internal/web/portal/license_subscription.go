package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// paidByCard shows the subscriptions that pay for a license and what is added to it; nil if there are none.
func (a *area) paidByCard(r *http.Request, p ui.Page, of license.License) (*card, error) {
	me := visitorOf(r).customer
	found, _, err := a.Subscriptions.List(r.Context(), subscription.Filter{CustomerID: me.ID, LicenseID: of.ID, Limit: perPage})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	l, err := a.ledge(r.Context(), me)
	if err != nil {
		return nil, err
	}
	c := card{Head: ui.CardHead{Title: "Subscription"}, Details: &ui.Details{}}
	if len(found) > 1 {
		c.Head = ui.CardHead{Title: "Subscriptions", Count: len(found)}
	}
	for _, sub := range found {
		o := l.of(sub)
		badge := standingBadge(o)
		c.Details.Items = append(c.Details.Items, ui.Detail{
			Label: sub.Description, Value: ui.Cell{Badge: &badge, Href: o.href("")}, Hint: o.sentence(p) + ". " + priceOf(sub) + ".",
			Action: &ui.Button{Label: "Manage", Href: o.href(""), Small: true, Kind: ui.Quiet},
		})
	}
	return &c, nil
}
