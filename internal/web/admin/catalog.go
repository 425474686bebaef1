package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) catalogList(w http.ResponseWriter, r *http.Request) error {
	status := catalog.Status(r.URL.Query().Get("status"))
	products, next, err := a.Catalog.Products(r.Context(), catalog.Filter{Status: status, Cursor: cursor(r), Limit: perPage})
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Catalog", "catalog")}
	add := ui.Button{Label: "New product", Href: "/admin/products/new", Kind: ui.Primary, Icon: "plus"}
	v.Head = ui.Head{Title: "Catalog"}
	mayWrite := visitorOf(r).staff.Role.Can(staff.CatalogWrite)
	if mayWrite {
		v.Head.Actions = []ui.Button{add}
	}
	v.Tabs = ui.Tabs{Label: "Products", Items: []ui.Tab{
		{Label: "All", Href: "/admin/catalog", Current: status == ""},
		{Label: "On sale", Href: "/admin/catalog?status=active", Current: status == catalog.Active},
		{Label: "Archived", Href: "/admin/catalog?status=archived", Current: status == catalog.Archived},
	}}
	v.Table = ui.Table{Caption: "Products", Columns: []ui.Column{{Label: "Product"}, {Label: "Slug"}, {Label: "Status"}, {Label: "License"}}}
	for _, p := range products {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(p.Name).Bold().To("/admin/products/" + p.ID).With(p.Description), ui.Mono(p.Slug), ui.Status(string(p.Status)), ui.Text(yesNo(p.RequiresLicense, "Issued when paid", "None")),
		}})
	}
	switch {
	case status != "":
		v.Table.Empty = &ui.Empty{Art: "box", Title: "No such product", Action: &ui.Button{Label: "Show all", Href: "/admin/catalog"}}
	case mayWrite:
		v.Table.Empty = &ui.Empty{Art: "box", Title: "Your first product in minutes", Text: "A product is what you sell, a plan is how you sell it, a price is what it costs. Then take an order.", Action: &add}
	default:
		v.Table.Empty = &ui.Empty{Art: "box", Title: "No products yet"}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func yesNo(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func priceText(p catalog.Price) string {
	s := p.Money.Format("en")
	if p.Cycle.Recurs() {
		s += " " + cycleText(p.Cycle)
	}
	if p.SetupFee.Amount > 0 {
		s += " and " + p.SetupFee.Format("en") + " set-up"
	}
	switch {
	case p.TrialDays > 0:
		return s + ", after " + trialText(p.TrialDays, p.TrialMoney)
	case p.Cycle.Recurs():
		return s
	case !p.ValidFor.IsZero():
		return s + ", for " + p.ValidFor.String()
	default:
		return s + ", once"
	}
}

func trialText(days int64, price money.Money) string {
	span := civil.Span{Count: int(days), Unit: civil.Day}.String()
	if price.Amount == 0 {
		return span + " free"
	}
	return span + " for " + price.Format("en")
}

func (a *area) productShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := a.Catalog.Product(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, p.Name, "catalog")}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: p.Name}}
	v.Head = ui.Head{Title: p.Name, Sub: p.Description, Badges: []ui.Badge{ui.StatusBadge(string(p.Status))}}
	mayWrite := visitorOf(r).staff.Role.Can(staff.CatalogWrite)
	v.Head.Actions = []ui.Button{{Label: "Signing keys", Href: keysAt(p.ID), Icon: "key"}}
	if mayWrite {
		v.Head.Actions = []ui.Button{v.Head.Actions[0], {Label: "Edit", Href: "/admin/products/" + p.ID + "/edit", Icon: "edit"}, {Label: "New add-on", Href: "/admin/products/" + p.ID + "/plans/new?kind=addon", Icon: "plus"}, {Label: "New plan", Href: "/admin/products/" + p.ID + "/plans/new", Icon: "plus", Kind: ui.Primary}}
	}
	plans, err := a.Catalog.Plans(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, plan := range plans {
		c, err := a.planCard(r, v.Page, p, plan, plans, mayWrite)
		if err != nil {
			return err
		}
		v.Left = append(v.Left, c)
	}
	if len(plans) == 0 {
		c := card{Head: ui.CardHead{Title: "Plans"}, Empty: &ui.Empty{Art: "box", Title: "No plan yet", Text: "A plan says where a license may be used, how often, and with which features."}}
		if mayWrite {
			c.Empty.Action = &ui.Button{Label: "New plan", Href: "/admin/products/" + p.ID + "/plans/new", Kind: ui.Primary}
		}
		v.Left = append(v.Left, c)
	}
	releases, err := a.releaseCard(r, v.Page, p, mayWrite)
	if err != nil {
		return err
	}
	v.Left = append(v.Left, releases)
	unknown, err := a.unknownVersions(r, v.Page, p)
	if err != nil {
		return err
	}
	v.Left = append(v.Left, unknown...)
	facts := productFacts(v.Page, p)
	if p.Status == catalog.Active && slices.ContainsFunc(plans, inShop) {
		shop := ui.Detail{Label: "In the shop", Value: ui.Text("/products/" + p.Slug).To("/products/" + p.Slug), Hint: "With every plan that is not hidden and has a price"}
		facts.Items = slices.Insert(facts.Items, 1, shop)
	}
	v.Right = []card{{Head: ui.CardHead{Title: "Facts"}, Details: facts}, {Head: ui.CardHead{Title: "Licensing"}, Details: licensingFacts(p)}}
	return a.sheet(w, v)
}

