package license

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
)

// State is all of a license that its status depends on.
type State struct {
	Outcome                       Outcome
	Holds                         []Hold
	ExpiresAt, GraceUntil, EndsAt *time.Time
}

// Facts are what the status follows from.
func (s State) Facts() Facts {
	return Facts{Outcome: s.Outcome, Held: len(s.Holds) > 0, ExpiresAt: s.ExpiresAt, GraceUntil: s.GraceUntil, EndsAt: s.EndsAt}
}

// Status is the effective status at now.
func (s State) Status(now time.Time) Status { return Effective(s.Facts(), now) }

// Has reports whether a hold of the reason stands.
func (s State) Has(r HoldReason) bool {
	return slices.ContainsFunc(s.Holds, func(h Hold) bool { return h.Reason == r })
}

// ShownHolds are the holds that people see. The end of the grace period suspends as a payment hold does, before
// anything has placed one, so it is shown as one without a source.
func (s State) ShownHolds(now time.Time) []Hold {
	if s.Outcome == NoOutcome && reached(s.GraceUntil, now) && !reached(s.EndsAt, now) && !s.Has(HoldPayment) {
		return append(slices.Clone(s.Holds), Hold{Reason: HoldPayment, Since: *s.GraceUntil})
	}
	return s.Holds
}

// Trigger is something that happens to a license.
type Trigger string

// The triggers. Those of staff are a person's decision and may override a final status; the others never do.
const (
	StaffSuspends   Trigger = "staff_suspends"
	StaffActivates  Trigger = "staff_activates"
	StaffExpires    Trigger = "staff_expires"
	StaffCancels    Trigger = "staff_cancels"
	StaffRevokes    Trigger = "staff_revokes"
	StaffSetsExpiry Trigger = "staff_sets_expiry"
	StaffHolds      Trigger = "staff_hold_placed"
	StaffLifts      Trigger = "staff_hold_lifted"
	PaymentHeld     Trigger = "payment_hold_placed"
	PaymentLifted   Trigger = "payment_hold_lifted"
	DisputeOpened   Trigger = "dispute_opened"
	DisputeWon      Trigger = "dispute_won"
	DisputeLost     Trigger = "dispute_lost"
	FullRefund      Trigger = "full_refund"
	PartialRefund   Trigger = "partial_refund"
	GracePasses     Trigger = "grace_passes"
	EndPasses       Trigger = "end_passes"
	TermSet         Trigger = "term_set"
	TermRevived     Trigger = "term_revived"
	ParentStops     Trigger = "parent_stops"
	ParentRuns      Trigger = "parent_runs"
)

// Triggers lists every trigger.
func Triggers() []Trigger {
	return []Trigger{
		StaffSuspends, StaffActivates, StaffExpires, StaffCancels, StaffRevokes, StaffSetsExpiry, StaffHolds, StaffLifts,
		PaymentHeld, PaymentLifted, DisputeOpened, DisputeWon, DisputeLost, FullRefund, PartialRefund, GracePasses, EndPasses,
		TermSet, TermRevived, ParentStops, ParentRuns,
	}
}

// Guard is a condition on what a transition's effects leave, so that of several transitions one is taken.
type Guard string

// The guards. Of Clear, Held and Over exactly one holds.
const (
	Always Guard = ""
	Clear  Guard = "nothing else stands in the way"
	Held   Guard = "a hold stands, or grace_until has passed"
	Over   Guard = "ends_at has passed"
)

func (g Guard) holds(after State, now time.Time) bool {
	after.Outcome = NoOutcome // a guard asks about holds and time alone
	switch g {
	case Clear:
		return after.Status(now) == Active
	case Held:
		return after.Status(now) == Suspended
	case Over:
		return after.Status(now) == Expired
	case Always:
	}
	return true
}

// Effect is a change of a license's facts.
type Effect string

