package catalog

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

var (
	errProductNotFound = fail.NotFound("PRODUCT_NOT_FOUND", "There is no such product.")
	errPlanNotFound    = fail.NotFound("PLAN_NOT_FOUND", "There is no such plan.")
	errPriceNotFound   = fail.NotFound("PRICE_NOT_FOUND", "There is no such price.")
	errChanged         = fail.Conflict("CHANGED_MEANWHILE", "Somebody else changed this meanwhile. Look at it again.")
)

// KeyRelookup brings the keys of a product in line with how they are compared. The license room implements it.
type KeyRelookup interface {
	// RelookupKeys makes all keys of the product match regardless of case, or exactly. It returns a conflict if that
	// would make two keys of the store the same.
	RelookupKeys(ctx context.Context, tx *db.Tx, productID string, ignoreCase bool) error
}

// Service holds the verbs of the catalog.
type Service struct {
	db       *db.DB
	keys     KeyRelookup
	box      *crypt.Box
	onChange []func(ctx context.Context, tx *db.Tx) error
}

// New returns the catalog of a store. [Service.UseKeys] and [Service.OnChange] belong to building the program: call
// them before the first verb.
func New(d *db.DB) *Service { return &Service{db: d} }

// UseKeys names who changes the keys of a product when it starts or stops ignoring case.
func (s *Service) UseKeys(k KeyRelookup) { s.keys = k }

// OnChange registers f to be called as part of every transaction that changes the catalog, for those who keep names in
// memory, here and in the other processes of the store.
func (s *Service) OnChange(f func(ctx context.Context, tx *db.Tx) error) {
	s.onChange = append(s.onChange, f)
}

// write runs f in a transaction of which the listeners are told.
func (s *Service) write(ctx context.Context, f func(tx *db.Tx) error) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		for _, listener := range s.onChange {
			if err := listener(ctx, tx); err != nil {
				return err
			}
		}
		return f(tx)
	})
}

// record writes the event and the audit entry of a change.
func record(ctx context.Context, tx *db.Tx, what, id string, data map[string]any, before, after string) error {
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, Data: data}); err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: before, After: after})
}

// CreateProduct puts a product into the catalog.
func (s *Service) CreateProduct(ctx context.Context, in NewProduct) (Product, error) {
	if err := in.Validate(); err != nil {
		return Product{}, err
	}
	var product Product
	err := s.write(ctx, func(tx *db.Tx) error {
		id := tx.NewID("prd")
		err := tx.InsertProduct(ctx, query.InsertProductParams{
			ID: id, Slug: in.Slug, Name: in.Name, Description: in.Description,
			RequiresLicense: orTrue(in.RequiresLicense), KeyPrefix: in.Key.Prefix, KeyLength: in.Key.Length,
			KeyIgnoreCase: in.KeyIgnoreCase, SelfRemoval: orTrue(in.SelfRemoval), SelfRemovalsPer30d: in.SelfRemovalsPer30d,
			EnforceDomain: in.Bindings.EnforceDomain, EnforceIp: in.Bindings.EnforceIP, EnforceDirectory: in.Bindings.EnforceDirectory,
			SelfReissue: in.Bindings.SelfReissue, MaxReissues: in.Bindings.MaxReissues, PackName: in.PackName,
			PrivateSuffixes: encodeList(in.PrivateSuffixes), PublicCheck: in.PublicCheck,
			CreatedAt: tx.Stamp,
		})
		if db.Duplicate(err) {
			return fail.Conflict("SLUG_TAKEN", fmt.Sprintf("There is a product with the slug %q already.", in.Slug)).Because(err)
		}
		if err != nil {
			return fmt.Errorf("create product %s: %w", in.Slug, err)
		}
		if product, err = loadProduct(ctx, tx, id); err != nil {
			return err
		}
		data := map[string]any{"slug": in.Slug, "name": in.Name}
		return record(ctx, tx, "product.created", id, data, "", patch.JSON(data))
	})
	return product, err
}

func orTrue(b *bool) bool { return b == nil || *b }

