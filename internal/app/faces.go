package app

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/admin"
	"github.com/keystead/keystead/internal/web/adminapi"
	"github.com/keystead/keystead/internal/web/callers"
	"github.com/keystead/keystead/internal/web/compat/whmcs"
	"github.com/keystead/keystead/internal/web/gateways"
	"github.com/keystead/keystead/internal/web/licenseapi"
	"github.com/keystead/keystead/internal/web/portal"
	"github.com/keystead/keystead/internal/web/shop"
	"github.com/keystead/keystead/internal/web/ui"
)

// buildFaces builds what the outside sees: the public handler, and the one behind the command socket.
func (a *App) buildFaces(c Config) error {
	api := adminapi.Config{
		DB: a.DB, Clock: a.DB.Clock(), Log: a.log, Catalog: a.Catalog, Coupons: a.Coupons, Customers: a.Customers, Releases: a.Releases, Settings: a.Settings, Recovery: a.Recovery, Licenses: a.Licenses, Checks: a.Checks, Keys: a.Keys, MoveIn: a.MoveIn,
		Orders: a.Orders, Billing: a.Billing, Payments: a.Payments, Sandbox: a.Sandbox, Subscriptions: a.Subscriptions, Tasks: a.Tasks, Mail: a.Mail, Webhooks: a.Webhooks,
		Events: a.Events, Jobs: a.Jobs, Automation: a.Automation, DryRun: a.DryRun, Tokens: a.Tokens, Domains: a.Domains, Renewals: a.Renewals, Dispatch: a.Dispatch, Watch: a.Watch, Reminders: a.Reminders,
		Registrars: a.Registrars, Version: c.Version,
	}
	staffArea, err := admin.New(admin.Config{
		DB: a.DB, Settings: a.Settings, Recovery: a.Recovery, Events: a.Events, Jobs: a.Jobs, Automation: a.Automation, DryRun: a.DryRun, Staff: a.Staff, SignIn: a.SignIn, Tokens: a.Tokens, Customers: a.Customers, Catalog: a.Catalog, Coupons: a.Coupons,
		Releases: a.Releases, Licenses: a.Licenses, Keys: a.Keys, Counts: a.Counts, Billing: a.Billing, Payments: a.Payments, Orders: a.Orders, Reports: a.Reports,
		Subscriptions: a.Subscriptions, Tasks: a.Tasks, Mail: a.Mail, Webhooks: a.Webhooks, Sandbox: a.Sandbox,
		Domains: a.Domains, Registrations: a.Registrations, Renewals: a.Renewals, Dispatch: a.Dispatch, Watch: a.Watch, Reminders: a.Reminders, Registrars: a.Registrars,
		Clock: a.DB.Clock(), Log: a.log, TestMode: a.Facts.TestMode,
	})
	if err != nil {
		return err
	}
	customers, err := portal.New(portal.Config{
		DB: a.DB, Settings: a.Settings, SignIn: a.SignIn, Customers: a.Customers, Catalog: a.Catalog, Licenses: a.Licenses, Checks: a.Checks, Releases: a.Releases, Orders: a.Orders,
		Billing: a.Billing, Payments: a.Payments, Subscriptions: a.Subscriptions, Domains: a.Domains, Renewals: a.Renewals, Dispatch: a.Dispatch, Registrars: a.Registrars,
		Mail: a.Mail, Sandbox: a.Sandbox, Clock: a.DB.Clock(), Log: a.log, TestMode: a.Facts.TestMode,
	})
	if err != nil {
		return err
	}
	public, err := shop.New(shop.Config{
		Ready: a.Ready, Settings: a.Settings, SignIn: a.SignIn, Customers: a.Customers, Catalog: a.Catalog, Licenses: a.Licenses, Releases: a.Releases,
		Orders: a.Orders, Billing: a.Billing, Payments: a.Payments, Sandbox: a.Sandbox, Domains: a.Registrations, Owned: a.Domains, Key: a.key,
		Clock: a.DB.Clock(), Wall: a.DB.Wall(), Log: a.log, TestMode: a.Facts.TestMode,
	})
	if err != nil {
		return err
	}
	limits := callers.New(a.Settings, a.DB.Wall())
	calls := licenseapi.Config{
		Limits:   limits,
		Licenses: a.Licenses, Checks: a.Checks, Catalog: a.Catalog, Keys: a.Keys, Releases: a.Releases, Settings: a.Settings, Clock: a.DB.Clock(), Wall: a.DB.Wall(), Log: a.log,
	}
	licenses := licenseapi.New(calls)
	mux := http.NewServeMux()
	mux.Handle("/api/", licenses)
	mux.Handle(licenseapi.KeysPattern, licenses)
	mux.Handle(adminapi.Base+"/", adminapi.New(api))
	mux.Handle("/admin", staffArea)
	mux.Handle("/admin/", staffArea)
	mux.Handle("/account", customers)
	mux.Handle("/account/", customers)
	mux.Handle("GET "+ui.AssetPrefix, ui.Assets())
	mux.Handle("POST "+ui.ThemePath, http.NewCrossOriginProtection().Handler(ui.ThemeSwitch()))
	mux.Handle(gateways.Pattern, gateways.New(a.Payments.Intake, a.log))
	mux.Handle("/", public)
	compat := whmcs.New(whmcs.Config{Checks: a.Checks, Settings: a.Settings, Limits: limits, Log: a.log})
	a.public = web.Identify(a.trustedProxies, besides(mux, compat))

	api.Local, calls.Unlimited = true, true
	a.local = web.Identify(func() []netip.Prefix { return nil }, asOperator(a.localRoutes(adminapi.New(api), licenseapi.New(calls), c.Version)))
	return nil
}

// besides gives to compat what software asks that was made for WHMCS. It comes before mux, which would redirect an address
// with two slashes: that software follows no redirect.
func besides(mux, compat http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if whmcs.Serves(r.URL.Path) {
			compat.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// PublicHandler is everything that the outside may ask.
func (a *App) PublicHandler() http.Handler { return a.public }

// LocalHandler is the admin API with full authority, for commands: behind the socket of the data folder, or within
// the process of the command itself.
func (a *App) LocalHandler() http.Handler { return a.local }

// ListenSocket opens the command socket of a SQLite store; on PostgreSQL commands open the store themselves, and there
// is none.
func (a *App) ListenSocket(ctx context.Context) (net.Listener, error) {
	if a.dir == "" {
		return nil, nil
	}
	return listenSocket(ctx, a.dir)
}

// asOperator names who acts through the command socket: whoever owns the data folder.
func asOperator(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(event.WithActor(r.Context(), event.Actor{Kind: event.Staff, Name: "Operator (command line)"})))
	})
}

// Ready reports whether the store can be read. It asks the database itself: the settings in memory outlive it.
func (a *App) Ready(ctx context.Context) error {
	return a.DB.Read(ctx, func(tx *db.Tx) error {
		_, err := setting.Load(ctx, tx)
		return err
	})
}

// trustedProxies are the networks whose word about the client's address counts. While the settings can't be read, none
// is trusted.
func (a *App) trustedProxies() []netip.Prefix {
	s, err := a.Settings.Get(context.Background())
	if err != nil {
		return nil
	}
	return s.TrustedProxies
}

func (a *App) setBaseURL(ctx context.Context, address string) error {
	have, err := a.Settings.Get(ctx)
	if err != nil || have.BaseURL == strings.TrimRight(address, "/") {
		return err
	}
	value, err := json.Marshal(address)
	if err != nil {
		return err
	}
	_, err = a.Settings.Patch(ctx, map[string]json.RawMessage{"store.base_url": value})
	return err
}
