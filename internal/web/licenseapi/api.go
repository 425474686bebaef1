// Package licenseapi is the public license API: what installed copies call with their key. One contract, mounted
// at two places; see docs/license-api.md.
//
// These handlers are plain and few, because every installed copy calls them. validate answers from license/index;
// everything else reads rows.
package licenseapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/callers"
)

// The places where the contract is mounted.
const (
	OwnMount         = "/api/v1/"
	LicenseDockMount = "/api/index.php/v1/licensedock/"
)

// Config is what the license API answers from.
type Config struct {
	Licenses *license.Service
	Checks   *check.Service
	Catalog  *catalog.Service
	Keys     *lease.Keys
	Releases *release.Service
	Settings *setting.Service
	Clock    clock.Clock // the store's time, which licenses go by
	Wall     clock.Clock // the machine's time, which limits go by; nil: Clock
	Log      *slog.Logger

	// Limits are those that this face shares with others; nil: its own.
	Limits *callers.Limits
	// Unlimited counts no calls: for the owner of the store, who comes by another door.
	Unlimited bool
}

type api struct {
	licenses *license.Service
	checks   *check.Service
	catalog  *catalog.Service
	keys     *lease.Keys
	releases *release.Service
	settings *setting.Service
	clock    clock.Clock
	log      *slog.Logger
	limits   *callers.Limits // nil: none
}

// limits are what calls are counted by; nil: nothing counts them.
func (c Config) limits() *callers.Limits {
	switch {
	case c.Unlimited:
		return nil
	case c.Limits != nil:
		return c.Limits
	case c.Wall != nil:
		return callers.New(c.Settings, c.Wall)
	}
	return callers.New(c.Settings, c.Clock)
}

// mount is one of the two places and the dialect spoken there.
type mount struct {
	prefix  string
	dialect bool // whether the setting compat.licensedock rules here
}

// old reports whether LicenseDock 1.9 is spoken at m.
func (a *api) old(ctx context.Context, m mount) (bool, error) {
	if !m.dialect {
		return false, nil
	}
	s, err := a.settings.Get(ctx)
	if err != nil {
		return false, err
	}
	return s.LicenseDock == "1.9", nil
}

// New returns the handler of both mounts and of the OpenAPI document.
func New(c Config) http.Handler {
	a := &api{
		licenses: c.Licenses, checks: c.Checks, catalog: c.Catalog, keys: c.Keys, releases: c.Releases, settings: c.Settings, clock: c.Clock, log: c.Log,
		limits: c.limits(),
	}
	mux := http.NewServeMux()
	for _, m := range []mount{
		{prefix: OwnMount},
		{prefix: LicenseDockMount, dialect: true},
	} {
		a.handle(mux, m.prefix+"licenses/activate", activateEndpoint, a.activate(m), http.MethodPost)
		a.handle(mux, m.prefix+"licenses/deactivate", deactivateEndpoint, a.deactivate(m), http.MethodPost)
		a.handle(mux, m.prefix+"licenses/validate", validateEndpoint, a.validate(m), http.MethodPost)
		a.handle(mux, m.prefix+"updates/{product}", updatesEndpoint, a.updates(m), http.MethodGet)
		a.handle(mux, m.prefix+"downloads/{product}", downloadsEndpoint, a.downloads(m), http.MethodGet)
	}
	a.handle(mux, KeysPattern, keysEndpoint, a.publicKeys, http.MethodGet)
	mux.Handle("/api/openapi.json", web.Methods(renderError, http.HandlerFunc(serveOpenAPI), http.MethodGet))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		renderError(w, r, fail.NotFound("NOT_FOUND", "There is nothing at this address."))
	})
	return web.Recover(c.Log, renderError, mux)
}

func (a *api) handle(mux *http.ServeMux, pattern string, e string, h web.Handler, method string) {
	mux.Handle(pattern, web.Methods(renderError, web.Handle(a.log, renderError, a.limited(e, h)), method))
}

// bySoftware names the caller for the histories: an installed copy, known by its key alone.
func bySoftware(ctx context.Context) context.Context {
	actor := event.Actor{Kind: event.Software, Name: "installed software"}
	if ip := web.ClientIP(ctx); ip.IsValid() {
		actor.IP = ip.String()
	}
	return event.WithActor(ctx, actor)
}
