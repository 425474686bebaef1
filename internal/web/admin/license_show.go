package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) licenseShow(w http.ResponseWriter, r *http.Request) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "License", "licenses"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: shortKey(l.Key)}}
	v.Head = ui.Head{Title: l.ProductName + ", " + l.PlanName, Sub: l.CustomerName, Badges: []ui.Badge{ui.StatusBadge(string(l.Status))}}
	mayWrite := visitorOf(r).staff.Role.Can(staff.LicensesWrite)
	if mayWrite {
		v.Head.Actions = licenseActions(l)
	}
	v.Callouts = licenseCallouts(v.Page, l)
	v.Left = []card{{Key: &ui.Key{Label: "Key", Value: l.Key, Large: true}, Details: licenseFacts(v.Page, l)}, {Head: ui.CardHead{Title: "Belongs to"}, Details: licenseLinks(l)}}
	if visitorOf(r).staff.Role.Can(staff.SalesRead) {
		paidBy, err := a.paidByCard(r.Context(), l.ID)
		if err != nil {
			return err
		}
		v.Left = append(v.Left, paidBy...)
	}
	for _, part := range []func(*http.Request, ui.Page, license.License, bool) ([]card, error){a.activationCards, a.placeCards, a.checkCards, a.historyCards} {
		cards, err := part(r, v.Page, l, mayWrite)
		if err != nil {
			return err
		}
		v.Right = append(v.Right, cards...)
	}
	return a.sheet(w, v)
}

func licenseActions(l license.License) []ui.Button {
	base := "/admin/licenses/" + l.ID
	out := []ui.Button{{Label: "Edit", Href: base + "/edit", Icon: "edit"}}
	heldByStaff := false
	for _, h := range l.Holds {
		heldByStaff = heldByStaff || h.Reason == license.HoldStaff
	}
	switch {
	case heldByStaff:
		out = append(out, ui.Button{Label: "Lift suspension", Href: base + "/lift", Icon: "play", Confirm: liftQuestion(l)})
	case l.Status == license.Active || l.Status == license.Suspended:
		out = append(out, ui.Button{Label: "Suspend", Href: base + "/suspend", Icon: "pause", Kind: ui.Dangerous, Confirm: suspendQuestion(l)})
	}
	return out
}

// holdWords say why a license is suspended.
var holdWords = map[license.HoldReason]string{
	license.HoldStaff: "Suspended by staff", license.HoldPayment: "A payment is missing", license.HoldDispute: "A payment is disputed", "parent": "The license it belongs to is not active",
}

func licenseCallouts(p ui.Page, l license.License) []ui.Callout {
	var out []ui.Callout
	for _, h := range l.Holds {
		text := "Since " + h.Since.In(p.Location()).Format("2 January 2006, 15:04") + "."
		if h.Why != "" {
			text += " " + h.Why
		}
		out = append(out, ui.Callout{Tone: ui.Warn, Title: holdWords[h.Reason], Text: text})
	}
	switch l.Status {
	case license.Expired:
		out = append(out, ui.Callout{Tone: ui.Info, Title: "Its time is over", Text: "Installed software is told that the license has expired. An extension by hand revives it."})
	case license.Revoked, license.Cancelled:
		out = append(out, ui.Callout{Tone: ui.Danger, Title: "It was " + string(l.Status), Text: "Nothing automatic brings it back. Staff can, with a reason, on the edit page."})
	}
	if l.Status == license.Active && l.Grace(p.Now) {
		out = append(out, ui.Callout{Tone: ui.Warn, Title: "It runs on grace", Text: "What is paid has ended."})
	}
	return out
}

func licenseFacts(p ui.Page, l license.License) *ui.Details {
	expires := ui.Text("Never")
	if l.ExpiresAt != nil {
		expires = ui.HTML(p.At(*l.ExpiresAt))
	}
	support := ui.Text("As long as it runs")
	switch {
	case l.Type == license.Purchased && l.UpdatesUntil == nil:
		support = ui.Text("Without end")
	case l.Type == license.Purchased:
		support = ui.HTML("until " + p.Day(*l.UpdatesUntil))
	}
	d := &ui.Details{Items: []ui.Detail{
		{Label: "Type", Value: ui.Text(statusText(string(l.Type)))},
		{Label: "Expires", Value: expires},
		{Label: "Support and upgrades", Value: support},
		{Label: "Activations", Value: ui.Used(int(l.ActivationsUsed), int(l.ActivationLimit)), Hint: "by " + string(l.ActivationType)},
		{Label: "Checks", Value: ui.Count(int(l.CheckCount))},
		{Label: "Last check", Value: ui.HTML(p.Ago(orZero(l.LastCheckAt))), Hint: l.LastCheckIP},
		{Label: "Issued", Value: ui.HTML(p.At(l.CreatedAt))},
	}}
	if text := entitlementText(l.Entitlements); text != "" {
		d.Items = append(d.Items, ui.Detail{Label: "Entitlements", Value: ui.Mono(strings.ReplaceAll(text, "\n", "; ")), Hint: yesNo(len(l.EntitlementOverrides) > 0, "Some are this license's own", "")})
	}
	d.Items = append(d.Items, ui.Detail{Label: "Id", Value: ui.Mono(l.ID).Copyable()})
	return d
}

