package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// AddInput is an activation that staff add.
type AddInput struct {
	Identifier string
	Name       string
	Override   bool // beyond the limit, if need be
	Why        string
}

// AddActivation adds an activation by hand. An identifier that is active already stays as it is.
func (s *Service) AddActivation(ctx context.Context, licenseID string, in AddInput) (Activation, error) {
	var bad fail.Fields
	var err error
	in.Name, err = text.Line(in.Name, text.NameLength)
	bad.Check("name", err)
	in.Why, err = text.Notes(in.Why, text.NotesLength)
	bad.Check("why", err)
	if err := bad.Err(); err != nil {
		return Activation{}, err
	}
	var a Activation
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		a, err = l.add(ctx, in)
		return err
	})
	return a, err
}

func (l *locked) add(ctx context.Context, in AddInput) (Activation, error) {
	card, err := catalog.PlanCard(ctx, l.tx, l.row.PlanID)
	if err != nil {
		return Activation{}, err
	}
	identifier, err := normalize(ActivationType(card.ActivationType), in.Identifier)
	if err != nil {
		return Activation{}, fail.Invalid("identifier", err.Error())
	}
	if status := l.state.Status(l.tx.Now); status != Active {
		return Activation{}, notUsable(fail.KindConflict, status)
	}
	there, err := l.tx.ActivationByIdentifier(ctx, query.ActivationByIdentifierParams{LicenseID: l.row.ID, Identifier: identifier})
	if err == nil {
		return activationOf(there), l.save(ctx)
	}
	if !db.NotFound(err) {
		return Activation{}, fmt.Errorf("activations of %s: %w", l.row.ID, err)
	}
	if err := l.mayBeAt(ctx, card, identifier); err != nil {
		return Activation{}, err
	}
	used, err := l.tx.CountActivations(ctx, l.row.ID)
	if err != nil {
		return Activation{}, fmt.Errorf("activations of %s: %w", l.row.ID, err)
	}
	full := l.limit > 0 && used >= l.limit
	if full && !in.Override {
		return Activation{}, limitReached(fail.KindConflict, l.limit, used)
	}
	a := Activation{
		ID: l.tx.NewID("act"), LicenseID: l.row.ID, Identifier: identifier, Name: in.Name, IP: event.ActorFrom(ctx).IP,
		Override: full, ActivatedAt: l.tx.Now, LastSeenAt: l.tx.Now,
	}
	if err := addActivation(ctx, l.tx, a, l.row.CustomerID, used+1, in.Why); err != nil {
		return Activation{}, err
	}
	return a, l.recount(ctx, used+1)
}

// mayBeAt refuses what the type of the license does not allow, whatever its limit: staff allow a public host for a development
// license first, and a place that was on trial stays so.
func (l *locked) mayBeAt(ctx context.Context, card catalog.Card, identifier string) error {
	switch Type(l.row.Type) {
	case Development:
		hosts, err := decodeList(l.row.AllowedHosts)
		if err != nil {
			return fmt.Errorf("license %s: %w", l.row.ID, err)
		}
		if !MayDevelopOn(identifier, card.PrivateSuffixes, hosts) {
			return fail.Conflict(CodeRefused, fmt.Sprintf("%s is a public place: allow this host for the development license first.", identifier))
		}
	case Trial:
		n, err := l.tx.TakeTrialPlace(ctx, query.TakeTrialPlaceParams{ProductID: l.row.ProductID, Identifier: identifier, LicenseID: l.row.ID, CreatedAt: l.tx.Stamp})
		if err != nil {
			return fmt.Errorf("trial of %s: %w", l.row.ID, err)
		}
		if n == 0 {
			return fail.Conflict(CodeRefused, fmt.Sprintf("%s was on trial before, with another license.", identifier))
		}
	case Purchased, Leased:
	}
	return nil
}

// recount saves a license whose activations have changed to used.
func (l *locked) recount(ctx context.Context, used int64) error {
	l.row.NearLimit, l.modified = nearLimit(l.limit, used), true
	return l.save(ctx)
}

// removalWindow is the time in which the removals of customers are counted.
const removalWindow = 30 * 24 * time.Hour

// RemoveActivation frees a place by hand. Staff may always; customers only on their own licenses, as far as the product
// lets them.
func (s *Service) RemoveActivation(ctx context.Context, licenseID, activationID, why string) error {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return fail.Invalid("why", err.Error())
	}
	if !text.IsID(activationID) {
		return errNoActivation
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		if err := l.mayRemove(ctx); err != nil {
			return err
		}
		row, err := tx.Activation(ctx, query.ActivationParams{ID: activationID, LicenseID: licenseID})
		if db.NotFound(err) {
			return errNoActivation
		}
		if err != nil {
			return fmt.Errorf("activation %s: %w", activationID, err)
		}
		if err := refuseHeld(ctx, tx, licenseID, activationID, CodeRemovalRefused); err != nil {
			return err
		}
		used, err := tx.CountActivations(ctx, licenseID)
		if err != nil {
			return fmt.Errorf("activations of %s: %w", licenseID, err)
		}
		if _, err := removeActivation(ctx, tx, activationOf(row), l.row.CustomerID, used-1, why); err != nil {
			return err
		}
		return l.recount(ctx, used-1)
	})
}

// mayRemove decides whether the one who acts may remove an activation.
func (l *locked) mayRemove(ctx context.Context) error {
	who := event.ActorFrom(ctx)
	if who.Kind != event.Customer {
		return nil
	}
	if who.ID != l.row.CustomerID {
		return errNoLicense // not theirs: they need not learn that it exists
	}
	if status := l.state.Status(l.tx.Now); status == Revoked || status == Cancelled {
		return notUsable(fail.KindConflict, status)
	}
	card, err := catalog.PlanCard(ctx, l.tx, l.row.PlanID)
	if err != nil {
		return err
	}
	if !card.SelfRemoval {
		return fail.Forbidden(CodeRemovalRefused, "Activations of this product are removed by our support only.")
	}
	if card.SelfRemovalsPer30d == 0 {
		return nil
	}
	n, err := l.tx.CountSelfRemovals(ctx, query.CountSelfRemovalsParams{
		LicenseID: l.row.ID, Since: clock.FromTime(l.tx.Now.Add(-removalWindow)), What: WhatActivationRemoved,
	})
	if err != nil {
		return fmt.Errorf("removals of %s: %w", l.row.ID, err)
	}
	if n >= card.SelfRemovalsPer30d {
		return fail.Conflict(CodeRemovalRefused, fmt.Sprintf("%d activations can be removed in 30 days. Please ask our support.", card.SelfRemovalsPer30d))
	}
	return nil
}
