package admin

import (
	"html/template"
	"net/http"

	"github.com/keystead/keystead/internal/web/ui"
)

// listView is the shape of a list: heading, cards, filters, table, pager.
type listView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Stats    []ui.Stat
	Tabs     ui.Tabs
	Cards    []card
	Filter   ui.Filter
	Table    ui.Table
	Pager    ui.Pager
}

// formView is the shape of a page that is one form.
type formView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Tabs     ui.Tabs
	Filter   ui.Filter // of what is changed
	Form     ui.Form
}

// card is one card of a sheet. What is set is shown.
type card struct {
	Head     ui.CardHead
	Key      *ui.Key
	Details  *ui.Details
	Chart    template.HTML
	Effects  []string // what would follow
	Calm     bool     // none of it is grave
	Table    *ui.Table
	Timeline *ui.Timeline
	Words    string // a text as it was written
	Code     string // the same, for machines
	Form     *ui.Form
	Empty    *ui.Empty
}

// sheetView is the shape of one record, or of the dashboard: cards in two columns, Full below both.
type sheetView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Stats    []ui.Stat
	Tabs     ui.Tabs
	Lead     bool // the left column is the narrow one, with the facts
	Left     []card
	Right    []card
	Full     []card
}

func (a *area) list(w http.ResponseWriter, v listView) error {
	return a.pages.Render(w, http.StatusOK, "list", v)
}

func (a *area) sheet(w http.ResponseWriter, v sheetView) error {
	return a.pages.Render(w, http.StatusOK, "sheet", v)
}

// form renders a form; status is 200 for a fresh one and 422 for one that comes back with errors.
func (a *area) form(w http.ResponseWriter, status int, v formView) error {
	return a.pages.Render(w, status, "form", v)
}

// confirm renders the question of a destructive act as a page of its own, for browsers without script.
func (a *area) confirm(w http.ResponseWriter, p ui.Page, c ui.Confirm) error {
	p.Face = ui.Auth
	return a.pages.Render(w, http.StatusOK, "confirm", ui.ConfirmPage{Page: p, Confirm: c})
}