func licenseLinks(l license.License) *ui.Details {
	d := &ui.Details{Items: []ui.Detail{
		{Label: "Customer", Value: ui.Person(l.CustomerName, l.CustomerEmail).To("/admin/customers/" + l.CustomerID)},
		{Label: "Product", Value: ui.Text(l.ProductName).To("/admin/products/" + l.ProductID)},
		{Label: "Plan", Value: ui.Text(l.PlanName)},
	}}
	if l.OrderID != "" {
		d.Items = append(d.Items, ui.Detail{Label: "Order", Value: ui.Mono(l.OrderID).To("/admin/orders/" + l.OrderID)})
	}
	return d
}

// activationsShown is how many activations a license's page shows.
const activationsShown = 20

func (a *area) activationCards(r *http.Request, p ui.Page, l license.License, mayWrite bool) ([]card, error) {
	activations, next, err := a.Licenses.Activations(r.Context(), l.ID, cursor(r), activationsShown)
	if err != nil {
		return nil, err
	}
	c := card{Head: ui.CardHead{Title: "Activations", Count: int(l.ActivationsUsed)}}
	if mayWrite {
		c.Head.Actions = []ui.Button{{Label: "Add", Href: "/admin/licenses/" + l.ID + "/activations/new", Icon: "plus", Small: true}}
	}
	if next != "" {
		c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "More", Href: ui.URLWith(r.URL, "after", next), Small: true})
	}
	t := ui.Table{Caption: "Activations", Flush: true, Columns: []ui.Column{{Label: "Place"}, {Label: "From", Narrow: true}, {Label: "Since"}, {Label: "Last seen"}}, Empty: &ui.Empty{Art: "key", Title: "Not in use yet", Text: "Installed software appears here when it activates the key."}}
	if mayWrite {
		t.Columns = append(t.Columns, ui.Column{Label: "Remove", Hidden: true})
	}
	held, err := a.Licenses.HeldByFiles(r.Context(), l.ID)
	if err != nil {
		return nil, err
	}
	for _, act := range activations {
		if until, kept := held[act.ID]; kept {
			act.Name = strings.TrimSpace(act.Name + " lease file until " + until.In(p.Location()).Format("2 January 2006"))
		}
		place := ui.Mono(act.Identifier).With(act.Name)
		if act.Override {
			place.Sub = strings.TrimSpace(act.Name + " added beyond the limit")
		}
		row := ui.Row{Cells: []ui.Cell{place, ui.Text(act.IP), ui.HTML(p.Ago(act.ActivatedAt)), ui.HTML(p.Ago(act.LastSeenAt))}}
		if mayWrite {
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Remove", Kind: ui.Quiet, Href: "/admin/licenses/" + l.ID + "/activations/" + act.ID + "/remove"}))
		}
		t.Rows = append(t.Rows, row)
	}
	c.Table = &t
	cards := []card{c}
	files, err := a.leaseFileCard(r, p, l)
	if err != nil {
		return nil, err
	}
	cards = append(cards, files...)
	rejected, err := a.Licenses.Rejected(r.Context(), l.ID)
	if err != nil || len(rejected) == 0 {
		return cards, err
	}
	rt := ui.Table{Caption: "Rejected attempts", Flush: true, Columns: []ui.Column{{Label: "Place"}, {Label: "Because"}, {Label: "Times", End: true}, {Label: "Last"}}}
	for _, x := range rejected[:min(len(rejected), 20)] {
		rt.Rows = append(rt.Rows, ui.Row{Cells: []ui.Cell{ui.Mono(x.Identifier).With(x.IP), ui.Text(statusText(x.Reason)), ui.Count(int(x.Attempts)), ui.HTML(p.Ago(x.LastAt))}})
	}
	return append(cards, card{Head: ui.CardHead{Title: "Rejected attempts", Count: len(rejected), Text: "Kept for a while, one row a place."}, Table: &rt}), nil
}

func (a *area) historyCards(r *http.Request, p ui.Page, l license.License, _ bool) ([]card, error) {
	entries, next, err := a.Licenses.History(r.Context(), l.ID, r.URL.Query().Get("history"), 20)
	if err != nil {
		return nil, err
	}
	t := &ui.Timeline{Empty: "Nothing has happened yet."}
	names := a.actors()
	for _, e := range entries {
		what := sentence(e.What)
		if e.Override {
			what += " (override)"
		}
		who := e.Actor.Name
		if who == "" {
			if who, err = names.name(r.Context(), e.Actor.Kind, e.Actor.ID); err != nil {
				return nil, err
			}
		}
		t.Events = append(t.Events, ui.Event{When: p.Ago(e.At), What: what, Actor: who, Icon: "dot", Before: license.UntilDay(e.Before), After: license.UntilDay(e.After), Why: e.Why})
	}
	if next != "" {
		t.MoreHref = ui.URLWith(r.URL, "history", next)
	}
	return []card{{Head: ui.CardHead{Title: "History"}, Timeline: t}}, nil
}
