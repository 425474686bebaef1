package domainname

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// PriceKind says what a price is for.
type PriceKind string

// The kinds of prices.
const (
	ForRegistration PriceKind = "register"
	ForTransfer     PriceKind = "transfer" // for the shortest term only
	ForRenewal      PriceKind = "renew"
)

// Disabled stands in the place of an amount where a term is not offered.
const Disabled = -1

// Price is what a term costs from a day on. Each term has a price of its own; nothing is multiplied.
type Price struct {
	Extension string
	Kind      PriceKind
	Years     int
	Currency  money.Currency
	// Group is the client group that the price is for; empty: for all that have none of their own.
	Group     string
	Amount    int64 // in minor units, or Disabled
	Unset     bool  // of a group: it has no price of its own any more
	ValidFrom civil.Date
}

// Validate reports everything that is wrong with p, after bringing it into the form in which it is stored. A price for a
// renewal of ten years is not wrong: it is stored as disabled, and disabled says so.
func (p *Price) Validate() (disabled bool, err error) {
	var f fail.Fields
	extension, err := ParseExtension(p.Extension)
	f.Check("extension", err)
	if err == nil {
		p.Extension = extension
	}
	if !slices.Contains([]PriceKind{ForRegistration, ForTransfer, ForRenewal}, p.Kind) {
		f.Add("kind", "is not one of register, transfer, renew")
	}
	if p.Years < 1 || p.Years > maxTerm {
		f.Add("years", "is not between 1 and 10")
	}
	if !p.Currency.IsValid() {
		f.Add("currency", "is not a current ISO 4217 code")
	}
	if p.Amount != Disabled && (p.Amount < 0 || p.Amount > maxAmount) {
		f.Add("amount", fmt.Sprintf("is neither -1 nor between 0 and %d", maxAmount))
	}
	p.Group, err = text.Line(p.Group, 64)
	f.Check("group", err)
	if p.Unset {
		p.Amount = Disabled
		if p.Group == "" {
			f.Add("amount", "can be left out for client groups only: -1 disables the term")
		}
	}
	if p.ValidFrom.IsZero() || !p.ValidFrom.IsValid() {
		f.Add("valid_from", "is required")
	}
	if p.Kind == ForRenewal && p.Years == maxTerm && p.Amount != Disabled {
		p.Amount, disabled = Disabled, true
	}
	return disabled, f.Err()
}

// List is what each enabled term costs: an enabled price for each, all in one currency.
type List map[int]money.Money

// Years are the terms that have a price, shortest first.
func (l List) Years() []int {
	years := make([]int, 0, len(l))
	for y := range l {
		years = append(years, y)
	}
	slices.Sort(years)
	return years
}

// Prices are rows of the price table.
type Prices []Price

// List returns what the terms of an extension cost on a day, for a client group and in a currency: by the group's own
// price where it has one, even if that is disabled; else by the general one.
func (ps Prices) List(extension string, kind PriceKind, currency money.Currency, group string, day civil.Date) List {
	list := List{}
	for years := 1; years <= maxTerm; years++ {
		p, ok := ps.at(extension, kind, years, currency, group, day)
		if group != "" && (!ok || p.Unset) {
			p, ok = ps.at(extension, kind, years, currency, "", day)
		}
		if ok && p.Amount != Disabled {
			list[years] = money.New(p.Amount, currency)
		}
	}
	return list
}

func (ps Prices) at(extension string, kind PriceKind, years int, currency money.Currency, group string, day civil.Date) (at Price, found bool) {
	for _, p := range ps {
		if p.Extension != extension || p.Kind != kind || p.Years != years || p.Currency != currency || p.Group != group || p.ValidFrom.After(day) {
			continue
		}
		if !found || p.ValidFrom.After(at.ValidFrom) {
			at, found = p, true
		}
	}
	return at, found
}

// Promise is the term that a domain renews by after it was registered for so many years, and what that will cost: the
// longest renewal that is priced and allowed, not above the term that was registered and never ten years. ok is false if
// there is none: then nothing renews by itself, and staff are asked.
func Promise(registered int, renew List, p Policy) (years int, price money.Money, ok bool) {
	for years = min(registered, maxTerm-1); years >= 1; years-- {
		if price, ok = renew[years]; ok && p.Allows(years) {
			return years, price, true
		}
	}
	return 0, money.Money{}, false
}

// Rates converts between currencies by the store's rates; ok is false where it has none.
type Rates func(from, to money.Currency) (rate *big.Rat, ok bool)

// In returns the fee in a currency: as it is set, else converted and rounded once. known is false where it is set in no
// currency from which there is a rate.
func (f Fee) In(currency money.Currency, rates Rates) (_ money.Money, known bool) {
	if amount, set := f[currency]; set {
		return money.New(amount, currency), true
	}
	from := make([]money.Currency, 0, len(f))
	for c := range f {
		from = append(from, c)
	}
	slices.Sort(from) // so that the same fee is asked every time
	for _, c := range from {
		if converted, ok := Convert(money.New(f[c], c), currency, rates); ok {
			return converted, true
		}
	}
	if f.nothing() {
		return money.New(0, currency), true // by whatever rate
	}
	return money.Money{}, false
}

// nothing reports whether the fee is set to nothing in every currency for which it is set.
func (f Fee) nothing() bool {
	for _, amount := range f {
		if amount != 0 {
			return false
		}
	}
	return !f.Unset()
}

// FeeAt is what a stage costs on top of a renewal; known is false where staff must quote it. The fee of the redemption
// takes the place of that of the grace.
func (p Policy) FeeAt(stage Stage, currency money.Currency, rates Rates) (_ money.Money, known bool) {
	switch stage {
	case StageGrace:
		if p.GraceFee.Unset() {
			return money.New(0, currency), true
		}
		return p.GraceFee.In(currency, rates)
	case StageRedemption:
		return p.RedemptionFee.In(currency, rates)
	default:
		return money.New(0, currency), true
	}
}
