package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
)

// Account is what older protocols tell of a license beside the answer to a check. It stays true until the license's
// version changes (see [ChangeListener]) or the catalog does.
type Account struct {
	Version   int64 // of the license, when this was read
	CreatedAt time.Time
	Email     string      // of the customer
	Cycle     civil.Cycle // of the subscription that pays for it; empty: none does
	Sold      bool        // here, and not somewhere else before
	Free      bool        // nothing was paid for it
	// Service and Product are the numbers by which such software knows the license and its product.
	Service, Product int64
	SealedSecret     string // of the product: see catalog.Service.OpenCheckSecret
}

// ReadAccount reads the account of a license, which gets its numbers if it has none yet.
func (s *Service) ReadAccount(ctx context.Context, licenseID string) (Account, error) {
	var a Account
	var product string
	read := func(tx *db.Tx) error {
		row, err := tx.AccountOfLicense(ctx, licenseID)
		if db.NotFound(err) {
			return errNoLicense
		}
		if err != nil {
			return fmt.Errorf("account of %s: %w", licenseID, err)
		}
		product = row.ProductID
		a = Account{
			Version: row.Version, CreatedAt: row.CreatedAt.Time(), Email: row.Email, Cycle: civil.Cycle(row.Cycle), Sold: row.Sold, Free: row.Free,
			Service: row.ServiceNumber, Product: row.ProductNumber, SealedSecret: row.CheckSecret,
		}
		return nil
	}
	if err := s.db.Read(ctx, read); err != nil || a.Service > 0 && a.Product > 0 {
		return a, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if a.Service, err = foreignNumber(ctx, tx, ForeignService, licenseID); err != nil {
			return err
		}
		a.Product, err = foreignNumber(ctx, tx, ForeignProduct, product)
		return err
	})
	return a, err
}
