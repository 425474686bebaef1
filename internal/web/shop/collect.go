package shop

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// collection is how the money for an order is to come.
type collection struct {
	by   payOption
	save bool   // the card is kept
	key  string // the same click twice is one charge
}

// statePath is where somebody learns how far the payment of an order is.
func statePath(orderID string) string {
	return "/checkout/return?" + url.Values{"order": {orderID}}.Encode()
}

// collect goes on to the payment of an order that was placed.
func (s *shop) collect(w http.ResponseWriter, r *http.Request, o order.Order, secret string, by collection) error {
	if o.Status != order.Pending || by.by.gateway == "" {
		return s.toThanks(w, r, o, secret)
	}
	if by.by.byHand() {
		return s.toTransfer(w, r, o, secret)
	}
	a, err := s.begin(r, o, by)
	switch {
	case errors.Is(err, payment.ErrNothingDue):
		return s.toThanks(w, r, o, secret)
	case errors.Is(err, payment.ErrInProgress):
		return redirect(w, r, statePath(o.ID))
	case err != nil:
		// The order stands, so that it can be paid in a moment or in another way.
		s.Log.Error("the payment of an order did not begin", "request_id", web.RequestID(r.Context()), "order", o.ID, "gateway", by.by.gateway, "err", err)
		return redirect(w, r, statePath(o.ID))
	case a.State == payment.AttemptSucceeded:
		return s.toThanks(w, r, o, secret)
	case a.State == payment.AttemptRequiresAction && a.ActionURL != "":
		return s.lead(w, r, a.ActionURL)
	default:
		return redirect(w, r, statePath(o.ID))
	}
}

// begin has a saved method charged, or prepares the page of a gateway.
func (s *shop) begin(r *http.Request, o order.Order, by collection) (payment.Attempt, error) {
	if by.by.method != "" {
		return s.Payments.Charge(r.Context(), o.InvoiceID, payment.ChargeOptions{Key: o.ID + " " + by.key, MethodID: by.by.method})
	}
	base, err := s.baseURL(r)
	if err != nil {
		return payment.Attempt{}, err
	}
	return s.Payments.Checkout(r.Context(), o.InvoiceID, payment.CheckoutOptions{
		Gateway: by.by.gateway, ReturnURL: base + statePath(o.ID), SaveMethod: by.save,
	})
}

// lead sends the customer to where a gateway wants them. A form may not lead to another site (form-action in the
// content security policy), so on the way there is a page of ours that goes on by itself.
func (s *shop) lead(w http.ResponseWriter, r *http.Request, address string) error {
	if path := s.here(r, address); path != "" {
		return redirect(w, r, path)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return errors.New("a gateway leads to " + address)
	}
	v := gateView{Page: s.page(w, r, "On to the payment", "cart"), Heading: "On to the payment"}
	v.Lead = "You pay on " + u.Host + " and come back here."
	v.Buttons = []ui.Button{{Label: "Go on", Href: address, Kind: ui.Primary, External: true}}
	w.Header().Set("Refresh", "0; url="+u.String())
	return s.gate(w, http.StatusOK, v)
}
