package shop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

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
	sum := sha256.Sum256(paper.PDF)
	web.SetFileHeaders(w.Header(), paper.Filename(), hex.EncodeToString(sum[:]))
	w.Header().Set("Content-Type", "application/pdf")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(paper.PDF))
	return nil
}
