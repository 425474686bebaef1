package catalog

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
)

// ListPrice returns what the newest version of a price asks for today.
func ListPrice(ctx context.Context, tx *db.Tx, priceID string) (money.Money, error) {
	for {
		next, err := tx.PriceAfter(ctx, &priceID)
		if db.NotFound(err) {
			offer, err := PriceOffer(ctx, tx, priceID)
			return offer.Money, err
		}
		if err != nil {
			return money.Money{}, fmt.Errorf("price %s: %w", priceID, err)
		}
		priceID = next
	}
}
