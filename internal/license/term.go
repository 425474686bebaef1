package license

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// Extension is what a subscription says about the license that it pays for.
type Extension struct {
	Source string // the subscription
	Term   Term
	// Held says that the license is held for want of payment.
	Held bool
	// Revive lets the term bring back what has expired.
	Revive bool
}

// Extend sets the term of a license and places or lifts its payment hold, as part of tx. What is final stays final.
func (s *Service) Extend(ctx context.Context, tx *db.Tx, id string, in Extension) error {
	l, err := s.lock(ctx, tx, id)
	if err != nil {
		return err
	}
	set := TermSet
	if in.Revive {
		set = TermRevived
	}
	expiry := l.state.ExpiresAt
	if err := l.happen(ctx, set, Input{Source: in.Source, Term: in.Term}); err != nil {
		return fmt.Errorf("license %s: %w", id, err)
	}
	if !sameInstant(expiry, l.state.ExpiresAt) {
		l.updated = append(l.updated, "expires_at")
	}
	hold := PaymentLifted
	if in.Held {
		hold = PaymentHeld
	}
	if in.Held != slices.ContainsFunc(l.state.Holds, func(h Hold) bool { return h.Reason == HoldPayment && h.Source == in.Source }) {
		if err := l.happen(ctx, hold, Input{Source: in.Source}); err != nil {
			return fmt.Errorf("license %s: %w", id, err)
		}
	}
	return l.save(ctx)
}

// Shape is a change of what a license is: its plan, and what is added to or taken from what it allows.
type Shape struct {
	PlanID string // empty: stays
	// Quantity and WasQuantity are how many times the plan's limit it was and will be, when PlanID is set.
	Quantity, WasQuantity int64
	MoreActivations       int64 // may be negative
	Add, Remove           catalog.Entitlements
	Why                   string
}

// Reshape changes what a license is, as part of tx: a change of plan, or an add-on that begins or ends. A limit that staff
// have set apart from the plan keeps its distance from it. Activations beyond a lower limit stay.
func (s *Service) Reshape(ctx context.Context, tx *db.Tx, id string, in Shape) error {
	l, err := s.lock(ctx, tx, id)
	if err != nil {
		return err
	}
	limit := l.limit
	if in.PlanID != "" {
		if limit, err = l.changePlan(ctx, in); err != nil {
			return err
		}
	}
	if limit != 0 {
		limit = max(limit+in.MoreActivations, 1)
	}
	if limit > maxLimit {
		return fail.Invalid("quantity", fmt.Sprintf("makes an activation limit above %d", maxLimit))
	}
	if err := l.setLimit(ctx, limit, in.Why); err != nil {
		return err
	}
	if len(in.Add)+len(in.Remove) > 0 {
		own, err := catalog.DecodeEntitlements(l.row.Entitlements)
		if err != nil {
			return fmt.Errorf("license %s: %w", id, err)
		}
		own = maps.Clone(own)
		if own == nil {
			own = catalog.Entitlements{}
		}
		for name, value := range in.Remove {
			if own[name] == value {
				delete(own, name)
			}
		}
		maps.Copy(own, in.Add)
		encoded, err := json.Marshal(own)
		if err != nil {
			return err
		}
		if err := l.setEntitlements(ctx, string(encoded), in.Why); err != nil {
			return err
		}
	}
	return l.save(ctx)
}

// changePlan moves the license to another plan and returns the limit that follows.
func (l *locked) changePlan(ctx context.Context, in Shape) (int64, error) {
	from, err := catalog.PlanCard(ctx, l.tx, l.row.PlanID)
	if err != nil {
		return 0, err
	}
	to, err := catalog.PlanCard(ctx, l.tx, in.PlanID)
	if err != nil {
		return 0, err
	}
	was, err := limitFor(from, max(in.WasQuantity, 1))
	if err != nil {
		return 0, err
	}
	is, err := limitFor(to, max(in.Quantity, 1))
	if err != nil {
		return 0, err
	}
	if in.PlanID != l.row.PlanID {
		if from.LicenseType != to.LicenseType && !(lasting(from) && lasting(to)) {
			return 0, fail.Invalid("plan_id", fmt.Sprintf("gives a %s license: a %s one can't become that", to.LicenseType, from.LicenseType))
		}
		if err := l.become(ctx, to, in.Why); err != nil {
			return 0, err
		}
	}
	if l.limit == 0 || was == 0 || is == 0 {
		return is, nil
	}
	return max(is+l.limit-was, 1), nil
}

// lasting reports whether licenses of a plan can become those of another one that lasts: trials and development licenses
// come about in other ways.
func lasting(c catalog.Card) bool {
	return Type(c.LicenseType) == Purchased || Type(c.LicenseType) == Leased
}

// become gives the license another plan, and with it that plan's type. Support that lasts as long as the license has no end
// of its own.
func (l *locked) become(ctx context.Context, to catalog.Card, why string) error {
	from, err := catalog.PlanCard(ctx, l.tx, l.row.PlanID)
	if err != nil {
		return err
	}
	err = note(ctx, l.tx, l.row.ID, Entry{What: WhatPlanChanged, Before: from.PlanName, After: to.PlanName, Why: why})
	if err != nil {
		return err
	}
	if Type(to.LicenseType) != Purchased {
		l.row.UpdatesUntil = nil
	}
	l.row.PlanID, l.row.Type = to.PlanID, to.LicenseType
	err = l.tx.SetLicensePlan(ctx, query.SetLicensePlanParams{ID: l.row.ID, PlanID: to.PlanID, Type: to.LicenseType, UpdatesUntil: l.row.UpdatesUntil})
	if err != nil {
		return fmt.Errorf("plan of license %s: %w", l.row.ID, err)
	}
	l.modified, l.updated = true, append(l.updated, "plan_id")
	return nil
}
