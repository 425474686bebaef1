package catalog

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Product returns a product by its id.
func (s *Service) Product(ctx context.Context, id string) (Product, error) {
	var product Product
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		product, err = loadProduct(ctx, tx, id)
		return err
	})
	return product, err
}

// ProductBySlug returns a product by its slug.
func (s *Service) ProductBySlug(ctx context.Context, slug string) (Product, error) {
	if checkSlug(slug) != nil {
		return Product{}, errProductNotFound
	}
	var product Product
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := tx.ProductBySlug(ctx, slug)
		if db.NotFound(err) {
			return errProductNotFound
		}
		if err != nil {
			return fmt.Errorf("product %s: %w", slug, err)
		}
		product, err = productOf(r)
		return err
	})
	return product, err
}

// Filter picks a page of products.
type Filter struct {
	Status Status // empty: all
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// Products returns a page of products, oldest first, and the cursor of the next page, empty after the last one.
func (s *Service) Products(ctx context.Context, f Filter) (products []Product, next string, err error) {
	var bad fail.Fields
	if f.Status != "" {
		bad.Check("status", f.Status.check())
	}
	if f.Cursor != "" && !text.IsID(f.Cursor) {
		bad.Add("cursor", "is not one that a list gave")
	}
	if err := bad.Err(); err != nil {
		return nil, "", err
	}
	n := page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		products, next = []Product{}, ""
		rows, err := tx.ListProducts(ctx, query.ListProductsParams{After: f.Cursor, Status: string(f.Status), N: int64(n + 1)})
		if err != nil {
			return fmt.Errorf("list products: %w", err)
		}
		rows, more := page.Cut(rows, n)
		for _, r := range rows {
			p, err := productOf(r)
			if err != nil {
				return err
			}
			products = append(products, p)
		}
		if more {
			next = rows[n-1].ID
		}
		return nil
	})
	return products, next, err
}

// Plan returns a plan by its id.
func (s *Service) Plan(ctx context.Context, id string) (Plan, error) {
	var plan Plan
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		plan, err = loadPlan(ctx, tx, id)
		return err
	})
	return plan, err
}

// Plans returns all plans of a product, oldest first, the archived ones included.
func (s *Service) Plans(ctx context.Context, productID string) ([]Plan, error) {
	var plans []Plan
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		if _, err := loadProduct(ctx, tx, productID); err != nil {
			return err
		}
		rows, err := tx.PlansOfProduct(ctx, productID)
		if err != nil {
			return fmt.Errorf("plans of product %s: %w", productID, err)
		}
		plans = make([]Plan, len(rows))
		at := make(map[string]*Plan, len(rows))
		for i, r := range rows {
			if plans[i], err = planOf(r); err != nil {
				return err
			}
			at[r.ID] = &plans[i]
		}
		paths, err := tx.PathsOfProduct(ctx, productID)
		if err != nil {
			return fmt.Errorf("paths of product %s: %w", productID, err)
		}
		for _, path := range paths {
			from := at[path.PlanID]
			from.Paths = append(from.Paths, path.ToPlanID)
		}
		return nil
	})
	return plans, err
}

// Price returns one version of a price by its id.
func (s *Service) Price(ctx context.Context, id string) (Price, error) {
	var price Price
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		price, err = loadPrice(ctx, tx, id)
		return err
	})
	return price, err
}

// Prices returns all versions of all prices of a plan, oldest first.
func (s *Service) Prices(ctx context.Context, planID string) ([]Price, error) {
	var prices []Price
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		if _, err := loadPlan(ctx, tx, planID); err != nil {
			return err
		}
		rows, err := tx.PricesOfPlan(ctx, planID)
		if err != nil {
			return fmt.Errorf("prices of plan %s: %w", planID, err)
		}
		prices = pricesOf(rows)
		return nil
	})
	return prices, err
}

// ProductPrices returns all versions of all prices of all plans of a product, oldest first.
func (s *Service) ProductPrices(ctx context.Context, productID string) ([]Price, error) {
	var prices []Price
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		if _, err := loadProduct(ctx, tx, productID); err != nil {
			return err
		}
		rows, err := tx.PricesOfProduct(ctx, productID)
		if err != nil {
			return fmt.Errorf("prices of product %s: %w", productID, err)
		}
		prices = pricesOf(rows)
		return nil
	})
	return prices, err
}

func pricesOf(rows []query.Price) []Price {
	prices := make([]Price, len(rows))
	for i, r := range rows {
		prices[i] = priceOf(r)
	}
	return prices
}

// PriceOffer returns a price with its plan and product, on sale or not.
func PriceOffer(ctx context.Context, tx *db.Tx, priceID string) (Offer, error) {
	if !text.IsID(priceID) {
		return Offer{}, errPriceNotFound
	}
	r, err := tx.PriceOffer(ctx, priceID)
	if db.NotFound(err) {
		return Offer{}, errPriceNotFound
	}
	if err != nil {
		return Offer{}, fmt.Errorf("price %s: %w", priceID, err)
	}
	currency := money.Currency(r.Currency)
	return Offer{
		PriceID: r.ID, PlanID: r.PlanID, ProductID: r.ProductID, ProductName: r.ProductName, PlanName: r.PlanName,
		Kind: PlanKind(r.PlanKind), LicenseType: r.LicenseType, Support: spanOf(r.SupportCount, r.SupportUnit),
		Visibility: Visibility(r.Visibility), RequiresLicense: r.RequiresLicense, ValidFor: spanOf(r.ValidForCount, r.ValidForUnit),
		Cycle: civil.Cycle(r.Cycle), Money: money.New(r.Amount, currency), SetupFee: money.New(r.SetupFee, currency),
		TrialDays: r.TrialDays, TrialMoney: money.New(r.TrialAmount, currency), TaxClass: r.TaxClass,
		OnSale: r.PriceStatus == string(PriceActive) && r.PlanStatus == string(Active) && r.ProductStatus == string(Active),
	}, nil
}

// MayChange reports whether a subscriber of a plan may change to another one: it is of the same product and kind, and
// among the paths of the plan if it has any.
func MayChange(ctx context.Context, tx *db.Tx, fromPlanID, toPlanID string) (bool, error) {
	may, err := tx.MayChangePlan(ctx, query.MayChangePlanParams{FromPlanID: fromPlanID, ToPlanID: toPlanID})
	if err != nil {
		return false, fmt.Errorf("change from plan %s to %s: %w", fromPlanID, toPlanID, err)
	}
	return may > 0, nil
}
