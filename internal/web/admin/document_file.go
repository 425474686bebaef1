package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/web"
)

func (a *area) invoiceFile(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Billing.PDF(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	web.SendPDF(w, r, p.Filename(), p.PDF)
	return nil
}

func (a *area) noteFile(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Billing.PDFOfNote(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	web.SendPDF(w, r, p.Filename(), p.PDF)
	return nil
}
