package adminapi

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/token"
	"github.com/keystead/keystead/internal/web"
)

// caller is who makes a request: the holder of a token, or the owner of the store at its own socket.
type caller struct {
	token *token.Token // nil: the owner
	ip    string
}

// authenticate finds out who calls.
func (a *API) authenticate(r *http.Request) (caller, error) {
	ip := web.ClientIP(r.Context())
	c := caller{}
	if ip.IsValid() {
		c.ip = ip.String()
	}
	if a.Local {
		return c, nil
	}
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	bearer = strings.TrimSpace(bearer)
	if !strings.EqualFold(scheme, "Bearer") || bearer == "" {
		return caller{}, fail.Unauthenticated("This API needs a token: Authorization: Bearer …")
	}
	t, err := a.Tokens.Authenticate(r.Context(), bearer)
	if err != nil {
		return caller{}, a.unknownToken(ip, err)
	}
	c.token = &t
	return c, nil
}

// unknownToken answers a token that nobody has. An address that tries many is told to wait instead, and learns nothing
// more. A token that somebody has is still taken from there, so nobody is locked out by a neighbour.
func (a *API) unknownToken(ip netip.Addr, refusal error) error {
	if fail.Of(refusal).Code != fail.CodeUnauthenticated {
		return refusal
	}
	if ok, wait := a.wrong.Allow(limit.Network(ip), a.DB.Wall().Now()); !ok {
		return fail.Limited("Too many requests with wrong tokens from this address.", wait)
	}
	return refusal
}

// mustHave refuses a token without a scope.
func (c caller) mustHave(scope string) error {
	if scope == "" || c.token == nil || c.token.Allows(scope) {
		return nil
	}
	return fail.Forbidden("MISSING_SCOPE", "The token lacks the scope "+scope+".")
}

// act names the caller for the histories. The owner is named already, by whoever opened the socket.
func (c caller) act(ctx context.Context) context.Context {
	if c.token != nil {
		ctx = event.WithActor(ctx, event.Actor{Kind: event.Token, ID: c.token.ID, Name: c.token.Name, IP: c.ip})
	}
	return context.WithValue(ctx, callerKey{}, c)
}

type callerKey struct{}

// callerFrom returns who makes the request of ctx.
func callerFrom(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}
