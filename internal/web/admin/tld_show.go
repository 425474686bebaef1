package admin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) tldShow(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Domains.TLD(r.Context(), r.PathValue("tld"))
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.CatalogWrite)
	base := tldsAt + "/" + t.Extension
	v := sheetView{Page: a.page(r, "."+t.Extension, "tlds"), Lead: true, Head: ui.Head{Title: "." + t.Extension, Sub: many(t.Domains, "domain", "domains")}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: "." + t.Extension}}
	if mayWrite {
		v.Head.Actions = []ui.Button{{Label: "New policy row", Href: base + "/policy", Icon: "plus"}, {Label: "Edit prices", Href: base + "/prices", Icon: "edit"}, {Label: "Registrar", Href: base + "/registrar", Icon: "link"}}
	}
	var costs domainname.Costs
	if t.RegistrarID != "" {
		if costs, err = a.Domains.CostsFor(r.Context(), t.RegistrarID, t.Extension); err != nil {
			return err
		}
	}
	table := pricesTableCard(costs, t, a.registryToday())
	if mayWrite && t.RegistrarID != "" {
		table.Head.Actions = []ui.Button{{Label: "Costs", Href: costEditAt(t.RegistrarID, t.Extension, ""), Small: true}}
	}
	v.Left = []card{policyCard(t)}
	v.Right = []card{policyHistory(t, a), table}
	if len(t.Coming) > 0 {
		v.Right = append(v.Right, comingPricesCard(t.Coming))
	}
	if t.Today == nil {
		v.Callouts = []ui.Callout{{Tone: ui.Warn, Title: "No policy counts today", Text: "Without one nothing is on offer for its domains."}}
	}
	return a.sheet(w, v)
}

// policyCard is the row that counts today.
func policyCard(t domainname.TLD) card {
	d := &ui.Details{}
	add := func(label, value, hint string) {
		d.Items = append(d.Items, ui.Detail{Label: label, Value: ui.Text(value), Hint: hint})
	}
	if t.RegistrarID != "" {
		d.Items = append(d.Items, ui.Detail{Label: "Registrar", Value: ui.Text(t.Registrar).To(registrarsAt + "/" + t.RegistrarID)})
	} else {
		add("Registrar", "None", "Its names are only renewed where they are.")
	}
	x := t.Today
	if x == nil {
		return card{Head: ui.CardHead{Title: "Today"}, Details: d}
	}
	add("Valid from", dateText(x.ValidFrom), "This row decides today")
	add("Terms", policyTerms(*x), "")
	add("First day", policyFirst(*x), "")
	add("Last plain day", policyLast(*x), "Of a renewal without a restore")
	add("Grace", yesNo(x.GraceDays > 0, many(x.GraceDays, "day", "days"), "None"), feeText("Fee", x.GraceFee, "no fee"))
	add("Redemption", yesNo(x.RedemptionDays > 0, many(x.RedemptionDays, "day", "days"), "None"), yesNo(x.RedemptionDays > 0, feeText("Fee", x.RedemptionFee, "staff quote it"), ""))
	add("At the expiry", yesNo(x.RegistryAutoRenews, "The registry adds a year", "Nothing by itself"), yesNo(x.ARGPDays > 0, "It can be undone for "+many(x.ARGPDays, "day", "days"), ""))
	add("Renew command", yesNo(x.ExplicitRenew, "Yes", "No: a mode is set at the registrar"), "")
	add("The date moves", yesNo(x.DateMoves == domainname.AtExpiry, "On the day of the expiry", "At once"), yesNo(x.ExpiryRounding == domainname.MonthEnd, "To the end of its month", ""))
	if x.GraceDays == 0 {
		add("Due", many(x.DueMargin, "day", "days")+" before the last plain day", "")
	}
	if x.YearsAheadLimit != nil {
		add("Years ahead", "At most "+strconv.Itoa(*x.YearsAheadLimit), "Unless the registry reports another number")
	}
	add("Source", x.Source, yesNo(x.ReadOn.IsZero(), "", "Read on "+dateText(x.ReadOn)))
	return card{Head: ui.CardHead{Title: "Today"}, Details: d}
}

