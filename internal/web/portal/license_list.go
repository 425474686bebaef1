package portal

import (
	"context"
	"fmt"
	"net/http"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// licensesPerPage is small, as each is a card with all that is needed of it every day.
const licensesPerPage = 20

// hasLicenses reports whether a customer has any. Where that can't be told, it is taken to be so.
func (a *area) hasLicenses(ctx context.Context, customerID string) bool {
	rows, _, err := a.Licenses.List(ctx, license.Filter{CustomerID: customerID, Limit: 1})
	if err != nil {
		a.Log.Warn("licenses of a customer", "customer", customerID, "err", err)
	}
	return err != nil || len(rows) > 0
}

func (a *area) licenseList(w http.ResponseWriter, r *http.Request) error {
	found, next, err := a.Licenses.List(r.Context(), license.Filter{CustomerID: visitorOf(r).customer.ID, Cursor: cursor(r), Limit: licensesPerPage})
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Licenses", "licenses"), Pager: pager(r, next)}
	v.Head = ui.Head{Title: "Your licenses"}
	if n := a.toPay(r, visitorOf(r)); n > 0 {
		v.Callouts = append(v.Callouts, openInvoices(n))
	}
	about, err := a.domainCallouts(r)
	if err != nil {
		return err
	}
	v.Callouts = append(v.Callouts, about...)
	for _, l := range found {
		v.Cards = append(v.Cards, licenseCard(v.Page, l))
	}
	if len(found) == 0 {
		v.Empty = &ui.Empty{Art: "key", Title: "No licenses yet", Text: "What you buy from " + v.Store.Name + " appears here as soon as it is paid.", Action: &ui.Button{Label: "Your invoices", Href: "/account/invoices"}}
	}
	return a.sheet(w, http.StatusOK, v)
}

func openInvoices(n int) ui.Callout {
	c := ui.Callout{Tone: ui.Info, Title: "1 invoice is open", Text: "It says how to pay.", Actions: toInvoices()}
	if n > 1 {
		c.Title, c.Text = fmt.Sprintf("%d invoices are open", n), "Each says how to pay."
	}
	return c
}

func licenseCard(p ui.Page, l license.License) card {
	sentence, _ := standing(p, l)
	badge := ui.StatusBadge(string(l.Status))
	return card{
		Head:  ui.CardHead{Title: l.ProductName, Text: sentence + ".", Actions: []ui.Button{{Label: "Manage", Href: "/account/licenses/" + l.ID, Small: true}}},
		Badge: &badge,
		Key:   &ui.Key{Value: l.Key, Large: true},
		Details: &ui.Details{Wide: true, Items: []ui.Detail{
			{Label: "Plan", Value: ui.Text(l.PlanName)},
			{Label: nounOf(l.ActivationType).many, Value: ui.Used(int(l.ActivationsUsed), int(l.ActivationLimit))},
		}},
	}
}

// noun is what one place of use is called.
type noun struct{ one, many string }

var nouns = map[license.ActivationType]noun{
	license.Domain: {"domain", "Domains"}, license.Device: {"device", "Devices"}, license.Seat: {"person", "People"}, license.Instance: {"installation", "Installations"},
}

func nounOf(t license.ActivationType) noun {
	if n, ok := nouns[t]; ok {
		return n
	}
	return noun{"place", "Places"}
}
