package account

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
)

var errNotAsked = fail.Unavailable("The registrar of this extension can't be asked.", nil)

// Check asks the registrar of an extension which names can be registered.
func (s *Service) Check(ctx context.Context, extension string, names ...string) ([]registrar.Available, error) {
	var id string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		through, err := tx.SoldTLD(ctx, extension)
		if db.NotFound(err) || err == nil && through == nil {
			return errNotAsked
		}
		if err != nil {
			return fmt.Errorf("registrar of .%s: %w", extension, err)
		}
		id = *through
		return nil
	})
	if err != nil {
		return nil, err
	}
	at, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	if !at.Capabilities().Check {
		return nil, errNotAsked
	}
	// Nothing is changed by it, so nothing of it is written down before.
	return at.Check(ctx, "check-"+crypt.Token("")[:24], names...)
}
