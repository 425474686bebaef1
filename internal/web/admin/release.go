package admin

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// maxUpload bounds a release file.
const maxUpload = 2 << 30

func releaseForm(productID, version, channel, day, notes string) ui.Form {
	return ui.Form{Action: "/admin/products/" + productID + "/releases", Submit: "Create draft", Cancel: "/admin/products/" + productID, Sections: []ui.FormSection{{Title: "Release", Text: "A draft is seen by nobody until you publish it.", Fields: []ui.Field{
		{Name: "version", Label: "Version", Value: version, Required: true, Mono: true, Short: true, Placeholder: "2.1.0", Hint: "A semantic version"},
		{Name: "channel", Label: "Channel", Value: channel, Required: true, Short: true, MaxLength: 32},
		{Kind: ui.InputDate, Name: "released_on", Label: "Released on", Value: day, Required: true, Short: true},
		{Kind: ui.InputTextarea, Name: "notes", Label: "Notes", Value: notes, Optional: true, Rows: 8},
	}}}}
}

func (a *area) releasePage(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := formView{Page: a.page(r, "New release", "catalog"), Head: ui.Head{Title: "New release"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: "Product", Href: "/admin/products/" + r.PathValue("id")}, {Label: "New release"}}
	return a.form(w, status, v)
}

func (a *area) releaseNew(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Catalog.Product(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	p := a.page(r, "", "")
	return a.releasePage(w, r, http.StatusOK, releaseForm(r.PathValue("id"), "", release.Stable, civil.Of(p.Now, p.Location()).String(), ""))
}

func (a *area) releaseCreate(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	version, channel, day, notes := r.PostFormValue("version"), r.PostFormValue("channel"), r.PostFormValue("released_on"), r.PostFormValue("notes")
	again := func(bad map[string]string, whole string) error {
		return a.releasePage(w, r, http.StatusUnprocessableEntity, ui.WithErrors(releaseForm(id, version, channel, day, notes), bad, whole))
	}
	on, err := civil.Parse(day)
	if err != nil {
		return again(map[string]string{"released_on": "is not a date"}, "")
	}
	in := release.Input{ProductID: id, Version: version, Channel: channel, Notes: notes}
	page := a.page(r, "", "")
	if on != civil.Of(page.Now, page.Location()) {
		at := on.StartIn(page.Location())
		in.ReleasedAt = &at
	}
	made, err := a.Releases.Create(r.Context(), in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(bad, whole)
	}
	return done(w, r, "/admin/releases/"+made.ID, "The draft of "+made.Version+" was created. Add its file, then publish it.")
}

func (a *area) releaseShow(w http.ResponseWriter, r *http.Request) error {
	rel, err := a.Releases.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.releaseSheet(w, r, http.StatusOK, rel, "")
}

func (a *area) releaseSheet(w http.ResponseWriter, r *http.Request, status int, rel release.Release, problem string) error {
	product, err := a.Catalog.Product(r.Context(), rel.ProductID)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, product.Name+" "+rel.Version, "catalog")}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: product.Name, Href: "/admin/products/" + product.ID}, {Label: rel.Version}}
	state, mayWrite := "draft", visitorOf(r).staff.Role.Can(staff.CatalogWrite)
	act := ui.Button{Label: "Publish", Href: "/admin/releases/" + rel.ID + "/publish", Post: true, Kind: ui.Primary}
	if rel.PublishedAt != nil {
		state = "published"
		act = ui.Button{Label: "Take back", Href: "/admin/releases/" + rel.ID + "/unpublish", Post: true}
	}
	v.Head = ui.Head{Title: product.Name + " " + rel.Version, Badges: []ui.Badge{ui.StatusBadge(state)}}
	if mayWrite {
		v.Head.Actions = []ui.Button{act}
	}
	if problem != "" {
		v.Callouts = []ui.Callout{{Tone: ui.Danger, Title: "The file was not added", Text: problem}}
	}
	files := ui.Table{Caption: "Files", Flush: true, Columns: []ui.Column{{Label: "Name"}, {Label: "Bytes", End: true}, {Label: "SHA-256", Narrow: true}}, Empty: &ui.Empty{Art: "box", Title: "No file yet", Text: "The first file is what updates and downloads offer."}}
	for _, f := range rel.Files {
		files.Rows = append(files.Rows, ui.Row{Cells: []ui.Cell{ui.Text(f.Name), ui.Text(ui.Number(int(f.Size))), ui.Mono(f.SHA256[:16] + "…")}})
	}
	v.Left = []card{{Head: ui.CardHead{Title: "Files"}, Table: &files}}
	if mayWrite {
		v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Add a file"}, Form: &ui.Form{
			Action: "/admin/releases/" + rel.ID + "/files", Submit: "Upload", Upload: true, Stacked: true,
			Sections: []ui.FormSection{{Fields: []ui.Field{{Kind: ui.InputFile, Name: "file", Label: "File", Required: true}}}},
		}})
	}
	v.Right = []card{{Head: ui.CardHead{Title: "Facts"}, Details: &ui.Details{Items: []ui.Detail{
		{Label: "Channel", Value: ui.Text(rel.Channel)},
		{Label: "Released", Value: ui.HTML(v.Day(rel.ReleasedAt))},
		{Label: "Published", Value: ui.HTML(v.Ago(orZero(rel.PublishedAt)))},
		{Label: "Notes", Value: ui.Text(rel.Notes)},
		{Label: "Id", Value: ui.Mono(rel.ID).Copyable()},
	}}}}
	return a.pages.Render(w, status, "sheet", v)
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// releaseUpload streams the file part of the form into the store; nothing of it is kept in memory or a second time on disk.
func (a *area) releaseUpload(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	web.UnhurriedUpload(w) // a large file over a slow line may take longer than a page is given
	parts, err := r.MultipartReader()
	if err != nil {
		return fail.Malformed("INVALID_REQUEST", "This form sends a file.")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fail.Malformed("INVALID_REQUEST", "The upload ended early. Please try again.").Because(err)
		}
		if part.FormName() != "file" || strings.TrimSpace(part.FileName()) == "" {
			continue
		}
		f, err := a.Releases.AddFile(r.Context(), id, part.FileName(), part, maxUpload)
		if err == nil {
			return done(w, r, "/admin/releases/"+id, f.Name+" was added.")
		}
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		for _, m := range bad {
			whole += " " + m
		}
		rel, err := a.Releases.ByID(r.Context(), id)
		if err != nil {
			return err
		}
		return a.releaseSheet(w, r, http.StatusUnprocessableEntity, rel, strings.TrimSpace(whole))
	}
	return say(w, r, "/admin/releases/"+id, ui.Warn, "Choose a file first.")
}

