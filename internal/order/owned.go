package order

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// checkLicense returns what is wrong with the license that an item names, empty if nothing is. An add-on needs one of
// the same product, a development license a purchased one that runs; a subscription may renew one of its plan that nothing
// else pays for, and what is on trial may be bought.
func (f *filling) checkLicense(ctx context.Context, tx *db.Tx, id string, offer catalog.Offer) (wrong string, err error) {
	addon := offer.Kind == catalog.KindAddon
	development := !addon && offer.LicenseType == catalog.Development
	switch {
	case id == "" && addon:
		return "is required: an add-on is for a license", nil
	case id == "" && development:
		return "is required: a development license is for who holds a purchased one", nil
	case id == "":
		return "", nil
	}
	named := addon || development || offer.Cycle.Recurs() && offer.RequiresLicense
	l, err := tx.LicenseToSellFor(ctx, id)
	if db.NotFound(err) && !named {
		return onlyForSome, nil
	}
	if db.NotFound(err) {
		return "is not a license of this customer", nil
	}
	if err != nil {
		return "", fmt.Errorf("license %s: %w", id, err)
	}
	switch {
	case f.who.customerID == "" || l.CustomerID != f.who.customerID:
		return "is not a license of this customer", nil
	case l.ProductID != offer.ProductID:
		return "is a license of another product", nil
	case l.Outcome != "":
		return "is a license that was " + l.Outcome, nil
	}
	expired := reached(tx, l.EndsAt)
	switch {
	case addon:
		return f.checkAddon(l, offer, expired), nil
	case development && l.Type == catalog.Purchased:
		if expired || l.Held || reached(tx, l.GraceUntil) {
			return "is a license that is not active", nil
		}
		return "", nil
	case development && l.Type != catalog.Development:
		return "is not a purchased license", nil
	case l.Type == catalog.Trial && buysTrial(offer):
		return "", nil
	case development && !offer.Cycle.Recurs():
		return "is not a purchased license", nil
	case !named:
		return onlyForSome, nil
	case expired && !f.settings.RenewExpired:
		return "is a license that has expired", nil
	case l.PlanID != offer.PlanID:
		return "is a license of another plan", nil
	case l.ExpiresAt == nil:
		return "is a license that never expires", nil
	case l.Subscriptions > 0:
		return "is a license that a subscription pays for already", nil
	}
	return "", nil
}

// onlyForSome is what is wrong with a license that is named for something else.
const onlyForSome = "is for add-ons, and for subscriptions that renew a license; or it names one that is on trial and bought now"

// checkAddon returns why an add-on can't be bought for a license. A support pack is for one whose support ends before the
// license does.
func (f *filling) checkAddon(l query.LicenseToSellForRow, offer catalog.Offer, expired bool) string {
	switch {
	case expired:
		return "is a license that has expired"
	case !offer.IsPack():
		return ""
	case l.Type != catalog.Purchased:
		return "is a " + l.Type + " license: it has support and upgrades as long as it runs"
	case l.UpdatesUntil == nil:
		return "is a license whose support and upgrades have no end"
	}
	return ""
}

// buysTrial reports whether an offer is what a trial becomes when it is bought.
func buysTrial(offer catalog.Offer) bool {
	return offer.RequiresLicense && (offer.LicenseType == catalog.Purchased || offer.LicenseType == catalog.Leased)
}

func reached(tx *db.Tx, at *clock.Instant) bool { return at != nil && *at <= tx.Stamp }
