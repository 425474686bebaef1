package domainname

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
)

// quoteAge is for how long what a registry asked for a premium name counts.
const quoteAge = 24 * time.Hour

// Fresh reports whether what the registry asked counts still.
func (p *Premium) Fresh(now time.Time) bool {
	return p != nil && len(p.Renew) > 0 && now.Sub(p.QuotedAt) <= quoteAge
}

// Asked is what the registry asks for a renewal of a premium name for so many years, in a currency. known is false where it
// was not asked lately, gave no price, or there is no rate from its currency.
func (p *Premium) Asked(years int, currency money.Currency, rates Rates, now time.Time) (_ money.Money, known bool) {
	if !p.Fresh(now) {
		return money.Money{}, false
	}
	quoted, ok := p.Renew[years]
	if !ok {
		return money.Money{}, false
	}
	return Convert(quoted, currency, rates)
}

// Convert is an amount in another currency, rounded once, half away from zero; ok is false where there is no rate, or the
// result is out of range, or would be nothing although m is not: what costs something is never given away by a rate.
func Convert(m money.Money, to money.Currency, rates Rates) (_ money.Money, ok bool) {
	if m.Currency == to {
		return m, true
	}
	if rates == nil {
		return money.Money{}, false
	}
	rate, ok := rates(m.Currency, to)
	if !ok {
		return money.Money{}, false
	}
	// Between currencies of different decimals a minor unit is worth another power of ten.
	exact := new(big.Rat).Mul(big.NewRat(m.Amount, 1), rate)
	exact.Mul(exact, new(big.Rat).SetFrac(tenTo(to.Decimals()), tenTo(m.Currency.Decimals())))
	amount, err := money.RoundHalfAway(exact)
	if err != nil || amount == 0 && m.Amount != 0 {
		return money.Money{}, false
	}
	return money.New(amount, to), true
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// RestoreQuote is what staff have found out that the restore of one domain costs. It is for one term, and takes the place of
// the redemption fee of the policy.
type RestoreQuote struct {
	Fee money.Money
	// Term is the end of the term for which it was quoted: when that has changed, the domain was restored, or is gone.
	Term civil.Date
	At   time.Time
}

// QuoteRestore writes what the restore of a domain costs, which was read in tx.
func QuoteRestore(ctx context.Context, tx *db.Tx, d *Domain, q RestoreQuote) error {
	raw, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("domain %s: %w", d.ID, err)
	}
	n, err := tx.QuoteDomainRestore(ctx, query.QuoteDomainRestoreParams{ID: d.ID, Version: d.Version, RestoreQuote: new(string(raw)), UpdatedAt: tx.Stamp})
	if err != nil {
		return fmt.Errorf("domain %s: %w", d.ID, err)
	}
	if n == 0 {
		return errChanged
	}
	d.Version++
	d.RestoreQuote, d.UpdatedAt = &q, tx.Now
	return nil
}

// FeeAt is what a stage costs on top of a renewal of the term that ends on a day: in redemption what staff have quoted for
// this domain, else what the policy says. known is false where staff must quote it.
func (d Domain) FeeAt(p Policy, stage Stage, end civil.Date, currency money.Currency, rates Rates) (_ money.Money, known bool) {
	if q := d.RestoreQuote; stage == StageRedemption && q != nil && near(end, q.Term) {
		return Convert(q.Fee, currency, rates)
	}
	return p.FeeAt(stage, currency, rates)
}