func (a *area) releasePublish(w http.ResponseWriter, r *http.Request) error {
	rel, err := a.Releases.Publish(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/releases/"+rel.ID, rel.Version+" is published.")
}

func (a *area) releaseUnpublish(w http.ResponseWriter, r *http.Request) error {
	rel, err := a.Releases.Unpublish(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/releases/"+rel.ID, rel.Version+" is a draft again.")
}

// unknownVersions shows the versions that installed software says it is and of which the product has no release: whether
// support covers them is judged by what the software says of itself.
func (a *area) unknownVersions(r *http.Request, p ui.Page, product catalog.Product) ([]card, error) {
	unknown, err := a.Releases.Unknowns(r.Context(), product.ID)
	if err != nil || len(unknown) == 0 {
		return nil, err
	}
	t := ui.Table{Caption: "Versions without a release", Flush: true, Columns: []ui.Column{{Label: "Version"}, {Label: "First seen"}, {Label: "Last seen"}}}
	for _, u := range unknown[:min(len(unknown), 20)] {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Mono(u.Version), ui.HTML(p.Day(u.FirstAt)), ui.HTML(p.Day(u.LastAt))}})
	}
	return []card{{Head: ui.CardHead{Title: "Versions without a release", Text: "Installed software says it is one of these. Add a release, so that support periods decide about it."}, Table: &t}}, nil
}