// UpdateProduct changes a product. Switching whether its keys ignore case changes all its keys in the same
// transaction.
func (s *Service) UpdateProduct(ctx context.Context, id string, change ProductPatch) (Product, error) {
	if err := change.Validate(); err != nil {
		return Product{}, err
	}
	var product Product
	err := s.write(ctx, func(tx *db.Tx) error {
		before, err := lockProduct(ctx, tx, id)
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != before.Version {
			return errChanged
		}
		after, diff := change.applyTo(before)
		if product = after; diff.Empty() {
			return nil
		}
		err = tx.UpdateProduct(ctx, query.UpdateProductParams{
			ID: id, Name: after.Name, Description: after.Description, RequiresLicense: after.RequiresLicense,
			KeyPrefix: after.Key.Prefix, KeyLength: after.Key.Length, KeyIgnoreCase: after.KeyIgnoreCase,
			SelfRemoval: after.SelfRemoval, SelfRemovalsPer30d: after.SelfRemovalsPer30d, Status: string(after.Status),
			EnforceDomain: after.Bindings.EnforceDomain, EnforceIp: after.Bindings.EnforceIP, EnforceDirectory: after.Bindings.EnforceDirectory,
			SelfReissue: after.Bindings.SelfReissue, MaxReissues: after.Bindings.MaxReissues, PackName: after.PackName,
			PrivateSuffixes: encodeList(after.PrivateSuffixes), PublicCheck: after.PublicCheck,
			UpdatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("update product %s: %w", id, err)
		}
		if after.KeyIgnoreCase != before.KeyIgnoreCase && s.keys != nil {
			if err := s.keys.RelookupKeys(ctx, tx, id, after.KeyIgnoreCase); err != nil {
				return fmt.Errorf("keys of product %s: %w", id, err)
			}
		}
		if product, err = loadProduct(ctx, tx, id); err != nil {
			return err
		}
		data := map[string]any{"slug": product.Slug, "changed": diff.Fields}
		return record(ctx, tx, "product.updated", id, data, diff.Before(), diff.After())
	})
	return product, err
}

// CreatePlan adds a plan to a product.
func (s *Service) CreatePlan(ctx context.Context, productID string, in NewPlan) (Plan, error) {
	if err := in.Validate(); err != nil {
		return Plan{}, err
	}
	var plan Plan
	err := s.write(ctx, func(tx *db.Tx) error {
		if _, err := loadProduct(ctx, tx, productID); err != nil {
			return err
		}
		id := tx.NewID("pln")
		supportCount, supportUnit := storedSpan(*in.Support)
		err := tx.InsertPlan(ctx, query.InsertPlanParams{
			ID: id, ProductID: productID, Kind: string(in.Kind), Name: in.Name, LicenseType: in.LicenseType,
			ActivationType: in.ActivationType, ActivationLimit: in.ActivationLimit, ExtraActivations: in.ExtraActivations,
			Entitlements: Entitlements(in.Entitlements).Encode(), SupportCount: supportCount, SupportUnit: supportUnit,
			CheckInterval: in.Checks.IntervalDays, CheckGrace: in.Checks.GraceDays, FileDays: in.Checks.FileDays,
			Visibility: string(in.Visibility), CreatedAt: tx.Stamp,
		})
		if err != nil {
			return planNameTaken(in.Name, err)
		}
		if err := setPaths(ctx, tx, Plan{ID: id, ProductID: productID, Kind: in.Kind, Paths: in.Paths}); err != nil {
			return err
		}
		if plan, err = loadPlan(ctx, tx, id); err != nil {
			return err
		}
		data := map[string]any{"product_id": productID, "name": in.Name}
		return record(ctx, tx, "plan.created", id, data, "", patch.JSON(data))
	})
	return plan, err
}

func planNameTaken(name string, err error) error {
	if db.Duplicate(err) {
		return fail.Conflict("PLAN_NAME_TAKEN", fmt.Sprintf("The product has a plan %q already.", name)).Because(err)
	}
	return fmt.Errorf("plan %q: %w", name, err)
}

// UpdatePlan changes a plan.
func (s *Service) UpdatePlan(ctx context.Context, id string, change PlanPatch) (Plan, error) {
	if err := change.Validate(); err != nil {
		return Plan{}, err
	}
	var plan Plan
	err := s.write(ctx, func(tx *db.Tx) error {
		before, err := lockPlan(ctx, tx, id)
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != before.Version {
			return errChanged
		}
		if err := change.fits(before); err != nil {
			return err
		}
		after, diff := change.applyTo(before)
		if plan = after; diff.Empty() {
			return nil
		}
		supportCount, supportUnit := storedSpan(after.Support)
		err = tx.UpdatePlan(ctx, query.UpdatePlanParams{
			ID: id, Name: after.Name, ActivationLimit: after.ActivationLimit, ExtraActivations: after.ExtraActivations,
			Entitlements: after.Entitlements.Encode(), SupportCount: supportCount, SupportUnit: supportUnit,
			CheckInterval: after.Checks.IntervalDays, CheckGrace: after.Checks.GraceDays, FileDays: after.Checks.FileDays,
			Visibility: string(after.Visibility), Status: string(after.Status),
			UpdatedAt: tx.Stamp,
		})
		if err != nil {
			return planNameTaken(after.Name, err)
		}
		if err := setPaths(ctx, tx, after); err != nil {
			return err
		}
		if plan, err = loadPlan(ctx, tx, id); err != nil {
			return err
		}
		data := map[string]any{"product_id": plan.ProductID, "changed": diff.Fields}
		return record(ctx, tx, "plan.updated", id, data, diff.Before(), diff.After())
	})
	return plan, err
}

// setPaths replaces the plans to which subscribers of a plan may change.
func setPaths(ctx context.Context, tx *db.Tx, plan Plan) error {
	if err := tx.DeletePlanPaths(ctx, plan.ID); err != nil {
		return fmt.Errorf("paths of plan %s: %w", plan.ID, err)
	}
	for _, to := range plan.Paths {
		rows, err := tx.InsertPlanPath(ctx, query.InsertPlanPathParams{
			PlanID: plan.ID, ToPlanID: to, ProductID: plan.ProductID, Kind: string(plan.Kind),
		})
		if err != nil {
			return fmt.Errorf("paths of plan %s: %w", plan.ID, err)
		}
		if rows == 0 {
			return fail.Invalid("paths", fmt.Sprintf("have %s, which is no other plan of the product and of this kind", to))
		}
	}
	return nil
}

// CreatePrice puts a plan on sale at a price of its own. A plan may have several: one per currency and cycle, or per
// span of validity.
func (s *Service) CreatePrice(ctx context.Context, planID string, in NewPrice) (Price, error) {
	if err := in.Validate(); err != nil {
		return Price{}, err
	}
	var price Price
	err := s.write(ctx, func(tx *db.Tx) error {
		plan, err := loadPlan(ctx, tx, planID)
		if err != nil {
			return err
		}
		price, err = addPrice(ctx, tx, plan, in, Price{})
		return err
	})
	return price, err
}

// ReplacePrice makes the next version of a price and retires the version given. What was ordered before keeps its
// own. A version is replaced only once: the second of two who try gets a conflict.
func (s *Service) ReplacePrice(ctx context.Context, id string, in NewPrice) (Price, error) {
	if err := in.Validate(); err != nil {
		return Price{}, err
	}
	var price Price
	err := s.write(ctx, func(tx *db.Tx) error {
		old, err := retire(ctx, tx, id)
		if err != nil {
			return err
		}
		if old.Money.Currency != in.Money.Currency {
			return fail.Invalid("money.currency", "differs from that of the price replaced; another currency is another price")
		}
		if string(old.Cycle) != in.Cycle {
			return fail.Invalid("cycle", "differs from that of the price replaced; another cycle is another price")
		}
		plan, err := loadPlan(ctx, tx, old.PlanID)
		if err != nil {
			return err
		}
		price, err = addPrice(ctx, tx, plan, in, old)
		return err
	})
	return price, err
}

// RetirePrice takes a price off sale without another in its place.
func (s *Service) RetirePrice(ctx context.Context, id string) (Price, error) {
	var price Price
	err := s.write(ctx, func(tx *db.Tx) (err error) {
		price, err = retire(ctx, tx, id)
		return err
	})
	return price, err
}

// addPrice writes a price and, where it replaces another, that it does.
func addPrice(ctx context.Context, tx *db.Tx, plan Plan, in NewPrice, old Price) (Price, error) {
	if err := in.suits(plan); err != nil {
		return Price{}, err
	}
	id := tx.NewID("prc")
	row := query.InsertPriceParams{
		ID: id, PlanID: plan.ID, Cycle: in.Cycle, Currency: string(in.Money.Currency), Amount: in.Money.Amount,
		SetupFee: in.SetupFee.Amount, TrialDays: in.TrialDays, TrialAmount: in.TrialMoney.Amount, TaxClass: in.TaxClass,
		Version: old.Version + 1, CreatedAt: tx.Stamp,
	}
	data := map[string]any{"plan_id": plan.ID, "cycle": in.Cycle, "money": in.Money, "version": row.Version}
	if old.ID != "" {
		row.Replaces = &old.ID
		data["replaces"] = old.ID
	}
	row.ValidForCount, row.ValidForUnit = storedSpan(in.ValidFor)
	if err := tx.InsertPrice(ctx, row); err != nil {
		return Price{}, fmt.Errorf("price of plan %s: %w", plan.ID, err)
	}
	price, err := loadPrice(ctx, tx, id)
	if err != nil {
		return Price{}, err
	}
	return price, record(ctx, tx, "price.created", id, data, "", patch.JSON(data))
}

// retire takes an active price off sale and returns it.
func retire(ctx context.Context, tx *db.Tx, id string) (Price, error) {
	if !text.IsID(id) {
		return Price{}, errPriceNotFound
	}
	rows, err := tx.RetirePrice(ctx, id)
	if err != nil {
		return Price{}, fmt.Errorf("retire price %s: %w", id, err)
	}
	price, err := loadPrice(ctx, tx, id)
	if err != nil {
		return Price{}, err
	}
	if rows == 0 {
		return Price{}, fail.Conflict("PRICE_RETIRED", "This version of the price is retired already.")
	}
	data := map[string]any{"plan_id": price.PlanID, "money": price.Money, "version": price.Version}
	return price, record(ctx, tx, "price.retired", id, data, patch.JSON(data), "")
}
