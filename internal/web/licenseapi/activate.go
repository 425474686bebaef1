package licenseapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/web"
)

// activate uses a license in one place.
func (a *api) activate(m mount) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := placeParams(w, r)
		if err != nil {
			return err
		}
		ask, err := p.request(r)
		if err != nil {
			return err
		}
		ctx := bySoftware(r.Context())
		done, err := a.checks.Activate(ctx, ask, p["name"])
		if err != nil {
			return a.withLease(r, p, ask, a.keyError(ctx, m, err))
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
		if p.wantsLease() {
			v, err := a.checks.Judge(ctx, ask)
			if err != nil {
				return err
			}
			out.name("lease")
			if err := a.appendLease(r, out, v, p["nonce"]); err != nil {
				return err
			}
		}
		return out.send(w)
	}
}

// leased is a refusal that carries a lease.
type leased struct {
	lease string
	cause error
}

func (l *leased) Error() string { return fmt.Sprint(l.cause) }

func (l *leased) Unwrap() error { return l.cause }

// withLease lets the refusal of an activation carry a lease that says no, where one was asked for and the key is known.
func (a *api) withLease(r *http.Request, p params, ask check.Request, refused error) error {
	e := fail.Of(refused)
	if !p.wantsLease() || e.Kind != fail.KindForbidden {
		return refused
	}
	v, err := a.checks.Judge(r.Context(), ask)
	if err != nil {
		return refused // of an unknown key, or of another product's: there is nothing to sign
	}
	if v.Reason == "" {
		v.Reason = check.NotActivated // it was refused: the next check would say so
	}
	signed, err := a.checks.AppendLease(r.Context(), nil, v, p["nonce"])
	if err != nil {
		return err
	}
	with := *e
	with.Err = &leased{lease: string(signed), cause: e.Err}
	return &with
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
