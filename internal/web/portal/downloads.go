package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/web/delivery"
	"github.com/keystead/keystead/internal/web/ui"
)

const (
	releasesPerPage = 10
	notesShown      = 600 // characters of a release's notes in a list
)

// newestCard offers the newest release of a license's product; nil if there is none.
func (a *area) newestCard(r *http.Request, p ui.Page, l license.License) (*card, error) {
	rel, ok, err := a.desk().Newest(r.Context(), l)
	if err != nil || !ok {
		return nil, err
	}
	product, err := a.Releases.Product(r.Context(), l.ProductID)
	if err != nil {
		return nil, err
	}
	c := releaseCard(p, l, rel, delivery.MayFetch(l, product), true)
	c.Head.Title = "Version " + rel.Version
	c.Foot = []ui.Button{{Label: "All versions", Href: "/account/licenses/" + l.ID + "/releases", Small: true}}
	return &c, nil
}

// releaseCard is a release with its files; without the right to fetch or to run them, it says why.
func releaseCard(p ui.Page, l license.License, rel release.Release, may, runs bool) card {
	c := card{Head: ui.CardHead{Title: rel.Version, Text: "Released on " + date(p, rel.ReleasedAt)}, Text: ui.Clip(rel.Notes, notesShown)}
	if rel.Channel != release.Stable {
		c.Head.Text += ", " + rel.Channel
	}
	switch {
	case !may:
		c.Head.Text += ". To download it, the license must be active."
	case !runs:
		c.Head.Text += ". Your support and upgrades ended before: renew them to run it."
	}
	may = may && runs
	t := ui.Table{Caption: "Files of version " + rel.Version, Flush: true, Columns: []ui.Column{{Label: "File"}, {Label: "Size", End: true}}}
	if may {
		t.Columns = append(t.Columns, ui.Column{Label: "Download", Hidden: true, End: true})
	}
	for _, f := range rel.Files {
		row := ui.Row{Cells: []ui.Cell{ui.Text(f.Name), ui.Text(delivery.Size(f.Size))}}
		if may {
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Download", Icon: "download", Href: "/account/licenses/" + l.ID + "/files/" + f.ID}))
		}
		t.Rows = append(t.Rows, row)
	}
	c.Table = &t
	return c
}

// downloadList shows the newest release of everything the customer has a license for.
func (a *area) downloadList(w http.ResponseWriter, r *http.Request) error {
	found, next, err := a.Licenses.List(r.Context(), license.Filter{CustomerID: visitorOf(r).customer.ID, Cursor: cursor(r), Limit: licensesPerPage})
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Downloads", "downloads"), Pager: pager(r, next)}
	v.Head = ui.Head{Title: "Downloads", Sub: "The newest version of what you have a license for."}
	for _, l := range bestOfEach(found) {
		c, err := a.newestCard(r, v.Page, l)
		if err != nil {
			return err
		}
		if c != nil {
			c.Head.Title = l.ProductName + " " + c.Head.Title[len("Version "):]
			v.Cards = append(v.Cards, *c)
		}
	}
	if len(v.Cards) == 0 {
		v.Empty = &ui.Empty{Art: "box", Title: "Nothing to download", Text: "The files of what you have a license for appear here."}
	}
	return a.sheet(w, http.StatusOK, v)
}

// bestOfEach keeps one license a product, an active one if there is one, in the order of the list.
func bestOfEach(licenses []license.License) []license.License {
	at := map[string]int{}
	var out []license.License
	for _, l := range licenses {
		i, seen := at[l.ProductID]
		switch {
		case !seen:
			at[l.ProductID] = len(out)
			out = append(out, l)
		case out[i].Status != license.Active && l.Status == license.Active:
			out[i] = l
		}
	}
	return out
}

// releaseList shows every published release of a license's product, the highest version first.
func (a *area) releaseList(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	product, err := a.Releases.Product(r.Context(), l.ProductID)
	if err != nil {
		return err
	}
	found, next, err := a.Releases.List(r.Context(), release.Filter{ProductID: l.ProductID, Cursor: cursor(r), Limit: releasesPerPage})
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "All versions", "downloads"), Pager: pager(r, next)}
	v.Head = ui.Head{Title: "All versions of " + l.ProductName}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/account/licenses"}, {Label: ui.Clip(l.ProductName, 60), Href: "/account/licenses/" + l.ID}, {Label: "All versions"}}
	for _, rel := range found {
		if rel.PublishedAt != nil && len(rel.Files) > 0 {
			v.Cards = append(v.Cards, releaseCard(v.Page, l, rel, delivery.MayFetch(l, product), delivery.MayRun(l, product, rel)))
		}
	}
	if len(v.Cards) == 0 && next == "" {
		v.Empty = &ui.Empty{Art: "box", Title: "Nothing to download", Text: "Nothing was released yet."}
	}
	return a.sheet(w, http.StatusOK, v)
}
