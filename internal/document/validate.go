package document

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"

	"github.com/keystead/keystead/internal/money"
)

// Validate checks that the figures of a document add up as the rules of EN 16931 want
// it (invariant I14); an error names the rule. It is asked before a document is frozen:
// it finds mistakes of the program, not of people.
func (d Document) Validate() error {
	c := checks{d: d}
	c.that(d.Kind == Invoice || d.Kind == CreditNote || d.Kind == Proforma, "kind %q is unknown", d.Kind)
	c.that(d.TaxMode == NoTax || d.TaxMode == Exclusive || d.TaxMode == Inclusive, "tax mode %q is unknown", d.TaxMode)
	c.that(d.Currency.IsValid(), "currency %q is unknown", d.Currency)
	c.that(d.IssuedOn.IsValid(), "the date of issue %q is none", d.IssuedOn)
	c.that(d.Number != "" || d.Kind == Proforma, "BR-02: a number is missing")
	c.that(len(d.Lines) > 0, "BR-16: a line is missing")
	c.that(d.Kind != CreditNote || d.Refers != nil, "a credit note names the invoice that it corrects")

	lines := new(big.Int)
	for _, l := range d.Lines {
		lines.Add(lines, big.NewInt(l.Amount))
		c.that(l.Discount >= 0, "line %q: a discount is not negative", l.Description)
	}
	for _, a := range d.Allowances {
		lines.Sub(lines, big.NewInt(a.Amount))
	}
	bases, taxes := new(big.Int), new(big.Int)
	for _, t := range d.Taxes {
		bases.Add(bases, big.NewInt(t.Base))
		taxes.Add(taxes, big.NewInt(t.Tax))
	}
	c.equal("BR-CO-15: total = net + tax", big.NewInt(d.Total), sum(d.Net, d.Tax))
	c.equal("BR-CO-16: balance = total − paid", big.NewInt(d.Balance), new(big.Int).Sub(big.NewInt(d.Total), big.NewInt(d.Paid)))
	if d.TaxMode == Inclusive {
		c.equal("total = lines − allowances", big.NewInt(d.Total), lines)
	} else {
		c.equal("BR-CO-10, BR-CO-13: net = lines − allowances", big.NewInt(d.Net), lines)
	}
	if d.TaxMode == NoTax {
		c.that(d.Tax == 0 && len(d.Taxes) == 0, "a document without tax has none")
		return errors.Join(c.errs...)
	}
	c.equal("net = sum of the tax bases", big.NewInt(d.Net), bases)
	c.equal("BR-CO-14: tax = sum over the categories", big.NewInt(d.Tax), taxes)
	c.categories()
	return errors.Join(c.errs...)
}

type checks struct {
	d    Document
	errs []error
}

func (c *checks) that(ok bool, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

func (c *checks) equal(rule string, got, want *big.Int) {
	c.that(got.Cmp(want) == 0, "%s: it is %s and should be %s", rule, got, want)
}

func sum(a, b int64) *big.Int { return new(big.Int).Add(big.NewInt(a), big.NewInt(b)) }

// categories checks BR-CO-17 for each category and rate: its base is what its lines and
// allowances come to, and its tax is base × rate, rounded once.
//
// The credit note that closes an invoice takes all the tax that is left of it, which may
// differ by some minor units (rule P9). For credit notes the official tolerance of the
// rule counts, one major unit.
func (c *checks) categories() {
	type category struct{ code, rate string }
	var order []category
	amounts := map[category]*big.Int{}
	at := func(code, rate string) *big.Int {
		k := category{code, c.rate(rate).RatString()}
		if amounts[k] == nil {
			amounts[k], order = new(big.Int), append(order, k)
		}
		return amounts[k]
	}
	for _, l := range c.d.Lines {
		a := at(l.TaxCategory, l.TaxRate)
		a.Add(a, big.NewInt(l.Amount))
	}
	for _, l := range c.d.Allowances {
		a := at(l.TaxCategory, l.TaxRate)
		a.Sub(a, big.NewInt(l.Amount))
	}
	tolerance := new(big.Int)
	if c.d.Kind == CreditNote {
		tolerance.Exp(big.NewInt(10), big.NewInt(int64(c.d.Currency.Decimals())), nil)
	}
	seen := map[category]bool{}
	for _, t := range c.d.Taxes {
		name := "category " + t.Category + " " + t.Rate
		rate := c.rate(t.Rate)
		k := category{t.Category, rate.RatString()}
		c.that(!seen[k], "%s is listed twice", name)
		seen[k] = true
		want, err := expectedTax(c.d.TaxMode, t, rate)
		if c.d.TaxMode == Exclusive {
			c.equal("base of "+name, big.NewInt(t.Base), at(t.Category, t.Rate))
		} else {
			c.equal("base and tax of "+name, sum(t.Base, t.Tax), at(t.Category, t.Rate))
		}
		off := new(big.Int).Sub(big.NewInt(t.Tax), big.NewInt(want))
		c.that(err == nil && off.CmpAbs(tolerance) <= 0, "BR-CO-17: the tax of %s is %d and should be %d", name, t.Tax, want)
	}
	for _, k := range order {
		c.that(seen[k] || amounts[k].Sign() == 0, "BR-CO-18: category %s %s has no tax entry", k.code, k.rate)
	}
}

// expectedTax is the tax of a category by its base, or, where prices contain it, by its
// gross amount: then the net is rounded and the tax is the rest (rule P7).
func expectedTax(mode TaxMode, t Tax, percent *big.Rat) (int64, error) {
	share := new(big.Rat).Quo(percent, big.NewRat(100, 1))
	if mode == Exclusive {
		return money.RoundHalfAway(share.Mul(share, new(big.Rat).SetInt64(t.Base)))
	}
	gross := new(big.Rat).SetInt(sum(t.Base, t.Tax))
	net, err := money.RoundHalfAway(gross.Quo(gross, share.Add(share, big.NewRat(1, 1))))
	return t.Base + t.Tax - net, err
}

var rateForm = regexp.MustCompile(`^([0-9]{1,4}(\.[0-9]{1,6})?)?$`)

// rate reads a rate in percent; without one it is zero.
func (c *checks) rate(s string) *big.Rat {
	c.that(rateForm.MatchString(s), "tax rate %q is not a percentage", s)
	r, ok := new(big.Rat).SetString(s)
	if !ok || !rateForm.MatchString(s) {
		return new(big.Rat)
	}
	return r
}