// The effects.
const (
	PlaceStaffHold   Effect = "place hold staff"
	PlacePaymentHold Effect = "place hold payment"
	PlaceDisputeHold Effect = "place hold dispute"
	PlaceParentHold  Effect = "place hold parent"
	LiftStaffHolds   Effect = "lift holds staff"
	LiftPaymentHold  Effect = "lift hold payment"
	LiftDisputeHold  Effect = "lift hold dispute"
	LiftParentHold   Effect = "lift hold parent"
	OpenEnd          Effect = "leave ends_at open"
	RestoreEnd       Effect = "ends_at is expires_at again, if no other dispute is open"
	SetGrace         Effect = "grace_until is the date given"
	SetExpiry        Effect = "expires_at, and with it grace_until and ends_at, is the date given"
	ExpireNow        Effect = "expires_at, grace_until and ends_at are now at the latest"
	SetTerm          Effect = "expires_at, grace_until and ends_at are those of the subscription; a later expires_at of staff stays"
	SetRevoked       Effect = "outcome revoked"
	SetCancelled     Effect = "outcome cancelled"
	ClearOutcome     Effect = "no outcome"
	Override         Effect = "recorded as an override"
)

// Refusal says why a trigger does nothing but answer with a conflict.
type Refusal string

// The refusals.
const (
	Allowed     Refusal = ""
	RefusedHeld Refusal = "refused: names the payment or dispute hold"
	RefusedOver Refusal = "refused: expires_at must be changed in the same call"
)

// Transition is one line of the state machine (see transitions.go): in status From, when On happens and its effects
// leave what If says, the license becomes To. Lines without effects say that nothing happens.
type Transition struct {
	From   Status
	On     Trigger
	If     Guard
	To     Status
	Do     []Effect
	Refuse Refusal
}

// timed reports whether the passing of time is the trigger: then From is what the license was just before.
func (t Transition) timed() bool { return t.On == GracePasses || t.On == EndPasses }

// Input is what a trigger brings with it.
type Input struct {
	Source    string     // of the hold that is placed or lifted; lifting: empty means every hold of the reason
	Why       string     // for people
	ExpiresAt *time.Time // StaffSetsExpiry: nil is for ever
	Until     *time.Time // PaymentLifted by hand: how long the license runs before it is suspended again
	Term      Term       // TermSet, TermRevived
	EndStays  bool       // DisputeWon, DisputeLost: a subscription says when the license ends, not its expiry
}

// Term is for how long a subscription lets a license run. A nil instant never comes.
type Term struct {
	// ExpiresAt is the end of what is paid; GraceUntil is when unpaid use stops, EndsAt when the license is over.
	ExpiresAt, GraceUntil, EndsAt *time.Time
	// Before is the expiry that the subscription set last: a license that has a later one got it from staff, and keeps it.
	Before *time.Time
}

// over applies a term to a state.
func (t Term) over(s State) State {
	byStaff := s.ExpiresAt == nil && t.Before != nil || s.ExpiresAt != nil && t.Before != nil && s.ExpiresAt.After(*t.Before)
	if byStaff && (s.ExpiresAt == nil || t.ExpiresAt != nil && s.ExpiresAt.After(*t.ExpiresAt)) {
		if t.EndsAt == nil {
			s.EndsAt = nil
		}
		return s
	}
	s.ExpiresAt, s.GraceUntil, s.EndsAt = instantPtr(t.ExpiresAt), instantPtr(t.GraceUntil), instantPtr(t.EndsAt)
	return s
}

// Next returns what a license in state s becomes when t happens at now, and the transition taken. Nothing else
// decides about states.
func Next(s State, t Trigger, in Input, now time.Time) (State, Transition, error) {
	from := s.Status(now)
	switch t {
	case GracePasses:
		from = s.Status(beforeInstant(s.GraceUntil, now))
	case EndPasses:
		from = s.Status(beforeInstant(s.EndsAt, now))
	default:
	}
	for _, line := range transitions {
		if line.From != from || line.On != t {
			continue
		}
		after := s
		for _, e := range line.Do {
			after = e.apply(after, in, now)
		}
		if !line.If.holds(after, now) {
			continue
		}
		if line.Refuse != Allowed {
			return s, line, line.Refuse.explain(after, now)
		}
		return after, line, nil
	}
	return s, Transition{}, fmt.Errorf("no transition from %s on %q", from, t)
}

