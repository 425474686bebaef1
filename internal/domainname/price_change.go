package domainname

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// ChangeMode says how a bulk update reaches the new amount.
type ChangeMode string

// The modes.
const (
	ToList    ChangeMode = "list"    // what the price table says on the day of the start
	ToAmount  ChangeMode = "amount"  // Value, in major units
	ByPercent ChangeMode = "percent" // Value is a percentage, such as "5" or "-2.5"
	ByDelta   ChangeMode = "delta"   // Value is added, in major units
)

// PriceChange is how the recurring amounts of domains change. Step, Floor and Ceiling are in major units; empty: none.
type PriceChange struct {
	Mode         ChangeMode `json:"mode"`
	Value        string     `json:"value,omitempty"`
	Step         string     `json:"step,omitempty"` // rounded to its multiples
	Floor        string     `json:"floor,omitempty"`
	Ceiling      string     `json:"ceiling,omitempty"`
	NotBelowCost bool       `json:"not_below_cost,omitempty"`
}

// percentage is how one is written.
var percentage = regexp.MustCompile(`^-?[0-9]{1,4}(\.[0-9]{1,12})?$`)

// needsCurrency reports whether amounts are named, which are those of one currency.
func (c PriceChange) needsCurrency() bool {
	return c.Mode == ToAmount || c.Mode == ByDelta || c.Step != "" || c.Floor != "" || c.Ceiling != ""
}

func (c PriceChange) check(f *fail.Fields, currency money.Currency) {
	if c.needsCurrency() && !currency.IsValid() {
		f.Add("currency", "is required to change prices by amounts")
		return
	}
	switch c.Mode {
	case ToList:
	case ByPercent:
		// No fractions and no exponents, which can take seconds to calculate with.
		r, ok := new(big.Rat), percentage.MatchString(c.Value)
		if ok {
			r, ok = r.SetString(c.Value)
		}
		if !ok || r.Cmp(big.NewRat(-100, 1)) < 0 || r.Cmp(big.NewRat(1000, 1)) > 0 {
			f.Add("value", "is not a percentage from -100 to 1000")
		}
	case ToAmount, ByDelta:
		m, err := money.ParseDecimal(c.Value, currency)
		if err != nil || abs(m.Amount) > maxAmount || c.Mode == ToAmount && m.Amount < 1 {
			f.Add("value", "is not an amount such as 1.50")
		}
	default:
		f.Add("mode", "is not one of list, amount, percent, delta")
	}
	for field, value := range map[string]string{"step": c.Step, "floor": c.Floor, "ceiling": c.Ceiling} {
		if value == "" {
			continue
		}
		if m, err := money.ParseDecimal(value, currency); err != nil || m.Amount < 1 || m.Amount > maxAmount {
			f.Add(field, "is not an amount such as 0.50")
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// Why a bulk update leaves a domain as it is.
const (
	noListPrice  = "the price table has no such term"
	belowMinimum = "the result is below one minor unit"
	tooMuch      = "the result is too large"
)

// New is what a domain will cost that costs before; list is its list price and cost what the registrar asks, where known.
// refused says why there is no such amount. The exact amount is rounded once, half up.
func (c PriceChange) New(before money.Money, list, cost *money.Money) (after money.Money, refused string) {
	exact := new(big.Rat).SetInt64(before.Amount)
	switch c.Mode {
	case ToList:
		if list == nil {
			return before, noListPrice
		}
		exact.SetInt64(list.Amount)
	case ToAmount:
		exact.SetInt64(c.minor(c.Value, before.Currency))
	case ByDelta:
		exact.Add(exact, new(big.Rat).SetInt64(c.minor(c.Value, before.Currency)))
	case ByPercent:
		percent, _ := new(big.Rat).SetString(c.Value)
		exact.Mul(exact, percent.Add(percent, big.NewRat(100, 1)))
		exact.Quo(exact, big.NewRat(100, 1))
	}
	step := max(c.minor(c.Step, before.Currency), 1)
	multiples, err := money.RoundHalfAway(exact.Quo(exact, new(big.Rat).SetInt64(step)))
	if err != nil || abs(multiples) > maxAmount/step {
		return before, tooMuch
	}
	amount := multiples * step
	if floor := c.minor(c.Floor, before.Currency); c.Floor != "" {
		amount = max(amount, floor)
	}
	if ceiling := c.minor(c.Ceiling, before.Currency); c.Ceiling != "" {
		amount = min(amount, ceiling)
	}
	if c.NotBelowCost && cost != nil {
		amount = max(amount, cost.Amount) // also above the ceiling: nothing is sold at a loss
	}
	if amount < 1 {
		return before, belowMinimum
	}
	return money.New(amount, before.Currency), ""
}

// minor reads an amount that was checked; empty is 0.
func (c PriceChange) minor(s string, currency money.Currency) int64 {
	m, _ := money.ParseDecimal(cmp.Or(s, "0"), currency)
	return m.Amount
}

// Totals are what domains cost together in one currency, before and after.
type Totals struct {
	Currency                  money.Currency
	Domains                   int
	Before, After             money.Money // of their terms
	YearBefore, YearAfter     money.Money // in a year
	MonthBefore, MonthAfter   money.Money // in a month
	yearBefore, yearAfter     *big.Rat
	amountBefore, amountAfter *big.Int
}

// totals adds up, exactly until the end.
type totals map[money.Currency]*Totals

func (all totals) add(term int, before, after money.Money) {
	t := all[before.Currency]
	if t == nil {
		t = &Totals{
			Currency: before.Currency, yearBefore: new(big.Rat), yearAfter: new(big.Rat), amountBefore: new(big.Int), amountAfter: new(big.Int),
		}
		all[before.Currency] = t
	}
	t.Domains++
	t.amountBefore.Add(t.amountBefore, big.NewInt(before.Amount))
	t.amountAfter.Add(t.amountAfter, big.NewInt(after.Amount))
	t.yearBefore.Add(t.yearBefore, big.NewRat(before.Amount, int64(term)))
	t.yearAfter.Add(t.yearAfter, big.NewRat(after.Amount, int64(term)))
}

// rounded are the totals, each figure rounded once.
func (all totals) rounded() ([]Totals, error) {
	var list []Totals
	for _, t := range all {
		month := big.NewRat(1, 12)
		for _, figure := range []struct {
			to    *money.Money
			exact *big.Rat
		}{
			{&t.Before, new(big.Rat).SetInt(t.amountBefore)},
			{&t.After, new(big.Rat).SetInt(t.amountAfter)},
			{&t.YearBefore, t.yearBefore},
			{&t.YearAfter, t.yearAfter},
			{&t.MonthBefore, new(big.Rat).Mul(t.yearBefore, month)},
			{&t.MonthAfter, new(big.Rat).Mul(t.yearAfter, month)},
		} {
			amount, err := money.RoundHalfAway(figure.exact)
			if err != nil {
				return nil, fmt.Errorf("totals in %s: %w", t.Currency, err)
			}
			*figure.to = money.New(amount, t.Currency)
		}
		list = append(list, *t)
	}
	return list, nil
}
