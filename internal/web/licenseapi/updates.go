package licenseapi

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/web"
)

// offer is what the update endpoints tell: the newest release of a channel that the license may run, if there is one.
type offer struct {
	product   release.Product
	release   *release.Release // nil: nothing is published
	available bool             // whether it is newer than what the caller runs
	home      string           // where the store is reached
	url       string           // of the file; empty: the release has none
}

// updates tells an installed copy what it could run. The suffix .xml asks for Joomla's form of the same.
//
// A license that is suspended or has expired gets the same answer as any other: the copy can tell people that there
// is a new version. The download is what is refused.
func (a *api) updates(m mount) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := readQuery(r)
		if err != nil {
			return err
		}
		name, isXML := strings.CutSuffix(r.PathValue("product"), ".xml")
		o, err := a.offer(r, m, name, p)
		if err != nil {
			return err
		}
		if isXML {
			return writeJoomla(w, o, p)
		}
		old, err := a.old(r.Context(), m)
		if err != nil {
			return err
		}
		return writeUpdate(w, o, old)
	}
}

func (a *api) offer(r *http.Request, m mount, name string, p params) (offer, error) {
	ctx := r.Context()
	channel := p["channel"]
	if channel == "" {
		channel = release.Stable
	}
	if err := release.CheckChannel(channel); err != nil {
		return offer{}, malformed("channel", err.Error())
	}
	product, err := a.product(ctx, name)
	if err != nil {
		return offer{}, err
	}
	var until time.Time
	if key := p["license_key"]; key != "" {
		facts, err := a.licenseOf(ctx, key, product)
		if err != nil {
			return offer{}, err
		}
		if product.RequiresLicense && facts.UpdatesUntil != nil {
			until = *facts.UpdatesUntil
		}
	}
	o := offer{product: product}
	if o.home, err = a.baseURL(r); err != nil {
		return o, err
	}
	newest, err := a.releases.NewestBy(ctx, product.ID, channel, until)
	if e := fail.Of(err); err != nil && e.Code == release.CodeDownloadNotFound {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	o.release, o.available = &newest, newer(newest.Version, p["version"])
	if _, ok := newest.Download(); ok {
		o.url = o.home + downloadPath(m, product, newest)
	}
	return o, nil
}

// newer reports whether a caller that runs version is offered newest. A copy that says nothing, or something that is
// no version, is offered whatever it does not run by name.
func newer(newest, version string) bool {
	n, err := release.ParseVersion(newest)
	if err != nil {
		return newest != version
	}
	v, err := release.ParseVersion(version)
	if err != nil {
		return newest != version
	}
	return n.Newer(v)
}

// downloadPath is the path of a release's file at the mount that was asked. The newest stable release has the plain
// one, to which software in the field joins "?license_key=" without looking.
func downloadPath(m mount, p release.Product, offered release.Release) string {
	at := m.prefix + "downloads/" + url.PathEscape(p.Slug)
	if offered.Channel != release.Stable {
		at += "?" + url.Values{"version": {offered.Version}}.Encode()
	}
	return at
}

// baseURL is where this store is reached: as its owner says, else as this request reached it.
func (a *api) baseURL(r *http.Request) (string, error) {
	s, err := a.settings.Get(r.Context())
	if err != nil {
		return "", err
	}
	if s.BaseURL != "" {
		return s.BaseURL, nil
	}
	scheme := "http"
	if web.Secure(r) {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: r.Host}).String(), nil
}

func writeUpdate(w http.ResponseWriter, o offer, old bool) error {
	notes := "changelog"
	if old {
		notes = "release_notes"
	}
	out := newAnswer()
	out.flag("update_available", o.available)
	out.text("name", o.product.Name)
	if r := o.release; r == nil {
		for _, n := range []string{"version", "download_url", notes, "date"} {
			out.raw(n, "null")
		}
	} else {
		out.text("version", r.Version)
		out.textOrNull("download_url", o.url)
		out.textOrNull(notes, r.Notes)
		if old {
			out.text("date", r.ReleasedAt.UTC().Format("2006-01-02"))
		} else {
			out.instantOrNull("date", r.ReleasedAt)
		}
	}
	if f, ok := o.file(); ok {
		out.number("file_size", f.Size)
		out.text("sha256", f.SHA256)
	} else {
		out.raw("file_size", "null")
		out.raw("sha256", "null")
	}
	out.flag("requires_license", o.product.RequiresLicense)
	return out.send(w)
}

func (o offer) file() (release.File, bool) {
	if o.release == nil {
		return release.File{}, false
	}
	return o.release.Download()
}
