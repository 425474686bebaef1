package shop

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web/ui"
)

type productView struct {
	ui.Page
	Head       ui.Head
	About      []string // paragraphs
	Cycles     *ui.Tabs // nil: there is no choice
	Currencies []ui.Tab
	Plans      []ui.Plan
	Addons     []ui.Plan
	Notes      []string
}

// productShow is the plan table of a product. Cycle and currency are chosen by links, so that they can be sent to others.
func (s *shop) productShow(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Catalog.ProductBySlug(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	shelf, err := s.shelf(r.Context(), p)
	if err != nil {
		return err
	}
	if p.Status != catalog.Active || len(shelf.offers) == 0 {
		return errNoPage
	}
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	currency := shelf.currency(money.Currency(q.Get("currency")), now.Currency)
	cycle := shelf.cycle(currency, civil.Cycle(q.Get("cycle")))

	v := productView{Page: s.page(w, r, p.Name, "products")}
	v.Crumbs = []ui.Crumb{{Label: "Products", Href: "/"}, {Label: ui.Clip(p.Name, 60)}}
	v.Head = ui.Head{Title: p.Name}
	if about := paragraphs(p.Description); len(about) == 1 && len(about[0]) <= 2*aboutShown {
		v.Head.Sub = about[0]
	} else {
		v.About = about
	}
	v.Cycles = cycleTabs(r, shelf, currency, cycle)
	v.Currencies = currencyTabs(r, shelf, currency)
	for _, o := range shelf.of(catalog.KindLicense) {
		if price, ok := o.at(currency, cycle); ok {
			v.Plans = append(v.Plans, planOf(p, o.plan, price, ui.Button{Label: buyLabel(price), Kind: ui.Primary}))
		}
	}
	for _, o := range shelf.of(catalog.KindAddon) {
		if price, ok := o.at(currency, cycle); ok {
			v.Addons = append(v.Addons, planOf(p, o.plan, price, ui.Button{Label: "Add to a license"}))
		}
	}
	if v.Notes, err = s.productNotes(r, v.Page, p, now); err != nil {
		return err
	}
	return s.pages.Render(w, http.StatusOK, "product_show", v)
}

// planOf is a plan as it stands in the table.
func planOf(p catalog.Product, plan catalog.Plan, price catalog.Price, action ui.Button) ui.Plan {
	action.Href = "/buy/" + price.ID
	return ui.Plan{
		Name: plan.Name, Price: brief(price.Money), Unit: each(price.Cycle), Note: strings.Join(terms(price), ", "),
		Features: contents(p, plan), Action: action,
	}
}

func buyLabel(p catalog.Price) string {
	if p.TrialDays > 0 {
		return "Start the trial"
	}
	return "Add to cart"
}

func cycleTabs(r *http.Request, s shelf, currency money.Currency, current civil.Cycle) *ui.Tabs {
	all := s.cycles(currency)
	if len(all) < 2 {
		return nil
	}
	t := &ui.Tabs{Label: "How often you pay"}
	for _, c := range all {
		t.Items = append(t.Items, ui.Tab{Label: cycleName(c), Href: ui.URLWith(r.URL, "cycle", string(c)), Current: c == current})
	}
	return t
}

func currencyTabs(r *http.Request, s shelf, current money.Currency) []ui.Tab {
	all := s.currencies()
	if len(all) < 2 {
		return nil
	}
	var out []ui.Tab
	for _, c := range all {
		out = append(out, ui.Tab{Label: string(c), Href: ui.URLWith(r.URL, "currency", string(c)), Current: c == current})
	}
	return out
}

// productNotes is the small print below the plans.
func (s *shop) productNotes(r *http.Request, p ui.Page, product catalog.Product, now *setting.Settings) ([]string, error) {
	var out []string
	switch now.TaxMode {
	case "exclusive":
		out = append(out, "Prices are without tax. The cart shows it for your country before you pay.")
	case "inclusive":
		out = append(out, "Prices include tax.")
	}
	rel, ok, err := s.desk.Newest(r.Context(), license.License{ProductID: product.ID})
	if err != nil {
		return nil, err
	}
	if ok {
		out = append(out, "The newest version is "+rel.Version+" of "+rel.ReleasedAt.In(p.Location()).Format("2 January 2006")+".")
	}
	return out, nil
}

// paragraphs are those of a text.
func paragraphs(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, "\n") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
