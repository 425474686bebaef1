package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
)

// How long secrets count, by the clock of the machine.
const (
	thankYouLife = 24 * time.Hour
	claimLife    = 30 * 24 * time.Hour
)

// errLink says nothing about whether there ever was such a link.
var errLink = fail.NotFound("LINK_NOT_FOUND", "This link is not valid, or not any more.")

// ThankYou returns the order behind the secret of a thank-you page, without its customer. The licenses that it names
// are all that the page may show.
func (s *Service) ThankYou(ctx context.Context, secret string) (Order, error) {
	var o Order
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		link, err := tx.ThankYouLink(ctx, crypt.HashToken(secret))
		if db.NotFound(err) || (err == nil && link.ExpiresAt <= tx.WallStamp) {
			return errLink
		}
		if err != nil {
			return fmt.Errorf("thank-you page: %w", err)
		}
		o, err = load(ctx, tx, link.OrderID)
		o = withoutCustomer(o)
		return err
	})
	return o, err
}

// ThankYouLink returns one more secret for the thank-you page of an order, such as for somebody who comes back from a
// gateway. The caller knows that it is theirs.
func (s *Service) ThankYouLink(ctx context.Context, orderID string) (secret string, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := load(ctx, tx, orderID); err != nil {
			return err
		}
		secret, err = thankYouLink(ctx, tx, orderID)
		return err
	})
	return secret, err
}

// Prune forgets the secrets that have run out.
func (s *Service) Prune(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		err := errors.Join(tx.PruneThankYouLinks(ctx, tx.WallStamp), tx.PruneGuestClaims(ctx, tx.WallStamp))
		if err != nil {
			return fmt.Errorf("prune the secrets of orders: %w", err)
		}
		return nil
	})
}
