package admin

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/staff"
)

// Every route with every role: who may not is told so, and finds no button that leads there.
func TestRoles(t *testing.T) {
	t.Parallel()
	for _, role := range staff.Roles() {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			b := setupTestMode(t)
			e := b.newEstate("Thing")
			b.newTill(&e, "Thing")
			me := b.colleague("Me", role)
			br := b.as(me)
			for _, page := range br.everyPage(e) {
				for _, target := range page.targets() {
					if !b.mayOpen(role, target.method, target.path) {
						t.Errorf("%s, as %s, leads to %s %s, which is refused", page.what, role, target.method, target.path)
					}
				}
			}
			for _, rt := range b.area.routes() {
				if rt.access != signedIn || strings.HasSuffix(rt.pattern, "/sign-out-everywhere") {
					continue
				}
				method, path := e.path(rt.pattern)
				r := br.send(method, path, nil)
				switch allowed := rt.needs == "" || role.Can(rt.needs); {
				case allowed && (r.Status == http.StatusForbidden || r.Status >= http.StatusInternalServerError):
					t.Errorf("%s = %d, as %s may do it: %s", r.what, r.Status, role, r.Body)
				case !allowed:
					r.is(http.StatusForbidden).says("Not allowed", "Ask an owner", `class="face-staff"`)
				}
			}
		})
	}
}

// everyPage gets each page that may be opened.
func (br *browser) everyPage(e estate) (pages []reply) {
	br.Helper()
	for _, rt := range br.area.routes() {
		method, path := e.path(rt.pattern)
		if method != http.MethodGet || rt.access != signedIn || strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, "/file") || strings.HasPrefix(path, "/admin/licenses/bulk") || path == "/admin/recovery/confirm" {
			continue // the last is there in a restored store only
		}
		r := br.get(path)
		if r.Status == http.StatusForbidden {
			continue
		}
		pages = append(pages, r.is(http.StatusOK))
	}
	return pages
}

// target is where a page leads.
type target struct{ method, path string }

// targets are the links and forms of a page that stay in the staff area.
func (r reply) targets() (out []target) {
	r.Helper()
	for n := range r.elements() {
		address, method := "", http.MethodGet
		for _, at := range n.Attr {
			switch {
			case n.Data == "a" && at.Key == "href", n.Data == "form" && at.Key == "action", n.Data == "button" && at.Key == "formaction":
				address = at.Val
			case n.Data == "form" && at.Key == "method":
				method = strings.ToUpper(at.Val)
			}
		}
		if p, _, _ := strings.Cut(address, "?"); p == "/admin" || strings.HasPrefix(p, "/admin/") {
			out = append(out, target{method, p})
		}
	}
	return out
}

func (r reply) elements() func(yield func(*html.Node) bool) {
	r.Helper()
	doc, err := html.Parse(strings.NewReader(r.Body))
	if err != nil {
		r.Fatal(err)
	}
	return func(yield func(*html.Node) bool) {
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}

// mayOpen reports whether a role may open an address. An address that no route takes is a broken link.
func (b *bundle) mayOpen(role staff.Role, method, path string) bool {
	b.Helper()
	mux := http.NewServeMux()
	needs := map[string]staff.Permission{}
	for _, rt := range b.area.routes() {
		mux.Handle(rt.pattern, http.NotFoundHandler())
		needs[rt.pattern] = rt.needs
	}
	probe, err := http.NewRequestWithContext(b.Context(), method, path, nil)
	if err != nil {
		b.Fatal(err)
	}
	_, pattern := mux.Handler(probe)
	need, known := needs[pattern]
	if !known {
		b.Errorf("%s %s leads nowhere", method, path)
	}
	return need == "" || role.Can(need)
}

// What is not named in the table of routes can't be opened by forgetting to name it.
func TestEveryRouteSaysWhoMayOpenIt(t *testing.T) {
	t.Parallel()
	open := []string{"/admin", "/admin/{$}", "/admin/search", "/admin/sign-in", "/admin/second-factor", "/admin/sign-out"}
	for _, rt := range (&area{}).routes() {
		_, path, _ := strings.Cut(rt.pattern, " ")
		own := strings.HasPrefix(path, "/admin/me") || strings.HasPrefix(path, "/admin/setup/") || strings.HasPrefix(path, "/admin/link/")
		if rt.needs == "" && !own && !slices.Contains(open, path) {
			t.Errorf("%s needs no permission", rt.pattern)
		}
		if strings.HasPrefix(rt.pattern, "POST ") && strings.HasSuffix(string(rt.needs), ":read") {
			t.Errorf("%s writes with %s", rt.pattern, rt.needs)
		}
	}
}

// What touches settings and secrets of registrars is for those who may change settings; the work of every day is for those who
// work with domains, as in the API.
func TestWhoMayUseRegistrarsAndNotices(t *testing.T) {
	t.Parallel()
	needs := map[string]staff.Permission{}
	for _, rt := range (&area{}).routes() {
		needs[rt.pattern] = rt.needs
	}
	for pattern, want := range map[string]staff.Permission{
		"GET /admin/registrars":                 staff.DomainsRead,
		"GET /admin/registrars/{id}":            staff.DomainsRead,
		"GET /admin/registrars/{id}/frames":     staff.DomainsRead,
		"GET /admin/registrars/{id}/costs":      staff.CatalogRead,
		"GET /admin/registrars/{id}/costs/edit": staff.CatalogWrite,
		"POST /admin/registrars/{id}/costs":     staff.CatalogWrite,
		"GET /admin/tlds/costs.csv":             staff.CatalogRead,
		"GET /admin/tlds/import/costs":          staff.CatalogWrite,
		"POST /admin/tlds/import/costs":         staff.CatalogWrite,
		"GET /admin/registrars/{id}/runs/{run}": staff.DomainsRead,
		"GET /admin/registrars/new":             staff.SettingsWrite,
		"POST /admin/registrars":                staff.SettingsWrite,
		"GET /admin/registrars/{id}/edit":       staff.SettingsWrite,
		"POST /admin/registrars/{id}":           staff.SettingsWrite,
		"POST /admin/registrars/{id}/test":      staff.DomainsWrite,
		"POST /admin/registrars/{id}/balance":   staff.DomainsWrite,
		"POST /admin/registrars/{id}/restart":   staff.DomainsWrite,
		"POST /admin/domains/{id}/sync":         staff.DomainsWrite,
		"GET /admin/domains/notices/rules":      staff.DomainsRead,
		"POST /admin/domains/notices/rules":     staff.DomainsWrite,
	} {
		if needs[pattern] != want {
			t.Errorf("%s needs %q, not %q", pattern, needs[pattern], want)
		}
	}
}
