package adminapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// NewHold is the body of POST /licenses/{id}/holds.
type NewHold struct {
	Reason string `json:"reason" enum:"staff,payment,dispute"`
	Why    string `json:"why,omitempty" maxLength:"10000" doc:"For the history"`
}

type newHoldInput struct {
	ByID
	Body NewHold
}

// LiftedHold is the body of DELETE /licenses/{id}/holds/{reason}, for those who rather send one than a query.
type LiftedHold struct {
	Until *time.Time `json:"until,omitempty" doc:"As in the query"`
	Why   string     `json:"why,omitempty" maxLength:"2000" doc:"As in the query"`
}

type liftHoldInput struct {
	ByID
	Reason string    `path:"reason" maxLength:"64"`
	Until  time.Time `query:"until" doc:"Needed for the reason payment: how long the license may run before it is suspended again"`
	Why    string    `query:"why" maxLength:"2000" doc:"For the history"`
	Body   *LiftedHold
}

// lift is what the query says, and the body where the query is silent.
func (in *liftHoldInput) lift() license.LiftInput {
	lift := license.LiftInput{Why: in.Why}
	if !in.Until.IsZero() {
		lift.Until = &in.Until
	}
	if in.Body != nil {
		lift.Until, lift.Why = cmp.Or(lift.Until, in.Body.Until), cmp.Or(lift.Why, in.Body.Why)
	}
	return lift
}

func (a *API) holds() {
	add(a, route{Method: http.MethodPost, Path: "/licenses/{id}/holds", Scope: "licenses:write", Tag: "Licenses", Summary: "Place a hold: suspend a license", Notes: "A hold that stands already stays as it is. Answers with the license.", Status: http.StatusCreated, Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *newHoldInput) (License, error) {
			l, err := a.Licenses.PlaceHold(ctx, in.ID, license.HoldReason(in.Body.Reason), in.Body.Why)
			return a.license(ctx, l, err)
		})
	add(a, route{Method: http.MethodDelete, Path: "/licenses/{id}/holds/{reason}", Scope: "licenses:write", Tag: "Licenses", Summary: "Lift all holds of a reason", Notes: "Answers with the license.", Codes: []string{"LICENSE_NOT_FOUND", "HOLD_NOT_FOUND"}},
		func(ctx context.Context, in *liftHoldInput) (License, error) {
			l, err := a.Licenses.LiftHold(ctx, in.ID, license.HoldReason(in.Reason), in.lift())
			return a.license(ctx, l, err)
		})
}
