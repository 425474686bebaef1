package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Decimal returns the amount in major units, with the digits that its currency
// has and a point: "49.00", "-0.05", "4900" for JPY. It is the form for
// programs; [ParseDecimal] reads it.
func (m Money) Decimal() string {
	whole, fraction := m.digits()
	if m.Amount < 0 {
		whole = "-" + whole
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// digits returns the digits of the amount before and after the decimal point.
func (m Money) digits() (whole, fraction string) {
	n := m.Currency.Decimals()
	s := strconv.FormatUint(magnitude(m.Amount), 10)
	if missing := n + 1 - len(s); missing > 0 {
		s = strings.Repeat("0", missing) + s
	}
	return s[:len(s)-n], s[len(s)-n:]
}

// ParseDecimal reads an amount in major units: an optional "-", digits without
// a superfluous zero in front, and optionally a point followed by at most as
// many digits as the currency has ("49", "49.5" and "49.00" for EUR). Nothing
// else is accepted: no space, plus, exponent, comma or thousands separator, and
// no digit is ever rounded away. It fails with [ErrOverflow] if the amount does
// not fit into 64 bits of minor units.
func ParseDecimal(s string, c Currency) (Money, error) {
	if !c.IsValid() {
		return Money{}, fmt.Errorf("currency %q is not a current ISO 4217 code", c)
	}
	unsigned, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(unsigned, ".")
	if !allDigits(whole) || (len(whole) > 1 && whole[0] == '0') || (point && !allDigits(fraction)) {
		return Money{}, fmt.Errorf("amount %q is not a decimal number", s)
	}
	missing := c.Decimals() - len(fraction)
	if missing < 0 {
		return Money{}, fmt.Errorf("amount %q has more than the %d decimals of %s", s, c.Decimals(), c)
	}
	units, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", missing), 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("amount %q: %w", s, ErrOverflow)
	}
	amount, err := signed(units, negative)
	if err != nil {
		return Money{}, fmt.Errorf("amount %q: %w", s, err)
	}
	return New(amount, c), nil
}

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// Symbols that readers everywhere take for this currency and no other, as
// Unicode CLDR writes them outside the country itself. Other currencies show
// their code.
var symbols = map[Currency]string{
	"AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "ILS": "₪",
	"INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "TWD": "NT$", "USD": "$", "VND": "₫",
}

const (
	noBreakSpace       = "\u00a0"
	narrowNoBreakSpace = "\u202f"
)

// layout says how a language writes an amount.
type layout struct {
	group, point string
	symbolFirst  bool
	space        bool // between symbol and number; codes always have one
}

// Layouts by language, after Unicode CLDR.
var layouts = map[string]layout{
	"de": {group: ".", point: ",", space: true},
	"en": {group: ",", point: ".", symbolFirst: true},
	"fr": {group: narrowNoBreakSpace, point: ",", space: true},
}

// Format returns the amount as readers of a language write it: "€1,234.50" for
// en, "1.234,50 €" for de. The language is a BCP 47 tag of which only the first
// part counts ("de-AT" is "de"); one without a layout reads as English. Spaces
// in the result do not break lines.
func (m Money) Format(lang string) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	l, ok := layouts[base]
	if !ok {
		l = layouts["en"]
	}

	whole, fraction := m.digits()
	number := grouped(whole, l.group)
	if fraction != "" {
		number += l.point + fraction
	}
	unit, space := symbols[m.Currency], ""
	if unit == "" {
		unit, l.space = string(m.Currency), true
	}
	if l.space {
		space = noBreakSpace
	}
	sign := ""
	if m.Amount < 0 {
		sign = "-"
	}
	if l.symbolFirst {
		return sign + unit + space + number
	}
	return sign + number + space + unit
}

// grouped puts a separator between groups of three digits.
func grouped(digits, separator string) string {
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(digit)
	}
	return b.String()
}
