package admin

import (
	"net/http"
	"path"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

// elsewhere is the pattern of what no route takes.
const elsewhere = "/admin/"

// astray answers what no route takes. An address that only takes a POST is opened as a page after a reload or from the
// history of a browser: that leads back to the page it belongs to. Another verb is told which ones there are.
func (a *area) astray(mux *http.ServeMux) web.Handler {
	takes := func(method, path string) bool {
		probe, err := http.NewRequest(method, "/", nil) //nolint:noctx // it is never sent, only matched
		if err != nil {
			return false
		}
		probe.URL.Path = path
		_, pattern := mux.Handler(probe)
		return pattern != elsewhere && pattern != ""
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if known, _, err := a.recognise(r); err == nil {
			r = known
		}
		get, post := takes(http.MethodGet, r.URL.Path), takes(http.MethodPost, r.URL.Path)
		err := errNoPage
		switch {
		case post && reads(r):
			http.Redirect(w, r, wayBack(r.URL.Path, func(p string) bool { return takes(http.MethodGet, p) }), http.StatusSeeOther)
			return nil
		case get || post:
			allow := strings.Join(append(only(get, http.MethodGet, http.MethodHead), only(post, http.MethodPost)...), ", ")
			w.Header().Set("Allow", allow)
			err = fail.Method("This address takes " + allow + " only.")
		}
		web.Render(a.Log, a.renderError, w, r, err)
		return nil
	}
}

func only(there bool, methods ...string) []string {
	if !there {
		return nil
	}
	return methods
}

// wayBack is the page from which a POST to p is sent: its form, or the nearest page above.
func wayBack(p string, isPage func(string) bool) string {
	for _, form := range []string{p + "/new", p + "/edit"} {
		if isPage(form) {
			return form
		}
	}
	for p = path.Dir(p); strings.HasPrefix(p, elsewhere); p = path.Dir(p) {
		if isPage(p) {
			return p
		}
	}
	return "/admin"
}
