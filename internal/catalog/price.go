package catalog

import (
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// PriceStatus says whether a price can be ordered.
type PriceStatus string

// The statuses of a price.
const (
	PriceActive  PriceStatus = "active"
	PriceRetired PriceStatus = "retired"
)

// Price is what a plan costs. It never changes: [Service.ReplacePrice] makes its next version and retires it, so that
// every order keeps pointing at exactly what was agreed.
type Price struct {
	ID       string
	PlanID   string
	Replaces string // the version before; empty for the first
	Cycle    civil.Cycle
	Money    money.Money
	SetupFee money.Money // in the same currency; amount 0: none
	ValidFor civil.Span  // zero: for ever
	Version  int64
	Status   PriceStatus
	// CreatedAt is also the instant at which the version before was retired.
	CreatedAt time.Time
}

// maxAmount keeps every sum of lines far from the end of 64 bits.
const maxAmount = 100_000_000_000_000

// NewPrice is what [Service.CreatePrice] and [Service.ReplacePrice] need.
type NewPrice struct {
	Cycle    string
	Money    money.Money
	SetupFee money.Money // zero value: none
	ValidFor civil.Span  // zero value: for ever
}

// Validate reports everything that is wrong with n, after bringing it into the form in which it is stored.
func (n *NewPrice) Validate() error {
	var f fail.Fields
	cycle, err := civil.ParseCycle(n.Cycle)
	switch {
	case err != nil:
		f.Add("cycle", "is not a billing cycle; this version sells "+string(civil.OneTime)+" only")
	case cycle != civil.OneTime:
		f.Add("cycle", "can't be "+n.Cycle+" yet: this version sells "+string(civil.OneTime)+" only")
	}
	if !n.Money.Currency.IsValid() {
		f.Add("money.currency", "is not a current ISO 4217 code")
	}
	f.Check("money.amount", checkAmount(n.Money.Amount))
	if n.SetupFee == (money.Money{}) {
		n.SetupFee.Currency = n.Money.Currency
	}
	if n.SetupFee.Currency != n.Money.Currency {
		f.Add("setup_fee.currency", "differs from the currency of the price")
	}
	f.Check("setup_fee.amount", checkAmount(n.SetupFee.Amount))
	if !n.ValidFor.IsZero() {
		f.Check("valid_for", n.ValidFor.Validate())
	}
	return f.Err()
}

func checkAmount(n int64) error {
	if n < 0 || n > maxAmount {
		return fmt.Errorf("is not between 0 and %d", maxAmount)
	}
	return nil
}

// Offer is a price with what stands around it: all that an order needs to know of it.
type Offer struct {
	PriceID         string
	PlanID          string
	ProductID       string
	ProductName     string
	PlanName        string
	RequiresLicense bool
	Money           money.Money // of one
	SetupFee        money.Money
	// OnSale says that price, plan and product can all be ordered.
	OnSale bool
}

// Name is how the offer stands on orders and invoices.
func (o Offer) Name() string { return o.ProductName + " – " + o.PlanName }
