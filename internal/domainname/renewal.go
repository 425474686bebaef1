package domainname

import (
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/lifecycle"
	"github.com/keystead/keystead/internal/money"
)

// RenewalKind says why a renewal is made.
type RenewalKind string

// The kinds.
const (
	Automatic RenewalKind = "automatic" // invoiced by the store
	Ordered   RenewalKind = "ordered"   // asked for by the customer
	WithFree  RenewalKind = "free"      // paid for by the service that the domain is free with
	Manual    RenewalKind = "manual"    // made by staff
)

// RenewalState says what became of a renewal.
type RenewalState string

// The states. Of those up to attention a domain has at most one renewal.
const (
	RenewalOpen      RenewalState = "open" // unpaid
	RenewalPaid      RenewalState = "paid"
	RenewalHeld      RenewalState = "held"     // paid, and something must happen first: see Hold
	RenewalArranged  RenewalState = "arranged" // the registrar will renew it, or has and the date moves later
	RenewalSubmitted RenewalState = "submitted"
	RenewalUnknown   RenewalState = "unknown"   // nobody knows yet whether the registry has done it
	RenewalAttention RenewalState = "attention" // what the registry says fits nothing: a person decides

	RenewalConfirmed RenewalState = "confirmed"
	RenewalSatisfied RenewalState = "satisfied" // the years were there already: see Cause
	RenewalWithdrawn RenewalState = "withdrawn"
	RenewalRevoked   RenewalState = "revoked"
	RenewalRefunded  RenewalState = "refunded"
	RenewalLost      RenewalState = "lost" // the domain went before it could be renewed; the money is credit
)

// openStates are the states in which a renewal is not over.
var openStates = []RenewalState{RenewalOpen, RenewalPaid, RenewalHeld, RenewalArranged, RenewalSubmitted, RenewalUnknown, RenewalAttention}

// Open reports whether a renewal in this state is not over.
func (s RenewalState) Open() bool { return slices.Contains(openStates, s) }

// unconfirmed reports whether it is paid for and not over.
func (s RenewalState) unconfirmed() bool { return s.Open() && s != RenewalOpen }

// Unpaid reports whether the renewal was made before its line was paid, and that is unpaid still.
func (r Renewal) Unpaid() bool {
	return (r.State == RenewalSatisfied || r.State == RenewalConfirmed) && r.PaidAt == nil && r.LineID != ""
}

// MoneyAway reports whether the renewal waits since its payment was taken back or is disputed.
func (r Renewal) MoneyAway() bool { return r.State == RenewalHeld && r.Cause == WaitsForMoney }

// Missed reports whether staff have said that an unpaid renewal was done elsewhere, and the registry's date does not say so.
func (r Renewal) Missed(expiry civil.Date) bool {
	return r.State == RenewalSatisfied && r.Cause == Elsewhere && YearsAhead(expiry, r.Base) < r.Years
}

// Remaining is how many of its years the registry is still to add, as its date says.
func (r Renewal) Remaining(expiry civil.Date) int {
	if verdict, years := Decide(r.Base, r.Years, expiry); verdict == SendYears {
		return years
	}
	return r.Years
}

// Hold says for what a paid renewal waits.
type Hold string

// The holds.
const (
	HeldTopUp    Hold = "top_up"   // the stage changed before the money came: the difference is asked for
	HeldPrice    Hold = "price"    // the registry asks for another price: the customer must accept it
	HeldFunds    Hold = "funds"    // too little money at the registrar
	HeldLock     Hold = "lock"     // the registry has locked the name
	HeldStaff    Hold = "staff"    // the store renews by hand
	HeldRegistry Hold = "registry" // the registry refuses, or can't be reached often enough
)

// ByStaffsWord is the cause of a paid renewal that staff have released: what they have looked at is not asked again.
const ByStaffsWord = "released by staff"

// Elsewhere is the cause of a renewal of which staff have said that it was done elsewhere, before it was paid.
const Elsewhere = "renewal elsewhere"

// Renewal is a row of the ledger: so many years from a base, what they cost, and what became of them.
type Renewal struct {
	ID         string
	DomainID   string
	CustomerID string
	Base       civil.Date // the term's end when it was made
	Years      int
	Kind       RenewalKind
	State      RenewalState
	Hold       Hold   // while it is held
	Cause      string // of held, attention, satisfied, revoked, withdrawn, refunded, lost: see Why
	// DueOn is the due date that an automatic renewal is for.
	DueOn civil.Date
	Price money.Money // of the renewal
	Fee   money.Money // of its stage
	Stage Stage       // by which the fee was asked
	// PolicyID is the row that decided.
	PolicyID  string
	LineID    string // of the invoice; empty: nothing is asked for it
	InvoiceID string
	OrderID   string // of the order that asked for it
	// FeeLineID and FeeInvoiceID are what the fee of its stage, or a difference, is asked for by: it waits for both.
	FeeLineID    string
	FeeInvoiceID string
	Expected     civil.Date // to which expiry it leads
	Reference    string     // the registry's own id of the transaction that did it
	Resends      int        // commands that were sent after the first one, at most 3
	PaidAt       *time.Time
	// Owed: staff renewed it by hand before its line was paid.
	Owed bool
	// PaidBefore and DueBefore are where paid-through and next due stood before payment moved them.
	PaidBefore, DueBefore civil.Date
	// LeaveDue: staff want next due to stay where it is.
	LeaveDue  bool
	SettledAt *time.Time
	Version   int64
	CreatedAt time.Time
}

