package registrar_test

import (
	"context"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// A price below nothing, or beyond all bounds, is none.
func TestPricesThatCannotBeTrue(t *testing.T) {
	t.Parallel()
	fake := registrartest.New(clock.System())
	for amount, ok := range map[int64]bool{-1: false, 0: true, 12_00: true, 100_000_000_000_000: true, 100_000_000_000_001: false} {
		fake.Own = map[string]map[string]money.Money{"gold.example": {"renew": money.New(amount, "EUR")}}
		q, err := registrar.QuoteIn(context.Background(), fake, func() string { return "KS-1" }, registrar.Quoting{Name: "gold.example", Command: "renew", Years: 1, Currency: "EUR"})
		if ok != (err == nil) || ok && q.Price.Amount != amount || !ok && !strings.Contains(err.Error(), "can't be true") {
			t.Errorf("%d: %+v, %v", amount, q, err)
		}
	}
}
