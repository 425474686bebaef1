package licenseapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/lease"
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
		ask, err := p.request(r)
		if err != nil {
			return err
		}
		ctx := r.Context()
		v, err := a.checks.Check(ctx, ask)
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
		out := newAnswer()
		out.flag("valid", v.Valid)
		out.text("status", string(v.Status))
		out.text("license_key", v.Key)
		out.text("product", v.ProductName)
		out.text("plan", v.PlanName)
		out.text("activation_type", string(v.ActivationType))
		out.number("activation_limit", v.ActivationLimit)
		out.number("activations_used", v.ActivationsUsed)
		out.instantOrNull("expires_at", v.ExpiresAt)
		out.flag("identifier_activated", v.Activated)
		out.text("type", string(v.Type))
		out.instantOrNull("updates_until", v.UpdatesUntil)
		out.flag("version_allowed", v.VersionAllowed)
		out.textOrNull("newest_allowed_version", v.NewestAllowed)
		out.instantOrNull("support_until", supportUntil(v))
		out.raw("entitlements", v.Entitlements)
		out.flag("grace", v.Grace)
		out.textOrNull("reason", v.Reason)
		if p.wantsLease() {
			out.name("lease")
			if err := a.appendLease(r, out, v, p["nonce"]); err != nil {
				return err
			}
		}
		return out.send(w)
	}
}

// supportUntil is until when somebody helps: as long as a leased license runs, and as long as a purchased one has support.
func supportUntil(v check.Answer) time.Time {
	if v.Type == license.Purchased {
		return v.UpdatesUntil
	}
	return v.ExpiresAt
}

// request reads what a check says of itself.
func (p params) request(r *http.Request) (check.Request, error) {
	key, err := p.required("license_key")
	if err != nil {
		return check.Request{}, err
	}
	ask := check.Request{
		Key: key, Product: p["product_id"], Identifier: p["identifier"],
		Place:   license.Place{Domain: p["domain"], IP: p["ip"], Directory: p["directory"]},
		Version: p["version"], From: web.ClientIP(r.Context()), UserAgent: r.UserAgent(),
	}
	if said := p["released_at"]; said != "" {
		if ask.ReleasedAt, err = parseReleased(said); err != nil {
			return ask, err
		}
	}
	if n, sent := p["nonce"]; sent && n != "" && !lease.IsNonce(n) {
		return ask, malformed("nonce", "is not 1 to 128 letters, digits, hyphens and underscores")
	}
	return ask, nil
}

// parseReleased reads when a version was released: an instant, or a day.
func parseReleased(s string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, malformed("released_at", "is not an instant such as 2027-03-20T03:21:26Z, nor a day such as 2027-03-20")
}

// wantsLease reports whether the answer is to be signed.
func (p params) wantsLease() bool { return p["nonce"] != "" || p["lease"] == "1" }

// appendLease appends a signed lease to an answer, as a JSON string: its letters need no escape.
func (a *api) appendLease(r *http.Request, out *answer, v check.Answer, nonce string) error {
	var err error
	out.b = append(out.b, '"')
	out.b, err = a.checks.AppendLease(r.Context(), out.b, v, nonce)
	out.b = append(out.b, '"')
	return err
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
