package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// placeTriggers and liftTriggers are what happens when a hold of each reason is placed and lifted by hand. A dispute
// that staff close by hand counts as won: losing it revokes the license, which has its own button.
var (
	placeTriggers = map[HoldReason]Trigger{HoldStaff: StaffHolds, HoldPayment: PaymentHeld, HoldDispute: DisputeOpened}
	liftTriggers  = map[HoldReason]Trigger{HoldStaff: StaffLifts, HoldPayment: PaymentLifted, HoldDispute: DisputeWon}
)

// PlaceHold suspends a license by hand. The one who acts is the hold's source. A hold that stands already stays as it
// is.
func (s *Service) PlaceHold(ctx context.Context, licenseID string, reason HoldReason, why string) (License, error) {
	on, known := placeTriggers[reason]
	if !known {
		return License{}, errHoldReason
	}
	return s.byHand(ctx, licenseID, on, Input{Source: sourceOf(ctx), Why: why})
}

// LiftInput goes with lifting a hold by hand.
type LiftInput struct {
	// Until is required for HoldPayment: how long the license may run before it is suspended again.
	Until *time.Time
	Why   string
}

// LiftHold lifts every hold of a reason by hand.
func (s *Service) LiftHold(ctx context.Context, licenseID string, reason HoldReason, in LiftInput) (License, error) {
	on, known := liftTriggers[reason]
	if !known {
		return License{}, errHoldReason
	}
	if reason != HoldPayment {
		in.Until = nil
	}
	return s.byHand(ctx, licenseID, on, Input{Why: in.Why, Until: instantPtr(in.Until)})
}

var errHoldReason = fail.Invalid("reason", "is not one of staff, payment, dispute")

// byHand lets a trigger happen to one license and returns what has become of it.
func (s *Service) byHand(ctx context.Context, licenseID string, on Trigger, in Input) (License, error) {
	var l License
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.apply(ctx, tx, licenseID, on, in, checkLift); err != nil {
			return err
		}
		var err error
		l, err = s.load(ctx, tx, licenseID)
		return err
	})
	return l, err
}

// Apply lets a trigger happen to a license as part of tx: it is how money suspends, revives and revokes what it paid
// for. A hold's source is the subscription or the dispute. That nothing changes is fine.
func (s *Service) Apply(ctx context.Context, tx *db.Tx, licenseID string, on Trigger, in Input) error {
	return s.apply(ctx, tx, licenseID, on, in, nil)
}

func (s *Service) apply(ctx context.Context, tx *db.Tx, licenseID string, on Trigger, in Input, check func(l *locked, on Trigger, in Input) error) error {
	var err error
	if in.Why, err = text.Notes(in.Why, text.NotesLength); err != nil {
		return fail.Invalid("why", err.Error())
	}
	l, err := s.lock(ctx, tx, licenseID)
	if err != nil {
		return err
	}
	if check != nil {
		if err := check(l, on, in); err != nil {
			return err
		}
	}
	if err := l.happen(ctx, on, in); err != nil {
		return fmt.Errorf("license %s: %w", licenseID, err)
	}
	return l.save(ctx)
}

// checkLift refuses to lift by hand what does not stand, and a payment hold without a sensible date.
func checkLift(l *locked, on Trigger, in Input) error {
	now := l.tx.Now
	for reason, lifts := range liftTriggers {
		if lifts != on {
			continue
		}
		shown := State{Holds: l.state.ShownHolds(now)}
		if !shown.Has(reason) {
			return fail.NotFound(CodeHoldNotFound, fmt.Sprintf("The license has no %s hold.", reason))
		}
	}
	if on != PaymentLifted {
		return nil
	}
	switch {
	case in.Until == nil:
		return fail.Invalid("until", "is required: how long may the license run before it is suspended again?")
	case !in.Until.After(now):
		return fail.Invalid("until", "must be in the future")
	case l.state.EndsAt != nil && in.Until.After(*l.state.EndsAt):
		return fail.Invalid("until", "is after the license ends: change its expiry instead")
	}
	return nil
}

// sourceOf is who places a hold by hand.
func sourceOf(ctx context.Context) string {
	a := event.ActorFrom(ctx)
	if a.ID != "" {
		return a.ID
	}
	return string(a.Kind)
}

// instantPtr is t as it will be stored.
func instantPtr(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
