package portal

import (
	"context"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// download hands out a file of a published release of a license's product. It is never shown inline.
func (a *area) download(w http.ResponseWriter, r *http.Request) error {
	l, err := a.ownLicense(r)
	if err != nil {
		return err
	}
	id := r.PathValue("file")
	if !text.IsID(id) {
		return errNoPage
	}
	content, file, err := a.Releases.Open(r.Context(), id)
	if e := fail.Of(err); e != nil && e.Err != nil && e.Code == release.CodeFileNotFound {
		// The customer is told that it is not there; the operator is told which and why.
		a.Log.Error("a file of a release can't be read", "request_id", web.RequestID(r.Context()), "file", id, "err", e.Err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	rel, err := a.Releases.ByID(r.Context(), file.ReleaseID)
	if err != nil {
		return err
	}
	if rel.ProductID != l.ProductID || rel.PublishedAt == nil {
		return errNoPage
	}
	product, err := a.Releases.Product(r.Context(), rel.ProductID)
	if err != nil {
		return err
	}
	note := release.Download{LicenseID: l.ID, ProductID: l.ProductID, ReleaseID: rel.ID, File: file.Name, IP: web.ClientAddress(r.Context()), UserAgent: ui.Clip(strings.ToValidUTF8(r.UserAgent(), ""), 250)}
	if !mayFetch(l, product) {
		e := fail.Forbidden(license.CodeInactive, "To download this, the license must be active.")
		if l.Status == license.Expired {
			e = fail.Forbidden(license.CodeExpired, "To download this, the license must be active. It has expired.")
		}
		a.noteDownload(r, note, e.Code)
		return e
	}
	web.SetFileHeaders(w.Header(), file.Name, file.SHA256)
	if isStart(r) {
		a.noteDownload(r, note, release.Served)
	}
	http.ServeContent(web.Patient(w), r, "", file.CreatedAt, content)
	return nil
}

// isStart tells the beginning of a download from its later parts and from a look at its size.
func isStart(r *http.Request) bool {
	asked := r.Header.Get("Range")
	return r.Method == http.MethodGet && (asked == "" || strings.HasPrefix(asked, "bytes=0-"))
}

// noteDownload keeps a line of the download log. A store that can't write still serves its files.
func (a *area) noteDownload(r *http.Request, d release.Download, result string) {
	if r.Method != http.MethodGet {
		return
	}
	d.Result = result
	if err := a.Releases.LogDownload(context.WithoutCancel(r.Context()), d); err != nil {
		a.Log.Error("a download could not be logged", "request_id", web.RequestID(r.Context()), "result", result, "license", d.LicenseID, "release", d.ReleaseID, "err", err)
	}
}
