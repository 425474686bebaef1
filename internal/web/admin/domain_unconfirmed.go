package admin

import (
	"cmp"
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// mostUnconfirmed is how many renewals the page shows that wait for the registry, the nearest to the last safe day first.
const mostUnconfirmed = 200

func (a *area) domainUnconfirmed(w http.ResponseWriter, r *http.Request) error {
	waiting, err := a.Renewals.Unconfirmed(r.Context(), mostUnconfirmed)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Waiting for the registry", "domains"), Head: ui.Head{Title: "Waiting for the registry", Sub: "Paid registrations, transfers and renewals that no registry has confirmed yet, and names that a registry has renewed and nobody has paid."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Waiting for the registry"}}
	v.Tabs = domainTabs("unconfirmed")
	mayWrite := visitorOf(r).staff.Role.Can(staff.DomainsWrite)
	t := unconfirmedTable(waiting, a.registryToday(), mayWrite)
	unpaid, err := a.autoRenewedTable(r.Context(), mayWrite)
	if err != nil {
		return err
	}
	arriving, err := a.arrivingTable(r.Context(), mayWrite)
	if err != nil {
		return err
	}
	v.Full = []card{
		{Head: ui.CardHead{Title: "Registrations and transfers", Count: len(arriving.Rows), Text: "Paid, and not confirmed yet, with what they wait for."}, Table: &arriving},
		{Head: ui.CardHead{Title: "Paid, being confirmed", Count: len(waiting), Text: "By their last safe day."}, Table: &t},
		{Head: ui.CardHead{Title: "Renewed by the registry, unpaid", Count: len(unpaid.Rows), Text: "Deleting the name at the registry until the last day returns the fee."}, Table: &unpaid},
	}
	return a.sheet(w, v)
}

func unconfirmedTable(waiting []renewal.Unsafe, today civil.Date, mayWrite bool) ui.Table {
	t := ui.Table{
		ID: "unconfirmed", Caption: "Paid, being confirmed", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "State", Wide: true}, {Label: "Renewal"}, {Label: "Last safe day"}},
		Empty: &ui.Empty{Art: "done", Title: "Every renewal that is paid is confirmed"},
	}
	if mayWrite {
		t.Columns = append(t.Columns, ui.Column{Label: "Act", Hidden: true})
	}
	for _, u := range waiting {
		n := u.Renewal
		state := ui.Status(string(n.State))
		state.Sub = renewalHoldWords[n.Hold]
		left := today.DaysUntil(u.LastSafe)
		row := ui.Row{Cells: []ui.Cell{
			ui.Text(shownName(u.Name)).Bold().To(domainsAt + "/" + n.DomainID), state, ui.Text(yearsText(n.Years) + ", to " + dateText(n.Expected)), ui.Text(dateText(u.LastSafe)).With(countdown(left)),
		}}
		row.Tone = unsafeTone(left)
		if mayWrite {
			act := ui.Cell{}
			if acts := renewalActs(n); len(acts) > 0 {
				act = ui.Act(acts[0])
			}
			row.Cells = append(row.Cells, act)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shownName is a name as people read it.
func shownName(name string) string {
	n, err := domainname.ParseName(name)
	if err != nil {
		return name
	}
	return n.Unicode()
}

// autoRenewedTable lists the domains that their registry has renewed by itself and nobody has paid for, with the last day
// on which deleting them there returns the fee, and what that is.
func (a *area) autoRenewedTable(ctx context.Context, mayWrite bool) (ui.Table, error) {
	t := ui.Table{
		ID: "auto-renewed", Caption: "Renewed by the registry, unpaid", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Customer"}, {Label: "Registry expiry"}, {Label: "Fee"}, {Label: "Last day to delete"}},
		Empty: &ui.Empty{Art: "done", Title: "None"},
	}
	if mayWrite {
		t.Columns = append(t.Columns, ui.Column{Label: "Act", Hidden: true})
	}
	today := a.registryToday()
	policies, err := a.Domains.Policies(ctx, "")
	if err != nil {
		return t, err
	}
	rows, _, err := a.Domains.List(ctx, domainname.Filter{Special: "auto_renewed", Order: "term_end", Limit: mostUnconfirmed})
	if err != nil {
		return t, err
	}
	for _, d := range rows {
		p, ok := policies.At(d.Extension, today)
		if !ok || !d.Standing.Status.Live() || d.Standing.Status == domainname.Expired || d.Confirming {
			continue
		}
		until, ok := d.Undo(p)
		if !ok {
			continue
		}
		cost, ok, err := a.Domains.YearCost(ctx, d.Domain, today)
		if err != nil {
			return t, err
		}
		fee := ui.Text("Not known")
		if ok {
			fee = ui.Text(cost.Format("en"))
		}
		last := domainname.RegistryDate(until)
		row := ui.Row{Cells: []ui.Cell{
			nameCell(d.Name, d.ID), ui.Text(d.CustomerName).To("/admin/customers/" + d.CustomerID), ui.Text(dateText(d.Expiry.Date())), fee,
			ui.Text(dateText(last)).With(countdown(today.DaysUntil(last)) + ", until " + until.Format("15:04") + " UTC"),
		}}
		if today.DaysUntil(last) <= 7 {
			row.Tone = ui.Warn
		}
		if mayWrite {
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Delete", Href: domainsAt + "/" + d.ID + "/delete"}))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// waitingCard is the card of the dashboard about renewals that wait for the registry; none where nothing waits.
func (a *area) waitingCard(ctx context.Context) ([]card, error) {
	waiting, err := a.Renewals.Unconfirmed(ctx, 5)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	today := a.registryToday()
	t := &ui.Table{ID: "unconfirmed", Caption: "Renewals waiting for the registry", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Last safe day"}}}
	for _, u := range waiting {
		n := u.Renewal
		what := cmp.Or(renewalHoldWords[n.Hold], statusText(string(n.State)))
		t.Rows = append(t.Rows, ui.Row{Tone: unsafeTone(today.DaysUntil(u.LastSafe)), Cells: []ui.Cell{
			ui.Text(shownName(u.Name)).With(what).To(domainsAt + "/" + n.DomainID), ui.Text(solid(dateText(u.LastSafe))).With(countdown(today.DaysUntil(u.LastSafe))),
		}})
	}
	return []card{{Head: ui.CardHead{Title: "Renewals waiting for the registry", Text: "Paid and not confirmed.", Actions: allOf(domainsAt + "/unconfirmed")}, Table: t}}, nil
}

// unsafeTone marks a renewal whose last safe day is near.
func unsafeTone(left int) ui.Tone {
	switch {
	case left <= 3:
		return ui.Danger
	case left <= 7:
		return ui.Warn
	default:
		return ""
	}
}
