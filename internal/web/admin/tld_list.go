package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
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
	v := listView{Page: a.page(r, "Extensions", "tlds")}
	v.Head = ui.Head{Title: "Extensions", Sub: "What each registry allows, through whom it is reached, and what its domains cost.", More: &ui.Menu{Label: "CSV", Items: []ui.Button{
		{Label: "Export policies", Href: tldsAt + "/policies.csv", Icon: "download"}, {Label: "Export prices", Href: tldsAt + "/prices.csv", Icon: "download"},
	}}}
	if visitorOf(r).staff.Role.Can(staff.CatalogWrite) {
		v.Head.Actions = []ui.Button{{Label: "New extension", Href: tldsAt + "/add", Kind: ui.Primary, Icon: "plus"}}
		v.Head.More.Items = append(v.Head.More.Items, ui.Button{Label: "Import policies", Href: tldsAt + "/import/policies", Icon: "upload"}, ui.Button{Label: "Import prices", Href: tldsAt + "/import/prices", Icon: "upload"})
	}
	v.Filter = ui.Filter{Action: tldsAt, SearchLabel: "Search extensions", SearchName: "q", Search: q, Placeholder: "Such as com", ClearHref: tldsAt, Chips: chips(r, chipName{param: "q", label: "Search"})}
	v.Table = ui.Table{Caption: "Extensions", Columns: []ui.Column{
		{Label: "Extension"}, {Label: "Registrar"}, {Label: "Terms"}, {Label: "First day"}, {Label: "Last day", Narrow: true}, {Label: "Redemption", Narrow: true}, {Label: "Prices", End: true}, {Label: "Domains", End: true},
	}, Empty: &ui.Empty{Art: "globe", Title: "No such extension", Action: &ui.Button{Label: "Show all", Href: tldsAt}}}
	for _, t := range all {
		if q != "" && !strings.HasPrefix(t.Extension, q) {
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
	prices := ui.Count(len(t.Prices))
	if len(t.Prices) == 0 {
		prices = ui.Cell{}
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
	return append(cells, prices, ui.Count(t.Domains))
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
		return "T + " + strconv.Itoa(p.GraceDays)
	case p.Latest != nil && *p.Latest < 0:
		return "T − " + strconv.Itoa(-*p.Latest)
	default:
		return "T"
	}
}
