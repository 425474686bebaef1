package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
)

// Plan is a plan as the API shows it.
type Plan struct {
	ID              string         `json:"id" example:"pln_01hx2b6yh4m3nq0r8s5t"`
	ProductID       string         `json:"product_id"`
	Kind            string         `json:"kind" enum:"license,addon"`
	Name            string         `json:"name"`
	LicenseType     string         `json:"license_type" enum:"purchased"`
	ActivationType  string         `json:"activation_type" enum:"domain,device,seat,instance"`
	ActivationLimit int64          `json:"activation_limit" doc:"0: unlimited"`
	Extra           int64          `json:"extra_activations" doc:"What one of an add-on adds to the limit of its license"`
	Entitlements    map[string]any `json:"entitlements" doc:"Named features and quantities: true or false, whole numbers, text"`
	Visibility      string         `json:"visibility" enum:"public,hidden" doc:"Whether the shop shows it. A hidden plan can be ordered by whoever has its link"`
	Paths           []string       `json:"paths" nullable:"false" doc:"The plans to which a subscriber may change; none: every other of the product"`
	Status          string         `json:"status" enum:"active,archived"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

func showPlan(p catalog.Plan) Plan {
	return Plan{
		ID: p.ID, ProductID: p.ProductID, Kind: string(p.Kind), Name: p.Name, LicenseType: p.LicenseType, ActivationType: p.ActivationType,
		ActivationLimit: p.ActivationLimit, Extra: p.ExtraActivations, Entitlements: showEntitlements(p.Entitlements),
		Visibility: string(p.Visibility), Paths: append([]string{}, p.Paths...), Status: string(p.Status),
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
}

func showEntitlements(e catalog.Entitlements) map[string]any {
	if e == nil {
		return map[string]any{}
	}
	return e
}

// NewPlan is the body of POST /products/{id}/plans.
type NewPlan struct {
	Kind            string         `json:"kind,omitempty" enum:"license,addon" doc:"Default: license. An add-on adds to a license that another plan of the product has issued; it never changes"`
	Name            string         `json:"name" maxLength:"255"`
	LicenseType     string         `json:"license_type,omitempty" enum:"purchased" doc:"Default: purchased"`
	ActivationType  string         `json:"activation_type,omitempty" enum:"domain,device,seat,instance" doc:"What is counted; it never changes. Required but for an add-on"`
	ActivationLimit *int64         `json:"activation_limit,omitempty" minimum:"0" maximum:"1000000" doc:"0: unlimited. Required but for an add-on"`
	Extra           int64          `json:"extra_activations,omitempty" minimum:"0" maximum:"1000000" doc:"Of an add-on: what one of it adds to the limit"`
	Entitlements    map[string]any `json:"entitlements,omitempty"`
	Visibility      string         `json:"visibility,omitempty" enum:"public,hidden" doc:"Default: public"`
	Paths           []string       `json:"paths,omitempty" maxItems:"100" doc:"Ids of the plans to which a subscriber may change; left out: every other of the product"`
}

func (n NewPlan) input() (catalog.NewPlan, error) {
	in := catalog.NewPlan{
		Kind: catalog.PlanKind(n.Kind), Name: n.Name, LicenseType: n.LicenseType, ActivationType: n.ActivationType, ExtraActivations: n.Extra,
		Entitlements: n.Entitlements, Visibility: catalog.Visibility(n.Visibility), Paths: n.Paths,
	}
	// Left out by mistake, a limit would be no limit.
	switch {
	case n.ActivationLimit != nil:
		in.ActivationLimit = *n.ActivationLimit
	case in.Kind != catalog.KindAddon:
		return in, fail.Invalid("activation_limit", "is required")
	}
	return in, nil
}

// PlanPatch is the body of PATCH /plans/{id}.
type PlanPatch struct {
	Name            *string        `json:"name,omitempty" maxLength:"255"`
	ActivationLimit *int64         `json:"activation_limit,omitempty" minimum:"0" maximum:"1000000" doc:"Of licenses to come"`
	Extra           *int64         `json:"extra_activations,omitempty" minimum:"0" maximum:"1000000" doc:"Of add-ons to come"`
	Entitlements    map[string]any `json:"entitlements,omitempty" doc:"Replaces all of them; holds for the plan's licenses at once"`
	Visibility      *string        `json:"visibility,omitempty" enum:"public,hidden"`
	Paths           *[]string      `json:"paths,omitempty" maxItems:"100" doc:"Replaces all of them"`
	Status          *string        `json:"status,omitempty" enum:"active,archived"`
}

type createPlanInput struct {
	ByID
	Body NewPlan
}

type patchPlanInput struct {
	ByID
	Body PlanPatch
}

func (a *API) plans() {
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/plans", Scope: "catalog:write", Tag: "Catalog", Summary: "Add a plan to a product", Status: http.StatusCreated, Codes: []string{"PRODUCT_NOT_FOUND", "PLAN_NAME_TAKEN"}},
		func(ctx context.Context, in *createPlanInput) (Plan, error) {
			n, err := in.Body.input()
			if err != nil {
				return Plan{}, err
			}
			p, err := a.Catalog.CreatePlan(ctx, in.ID, n)
			return showPlan(p), err
		})
	add(a, route{Method: http.MethodGet, Path: "/products/{id}/plans", Scope: "catalog:read", Tag: "Catalog", Summary: "List the plans of a product", Notes: "Oldest first, all on one page.", Codes: []string{"PRODUCT_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (List[Plan], error) {
			plans, err := a.Catalog.Plans(ctx, in.ID)
			return listOf(plans, "", showPlan), err
		})
	add(a, route{Method: http.MethodGet, Path: "/plans/{id}", Scope: "catalog:read", Tag: "Catalog", Summary: "Show a plan", Codes: []string{"PLAN_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Plan, error) {
			p, err := a.Catalog.Plan(ctx, in.ID)
			return showPlan(p), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/plans/{id}", Scope: "catalog:write", Tag: "Catalog", Summary: "Change a plan", Codes: []string{"PLAN_NOT_FOUND", "PLAN_NAME_TAKEN"}},
		func(ctx context.Context, in *patchPlanInput) (Plan, error) {
			p, err := a.Catalog.UpdatePlan(ctx, in.ID, catalog.PlanPatch{
				Name: in.Body.Name, ActivationLimit: in.Body.ActivationLimit, ExtraActivations: in.Body.Extra, Entitlements: in.Body.Entitlements,
				Visibility: (*catalog.Visibility)(in.Body.Visibility), Paths: in.Body.Paths, Status: (*catalog.Status)(in.Body.Status),
			})
			return showPlan(p), err
		})
}
