// Package delivery hands the files of releases to people who have a license for them: in the portal, and on the page
// after an order.
package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

var errNoFile = fail.NotFound("FILE_NOT_FOUND", "There is no such file.")

// Desk is where files are handed out.
type Desk struct {
	Releases *release.Service
	Log      *slog.Logger
}

// MayFetch reports whether the files of a product may be downloaded with a license: as installed software may.
func MayFetch(l license.License, p release.Product) bool {
	return !p.RequiresLicense || l.Status == license.Active
}

// MayRun reports whether a release is one that a license may run: it came before the end of its support.
func MayRun(l license.License, p release.Product, rel release.Release) bool {
	return !p.RequiresLicense || l.UpdatesUntil == nil || !rel.ReleasedAt.After(*l.UpdatesUntil)
}

// Newest is the release that a license's holder most likely wants, of those that it may run; ok is false if the product has
// none with a file.
func (d Desk) Newest(ctx context.Context, l license.License) (rel release.Release, ok bool, err error) {
	product, err := d.Releases.Product(ctx, l.ProductID)
	if err != nil {
		return release.Release{}, false, err
	}
	var until time.Time
	if product.RequiresLicense && l.UpdatesUntil != nil {
		until = *l.UpdatesUntil
	}
	rel, err = d.Releases.NewestBy(ctx, l.ProductID, release.Stable, until)
	if e := fail.Of(err); e != nil && e.Code == release.CodeDownloadNotFound {
		return release.Release{}, false, nil
	}
	return rel, err == nil && len(rel.Files) > 0, err
}

// Serve hands out a file of a published release of a license's product. It is never shown inline.
func (d Desk) Serve(w http.ResponseWriter, r *http.Request, l license.License, fileID string) error {
	if !text.IsID(fileID) {
		return errNoFile
	}
	content, file, err := d.Releases.Open(r.Context(), fileID)
	if e := fail.Of(err); e != nil && e.Err != nil && e.Code == release.CodeFileNotFound {
		// The customer is told that it is not there; the operator is told which and why.
		d.Log.Error("a file of a release can't be read", "request_id", web.RequestID(r.Context()), "file", fileID, "err", e.Err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	rel, err := d.Releases.ByID(r.Context(), file.ReleaseID)
	if err != nil {
		return err
	}
	if rel.ProductID != l.ProductID || rel.PublishedAt == nil {
		return errNoFile
	}
	product, err := d.Releases.Product(r.Context(), rel.ProductID)
	if err != nil {
		return err
	}
	note := release.Download{LicenseID: l.ID, ProductID: l.ProductID, ReleaseID: rel.ID, File: file.Name, IP: web.ClientAddress(r.Context()), UserAgent: ui.Clip(strings.ToValidUTF8(r.UserAgent(), ""), 250)}
	if !MayFetch(l, product) {
		e := fail.Forbidden(license.CodeInactive, "To download this, the license must be active.")
		if l.Status == license.Expired {
			e = fail.Forbidden(license.CodeExpired, "To download this, the license must be active. It has expired.")
		}
		d.note(r, note, e.Code)
		return e
	}
	if !MayRun(l, product, rel) {
		known, err := d.Releases.Known(r.Context(), l.ProductID)
		if err != nil {
			return err
		}
		d.note(r, note, license.CodeUpgradePeriodEnded)
		return check.UpgradePeriodEnded(rel.Version, *l.UpdatesUntil, known.NewestBy(*l.UpdatesUntil))
	}
	web.SetFileHeaders(w.Header(), file.Name, file.SHA256)
	if isStart(r) {
		d.note(r, note, release.Served)
	}
	http.ServeContent(web.Patient(w), r, "", file.CreatedAt, content)
	return nil
}

// isStart tells the beginning of a download from its later parts and from a look at its size.
func isStart(r *http.Request) bool {
	asked := r.Header.Get("Range")
	return r.Method == http.MethodGet && (asked == "" || strings.HasPrefix(asked, "bytes=0-"))
}

// note keeps a line of the download log. A store that can't write still serves its files.
func (d Desk) note(r *http.Request, line release.Download, result string) {
	if r.Method != http.MethodGet {
		return
	}
	line.Result = result
	if err := d.Releases.LogDownload(context.WithoutCancel(r.Context()), line); err != nil {
		d.Log.Error("a download could not be logged", "request_id", web.RequestID(r.Context()), "result", result, "license", line.LicenseID, "release", line.ReleaseID, "err", err)
	}
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	const k = 1000
	if n < k {
		return fmt.Sprintf("%d B", n)
	}
	value := float64(n)
	for _, unit := range []string{"kB", "MB", "GB"} {
		if value /= k; value < k {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
	}
	return fmt.Sprintf("%.1f TB", value/k)
}
