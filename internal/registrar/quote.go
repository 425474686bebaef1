package registrar

import (
	"context"
	"fmt"
)

// mostAsked bounds a price in minor units: what is above it is a mistake, and sums with it would not end well.
const mostAsked = 100_000_000_000_000

// QuoteIn asks what a command costs, in the currency that is asked for or, where the other side has no price in it, in that of
// the account. A price that can't be true is an error. transaction makes an id for each question.
func QuoteIn(ctx context.Context, r Registrar, transaction func() string, q Quoting) (Quote, error) {
	quote, err := r.Quote(ctx, transaction(), q)
	if err == nil && !quote.Known && q.Currency != "" {
		q.Currency = ""
		quote, err = r.Quote(ctx, transaction(), q)
	}
	if err == nil && quote.Known && (quote.Price.Amount < 0 || quote.Price.Amount > mostAsked) {
		return Quote{}, fmt.Errorf("the price of %s can't be true: %s", q.Name, quote.Price)
	}
	return quote, err
}
