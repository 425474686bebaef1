package portal

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// A page holds this many activations, each with its question, and this many lines of history.
const (
	activationsPerPage = 12
	historyPerPage     = 40
)

func (a *area) licenseShow(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	may, err := a.removal(r, l)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, l.ProductName, "licenses")}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/account/licenses"}, {Label: ui.Clip(l.ProductName, 60)}}
	sentence, todo := standing(v.Page, l)
	v.Head = ui.Head{Title: l.ProductName, Sub: sentence + ".", Badges: []ui.Badge{ui.StatusBadge(string(l.Status))}}
	if todo != nil {
		v.Callouts = append(v.Callouts, *todo)
	}
	v.Cards = []card{{Key: &ui.Key{Label: "License key", Value: l.Key, Large: true}, Details: licenseFacts(v.Page, l)}}
	activations, err := a.activationCard(r, v.Page, l, may)
	if err != nil {
		return err
	}
	move, err := a.moving(r, l)
	if err != nil {
		return err
	}
	downloads, err := a.newestCard(r, v.Page, l)
	if err != nil {
		return err
	}
	history, err := a.historyCard(r, v.Page, l)
	if err != nil {
		return err
	}
	paidBy, err := a.paidByCard(r, v.Page, l)
	if err != nil {
		return err
	}
	support, err := a.supportCard(r, v.Page, l)
	if err != nil {
		return err
	}
	development, err := a.developmentCard(r, l)
	if err != nil {
		return err
	}
	v.Left, v.Right = []card{activations}, []card{history}
	for _, c := range []*card{development, support} {
		if c != nil {
			v.Right = append([]card{*c}, v.Right...)
		}
	}
	if paidBy != nil {
		v.Right = append([]card{*paidBy}, v.Right...)
	}
	if place := placeCard(l, move); place != nil {
		v.Left = append(v.Left, *place)
	}
	if downloads != nil {
		v.Left = append(v.Left, *downloads)
	}
	return a.sheet(w, http.StatusOK, v)
}

func licenseFacts(p ui.Page, l license.License) *ui.Details {
	label, runs := "Runs", ui.Text("For ever")
	if l.ExpiresAt != nil {
		label, runs = "Runs until", ui.HTML(p.At(*l.ExpiresAt))
	}
	if l.Status == license.Expired {
		label = "Ran until"
	}
	d := &ui.Details{Wide: true, Items: []ui.Detail{
		{Label: "Plan", Value: ui.Text(l.PlanName)},
		{Label: nounOf(l.ActivationType).many, Value: ui.Used(int(l.ActivationsUsed), int(l.ActivationLimit))},
		{Label: label, Value: runs},
	}}
	if until := l.SupportUntil(); until != nil {
		d.Items = append(d.Items, ui.Detail{Label: "Support and upgrades until", Value: ui.HTML(p.Day(*until))})
	}
	if l.ParentID != "" {
		d.Items = append(d.Items, ui.Detail{Label: "Beside", Value: ui.Text("Your purchased license").To("/account/licenses/" + l.ParentID)})
	}
	d.Items = append(d.Items, ui.Detail{Label: "Yours since", Value: ui.HTML(p.Day(l.CreatedAt))})
	return d
}

func (a *area) activationCard(r *http.Request, p ui.Page, l license.License, may removal) (card, error) {
	found, next, err := a.Licenses.Activations(r.Context(), l.ID, cursor(r), activationsPerPage)
	if err != nil {
		return card{}, err
	}
	n := nounOf(l.ActivationType)
	c := card{Head: ui.CardHead{Title: n.many, Count: int(l.ActivationsUsed), Text: "Where the license is in use. " + may.words(l.Status)}}
	t := ui.Table{
		Caption: "Where the license is in use", Flush: true,
		Columns: []ui.Column{{Label: "Where"}, {Label: "Since", Narrow: true}, {Label: "Last seen"}},
		Empty:   &ui.Empty{Art: "key", Title: "Not in use yet", Text: "Enter the key in the software. It appears here when it is activated."},
	}
	if may.allowed {
		t.Columns = append(t.Columns, ui.Column{Label: "Remove", Hidden: true, End: true})
	}
	held, err := a.Licenses.HeldByFiles(r.Context(), l.ID)
	if err != nil {
		return card{}, err
	}
	for _, act := range found {
		until, kept := held[act.ID]
		if kept {
			act.Name = strings.TrimSpace(act.Name + " Lease file until " + until.In(p.Location()).Format("2 January 2006"))
		}
		row := ui.Row{Cells: []ui.Cell{ui.Mono(act.Identifier).With(act.Name), ui.HTML(p.Ago(act.ActivatedAt)), ui.HTML(p.Ago(act.LastSeenAt))}}
		switch {
		case may.allowed && kept:
			row.Cells = append(row.Cells, ui.Text(""))
		case may.allowed:
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Remove", Kind: ui.Quiet, Href: removeHref(l.ID, act.ID), Confirm: removeQuestion(l, act.ID, act.Identifier, may)}))
		}
		t.Rows = append(t.Rows, row)
	}
	c.Table = &t
	offered, err := a.leaseFilesButton(r, l)
	if err != nil {
		return card{}, err
	}
	c.Foot = append(c.Foot, offered...)
	if cursor(r) != "" {
		c.Foot = append(c.Foot, ui.Button{Label: "Back to the beginning", Href: "/account/licenses/" + l.ID, Small: true})
	}
	if next != "" {
		c.Foot = append(c.Foot, ui.Button{Label: "Show more", Href: ui.URLWith(r.URL, "after", next), Small: true})
	}
	return c, nil
}
