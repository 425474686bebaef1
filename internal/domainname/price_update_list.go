package domainname

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
)

// EachPriceChange says of every domain of an update what it would do, in the state that the store is in; it changes nothing.
func (s *Service) EachPriceChange(ctx context.Context, u PriceUpdate, f func(PriceUpdateRow) error) error {
	if err := u.Validate(); err != nil {
		return err
	}
	return s.db.Read(ctx, func(tx *db.Tx) error {
		if err := u.alone(ctx, tx); err != nil {
			return err
		}
		return u.each(ctx, tx, "", 0, f)
	})
}

// PriceUpdates returns the latest bulk updates, newest first.
func (s *Service) PriceUpdates(ctx context.Context, limit int) ([]PriceUpdate, error) {
	var updates []PriceUpdate
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		updates = nil
		ids, err := tx.LatestDomainPriceUpdates(ctx, int64(limit))
		if err != nil {
			return fmt.Errorf("price updates: %w", err)
		}
		for _, id := range ids {
			u, err := s.PriceUpdate(db.With(ctx, tx), id)
			if err != nil {
				return err
			}
			updates = append(updates, u)
		}
		return nil
	})
	return updates, err
}
