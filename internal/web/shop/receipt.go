package shop

import (
	"net/http"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/text"
)

const (
	receiptName = "keystead_orders"
	receiptLife = 24 * time.Hour
	maxReceipts = 5
)

// receipt lets a browser come back to an order that it has placed: from a gateway's page, whose address says nothing
// that counts, or by its back button.
type receipt struct {
	Order  string `json:"o"`
	Secret string `json:"s"`          // of the thank-you page
	Key    string `json:"k,omitzero"` // of the form that was sent
}

// receipts are those of a browser, the newest first.
func (s *shop) receipts(r *http.Request) []receipt {
	var kept []receipt
	if !s.unseal(r, receiptName, &kept) {
		return nil
	}
	return kept
}

// receiptOf is the receipt of the order that a form has placed.
func (s *shop) receiptOf(r *http.Request, key string) (receipt, bool) {
	kept := s.receipts(r)
	at := slices.IndexFunc(kept, func(k receipt) bool { return k.Key != "" && k.Key == key })
	if at < 0 {
		return receipt{}, false
	}
	return kept[at], true
}

// keepReceipt adds a receipt to those of the browser.
func (s *shop) keepReceipt(w http.ResponseWriter, r *http.Request, of receipt) error {
	kept := slices.DeleteFunc(s.receipts(r), func(k receipt) bool { return k.Order == of.Order })
	kept = append([]receipt{of}, kept...)
	if len(kept) > maxReceipts {
		kept = kept[:maxReceipts]
	}
	return s.seal(w, r, receiptName, kept, receiptLife)
}

var errNoOrder = fail.NotFound("ORDER_NOT_KNOWN", "This browser has not placed such an order, or too long ago.")

// ownOrder is the order with an id, or the newest, of those that this browser or the customer who is signed in has
// placed. secret opens its thank-you page; it is empty where the browser has none.
func (s *shop) ownOrder(r *http.Request, id string) (o order.Order, secret string, err error) {
	for _, kept := range s.receipts(r) {
		if id != "" && kept.Order != id {
			continue
		}
		o, err = s.Orders.ThankYou(r.Context(), kept.Secret)
		if isNotFound(err) {
			break // too old
		}
		return o, kept.Secret, err
	}
	me := visitorOf(r)
	if me.customer == nil || !text.IsID(id) {
		return order.Order{}, "", errNoOrder
	}
	o, err = s.Orders.ByID(r.Context(), id)
	if isNotFound(err) || (err == nil && o.CustomerID != me.id()) {
		return order.Order{}, "", errNoOrder
	}
	return o, "", err
}

// thanksPath is the thank-you page of an order whose secret may still have to be made.
func (s *shop) thanksPath(w http.ResponseWriter, r *http.Request, o order.Order, secret string) (string, error) {
	if secret == "" {
		var err error
		if secret, err = s.Orders.ThankYouLink(r.Context(), o.ID); err != nil {
			return "", err
		}
		if err := s.keepReceipt(w, r, receipt{Order: o.ID, Secret: secret}); err != nil {
			return "", err
		}
	}
	return "/thanks/" + secret, nil
}

// toThanks leads to the thank-you page of an order.
func (s *shop) toThanks(w http.ResponseWriter, r *http.Request, o order.Order, secret string) error {
	path, err := s.thanksPath(w, r, o, secret)
	if err != nil {
		return err
	}
	return redirect(w, r, path)
}

// toTransfer leads to the thank-you page of an order, which then says how to transfer the money.
func (s *shop) toTransfer(w http.ResponseWriter, r *http.Request, o order.Order, secret string) error {
	path, err := s.thanksPath(w, r, o, secret)
	if err != nil {
		return err
	}
	return redirect(w, r, path+"?by=transfer")
}
