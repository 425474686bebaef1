package billing

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// Terms is what invoices take from the settings of the store when they are finalised.
type Terms struct {
	Zone               *time.Location
	NumberFormat       string // see FormatNumber
	CreditNumberFormat string
	// NumberAtPayment leaves an invoice without a number until it is paid (proforma).
	NumberAtPayment bool
	DueDays         int
	Seller          Party
	Language        string // of documents for buyers who chose none
	PaymentNote     string // how to pay by hand
	Tax             TaxTerms
	// Collect says what collecting the money of an open invoice does first, and on which day; zero: nothing. nil: nothing
	// is collected.
	Collect func(kind Kind, dueOn civil.Date, balance money.Money) (step string, on civil.Date)
}

// TaxTerms is how the store taxes. The zero value is a store without tax.
type TaxTerms struct {
	Mode    tax.Mode // empty: tax.None
	Country string
	EU      tax.EUMode // empty: tax.EUOff
}

// collect returns the first step of collecting an invoice's balance.
func (t Terms) collect(inv Invoice) (step string, on civil.Date) {
	if t.Collect == nil || inv.Balance().Amount <= 0 {
		return "", civil.Date{}
	}
	return t.Collect(inv.Kind, inv.DueOn, inv.Balance())
}
