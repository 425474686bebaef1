package licenseapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web"
)

// activate uses a license in one place.
func (a *api) activate(m mount) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := placeParams(w, r)
		if err != nil {
			return err
		}
		ctx := bySoftware(r.Context())
		done, err := a.licenses.Activate(ctx, license.ActivateInput{
			Key: p["license_key"], Identifier: p["identifier"], Name: p["name"], Product: p["product_id"],
		})
		if err != nil {
			return a.keyError(ctx, m, err)
		}
		out := newAnswer()
		out.text("status", string(done.Status))
		out.text("license_key", done.Key)
		out.text("product", done.ProductName)
		out.text("plan", done.PlanName)
		out.text("activation_type", string(done.ActivationType))
		out.number("activation_limit", done.ActivationLimit)
		out.number("activations_used", done.ActivationsUsed)
		out.instantOrNull("expires_at", orZero(done.ExpiresAt))
		out.text("identifier", done.Identifier)
		return out.send(w)
	}
}

// deactivate gives a place back.
func (a *api) deactivate(m mount) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := placeParams(w, r)
		if err != nil {
			return err
		}
		ctx := bySoftware(r.Context())
		done, err := a.licenses.Deactivate(ctx, license.DeactivateInput{Key: p["license_key"], Identifier: p["identifier"]})
		if err != nil {
			return a.keyError(ctx, m, err)
		}
		out := newAnswer()
		out.text("status", "deactivated")
		out.text("license_key", done.Key)
		out.text("identifier", done.Identifier)
		out.number("activations_used", done.ActivationsUsed)
		return out.send(w)
	}
}

// placeParams reads a request about one place, for which key and identifier must be there.
func placeParams(w http.ResponseWriter, r *http.Request) (params, error) {
	p, err := readParams(w, r)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"license_key", "identifier"} {
		if p[name], err = p.required(name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// keyError counts unknown keys, and says of a key that can't be used what the mount's dialect calls it.
func (a *api) keyError(ctx context.Context, m mount, err error) error {
	unknown := errors.Is(err, license.ErrNotFound)
	if unknown {
		if err = a.unknownKey(ctx, err); !errors.Is(err, license.ErrNotFound) {
			return err
		}
	}
	if !unknown && fail.Of(err).Code != license.CodeInactive {
		return err
	}
	old, oldErr := a.old(ctx, m)
	if oldErr != nil {
		return oldErr
	}
	if old {
		return fail.Forbidden(codeLicenseInvalid, fail.Of(err).Detail).Because(err)
	}
	return err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
