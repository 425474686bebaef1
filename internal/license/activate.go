package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// ActivateInput is what software sends to use a license in one place.
type ActivateInput struct {
	Key        string
	Identifier string
	Name       string // of the place, for people; may be empty
	Product    string // id or slug of the product that the software is; empty: not said
	// Version refuses a version that the license may not run, given its product and the end of its support (zero: none);
	// nil: none was said.
	Version func(productID string, updatesUntil time.Time) error
}

// Activated is the answer to an activation.
type Activated struct {
	LicenseID                        string
	Key                              string
	Status                           Status
	ProductID, ProductName, PlanName string
	ActivationType                   ActivationType
	ActivationLimit, ActivationsUsed int64
	ExpiresAt                        *time.Time
	Identifier                       string // in its normal form
	// Already is set if the identifier was active before: then nothing has changed.
	Already bool
}

// attempt is one request to use a license somewhere.
type attempt struct {
	key, product, name string
	version            func(productID string, updatesUntil time.Time) error
	forms
}

// newAttempt checks what can be checked before the license is known: an identifier that is none of any type is
// refused at once, what it is of the plan's type is seen later.
func newAttempt(in ActivateInput) (attempt, error) {
	if in.Key == "" {
		return attempt{}, malformed("license_key", "is required")
	}
	asIs, err := text.Required(in.Identifier, maxRawIdentifier)
	if err != nil {
		return attempt{}, malformed("identifier", err.Error())
	}
	name, err := text.Line(in.Name, text.NameLength)
	if err != nil {
		return attempt{}, malformed("name", err.Error())
	}
	if !isKey(in.Key) {
		return attempt{}, ErrNotFound
	}
	a := attempt{key: in.Key, product: in.Product, name: name, version: in.Version}
	// What is not an identifier of a type stays empty, and no activation has an empty one.
	a.asDomain, _ = normalize(Domain, asIs)
	a.asSeat, _ = normalize(Seat, asIs)
	a.asIs, _ = normalize(Device, asIs)
	return a, nil
}

// identifier is the form that counts for a type.
func (a attempt) identifier(t ActivationType, raw string) (string, error) {
	switch {
	case t == Domain && a.asDomain != "":
		return a.asDomain, nil
	case t == Seat && a.asSeat != "":
		return a.asSeat, nil
	case t != Domain && t != Seat && a.asIs != "":
		return a.asIs, nil
	}
	return Normalize(t, raw) // for its error
}

// verdict is the answer to an attempt before anything is written.
type verdict struct {
	license    keyed
	identifier string
	already    bool
	rejected   error  // not nil: refused, and kept as a rejected attempt
	reason     string // of the rejection
}

// judge looks a license up and decides. The order of its checks is part of the public contract: key, product, status,
// expiry, version, already active, allowed, limit.
func (a attempt) judge(ctx context.Context, tx *db.Tx, raw string) (verdict, error) {
	row, err := findByKey(ctx, tx, a.key, a.forms)
	if err != nil {
		return verdict{}, err
	}
	if a.product != "" && a.product != row.ProductID && a.product != row.ProductSlug {
		return verdict{}, ErrProductMismatch
	}
	identifier, err := a.identifier(ActivationType(row.ActivationType), raw)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{license: row, identifier: identifier, already: row.ActivationID != ""}
	version, err := a.judgeVersion(row)
	if err != nil {
		return verdict{}, err
	}
	refused, err := refusePlace(row, identifier)
	if err == nil && refused == nil {
		refused, err = refuseTrial(ctx, tx, row, identifier)
	}
	if err != nil {
		return verdict{}, err
	}
	switch status := Effective(factsOf(row), tx.Now); {
	case status != Active:
		v.rejected, v.reason = notUsable(fail.KindForbidden, status), string(status)
	case version != nil:
		v.rejected, v.reason = version, "version"
	case v.already:
	case refused != nil:
		v.rejected, v.reason = refused, "refused"
	case row.ActivationLimit > 0 && row.ActivationsUsed >= row.ActivationLimit:
		v.rejected, v.reason = limitReached(fail.KindForbidden, row.ActivationLimit, row.ActivationsUsed), "limit"
	}
	return v, nil
}

