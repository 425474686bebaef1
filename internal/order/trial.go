package order

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// errTrialTaken says that somebody else began the trial that was just promised: under the same address, as a customer
// is locked. Nothing was written; the order is to be placed again, without a trial.
var errTrialTaken = errors.New("the trial has just been taken")

// hasTried reports whether a buyer has tried a product, so that a trial of it is not given again.
func hasTried(ctx context.Context, tx *db.Tx, productID string, who buyer) (bool, error) {
	n, err := tx.TrialsOf(ctx, query.TrialsOfParams{CustomerID: who.customerID, AddressFold: who.address, ProductID: productID})
	if err != nil {
		return false, fmt.Errorf("trials of product %s: %w", productID, err)
	}
	return n > 0, nil
}

// beginTrial notes that a buyer tries a product.
func beginTrial(ctx context.Context, tx *db.Tx, orderID, productID string, who buyer) error {
	rows, err := tx.InsertTrial(ctx, query.InsertTrialParams{
		CustomerID: who.customerID, ProductID: productID, OrderID: orderID, CreatedAt: tx.Stamp,
	})
	if err == nil && rows == 1 && who.address != "" {
		rows, err = tx.InsertGuestTrial(ctx, query.InsertGuestTrialParams{AddressFold: who.address, ProductID: productID, OrderID: orderID})
	}
	if err != nil {
		return fmt.Errorf("trial of product %s: %w", productID, err)
	}
	if rows == 0 {
		return errTrialTaken
	}
	return nil
}

// endTrials lets the trials of an order that ended unpaid begin again.
func endTrials(ctx context.Context, tx *db.Tx, orderID string) error {
	if err := tx.DeleteTrials(ctx, orderID); err != nil {
		return fmt.Errorf("trials of order %s: %w", orderID, err)
	}
	if err := tx.DeleteGuestTrials(ctx, orderID); err != nil {
		return fmt.Errorf("trials of order %s: %w", orderID, err)
	}
	return nil
}
