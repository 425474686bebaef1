package licenseapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

// The endpoints, for each of which calls are counted.
const (
	activateEndpoint   = "activate"
	deactivateEndpoint = "deactivate"
	validateEndpoint   = "validate"
	updatesEndpoint    = "updates"
	downloadsEndpoint  = "downloads"
)

// limited wraps an endpoint with the limit on calls per address.
func (a *api) limited(endpoint string, h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		wait, err := a.limits.Call(r.Context(), web.ClientIP(r.Context()), endpoint)
		if err != nil {
			return err
		}
		if wait > 0 {
			return rateLimited("Too many requests from this address.", wait)
		}
		return h(w, r)
	}
}

// unknownKey answers a key that no license has. An address that tries many is told to wait instead: it learns
// nothing more. A known key from the same address is still answered, so nobody is locked out by a neighbour.
func (a *api) unknownKey(ctx context.Context, notFound error) error {
	wait, err := a.limits.Unknown(ctx, web.ClientIP(ctx))
	switch {
	case err != nil:
		return err
	case wait > 0:
		return rateLimited("Too many unknown license keys from this address.", wait)
	}
	return notFound
}

func rateLimited(detail string, wait time.Duration) error {
	return &fail.Error{Kind: fail.KindLimited, Code: codeRateLimited, Detail: detail, RetryAfter: wait}
}
