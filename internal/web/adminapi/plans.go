package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
)

// Plan is a plan as the API shows it.
type Plan struct {
	ID              string         `json:"id" example:"pln_01hx2b6yh4m3nq0r8s5t"`
	ProductID       string         `json:"product_id"`
	Kind            string         `json:"kind" enum:"license,addon"`
	Name            string         `json:"name"`
	LicenseType     string         `json:"license_type" enum:"purchased,leased,development,trial"`
	ActivationType  string         `json:"activation_type" enum:"domain,device,seat,instance"`
	ActivationLimit int64          `json:"activation_limit" doc:"0: unlimited"`
	Extra           int64          `json:"extra_activations" doc:"What one of an add-on adds to the limit of its license"`
	Entitlements    map[string]any `json:"entitlements" doc:"Named features and quantities: true or false, whole numbers, text"`
	SupportMonths   *int64         `json:"support_months" doc:"How long the support lasts that a purchase includes, or that an add-on gives; null: without end, or none"`
	Support         *Span          `json:"support" doc:"The same in its own unit"`
	CheckInterval   int64          `json:"check_interval_days" doc:"Between two checks of software"`
	OfflineGrace    int64          `json:"offline_grace_days" doc:"How long software runs on when a check was due and nobody answers"`
	FileDays        int64          `json:"file_days" doc:"How long a lease file serves an installation that never asks; 0: there are none"`
	Visibility      string         `json:"visibility" enum:"public,hidden" doc:"Whether the shop shows it. A hidden plan can be ordered by whoever has its link"`
	Paths           []string       `json:"paths" nullable:"false" doc:"The plans to which a subscriber may change; none: every other of the product"`
	Status          string         `json:"status" enum:"active,archived"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

func showPlan(p catalog.Plan) Plan {
	shown := Plan{
		ID: p.ID, ProductID: p.ProductID, Kind: string(p.Kind), Name: p.Name, LicenseType: p.LicenseType, ActivationType: p.ActivationType,
		ActivationLimit: p.ActivationLimit, Extra: p.ExtraActivations, Entitlements: showEntitlements(p.Entitlements),
		Visibility: string(p.Visibility), Paths: append([]string{}, p.Paths...), Status: string(p.Status),
		CheckInterval: p.Checks.IntervalDays, OfflineGrace: p.Checks.GraceDays, FileDays: p.Checks.FileDays,
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if !p.Support.IsZero() {
		shown.Support = &Span{Count: p.Support.Count, Unit: p.Support.Unit}
		shown.SupportMonths = monthsOf(p.Support)
	}
	return shown
}

// monthsOf is a span in months; nil where it is not counted in them.
func monthsOf(s civil.Span) *int64 {
	n := int64(s.Count)
	switch s.Unit {
	case civil.Month:
	case civil.Year:
		n *= 12
	default:
		return nil
	}
	return &n
}

// spanOfMonths is what support_months says.
func spanOfMonths(months *int64) *civil.Span {
	if months == nil || *months == 0 {
		return &civil.Span{}
	}
	return &civil.Span{Count: int(*months), Unit: civil.Month}
}

func showEntitlements(e catalog.Entitlements) map[string]any {
	if e == nil {
		return map[string]any{}
	}
	return e
}

// NewPlan is the body of POST /products/{id}/plans.
type NewPlan struct {
	Kind            string          `json:"kind,omitempty" enum:"license,addon" doc:"Default: license. An add-on adds to a license that another plan of the product has issued; it never changes"`
	Name            string          `json:"name" maxLength:"255"`
	LicenseType     string          `json:"license_type,omitempty" enum:"purchased,leased,development,trial" doc:"Default: purchased; it never changes"`
	ActivationType  string          `json:"activation_type,omitempty" enum:"domain,device,seat,instance" doc:"What is counted; it never changes. Required but for an add-on"`
	ActivationLimit *int64          `json:"activation_limit,omitempty" minimum:"0" maximum:"1000000" doc:"0: unlimited. Required but for an add-on"`
	Extra           int64           `json:"extra_activations,omitempty" minimum:"0" maximum:"1000000" doc:"Of an add-on: what one of it adds to the limit"`
	Entitlements    map[string]any  `json:"entitlements,omitempty"`
	SupportMonths   Optional[int64] `json:"support_months,omitzero" minimum:"0" maximum:"1200" doc:"Of a purchased license; default: 12. Of an add-on that is a support pack. Null or 0: without end, or none"`
	CheckInterval   *int64          `json:"check_interval_days,omitempty" minimum:"1" maximum:"366" doc:"Default: 7"`
	OfflineGrace    *int64          `json:"offline_grace_days,omitempty" minimum:"0" maximum:"366" doc:"Default: 3"`
	FileDays        *int64          `json:"file_days,omitempty" minimum:"0" maximum:"1096" doc:"Default: 0, none"`
	Visibility      string          `json:"visibility,omitempty" enum:"public,hidden" doc:"Default: public"`
	Paths           []string        `json:"paths,omitempty" maxItems:"100" doc:"Ids of the plans to which a subscriber may change; left out: every other of the product"`
}

func (n NewPlan) input() (catalog.NewPlan, error) {
	in := catalog.NewPlan{
		Kind: catalog.PlanKind(n.Kind), Name: n.Name, LicenseType: n.LicenseType, ActivationType: n.ActivationType, ExtraActivations: n.Extra,
		Entitlements: n.Entitlements, Visibility: catalog.Visibility(n.Visibility), Paths: n.Paths,
	}
	if n.SupportMonths.Set {
		in.Support = spanOfMonths(n.SupportMonths.Value)
	}
	in.Checks = checksOver(catalog.DefaultChecks, n.CheckInterval, n.OfflineGrace, n.FileDays)
	// Left out by mistake, a limit would be no limit.
	switch {
	case n.ActivationLimit != nil:
		in.ActivationLimit = *n.ActivationLimit
	case in.Kind != catalog.KindAddon:
		return in, fail.Invalid("activation_limit", "is required")
	}
	return in, nil
}

// checksOver returns checks with the changes that a body names.
func checksOver(c catalog.Checks, interval, grace, file *int64) catalog.Checks {
	for _, part := range []struct{ to, from *int64 }{{&c.IntervalDays, interval}, {&c.GraceDays, grace}, {&c.FileDays, file}} {
		if part.from != nil {
			*part.to = *part.from
		}
	}
	return c
}

// PlanPatch is the body of PATCH /plans/{id}.
type PlanPatch struct {
	Name            *string         `json:"name,omitempty" maxLength:"255"`
	ActivationLimit *int64          `json:"activation_limit,omitempty" minimum:"0" maximum:"1000000" doc:"Of licenses to come"`
	Extra           *int64          `json:"extra_activations,omitempty" minimum:"0" maximum:"1000000" doc:"Of add-ons to come"`
	Entitlements    map[string]any  `json:"entitlements,omitempty" doc:"Replaces all of them; holds for the plan's licenses at once"`
	SupportMonths   Optional[int64] `json:"support_months,omitzero" minimum:"0" maximum:"1200" doc:"Of licenses and add-ons to come. Null or 0: without end, or none"`
	CheckInterval   *int64          `json:"check_interval_days,omitempty" minimum:"1" maximum:"366"`
	OfflineGrace    *int64          `json:"offline_grace_days,omitempty" minimum:"0" maximum:"366"`
	FileDays        *int64          `json:"file_days,omitempty" minimum:"0" maximum:"1096"`
	Visibility      *string         `json:"visibility,omitempty" enum:"public,hidden"`
	Paths           *[]string       `json:"paths,omitempty" maxItems:"100" doc:"Replaces all of them"`
	Status          *string         `json:"status,omitempty" enum:"active,archived"`
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
			p, err := a.patchPlan(ctx, in)
			return showPlan(p), err
		})
}

func (a *API) patchPlan(ctx context.Context, in *patchPlanInput) (catalog.Plan, error) {
	p := catalog.PlanPatch{
		Name: in.Body.Name, ActivationLimit: in.Body.ActivationLimit, ExtraActivations: in.Body.Extra, Entitlements: in.Body.Entitlements,
		Visibility: (*catalog.Visibility)(in.Body.Visibility), Paths: in.Body.Paths, Status: (*catalog.Status)(in.Body.Status),
	}
	if in.Body.SupportMonths.Set {
		p.Support = spanOfMonths(in.Body.SupportMonths.Value)
	}
	if in.Body.CheckInterval != nil || in.Body.OfflineGrace != nil || in.Body.FileDays != nil {
		// Parts of them are changed: the rest is as it is now, and must still be so when the change is made.
		now, err := a.Catalog.Plan(ctx, in.ID)
		if err != nil {
			return catalog.Plan{}, err
		}
		checks := checksOver(now.Checks, in.Body.CheckInterval, in.Body.OfflineGrace, in.Body.FileDays)
		p.Checks, p.Version = &checks, now.Version
	}
	return a.Catalog.UpdatePlan(ctx, in.ID, p)
}
