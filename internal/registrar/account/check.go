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
	at, err := s.through(ctx, extension)
	if err != nil {
		return nil, err
	}
	if !at.Capabilities().Check {
		return nil, errNotAsked
	}
	return at.Check(ctx, askingID(), names...)
}

// Quote asks the registrar of an extension what a command costs for one of its names.
func (s *Service) Quote(ctx context.Context, extension string, q registrar.Quoting) (registrar.Quote, error) {
	at, err := s.through(ctx, extension)
	if err != nil || !at.Capabilities().Quote {
		return registrar.Quote{}, err
	}
	return registrar.QuoteIn(ctx, at, askingID, q)
}

// askingID is the transaction id of a question. Nothing is changed by one, so nothing of it is written down before.
func askingID() string { return "check-" + crypt.Token("")[:24] }

// through opens the registrar of an extension.
func (s *Service) through(ctx context.Context, extension string) (registrar.Registrar, error) {
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
	return s.Open(ctx, id)
}
