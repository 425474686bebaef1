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

// YearCost is what the registrar of a domain asks the store for a year of it on a day, in the domain's currency if it is known
// in that; ok is false if nobody has told it.
func YearCost(ctx context.Context, tx *db.Tx, d Domain, day civil.Date) (cost money.Money, ok bool, err error) {
	rows, err := tx.YearCosts(ctx, query.YearCostsParams{RegistrarID: d.RegistrarID, Extension: d.Extension, Currency: string(d.Recurring.Currency), Day: day.String()})
	if err != nil {
		return cost, false, fmt.Errorf("costs of .%s: %w", d.Extension, err)
	}
	if len(rows) == 0 {
		return cost, false, nil
	}
	last := rows[len(rows)-1]
	return money.New(last.Amount, money.Currency(last.Currency)), true, nil
}

// YearCost is [YearCost] of a domain as it is.
func (s *Service) YearCost(ctx context.Context, d Domain, day civil.Date) (cost money.Money, ok bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		cost, ok, err = YearCost(ctx, tx, d, day)
		return err
	})
	return cost, ok, err
}