// RenewalTrigger is what moves a renewal from one state to another.
type RenewalTrigger string

// The triggers.
const (
	OnPayment       RenewalTrigger = "its line is settled"
	OnManualSend    RenewalTrigger = "staff renew by hand, the money still being owed"
	OnWithdrawal    RenewalTrigger = "withdrawn: too late, not wanted, or its place is taken"
	OnRevocation    RenewalTrigger = "its link is revoked"
	OnRestoredLink  RenewalTrigger = "its link is set back"
	OnSend          RenewalTrigger = "the command is about to be sent"
	OnMode          RenewalTrigger = "the registrar is told to renew"
	OnHold          RenewalTrigger = "something must happen first"
	OnRelease       RenewalTrigger = "what it waited for has happened"
	OnYearsThere    RenewalTrigger = "the registry has all the years already"
	OnReadDone      RenewalTrigger = "the registry's date is the expected one"
	OnReadBase      RenewalTrigger = "the registry's date has not moved"
	OnReadElse      RenewalTrigger = "the registry's date is another one"
	OnDoneLater     RenewalTrigger = "done, and the date moves at the expiry"
	OnSilence       RenewalTrigger = "no answer, or none that tells"
	OnRefund        RenewalTrigger = "refunded or credited"
	OnLoss          RenewalTrigger = "the domain is not ours, or gone"
	OnStaffDecision RenewalTrigger = "staff decide to try again"
)

