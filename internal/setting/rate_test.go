package setting

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/money"
)

func TestRate(t *testing.T) {
	t.Parallel()
	s := Settings{Currency: "EUR", ExchangeRates: ExchangeRates{"EUR/USD": "1.25", "GBP/EUR": "1.2", "CHF/USD": "1.1"}}
	for _, tt := range []struct {
		from, to money.Currency
		want     string // empty: there is none
	}{
		{"EUR", "EUR", "1/1"},
		{"EUR", "USD", "5/4"},
		{"USD", "EUR", "4/5"},
		{"GBP", "USD", "3/2"}, // by way of the store's own
		{"USD", "GBP", "2/3"},
		{"CHF", "USD", "11/10"}, // a pair of its own
		{"CHF", "EUR", ""},
		{"EUR", "JPY", ""},
	} {
		rate, ok := s.Rate(tt.from, tt.to)
		if ok != (tt.want != "") || ok && rate.RatString() != tt.want && rate.String() != tt.want {
			t.Errorf("%s to %s: %v %v, want %s", tt.from, tt.to, rate, ok, tt.want)
		}
	}
}

func TestRatesAreDated(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		settings := New(s.DB)
		s.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		if got, err := settings.Get(t.Context()); err != nil || !got.RatesSince.IsZero() || len(got.ExchangeRates) > 0 {
			t.Fatalf("at first: %+v %v", got, err)
		}
		for _, patch := range []string{`{"EUR/USD":"1.0842"}`, `{"EUR/USD":"1.0900"}`} {
			s.Clock.Set(s.Clock.Now().Add(time.Hour))
			got, err := settings.Patch(t.Context(), values{"store.exchange_rates": []byte(patch)})
			if err != nil {
				t.Fatal(err)
			}
			if stored, err := settings.Get(t.Context()); err != nil || !stored.RatesSince.Equal(s.Clock.Now()) {
				t.Errorf("changed at %s, %v, want %s; patch told %v", stored.RatesSince, err, s.Clock.Now(), got.ExchangeRates)
			}
		}
		if got, err := settings.Patch(t.Context(), values{"store.exchange_rates": []byte("null")}); err != nil || len(got.ExchangeRates) > 0 {
			t.Errorf("default: %+v %v", got.ExchangeRates, err)
		}
	})
}
