package money_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/money"
)

func TestDecimal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount   int64
		currency money.Currency
		want     string
	}{
		{4900, "EUR", "49.00"},
		{5, "EUR", "0.05"},
		{-5, "EUR", "-0.05"},
		{0, "EUR", "0.00"},
		{4900, "JPY", "4900"},
		{0, "JPY", "0"},
		{-1234567, "KWD", "-1234.567"},
		{math.MinInt64, "EUR", "-92233720368547758.08"},
		{4900, "", "4900"},
	}
	for _, tt := range tests {
		m := money.New(tt.amount, tt.currency)
		if got := m.Decimal(); got != tt.want {
			t.Errorf("Decimal of %d %s = %q, want %q", tt.amount, tt.currency, got, tt.want)
		}
	}
	if got := eur(4900).String(); got != "49.00 EUR" {
		t.Errorf("String = %q", got)
	}
}

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text     string
		currency money.Currency
		want     int64
	}{
		{"49.00", "EUR", 4900},
		{"49.5", "EUR", 4950},
		{"49", "EUR", 4900},
		{"0.05", "EUR", 5},
		{"-0.05", "EUR", -5},
		{"0", "EUR", 0},
		{"4900", "JPY", 4900},
		{"1.234", "KWD", 1234},
		{"92233720368547758.07", "EUR", math.MaxInt64},
		{"-92233720368547758.08", "EUR", math.MinInt64},
	}
	for _, tt := range tests {
		got, err := money.ParseDecimal(tt.text, tt.currency)
		if err != nil || got != money.New(tt.want, tt.currency) {
			t.Errorf("ParseDecimal(%q, %s) = %v, %v, want %d", tt.text, tt.currency, got, err, tt.want)
		}
	}
	for _, s := range []string{
		"", "-", ".", ".5", "5.", "-.5", "+5", " 5", "5 ", "05", "00.5", "1,5", "1,000.00", "1_000", "1e3", "0x10", "NaN", "Inf",
		"--5", "5-", "5.0.0", "49.001", "49.000", "٤٩", "€5",
	} {
		if got, err := money.ParseDecimal(s, "EUR"); err == nil {
			t.Errorf("ParseDecimal(%q, EUR) = %v", s, got)
		}
	}
	if got, err := money.ParseDecimal("49.0", "JPY"); err == nil {
		t.Errorf("decimals of a yen = %v", got)
	}
	if got, err := money.ParseDecimal("49", "eur"); err == nil {
		t.Errorf("unknown currency = %v", got)
	}
	for _, s := range []string{"92233720368547758.08", "-92233720368547758.09", "99999999999999999999999"} {
		if got, err := money.ParseDecimal(s, "EUR"); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("ParseDecimal(%q) = %v, %v, want overflow", s, got, err)
		}
	}
}

func TestDecimalRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]money.Currency{"JPY", "EUR", "KWD"}).Draw(t, "currency")
		m := money.New(rapid.Int64().Draw(t, "amount"), c)
		if got, err := money.ParseDecimal(m.Decimal(), c); err != nil || got != m {
			t.Fatalf("%d writes as %q, which reads as %v, %v", m.Amount, m.Decimal(), got, err)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"49.00", "-0.05", "1.234", "92233720368547758.08", "1e5", "٤", ""} {
		for _, c := range []string{"JPY", "EUR", "KWD", "XXX"} {
			f.Add(s, c)
		}
	}
	f.Fuzz(func(t *testing.T, s, c string) {
		m, err := money.ParseDecimal(s, money.Currency(c))
		if err != nil {
			if m != (money.Money{}) {
				t.Errorf("ParseDecimal(%q, %q) failed but returned %v", s, c, m)
			}
			return
		}
		if again, err := money.ParseDecimal(m.Decimal(), m.Currency); err != nil || again != m {
			t.Errorf("ParseDecimal(%q, %q) = %v, which reads back as %v, %v", s, c, m, again, err)
		}
	})
}

func TestFormat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		money money.Money
		lang  string
		want  string
	}{
		{eur(4900), "en", "€49.00"},
		{eur(4900), "de", "49,00\u00a0€"},
		{eur(4900), "fr", "49,00\u00a0€"},
		{eur(123456789), "en", "€1,234,567.89"},
		{eur(123456789), "de", "1.234.567,89\u00a0€"},
		{eur(123456789), "fr", "1\u202f234\u202f567,89\u00a0€"},
		{eur(-4900), "en", "-€49.00"},
		{eur(-4900), "de", "-49,00\u00a0€"},
		{eur(99900), "en", "€999.00"},
		{eur(100000), "en", "€1,000.00"},
		{money.New(4900, "JPY"), "en", "¥4,900"},
		{money.New(4900, "USD"), "en-GB", "$49.00"},
		{money.New(4900, "CAD"), "DE-AT", "49,00\u00a0CA$"},
		{money.New(4900, "CHF"), "en", "CHF\u00a049.00"},
		{money.New(-1234567, "KWD"), "de", "-1.234,567\u00a0KWD"},
		{eur(4900), "", "€49.00"},
		{eur(4900), "tlh", "€49.00"},
	}
	for _, tt := range tests {
		if got := tt.money.Format(tt.lang); got != tt.want {
			t.Errorf("Format(%v, %q) = %q, want %q", tt.money, tt.lang, got, tt.want)
		}
	}
}
