package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/money"
)

func eur(amount int64) money.Money { return money.New(amount, "EUR") }

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	for s, decimals := range map[string]int{
		"EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "UGX": 0, "KWD": 3, "BHD": 3, "TND": 3, "IQD": 3,
		"HUF": 2, "TWD": 2, "MGA": 2, "MRU": 2, "XCG": 2, "ZWG": 2, "SLE": 2, "VED": 2,
	} {
		c, err := money.ParseCurrency(s)
		if err != nil || c.Decimals() != decimals || !c.IsValid() {
			t.Errorf("ParseCurrency(%q) = %q with %d decimals, %v, want %d decimals", s, c, c.Decimals(), err, decimals)
		}
	}
	// Withdrawn: DEM, HRK, BGN, ANG, ZWL. No minor unit or no means of payment: XXX, XTS, XAU, XDR, CLF.
	for _, s := range []string{
		"", "eur", "Eur", "EU", "EURO", " EUR", "E R", "ÉUR", "ABC",
		"DEM", "HRK", "BGN", "ANG", "ZWL", "XXX", "XTS", "XAU", "XDR", "CLF",
	} {
		if c, err := money.ParseCurrency(s); err == nil || c.IsValid() {
			t.Errorf("ParseCurrency(%q) succeeded", s)
		}
	}
}

func TestMoneyInJSON(t *testing.T) {
	t.Parallel()
	const text = `{"amount":4900,"currency":"EUR"}`
	var got money.Money
	if err := json.Unmarshal([]byte(text), &got); err != nil || got != eur(4900) {
		t.Errorf("read %+v, %v", got, err)
	}
	if back, err := json.Marshal(got); err != nil || string(back) != text {
		t.Errorf("written %s, %v, want %s", back, err, text)
	}
	for _, bad := range []string{
		`{"amount":49.5,"currency":"EUR"}`, `{"amount":4.9e3,"currency":"EUR"}`, `{"amount":"4900","currency":"EUR"}`,
		`{"amount":9223372036854775808,"currency":"EUR"}`, `{"amount":1,"currency":"eur"}`, `{"amount":1,"currency":""}`,
		`{"amount":1,"currency":978}`,
	} {
		if err := json.Unmarshal([]byte(bad), &money.Money{}); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	const least, most = math.MinInt64, math.MaxInt64
	tests := []struct {
		name string
		got  func() (money.Money, error)
		want int64
		err  error
	}{
		{"add", func() (money.Money, error) { return eur(4900).Add(eur(-100)) }, 4800, nil},
		{"add to the most", func() (money.Money, error) { return eur(most - 1).Add(eur(1)) }, most, nil},
		{"add beyond the most", func() (money.Money, error) { return eur(most).Add(eur(1)) }, 0, money.ErrOverflow},
		{"add beyond the least", func() (money.Money, error) { return eur(least).Add(eur(-1)) }, 0, money.ErrOverflow},
		{"add yen", func() (money.Money, error) { return eur(1).Add(money.New(1, "JPY")) }, 0, money.ErrCurrencyMismatch},
		{"subtract", func() (money.Money, error) { return eur(100).Sub(eur(4900)) }, -4800, nil},
		{"subtract to the least", func() (money.Money, error) { return eur(-1).Sub(eur(most)) }, least, nil},
		{"subtract beyond the least", func() (money.Money, error) { return eur(-2).Sub(eur(most)) }, 0, money.ErrOverflow},
		{"subtract the least", func() (money.Money, error) { return eur(0).Sub(eur(least)) }, 0, money.ErrOverflow},
		{"subtract yen", func() (money.Money, error) { return eur(1).Sub(money.New(1, "JPY")) }, 0, money.ErrCurrencyMismatch},
		{"opposite", func() (money.Money, error) { return eur(5).Neg() }, -5, nil},
		{"opposite of the least", func() (money.Money, error) { return eur(least).Neg() }, 0, money.ErrOverflow},
		{"times", func() (money.Money, error) { return eur(2995).MulInt(7) }, 20965, nil},
		{"times minus one", func() (money.Money, error) { return eur(most).MulInt(-1) }, -most, nil},
		{"times to the least", func() (money.Money, error) { return eur(1 << 62).MulInt(-2) }, least, nil},
		{"times beyond the most", func() (money.Money, error) { return eur(1 << 62).MulInt(2) }, 0, money.ErrOverflow},
		{"the least times the least", func() (money.Money, error) { return eur(least).MulInt(least) }, 0, money.ErrOverflow},
		{"sum", func() (money.Money, error) { return money.Sum("EUR", eur(1), eur(2), eur(-4)) }, -1, nil},
		{"sum of nothing", func() (money.Money, error) { return money.Sum("EUR") }, 0, nil},
		{"sum with yen", func() (money.Money, error) { return money.Sum("EUR", money.New(1, "JPY")) }, 0, money.ErrCurrencyMismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.got()
			want := eur(tt.want)
			if tt.err != nil {
				want = money.Money{}
			}
			if got != want || !errors.Is(err, tt.err) {
				t.Errorf("got %v, %v, want %v, %v", got, err, want, tt.err)
			}
		})
	}
}

