package registrar

import "context"

// QuoteIn asks what a command costs, in the currency that is asked for or, where the other side has no price in it, in that of
// the account. transaction makes an id for each question.
func QuoteIn(ctx context.Context, r Registrar, transaction func() string, q Quoting) (Quote, error) {
	quote, err := r.Quote(ctx, transaction(), q)
	if err != nil || quote.Known || q.Currency == "" {
		return quote, err
	}
	q.Currency = ""
	return r.Quote(ctx, transaction(), q)
}
