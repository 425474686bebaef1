package shop

import (
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/web"
)

// thanksFile hands out a file for a license of the order.
func (s *shop) thanksFile(w http.ResponseWriter, r *http.Request) error {
	o, _, ok, err := s.thanksOrder(w, r)
	if err != nil || !ok {
		return err
	}
	if !slices.Contains(o.LicenseIDs, r.PathValue("license")) {
		return errNoPage
	}
	l, err := s.Licenses.ByID(r.Context(), r.PathValue("license"))
	if err != nil {
		return err
	}
	return s.desk.Serve(w, r, l, r.PathValue("file"))
}

// thanksInvoice hands out the invoice of the order.
func (s *shop) thanksInvoice(w http.ResponseWriter, r *http.Request) error {
	o, _, ok, err := s.thanksOrder(w, r)
	if err != nil || !ok {
		return err
	}
	paper, err := s.Billing.PDF(r.Context(), o.InvoiceID)
	if err != nil {
		return err
	}
	web.SendPDF(w, r, paper.Filename(), paper.PDF)
	return nil
}
