// Package billing makes invoices, keeps the books, and sees to it that a paid line does what it promised.
//
// An order's invoice is finalised at once: it takes the next number of a series without gaps, and from then on seller,
// buyer, lines and dates are frozen. Beside each line, and no part of the document, stands its fulfilment link: what
// paying the line does. Money reaches an invoice through [Service.Receive]; when nothing is left to pay, every line is
// fulfilled in a savepoint of its own, so that a line that fails never takes the payment with it.
//
// Every movement of money is a balanced double entry; [Service.Verify] rebuilds everything else from the entries.
package billing

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Invoice is a document that asks for money, with what became of it.
type Invoice struct {
	ID         string
	OrderID    string
	CustomerID string
	Number     string // empty for a draft
	Status     Status
	Total      money.Money
	// Paid is what payments count towards the invoice; money beyond the total is credit and not part of it.
	Paid      money.Money
	IssuedOn  civil.Date
	DueOn     civil.Date
	Seller    Party
	Buyer     Party
	Lines     []InvoiceLine
	Version   int64
	CreatedAt time.Time
	PaidAt    *time.Time
}

// Balance is what the customer still owes: nothing any more once an invoice is void or given up.
func (i Invoice) Balance() money.Money {
	if i.Status != Open && i.Status != Draft {
		return money.New(0, i.Total.Currency)
	}
	return money.New(i.Total.Amount-i.Paid.Amount, i.Total.Currency)
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

// Party is the seller or the buyer as the document names them, frozen when it is finalised.
type Party struct {
	Name    string `json:"name"`
	Company string `json:"company,omitzero"`
	Email   string `json:"email,omitzero"`
	Address string `json:"address,omitzero"`
	Country string `json:"country,omitzero"`
	TaxID   string `json:"tax_id,omitzero"`
}

// InvoiceLine is a line of an invoice.
type InvoiceLine struct {
	ID          string
	Description string
	Quantity    int64
	UnitAmount  money.Money
	Total       money.Money
	Link        *Link // nil: paying the line does nothing besides
}

// Link is what paying a line does.
type Link struct {
	Kind      string
	Target    string // the id of what the line acted on; empty until it is done
	State     LinkState
	Error     string // why it failed, for staff
	ChangedAt time.Time
}

// NewInvoice is what [Service.Draft] needs.
type NewInvoice struct {
	OrderID    string
	CustomerID string
	Buyer      Party
	Currency   money.Currency
	Lines      []NewLine
}

// NewLine is a line of a [NewInvoice]. Kind is the fulfilment kind of its link; empty for a line without one.
type NewLine struct {
	OrderItemID string
	Description string
	Quantity    int64
	UnitAmount  money.Money
	Kind        string
}
