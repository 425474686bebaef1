package domainname

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
)

// RenewalCosts is what the registrar of a domain asks the store for its renewals on a day, in the domain's currency, as far
// as that is known.
func (s *Service) RenewalCosts(ctx context.Context, d Domain, day civil.Date) (costs List, err error) {
	currency := d.Recurring.Currency
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		costs = List{}
		rows, err := tx.RenewalCosts(ctx, query.RenewalCostsParams{
			RegistrarID: d.RegistrarID, Extension: d.Extension, Currency: string(currency), Day: day.String(),
		})
		if err != nil {
			return fmt.Errorf("costs of .%s: %w", d.Extension, err)
		}
		for _, r := range rows { // later ones take the place of earlier ones
			costs[int(r.Years)] = money.New(r.Amount, currency)
		}
		return nil
	})
	return costs, err
}
