package portal

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// filesShown is how many lease files a page lists.
const filesShown = 20

func leaseFileHref(licenseID string) string { return "/account/licenses/" + licenseID + "/lease-files" }

// leaseFilePage takes the request file of an installation that can't reach the license server, and lists the lease files
// that were made.
func (a *area) leaseFilePage(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	return a.leaseFileView(w, r, http.StatusOK, l, "", nil)
}

func (a *area) leaseFileView(w http.ResponseWriter, r *http.Request, status int, l license.License, pasted string, problem error) error {
	v := sheetView{Page: a.page(w, r, "Lease files", "licenses")}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/account/licenses"}, {Label: ui.Clip(l.ProductName, 60), Href: "/account/licenses/" + l.ID}, {Label: "Lease files"}}
	v.Head = ui.Head{Title: "Lease files", Sub: "For an installation of " + l.ProductName + " without a way to the license server."}
	form, err := a.leaseFileForm(r, l, pasted, problem)
	switch e := fail.Of(err); {
	case err == nil:
		v.Cards = append(v.Cards, form)
	case e.Code == license.CodeNoFiles:
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Info, Title: "This plan has no lease files", Text: e.Detail})
	default:
		return err
	}
	made, next, err := a.leaseFileCard(r, v.Page, l)
	if err != nil {
		return err
	}
	if made != nil {
		v.Cards, v.Pager = append(v.Cards, *made), pager(r, next)
	}
	return a.sheet(w, status, v)
}

func (a *area) leaseFileForm(r *http.Request, l license.License, pasted string, problem error) (card, error) {
	days, err := a.Licenses.FileDays(r.Context(), l.ID)
	if err != nil {
		return card{}, err
	}
	f := ui.Form{
		Action: leaseFileHref(l.ID), Submit: "Make lease file", Cancel: "/account/licenses/" + l.ID, Stacked: true, Upload: true,
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Kind: ui.InputFile, Name: "file", Label: "Request file", Optional: true, Hint: "The installation makes it on its License Information page."},
			{Kind: ui.InputTextarea, Name: "request", Label: "Or its content", Value: pasted, Optional: true, Mono: true, Rows: 6},
		}}},
	}
	if problem != nil {
		byField, whole, ok := explained(problem)
		if !ok {
			return card{}, problem
		}
		f = ui.WithErrors(f, inRequest(byField), whole)
	}
	text := fmt.Sprintf("It is good for %d days, or until the license ends if that is before.", days)
	return card{Head: ui.CardHead{Title: "Make a lease file", Text: text + " It takes an activation, which you can't remove before the file has ended."}, Form: &f}, nil
}

// inRequest says of the members of a request file that they are in there; the form's own fields stay.
func inRequest(byField map[string]string) map[string]string {
	named := map[string]string{}
	for name, message := range byField {
		if name == "request" || name == "file" {
			named[name] = message
		} else {
			named["In the request file, "+name] = message
		}
	}
	return named
}

// leaseFileCard lists the lease files of a license; nil: it has none.
func (a *area) leaseFileCard(r *http.Request, p ui.Page, l license.License) (*card, string, error) {
	files, next, err := a.Licenses.Files(r.Context(), l.ID, cursor(r), filesShown)
	if err != nil || len(files) == 0 {
		return nil, "", err
	}
	t := ui.Table{Caption: "Lease files", Flush: true, Columns: []ui.Column{{Label: "Installation"}, {Label: "Made", Narrow: true}, {Label: "Good until"}, {Label: "Download", Hidden: true, End: true}}}
	for _, f := range files {
		row := ui.Row{Cells: []ui.Cell{ui.Mono(f.Identifier), ui.HTML(p.Ago(f.CreatedAt)), ui.HTML(p.At(f.ExpiresAt)), ui.Text("Ended")}}
		if f.ExpiresAt.After(p.Now) {
			row.Cells[3] = ui.Act(ui.Button{Label: "Download", Kind: ui.Quiet, Href: leaseFileHref(l.ID) + "/" + f.ID + "/data"})
		}
		t.Rows = append(t.Rows, row)
	}
	return &card{Head: ui.CardHead{Title: "Lease files", Text: "Put it in on the page on which the request was made. It answers that request alone."}, Table: &t}, next, nil
}

func (a *area) leaseFileMake(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	raw, pasted, err := requestFile(r)
	if err != nil {
		return a.leaseFileView(w, r, web.FormStatus(w, err), l, pasted, err)
	}
	request, err := check.ParseFileRequest(raw)
	if err == nil {
		_, err = a.Checks.File(r.Context(), l.ID, request, web.ClientIP(r.Context()))
	}
	if err != nil {
		// What was pasted may be long: it is shown again only where it can have been a request.
		if len(pasted) > check.MaxRequestFile {
			pasted = ""
		}
		if e := fail.Of(err); e.Kind == fail.KindForbidden {
			err = fail.Conflict(e.Code, e.Detail).Because(err) // about the license, not about who asks
		}
		return a.leaseFileView(w, r, web.FormStatus(w, err), l, pasted, err)
	}
	return done(w, r, leaseFileHref(l.ID), "The lease file is made. Download it and put it in where the request was made.")
}

// requestFile is what was uploaded or pasted.
func requestFile(r *http.Request) (raw []byte, pasted string, err error) {
	pasted = r.PostFormValue("request")
	f, _, err := r.FormFile("file")
	switch {
	case err == nil:
		defer func() { _ = f.Close() }()
		raw, err = io.ReadAll(io.LimitReader(f, check.MaxRequestFile+1))
		if err != nil {
			return nil, pasted, fail.Invalid("file", "could not be read").Because(err)
		}
	case !errors.Is(err, http.ErrMissingFile) && !errors.Is(err, http.ErrNotMultipart):
		return nil, pasted, fail.Invalid("file", "could not be read").Because(err)
	}
	switch {
	case len(raw) > 0 && pasted != "":
		return nil, pasted, fail.Invalid("request", "is given twice: choose a file or paste its content")
	case len(raw) > 0:
		return raw, "", nil
	case pasted == "":
		return nil, "", fail.Invalid("file", "is required: choose the request file, or paste its content")
	}
	return []byte(pasted), pasted, nil
}

// leaseFileData hands out a lease file.
func (a *area) leaseFileData(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	f, err := a.Licenses.File(r.Context(), l.ID, r.PathValue("lease"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="`+l.ProductSlug+`-lease.json"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	_, _ = w.Write(check.FileContent(f)) // whoever has gone away has no use for an error
	return nil
}

// leaseFilesButton leads to the lease files of a license that can have some, or has had.
func (a *area) leaseFilesButton(r *http.Request, l license.License) ([]ui.Button, error) {
	to := []ui.Button{{Label: "Lease files for offline use", Href: leaseFileHref(l.ID), Small: true}}
	_, err := a.Licenses.FileDays(r.Context(), l.ID)
	if err == nil {
		return to, nil
	}
	if fail.Of(err).Code != license.CodeNoFiles {
		return nil, err
	}
	made, _, err := a.Licenses.Files(r.Context(), l.ID, "", 1)
	if err != nil || len(made) == 0 {
		return nil, err
	}
	return to, nil
}
