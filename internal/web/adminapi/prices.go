package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
)

// Price is one version of a price as the API shows it.
type Price struct {
	ID        string    `json:"id" example:"prc_01hx2b6yh4m3nq0r8s5t"`
	PlanID    string    `json:"plan_id"`
	Replaces  *string   `json:"replaces" doc:"The version before"`
	Cycle     string    `json:"cycle" enum:"one_time,monthly,quarterly,semi_annual,annual,biennial,triennial"`
	Money     Money     `json:"money"`
	SetupFee  Money     `json:"setup_fee" doc:"Charged once, whatever the quantity"`
	TrialDays int64     `json:"trial_days" doc:"How long a subscriber may try it first; 0: no trial"`
	Trial     Money     `json:"trial_money" doc:"What the trial costs"`
	TaxClass  string    `json:"tax_class" doc:"By which of the rates of a place it is taxed"`
	ValidFor  *Span     `json:"valid_for" doc:"How long a license that was bought at it runs; null: for ever"`
	Version   int64     `json:"version"`
	Status    string    `json:"status" enum:"active,retired"`
	CreatedAt time.Time `json:"created_at"`
}

// Span is a length of time on the calendar.
type Span struct {
	Count int    `json:"count" minimum:"1" maximum:"36600"`
	Unit  string `json:"unit" enum:"day,week,month,year"`
}

func showPrice(p catalog.Price) Price {
	shown := Price{
		ID: p.ID, PlanID: p.PlanID, Replaces: orNull(p.Replaces), Cycle: string(p.Cycle), Money: moneyOf(p.Money),
		SetupFee: moneyOf(p.SetupFee), TrialDays: p.TrialDays, Trial: moneyOf(p.TrialMoney), TaxClass: p.TaxClass, Version: p.Version, Status: string(p.Status), CreatedAt: p.CreatedAt.UTC(),
	}
	if !p.ValidFor.IsZero() {
		shown.ValidFor = &Span{Count: p.ValidFor.Count, Unit: p.ValidFor.Unit}
	}
	return shown
}

// NewPrice is the body of POST /plans/{id}/prices and POST /prices/{id}/replace.
type NewPrice struct {
	Cycle     string `json:"cycle" enum:"one_time,monthly,quarterly,semi_annual,annual,biennial,triennial"`
	Money     Money  `json:"money"`
	SetupFee  *Money `json:"setup_fee,omitempty" doc:"Charged once, in the same currency"`
	TrialDays int64  `json:"trial_days,omitempty" minimum:"0" maximum:"366" doc:"How long a subscriber may try it first; once for each customer and product"`
	Trial     *Money `json:"trial_money,omitempty" doc:"What the trial costs, in the same currency; left out: nothing"`
	TaxClass  string `json:"tax_class,omitempty" maxLength:"32" doc:"By which of the rates of a place it is taxed. Default: standard"`
	ValidFor  *Span  `json:"valid_for,omitempty" doc:"Of a one-time price only"`
}

func (n NewPrice) input() catalog.NewPrice {
	in := catalog.NewPrice{Cycle: n.Cycle, Money: n.Money.value(), TrialDays: n.TrialDays, TaxClass: n.TaxClass}
	if n.Trial != nil {
		in.TrialMoney = n.Trial.value()
	}
	if n.SetupFee != nil {
		in.SetupFee = n.SetupFee.value()
	}
	if n.ValidFor != nil {
		in.ValidFor = civil.Span{Count: n.ValidFor.Count, Unit: n.ValidFor.Unit}
	}
	return in
}

type newPriceInput struct {
	ByID
	Body NewPrice
}

func (a *API) prices() {
	add(a, route{Method: http.MethodPost, Path: "/plans/{id}/prices", Scope: "catalog:write", Tag: "Catalog", Summary: "Put a plan on sale at a price", Status: http.StatusCreated, Codes: []string{"PLAN_NOT_FOUND"}},
		func(ctx context.Context, in *newPriceInput) (Price, error) {
			p, err := a.Catalog.CreatePrice(ctx, in.ID, in.Body.input())
			return showPrice(p), err
		})
	add(a, route{Method: http.MethodGet, Path: "/plans/{id}/prices", Scope: "catalog:read", Tag: "Catalog", Summary: "List the prices of a plan", Notes: "All versions, oldest first, all on one page.", Codes: []string{"PLAN_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (List[Price], error) {
			prices, err := a.Catalog.Prices(ctx, in.ID)
			return listOf(prices, "", showPrice), err
		})
	add(a, route{Method: http.MethodGet, Path: "/prices/{id}", Scope: "catalog:read", Tag: "Catalog", Summary: "Show a price", Codes: []string{"PRICE_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Price, error) {
			p, err := a.Catalog.Price(ctx, in.ID)
			return showPrice(p), err
		})
	add(a, route{Method: http.MethodPost, Path: "/prices/{id}/replace", Scope: "catalog:write", Tag: "Catalog", Summary: "Make the next version of a price", Notes: "Retires this version. What was ordered keeps its own.", Status: http.StatusCreated, Codes: []string{"PRICE_NOT_FOUND", "PRICE_RETIRED"}},
		func(ctx context.Context, in *newPriceInput) (Price, error) {
			p, err := a.Catalog.ReplacePrice(ctx, in.ID, in.Body.input())
			return showPrice(p), err
		})
	add(a, route{Method: http.MethodPost, Path: "/prices/{id}/retire", Scope: "catalog:write", Tag: "Catalog", Summary: "Take a price off sale", Codes: []string{"PRICE_NOT_FOUND", "PRICE_RETIRED"}},
		func(ctx context.Context, in *ByID) (Price, error) {
			p, err := a.Catalog.RetirePrice(ctx, in.ID)
			return showPrice(p), err
		})
}
