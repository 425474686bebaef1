package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
)

// Support is a period in which a license has support and upgrades.
type Support struct {
	ID             string     `json:"id" example:"sup_01hx2b6yh4m3nq0r8s5t"`
	Kind           string     `json:"kind" enum:"included,pack,staff,import"`
	Name           string     `json:"name"`
	StartsAt       time.Time  `json:"starts_at"`
	EndsAt         time.Time  `json:"ends_at"`
	EndsOn         string     `json:"ends_on" example:"2027-03-20" doc:"The day of ends_at in the store's zone"`
	LineID         *string    `json:"line_id" doc:"Of the invoice that paid for it"`
	SubscriptionID *string    `json:"subscription_id" doc:"That pays for such periods"`
	TakenBackAt    *time.Time `json:"taken_back_at" doc:"It was refunded: it does not count"`
	Why            *string    `json:"why"`
}

func showSupport(p license.SupportPeriod) Support {
	return Support{
		ID: p.ID, Kind: string(p.Kind), Name: p.Name, StartsAt: p.StartsAt.UTC(), EndsAt: p.EndsAt.UTC(), EndsOn: p.EndsOn.String(),
		LineID: orNull(p.LineID), SubscriptionID: orNull(p.SubscriptionID), TakenBackAt: utc(p.TakenBackAt), Why: orNull(p.Why),
	}
}

// NewSupport is the body of POST /licenses/{id}/support.
type NewSupport struct {
	Count  int    `json:"count" minimum:"1" maximum:"36600"`
	Unit   string `json:"unit" enum:"day,week,month,year"`
	Reason string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

type giveSupportInput struct {
	ByID
	Body NewSupport
}

func (a *API) support() {
	add(a, route{Method: http.MethodPost, Path: "/licenses/{id}/support", Scope: "licenses:write", Tag: "Licenses", Summary: "Give a license further support", Notes: "From the end of what it has, or from now where that is over.", Status: http.StatusCreated, Codes: []string{"LICENSE_NOT_FOUND", "SUPPORT_INCLUDED"}},
		func(ctx context.Context, in *giveSupportInput) (License, error) {
			l, err := a.Licenses.GiveSupport(ctx, in.ID, civil.Span{Count: in.Body.Count, Unit: in.Body.Unit}, in.Body.Reason)
			return a.license(ctx, l, err)
		})
	add(a, route{Method: http.MethodPost, Path: "/licenses/{id}/development", Scope: "licenses:write", Tag: "Licenses", Summary: "Issue the free development license of a license", Status: http.StatusCreated, Codes: []string{"LICENSE_NOT_FOUND", "PARENT_NOT_CURRENT", "DEVELOPMENT_LICENSE_TAKEN", "NO_DEVELOPMENT_LICENSES"}},
		func(ctx context.Context, in *ByID) (License, error) {
			l, err := a.Licenses.RequestDevelopment(ctx, in.ID)
			return a.license(ctx, l, err)
		})
}