// licensingFacts say how the product's licenses are checked.
func licensingFacts(product catalog.Product) *ui.Details {
	var must []string
	for _, part := range []struct {
		name string
		on   bool
	}{{"domain", product.Bindings.EnforceDomain}, {"IP address", product.Bindings.EnforceIP}, {"directory", product.Bindings.EnforceDirectory}} {
		if part.on {
			must = append(must, part.name)
		}
	}
	reissue := yesNo(product.Bindings.SelfReissue, "As often as they like", "No")
	if product.Bindings.SelfReissue && product.Bindings.MaxReissues > 0 {
		reissue = ui.Number(int(product.Bindings.MaxReissues)) + " times for one license"
	}
	public := ui.Text("None")
	if product.PublicCheck {
		public = ui.Text("/verify/" + product.Slug).To("/verify/" + product.Slug)
	}
	d := &ui.Details{Items: []ui.Detail{
		{Label: "Must match the first check", Value: ui.Text(cmp.Or(strings.Join(must, ", "), "Nothing"))},
		{Label: "Customers reissue", Value: ui.Text(reissue)},
		{Label: "Support is called", Value: ui.Text(product.PackName)},
		{Label: "Public page", Value: public},
		{Label: "WHMCS's protocol", Value: ui.Text(yesNo(product.HasCheckSecret, "Answered, with the secret", "Answered, without a secret"))},
	}}
	if len(product.PrivateSuffixes) > 0 {
		d.Items = append(d.Items, ui.Detail{Label: "Domains for development", Value: ui.Mono(strings.Join(product.PrivateSuffixes, ", "))})
	}
	return d
}

// inShop reports whether a plan can stand on its product's page in the shop.
func inShop(plan catalog.Plan) bool {
	return plan.Kind != catalog.KindAddon && plan.Status == catalog.Active && plan.Visibility != catalog.Hidden
}

func productFacts(p ui.Page, product catalog.Product) *ui.Details {
	format := "32 hex digits in four groups"
	if product.Key.Length > 0 {
		format = product.Key.Prefix + " and " + ui.Number(int(product.Key.Length)) + " hex digits"
	}
	removal := yesNo(product.SelfRemoval, "Yes", "No")
	if product.SelfRemoval && product.SelfRemovalsPer30d > 0 {
		removal = ui.Number(int(product.SelfRemovalsPer30d)) + " in 30 days"
	}
	return &ui.Details{Items: []ui.Detail{
		{Label: "Slug", Value: ui.Mono(product.Slug).Copyable()},
		{Label: "License", Value: ui.Text(yesNo(product.RequiresLicense, "Issued when paid", "None"))},
		{Label: "Keys", Value: ui.Text(format), Hint: yesNo(product.KeyIgnoreCase, "Upper and lower case are the same", "Upper and lower case differ")},
		{Label: "Customers remove activations", Value: ui.Text(removal)},
		{Label: "Since", Value: ui.HTML(p.Day(product.CreatedAt))},
		{Label: "Id", Value: ui.Mono(product.ID).Copyable()},
	}}
}

// planText says in a line what a plan is.
func planText(plan catalog.Plan) string {
	text := "Activations by " + plan.ActivationType + ": unlimited"
	switch {
	case plan.Kind == catalog.KindAddon && plan.ExtraActivations > 0:
		text = "Add-on: " + ui.Number(int(plan.ExtraActivations)) + " more activations"
	case plan.Kind == catalog.KindAddon:
		text = "Add-on"
	case plan.ActivationLimit > 0:
		text = "Activations by " + plan.ActivationType + ": " + ui.Number(int(plan.ActivationLimit))
	}
	return text + yesNo(plan.Visibility == catalog.Hidden, ". Hidden in the shop.", "") + yesNo(plan.Status == catalog.Archived, ". Archived.", "")
}

// checkFacts say how software with a license of the plan checks, and what support it includes.
func checkFacts(plan catalog.Plan) []ui.Detail {
	var details []ui.Detail
	if plan.Kind != catalog.KindAddon {
		c := plan.Checks
		text := "Every " + many(int(c.IntervalDays), "day", "days") + ", and " + many(int(c.GraceDays), "day", "days") + " without an answer"
		details = append(details, ui.Detail{Label: "License", Value: ui.Text(statusText(plan.LicenseType))}, ui.Detail{Label: "Checks", Value: ui.Text(text)})
		if c.FileDays > 0 {
			details = append(details, ui.Detail{Label: "Lease files", Value: ui.Text("Good for " + many(int(c.FileDays), "day", "days"))})
		}
	}
	switch {
	case !plan.Support.IsZero():
		details = append(details, ui.Detail{Label: "Support and upgrades", Value: ui.Text(plan.Support.String())})
	case plan.Kind != catalog.KindAddon && plan.LicenseType == catalog.Purchased:
		details = append(details, ui.Detail{Label: "Support and upgrades", Value: ui.Text("Without end")})
	}
	return details
}

