// Package portal is the customers' area at /account: their licenses, subscriptions, domains, invoices, payment methods,
// downloads and details.
//
// A screen is a row of the table in routes.go. A handler belongs to one customer, the one of the session; whatever is
// named by an address is loaded by own.go, which answers for another customer's thing as for one that does not exist.
// Errors are rendered in one place (errors.go).
package portal

import (
	"embed"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Config is what the portal works with.
type Config struct {
	DB        *db.DB
	Settings  *setting.Service
	SignIn    *signin.Service
	Customers *customer.Service
	// Catalog tells what a product lets its customers do, so that a page can say it beforehand. Without it they learn
	// it when they try: the license room decides in any case.
	Catalog       *catalog.Service
	Licenses      *license.Service
	Checks        *check.Service // makes lease files
	Releases      *release.Service
	Orders        *order.Service
	Billing       *billing.Service
	Payments      *payment.Service
	Subscriptions *subscription.Service
	Domains       *domainname.Service
	Renewals      *renewal.Service
	Dispatch      *dispatch.Service // changes nameservers and locks at registrars
	Registrars    *account.Service
	Mail          *mail.Service
	Sandbox       *sandbox.Sandbox // nil in a live store
	Clock         clock.Clock
	Log           *slog.Logger
	TestMode      bool
}

// area is the portal of a store.
type area struct {
	Config
	pages *ui.Pages
	acts  *limit.Limiter[string] // what customers have done at registrars, by customer
}

// New returns the handler of everything below /account.
func New(c Config) (http.Handler, error) {
	pages, err := ui.Parse(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages of the portal: %w", err)
	}
	a := &area{Config: c, pages: pages, acts: limit.New[string](perCustomer, maxCounted)}
	mux := http.NewServeMux()
	for _, rt := range a.routes() {
		mux.Handle(rt.pattern, a.serve(rt))
	}
	mux.Handle("/account/", a.serve(route{handle: func(http.ResponseWriter, *http.Request) error { return errNoPage }}))
	return web.PageHeaders(web.Recover(c.Log, a.renderError, web.SameOrigin(a.renderError, mux))), nil
}
