package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/subscription"
)

// NewPriceUpdate is the body of POST /price-updates and POST /price-updates/preview.
type NewPriceUpdate struct {
	ProductID string `json:"product_id,omitempty" maxLength:"64" doc:"Of which product; left out: all"`
	PlanID    string `json:"plan_id,omitempty" maxLength:"64" example:"pln_01hx2b6yh4m3nq0r8s5t"`
	Cycle     string `json:"cycle,omitempty" enum:"monthly,quarterly,semi_annual,annual,biennial,triennial"`
	Currency  string `json:"currency,omitempty" maxLength:"3" doc:"Needed for an amount"`
	Mode      string `json:"mode" enum:"percent,amount,list" doc:"list: what the newest version of the price asks for"`
	Value     string `json:"value,omitempty" maxLength:"20" example:"5" doc:"A percentage such as 5 or -2.5, or an amount in major units such as 1.50"`
	StartsOn  string `json:"starts_on" maxLength:"10" example:"2027-07-01" doc:"A date: the first day of periods that cost the new amount"`
	Notify    bool   `json:"notify,omitempty" doc:"Write to the customers now"`
	Reason    string `json:"reason" maxLength:"10000" example:"New prices from July on"`
}

func (n NewPriceUpdate) input() (subscription.PriceUpdateInput, error) {
	on, err := civil.Parse(n.StartsOn)
	if err != nil {
		return subscription.PriceUpdateInput{}, fail.Invalid("starts_on", notADate)
	}
	return subscription.PriceUpdateInput{
		ProductID: n.ProductID, PlanID: n.PlanID, Cycle: n.Cycle, Currency: n.Currency, Mode: subscription.UpdateMode(n.Mode), Value: n.Value,
		StartsOn: on, Notify: n.Notify, Reason: n.Reason,
	}, nil
}

// PriceUpdate is a change of what many subscriptions cost.
type PriceUpdate struct {
	ID        string            `json:"id" example:"pru_01hx2b6yh4m3nq0r8s5t"`
	Status    string            `json:"status" enum:"scheduled,undone"`
	ProductID *string           `json:"product_id"`
	PlanID    *string           `json:"plan_id"`
	Cycle     *string           `json:"cycle"`
	Currency  *string           `json:"currency"`
	Mode      string            `json:"mode" enum:"percent,amount,list"`
	Value     *string           `json:"value" example:"5"`
	StartsOn  string            `json:"starts_on" example:"2027-07-01" doc:"A date"`
	Notify    bool              `json:"notify"`
	Reason    string            `json:"reason"`
	Counts    PriceUpdateCounts `json:"counts"`
	CreatedAt time.Time         `json:"created_at"`
	UndoneAt  *time.Time        `json:"undone_at"`
}

// PriceUpdateCounts says how many subscriptions of an update are how far.
type PriceUpdateCounts struct {
	Planned int `json:"planned" doc:"Their period is still to come"`
	Applied int `json:"applied"`
	Skipped int `json:"skipped" doc:"They were changed meanwhile"`
	Undone  int `json:"undone"`
}

func showPriceUpdate(u subscription.PriceUpdate) PriceUpdate {
	return PriceUpdate{
		ID: u.ID, Status: u.Status, ProductID: orNull(u.In.ProductID), PlanID: orNull(u.In.PlanID), Cycle: orNull(u.In.Cycle), Currency: orNull(u.In.Currency),
		Mode: string(u.In.Mode), Value: orNull(u.In.Value), StartsOn: u.In.StartsOn.String(), Notify: u.In.Notify, Reason: u.In.Reason,
		Counts:    PriceUpdateCounts{Planned: u.Counts["planned"], Applied: u.Counts["applied"], Skipped: u.Counts["skipped"], Undone: u.Counts["undone"]},
		CreatedAt: u.CreatedAt.UTC(), UndoneAt: utc(u.UndoneAt),
	}
}

// PriceUpdatePreview is what an update would change.
type PriceUpdatePreview struct {
	Subscriptions int               `json:"subscriptions" doc:"How many would cost something else"`
	Data          []PriceUpdateItem `json:"data" doc:"The first 200 of them"`
}

