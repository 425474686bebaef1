package admin

import (
	"context"
	"slices"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
)

// foreseen is what an act would come to.
type foreseen struct{ events []event.Event }

// creditChange is what the store would owe the customer instead.
type creditChange struct{ before, after money.Money }

type foreseenKey struct{}

// foresee does what an act does in a transaction that is taken back, and tells in words what happened in it. So what a
// question says of the consequences is what the act itself brings about, to the cent. look, which may be nil, sees the
// store as it would be then. The act may neither call a gateway nor depend on a commit.
func (a *area) foresee(ctx context.Context, customerID string, act, look func(ctx context.Context) error) (effects []string, err error) {
	err = a.DB.Try(ctx, func(tx *db.Tx) error {
		var f foreseen
		ctx := context.WithValue(db.With(ctx, tx), foreseenKey{}, &f)
		before, err := a.Customers.ByID(ctx, customerID)
		if err != nil {
			return err
		}
		if err := act(ctx); err != nil {
			return err
		}
		after, err := a.Customers.ByID(ctx, customerID)
		if err != nil {
			return err
		}
		if effects, err = a.effects(ctx, f.events, creditChanges(before, after)); err != nil {
			return err
		}
		if look != nil {
			return look(ctx)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return effects, nil
}

// listen has what is tried noted.
func (a *area) listen() {
	event.Listen(a.DB, func(ctx context.Context, _ *db.Tx, e event.Event) error {
		if f, ok := ctx.Value(foreseenKey{}).(*foreseen); ok {
			f.events = append(f.events, e)
		}
		return nil
	}, consequenceTypes()...)
}

func creditChanges(before, after customer.Customer) (changes []creditChange) {
	seen := map[money.Currency]bool{}
	for _, m := range slices.Concat(before.Credit, after.Credit) {
		c := creditChange{before.CreditIn(m.Currency), after.CreditIn(m.Currency)}
		if !seen[m.Currency] && c.before != c.after {
			changes = append(changes, c)
		}
		seen[m.Currency] = true
	}
	return changes
}
