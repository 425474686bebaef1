// Package document is the paper of billing: invoices, credit notes and proforma
// invoices as they are handed out.
//
// A [Document] holds everything that one says, and nothing about how it looks. It is
// what is frozen with a finalised invoice: it has no maps, so that the same document
// is always the same JSON. Two things are made of it, from the same words:
// [Document.Sheet] is all its text in the reader's language, for pages; [PDF] draws
// that sheet on A4.
//
// Everything here is pure. The same document gives the same bytes, today and on
// another day; a new release of the program may draw it differently, so whoever
// promises that a file never changes keeps the file.
package document

import (
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Kind says what a document is.
type Kind string

// The kinds. A proforma invoice asks for money and is none for the tax office.
const (
	Invoice    Kind = "invoice"
	CreditNote Kind = "credit_note"
	Proforma   Kind = "proforma"
)

// TaxMode says what the amounts of the lines are.
type TaxMode string

// The tax modes: no tax at all, prices to which it is added, prices that contain it.
const (
	NoTax     TaxMode = "none"
	Exclusive TaxMode = "exclusive"
	Inclusive TaxMode = "inclusive"
)

// Document is an invoice, a credit note or a proforma invoice. All its amounts are in
// minor units of its one currency. The amounts of a credit note are positive: they say
// how much of the invoice is taken back.
type Document struct {
	Kind       Kind           `json:"kind"`
	Number     string         `json:"number,omitzero"`
	Language   string         `json:"language,omitzero"` // BCP 47; English unless it is German
	Currency   money.Currency `json:"currency"`
	TaxMode    TaxMode        `json:"tax_mode"`
	IssuedOn   civil.Date     `json:"issued_on,omitzero"`
	DueOn      civil.Date     `json:"due_on,omitzero"`
	Seller     Party          `json:"seller"`
	Buyer      Party          `json:"buyer"`
	Refers     *Reference     `json:"refers,omitzero"`   // of a credit note: the invoice it corrects
	Replaces   *Reference     `json:"replaces,omitzero"` // the document in whose place it stands
	Lines      []Line         `json:"lines"`
	Allowances []Allowance    `json:"allowances,omitzero"`
	Taxes      []Tax          `json:"taxes,omitzero"`

	Net     int64 `json:"net"`
	Tax     int64 `json:"tax"`
	Total   int64 `json:"total"` // Net + Tax
	Paid    int64 `json:"paid"`
	Balance int64 `json:"balance"` // Total − Paid

	Payment Payment `json:"payment,omitzero"`
	Notes   string  `json:"notes,omitzero"` // may have several lines
}

// Party is the seller or the buyer.
type Party struct {
	Name    string `json:"name"`
	Company string `json:"company,omitzero"`
	Email   string `json:"email,omitzero"`
	Address string `json:"address,omitzero"` // may have several lines
	Country string `json:"country,omitzero"` // ISO 3166-1
	TaxID   string `json:"tax_id,omitzero"`
}

// Reference names another document.
type Reference struct {
	Number   string     `json:"number"`
	IssuedOn civil.Date `json:"issued_on,omitzero"`
}

// Line is one thing that was sold.
type Line struct {
	Position    int64  `json:"position,omitzero"` // zero: its place in the list
	Description string `json:"description"`       // may have several lines
	Period      Period `json:"period,omitzero"`
	Quantity    int64  `json:"quantity"`
	UnitPrice   int64  `json:"unit_price"`
	Discount    int64  `json:"discount,omitzero"` // what was taken off, not negative
	Amount      int64  `json:"amount"`            // what is left: net if the mode is exclusive, gross if it is inclusive
	TaxCategory string `json:"tax_category,omitzero"`
	TaxRate     string `json:"tax_rate,omitzero"`
}

// Period is the time for which a service was sold, half-open: [Start, End).
type Period struct {
	Start civil.Date `json:"start,omitzero"`
	End   civil.Date `json:"end,omitzero"`
}

// Allowance is taken off the document as a whole, such as a coupon's share of one tax
// category. Its amount is what the lines of that category contain of it: net or gross,
// as theirs are.
type Allowance struct {
	Reason      string `json:"reason,omitzero"`
	Amount      int64  `json:"amount"`
	TaxCategory string `json:"tax_category,omitzero"`
	TaxRate     string `json:"tax_rate,omitzero"`
}

// Tax is the tax of one category and rate, computed once for the document (rule P7).
type Tax struct {
	Category string `json:"category"`      // EN 16931: S, Z, E, AE, O, G, K
	Name     string `json:"name,omitzero"` // such as "GST"; empty: value added tax
	Rate     string `json:"rate,omitzero"` // in percent, an exact decimal: "19", "8.1"
	Base     int64  `json:"base"`          // net
	Tax      int64  `json:"tax"`           //
	Text     string `json:"text,omitzero"` // what the law wants said; see [ReverseCharge]
}

// ReverseCharge is the tax category of sales for which the buyer owes the tax. A tax of
// this category without a text says so in the usual words.
const ReverseCharge = "AE"

// Payment is how the buyer can pay.
type Payment struct {
	Reference    string `json:"reference,omitzero"`
	Instructions string `json:"instructions,omitzero"` // such as the bank account; may have several lines
	Link         string `json:"link,omitzero"`         // a page to pay on
}

// Filename is a name under which the file of the document can be saved anywhere.
func (d Document) Filename() string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		default:
			return '-'
		}
	}, d.Number)
	name = strings.Trim(name, ".-")
	if len(name) > 100 {
		name = name[:100]
	}
	switch {
	case name != "":
	case d.Kind == CreditNote:
		name = "credit-note"
	case d.Kind == Proforma:
		name = "proforma"
	default:
		name = "invoice"
	}
	return name + ".pdf"
}

func (d Document) money(amount int64) money.Money { return money.New(amount, d.Currency) }
