package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// OptionalTime is an instant in a [Patch] that may be left as it is (not Set), cleared (nil) or changed.
type OptionalTime struct {
	Set  bool
	Time *time.Time
}

// Patch is what staff change of a license by hand. What is nil or not set stays.
type Patch struct {
	ActivationLimit *int64 // 0: unlimited
	ExpiresAt       OptionalTime
	// Status sets the license to what a person decides, holds and final statuses notwithstanding; holds for a payment
	// or a dispute are named and must be lifted first.
	Status *Status
	// Entitlements replace those of this license alone.
	Entitlements *map[string]any
	Places       PlacesPatch
	Reason       string // for the history
	// KeepSubscription lets the subscription that pays for the license go on, although it is revoked or cancelled.
	KeepSubscription bool
}

// earliest and latest are the instants between which a license may expire: years that every program can read.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// statusTriggers is what happens when staff set a status.
var statusTriggers = map[Status]Trigger{
	Active: StaffActivates, Suspended: StaffSuspends, Expired: StaffExpires, Cancelled: StaffCancels, Revoked: StaffRevokes,
}

// Validate reports everything that is wrong with p, after bringing its fields into the form in which they are stored.
func (p *Patch) Validate() error {
	var bad fail.Fields
	if p.ActivationLimit != nil && (*p.ActivationLimit < 0 || *p.ActivationLimit > maxLimit) {
		bad.Add("activation_limit", fmt.Sprintf("is not between 0 (unlimited) and %d", maxLimit))
	}
	if t := p.ExpiresAt.Time; t != nil {
		if t.Before(earliest) || !t.Before(latest) {
			bad.Add("expires_at", "is not between the years 1970 and 9998")
		}
		p.ExpiresAt.Time = instantPtr(t)
	}
	if p.Status != nil {
		if _, known := statusTriggers[*p.Status]; !known {
			bad.Add("status", "is not one of active, suspended, expired, cancelled, revoked")
		}
	}
	if p.Entitlements != nil {
		checked, err := catalog.CheckEntitlements(*p.Entitlements)
		bad.Check("entitlements", err)
		plain := map[string]any(checked)
		p.Entitlements = &plain
	}
	p.Places.check(&bad)
	var err error
	p.Reason, err = text.Notes(p.Reason, text.NotesLength)
	bad.Check("reason", err)
	return bad.Err()
}

// Patch changes a license by hand. All of it happens or nothing. The expiry is changed before the status, so that one
// call can extend an expired license and activate it.
func (s *Service) Patch(ctx context.Context, licenseID string, p Patch) (License, error) {
	if err := p.Validate(); err != nil {
		return License{}, err
	}
	var after License
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		if err := l.patch(ctx, p); err != nil {
			return fmt.Errorf("license %s: %w", licenseID, err)
		}
		if err := l.save(ctx); err != nil {
			return err
		}
		after, err = s.load(ctx, tx, licenseID)
		return err
	})
	return after, err
}

func (l *locked) patch(ctx context.Context, p Patch) error {
	if p.ActivationLimit != nil {
		if err := l.setLimit(ctx, *p.ActivationLimit, p.Reason); err != nil {
			return err
		}
	}
	if p.Entitlements != nil {
		if err := l.setEntitlements(ctx, catalog.Entitlements(*p.Entitlements).Encode(), p.Reason); err != nil {
			return err
		}
	}
	if err := l.patchPlaces(ctx, p.Places, p.Reason); err != nil {
		return err
	}
	if p.ExpiresAt.Set {
		if err := l.setExpiry(ctx, p.ExpiresAt.Time, p.Reason); err != nil {
			return err
		}
	}
	if p.Status == nil {
		return nil
	}
	in := Input{Why: p.Reason}
	if *p.Status == Suspended {
		in.Source = sourceOf(ctx)
	}
	if err := l.happen(ctx, statusTriggers[*p.Status], in); err != nil {
		return err
	}
	if p.KeepSubscription || *p.Status != Revoked && *p.Status != Cancelled {
		return nil
	}
	l.tell(EventEndedByHand, map[string]any{"status": *p.Status, "why": p.Reason})
	return nil
}

// setExpiry changes when the license ends, and with it what follows from that.
func (l *locked) setExpiry(ctx context.Context, t *time.Time, why string) error {
	if sameInstant(t, l.state.ExpiresAt) {
		return nil
	}
	if err := l.happen(ctx, StaffSetsExpiry, Input{ExpiresAt: t, Why: why}); err != nil {
		return err
	}
	l.updated = append(l.updated, "expires_at")
	return nil
}
