// Package shop is what everybody may see: the start page of the store, and whether the service works. Nothing is sold
// here yet.
package shop

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Config is what the public pages work with.
type Config struct {
	// Ready says why the store can't be read; nil if it can. It must be cheap: machines ask every few seconds.
	Ready    func(ctx context.Context) error
	Settings *setting.Service
	Clock    clock.Clock
	Log      *slog.Logger
	TestMode bool
}

type shop struct {
	Config
	pages *ui.Pages
}

// New returns the handler of the public pages, and of every address that no other face has.
func New(c Config) (http.Handler, error) {
	pages, err := ui.Parse(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("public pages: %w", err)
	}
	s := &shop{Config: c, pages: pages}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", web.Handle(c.Log, s.renderError, s.start))
	mux.Handle("GET /status", web.Handle(c.Log, s.renderError, s.status))
	mux.Handle("/", web.Handle(c.Log, s.renderError, func(http.ResponseWriter, *http.Request) error { return errNoPage }))
	return web.PageHeaders(web.Recover(c.Log, s.renderError, mux)), nil
}

var errNoPage = fail.NotFound("PAGE_NOT_FOUND", "There is no such page.")

// page is what every public page has. While the settings can't be read the store has no name of its own.
func (s *shop) page(r *http.Request, title string) ui.Page {
	p := ui.Page{
		Reader: ui.Reader{Now: s.Clock.Now()}, Face: ui.Public, Title: title, Path: r.URL.RequestURI(),
		Store: ui.Store{Name: "Keystead", HomeURL: "/"}, Theme: ui.ThemeOf(r),
		Nav:    []ui.NavItem{{Section: "account", Label: "Your account", Href: "/account"}},
		Footer: []ui.Link{{Label: "Status", Href: "/status"}},
	}
	if now, err := s.Settings.Get(r.Context()); err == nil {
		p.Store.Name, p.Zone = now.StoreName, now.TimeZone
	}
	if s.TestMode {
		p.TestMode = p.TestNotice()
	}
	return p
}

// renderError is the one place that turns an error into a public page.
func (s *shop) renderError(w http.ResponseWriter, r *http.Request, e *fail.Error) {
	heading, text := "Something went wrong on our side", "We have noted it. Please try again in a moment."
	if e.Kind == fail.KindNotFound {
		heading, text = "There is nothing at this address", "The link may be old, or mistyped."
	}
	v := ui.ErrorPage{
		Page: s.page(r, heading), Status: e.Kind.Status(), Heading: heading, Text: text, RequestID: web.RequestID(r.Context()),
		Actions: []ui.Button{{Label: "To the start page", Href: "/"}},
	}
	if err := s.pages.Render(w, e.Kind.Status(), "error", v); err != nil {
		s.Log.Error("error page", "err", err)
		http.Error(w, heading, e.Kind.Status())
	}
}
