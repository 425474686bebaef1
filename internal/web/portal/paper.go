package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// noteShow shows a credit note.
func (a *area) noteShow(w http.ResponseWriter, r *http.Request) error {
	n, err := a.ownCreditNote(r)
	if err != nil {
		return err
	}
	doc, err := a.Billing.DocumentOfNote(r.Context(), n.ID)
	if err != nil {
		return err
	}
	inv, err := a.Billing.ByID(r.Context(), n.InvoiceID)
	if err != nil {
		return err
	}
	v := invoiceView{Page: a.page(w, r, n.Number, "invoices"), Paper: ui.DocumentPaper(doc.Sheet())}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/account/invoices"}, {Label: numberOf(inv), Href: "/account/invoices/" + inv.ID}, {Label: n.Number}}
	v.Head = ui.Head{
		Title: n.Number, Mono: true, Badges: []ui.Badge{{Text: "Credit note", Tone: ui.Neutral}}, Sub: noteSentence(n),
		Actions: []ui.Button{{Label: "PDF", Icon: "download", Href: "/account/credit-notes/" + n.ID + "/pdf"}},
	}
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}

// noteSentence says what became of the money of a credit note.
func noteSentence(n billing.CreditNote) string {
	switch {
	case n.Freed.Amount == 0:
		return show(n.Total) + " less are to be paid."
	case n.Freed == n.Total:
		return show(n.Total) + " that were paid became your credit, or were given back."
	default:
		return "Of " + show(n.Total) + ", " + show(n.Freed) + " that were paid became your credit, or were given back."
	}
}

func (a *area) invoicePDF(w http.ResponseWriter, r *http.Request) error {
	i, err := a.ownInvoice(r)
	if err != nil {
		return err
	}
	p, err := a.Billing.PDF(r.Context(), i.ID)
	if err != nil {
		return err
	}
	web.SendPDF(w, r, p.Filename(), p.PDF)
	return nil
}

func (a *area) notePDF(w http.ResponseWriter, r *http.Request) error {
	n, err := a.ownCreditNote(r)
	if err != nil {
		return err
	}
	p, err := a.Billing.PDFOfNote(r.Context(), n.ID)
	if err != nil {
		return err
	}
	web.SendPDF(w, r, p.Filename(), p.PDF)
	return nil
}
