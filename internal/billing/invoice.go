// Package billing makes invoices and credit notes, keeps the books, and sees to it that a paid line does what it promised.
//
// An invoice is finalised: it takes the next number of a series without gaps, and from then on seller, buyer, lines,
// taxes and dates are frozen. Beside each line, and no part of the document, stands its fulfilment link: what paying the
// line does. Money reaches an invoice through [Service.Receive]; when nothing is left to pay, every line is fulfilled in
// a savepoint of its own, so that a line that fails never takes the payment with it. What is taken back of an invoice is
// a credit note ([Service.Credit]); what is taken back of its money is not ([Service.Unapply]).
//
// Every movement of money is a balanced double entry; [Service.Verify] rebuilds everything else from the entries.
package billing

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// Kind says what an invoice is for.
type Kind string

// The kinds of invoices.
const (
	KindOrder   Kind = "order"   // what was ordered
	KindRenewal Kind = "renewal" // the next periods of subscriptions
	KindChange  Kind = "change"  // of a plan, a cycle or a quantity within a period
	KindManual  Kind = "manual"  // what staff put together
)

// Invoice is a document that asks for money, with what became of it.
type Invoice struct {
	ID         string
	OrderID    string // empty: of no order
	CustomerID string
	Kind       Kind
	Number     string // empty for a draft, and for a proforma invoice until it is paid
	Status     Status
	TaxMode    tax.Mode
	Net        money.Money
	Tax        money.Money
	Total      money.Money // Net + Tax
	// Credited is what credit notes have taken back of the total.
	Credited money.Money
	// Paid is what payments count towards the invoice, less what was taken back of that; money beyond the balance is
	// the customer's credit and not part of it.
	Paid     money.Money
	Disputes int64 // open ones about its payments
	IssuedOn civil.Date
	DueOn    civil.Date
	Seller   Party
	Buyer    Party
	Note     string // what the tax asks to be said
	// Replaces and ReplacedBy tell of an invoice that was voided and issued anew with other lines.
	Replaces   string
	ReplacedBy string
	// Step is what collecting its money does next, on the day StepOn; see Terms.Collect.
	Step      string
	StepOn    civil.Date
	Lines     []InvoiceLine
	Taxes     []TaxLine
	Version   int64
	CreatedAt time.Time
	PaidAt    *time.Time
}

// TaxLine has the tax of one category and rate, computed once for the document.
type TaxLine struct {
	Category tax.Category
	Base     money.Money
	Tax      money.Money
}

// Balance is what the customer still owes: nothing any more once an invoice is void or given up.
func (i Invoice) Balance() money.Money {
	if i.Status != Open && i.Status != Draft {
		return money.New(0, i.Total.Currency)
	}
	return i.unsettled()
}

// unsettled is what neither money nor credit notes have settled, whatever became of the invoice.
func (i Invoice) unsettled() money.Money {
	return money.New(i.Total.Amount-i.Credited.Amount-i.Paid.Amount, i.Total.Currency)
}

// Accepts splits an amount in the invoice's currency into the part that pays it and the part that is credit. Only an
// open invoice takes money, and never more than its balance.
func (i Invoice) Accepts(amount money.Money) (applied, credit money.Money) {
	var part int64
	if i.Status == Open {
		part = min(amount.Amount, i.Balance().Amount)
	}
	return money.New(part, amount.Currency), money.New(amount.Amount-part, amount.Currency)
}

// Line returns a line by its id.
func (i Invoice) Line(id string) (InvoiceLine, bool) {
	for _, line := range i.Lines {
		if line.ID == id {
			return line, true
		}
	}
	return InvoiceLine{}, false
}

// money is an amount in the invoice's currency.
func (i Invoice) money(amount int64) money.Money { return money.New(amount, i.Total.Currency) }

// Party is the seller or the buyer as the document names them, frozen when it is finalised.
type Party struct {
	Name     string `json:"name"`
	Company  string `json:"company,omitzero"`
	Email    string `json:"email,omitzero"`
	Address  string `json:"address,omitzero"`
	Country  string `json:"country,omitzero"`
	State    string `json:"state,omitzero"`
	TaxID    string `json:"tax_id,omitzero"`
	Language string `json:"language,omitzero"` // of the document; empty: the store's
}
