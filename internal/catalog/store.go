package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

func productOf(r query.Product) (Product, error) {
	suffixes, err := decodeList(r.PrivateSuffixes)
	if err != nil {
		return Product{}, fmt.Errorf("product %s: %w", r.ID, err)
	}
	return Product{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Description: r.Description, RequiresLicense: r.RequiresLicense,
		Key: KeyFormat{Prefix: r.KeyPrefix, Length: r.KeyLength}, KeyIgnoreCase: r.KeyIgnoreCase,
		SelfRemoval: r.SelfRemoval, SelfRemovalsPer30d: r.SelfRemovalsPer30d, Status: Status(r.Status),
		Bindings: Bindings{
			EnforceDomain: r.EnforceDomain, EnforceIP: r.EnforceIp, EnforceDirectory: r.EnforceDirectory,
			SelfReissue: r.SelfReissue, MaxReissues: r.MaxReissues,
		},
		PackName: r.PackName, PrivateSuffixes: suffixes, PublicCheck: r.PublicCheck, HasCheckSecret: r.CheckSecret != "",
		Version: r.Version, CreatedAt: r.CreatedAt.Time(), UpdatedAt: r.UpdatedAt.Time(),
	}, nil
}

func decodeList(stored string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(stored), &list); err != nil {
		return nil, fmt.Errorf("a list: %w", err)
	}
	return list, nil
}

func encodeList(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	raw, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("catalog: a list of texts: %v", err)) // strings always marshal
	}
	return string(raw)
}

// spanOf is a span as it is stored, null where it is zero.
func spanOf(count *int64, unit *string) civil.Span {
	if count == nil || unit == nil {
		return civil.Span{}
	}
	return civil.Span{Count: int(*count), Unit: *unit}
}

func storedSpan(s civil.Span) (*int64, *string) {
	if s.IsZero() {
		return nil, nil
	}
	count := int64(s.Count)
	return &count, &s.Unit
}

func planOf(r query.Plan) (Plan, error) {
	entitlements, err := DecodeEntitlements(r.Entitlements)
	if err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", r.ID, err)
	}
	return Plan{
		ID: r.ID, ProductID: r.ProductID, Kind: PlanKind(r.Kind), Name: r.Name, LicenseType: r.LicenseType,
		ActivationType: r.ActivationType, ActivationLimit: r.ActivationLimit, ExtraActivations: r.ExtraActivations,
		Entitlements: entitlements, Support: spanOf(r.SupportCount, r.SupportUnit),
		Checks:     Checks{IntervalDays: r.CheckInterval, GraceDays: r.CheckGrace, FileDays: r.FileDays},
		Visibility: Visibility(r.Visibility), Status: Status(r.Status), Version: r.Version,
		CreatedAt: r.CreatedAt.Time(), UpdatedAt: r.UpdatedAt.Time(),
	}, nil
}

func priceOf(r query.Price) Price {
	currency := money.Currency(r.Currency)
	p := Price{
		ID: r.ID, PlanID: r.PlanID, Cycle: civil.Cycle(r.Cycle), Money: money.New(r.Amount, currency),
		SetupFee: money.New(r.SetupFee, currency), TrialDays: r.TrialDays, TrialMoney: money.New(r.TrialAmount, currency),
		TaxClass: r.TaxClass, Version: r.Version, Status: PriceStatus(r.Status),
		CreatedAt: r.CreatedAt.Time(),
	}
	if r.Replaces != nil {
		p.Replaces = *r.Replaces
	}
	p.ValidFor = spanOf(r.ValidForCount, r.ValidForUnit)
	return p
}

func loadProduct(ctx context.Context, tx *db.Tx, id string) (Product, error) {
	if !text.IsID(id) {
		return Product{}, errProductNotFound
	}
	r, err := tx.Product(ctx, id)
	if db.NotFound(err) {
		return Product{}, errProductNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("product %s: %w", id, err)
	}
	return productOf(r)
}

func lockProduct(ctx context.Context, tx *db.Tx, id string) (Product, error) {
	if !text.IsID(id) {
		return Product{}, errProductNotFound
	}
	if _, err := tx.LockProduct(ctx, id); err != nil {
		return Product{}, fmt.Errorf("lock product %s: %w", id, err)
	}
	return loadProduct(ctx, tx, id)
}

func loadPlan(ctx context.Context, tx *db.Tx, id string) (Plan, error) {
	if !text.IsID(id) {
		return Plan{}, errPlanNotFound
	}
	r, err := tx.Plan(ctx, id)
	if db.NotFound(err) {
		return Plan{}, errPlanNotFound
	}
	if err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", id, err)
	}
	plan, err := planOf(r)
	if err != nil {
		return Plan{}, err
	}
	if plan.Paths, err = tx.PathsOfPlan(ctx, id); err != nil {
		return Plan{}, fmt.Errorf("paths of plan %s: %w", id, err)
	}
	return plan, nil
}

func lockPlan(ctx context.Context, tx *db.Tx, id string) (Plan, error) {
	if !text.IsID(id) {
		return Plan{}, errPlanNotFound
	}
	if _, err := tx.LockPlan(ctx, id); err != nil {
		return Plan{}, fmt.Errorf("lock plan %s: %w", id, err)
	}
	return loadPlan(ctx, tx, id)
}

func loadPrice(ctx context.Context, tx *db.Tx, id string) (Price, error) {
	if !text.IsID(id) {
		return Price{}, errPriceNotFound
	}
	r, err := tx.Price(ctx, id)
	if db.NotFound(err) {
		return Price{}, errPriceNotFound
	}
	if err != nil {
		return Price{}, fmt.Errorf("price %s: %w", id, err)
	}
	return priceOf(r), nil
}