// Every operation gives what unbounded integers give, or ErrOverflow where that
// has no place in 64 bits.
func TestArithmeticIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		check := func(name string, got money.Money, err error, want *big.Int) {
			t.Helper()
			if !want.IsInt64() {
				if !errors.Is(err, money.ErrOverflow) {
					t.Fatalf("%s of %d and %d = %v, %v, want overflow", name, a, b, got, err)
				}
				return
			}
			if err != nil || got != eur(want.Int64()) {
				t.Fatalf("%s of %d and %d = %v, %v, want %v", name, a, b, got, err, want)
			}
		}
		got, err := eur(a).Add(eur(b))
		check("sum", got, err, new(big.Int).Add(x, y))
		got, err = eur(a).Sub(eur(b))
		check("difference", got, err, new(big.Int).Sub(x, y))
		got, err = eur(a).MulInt(b)
		check("product", got, err, new(big.Int).Mul(x, y))
		got, err = eur(a).Neg()
		check("opposite", got, err, new(big.Int).Neg(x))
	})
}

func TestRoundHalfAway(t *testing.T) {
	t.Parallel()
	tests := []struct {
		exact string
		want  int64
	}{
		{"0", 0},
		{"266.5", 267}, // D17 and P4: 2.665 is 2.67
		{"-266.5", -267},
		{"267.5", 268},
		{"266.4999999999999999999999", 266},
		{"-266.4999999999999999999999", -266},
		{"1/2", 1},
		{"-1/2", -1},
		{"1/3", 0},
		{"2/3", 1},
		{"9223372036854775807.4", math.MaxInt64},
		{"-9223372036854775808.4", math.MinInt64},
	}
	for _, tt := range tests {
		exact, _ := new(big.Rat).SetString(tt.exact)
		if got, err := money.RoundHalfAway(exact); err != nil || got != tt.want {
			t.Errorf("RoundHalfAway(%s) = %d, %v, want %d", tt.exact, got, err, tt.want)
		}
	}
	for _, s := range []string{"9223372036854775807.5", "-9223372036854775808.5", "1e30"} {
		exact, _ := new(big.Rat).SetString(s)
		if got, err := money.RoundHalfAway(exact); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("RoundHalfAway(%s) = %d, %v, want overflow", s, got, err)
		}
	}
}

func TestRoundHalfAwayIsNearest(t *testing.T) {
	t.Parallel()
	half := big.NewRat(1, 2)
	rapid.Check(t, func(t *rapid.T) {
		exact := big.NewRat(rapid.Int64Range(-1e15, 1e15).Draw(t, "num"), rapid.Int64Range(1, 1e6).Draw(t, "den"))
		got, err := money.RoundHalfAway(exact)
		if err != nil {
			t.Fatal(err)
		}
		distance := new(big.Rat).Sub(new(big.Rat).SetInt64(got), exact)
		switch distance.Abs(distance).Cmp(half) {
		case 1:
			t.Fatalf("%v rounds to %d, which is not nearest", exact, got)
		case 0:
			if new(big.Rat).SetInt64(got).Cmp(exact) != exact.Sign() {
				t.Fatalf("%v rounds to %d, towards zero", exact, got)
			}
		}
		opposite, err := money.RoundHalfAway(new(big.Rat).Neg(exact))
		if err != nil || opposite != -got {
			t.Fatalf("%v rounds to %d, its opposite to %d, %v", exact, got, opposite, err)
		}
	})
}

