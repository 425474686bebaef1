package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// Activation is a place where a license is in use.
type Activation struct {
	ID          string    `json:"id" example:"act_01hx2b6yh4m3nq0r8s5t"`
	LicenseID   string    `json:"license_id"`
	Identifier  string    `json:"identifier" doc:"In its normal form"`
	Name        *string   `json:"name"`
	IP          *string   `json:"ip" doc:"From which it was activated"`
	Override    bool      `json:"override" doc:"Staff added it beyond the limit"`
	ActivatedAt time.Time `json:"activated_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
}

func showActivation(a license.Activation) Activation {
	return Activation{
		ID: a.ID, LicenseID: a.LicenseID, Identifier: a.Identifier, Name: orNull(a.Name), IP: orNull(a.IP), Override: a.Override,
		ActivatedAt: a.ActivatedAt.UTC(), LastSeenAt: a.LastSeenAt.UTC(),
	}
}

// NewActivation is the body of POST /licenses/{id}/activations.
type NewActivation struct {
	Identifier string `json:"identifier" maxLength:"4096" doc:"The host, device, person or instance"`
	Name       string `json:"name,omitempty" maxLength:"255"`
	Override   bool   `json:"override,omitempty" doc:"Beyond the limit, if need be"`
	Reason     string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

// RejectedAttempt is an identifier that a license refused.
type RejectedAttempt struct {
	Identifier string    `json:"identifier"`
	Reason     string    `json:"reason" doc:"limit, or the status of the license"`
	Attempts   int64     `json:"attempts"`
	IP         *string   `json:"ip" doc:"Of the last attempt"`
	FirstAt    time.Time `json:"first_at"`
	LastAt     time.Time `json:"last_at"`
}

func showRejected(r license.RejectedAttempt) RejectedAttempt {
	return RejectedAttempt{
		Identifier: r.Identifier, Reason: r.Reason, Attempts: r.Attempts, IP: orNull(r.IP), FirstAt: r.FirstAt.UTC(), LastAt: r.LastAt.UTC(),
	}
}

type newActivationInput struct {
	ByID
	Body NewActivation
}

// PagedByID are the parameters of a list that belongs to one thing.
type PagedByID struct {
	ByID
	Paging
}

type removeActivationInput struct {
	ByID
	Activation string `path:"activation" maxLength:"64"`
	Reason     string `query:"reason" maxLength:"2000" doc:"For the history"`
}

func (a *API) activations() {
	add(a, route{Method: http.MethodGet, Path: "/licenses/{id}/activations", Scope: "licenses:read", Tag: "Licenses", Summary: "List the activations of a license", Notes: "In alphabetical order.", Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *PagedByID) (List[Activation], error) {
			if _, err := a.Licenses.ByID(ctx, in.ID); err != nil {
				return List[Activation]{}, err
			}
			found, next, err := a.Licenses.Activations(ctx, in.ID, in.Cursor, in.Limit)
			return listOf(found, next, showActivation), err
		})
	add(a, route{Method: http.MethodPost, Path: "/licenses/{id}/activations", Scope: "licenses:write", Tag: "Licenses", Summary: "Activate a license by hand", Notes: "What is active already stays as it is.", Status: http.StatusCreated, Codes: []string{"LICENSE_NOT_FOUND", "LICENSE_INACTIVE", "LICENSE_EXPIRED", "ACTIVATION_LIMIT_REACHED"}},
		func(ctx context.Context, in *newActivationInput) (Activation, error) {
			added, err := a.Licenses.AddActivation(ctx, in.ID, license.AddInput{
				Identifier: in.Body.Identifier, Name: in.Body.Name, Override: in.Body.Override, Why: in.Body.Reason,
			})
			return showActivation(added), err
		})
	add(a, route{Method: http.MethodDelete, Path: "/licenses/{id}/activations/{activation}", Scope: "licenses:write", Tag: "Licenses", Summary: "Remove an activation", Codes: []string{"LICENSE_NOT_FOUND", "ACTIVATION_NOT_FOUND"}},
		func(ctx context.Context, in *removeActivationInput) (none, error) {
			return none{}, a.Licenses.RemoveActivation(ctx, in.ID, in.Activation, in.Reason)
		})
	add(a, route{Method: http.MethodGet, Path: "/licenses/{id}/rejected", Scope: "licenses:read", Tag: "Licenses", Summary: "List refused activations of a license", Notes: "The latest first, the last 200, all on one page.", Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (List[RejectedAttempt], error) {
			if _, err := a.Licenses.ByID(ctx, in.ID); err != nil {
				return List[RejectedAttempt]{}, err
			}
			found, err := a.Licenses.Rejected(ctx, in.ID)
			return listOf(found, "", showRejected), err
		})
}