// renewals is the state machine of the ledger. What reads the registry's date is section "Protocol" of docs/domains.md.
var renewals = lifecycle.Table[RenewalState, RenewalTrigger]{
	Name: "Renewal",
	States: []RenewalState{
		RenewalOpen, RenewalPaid, RenewalHeld, RenewalArranged, RenewalSubmitted, RenewalUnknown, RenewalAttention,
		RenewalConfirmed, RenewalSatisfied, RenewalWithdrawn, RenewalRevoked, RenewalRefunded, RenewalLost,
	},
	Steps: []lifecycle.Step[RenewalState, RenewalTrigger]{
		{From: RenewalOpen, On: OnPayment, To: RenewalPaid, Effects: "paid-through and next due move by the term, in the payment's transaction; work is queued"},
		{From: RenewalOpen, On: OnManualSend, When: "staff chose that the line is still owed", To: RenewalPaid, Effects: "the protocol begins; the line stays payable, its link says by what it was fulfilled"},
		{From: RenewalOpen, On: OnYearsThere, When: "read by sync, or renewed elsewhere", To: RenewalSatisfied, Effects: "the line stays payable; paying it moves the dates and sends nothing"},
		{From: RenewalOpen, On: OnWithdrawal, To: RenewalWithdrawn, Effects: "the line is removed; its due date may be invoiced again"},
		{From: RenewalOpen, On: OnRevocation, To: RenewalRevoked, Effects: "paying the line settles the money only; its due date is not invoiced again"},
		{From: RenewalOpen, On: OnLoss, To: RenewalLost, Effects: "the line is removed"},
		{From: RenewalSatisfied, On: OnWithdrawal, When: "unpaid, and not wanted, or the registry has let it run out after all", To: RenewalWithdrawn, Effects: "the line is removed"},
		{From: RenewalSatisfied, On: OnRevocation, When: "unpaid, and its line is taken away by hand", To: RenewalRevoked, Effects: "staff are asked what becomes of the years that nobody paid for"},
		{From: RenewalSatisfied, On: OnStaffDecision, When: "paid, and not renewed elsewhere after all, as staff had said", To: RenewalPaid, Effects: "begins with reading the registry again"},
		{From: RenewalConfirmed, On: OnRevocation, When: "renewed by hand, still owed, and its line is taken away", To: RenewalRevoked, Effects: "as above"},
		{From: RenewalRevoked, On: OnWithdrawal, When: "staff have the term invoiced again", To: RenewalWithdrawn, Effects: "its due date may be invoiced again"},
		{From: RenewalRevoked, On: OnRestoredLink, When: "its line is unpaid, and no other renewal is open", To: RenewalOpen, Effects: "paying it renews again"},

		{From: RenewalPaid, On: OnYearsThere, To: RenewalSatisfied, Effects: "nothing is sent; told once"},
		{From: RenewalPaid, On: OnSend, When: "offered still, and nothing holds it", To: RenewalSubmitted, Effects: "the attempt is committed with a new transaction id, then sent"},
		{From: RenewalPaid, On: OnMode, When: "there is no renew command", To: RenewalArranged, Effects: "mode `renew` is set"},
		{From: RenewalPaid, On: OnHold, To: RenewalHeld, Effects: "staff are told; the last safe day counts down"},
		{From: RenewalPaid, On: OnReadElse, To: RenewalAttention, Effects: "staff are asked"},
		{From: RenewalPaid, On: OnRefund, To: RenewalRefunded, Effects: "paid-through and next due move back"},
		{From: RenewalPaid, On: OnLoss, To: RenewalLost, Effects: "the money is credit; do not renew"},

		{From: RenewalHeld, On: OnRelease, To: RenewalPaid, Effects: "begins with reading the registry again"},
		{From: RenewalHeld, On: OnYearsThere, To: RenewalSatisfied, Effects: "as above"},
		{From: RenewalHeld, On: OnRefund, To: RenewalRefunded, Effects: "paid-through and next due move back"},
		{From: RenewalHeld, On: OnLoss, To: RenewalLost, Effects: "the money is credit; do not renew"},

		{From: RenewalSubmitted, On: OnReadDone, To: RenewalConfirmed, Effects: "date, event and mail commit together; told once"},
		{From: RenewalSubmitted, On: OnReadBase, When: "the command was not accepted, fewer than 3 resends; never after 1001", To: RenewalPaid, Effects: "again after 1, 5, 30 minutes, same guard, new transaction id"},
		{From: RenewalSubmitted, On: OnHold, When: "refused for a reason that a resend does not change, or after 3 resends", To: RenewalHeld, Effects: "staff are told"},
		{From: RenewalSubmitted, On: OnDoneLater, To: RenewalArranged, Effects: "the customer sees the day on which the date moves"},
		{From: RenewalSubmitted, On: OnSilence, To: RenewalUnknown, Effects: "the registry is read first, never sent to first: after 1, 5, 15, 60 minutes, then hourly"},
		{From: RenewalSubmitted, On: OnYearsThere, When: "the registry's own year", To: RenewalSatisfied, Effects: "no further command"},
		{From: RenewalSubmitted, On: OnReadElse, To: RenewalAttention, Effects: "never a resend"},
		{From: RenewalSubmitted, On: OnLoss, To: RenewalLost, Effects: "the money is credit; do not renew; other unpaid lines are withdrawn"},

		{From: RenewalUnknown, On: OnReadDone, To: RenewalConfirmed, Effects: "as above"},
		{From: RenewalUnknown, On: OnYearsThere, When: "the registry's own year", To: RenewalSatisfied, Effects: "no further command"},
		{From: RenewalUnknown, On: OnReadBase, When: "by the adapter's settle time and order list too, where it has no guard", To: RenewalPaid, Effects: "as above"},
		{From: RenewalUnknown, On: OnHold, When: "after 3 resends", To: RenewalHeld, Effects: "staff are told"},
		{From: RenewalUnknown, On: OnReadElse, To: RenewalAttention, Effects: "staff are asked"},
		{From: RenewalUnknown, On: OnLoss, To: RenewalLost, Effects: "as above"},

		{From: RenewalArranged, On: OnReadDone, When: "on the day of the expiry", To: RenewalConfirmed, Effects: "as above"},
		{From: RenewalArranged, On: OnReadElse, When: "the date is neither the old nor the new one, or the expiry has passed", To: RenewalAttention, Effects: "staff are asked"},
		{From: RenewalArranged, On: OnHold, When: "its payment is taken back or disputed, and the registrar was told a mode only", To: RenewalHeld, Effects: "staff are asked; mode `expire` is set at the start of the last plain day, unless the money is there by then"},
		{From: RenewalArranged, On: OnRefund, To: RenewalRefunded, Effects: "paid-through and next due move back; mode `expire` is set at the start of the last plain day"},
		{From: RenewalArranged, On: OnLoss, To: RenewalLost, Effects: "as above"},

		{From: RenewalAttention, On: OnStaffDecision, To: RenewalPaid, Effects: "begins with reading the registry again"},
		{From: RenewalAttention, On: OnReadDone, To: RenewalConfirmed, Effects: "by staff, or by sync"},
		{From: RenewalAttention, On: OnYearsThere, To: RenewalSatisfied, Effects: "by staff, or by sync"},
		{From: RenewalAttention, On: OnRefund, To: RenewalRefunded, Effects: "paid-through and next due move back"},
		{From: RenewalAttention, On: OnLoss, To: RenewalLost, Effects: "as above"},
	},
}

// NextState returns where a trigger leads a renewal, and whether it may happen at all.
func NextState(from RenewalState, on RenewalTrigger) (RenewalState, bool) {
	return renewals.Next(from, on)
}

// StatesMarkdown returns the state machines of this room for the documentation.
func StatesMarkdown() string { return statuses.Markdown() + "\n" + renewals.Markdown() }
