package order

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
)

// checkLicense returns what is wrong with the license that an item names, empty if nothing is. An add-on needs one of
// the same product; a subscription may renew one of its plan that nothing else pays for.
func (f *filling) checkLicense(ctx context.Context, tx *db.Tx, id string, offer catalog.Offer) (wrong string, err error) {
	addon := offer.Kind == catalog.KindAddon
	switch {
	case id == "" && addon:
		return "is required: an add-on is for a license", nil
	case id == "":
		return "", nil
	case !addon && (!offer.Cycle.Recurs() || !offer.RequiresLicense):
		return "is for add-ons, and for subscriptions that renew a license", nil
	}
	l, err := tx.LicenseToSellFor(ctx, id)
	if db.NotFound(err) {
		return "is not a license of this customer", nil
	}
	if err != nil {
		return "", fmt.Errorf("license %s: %w", id, err)
	}
	expired := l.EndsAt != nil && *l.EndsAt <= tx.Stamp
	switch {
	case f.who.customerID == "" || l.CustomerID != f.who.customerID:
		return "is not a license of this customer", nil
	case l.ProductID != offer.ProductID:
		return "is a license of another product", nil
	case l.Outcome != "":
		return "is a license that was " + l.Outcome, nil
	case addon && expired, expired && !f.settings.RenewExpired:
		return "is a license that has expired", nil
	case addon:
		return "", nil
	case l.PlanID != offer.PlanID:
		return "is a license of another plan", nil
	case l.ExpiresAt == nil:
		return "is a license that never expires", nil
	case l.Subscriptions > 0:
		return "is a license that a subscription pays for already", nil
	}
	return "", nil
}
