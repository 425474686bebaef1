// Package tax does the arithmetic of documents: discounts over lines, tax per category, credit notes that sum exactly to
// their invoice, and the decision which tax a sale bears.
//
// It is pure: it knows no database, asks no service, and rounds only the figures that stand on a document.
package tax

import "fmt"

// Mode says how a store's prices and tax go together (rule P7).
type Mode string

// The modes.
const (
	None      Mode = "none"      // the store charges no tax
	Exclusive Mode = "exclusive" // prices are net, tax is added
	Inclusive Mode = "inclusive" // prices are gross, tax is in them
)

// ParseMode reads the name of a mode, exactly as the constants spell it.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case None, Exclusive, Inclusive:
		return m, nil
	default:
		return "", fmt.Errorf("tax mode %q is not known", s)
	}
}

// Code is a category of tax as EN 16931 names it (UNCL 5305).
type Code string

// The codes in use.
const (
	Standard      Code = "S"  // a rate above 0, the reduced ones included
	ZeroRated     Code = "Z"  // a rate of 0
	ReverseCharge Code = "AE" // the buyer accounts for the tax
	OutOfScope    Code = "O"  // no tax: the store charges none, or none to that buyer
)

// Category is what lines share whose tax is computed together: code and rate. The zero value stands for OutOfScope.
type Category struct {
	Code Code    `json:"code"`
	Rate Percent `json:"rate"`
}

// Rated returns the category of a rate: standard, or zero-rated if it is 0.
func Rated(rate Percent) Category {
	if rate.IsZero() {
		return Category{Code: ZeroRated}
	}
	return Category{Code: Standard, Rate: rate}
}

// Validate reports a category that can't be: an unknown code, a rate where none belongs, or none where one does.
func (c Category) Validate() error {
	switch c.Code {
	case Standard:
		if c.Rate.IsZero() {
			return fmt.Errorf("tax category %s needs a rate above 0", c.Code)
		}
	case ZeroRated, ReverseCharge, OutOfScope, "":
		if !c.Rate.IsZero() {
			return fmt.Errorf("tax category %s has no rate, but %s is given", c.Code, c.Rate)
		}
	default:
		return fmt.Errorf("tax category %q is not known", c.Code)
	}
	return nil
}

// String returns code and rate for messages: "S 19".
func (c Category) String() string { return string(c.Code) + " " + c.Rate.String() }
