package movein

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
)

// shelf finds products and plans by what people and exports call them. It is read once for each table.
type shelf struct {
	products []catalog.Product
	plans    map[string][]catalog.Plan // by product; add-ons are not among them
	product  *catalog.Product          // that all rows are of; nil: each row says
	plan     string                    // that all rows are of; empty: each row says
}

func (s *Service) openShelf(ctx context.Context, o Options) (*shelf, error) {
	sh := &shelf{plans: map[string][]catalog.Plan{}, plan: o.Plan}
	all := page.Walk(func(cursor string) ([]catalog.Product, string, error) {
		return s.catalog.Products(ctx, catalog.Filter{Cursor: cursor, Limit: 200})
	})
	for p, err := range all {
		if err != nil {
			return nil, err
		}
		sh.products = append(sh.products, p)
		plans, err := s.catalog.Plans(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		for _, plan := range plans {
			if plan.Kind == catalog.KindLicense {
				sh.plans[p.ID] = append(sh.plans[p.ID], plan)
			}
		}
	}
	if o.Product == "" {
		return sh, nil
	}
	p, err := sh.productNamed(o.Product)
	if err != nil {
		return nil, fail.Invalid("product", err.Error())
	}
	sh.product = &p
	if o.Plan != "" {
		if _, err := sh.planNamed(p, o.Plan); err != nil {
			return nil, fail.Invalid("plan", err.Error())
		}
	}
	return sh, nil
}

// planOf is the plan that a row's license is of.
func (sh *shelf) planOf(r row) (catalog.Plan, error) {
	p := sh.product
	if p == nil {
		found, err := sh.productNamed(r.get(colProduct))
		if err != nil {
			return catalog.Plan{}, fail.Invalid(colProduct, err.Error())
		}
		p = &found
	}
	name := sh.plan
	if name == "" {
		name = r.get(colPlan)
	}
	plan, err := sh.planNamed(*p, name)
	if err != nil {
		return catalog.Plan{}, fail.Invalid(colPlan, err.Error())
	}
	return plan, nil
}

func (sh *shelf) productNamed(name string) (catalog.Product, error) {
	if name == "" {
		return catalog.Product{}, fmt.Errorf("is not said: name one for all rows")
	}
	for _, p := range sh.products {
		if p.ID == name || strings.EqualFold(p.Slug, name) {
			return p, nil
		}
	}
	for _, p := range sh.products {
		if strings.EqualFold(p.Name, name) {
			return p, nil
		}
	}
	return catalog.Product{}, fmt.Errorf("is %q, which no product here is called", clip(name))
}

func (sh *shelf) planNamed(p catalog.Product, name string) (catalog.Plan, error) {
	plans := sh.plans[p.ID]
	if name == "" && len(plans) == 1 {
		return plans[0], nil
	}
	for _, plan := range plans {
		if name != "" && (plan.ID == name || strings.EqualFold(plan.Name, name)) {
			return plan, nil
		}
	}
	if name == "" {
		return catalog.Plan{}, fmt.Errorf("is not said, and %s has %d", p.Slug, len(plans))
	}
	return catalog.Plan{}, fmt.Errorf("is %q, which no plan of %s is called", clip(name), p.Slug)
}
