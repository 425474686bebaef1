package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/web"
)

// sendPaper hands out the file of a document.
func sendPaper(w http.ResponseWriter, r *http.Request, p billing.Paper) error {
	sum := sha256.Sum256(p.PDF)
	web.SetFileHeaders(w.Header(), p.Filename(), hex.EncodeToString(sum[:]))
	w.Header().Set("Content-Type", "application/pdf")
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = w.Write(p.PDF) // who goes away gets no file
	return nil
}

func (a *area) invoiceFile(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Billing.PDF(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return sendPaper(w, r, p)
}

func (a *area) noteFile(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Billing.PDFOfNote(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return sendPaper(w, r, p)
}
