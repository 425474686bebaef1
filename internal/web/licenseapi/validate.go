package licenseapi

import (
	"errors"
	"net/http"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/web"
)

// validate answers "may I run?". This is the hot path: it must be bounded by HTTP, not by the store. The answer
// leaves only after it was counted.
func (a *api) validate(m mount) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := readParams(w, r)
		if err != nil {
			return err
		}
		key, err := p.required("license_key")
		if err != nil {
			return err
		}
		ctx, now := r.Context(), a.clock.Now()
		e, err := a.checks.Lookup(ctx, key, now)
		if errors.Is(err, license.ErrNotFound) {
			if err := a.unknownKey(ctx, err); !errors.Is(err, license.ErrNotFound) {
				return err
			}
			old, oldErr := a.old(ctx, m)
			if oldErr != nil {
				return oldErr
			}
			if old {
				return invalidKey(w)
			}
		}
		if err != nil {
			return err
		}
		if product := p["product_id"]; !e.IsProduct(product) {
			// No is never said from memory alone.
			if e, err = a.checks.Read(ctx, key, now); err != nil {
				return err
			}
			if !e.IsProduct(product) {
				return license.ErrProductMismatch
			}
		}
		identifier, activated := "", true
		if sent := p["identifier"]; sent != "" {
			if identifier, err = license.Normalize(e.ActivationType, sent); err != nil {
				return err
			}
			if activated, err = a.checks.Active(ctx, e, identifier); err != nil {
				return err
			}
		}
		valid, reason := e.Status == license.Active, ""
		switch {
		case !valid:
			reason = string(e.Status)
		case !activated:
			reason = "not_activated"
		}
		err = a.counts.Count(ctx, index.Check{
			LicenseID: e.ID, At: now, IP: web.ClientIP(ctx), Result: checkResult(valid, activated, reason),
			Identifier: identifier, Version: p["version"], UserAgent: r.UserAgent(),
		})
		if err != nil {
			return err
		}
		out := newAnswer()
		out.flag("valid", valid)
		out.text("status", string(e.Status))
		out.text("license_key", e.Key)
		out.text("product", e.ProductName)
		out.text("plan", e.PlanName)
		out.text("activation_type", string(e.ActivationType))
		out.number("activation_limit", e.ActivationLimit)
		out.number("activations_used", e.ActivationsUsed)
		out.instantOrNull("expires_at", e.ExpiresAt)
		out.flag("identifier_activated", activated)
		out.text("type", string(e.Type))
		out.raw("updates_until", "null")
		out.raw("entitlements", e.Entitlements)
		out.flag("grace", e.Grace)
		out.textOrNull("reason", reason)
		return out.send(w)
	}
}

// checkResult is what the verification log keeps: empty for a plain yes, which is only counted.
func checkResult(valid, activated bool, reason string) string {
	if valid && activated {
		return ""
	}
	return reason
}

// invalidKey is LicenseDock 1.9's answer to a key that no license has.
func invalidKey(w http.ResponseWriter) error {
	out := newAnswer()
	out.flag("valid", false)
	out.text("status", "invalid")
	for _, name := range []string{
		"license_key", "product", "plan", "activation_type", "activation_limit", "activations_used", "expires_at", "identifier_activated",
	} {
		out.raw(name, "null")
	}
	return out.send(w)
}