// pathText names the plans to which a subscriber may change.
func pathText(plan catalog.Plan, all []catalog.Plan) string {
	var names []string
	for _, other := range all {
		if slices.Contains(plan.Paths, other.ID) {
			names = append(names, other.Name)
		}
	}
	return strings.Join(names, ", ")
}

func (a *area) planCard(r *http.Request, p ui.Page, product catalog.Product, plan catalog.Plan, all []catalog.Plan, mayWrite bool) (card, error) {
	prices, err := a.Catalog.Prices(r.Context(), plan.ID)
	if err != nil {
		return card{}, err
	}
	c := card{Head: ui.CardHead{Title: plan.Name, Text: planText(plan)}}
	details := checkFacts(plan)
	if features := entitlementText(plan.Entitlements); features != "" {
		details = append(details, ui.Detail{Label: "Entitlements", Value: ui.Mono(strings.ReplaceAll(features, "\n", "; "))})
	}
	if paths := pathText(plan, all); paths != "" {
		details = append(details, ui.Detail{Label: "Subscribers may change to", Value: ui.Text(paths)})
	}
	if product.Status == catalog.Active && plan.Status == catalog.Active && plan.Kind != catalog.KindAddon {
		for _, price := range prices {
			if price.Status == catalog.PriceActive {
				details = append(details, ui.Detail{Label: "Buy link", Value: ui.Mono(a.absolute(r, "/buy/"+price.ID)).Copyable(), Hint: priceText(price)})
			}
		}
	}
	if len(details) > 0 {
		c.Details = &ui.Details{Items: details}
	}
	t := ui.Table{Caption: "Prices of " + plan.Name, Flush: true, Columns: []ui.Column{{Label: "Price"}, {Label: "Version", End: true}, {Label: "Status"}, {Label: "Since"}}, Empty: &ui.Empty{Art: "list", Title: "No price yet", Text: "Without one, the plan can't be ordered."}}
	if mayWrite {
		c.Head.Actions = []ui.Button{{Label: "Edit", Href: "/admin/plans/" + plan.ID + "/edit", Small: true}, {Label: "Add price", Href: "/admin/plans/" + plan.ID + "/prices/new", Small: true}}
		t.Columns = append(t.Columns, ui.Column{Label: "Change", Hidden: true})
	}
	for _, price := range prices {
		row := ui.Row{Cells: []ui.Cell{ui.Text(priceText(price)).Bold().With(taxClassText(price)), ui.Count(int(price.Version)), ui.Status(string(price.Status)), ui.HTML(p.Day(price.CreatedAt))}}
		if mayWrite {
			act := ui.Cell{}
			if price.Status == catalog.PriceActive {
				act = ui.Act(ui.Button{Label: "Change", Href: "/admin/prices/" + price.ID + "/edit"})
			}
			row.Cells = append(row.Cells, act)
		}
		t.Rows = append(t.Rows, row)
	}
	c.Table = &t
	return c, nil
}

func (a *area) releaseCard(r *http.Request, p ui.Page, product catalog.Product, mayWrite bool) (card, error) {
	releases, next, err := a.Releases.List(r.Context(), release.Filter{ProductID: product.ID, Cursor: cursor(r), Limit: 20})
	if err != nil {
		return card{}, err
	}
	c := card{Head: ui.CardHead{Title: "Releases"}}
	if mayWrite {
		c.Head.Actions = []ui.Button{{Label: "New release", Href: "/admin/products/" + product.ID + "/releases/new", Small: true}}
	}
	if next != "" {
		c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Older", Href: ui.URLWith(r.URL, "after", next), Small: true})
	}
	t := ui.Table{Caption: "Releases", Flush: true, Columns: []ui.Column{{Label: "Version"}, {Label: "Channel"}, {Label: "State"}, {Label: "Files"}, {Label: "Released"}}, Empty: &ui.Empty{Art: "box", Title: "No release yet", Text: "Customers download what you publish here, and installed software learns of updates."}}
	for _, rel := range releases {
		state := "draft"
		if rel.PublishedAt != nil {
			state = "published"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Mono(rel.Version).To("/admin/releases/" + rel.ID), ui.Text(rel.Channel), ui.Status(state), ui.Count(len(rel.Files)), ui.HTML(p.Day(rel.ReleasedAt))}})
	}
	c.Table = &t
	return c, nil
}

// taxClassText names the tax class of a price unless it is the usual one.
func taxClassText(p catalog.Price) string {
	if p.TaxClass == catalog.StandardTax {
		return ""
	}
	return "Tax class " + p.TaxClass
}

// catalogAll asks for as many products as fit into a choice.
var catalogAll = catalog.Filter{Limit: 200}