func feeText(label string, fee domainname.Fee, none string) string {
	if fee.Unset() {
		return label + ": " + none
	}
	var sums []string
	for _, currency := range slices.Sorted(maps.Keys(fee)) {
		sums = append(sums, money.New(fee[currency], currency).Format("en"))
	}
	return label + ": " + strings.Join(sums, ", ")
}

// policyHistory are all rows, and which counts when.
func policyHistory(t domainname.TLD, a *area) card {
	rows := slices.Clone(t.Policies)
	rows.Sort()
	today := a.registryToday()
	table := &ui.Table{
		ID: "policies", Caption: "Policies", Flush: true, Columns: []ui.Column{{Label: "Valid from"}, {Label: "Terms"}, {Label: "First day"}, {Label: "Last day"}, {Label: "Redemption", Narrow: true}, {Label: "Source", Narrow: true}},
		Empty: &ui.Empty{Art: "list", Title: "No policy yet"},
	}
	for _, p := range slices.Backward(rows) {
		from := dayCell(p.ValidFrom)
		switch {
		case t.Today != nil && p.ID == t.Today.ID:
			from = from.Bold().With("decides today")
		case p.ValidFrom.After(today):
			from = from.With("to come")
		default:
			from = from.With("history")
		}
		table.Rows = append(table.Rows, ui.Row{Cells: []ui.Cell{from, ui.Text(policyTerms(p)), ui.Text(policyFirst(p)), ui.Text(policyLast(p)), ui.Text(yesNo(p.RedemptionDays > 0, many(p.RedemptionDays, "day", "days"), "None")), ui.Text(ui.Clip(p.Source, 60))}})
	}
	return card{Head: ui.CardHead{Title: "Policy rows", Text: "The row with the latest day that is not after today counts; rows that have counted stay."}, Table: table}
}

func (a *area) tldRegistrarPage(w http.ResponseWriter, r *http.Request, status int, chosen string, bad map[string]string, whole string) error {
	t, err := a.Domains.TLD(r.Context(), r.PathValue("tld"))
	if err != nil {
		return err
	}
	names, err := a.registrarNames(r, "None: names are only renewed where they are")
	if err != nil {
		return err
	}
	base := tldsAt + "/" + t.Extension
	v := formView{Page: a.page(r, "Registrar of ."+t.Extension, "tlds"), Head: ui.Head{Title: "Registrar of ." + t.Extension}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: "." + t.Extension, Href: base}, {Label: "Registrar"}}
	if status == http.StatusOK {
		chosen = t.Registrar
	}
	v.Form = ui.WithErrors(ui.Form{Action: base + "/registrar", Submit: "Save", Cancel: base, Sections: []ui.FormSection{{Title: "New domains", Text: "Domains that the store has keep the registrar that they have.", Fields: []ui.Field{
		{Kind: ui.InputSelect, Name: "registrar", Label: "Registered through", Value: chosen, Options: names},
	}}}}, bad, whole)
	return a.form(w, status, v)
}

func (a *area) tldRegistrar(w http.ResponseWriter, r *http.Request) error {
	return a.tldRegistrarPage(w, r, http.StatusOK, "", nil, "")
}

func (a *area) tldRegistrarSave(w http.ResponseWriter, r *http.Request) error {
	chosen := r.PostFormValue("registrar")
	t, _, err := a.Domains.SetTLD(r.Context(), domainname.TLDInput{Extension: r.PathValue("tld"), Registrar: &chosen})
	if err == nil {
		return done(w, r, tldsAt+"/"+t.Extension, "Saved.")
	}
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	return a.tldRegistrarPage(w, r, http.StatusUnprocessableEntity, chosen, bad, whole)
}
