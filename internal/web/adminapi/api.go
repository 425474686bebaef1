// Package adminapi is the API for staff and integrations: REST with JSON under /api/admin/v1.
//
// Every operation is one call of [add] with a [route]: its place, the scope that a token needs for it, and how a
// repeated POST is answered. From these come the handlers, the OpenAPI document and the tests that try every
// operation. A request passes, in this order: its place (404, 405), its token (401, 403), its body (413, 415, 400,
// 422), the idempotency key, the operation. Errors of all of them are rendered by one function, [renderProblem].
package adminapi

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/movein"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/webhook"
)

// Base is where the API is mounted.
const Base = "/api/admin/v1"

// Config is what the API works with.
type Config struct {
	DB            *db.DB
	Clock         clock.Clock
	Log           *slog.Logger
	Catalog       *catalog.Service
	Coupons       *coupon.Service
	Customers     *customer.Service
	Releases      *release.Service
	Settings      *setting.Service
	Recovery      *recovery.Service
	Licenses      *license.Service
	Checks        *check.Service
	MoveIn        *movein.Service
	Keys          *lease.Keys
	Orders        *order.Service
	Billing       *billing.Service
	Payments      *payment.Service
	Sandbox       *sandbox.Sandbox // nil in a live store
	Subscriptions *subscription.Service
	Tasks         *task.Service
	Mail          *mail.Service
	Webhooks      *webhook.Service
	Events        *event.Log
	Jobs          *job.Queue
	Automation    *automation.Service
	Tokens        *token.Service
	Domains       *domainname.Service
	Renewals      *renewal.Service
	Dispatch      *dispatch.Service
	Watch         *watch.Service
	Reminders     *reminder.Service
	Registrars    *account.Service

	// DryRun tells what would happen until an instant.
	DryRun func(ctx context.Context, until time.Time) (automation.Rehearsal, error)

	// Version is the program's, for the OpenAPI document.
	Version string
	// MaxUpload is the largest file of a release, in bytes; 0: 2 GiB.
	MaxUpload int64
	// Local makes every caller the owner of the store, without a token: for the socket in the data folder, which
	// only its owner can open. Who acts is then whom the request's context names.
	Local bool
}

const defaultMaxUpload = 2 << 30

// The bounds of tries with tokens that nobody has, for each address.
const (
	wrongTokens        = 30
	wrongTokensPer     = time.Minute
	maxWrongTokenAddrs = 100_000
)

// API is the handler of the admin API.
type API struct {
	Config
	huma    huma.API
	mux     *http.ServeMux
	reports *report.Service
	routes  []*route
	wrong   *limit.Limiter[netip.Addr]
}

// New returns the handler of everything under [Base].
func New(c Config) *API {
	if c.MaxUpload == 0 {
		c.MaxUpload = defaultMaxUpload
	}
	a := &API{
		Config: c, mux: http.NewServeMux(), reports: report.New(c.DB),
		wrong: limit.New[netip.Addr](limit.Rate{Count: wrongTokens, Per: wrongTokensPer}, maxWrongTokenAddrs),
	}
	a.huma = huma.NewAPI(a.document(), adapter{a})
	a.customers()
	a.products()
	a.plans()
	a.prices()
	a.coupons()
	a.releases()
	a.orders()
	a.invoices()
	a.payments()
	a.paymentMethods()
	a.subscriptions()
	a.priceUpdates()
	a.domains()
	a.domainPriceUpdates()
	a.domainNotices()
	a.tlds()
	a.registrars()
	a.staffTasks()
	a.taxRates()
	a.reportsOfTax()
	a.mail()
	a.webhooks()
	a.sandbox()
	a.settings()
	a.licenses()
	a.support()
	a.activations()
	a.leaseFiles()
	a.imports()
	a.holds()
	a.history()
	a.bans()
	a.signingKeys()
	a.verifications()
	a.events()
	a.jobs()
	a.automation()
	a.recovery()
	a.figures()
	a.verify()
	a.tokens()
	a.me()
	a.finish()
	return a
}

// finish adds what answers for no operation: the document, its page, wrong methods and unknown places.
func (a *API) finish() {
	a.describe()
	methods := map[string][]string{}
	for _, rt := range a.routes {
		rt.compile(a)
		methods[rt.Path] = append(methods[rt.Path], rt.Method)
	}
	methods["/openapi.json"] = []string{http.MethodGet}
	methods["/docs"] = []string{http.MethodGet}
	a.mux.Handle("GET "+Base+"/openapi.json", a.serveDocument())
	a.mux.Handle("GET "+Base+"/docs", a.serveDocs())
	for path, of := range methods {
		slices.Sort(of)
		for _, method := range wrongMethods(path, methods) {
			a.mux.Handle(method+Base+path, wrongMethod(strings.Join(of, ", ")))
		}
	}
	a.mux.Handle("/", web.Handle(a.Log, renderProblem, func(http.ResponseWriter, *http.Request) error { return errNowhere }))
}

// wrongMethods are the methods of a path that are answered by 405, as a mux takes them before the path: all that no
// operation has. A path that an operation of another could be taken for, as /orders/quote for /orders/{id}, must name
// them one by one.
func wrongMethods(path string, methods map[string][]string) []string {
	mistaken := func(other string) bool { return other != path && takenFor(path, other) }
	if !slices.ContainsFunc(slices.Collect(maps.Keys(methods)), mistaken) {
		return []string{""}
	}
	var wrong []string
	for _, method := range []string{
		http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect,
	} {
		if !slices.Contains(methods[path], method) {
			wrong = append(wrong, method+" ")
		}
	}
	return wrong
}

// takenFor reports whether a path is one that another path's parameters could stand for.
func takenFor(path, other string) bool {
	for {
		part, rest, more := strings.Cut(path, "/")
		otherPart, otherRest, otherMore := strings.Cut(other, "/")
		if part != otherPart && !strings.HasPrefix(otherPart, "{") || more != otherMore {
			return false
		}
		if !more {
			return true
		}
		path, other = rest, otherRest
	}
}

var errNowhere = fail.NotFound("NOT_FOUND", "There is nothing at this address.")

func wrongMethod(allow string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		renderProblem(w, r, fail.Method("This address takes "+allow+" only."))
	})
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// The mux would send an address with "//" or ".." elsewhere; here it is just not one of ours.
	if p := r.URL.Path; strings.Contains(p, "//") || strings.Contains(p, "/./") || strings.Contains(p, "/../") {
		renderProblem(w, r, errNowhere)
		return
	}
	web.Recover(a.Log, renderProblem, a.mux).ServeHTTP(w, r)
}
