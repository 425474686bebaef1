package payment

import (
	"github.com/keystead/keystead/internal/lifecycle"
	"github.com/keystead/keystead/internal/payment/gateway"
)

// State is how far a payment has come. Refunds and disputes don't change it.
type State string

// The states of a payment. One that staff record, and credit that is used, has succeeded from the start.
const (
	StatePending        State = "pending"
	StateRequiresAction State = "requires_action"
	Succeeded           State = "succeeded"
	StateFailed         State = "failed"
)

// AttemptState is how far a try to charge has come.
type AttemptState string

// The states of an attempt.
const (
	AttemptCreated        AttemptState = "created" // not handed over to the gateway yet
	AttemptUnknown        AttemptState = "unknown" // handed over; no answer so far
	AttemptPending        AttemptState = "pending"
	AttemptRequiresAction AttemptState = "requires_action" // waits for its owner
	AttemptSucceeded      AttemptState = "succeeded"
	AttemptFailed         AttemptState = "failed"
)

type attemptTrigger string

const (
	handedOver     attemptTrigger = "its turn has come"
	notNeeded      attemptTrigger = "its turn has come, and the invoice takes no money"
	neverArrived   attemptTrigger = "the gateway has never heard of it"
	saysPending    attemptTrigger = "the gateway says pending"
	saysAction     attemptTrigger = "the gateway says that its owner must act"
	saysSucceeded  attemptTrigger = "the gateway says succeeded"
	saysFailed     attemptTrigger = "the gateway says failed"
	effectAsked                   = "the gateway is asked from time to time"
	effectReceived                = "the money counts towards the invoice, the rest is credit; event `payment.received`"
	effectFailed                  = "event `payment.failed`"
	effectAction                  = "event `payment.action_required`, unless its owner pays on a page; given up at the gateway after 23 hours"
)

// attemptStates lets an attempt only go on, whatever comes late or twice: what was said last in the order of this table
// counts, in whatever order it arrives. Of an invoice at most one attempt is neither succeeded nor failed.
var attemptStates = lifecycle.Table[AttemptState, attemptTrigger]{
	Name: "Payment attempt",
	States: []AttemptState{
		AttemptCreated, AttemptUnknown, AttemptPending, AttemptRequiresAction, AttemptSucceeded, AttemptFailed,
	},
	Steps: []lifecycle.Step[AttemptState, attemptTrigger]{
		{
			From: AttemptCreated, On: handedOver, When: "the invoice is open and not disputed", To: AttemptUnknown,
			Effects: "committed before the gateway is called, for no more than the balance; " + effectAsked + ", until it knows",
		},
		{From: AttemptCreated, On: notNeeded, To: AttemptFailed, Effects: "the gateway never hears of it"},
		{From: AttemptUnknown, On: neverArrived, When: "it is of no use to ask for it again", To: AttemptFailed, Effects: effectFailed},
		{From: AttemptUnknown, On: saysPending, To: AttemptPending, Effects: effectAsked},
		{From: AttemptUnknown, On: saysAction, To: AttemptRequiresAction, Effects: effectAction},
		{From: AttemptUnknown, On: saysSucceeded, To: AttemptSucceeded, Effects: effectReceived},
		{From: AttemptUnknown, On: saysFailed, To: AttemptFailed, Effects: effectFailed},
		{From: AttemptPending, On: saysAction, To: AttemptRequiresAction, Effects: effectAction},
		{From: AttemptPending, On: saysSucceeded, To: AttemptSucceeded, Effects: effectReceived},
		{From: AttemptPending, On: saysFailed, To: AttemptFailed, Effects: effectFailed},
		{From: AttemptRequiresAction, On: saysPending, To: AttemptPending, Effects: effectAsked},
		{From: AttemptRequiresAction, On: saysSucceeded, To: AttemptSucceeded, Effects: effectReceived},
		{From: AttemptRequiresAction, On: saysFailed, To: AttemptFailed, Effects: effectFailed},
		{From: AttemptFailed, On: saysSucceeded, When: "the gateway corrects itself", To: AttemptSucceeded, Effects: effectReceived},
	},
}

func triggerOf(s gateway.State) (attemptTrigger, bool) {
	switch s {
	case gateway.Pending:
		return saysPending, true
	case gateway.RequiresAction:
		return saysAction, true
	case gateway.Succeeded:
		return saysSucceeded, true
	case gateway.Failed:
		return saysFailed, true
	default:
		return "", false
	}
}

// RefundState is how far a refund has come.
type RefundState string

// The states of a refund. One that became credit has succeeded from the start.
const (
	RefundPending   RefundState = "pending"
	RefundSucceeded RefundState = "succeeded"
	RefundFailed    RefundState = "failed"
)

type refundTrigger string

const (
	refundDone   refundTrigger = "the gateway says succeeded"
	refundBroken refundTrigger = "the gateway says failed"
)

var refundStates = lifecycle.Table[RefundState, refundTrigger]{
	Name:   "Refund",
	States: []RefundState{RefundPending, RefundSucceeded, RefundFailed},
	Steps: []lifecycle.Step[RefundState, refundTrigger]{
		{From: RefundPending, On: refundDone, To: RefundSucceeded, Effects: "event `refund.succeeded`"},
		{
			From: RefundPending, On: refundBroken, To: RefundFailed,
			Effects: "the money is the customer's credit; event `refund.failed`; staff get a task",
		},
		{From: RefundSucceeded, On: refundBroken, When: "the bank sends it back", To: RefundFailed, Effects: "the same"},
	},
}

// DisputeStatus is how a dispute stands.
type DisputeStatus string

// The states of a dispute.
const (
	DisputeOpen DisputeStatus = "open"
	DisputeWon  DisputeStatus = "won" // or withdrawn
	DisputeLost DisputeStatus = "lost"
)

type disputeTrigger string

const (
	disputeWon  disputeTrigger = "the bank decides for the store"
	disputeLost disputeTrigger = "the bank decides for the customer"
)

var disputeStates = lifecycle.Table[DisputeStatus, disputeTrigger]{
	Name:   "Dispute",
	States: []DisputeStatus{DisputeOpen, DisputeWon, DisputeLost},
	Steps: []lifecycle.Step[DisputeStatus, disputeTrigger]{
		{From: DisputeOpen, On: disputeWon, When: "or the customer withdraws it", To: DisputeWon, Effects: "the payment counts again; event `dispute.won`"},
		{From: DisputeOpen, On: disputeLost, To: DisputeLost, Effects: "the invoice is given up as uncollectible; event `dispute.lost`"},
	},
}

// StatesMarkdown returns the state machines of this room for the documentation.
func StatesMarkdown() string {
	return attemptStates.Markdown() + "\n" + refundStates.Markdown() + "\n" + disputeStates.Markdown()
}
