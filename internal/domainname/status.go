package domainname

import (
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/lifecycle"
)

// Status is how a domain stands.
type Status string

// The statuses. Active, grace, redemption and expired are computed when they are read.
const (
	Pending             Status = "pending"
	PendingRegistration Status = "pending_registration"
	PendingTransfer     Status = "pending_transfer"
	Active              Status = "active"
	Grace               Status = "grace"
	Redemption          Status = "redemption"
	Expired             Status = "expired"
	TransferredAway     Status = "transferred_away"
	Cancelled           Status = "cancelled"
	Fraud               Status = "fraud"
)

// Live reports whether the status is one of those that follow from the dates.
func (s Status) Live() bool {
	return s == Active || s == Grace || s == Redemption || s == Expired
}

// Renewable reports whether it is renewed in the ordinary way. What needs a restore, is over or is not here yet is promised no
// renewal, and no date of one.
func (s Status) Renewable() bool { return s == Active || s == Grace }

// Final reports whether the record is over: its name may belong to another one.
func (s Status) Final() bool {
	return s == Expired || s == TransferredAway || s == Cancelled || s == Fraud
}

// Standing is what holds for a domain at an instant.
type Standing struct {
	Status Status
	Window Window
	// Stage is what has to be done for a renewal, and by which fee: the calendar's, unless the registry says otherwise.
	Stage Stage
	// Ahead is by how many years the registry is ahead of what was paid.
	Ahead int
	// Confirming: a renewal is paid and not confirmed. Customers and staff see "paid, being confirmed".
	Confirming bool
	// LastSafe is the last safe day of a renewal that is paid and not confirmed; zero: there is none.
	LastSafe civil.Date
}

// Assess says how a domain stands at an instant, from its facts, the policy of its extension and the renewal that is open
// (nil: none). It is asked for every status that is shown, priced or acted upon; what jobs write down is its answer.
//
// From the day on which staff had the registry delete it, the calendar is that of its redemption.
// The registry's word of the last 24 hours wins over the calendar: a name in redemption or about to be deleted is there
// what it is here, and one that is neither and still ours is never more than in grace.
func Assess(d Domain, p Policy, open *Renewal, now time.Time) Standing {
	s := Standing{Status: d.Status, Confirming: open != nil && open.State.unconfirmed()}
	if !d.Status.Live() {
		return s
	}
	_, s.Ahead = d.TermEnd()
	s.Window = d.Window(p)
	if s.Confirming {
		s.LastSafe = d.WindowOf(*open, p).LastSafeDay(RegistryDate(now))
	}
	s.Stage = d.stage(p, s.Window, now)
	switch s.Stage {
	case StageActive, StageTooLate:
		s.Status = Active
	case StageGrace:
		s.Status = Grace
	case StageRedemption:
		s.Status = Redemption
	case StageExpired:
		s.Status = Expired
		if s.Confirming {
			s.Status = Grace
		}
	}
	return s
}

// stage is where the calendar and the registry put the domain at an instant.
func (d Domain) stage(p Policy, w Window, now time.Time) Stage {
	if w.End.IsZero() {
		return StageActive // nobody has said when it ends
	}
	calendar := w.Stage(RegistryDate(now))
	if d.DeletedAt != nil {
		calendar = StageExpired
		if d.MissingSince == nil && !w.LastRestore.IsZero() && !RegistryDate(now).After(w.LastRestore) {
			calendar = StageRedemption
		}
	}
	if !d.State.freshAt(now) {
		return calendar
	}
	switch {
	case d.State.rgp("redemptionPeriod"), d.State.rgp("pendingRestore"):
		return StageRedemption
	case d.State.rgp("pendingDelete"):
		return StageExpired
	case d.State.epp("pendingDelete"):
		// The registry says no more than that: restorable where the extension has a redemption that is not over.
		if p.RedemptionDays > 0 && calendar != StageExpired {
			return StageRedemption
		}
		return StageExpired
	case d.State.rgp("autoRenewPeriod") || d.State.Sponsor == SponsorOurs:
		if calendar == StageRedemption || calendar == StageExpired {
			return StageGrace
		}
	}
	return calendar
}

// Deleting reports whether the registry has said within the last day that the name is in redemption, or about to be deleted.
func (s RegistryState) Deleting(now time.Time) bool {
	return s.freshAt(now) && (s.rgp("redemptionPeriod") || s.rgp("pendingRestore") || s.rgp("pendingDelete") || s.epp("pendingDelete"))
}

// AwaitsReport reports whether the registry, as it was read last, has begun to restore the name, and deletes it after all unless it is
// told why in time.
func (s RegistryState) AwaitsReport() bool { return s.rgp("pendingRestore") }

type statusTrigger string