// beforeInstant is the last instant before t, or now when t has not come.
func beforeInstant(t *time.Time, now time.Time) time.Time {
	if !reached(t, now) {
		return now
	}
	return t.Add(-time.Microsecond)
}

func (e Effect) apply(s State, in Input, now time.Time) State {
	switch e {
	case PlaceStaffHold:
		s.Holds = placed(s.Holds, Hold{HoldStaff, in.Source, now, in.Why})
	case PlacePaymentHold:
		s.Holds = placed(s.Holds, Hold{HoldPayment, in.Source, now, in.Why})
	case PlaceDisputeHold:
		s.Holds = placed(s.Holds, Hold{HoldDispute, in.Source, now, in.Why})
	case PlaceParentHold:
		s.Holds = placed(s.Holds, Hold{HoldParent, in.Source, now, in.Why})
	case LiftStaffHolds:
		s.Holds = lifted(s.Holds, HoldStaff, in.Source)
	case LiftPaymentHold:
		s.Holds = lifted(s.Holds, HoldPayment, in.Source)
	case LiftDisputeHold:
		s.Holds = lifted(s.Holds, HoldDispute, in.Source)
	case LiftParentHold:
		s.Holds = lifted(s.Holds, HoldParent, in.Source)
	case OpenEnd:
		s.EndsAt = nil
	case RestoreEnd:
		if s.EndsAt == nil && !s.Has(HoldDispute) && !in.EndStays {
			s.EndsAt = s.ExpiresAt
		}
	case SetGrace:
		if in.Until != nil {
			s.GraceUntil = in.Until
		}
	case SetExpiry:
		s.ExpiresAt, s.GraceUntil, s.EndsAt = in.ExpiresAt, in.ExpiresAt, in.ExpiresAt
		if s.Has(HoldDispute) {
			s.EndsAt = nil // open while a dispute is
		}
	case ExpireNow:
		if !reached(s.ExpiresAt, now) {
			s.ExpiresAt = &now
		}
		s.GraceUntil, s.EndsAt = s.ExpiresAt, s.ExpiresAt
	case SetTerm:
		return in.Term.over(s)
	case SetRevoked:
		s.Outcome = OutcomeRevoked
	case SetCancelled:
		s.Outcome = OutcomeCancelled
	case ClearOutcome:
		s.Outcome = NoOutcome
	case Override:
		// Only the history is concerned.
	}
	return s
}

func sameHold(a, b Hold) bool { return a.Reason == b.Reason && a.Source == b.Source }

// placed adds a hold, unless the same one stands already.
func placed(holds []Hold, h Hold) []Hold {
	if slices.ContainsFunc(holds, func(o Hold) bool { return sameHold(o, h) }) {
		return holds
	}
	return append(slices.Clone(holds), h)
}

// lifted removes the hold of a reason and source; without a source, all of the reason.
func lifted(holds []Hold, r HoldReason, source string) []Hold {
	return slices.DeleteFunc(slices.Clone(holds), func(h Hold) bool { return h.Reason == r && (source == "" || h.Source == source) })
}

// explain is the conflict that a refusal answers with; after is what the effects would have left.
func (r Refusal) explain(after State, now time.Time) error {
	switch r {
	case RefusedHeld:
		var names []string
		for _, h := range after.ShownHolds(now) {
			if name := string(h.Reason); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return fail.Conflict(CodeHeld, fmt.Sprintf("The license is still suspended by a hold for: %s. Lift it first.", strings.Join(names, ", ")))
	case RefusedOver:
		return fail.Invalid("expires_at", "has passed: set a later date, or none, in the same call")
	case Allowed:
	}
	return nil
}