// PriceUpdateItem is what an update does to one subscription. The amounts are of one unit, before discount and tax.
type PriceUpdateItem struct {
	SubscriptionID string `json:"subscription_id" example:"sub_01hx2b6yh4m3nq0r8s5t"`
	CustomerID     string `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	Description    string `json:"description" example:"Tool – Pro"`
	Before         Money  `json:"before"`
	After          Money  `json:"after"`
}

const (
	shownInPreview  = 200
	codeNoUpdate    = "PRICE_UPDATE_NOT_FOUND"
	codeNothingToDo = "NOTHING_TO_UPDATE"
)

// Why is the body of an operation that people must explain.
type Why struct {
	Reason string `json:"reason" maxLength:"10000" doc:"For the history" example:"A slip"`
}

func (a *API) priceUpdates() {
	const tag = "Subscriptions"
	add(a, route{
		Method: http.MethodPost, Path: "/price-updates/preview", Scope: "sales:read", Tag: tag, Summary: "Tell what a price update would change",
		Notes: "Nothing is changed.", Status: http.StatusOK,
	}, a.previewPriceUpdate)
	add(a, route{
		Method: http.MethodPost, Path: "/price-updates", Scope: "sales:write", Tag: tag, Summary: "Change what many subscriptions cost",
		Notes:  "Each costs the new amount from its first period on that begins on or after the day of the start and is not invoiced yet.",
		Status: http.StatusCreated, Codes: []string{codeNothingToDo},
	}, func(ctx context.Context, in *struct{ Body NewPriceUpdate }) (PriceUpdate, error) {
		input, err := in.Body.input()
		if err != nil {
			return PriceUpdate{}, err
		}
		u, err := a.Subscriptions.SchedulePriceUpdate(ctx, input)
		return showPriceUpdate(u), err
	})
	add(a, route{Method: http.MethodGet, Path: "/price-updates", Scope: "sales:read", Tag: tag, Summary: "List price updates", Notes: "Newest first, the last 200 on one page."},
		func(ctx context.Context, _ *struct{}) (List[PriceUpdate], error) {
			all, err := a.Subscriptions.PriceUpdates(ctx)
			return listOf(all, "", showPriceUpdate), err
		})
	add(a, route{Method: http.MethodGet, Path: "/price-updates/{id}", Scope: "sales:read", Tag: tag, Summary: "Show a price update", Codes: []string{codeNoUpdate}},
		func(ctx context.Context, in *ByID) (PriceUpdate, error) {
			u, err := a.Subscriptions.PriceUpdate(ctx, in.ID)
			return showPriceUpdate(u), err
		})
	add(a, route{
		Method: http.MethodPost, Path: "/price-updates/{id}/undo", Scope: "sales:write", Tag: tag, Summary: "Take a price update back",
		Notes: "What is planned does not happen; what it has changed costs the old amount again from the next invoice on. Invoices that were made stay.",
		Codes: []string{codeNoUpdate, "PRICE_UPDATE_UNDONE"},
	}, func(ctx context.Context, in *struct {
		ByID
		Body Why
	},
	) (PriceUpdate, error) {
		u, err := a.Subscriptions.UndoPriceUpdate(ctx, in.ID, in.Body.Reason)
		return showPriceUpdate(u), err
	})
}

func (a *API) previewPriceUpdate(ctx context.Context, in *struct{ Body NewPriceUpdate }) (PriceUpdatePreview, error) {
	input, err := in.Body.input()
	if err != nil {
		return PriceUpdatePreview{}, err
	}
	items, err := a.Subscriptions.PreviewPriceUpdate(ctx, input)
	preview := PriceUpdatePreview{Subscriptions: len(items), Data: []PriceUpdateItem{}}
	for _, i := range items[:min(len(items), shownInPreview)] {
		preview.Data = append(preview.Data, PriceUpdateItem{
			SubscriptionID: i.SubscriptionID, CustomerID: i.CustomerID, Description: i.Description, Before: moneyOf(i.Before), After: moneyOf(i.After),
		})
	}
	return preview, err
}