const (
	paidFor       statusTrigger = "its order is paid"
	paidTransfer  statusTrigger = "its transfer is paid"
	orderEnds     statusTrigger = "its order is cancelled"
	confirmedBy   statusTrigger = "confirmed by the registrar or by staff"
	refused       statusTrigger = "refused"
	termEnds      statusTrigger = "the term ends"
	plainEnds     statusTrigger = "a plain renewal is no longer possible"
	allEnds       statusTrigger = "nothing is possible any more"
	renewedThere  statusTrigger = "renewed or restored"
	notDeleted    statusTrigger = "the registry has it still, neither in redemption nor to be deleted"
	sponsorLeft   statusTrigger = "the registry names another sponsor, twice in one run, or does not find it in two runs"
	deletedThere  statusTrigger = "staff have the registry delete it"
	deletedAtOnce statusTrigger = "staff have the registry delete it, and nothing is left to restore"
	byStaff       statusTrigger = "staff end it"
	asFraud       statusTrigger = "staff call it fraud"
)

// Leads reports whether something leads a domain from one status to another.
func Leads(from, to Status) bool {
	return slices.ContainsFunc(statuses.Steps, func(s lifecycle.Step[Status, statusTrigger]) bool { return s.From == from && s.To == to })
}

// statuses is the state machine of a domain.
var statuses = lifecycle.Table[Status, statusTrigger]{
	Name:   "Domain",
	States: []Status{Pending, PendingRegistration, PendingTransfer, Active, Grace, Redemption, Expired, TransferredAway, Cancelled, Fraud},
	Steps: []lifecycle.Step[Status, statusTrigger]{
		{From: Pending, On: paidFor, To: PendingRegistration, Effects: "the registrar is asked"},
		{From: Pending, On: paidTransfer, To: PendingTransfer, Effects: "the registrar is asked"},
		{From: Pending, On: orderEnds, To: Cancelled},
		{From: PendingRegistration, On: confirmedBy, To: Active, Effects: "the registry's date is read; the stored term follows from the term that was bought"},
		{From: PendingRegistration, On: refused, To: Cancelled, Effects: "what was paid becomes credit"},
		{From: PendingTransfer, On: confirmedBy, To: Active, Effects: "the registry's date is read, never computed"},
		{From: PendingTransfer, On: refused, To: Cancelled, Effects: "what was paid becomes credit"},
		{From: Active, On: termEnds, When: "with grace", To: Grace, Effects: "an open invoice stays payable; the fee is added"},
		{From: Active, On: plainEnds, When: "without grace, at the term's end", To: Redemption, Effects: "only a restore is possible"},
		{From: Active, On: allEnds, When: "without grace and redemption, at the term's end", To: Expired, Effects: "the open renewal is withdrawn, unless it is paid"},
		{From: Active, On: sponsorLeft, To: TransferredAway, Effects: "do not renew; an unpaid line is withdrawn, a paid and unfulfilled one credited; the subscription ends"},
		{From: Active, On: deletedThere, To: Redemption, Effects: "do not renew; an unpaid line is withdrawn; only a restore is possible"},
		{From: Active, On: deletedAtOnce, To: Expired, Effects: "do not renew; an unpaid line is withdrawn"},
		{From: Active, On: byStaff, To: Cancelled},
		{From: Active, On: asFraud, To: Fraud},
		{From: Grace, On: renewedThere, To: Active, Effects: "told once"},
		{From: Grace, On: plainEnds, When: "read as being in redemption, or not read as ours within 24 hours", To: Redemption, Effects: "only a restore is possible"},
		{From: Grace, On: allEnds, When: "as above, without redemption", To: Expired, Effects: "the open renewal is withdrawn, unless it is paid"},
		{From: Grace, On: sponsorLeft, To: TransferredAway, Effects: "as above"},
		{From: Grace, On: deletedThere, To: Redemption, Effects: "do not renew; an unpaid line is withdrawn; only a restore is possible"},
		{From: Grace, On: deletedAtOnce, To: Expired, Effects: "do not renew; an unpaid line is withdrawn"},
		{From: Grace, On: byStaff, To: Cancelled},
		{From: Grace, On: asFraud, To: Fraud},
		{From: Redemption, On: renewedThere, To: Active, Effects: "the new date is read"},
		{From: Redemption, On: notDeleted, To: Grace, Effects: "a plain renewal is possible after all"},
		{From: Redemption, On: allEnds, To: Expired, Effects: "the open renewal is withdrawn, unless it is paid"},
		{From: Redemption, On: sponsorLeft, To: TransferredAway, Effects: "as above"},
		{From: Redemption, On: byStaff, To: Cancelled},
		{From: Redemption, On: asFraud, To: Fraud},
		{From: Expired, On: renewedThere, When: "by staff", To: Active, Effects: "the new date is read"},
		{From: Expired, On: notDeleted, When: "no other record has the name", To: Grace, Effects: "a plain renewal is possible after all"},
		{From: Expired, On: byStaff, To: Cancelled},
		{From: Expired, On: asFraud, To: Fraud},
	},
}
