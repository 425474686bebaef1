package adminapi

import (
	"context"
	"net/http"
	"time"
)

// Me is who asks.
type Me struct {
	Kind      string     `json:"kind" enum:"token,owner" doc:"owner: at the socket in the data folder"`
	ID        *string    `json:"id"`
	Name      *string    `json:"name"`
	Scopes    []string   `json:"scopes"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (a *API) me() {
	add(a, route{Method: http.MethodGet, Path: "/me", Tag: "Tokens", Summary: "Show whose token this is"},
		func(ctx context.Context, _ *struct{}) (Me, error) {
			c := callerFrom(ctx)
			if c.token == nil {
				return Me{Kind: "owner", Scopes: []string{"*"}}, nil
			}
			t := c.token
			return Me{Kind: "token", ID: &t.ID, Name: &t.Name, Scopes: append([]string{}, t.Scopes...), ExpiresAt: utc(t.ExpiresAt)}, nil
		})
}
