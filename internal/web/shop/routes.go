package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/web"
)

// route is one screen or act.
type route struct {
	pattern string
	bare    bool // nobody needs to be known for it, so it works while the store can't be read
	handle  web.Handler
}

// routes are all screens and acts of the shop.
func (s *shop) routes() []route {
	return []route{
		{pattern: "GET /{$}", handle: s.productList},
		{pattern: "GET /products/{slug}", handle: s.productShow},
		{pattern: "GET /buy/{price}", handle: s.buy},

		{pattern: "GET /domains", handle: s.domainSearch},
		{pattern: "POST /domains/cart", handle: s.domainTake},
		{pattern: "GET /domains/renew/{domain}", handle: s.domainRenew},
		{pattern: "GET /domains/prices", handle: s.domainPrices},

		{pattern: "GET /cart", handle: s.cartShow},
		{pattern: "POST /cart", handle: s.cartChange},

		{pattern: "GET /checkout", handle: s.checkoutPage},
		{pattern: "POST /checkout", handle: s.checkoutSend},
		{pattern: "GET /checkout/return", handle: s.paymentShow},
		{pattern: "POST /checkout/pay", handle: s.payAgain},

		{pattern: "GET /thanks/{secret}", handle: s.thanks},
		{pattern: "GET /thanks/{secret}/invoice.pdf", handle: s.thanksInvoice},
		{pattern: "GET /thanks/{secret}/licenses/{license}/files/{file}", handle: s.thanksFile},
		{pattern: "GET /claim/{secret}", handle: s.claimAsk},
		{pattern: "POST /claim/{secret}", handle: s.claim},

		{pattern: "GET /verify/{product}", handle: s.verify},

		{pattern: "GET /sandbox/pay/{id}", handle: s.sandboxPage},
		{pattern: "POST /sandbox/pay/{id}", handle: s.sandboxPay},

		{pattern: "GET /status", bare: true, handle: s.status},
	}
}

// maxForm is generous for the forms here, none of which takes a file.
const maxForm = 64 << 10

// serve finds out who is there and renders the errors of the handler.
func (s *shop) serve(rt route) http.Handler {
	return web.Handle(s.Log, s.renderError, func(w http.ResponseWriter, r *http.Request) error {
		if rt.bare {
			return rt.handle(w, r)
		}
		if r.Method == http.MethodPost {
			if err := web.ReadForm(w, r, maxForm); err != nil {
				return err
			}
		}
		v, err := s.visitor(r)
		if err != nil {
			return err
		}
		ctx := event.WithActor(withVisitor(r.Context(), v), v.actor(web.ClientAddress(r.Context())))
		r = r.WithContext(ctx)
		if err := rt.handle(w, r); err != nil {
			web.Render(s.Log, s.renderError, w, r, err) // of this request, so that it is still the visitor's page
		}
		return nil
	})
}
