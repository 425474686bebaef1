// Package shop is what everybody may see: products and plans, the cart, the checkout and what follows an order, and
// whether the service works.
//
// A screen is a row of the table in routes.go. What a visitor carries about stands in two sealed cookies: the cart
// (cart.go), and the orders that were just placed (receipt.go). Neither holds an amount: what something costs is asked
// anew each time, by the code that takes the order ([order.Service.Quote]). Errors are rendered in one place (errors.go).
package shop

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/delivery"
	"github.com/keystead/keystead/internal/web/ui"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Config is what the public pages work with.
type Config struct {
	// Ready says why the store can't be read; nil if it can. It must be cheap: machines ask every few seconds.
	Ready     func(ctx context.Context) error
	Settings  *setting.Service
	SignIn    *signin.Service
	Customers *customer.Service
	Catalog   *catalog.Service
	Licenses  *license.Service
	Releases  *release.Service
	Orders    *order.Service
	Billing   *billing.Service
	Payments  *payment.Service
	Sandbox   *sandbox.Sandbox // nil in a live store, which has none of its pages
	// Domains look names up; nil: this shop sells none.
	Domains  *registration.Service
	Owned    *domainname.Service // the domains that customers have
	Key      crypt.Key           // from which that of the cookies is derived
	Clock    clock.Clock
	Wall     clock.Clock // by which tries are counted
	Log      *slog.Logger
	TestMode bool
}

type shop struct {
	Config
	pages  *ui.Pages
	box    *crypt.Box
	desk   delivery.Desk
	limits *limits
}

// New returns the handler of the public pages, and of every address that no other face has.
func New(c Config) (http.Handler, error) {
	s, err := build(c)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		mux.Handle(rt.pattern, s.serve(rt))
	}
	mux.Handle("/", s.serve(route{bare: true, handle: func(http.ResponseWriter, *http.Request) error { return errNoPage }}))
	return web.PageHeaders(web.Recover(c.Log, s.renderError, web.SameOrigin(s.renderError, mux))), nil
}

func build(c Config) (*shop, error) {
	pages, err := ui.Parse(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("public pages: %w", err)
	}
	return &shop{
		Config: c, pages: pages, box: crypt.NewBox(c.Key.Derive("cookies of the shop")),
		desk: delivery.Desk{Releases: c.Releases, Log: c.Log}, limits: newLimits(c.TestMode, c.Wall),
	}, nil
}
