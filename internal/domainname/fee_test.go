package domainname_test

import (
	"math/big"
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
)

// A fee of nothing is nothing in every currency, with a rate or without; any other needs one.
func TestFeeOfNothing(t *testing.T) {
	t.Parallel()
	none := func(money.Currency, money.Currency) (*big.Rat, bool) { return nil, false }
	p := domainname.Policy{GraceFee: domainname.Fee{"EUR": 0}, RedemptionFee: domainname.Fee{"EUR": 0, "KWD": 8000}}
	if fee, known := p.FeeAt(domainname.StageGrace, "USD", none); !known || fee != money.New(0, "USD") {
		t.Errorf("grace: %s, known %v", fee, known)
	}
	if fee, known := p.FeeAt(domainname.StageRedemption, "USD", none); known {
		t.Errorf("redemption: %s", fee)
	}
	p.RedemptionFee = nil
	if fee, known := p.FeeAt(domainname.StageRedemption, "USD", none); known {
		t.Errorf("unset: %s", fee)
	}
}
