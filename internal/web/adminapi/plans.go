package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/catalog"
)

// Plan is a plan as the API shows it.
type Plan struct {
	ID              string         `json:"id" example:"pln_01hx2b6yh4m3nq0r8s5t"`
	ProductID       string         `json:"product_id"`
	Name            string         `json:"name"`
	LicenseType     string         `json:"license_type" enum:"purchased"`
	ActivationType  string         `json:"activation_type" enum:"domain,device,seat,instance"`
	ActivationLimit int64          `json:"activation_limit" doc:"0: unlimited"`
	Entitlements    map[string]any `json:"entitlements" doc:"Named features and quantities: true or false, whole numbers, text"`
	Status          string         `json:"status" enum:"active,archived"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

func showPlan(p catalog.Plan) Plan {
	return Plan{
		ID: p.ID, ProductID: p.ProductID, Name: p.Name, LicenseType: p.LicenseType, ActivationType: p.ActivationType,
		ActivationLimit: p.ActivationLimit, Entitlements: showEntitlements(p.Entitlements), Status: string(p.Status),
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
	Name            string         `json:"name" maxLength:"255"`
	LicenseType     string         `json:"license_type,omitempty" enum:"purchased" doc:"Default: purchased"`
	ActivationType  string         `json:"activation_type" enum:"domain,device,seat,instance" doc:"What is counted; it never changes"`
	ActivationLimit int64          `json:"activation_limit" minimum:"0" maximum:"1000000" doc:"0: unlimited"`
	Entitlements    map[string]any `json:"entitlements,omitempty"`
}

// PlanPatch is the body of PATCH /plans/{id}.
type PlanPatch struct {
	Name            *string        `json:"name,omitempty" maxLength:"255"`
	ActivationLimit *int64         `json:"activation_limit,omitempty" minimum:"0" maximum:"1000000" doc:"Of licenses to come"`
	Entitlements    map[string]any `json:"entitlements,omitempty" doc:"Replaces all of them; holds for the plan's licenses at once"`
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
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/plans", Scope: "catalog:write", Tag: "Catalog", Summary: "Add a plan to a product", Status: http.StatusCreated},
		func(ctx context.Context, in *createPlanInput) (Plan, error) {
			p, err := a.Catalog.CreatePlan(ctx, in.ID, catalog.NewPlan{
				Name: in.Body.Name, LicenseType: in.Body.LicenseType, ActivationType: in.Body.ActivationType,
				ActivationLimit: in.Body.ActivationLimit, Entitlements: in.Body.Entitlements,
			})
			return showPlan(p), err
		})
	add(a, route{Method: http.MethodGet, Path: "/products/{id}/plans", Scope: "catalog:read", Tag: "Catalog", Summary: "List the plans of a product", Notes: "Oldest first, all on one page."},
		func(ctx context.Context, in *ByID) (List[Plan], error) {
			plans, err := a.Catalog.Plans(ctx, in.ID)
			return listOf(plans, "", showPlan), err
		})
	add(a, route{Method: http.MethodGet, Path: "/plans/{id}", Scope: "catalog:read", Tag: "Catalog", Summary: "Show a plan"},
		func(ctx context.Context, in *ByID) (Plan, error) {
			p, err := a.Catalog.Plan(ctx, in.ID)
			return showPlan(p), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/plans/{id}", Scope: "catalog:write", Tag: "Catalog", Summary: "Change a plan"},
		func(ctx context.Context, in *patchPlanInput) (Plan, error) {
			p, err := a.Catalog.UpdatePlan(ctx, in.ID, catalog.PlanPatch{
				Name: in.Body.Name, ActivationLimit: in.Body.ActivationLimit, Entitlements: in.Body.Entitlements,
				Status: (*catalog.Status)(in.Body.Status),
			})
			return showPlan(p), err
		})
}