func TestMulRat(t *testing.T) {
	t.Parallel()
	rate := func(s string) *big.Rat {
		r, _ := new(big.Rat).SetString(s)
		return r
	}
	tests := []struct {
		name   string
		amount int64
		rate   string
		want   int64
	}{
		{"D7", 13666, "0.2", 2733},
		{"D10", 19333, "0.25", 4833},
		{"D14", -649134, "0.25", -162284},
		{"net of a gross price, C29", 1999, "100/120", 1666},
	}
	for _, tt := range tests {
		if got, err := eur(tt.amount).MulRat(rate(tt.rate)); err != nil || got != eur(tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, eur(tt.want))
		}
	}
	if _, err := eur(math.MaxInt64).MulRat(rate("1.01")); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("overflow = %v", err)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                string
		amount, part, whole int64
		want                int64
	}{
		{"C1", 1995, 8, 30, 532},
		{"C2", 1995, 22, 30, 1463},
		{"C7: a half rounds up", 24995, 27, 30, 22496},
		{"C14", 995, 30, 31, 963},
		{"C22", 91000, 32, 91, 32000},
		{"C23", 118800, 243, 366, 78875},
		{"C28", 9900, 18, 30, 5940},
		{"C29: seconds", 2000, 2677490, 2678400, 1999},
		{"credit", -24995, 27, 30, -22496},
		{"nothing", 24995, 0, 30, 0},
		{"all of the most", math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{"all of the least", math.MinInt64, 7, 7, math.MinInt64},
	}
	for _, tt := range tests {
		if got, err := eur(tt.amount).Share(tt.part, tt.whole); err != nil || got != eur(tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, eur(tt.want))
		}
	}
	for _, whole := range []int64{0, -1} {
		if got, err := eur(1).Share(1, whole); err == nil {
			t.Errorf("1/%d of an amount = %v", whole, got)
		}
	}
	if _, err := eur(math.MaxInt64).Share(3, 2); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("overflow = %v", err)
	}
}

func TestShareRoundsTheExactValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount, part := rapid.Int64().Draw(t, "amount"), rapid.Int64().Draw(t, "part")
		whole := rapid.Int64Range(1, math.MaxInt64).Draw(t, "whole")
		exact := new(big.Rat).Mul(new(big.Rat).SetInt64(amount), big.NewRat(part, whole))
		want, wantErr := money.RoundHalfAway(exact)
		got, err := eur(amount).Share(part, whole)
		if wantErr != nil {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%d * %d / %d = %v, %v, want overflow", amount, part, whole, got, err)
			}
			return
		}
		if err != nil || got != eur(want) {
			t.Fatalf("%d * %d / %d = %v, %v, want %d", amount, part, whole, got, err, want)
		}
	})
}

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		amount  int64
		weights []int64
		want    []int64
	}{
		{"D1", 1000, []int64{10000, 5000, 3000, 2000}, []int64{500, 250, 150, 100}},
		{"D16", 10000, []int64{1, 1, 1}, []int64{3334, 3333, 3333}},
		{"two units left", 101, []int64{1, 1, 1}, []int64{34, 34, 33}},
		{"largest remainder wins", 100, []int64{1, 1, 4}, []int64{17, 17, 66}},
		{"the earlier on a tie", 1, []int64{1, 1}, []int64{1, 0}},
		{"a credit mirrors the charge", -10000, []int64{1, 1, 1}, []int64{-3334, -3333, -3333}},
		{"weight 0", 5, []int64{0, 1, 0, 1}, []int64{0, 3, 0, 2}},
		{"one part", 7, []int64{3}, []int64{7}},
		{"nothing over nothing", 0, []int64{0, 0}, []int64{0, 0}},
		{"the most", math.MaxInt64, []int64{math.MaxInt64 - 1, 1}, []int64{math.MaxInt64 - 1, 1}},
		{"the least", math.MinInt64, []int64{5}, []int64{math.MinInt64}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := eur(tt.amount).Split(tt.weights)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]money.Money, len(tt.want))
			for i, amount := range tt.want {
				want[i] = eur(amount)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
	for _, weights := range [][]int64{nil, {}, {0, 0}, {2, -1}, {math.MaxInt64, 1}} {
		if got, err := eur(5).Split(weights); err == nil {
			t.Errorf("split by %v = %v", weights, got)
		}
	}
}

func TestSplitLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64().Draw(t, "amount")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1<<58), 1, 20).Draw(t, "weights")
		weights[0]++
		total := new(big.Int)
		for _, w := range weights {
			total.Add(total, big.NewInt(w))
		}
		parts, err := eur(amount).Split(weights)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := money.Sum("EUR", parts...); err != nil || sum != eur(amount) {
			t.Fatalf("parts %v sum to %v, %v, want %d", parts, sum, err, amount)
		}
		one := big.NewRat(1, 1)
		for i, part := range parts {
			exact := new(big.Rat).SetInt64(amount)
			exact.Mul(exact, new(big.Rat).SetFrac(big.NewInt(weights[i]), total))
			distance := new(big.Rat).Sub(new(big.Rat).SetInt64(part.Amount), exact)
			if distance.Abs(distance).Cmp(one) >= 0 {
				t.Fatalf("part %d is %d, a unit or more from %v", i, part.Amount, exact)
			}
		}
	})
}
