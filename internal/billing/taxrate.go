package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/tax"
)

// ratesOf reads the store's table of tax rates.
func ratesOf(ctx context.Context, tx *db.Tx) ([]tax.Rate, error) {
	rows, err := tx.TaxRates(ctx)
	if err != nil {
		return nil, fmt.Errorf("tax rates: %w", err)
	}
	rates := make([]tax.Rate, len(rows))
	for i, r := range rows {
		rates[i] = tax.Rate{Country: r.Country, State: r.State, Class: r.Class}
		if rates[i].Percent, err = tax.ParsePercent(r.Rate); err != nil {
			return nil, fmt.Errorf("tax rate %s: %w", r.ID, err)
		}
		if rates[i].ValidFrom, err = civil.Parse(r.ValidFrom); err != nil {
			return nil, fmt.Errorf("tax rate %s: %w", r.ID, err)
		}
	}
	return rates, nil
}
