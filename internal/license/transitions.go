package license

// transitions is the state machine of a license. For every status and trigger it has lines of which exactly one applies.
// It is printed into docs/states.md.
var transitions = concat(
	// A person decides. Bringing back what is final is an override.
	[]Transition{
		{From: Active, On: StaffSuspends, To: Suspended, Do: []Effect{PlaceStaffHold}},
		{From: Suspended, On: StaffSuspends, To: Suspended, Do: []Effect{PlaceStaffHold}},
		{From: Expired, On: StaffSuspends, To: Expired, Refuse: RefusedOver},
		{From: Cancelled, On: StaffSuspends, If: Over, To: Cancelled, Do: []Effect{ClearOutcome, PlaceStaffHold}, Refuse: RefusedOver},
		{From: Cancelled, On: StaffSuspends, If: Held, To: Suspended, Do: []Effect{ClearOutcome, PlaceStaffHold, Override}},
		{From: Revoked, On: StaffSuspends, If: Over, To: Revoked, Do: []Effect{ClearOutcome, PlaceStaffHold}, Refuse: RefusedOver},
		{From: Revoked, On: StaffSuspends, If: Held, To: Suspended, Do: []Effect{ClearOutcome, PlaceStaffHold, Override}},

		{From: Active, On: StaffActivates, To: Active},
		{From: Suspended, On: StaffActivates, If: Held, To: Suspended, Do: []Effect{LiftStaffHolds}, Refuse: RefusedHeld},
		{From: Suspended, On: StaffActivates, If: Clear, To: Active, Do: []Effect{LiftStaffHolds}},
		{From: Expired, On: StaffActivates, To: Expired, Refuse: RefusedOver},
		{From: Cancelled, On: StaffActivates, If: Over, To: Cancelled, Do: []Effect{ClearOutcome, LiftStaffHolds}, Refuse: RefusedOver},
		{From: Cancelled, On: StaffActivates, If: Held, To: Cancelled, Do: []Effect{ClearOutcome, LiftStaffHolds}, Refuse: RefusedHeld},
		{From: Cancelled, On: StaffActivates, If: Clear, To: Active, Do: []Effect{ClearOutcome, LiftStaffHolds, Override}},
		{From: Revoked, On: StaffActivates, If: Over, To: Revoked, Do: []Effect{ClearOutcome, LiftStaffHolds}, Refuse: RefusedOver},
		{From: Revoked, On: StaffActivates, If: Held, To: Revoked, Do: []Effect{ClearOutcome, LiftStaffHolds}, Refuse: RefusedHeld},
		{From: Revoked, On: StaffActivates, If: Clear, To: Active, Do: []Effect{ClearOutcome, LiftStaffHolds, Override}},

		{From: Active, On: StaffExpires, To: Expired, Do: []Effect{ExpireNow}},
		{From: Suspended, On: StaffExpires, To: Expired, Do: []Effect{ExpireNow}},
		{From: Expired, On: StaffExpires, To: Expired},
		{From: Cancelled, On: StaffExpires, To: Expired, Do: []Effect{ClearOutcome, ExpireNow, Override}},
		{From: Revoked, On: StaffExpires, To: Expired, Do: []Effect{ClearOutcome, ExpireNow, Override}},

		{From: Active, On: StaffCancels, To: Cancelled, Do: []Effect{SetCancelled}},
		{From: Suspended, On: StaffCancels, To: Cancelled, Do: []Effect{SetCancelled}},
		{From: Expired, On: StaffCancels, To: Cancelled, Do: []Effect{SetCancelled, Override}},
		{From: Cancelled, On: StaffCancels, To: Cancelled},
		{From: Revoked, On: StaffCancels, To: Cancelled, Do: []Effect{SetCancelled, Override}},

		{From: Active, On: StaffRevokes, To: Revoked, Do: []Effect{SetRevoked}},
		{From: Suspended, On: StaffRevokes, To: Revoked, Do: []Effect{SetRevoked}},
		{From: Expired, On: StaffRevokes, To: Revoked, Do: []Effect{SetRevoked, Override}},
		{From: Cancelled, On: StaffRevokes, To: Revoked, Do: []Effect{SetRevoked, Override}},
		{From: Revoked, On: StaffRevokes, To: Revoked},

		{From: Active, On: StaffSetsExpiry, If: Clear, To: Active, Do: []Effect{SetExpiry}},
		{From: Active, On: StaffSetsExpiry, If: Over, To: Expired, Do: []Effect{SetExpiry}},
		{From: Suspended, On: StaffSetsExpiry, If: Clear, To: Active, Do: []Effect{SetExpiry}},
		{From: Suspended, On: StaffSetsExpiry, If: Held, To: Suspended, Do: []Effect{SetExpiry}},
		{From: Suspended, On: StaffSetsExpiry, If: Over, To: Expired, Do: []Effect{SetExpiry}},
		{From: Expired, On: StaffSetsExpiry, If: Clear, To: Active, Do: []Effect{SetExpiry, Override}},
		{From: Expired, On: StaffSetsExpiry, If: Held, To: Suspended, Do: []Effect{SetExpiry, Override}},
		{From: Expired, On: StaffSetsExpiry, If: Over, To: Expired, Do: []Effect{SetExpiry}},
		{From: Cancelled, On: StaffSetsExpiry, To: Cancelled, Do: []Effect{SetExpiry}},
		{From: Revoked, On: StaffSetsExpiry, To: Revoked, Do: []Effect{SetExpiry}},
	},

	// Holds come and go. On a license that is final they are kept, and count only if it is brought back.
	placing(StaffHolds, PlaceStaffHold),
	placing(PaymentHeld, PlacePaymentHold),
	[]Transition{
		{From: Active, On: DisputeOpened, To: Suspended, Do: []Effect{PlaceDisputeHold, OpenEnd}},
		{From: Suspended, On: DisputeOpened, To: Suspended, Do: []Effect{PlaceDisputeHold, OpenEnd}},
		{From: Expired, On: DisputeOpened, To: Expired, Do: []Effect{PlaceDisputeHold}},
		{From: Cancelled, On: DisputeOpened, To: Cancelled, Do: []Effect{PlaceDisputeHold}},
		{From: Revoked, On: DisputeOpened, To: Revoked, Do: []Effect{PlaceDisputeHold}},
	},
	// A development license takes what stops its parent.
	placing(ParentStops, PlaceParentHold),
	lifting(ParentRuns, LiftParentHold),
	lifting(StaffLifts, LiftStaffHolds),
	lifting(PaymentLifted, LiftPaymentHold, SetGrace),
	lifting(DisputeWon, LiftDisputeHold, RestoreEnd),
	[]Transition{
		{From: Suspended, On: DisputeWon, If: Over, To: Expired, Do: []Effect{LiftDisputeHold, RestoreEnd}},
	},

	// Money decides.
	[]Transition{
		{From: Active, On: DisputeLost, To: Revoked, Do: []Effect{LiftDisputeHold, RestoreEnd, SetRevoked}},
		{From: Suspended, On: DisputeLost, To: Revoked, Do: []Effect{LiftDisputeHold, RestoreEnd, SetRevoked}},
		{From: Expired, On: DisputeLost, To: Revoked, Do: []Effect{LiftDisputeHold, RestoreEnd, SetRevoked}},
		{From: Cancelled, On: DisputeLost, To: Revoked, Do: []Effect{LiftDisputeHold, RestoreEnd, SetRevoked}},
		{From: Revoked, On: DisputeLost, To: Revoked, Do: []Effect{LiftDisputeHold, RestoreEnd}},

		{From: Active, On: FullRefund, To: Revoked, Do: []Effect{SetRevoked}},
		{From: Suspended, On: FullRefund, To: Revoked, Do: []Effect{SetRevoked}},
		{From: Expired, On: FullRefund, To: Revoked, Do: []Effect{SetRevoked}},
		{From: Cancelled, On: FullRefund, To: Revoked, Do: []Effect{SetRevoked}},
		{From: Revoked, On: FullRefund, To: Revoked},
	},
	nothing(PartialRefund, Statuses()...),

	// A subscription says how long the license runs. What is final it leaves alone, unless money may revive it.
	[]Transition{
		{From: Active, On: TermSet, If: Clear, To: Active, Do: []Effect{SetTerm}},
		{From: Active, On: TermSet, If: Held, To: Suspended, Do: []Effect{SetTerm}},
		{From: Active, On: TermSet, If: Over, To: Expired, Do: []Effect{SetTerm}},
		{From: Suspended, On: TermSet, If: Clear, To: Active, Do: []Effect{SetTerm}},
		{From: Suspended, On: TermSet, If: Held, To: Suspended, Do: []Effect{SetTerm}},
		{From: Suspended, On: TermSet, If: Over, To: Expired, Do: []Effect{SetTerm}},
		{From: Active, On: TermRevived, If: Clear, To: Active, Do: []Effect{SetTerm}},
		{From: Active, On: TermRevived, If: Held, To: Suspended, Do: []Effect{SetTerm}},
		{From: Active, On: TermRevived, If: Over, To: Expired, Do: []Effect{SetTerm}},
		{From: Suspended, On: TermRevived, If: Clear, To: Active, Do: []Effect{SetTerm}},
		{From: Suspended, On: TermRevived, If: Held, To: Suspended, Do: []Effect{SetTerm}},
		{From: Suspended, On: TermRevived, If: Over, To: Expired, Do: []Effect{SetTerm}},
		{From: Expired, On: TermRevived, If: Clear, To: Active, Do: []Effect{SetTerm}},
		{From: Expired, On: TermRevived, If: Held, To: Suspended, Do: []Effect{SetTerm}},
		{From: Expired, On: TermRevived, If: Over, To: Expired, Do: []Effect{SetTerm}},
	},
	nothing(TermSet, Expired, Cancelled, Revoked),
	nothing(TermRevived, Cancelled, Revoked),

	// Time passes. These change no fact; they say what is to be written down.
	[]Transition{
		{From: Active, On: GracePasses, If: Clear, To: Active},
		{From: Active, On: GracePasses, If: Held, To: Suspended},
		{From: Active, On: GracePasses, If: Over, To: Expired},
		{From: Suspended, On: GracePasses, If: Held, To: Suspended},
		{From: Suspended, On: GracePasses, If: Over, To: Expired},
		{From: Active, On: EndPasses, If: Clear, To: Active},
		{From: Active, On: EndPasses, If: Over, To: Expired},
		{From: Suspended, On: EndPasses, If: Held, To: Suspended},
		{From: Suspended, On: EndPasses, If: Over, To: Expired},
	},
	nothing(GracePasses, Expired, Cancelled, Revoked),
	nothing(EndPasses, Cancelled, Revoked),
)

