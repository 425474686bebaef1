package domainname_test

import (
	"math/big"
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	rates := func(from, to money.Currency) (*big.Rat, bool) {
		r, ok := map[money.Currency]*big.Rat{"USD": big.NewRat(9, 10), "JPY": big.NewRat(1, 200), "KWD": big.NewRat(3, 1)}[from]
		return r, ok && to == "EUR"
	}
	for _, tt := range []struct {
		from money.Money
		to   money.Currency
		want int64
		ok   bool
	}{
		{eur(1234), "EUR", 1234, true},
		{money.New(1000, "USD"), "EUR", 900, true},
		{money.New(5, "USD"), "EUR", 5, true}, // 4.5 cents
		{money.New(1500, "JPY"), "EUR", 750, true},
		{money.New(1500, "KWD"), "EUR", 450, true},
		{money.New(1, "JPY"), "EUR", 1, true}, // half a cent
		{money.New(0, "USD"), "EUR", 0, true},
		{money.New(1, "KWD"), "EUR", 0, false}, // 0.3 cents are not nothing
		{eur(1000), "USD", 0, false},
	} {
		got, ok := domainname.Convert(tt.from, tt.to, rates)
		if ok != tt.ok || ok && got != money.New(tt.want, tt.to) {
			t.Errorf("%s in %s: %s, %v", tt.from, tt.to, got, ok)
		}
	}
}
