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

// Tells reports whether the registry has told its price of a term lately.
func (p *Premium) Tells(years int, now time.Time) bool {
	if !p.Fresh(now) {
		return false
	}
	_, told := p.Renew[years]
	return told
}

// Asked is what the registry asks for a renewal of a premium name for so many years, in a currency: by its own word, else as staff
// have entered it for the present term. known is false where it was not asked lately, gave no price, or there is no rate from its
// currency.
func (d Domain) Asked(years int, currency money.Currency, rates Rates, now time.Time) (_ money.Money, known bool) {
	if d.Premium.Tells(years, now) {
		return Convert(d.Premium.Renew[years], currency, rates)
	}
	if entered, ok := d.Entered(years); ok {
		return Convert(entered, currency, rates)
	}
	return money.Money{}, false
}

// AskedLast is what the registry asks by its own word, or as staff have entered it, else what it asked when it was asked last, however
// long ago that is.
func (d Domain) AskedLast(years int, now time.Time) (own money.Money, known bool) {
	if d.Premium == nil {
		return own, false
	}
	if entered, ok := d.Entered(years); ok && !d.Premium.Tells(years, now) {
		return entered, true
	}
	own, known = d.Premium.Renew[years]
	return own, known
}

// Entered is what staff have entered that a renewal of the present term costs.
func (d Domain) Entered(years int) (money.Money, bool) {
	end, _ := d.TermEnd()
	if d.Premium == nil || !near(end, d.Premium.EnteredFor) {
		return money.Money{}, false
	}
	price, ok := d.Premium.Entered[years]
	return price, ok
}

// Enter keeps what staff have found out that a renewal of the present term costs. What was entered for another term is forgotten. The
// name is one that the registry prices by itself from now on. The caller saves it.
func (d *Domain) Enter(years int, price money.Money) {
	end, _ := d.TermEnd()
	if d.Premium == nil {
		d.Premium = &Premium{Class: "premium"}
	}
	if d.Premium.EnteredFor != end || d.Premium.Entered == nil {
		d.Premium.Entered, d.Premium.EnteredFor = List{}, end
	}
	d.Premium.Entered[years] = price
}

// RegistryPrice is what a registry asks for a renewal of a name that it prices by itself.
type RegistryPrice struct {
	Price   money.Money // in the renewal's currency
	Missing money.Money // by which that is above what the renewal was asked for, its late fee left out; not above zero: nothing is
}

// Against is what a price of the registry, in its own currency, means for a renewal that was sold at another one: whether it can be
// sent, and what its customer is asked to accept and to pay besides, follow from this alone. ok is false without a rate of exchange.
func (d Domain) Against(r Renewal, asked money.Money, p Policy, rates Rates) (RegistryPrice, bool) {
	price, ok := Convert(asked, r.Price.Currency, rates)
	if !ok {
		return RegistryPrice{}, false
	}
	late := r.Fee.Amount // what its stage costs is no part of the registry's price; what was paid above that is for the price
	if fee, known := d.FeeAt(p, r.Stage, r.Base, r.Price.Currency, rates); known {
		late = min(late, fee.Amount)
	}
	return RegistryPrice{Price: price, Missing: money.New(price.Amount-r.Price.Amount-(r.Fee.Amount-late), price.Currency)}, true
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
	if stage == StageRedemption && d.RestoreQuoted(end) {
		return Convert(d.RestoreQuote.Fee, currency, rates)
	}
	return p.FeeAt(stage, currency, rates)
}

// RestoreQuoted reports whether staff have entered what a restore costs after the term that ends on a day.
func (d Domain) RestoreQuoted(end civil.Date) bool {
	return d.RestoreQuote != nil && near(end, d.RestoreQuote.Term)
}