// placing is a hold that suspends what runs and waits on what is final.
func placing(t Trigger, do Effect) []Transition {
	return []Transition{
		{From: Active, On: t, To: Suspended, Do: []Effect{do}},
		{From: Suspended, On: t, To: Suspended, Do: []Effect{do}},
		{From: Expired, On: t, To: Expired, Do: []Effect{do}},
		{From: Cancelled, On: t, To: Cancelled, Do: []Effect{do}},
		{From: Revoked, On: t, To: Revoked, Do: []Effect{do}},
	}
}

// lifting is a hold that goes: the license runs again if nothing else stands in the way.
func lifting(t Trigger, do ...Effect) []Transition {
	return []Transition{
		{From: Active, On: t, To: Active},
		{From: Suspended, On: t, If: Clear, To: Active, Do: do},
		{From: Suspended, On: t, If: Held, To: Suspended, Do: do},
		{From: Expired, On: t, To: Expired, Do: do},
		{From: Cancelled, On: t, To: Cancelled, Do: do},
		{From: Revoked, On: t, To: Revoked, Do: do},
	}
}

// nothing is a trigger that changes nothing.
func nothing(t Trigger, from ...Status) []Transition {
	lines := make([]Transition, 0, len(from))
	for _, s := range from {
		lines = append(lines, Transition{From: s, On: t, To: s})
	}
	return lines
}

func concat(parts ...[]Transition) []Transition {
	var all []Transition
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
