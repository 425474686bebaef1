package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
)

// addon fulfils the line of an add-on that is bought once, for good.
type addon struct{ *Service }

// Fulfil implements billing.Fulfiller.
func (s addon) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	sold, err := order.SoldItem(ctx, tx, line.OrderItemID)
	if err != nil {
		return "", err
	}
	offer, err := catalog.PriceOffer(ctx, tx, sold.PriceID)
	if err != nil {
		return "", err
	}
	sub := Subscription{Kind: OfAddon, LicenseID: sold.LicenseID, PlanID: offer.PlanID, Quantity: sold.Quantity, Description: offer.Name()}
	if err := s.beginAddon(ctx, tx, sub, line.ID, offer); err != nil {
		return "", err
	}
	row, err := tx.AddonOfLine(ctx, &line.ID)
	return row.ID, err
}

// beginAddon gives a license what an add-on adds.
func (s *Service) beginAddon(ctx context.Context, tx *db.Tx, sub Subscription, lineID string, offer catalog.Offer) error {
	if sub.LicenseID == "" {
		return fail.Invalid("license_id", "is required: which license is the add-on for?")
	}
	card, err := catalog.PlanCard(ctx, tx, offer.PlanID)
	if err != nil {
		return err
	}
	if err := s.addSupport(ctx, tx, sub, lineID, card); err != nil {
		return err
	}
	n, err := tx.InsertAddon(ctx, query.InsertAddonParams{
		ID: tx.NewID("add"), LicenseID: sub.LicenseID, PlanID: offer.PlanID, SubscriptionID: optional(sub.ID), LineID: &lineID,
		Quantity: sub.Quantity, ExtraActivations: card.ExtraActivations * sub.Quantity, Entitlements: card.Entitlements.Encode(),
		Active: true, CreatedAt: tx.Stamp,
	})
	if err != nil || n == 0 {
		return err
	}
	return s.licenses.Reshape(ctx, tx, sub.LicenseID, license.Shape{
		MoreActivations: card.ExtraActivations * sub.Quantity, Add: card.Entitlements, Why: "add-on: " + sub.Description,
	})
}

// switchAddon takes what an add-on adds from its license, or gives it back.
func (s *Service) switchAddon(ctx context.Context, tx *db.Tx, sub Subscription, on bool) error {
	row, err := tx.AddonOfSubscription(ctx, &sub.ID)
	if db.NotFound(err) {
		return nil // it has just been sold
	}
	if err != nil {
		return fmt.Errorf("add-on of subscription %s: %w", sub.ID, err)
	}
	return s.switchRow(ctx, tx, row, on, sub.Description)
}

func (s *Service) switchRow(ctx context.Context, tx *db.Tx, row query.LicenseAddon, on bool, description string) error {
	if row.Active == on {
		return nil
	}
	entitlements, err := catalog.DecodeEntitlements(row.Entitlements)
	if err != nil {
		return fmt.Errorf("add-on %s: %w", row.ID, err)
	}
	shape := license.Shape{MoreActivations: row.ExtraActivations, Add: entitlements, Why: "add-on: " + description}
	save := query.SwitchAddonParams{
		ID: row.ID, Active: on, Quantity: row.Quantity, ExtraActivations: row.ExtraActivations, Entitlements: row.Entitlements, PlanID: row.PlanID,
	}
	if !on {
		shape = license.Shape{MoreActivations: -row.ExtraActivations, Remove: entitlements, Why: "the add-on has ended: " + description}
		save.EndedAt = &tx.Stamp
	}
	if _, err := tx.SwitchAddon(ctx, save); err != nil {
		return fmt.Errorf("add-on %s: %w", row.ID, err)
	}
	return s.licenses.Reshape(ctx, tx, row.LicenseID, shape)
}

// addSupport gives a license what a support pack is for: the length of the pack, or of the period that was paid.
func (s *Service) addSupport(ctx context.Context, tx *db.Tx, sub Subscription, lineID string, card catalog.Card) error {
	if card.Kind != catalog.KindAddon || card.Support.IsZero() {
		return nil
	}
	in := license.NewSupport{Kind: license.SupportPack, Length: card.Support, LineID: lineID}
	if sub.ID != "" {
		in.Length, in.SubscriptionID = civil.Span{Count: sub.Cycle.Months(), Unit: civil.Month}, sub.ID
	}
	return s.licenses.AddSupport(ctx, tx, sub.LicenseID, in)
}

// renewPack gives a license the support of a further period that was paid, if that is what a subscription is for.
func (s *Service) renewPack(ctx context.Context, tx *db.Tx, sub Subscription, lineID string) error {
	if sub.Kind != OfAddon {
		return nil
	}
	card, err := catalog.PlanCard(ctx, tx, sub.PlanID)
	if err != nil {
		return err
	}
	return s.addSupport(ctx, tx, sub, lineID, card)
}
