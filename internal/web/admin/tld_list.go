package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const tldsAt = "/admin/tlds"

func (a *area) tldList(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Domains.TLDs(r.Context())
	if err != nil {
		return err
	}
	q := strings.TrimPrefix(strings.TrimSpace(strings.ToLower(r.URL.Query().Get("q"))), ".")
	sold := r.URL.Query().Get("sold")
	v := listView{Page: a.page(r, "Extensions", "tlds")}
	v.Head = ui.Head{Title: "Extensions", Sub: "What each registry allows, through whom it is reached, and what its domains cost.", More: &ui.Menu{Label: "CSV", Items: []ui.Button{
		{Label: "Export policies", Href: tldsAt + "/policies.csv", Icon: "download"}, {Label: "Export prices", Href: tldsAt + "/prices.csv", Icon: "download"}, {Label: "Export costs", Href: tldsAt + "/costs.csv", Icon: "download"},
	}}}
	if visitorOf(r).staff.Role.Can(staff.CatalogWrite) {
		v.Head.Actions = []ui.Button{{Label: "New extension", Href: tldsAt + "/add", Kind: ui.Primary, Icon: "plus"}}
		v.Head.More.Items = append(v.Head.More.Items, ui.Button{Label: "Import policies", Href: tldsAt + "/import/policies", Icon: "upload"}, ui.Button{Label: "Import prices", Href: tldsAt + "/import/prices", Icon: "upload"}, ui.Button{Label: "Import costs", Href: tldsAt + "/import/costs", Icon: "upload"})
	}
	v.Filter = ui.Filter{
		Action: tldsAt, SearchLabel: "Search extensions", SearchName: "q", Search: q, Placeholder: "Such as com", ClearHref: tldsAt,
		Selects: []ui.Select{{Label: "Show", Name: "sold", Value: sold, Options: []ui.Option{{Value: "", Label: "All"}, {Value: "yes", Label: "Sold here"}, {Value: "no", Label: "Not sold"}}}},
		Chips:   chips(r, chipName{param: "q", label: "Search"}, chipName{"sold", "Sold here", sentence}),
	}
	v.Table = ui.Table{Caption: "Extensions", Columns: []ui.Column{
		{Label: "Extension"}, {Label: "Registrar"}, {Label: "Terms"}, {Label: "Renewals from", Narrow: true}, {Label: "Until", Narrow: true}, {Label: "Restore for", Narrow: true}, {Label: "Renewal", End: true}, {Label: "Domains", End: true},
	}, Empty: &ui.Empty{Art: "globe", Title: "No such extension", Action: &ui.Button{Label: "Show all", Href: tldsAt}}}
	for _, t := range all {
		isSold := t.RegistrarID != "" && len(t.Prices) > 0
		if q != "" && !strings.HasPrefix(t.Extension, q) || sold == "yes" && !isSold || sold == "no" && isSold {
			continue
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: tldCells(t)})
	}
	return a.list(w, v)
}

func tldCells(t domainname.TLD) []ui.Cell {
	registrar := ui.Text("None")
	if t.RegistrarID != "" {
		registrar = ui.Text(t.Registrar).To(registrarsAt + "/" + t.RegistrarID)
	}
	cells := []ui.Cell{ui.Text("." + t.Extension).Bold().To(tldsAt + "/" + t.Extension), registrar}
	if p := t.Today; p != nil {
		redemption := ui.Cell{}
		if p.RedemptionDays > 0 {
			redemption = ui.Text(many(p.RedemptionDays, "day", "days"))
		}
		cells = append(cells, ui.Text(policyTerms(*p)), ui.Text(policyFirst(*p)), ui.Text(policyLast(*p)), redemption)
	} else {
		cells = append(cells, ui.Text("No policy"), ui.Cell{}, ui.Cell{}, ui.Cell{})
	}
	return append(cells, shortestRenewal(t), ui.Count(t.Domains))
}

// shortestRenewal is what the shortest renewal of an extension costs everybody, in the first currency that has a price.
func shortestRenewal(t domainname.TLD) ui.Cell {
	for _, l := range layersOf(t.Prices) {
		for years := 1; years < 10; years++ {
			if p, ok := ownPrice(t.Prices, l, domainname.ForRenewal, years, endOfDays); ok && p.Amount != domainname.Disabled {
				return ui.Text(money.New(p.Amount, p.Currency).Format("en")).With(everyText(years))
			}
		}
	}
	return ui.Cell{}
}

func policyTerms(p domainname.Policy) string {
	if p.MinYears == p.MaxYears {
		return yearsText(p.MinYears)
	}
	s := strconv.Itoa(p.MinYears) + " to " + yearsText(p.MaxYears)
	if p.StepYears > 1 {
		s += " in steps of " + strconv.Itoa(p.StepYears)
	}
	return s
}

func policyFirst(p domainname.Policy) string {
	if p.Earliest == nil {
		return "At any time"
	}
	return "From " + many(*p.Earliest, "day", "days") + " before"
}

// policyLast is the last day of a plain renewal, from the term's end.
func policyLast(p domainname.Policy) string {
	switch {
	case p.GraceDays > 0:
		return many(p.GraceDays, "day", "days") + " after the end"
	case p.Latest != nil && *p.Latest < 0:
		return many(-*p.Latest, "day", "days") + " before the end"
	default:
		return "The day of the end"
	}
}
