package license

import (
	"context"
	"fmt"
	"time"

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

	UpdatesUntil *time.Time // the latest end of support; nil: no end, or of a type that has none
	Bound        Places
	Enforced     Enforced
	Checks       catalog.Checks // but for FileDays

	// PrivateSuffixes and AllowedHosts are where a development license may run, beside what is never public.
	PrivateSuffixes, AllowedHosts []string

	CustomerName, CustomerCompany string
	Addons                        []Addon // oldest first
}

// Addon is something that was bought for a license: a period of support, or what runs beside it. Due is a civil date,
// empty for what was bought for good.
type Addon struct{ Name, Due string }

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
		if facts, err = checkFactsOf(row); err != nil {
			return err
		}
		addons, err := tx.AddonsOfLicense(ctx, row.ID)
		if err != nil {
			return fmt.Errorf("add-ons of %s: %w", row.ID, err)
		}
		for _, a := range addons {
			facts.Addons = append(facts.Addons, Addon{Name: a.Name, Due: a.Due})
		}
		return nil
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
