package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
)

// CreditNote is a credit note as the API shows it. Its amounts are positive.
type CreditNote struct {
	ID         string           `json:"id" example:"crn_01hx2b6yh4m3nq0r8s5t"`
	Number     string           `json:"number" example:"CN-2027-7"`
	InvoiceID  string           `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	CustomerID string           `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	Cause      string           `json:"cause" enum:"refund,change,cancellation,goodwill"`
	Reason     *string          `json:"reason"`
	IssuedOn   string           `json:"issued_on" example:"2027-03-20" doc:"A date"`
	Net        Money            `json:"net"`
	Tax        Money            `json:"tax"`
	Total      Money            `json:"total"`
	Freed      Money            `json:"freed" doc:"What had been paid of it: it became the customer's credit"`
	TaxMode    string           `json:"tax_mode" enum:"none,exclusive,inclusive"`
	Taxes      []TaxPart        `json:"taxes"`
	Lines      []CreditNoteLine `json:"lines"`
	Seller     Party            `json:"seller"`
	Buyer      Party            `json:"buyer"`
	CreatedAt  time.Time        `json:"created_at"`
}

// CreditNoteLine is the part of an invoice line that a credit note takes back, in terms of the prices.
type CreditNoteLine struct {
	LineID      string  `json:"line_id" example:"lin_01hx2b6yh4m3nq0r8s5t"`
	Description string  `json:"description" example:"Tool – Pro"`
	Period      *Period `json:"period"`
	Amount      Money   `json:"amount" doc:"Before the discount"`
	Discount    Money   `json:"discount" doc:"Its share of the line's"`
	TaxCategory *string `json:"tax_category" enum:"S,Z,AE,O"`
	TaxRate     *string `json:"tax_rate" example:"19"`
}

func showCreditNote(n billing.CreditNote) CreditNote {
	shown := CreditNote{
		ID: n.ID, Number: n.Number, InvoiceID: n.InvoiceID, CustomerID: n.CustomerID, Cause: string(n.Cause), Reason: orNull(n.Reason),
		IssuedOn: n.IssuedOn.String(), Net: moneyOf(n.Net), Tax: moneyOf(n.Tax), Total: moneyOf(n.Total), Freed: moneyOf(n.Freed),
		TaxMode: string(n.TaxMode), Taxes: showTaxes(n.Taxes), Lines: []CreditNoteLine{}, Seller: showParty(n.Seller), Buyer: showParty(n.Buyer),
		CreatedAt: n.CreatedAt.UTC(),
	}
	for _, l := range n.Lines {
		line := CreditNoteLine{
			LineID: l.LineID, Description: l.Description, Period: showPeriod(l.Period), Amount: moneyOf(l.Amount), Discount: moneyOf(l.Discount),
		}
		line.TaxCategory, line.TaxRate = showCategory(l.Category)
		shown.Lines = append(shown.Lines, line)
	}
	return shown
}

const codeNoCreditNote = "CREDIT_NOTE_NOT_FOUND"

func (a *API) creditNotes() {
	const tag = "Invoices"
	add(a, route{
		Method: http.MethodGet, Path: "/invoices/{id}/credit-notes", Scope: "sales:read", Tag: tag, Summary: "List the credit notes of an invoice",
		Notes: "Oldest first, all on one page.", Codes: []string{codeNoInvoice},
	}, func(ctx context.Context, in *ByID) (List[CreditNote], error) {
		notes, err := a.Billing.CreditNotes(ctx, in.ID)
		return listOf(notes, "", showCreditNote), err
	})
	add(a, route{Method: http.MethodGet, Path: "/credit-notes/{id}", Scope: "sales:read", Tag: tag, Summary: "Show a credit note", Codes: []string{codeNoCreditNote}},
		func(ctx context.Context, in *ByID) (CreditNote, error) {
			n, err := a.Billing.CreditNoteByID(ctx, in.ID)
			return showCreditNote(n), err
		})
	addFile(a, route{
		Method: http.MethodGet, Path: "/credit-notes/{id}/pdf", Scope: "sales:read", Tag: tag, Summary: "Get a credit note as a file",
		Notes: "Its bytes never change.", Media: mediaPDF, Codes: []string{codeNoCreditNote},
	}, func(ctx context.Context, in *ByID) (file, error) {
		p, err := a.Billing.PDFOfNote(ctx, in.ID)
		return file{Name: p.Filename(), Content: p.PDF}, err
	})
}