// judgeVersion returns why the version that was said may not run, as the first result.
func (a attempt) judgeVersion(row keyed) (refused, err error) {
	if a.version == nil {
		return nil, nil
	}
	until := time.Time{}
	if row.UpdatesUntil != nil {
		until = row.UpdatesUntil.Time()
	}
	err = a.version(row.ProductID, until)
	if err != nil && fail.Of(err).Code == CodeUpgradePeriodEnded {
		return err, nil
	}
	return nil, err
}

// refusePlace returns, as its first result, why a license can't be used at an identifier, whatever its limit: a development
// license runs in protected places only.
func refusePlace(row keyed, identifier string) (refused, err error) {
	if Type(row.Type) != Development {
		return nil, nil
	}
	suffixes, err := decodeList(row.PrivateSuffixes)
	if err != nil {
		return nil, fmt.Errorf("product %s: %w", row.ProductID, err)
	}
	hosts, err := decodeList(row.AllowedHosts)
	if err != nil {
		return nil, fmt.Errorf("license %s: %w", row.ID, err)
	}
	if MayDevelopOn(identifier, suffixes, hosts) {
		return nil, nil
	}
	return fail.Forbidden(CodeRefused, fmt.Sprintf("%s is a public place: a development license runs in protected places, such as localhost, names under .test, and private networks.", identifier)), nil
}

// Activate uses a license in one place on behalf of the software there; the address comes from the actor in ctx. An
// identifier that is active already succeeds and changes nothing. A refusal is kept, see [Service.Rejected].
//
// Only the license's lock makes its free places certain. So the license is judged, then locked, and judged again if
// another transaction changed it in between; the lock tells by the version.
func (s *Service) Activate(ctx context.Context, in ActivateInput) (Activated, error) {
	a, err := newAttempt(in)
	if err != nil {
		return Activated{}, err
	}
	var answer Activated
	var refused error
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		refused = nil
		v, err := a.judge(ctx, tx, in.Identifier)
		if err != nil {
			return err
		}
		var version int64
		if !v.already && v.rejected == nil {
			v, version, err = a.lock(ctx, tx, v, in.Identifier)
			if err != nil {
				return err
			}
		}
		answer = v.answer()
		switch {
		case v.rejected != nil:
			// The rejection is stored, so the transaction succeeds and the refusal goes beside it.
			refused = v.rejected
			return countRejection(ctx, tx, v)
		case v.already:
			return nil
		}
		answer.ActivationsUsed++
		place := Activation{
			ID: tx.NewID("act"), LicenseID: v.license.ID, Identifier: v.identifier, Name: a.name, IP: event.ActorFrom(ctx).IP,
		}
		if err := addActivation(ctx, tx, place, v.license.CustomerID, answer.ActivationsUsed, ""); err != nil {
			return err
		}
		if Type(v.license.Type) == Trial {
			if err := takeTrialPlace(ctx, tx, v.license, v.identifier); err != nil {
				return err
			}
		}
		return s.changed(ctx, tx, v.license.ID, version)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return Activated{}, err
	}
	return answer, nil
}

// takeTrialPlace notes that a product is on trial in a place. Another license may not be, ever.
func takeTrialPlace(ctx context.Context, tx *db.Tx, l keyed, identifier string) error {
	n, err := tx.TakeTrialPlace(ctx, query.TakeTrialPlaceParams{ProductID: l.ProductID, Identifier: identifier, LicenseID: l.ID, CreatedAt: tx.Stamp})
	if err != nil {
		return fmt.Errorf("trial of %s: %w", l.ID, err)
	}
	if n == 0 {
		return wasOnTrial(identifier)
	}
	return nil
}

