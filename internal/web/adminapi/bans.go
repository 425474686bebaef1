package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// Ban is a place at which no license runs.
type Ban struct {
	ID        string    `json:"id" example:"ban_01hx2b6yh4m3nq0r8s5t"`
	Kind      string    `json:"kind" enum:"domain,ip"`
	Value     string    `json:"value" doc:"A domain, or *.example.com for all below one; an address, or a network such as 192.0.2.0/24"`
	Reason    *string   `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
}

func showBan(b license.Ban) Ban {
	return Ban{ID: b.ID, Kind: string(b.Kind), Value: b.Value, Reason: orNull(b.Why), CreatedAt: b.CreatedAt.UTC()}
}

// NewBan is the body of POST /bans.
type NewBan struct {
	Kind   string `json:"kind" enum:"domain,ip" example:"ip"`
	Value  string `json:"value" maxLength:"255" example:"192.0.2.0/24"`
	Reason string `json:"reason,omitempty" maxLength:"10000"`
}

func (a *API) bans() {
	add(a, route{Method: http.MethodPost, Path: "/bans", Scope: "licenses:write", Tag: "Licenses", Summary: "Ban a domain, an address or a network", Notes: "Checks and activations from there are refused from now on, whatever the license.", Status: http.StatusCreated, Codes: []string{"ALREADY_BANNED"}},
		func(ctx context.Context, in *struct{ Body NewBan }) (Ban, error) {
			b, err := a.Licenses.AddBan(ctx, license.BanKind(in.Body.Kind), in.Body.Value, in.Body.Reason)
			return showBan(b), err
		})
	add(a, route{Method: http.MethodGet, Path: "/bans", Scope: "licenses:read", Tag: "Licenses", Summary: "List the bans", Notes: "All on one page."},
		func(ctx context.Context, _ *struct{}) (List[Ban], error) {
			all, err := a.Licenses.Bans(ctx)
			return listOf(all, "", showBan), err
		})
	add(a, route{Method: http.MethodDelete, Path: "/bans/{id}", Scope: "licenses:write", Tag: "Licenses", Summary: "Lift a ban", Codes: []string{"BAN_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (none, error) {
			return none{}, a.Licenses.RemoveBan(ctx, in.ID)
		})
}
