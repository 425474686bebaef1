package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/text"
)

// ownLicense is the license that the address names. One of another customer does not exist.
func (a *area) ownLicense(r *http.Request) (license.License, error) {
	id := r.PathValue("id")
	if !text.IsID(id) {
		return license.License{}, errNoPage
	}
	l, err := a.Licenses.ByID(r.Context(), id)
	if err == nil && l.CustomerID != visitorOf(r).customer.ID {
		return license.License{}, errNoPage
	}
	return l, err
}

// ownInvoice is the invoice that the address names. Drafts are nobody's.
func (a *area) ownInvoice(r *http.Request) (billing.Invoice, error) {
	id := r.PathValue("id")
	if !text.IsID(id) {
		return billing.Invoice{}, errNoPage
	}
	i, err := a.Billing.ByID(r.Context(), id)
	if err == nil && (i.CustomerID != visitorOf(r).customer.ID || i.Status == billing.Draft) {
		return billing.Invoice{}, errNoPage
	}
	return i, err
}
