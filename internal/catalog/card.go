package catalog

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
)

// Card is what issuing and checking a license needs to know about its plan and product.
type Card struct {
	ProductID, ProductSlug, ProductName string

	// RequiresLicense says whether selling the plan issues a license at all.
	RequiresLicense bool
	// KeyPrefix and KeyLength describe the product's own key format: the prefix, then KeyLength random hex digits.
	// A KeyLength of 0 is the default format.
	KeyPrefix string
	KeyLength int64
	// IgnoreCase says that keys of this product are compared regardless of case.
	IgnoreCase bool
	// SelfRemoval says whether customers may remove activations of their own, SelfRemovalsPer30d how many in 30 days
	// (0: as many as they like).
	SelfRemoval        bool
	SelfRemovalsPer30d int64
	// SelfReissue says whether customers may clear the place that a license is bound to, MaxReissues how often (0: as
	// often as they like).
	SelfReissue bool
	MaxReissues int64
	// PackName is how the support that a purchase includes is called.
	PackName string
	// PrivateSuffixes are domains below which development licenses run, beside those that are never public.
	PrivateSuffixes []string

	PlanID, PlanName string
	Kind             PlanKind
	LicenseType      string
	ActivationType   string
	ActivationLimit  int64 // 0: unlimited
	ExtraActivations int64 // of an add-on
	Entitlements     Entitlements
	Support          civil.Span // see [Plan]
	FileDays         int64
}

// PlanCard returns the card of a plan, archived or not: what was sold stays valid.
func PlanCard(ctx context.Context, tx *db.Tx, planID string) (Card, error) {
	r, err := tx.PlanCard(ctx, planID)
	if db.NotFound(err) {
		return Card{}, errPlanNotFound
	}
	if err != nil {
		return Card{}, fmt.Errorf("plan %s: %w", planID, err)
	}
	entitlements, err := DecodeEntitlements(r.Entitlements)
	if err != nil {
		return Card{}, fmt.Errorf("plan %s: %w", planID, err)
	}
	suffixes, err := decodeList(r.PrivateSuffixes)
	if err != nil {
		return Card{}, fmt.Errorf("product %s: %w", r.ProductID, err)
	}
	return Card{
		ProductID: r.ProductID, ProductSlug: r.ProductSlug, ProductName: r.ProductName,
		RequiresLicense: r.RequiresLicense,
		KeyPrefix:       r.KeyPrefix, KeyLength: r.KeyLength, IgnoreCase: r.KeyIgnoreCase,
		SelfRemoval: r.SelfRemoval, SelfRemovalsPer30d: r.SelfRemovalsPer30d,
		SelfReissue: r.SelfReissue, MaxReissues: r.MaxReissues, PackName: r.PackName, PrivateSuffixes: suffixes,
		Support: spanOf(r.SupportCount, r.SupportUnit), FileDays: r.FileDays,
		PlanID: r.PlanID, PlanName: r.PlanName, Kind: PlanKind(r.Kind), ExtraActivations: r.ExtraActivations,
		LicenseType: r.LicenseType, ActivationType: r.ActivationType, ActivationLimit: r.ActivationLimit,
		Entitlements: entitlements,
	}, nil
}
