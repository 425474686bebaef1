package adminapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/token"
)

// Token is an API token as the API shows it, without its secret.
type Token struct {
	ID         string     `json:"id" example:"tok_01hx2b6yh4m3nq0r8s5t"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes" doc:"* is every scope"`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at" doc:"Null: never"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To the minute"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

func showToken(t token.Token) Token {
	return Token{
		ID: t.ID, Name: t.Name, Scopes: append([]string{}, t.Scopes...), CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt.UTC(),
		ExpiresAt: utc(t.ExpiresAt), LastUsedAt: utc(t.LastUsedAt), RevokedAt: utc(t.RevokedAt),
	}
}

// CreatedToken is a new token with its secret.
type CreatedToken struct {
	Token
	Secret *string `json:"secret" doc:"Shown this once. Null in an answer that is given again for an idempotency key"`
}

func (t CreatedToken) withoutSecrets() any {
	t.Secret = nil
	return t
}

// NewToken is the body of POST /tokens.
type NewToken struct {
	Name      string     `json:"name" maxLength:"255"`
	Scopes    []string   `json:"scopes" nullable:"false" minItems:"1" maxItems:"50" maxLength:"64" doc:"Of those that the caller's own token has"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Never, if left out"`
}

func (a *API) tokens() {
	add(a, route{Method: http.MethodPost, Path: "/tokens", Scope: "tokens:write", Tag: "Tokens", Summary: "Make a token", Notes: "Its secret is shown in this answer only.", Status: http.StatusCreated},
		a.createToken)
	add(a, route{Method: http.MethodGet, Path: "/tokens", Scope: "tokens:write", Tag: "Tokens", Summary: "List tokens", Notes: "Newest first, those that no longer work included, all on one page."},
		func(ctx context.Context, _ *struct{}) (List[Token], error) {
			all, err := a.Tokens.List(ctx)
			return listOf(all, "", showToken), err
		})
	add(a, route{Method: http.MethodDelete, Path: "/tokens/{id}", Scope: "tokens:write", Tag: "Tokens", Summary: "Revoke a token", Notes: "It stops working at once. Revoking it again does nothing.", Codes: []string{"TOKEN_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (none, error) {
			_, err := a.Tokens.Revoke(ctx, in.ID)
			return none{}, err
		})
}

// createToken makes a token. Nobody can make one that may do more than their own.
func (a *API) createToken(ctx context.Context, in *struct{ Body NewToken }) (CreatedToken, error) {
	for _, scope := range in.Body.Scopes {
		if !slices.Contains(token.Scopes(), scope) {
			continue // Create says so
		}
		if err := callerFrom(ctx).mustHave(scope); err != nil {
			return CreatedToken{}, err
		}
	}
	t, secret, err := a.Tokens.Create(ctx, in.Body.Name, in.Body.Scopes, in.Body.ExpiresAt)
	return CreatedToken{Token: showToken(t), Secret: &secret}, err
}
