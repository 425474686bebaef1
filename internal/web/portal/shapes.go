package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/web/ui"
)

// perPage is how many rows a table shows.
const perPage = 50

// card is one card of a sheet. What is set is shown.
type card struct {
	Head     ui.CardHead
	Badge    *ui.Badge // beside the title
	Key      *ui.Key
	Details  *ui.Details
	Text     string
	Lines    []string // a text as it was typed
	Form     *ui.Form
	Buttons  []ui.Button
	Table    *ui.Table
	Timeline *ui.Timeline
	Foot     []ui.Button
}

// sheetView is a heading with cards: one below the other, and at the end some beside each other.
type sheetView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Cards    []card
	Left     []card
	Right    []card
	Lead     bool // the right ones come first where all stand below each other
	Empty    *ui.Empty
	Pager    ui.Pager
}

// listView is a heading with a table.
type listView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Filter   *ui.Filter
	Table    ui.Table
	Pager    ui.Pager
}

// gateView is a page for somebody who is not signed in: one form, and a word.
type gateView struct {
	ui.Page
	Heading string
	Lead    string
	Form    *ui.Form
	Note    string
	Buttons []ui.Button
}

func (a *area) sheet(w http.ResponseWriter, status int, v sheetView) error {
	return a.pages.Render(w, status, "sheet", v)
}

func (a *area) list(w http.ResponseWriter, v listView) error {
	return a.pages.Render(w, http.StatusOK, "list", v)
}

func (a *area) gate(w http.ResponseWriter, status int, v gateView) error {
	v.Face = ui.Auth
	return a.pages.Render(w, status, "gate", v)
}

// confirm renders the question of an act that can't be undone as a page of its own, for browsers without script.
func (a *area) confirm(w http.ResponseWriter, p ui.Page, c ui.Confirm) error {
	return a.pages.Render(w, http.StatusOK, "confirm", ui.ConfirmPage{Page: p, Confirm: c})
}

// cursor is where the page that is asked for begins.
func cursor(r *http.Request) string { return ui.Cursor(r.URL) }

// pager leads from one page of a list to the next, and back to the first.
func pager(r *http.Request, next string) ui.Pager {
	return ui.Paged(r.URL, next, "Previous leads back to the beginning")
}
