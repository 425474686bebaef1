package setting

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/money"
)

// ExchangeRates are what one unit of a currency is worth in another one, by pair: "EUR/USD": "1.0842" says that a euro is
// 1.0842 dollars. A pair names both its currencies, so that it stays true when the store takes another currency of its own.
type ExchangeRates map[string]string

// maxRates bounds a table: there are fewer currencies.
const maxRates = 200

// decimalRate is a rate as it is written: exact, so never a floating-point number.
var decimalRate = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,12})?$`)

func exchangeRates() kind[map[string]string, ExchangeRates] {
	wrong := errors.New(`must name pairs of currencies with decimal rates, such as {"EUR/USD": "1.0842"}`)
	return kind[map[string]string, ExchangeRates]{
		name: Rates, mistyped: wrong,
		show: func(r ExchangeRates) map[string]string { return r },
		parse: func(of map[string]string) (ExchangeRates, error) {
			if len(of) > maxRates {
				return nil, fmt.Errorf("has more than %d rates", maxRates)
			}
			rates := make(ExchangeRates, len(of))
			for _, pair := range slices.Sorted(maps.Keys(of)) {
				from, to, ok := currencies(pair)
				if !ok {
					return nil, fmt.Errorf("%q is not a pair of two currencies such as EUR/USD", pair)
				}
				rate := strings.TrimSpace(of[pair])
				if r, ok := exactly(rate); !ok || r.Sign() == 0 {
					return nil, fmt.Errorf("the rate of %s is not a decimal above 0 such as 1.0842", pair)
				}
				if _, both := of[string(to)+"/"+string(from)]; both {
					return nil, fmt.Errorf("%s/%s is there in both directions", from, to)
				}
				rates[pair] = rate
			}
			return rates, nil
		},
	}
}

func currencies(pair string) (from, to money.Currency, ok bool) {
	a, b, ok := strings.Cut(pair, "/")
	from, to = money.Currency(a), money.Currency(b)
	return from, to, ok && from != to && from.IsValid() && to.IsValid()
}

func exactly(rate string) (*big.Rat, bool) {
	if !decimalRate.MatchString(rate) {
		return nil, false
	}
	return new(big.Rat).SetString(rate)
}

// Rate is what one unit of a currency is worth in another one, exactly: by their own pair in either direction, else by way of
// the store's currency. ok is false where the store has no rate.
func (s *Settings) Rate(from, to money.Currency) (rate *big.Rat, ok bool) {
	if from == to {
		return big.NewRat(1, 1), true
	}
	if rate, ok = s.ExchangeRates.direct(from, to); ok {
		return rate, true
	}
	there, ok := s.ExchangeRates.direct(from, s.Currency)
	if !ok {
		return nil, false
	}
	back, ok := s.ExchangeRates.direct(s.Currency, to)
	if !ok {
		return nil, false
	}
	return new(big.Rat).Mul(there, back), true
}

func (r ExchangeRates) direct(from, to money.Currency) (*big.Rat, bool) {
	if rate, ok := exactly(r[string(from)+"/"+string(to)]); ok {
		return rate, true
	}
	if rate, ok := exactly(r[string(to)+"/"+string(from)]); ok {
		return new(big.Rat).Inv(rate), true
	}
	return nil, false
}
