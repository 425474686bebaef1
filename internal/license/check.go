package license

import (
	"context"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// CheckFacts are all that the answer to a check depends on, read as one row. They stay true until the license's
// version changes (see [ChangeListener]), but for the status, which also changes with time: [Effective] of Facts.
type CheckFacts struct {
	ID  string
	Key string // as it was issued
	// Lookup is the form under which the key is found: Key itself, or in lower case where IgnoreCase is set.
	Lookup     string
	IgnoreCase bool
	Version    int64

	ProductID, ProductSlug, ProductName string
	PlanID, PlanName                    string
	Type                                Type
	ActivationType                      ActivationType
	ActivationLimit, ActivationsUsed    int64
	Facts                               Facts

	// Entitlements are the plan's with those of the license over them.
	Entitlements catalog.Entitlements
}

// Matches reports whether key is this license's key, by the rule of its product.
func (f CheckFacts) Matches(key string) bool {
	return key == f.Key || f.IgnoreCase && foldKey(key) == f.Lookup
}

// ChangeListener is told, after the commit, that what a check of a license answers has changed, and the version that
// the row has now. An empty id means that many changed at once: forget all that was read before.
//
// It runs on the goroutine that commits, so it must be quick and must not use the store.
type ChangeListener func(licenseID string, version int64)

// ReadForCheck reads what a check of key depends on. An unknown key is LICENSE_NOT_FOUND.
func (s *Service) ReadForCheck(ctx context.Context, key string) (CheckFacts, error) {
	if !isKey(key) {
		return CheckFacts{}, ErrNotFound
	}
	var facts CheckFacts
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := findByKey(ctx, tx, key, forms{})
		if err != nil {
			return err
		}
		facts, err = checkFactsOf(row)
		return err
	})
	return facts, err
}

// IdentifierActive reports whether an identifier, already in its normal form (see [Normalize]), is an activation of
// the license now.
func (s *Service) IdentifierActive(ctx context.Context, licenseID, identifier string) (bool, error) {
	var active bool
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		active, err = tx.IdentifierActive(ctx, query.IdentifierActiveParams{LicenseID: licenseID, Identifier: identifier})
		return err
	})
	return active, err
}