// lock takes the license that v judged and returns the verdict that holds under the lock.
func (a attempt) lock(ctx context.Context, tx *db.Tx, v verdict, raw string) (verdict, int64, error) {
	near := nearLimit(v.license.ActivationLimit, v.license.ActivationsUsed+1)
	version, err := tx.TouchLicense(ctx, query.TouchLicenseParams{ID: v.license.ID, NearLimit: near})
	if err != nil {
		return verdict{}, 0, fmt.Errorf("lock %s: %w", v.license.ID, err)
	}
	if version == v.license.Version+1 {
		return v, version, nil
	}
	if v, err = a.judge(ctx, tx, raw); err != nil {
		return verdict{}, 0, err
	}
	used := v.license.ActivationsUsed
	if v.rejected == nil && !v.already {
		used++
	}
	err = tx.SetNearLimit(ctx, query.SetNearLimitParams{ID: v.license.ID, NearLimit: nearLimit(v.license.ActivationLimit, used)})
	return v, version, err
}

func (v verdict) answer() Activated {
	l := v.license
	return Activated{
		LicenseID: l.ID, Key: l.Key, Status: Active, ProductID: l.ProductID, ProductName: l.ProductName, PlanName: l.PlanName,
		ActivationType: ActivationType(l.ActivationType), ActivationLimit: l.ActivationLimit, ActivationsUsed: l.ActivationsUsed,
		ExpiresAt: clock.TimePtr(l.ExpiresAt), Identifier: v.identifier, Already: v.already,
	}
}

// DeactivateInput is what software sends to give a place up.
type DeactivateInput struct {
	Key        string
	Identifier string
}

// Deactivated is the answer to a deactivation.
type Deactivated struct {
	LicenseID       string
	Key             string
	Identifier      string // in its normal form
	ActivationsUsed int64
}

// Deactivate frees a place on behalf of the software there. It is possible while the license is active, suspended or
// expired.
func (s *Service) Deactivate(ctx context.Context, in DeactivateInput) (Deactivated, error) {
	a, err := newAttempt(ActivateInput{Key: in.Key, Identifier: in.Identifier})
	if err != nil {
		return Deactivated{}, err
	}
	var answer Deactivated
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := a.deactivatable(ctx, tx, in.Identifier)
		if err != nil {
			return err
		}
		near := nearLimit(row.ActivationLimit, row.ActivationsUsed-1)
		version, err := tx.TouchLicense(ctx, query.TouchLicenseParams{ID: row.ID, NearLimit: near})
		if err != nil {
			return fmt.Errorf("lock %s: %w", row.ID, err)
		}
		if version != row.Version+1 {
			// Somebody changed it since it was read.
			if row, err = a.deactivatable(ctx, tx, in.Identifier); err != nil {
				return err
			}
			near = nearLimit(row.ActivationLimit, row.ActivationsUsed-1)
			if err := tx.SetNearLimit(ctx, query.SetNearLimitParams{ID: row.ID, NearLimit: near}); err != nil {
				return err
			}
		}
		identifier, err := a.identifier(ActivationType(row.ActivationType), in.Identifier)
		if err != nil {
			return err
		}
		answer = Deactivated{LicenseID: row.ID, Key: row.Key, Identifier: identifier, ActivationsUsed: row.ActivationsUsed - 1}
		place := Activation{ID: row.ActivationID, LicenseID: row.ID, Identifier: identifier}
		there, err := removeActivation(ctx, tx, place, row.CustomerID, answer.ActivationsUsed, "")
		if err != nil {
			return fmt.Errorf("deactivate %s: %w", row.ID, err)
		}
		if !there {
			return errNoActivation
		}
		return s.changed(ctx, tx, row.ID, version)
	})
	if err != nil {
		return Deactivated{}, err
	}
	return answer, nil
}

// deactivatable returns the license with the activation to remove, or why it can't be removed.
func (a attempt) deactivatable(ctx context.Context, tx *db.Tx, raw string) (keyed, error) {
	row, err := findByKey(ctx, tx, a.key, a.forms)
	if err != nil {
		return keyed{}, err
	}
	if status := Effective(factsOf(row), tx.Now); status == Revoked || status == Cancelled {
		return keyed{}, notUsable(fail.KindForbidden, status)
	}
	if _, err := a.identifier(ActivationType(row.ActivationType), raw); err != nil {
		return keyed{}, err
	}
	if row.ActivationID == "" {
		return keyed{}, errNoActivation
	}
	return row, refuseHeld(ctx, tx, row.ID, row.ActivationID, CodeRefused)
}
