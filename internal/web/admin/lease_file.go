package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// filesShown is how many lease files a license's page shows; the API has all of them.
const filesShown = 20

// leaseFileCard lists the lease files of a license, if it has some.
func (a *area) leaseFileCard(r *http.Request, p ui.Page, l license.License) ([]card, error) {
	files, next, err := a.Licenses.Files(r.Context(), l.ID, "", filesShown)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	t := ui.Table{Caption: "Lease files", Flush: true, Columns: []ui.Column{{Label: "Place"}, {Label: "Made"}, {Label: "Good until"}}}
	for _, f := range files {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Mono(f.Identifier), ui.HTML(p.Ago(f.CreatedAt)), ui.HTML(p.At(f.ExpiresAt))}})
	}
	c := card{Head: ui.CardHead{Title: "Lease files", Text: "For installations that never ask. Nothing reaches them before the file has ended."}, Table: &t}
	if next != "" {
		c.Head.Text += " These are the newest."
	}
	return []card{c}, nil
}
