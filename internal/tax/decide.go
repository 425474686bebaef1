package tax

import (
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
)

// EUMode says how the store taxes sales to the European Union.
type EUMode string

// The modes of the European Union.
const (
	EUOff       EUMode = "off"       // no rules of the Union: only the table of rates counts
	EUOSS       EUMode = "oss"       // the one-stop shop: consumers pay the rate of their own country
	EUThreshold EUMode = "threshold" // under the threshold: consumers in the Union pay the seller's rate
)

// ParseEUMode reads the name of a mode, exactly as the constants spell it.
func ParseEUMode(s string) (EUMode, error) {
	switch m := EUMode(s); m {
	case EUOff, EUOSS, EUThreshold:
		return m, nil
	default:
		return "", fmt.Errorf("EU tax mode %q is not known", s)
	}
}

// Seller is the store as tax law sees it.
type Seller struct {
	Mode    Mode
	Country string // ISO 3166
	EU      EUMode
	Rates   []Rate
}

// Buyer is the customer as tax law sees him.
type Buyer struct {
	Country string // ISO 3166
	State   string
	TaxID   string
	// Confirmed says that VIES has confirmed this very TaxID. False where it was not asked, said no, or is down.
	Confirmed bool
}

// Decision is the tax that a line bears.
type Decision struct {
	Category Category
	Reason   Reason
}

// Reason says why, for staff and for the evidence that is kept of a sale.
type Reason string

// The reasons.
const (
	BecauseOff           Reason = "off"            // the store charges no tax
	BecauseNoRate        Reason = "no_rate"        // no rate for the buyer's country
	BecauseRate          Reason = "rate"           // the rate of the buyer's country
	BecauseThreshold     Reason = "threshold"      // the seller's rate, under the threshold
	BecauseReverseCharge Reason = "reverse_charge" // a business in another member state
)

// ErrNoRate is returned where the Union's rules demand a tax and the table has no rate for it: selling without would be
// wrong.
var ErrNoRate = errors.New("the table of tax rates has no rate")

// Decide returns the tax on a sale of a tax class on a date (case D19).
//
//   - A store without tax charges none; otherwise the rate of the buyer's country and state counts, and a country
//     without a rate has none.
//   - With the Union's rules, a business in another member state whose VAT number VIES has confirmed accounts for the
//     tax itself. A domestic sale is never reverse charge. A number that is not confirmed is as good as none.
//   - Under the threshold, everyone else in the Union pays the seller's rate.
func Decide(s Seller, b Buyer, class string, on civil.Date) (Decision, error) {
	if s.Mode == None {
		return Decision{Category: Category{Code: OutOfScope}, Reason: BecauseOff}, nil
	}
	inUnion := s.followsUnion() && InEU(b.Country)
	if NeedsVIES(s, b) && b.Confirmed {
		return Decision{Category: Category{Code: ReverseCharge}, Reason: BecauseReverseCharge}, nil
	}
	country, state, reason := b.Country, b.State, BecauseRate
	if inUnion && s.EU == EUThreshold && InEU(s.Country) && b.Country != s.Country {
		country, state, reason = s.Country, "", BecauseThreshold
	}
	rate, ok := Lookup(s.Rates, country, state, class, on)
	switch {
	case ok:
		return Decision{Category: Rated(rate.Percent), Reason: reason}, nil
	case inUnion:
		return Decision{}, fmt.Errorf("%w for %s on %s", ErrNoRate, country, on)
	default:
		return Decision{Category: Category{Code: OutOfScope}, Reason: BecauseNoRate}, nil
	}
}

// NeedsVIES reports whether the tax depends on what VIES says of the buyer's number: he is in another member state and
// the number has the right form. Nobody else's number is asked for (case D19).
func NeedsVIES(s Seller, b Buyer) bool {
	if !s.followsUnion() || b.Country == s.Country {
		return false
	}
	_, ok := ParseVATID(b.Country, b.TaxID)
	return ok
}

func (s Seller) followsUnion() bool { return s.Mode != None && (s.EU == EUOSS || s.EU == EUThreshold) }
