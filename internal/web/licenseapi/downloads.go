package licenseapi

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/web"
)

// downloads streams the file of a release to who may have it, the same way at both mounts.
func (a *api) downloads(_ mount) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := readQuery(r)
		if err != nil {
			return err
		}
		product, err := a.product(r.Context(), r.PathValue("product"))
		if err != nil {
			return err
		}
		d := a.note(r, product)
		content, file, err := a.admit(r.Context(), product, p, d)
		if err != nil {
			d.refused(err)
			return err
		}
		defer func() { _ = content.Close() }()
		web.SetFileHeaders(w.Header(), file.Name, file.SHA256)
		http.ServeContent(&fileWriter{ResponseWriter: web.Patient(w), r: r, begun: d.served}, r, "", file.CreatedAt, content)
		return nil
	}
}

// admit decides whether the caller gets a file, and which, in the order in which activation decides.
func (a *api) admit(ctx context.Context, product release.Product, p params, d *downloadNote) (*os.File, release.File, error) {
	until, err := a.entitled(ctx, product, p, d)
	if err != nil {
		return nil, release.File{}, err
	}
	wanted, err := a.wanted(ctx, product, p["version"], until)
	if err != nil {
		return nil, release.File{}, err
	}
	d.line.ReleaseID = wanted.ID
	first, ok := wanted.Download()
	if !ok {
		return nil, release.File{}, fail.NotFound(release.CodeFileNotFound, "The release has no file.")
	}
	d.line.File = first.Name
	content, file, err := a.releases.Open(ctx, first.ID)
	if e := fail.Of(err); err != nil && e.Code == release.CodeFileNotFound {
		// The caller is told that the file is missing; the operator is told which and why.
		a.log.Error("a file of a release can't be read", "request_id", web.RequestID(ctx), "file", first.ID, "release", wanted.ID, "err", e.Err)
	}
	return content, file, err
}

// entitled says why the caller may not download the product; nil if nothing is in the way. Then it also returns until when
// what is downloaded must have been released; zero: no matter when. A key that is given for a product that needs none must be
// one of the product, and its state does not matter.
func (a *api) entitled(ctx context.Context, product release.Product, p params, d *downloadNote) (until time.Time, err error) {
	key := p["license_key"]
	if key == "" {
		if product.RequiresLicense {
			return until, malformed("license_key", "is required")
		}
		return until, nil
	}
	facts, err := a.licenseOf(ctx, key, product)
	if err != nil {
		return until, err
	}
	d.line.LicenseID = facts.ID
	if !product.RequiresLicense {
		return until, nil
	}
	switch license.Effective(facts.Facts, a.clock.Now()) {
	case license.Active:
	case license.Expired:
		return until, fail.Forbidden(license.CodeExpired, "The license has expired.")
	case license.Suspended, license.Revoked, license.Cancelled:
		return until, fail.Forbidden(license.CodeInactive, "The license is not active.")
	}
	if facts.UpdatesUntil != nil {
		until = *facts.UpdatesUntil
	}
	identifier := p["identifier"]
	if identifier == "" {
		return until, nil
	}
	if identifier, err = license.Normalize(facts.ActivationType, identifier); err != nil {
		return until, err
	}
	active, err := a.licenses.IdentifierActive(ctx, facts.ID, identifier)
	if err == nil && !active {
		err = fail.Forbidden(license.CodeActivationNotFound, "The license is not activated for this identifier.")
	}
	return until, err
}

