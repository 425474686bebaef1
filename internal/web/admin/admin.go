// Package admin is the staff area at /admin: server-rendered pages, one file per screen or action.
//
// A screen is a row of the table in routes.go: pattern, the permission it needs, and its handler. A handler reads its
// input, calls a verb of a domain room, and renders a view or redirects; errors are rendered in one place (errors.go).
// Most pages are one of three shapes, whose templates are shared: a list, a form, a sheet of cards (shapes.go).
package admin

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Config is what the staff area works with.
type Config struct {
	DB            *db.DB // in which what would happen is tried, and taken back
	Settings      *setting.Service
	Recovery      *recovery.Service // nil: the store never was restored
	Events        *event.Log
	Jobs          *job.Queue
	Automation    *automation.Service
	Staff         *staff.Service
	SignIn        *signin.Service
	Tokens        *token.Service
	Customers     *customer.Service
	Catalog       *catalog.Service
	Coupons       *coupon.Service
	Releases      *release.Service
	Licenses      *license.Service
	Keys          *lease.Keys
	Counts        *index.Counts
	Billing       *billing.Service
	Payments      *payment.Service
	Orders        *order.Service
	Subscriptions *subscription.Service
	Domains       *domainname.Service
	Registrations *registration.Service
	Renewals      *renewal.Service
	Dispatch      *dispatch.Service // acts at registrars
	Watch         *watch.Service    // reads registries
	Reminders     *reminder.Service
	Registrars    *account.Service
	Tasks         *task.Service
	Mail          *mail.Service
	Webhooks      *webhook.Service
	Sandbox       *sandbox.Sandbox // nil in a live store
	Reports       *report.Service
	Clock         clock.Clock
	Log           *slog.Logger
	TestMode      bool
	// DryRun tells what would happen until an instant.
	DryRun func(ctx context.Context, until time.Time) (automation.Rehearsal, error)
}

// area is the staff area of a store.
type area struct {
	Config
	pages *ui.Pages
}

// New returns the handler of everything below /admin.
func New(c Config) (http.Handler, error) {
	pages, err := ui.Parse(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages of the staff area: %w", err)
	}
	a := &area{Config: c, pages: pages}
	a.listen()
	mux := http.NewServeMux()
	for _, rt := range a.routes() {
		mux.Handle(rt.pattern, a.serve(rt))
	}
	mux.Handle(elsewhere, web.Handle(c.Log, a.renderError, a.astray(mux)))
	return web.PageHeaders(web.Recover(c.Log, a.renderError, web.SameOrigin(a.renderError, mux))), nil
}
