package app

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Facts are what is decided when a store is created and never changes.
type Facts struct {
	StoreID  string
	TestMode bool
	New      bool // created by this Open
}

// readFacts reads the store's facts, or writes them when the store is new.
func readFacts(ctx context.Context, d *db.DB, testMode bool) (Facts, error) {
	var f Facts
	err := d.Write(ctx, func(tx *db.Tx) error {
		f = Facts{TestMode: testMode}
		mode := "live"
		if testMode {
			mode = "test"
		}
		added, err := tx.AddStoreFact(ctx, query.AddStoreFactParams{Name: "mode", Value: mode})
		if err != nil {
			return err
		}
		if f.New = added == 1; f.New {
			f.StoreID = tx.NewID("sto")
			_, err = tx.AddStoreFact(ctx, query.AddStoreFactParams{Name: "store_id", Value: f.StoreID})
			return err
		}
		if mode, err = tx.StoreFact(ctx, "mode"); err != nil {
			return err
		}
		f.TestMode = mode == "test"
		f.StoreID, err = tx.StoreFact(ctx, "store_id")
		return err
	})
	if err != nil {
		return Facts{}, fmt.Errorf("facts of the store: %w", err)
	}
	return f, nil
}