// wanted is the release that is asked for: of a version, or the newest that may run. One that was released after until is
// refused.
func (a *api) wanted(ctx context.Context, product release.Product, version string, until time.Time) (release.Release, error) {
	if version == "" {
		found, err := a.releases.NewestBy(ctx, product.ID, release.Stable, until)
		if err == nil || until.IsZero() || fail.Of(err).Code != release.CodeDownloadNotFound {
			return found, err
		}
		// What there is came too late for this license.
		if found, err = a.releases.Newest(ctx, product.ID, release.Stable); err != nil {
			return release.Release{}, err
		}
		return release.Release{}, check.UpgradePeriodEnded(found.Version, until, "")
	}
	found, err := a.releases.ByVersion(ctx, product.ID, version)
	if err != nil || until.IsZero() || !found.ReleasedAt.After(until) {
		return found, err
	}
	known, err := a.releases.Known(ctx, product.ID)
	if err != nil {
		return release.Release{}, err
	}
	return release.Release{}, check.UpgradePeriodEnded(found.Version, until, known.NewestBy(until))
}

// downloadNote becomes one line of the download log.
type downloadNote struct {
	api  *api
	r    *http.Request
	line release.Download
}

func (a *api) note(r *http.Request, p release.Product) *downloadNote {
	d := &downloadNote{api: a, r: r}
	d.line = release.Download{ProductID: p.ID, IP: web.ClientAddress(r.Context()), UserAgent: shorten(r.UserAgent())}
	return d
}

func (d *downloadNote) served() { d.write(release.Served) }

// refused notes a refusal. What says nothing about the caller's right, a limit or a fault of ours, is none.
func (d *downloadNote) refused(err error) {
	switch e := fail.Of(err); e.Kind {
	case fail.KindLimited, fail.KindInternal, fail.KindUnavailable:
	default:
		d.write(e.Code)
	}
}

// write keeps the line. A store that can't write still serves its files: then the program's log has to do.
func (d *downloadNote) write(result string) {
	if d.r.Method != http.MethodGet {
		return
	}
	ctx := d.r.Context()
	d.line.Result = result
	// A client that has gone away was served or refused all the same.
	if err := d.api.releases.LogDownload(context.WithoutCancel(ctx), d.line); err != nil {
		d.api.log.Error("a download could not be logged", "request_id", web.RequestID(ctx), "result", result,
			"license", d.line.LicenseID, "release", d.line.ReleaseID, "err", err)
	}
}

// maxUserAgent is how much of it is kept, in bytes.
const maxUserAgent = 255

func shorten(userAgent string) string {
	if len(userAgent) > maxUserAgent {
		userAgent = userAgent[:maxUserAgent]
	}
	return strings.ToValidUTF8(userAgent, "")
}

// fileWriter passes a file on, and calls begun when an answer starts that holds the file's first byte: the later parts
// of a download in ranges are one download.
type fileWriter struct {
	http.ResponseWriter
	r       *http.Request
	begun   func()
	refused bool
}

// WriteHeader is called once by http.ServeContent.
func (f *fileWriter) WriteHeader(status int) {
	switch {
	case status == http.StatusRequestedRangeNotSatisfiable:
		f.refused = true
		f.Header().Del("Content-Disposition")
		renderError(statusWriter{f.ResponseWriter, status}, f.r, fail.Malformed(codeInvalidRequest, "The file has no such range."))
		return
	case status == http.StatusOK, status == http.StatusPartialContent && f.fromStart():
		f.begun()
	}
	f.ResponseWriter.WriteHeader(status)
}

// statusWriter gives an error of this face a status of HTTP's own.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s statusWriter) WriteHeader(int) { s.ResponseWriter.WriteHeader(s.status) }

func (f *fileWriter) fromStart() bool {
	if r := f.Header().Get("Content-Range"); r != "" {
		return strings.HasPrefix(r, "bytes 0-")
	}
	// Several ranges at once.
	ranges := strings.TrimPrefix(f.r.Header.Get("Range"), "bytes=")
	for one := range strings.SplitSeq(ranges, ",") {
		if strings.HasPrefix(strings.TrimSpace(one), "0-") {
			return true
		}
	}
	return false
}

func (f *fileWriter) Write(b []byte) (int, error) {
	if f.refused {
		return len(b), nil // the answer is written; this is http.ServeContent's own text
	}
	return f.ResponseWriter.Write(b)
}
