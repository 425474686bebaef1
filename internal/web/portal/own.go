package portal

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/text"
)

// own loads what the address names by its id, if it belongs to the visitor. What belongs to another customer does not
// exist.
func own[T any](r *http.Request, byID func(context.Context, string) (T, error), ownerOf func(T) string) (T, error) {
	return ownID(r, r.PathValue("id"), byID, ownerOf)
}

// ownID is own of an id that stands elsewhere than in the path.
func ownID[T any](r *http.Request, id string, byID func(context.Context, string) (T, error), ownerOf func(T) string) (T, error) {
	var none T
	if !text.IsID(id) {
		return none, errNoPage
	}
	found, err := byID(r.Context(), id)
	if err == nil && ownerOf(found) != visitorOf(r).customer.ID {
		return none, errNoPage
	}
	return found, err
}

func (a *area) ownLicense(r *http.Request) (license.License, error) {
	return own(r, a.Licenses.ByID, func(l license.License) string { return l.CustomerID })
}

// ownInvoice is an invoice of the visitor. Drafts are nobody's.
func (a *area) ownInvoice(r *http.Request) (billing.Invoice, error) {
	return own(r, a.Billing.ByID, func(i billing.Invoice) string {
		if i.Status == billing.Draft {
			return ""
		}
		return i.CustomerID
	})
}

func (a *area) ownCreditNote(r *http.Request) (billing.CreditNote, error) {
	return own(r, a.Billing.CreditNoteByID, func(n billing.CreditNote) string { return n.CustomerID })
}

func (a *area) ownSubscription(r *http.Request) (subscription.Subscription, error) {
	return own(r, a.Subscriptions.ByID, func(s subscription.Subscription) string { return s.CustomerID })
}

// ownMethod is a payment method of the visitor that is not removed.
func (a *area) ownMethod(r *http.Request) (payment.Method, error) {
	saved, err := a.Payments.Methods(r.Context(), visitorOf(r).customer.ID)
	if err != nil {
		return payment.Method{}, err
	}
	for _, m := range saved {
		if m.ID == r.PathValue("id") {
			return m, nil
		}
	}
	return payment.Method{}, errNoPage
}
