package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// offersShown is how many prices a card offers to buy at.
const offersShown = 4

// supportCard tells until when a license has support and upgrades, and sells more; nil where there is nothing to tell.
func (a *area) supportCard(r *http.Request, p ui.Page, l license.License) (*card, error) {
	if l.Type != license.Purchased || l.UpdatesUntil == nil {
		return nil, nil
	}
	periods, err := a.Licenses.Support(r.Context(), l.ID)
	if err != nil {
		return nil, err
	}
	c := &card{Head: ui.CardHead{Title: "Support and upgrades", Text: "You have them until " + date(p, *l.UpdatesUntil) + ". What was released until then is yours for good."}}
	if !p.Now.Before(*l.UpdatesUntil) {
		c.Head.Text = "They ended on " + date(p, *l.UpdatesUntil) + ". What was released until then still runs; renew them to run what came since."
	}
	t := ui.Table{Caption: "What you have had", Flush: true, Columns: []ui.Column{{Label: "What"}, {Label: "From", Narrow: true}, {Label: "Until"}}}
	for _, s := range periods {
		what := ui.Text(s.Name)
		if s.TakenBackAt != nil {
			what = what.With("Refunded")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{what, ui.HTML(p.Day(s.StartsAt)), ui.HTML(p.Day(s.EndsAt))}})
	}
	if len(t.Rows) > 0 {
		c.Table = &t
	}
	if l.Status == license.Active || l.Status == license.Suspended {
		c.Foot, err = a.offers(r, l, func(plan catalog.Plan) bool { return plan.Kind == catalog.KindAddon && !plan.Support.IsZero() })
	}
	return c, err
}

// offers are what is on sale for a license: links into the shop, in the customer's currency.
func (a *area) offers(r *http.Request, l license.License, wanted func(catalog.Plan) bool) ([]ui.Button, error) {
	if a.Catalog == nil {
		return nil, nil
	}
	plans, err := a.Catalog.Plans(r.Context(), l.ProductID)
	if err != nil {
		return nil, err
	}
	prices, err := a.Catalog.ProductPrices(r.Context(), l.ProductID)
	if err != nil {
		return nil, err
	}
	var buttons []ui.Button
	for _, plan := range plans {
		if plan.Status != catalog.Active || plan.Visibility != catalog.Public || !wanted(plan) {
			continue
		}
		for _, at := range prices {
			if at.PlanID != plan.ID || at.Status != catalog.PriceActive || at.Money.Currency != visitorOf(r).customer.Currency || len(buttons) == offersShown {
				continue
			}
			buttons = append(buttons, ui.Button{Label: plan.Name + ": " + price(at.Money, 1, at.Cycle), Href: "/buy/" + at.ID + "?license=" + l.ID, Small: true})
		}
	}
	return buttons, nil
}

// developmentCard offers the license that comes for free with a purchased one, to develop in protected places; nil where
// there is none.
func (a *area) developmentCard(r *http.Request, l license.License) (*card, error) {
	d, err := a.Licenses.DevelopmentOf(r.Context(), l)
	if err != nil {
		return nil, err
	}
	c := &card{Head: ui.CardHead{Title: "Development license", Text: "To develop and test on localhost, on names under .test or .local, and in private networks."}}
	switch {
	case d.FreeID != "":
		c.Foot = []ui.Button{{Label: "Show the development license", Href: "/account/licenses/" + d.FreeID, Small: true}}
		if l.Status != license.Active {
			return c, nil
		}
		further, err := a.offers(r, l, func(plan catalog.Plan) bool {
			return plan.Kind == catalog.KindLicense && plan.LicenseType == catalog.Development
		})
		c.Foot = append(c.Foot, further...)
		return c, err
	case d.Offered:
		c.Head.Text += " One comes with this license at no charge."
		c.Form = &ui.Form{Action: "/account/licenses/" + l.ID + "/development", Submit: "Get the development license"}
		return c, nil
	}
	return nil, nil
}

// developmentAsk issues the free development license of a license.
func (a *area) developmentAsk(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	child, err := a.Licenses.RequestDevelopment(r.Context(), l.ID)
	switch e := fail.Of(err); {
	case err == nil:
		return done(w, r, "/account/licenses/"+child.ID, "This is your development license.")
	case e.Kind == fail.KindConflict:
		return say(w, r, "/account/licenses/"+l.ID, ui.Warn, e.Detail)
	default:
		return err
	}
}
