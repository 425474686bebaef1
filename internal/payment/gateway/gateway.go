// Package gateway is what Keystead asks of a payment service, and what it hears from one.
//
// Whatever is asked that moves money has a key. Asked again with the same key and the same facts, a gateway does
// nothing and tells what became of the first time; with other facts it refuses. So a request whose answer was lost is
// safe to repeat, and what nobody has an answer to is asked about ([Gateway.FindCharge]) before anything else is done.
package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Gateway is one payment service. An error of a method says that the outcome is not known: what was asked for may have
// happened. A refusal that the gateway is sure of is an outcome, not an error.
//
// No method may be called inside a transaction of the store: a gateway takes its time, and its effects stay whatever
// becomes of the caller.
type Gateway interface {
	Name() string
	Can() Capabilities

	// Charge takes money by a saved method, without its owner.
	Charge(ctx context.Context, in Charge) (Outcome, error)
	// Checkout prepares a page on which a customer pays: an outcome that requires action, with the address of the page.
	Checkout(ctx context.Context, in Checkout) (Outcome, error)
	// FindCharge tells how far a charge is that was asked for with a key; reference is the gateway's own name for it,
	// empty if it was never told. The error is ErrNotFound if no such request has arrived.
	FindCharge(ctx context.Context, key, reference string) (Outcome, error)
	// CancelCharge gives up a charge that still waits for its owner and tells what it is then: failed, or whatever it
	// had become before.
	CancelCharge(ctx context.Context, key, reference string) (Outcome, error)

	// Refund gives back a part of a charge.
	Refund(ctx context.Context, in Refund) (RefundOutcome, error)
	// FindRefund is FindCharge for a refund. One that was made on the gateway's own pages has no key.
	FindRefund(ctx context.Context, key, reference string) (RefundOutcome, error)

	// FindDispute tells how a dispute stands. The error is ErrNotFound if there is none with this reference.
	FindDispute(ctx context.Context, reference string) (DisputeEvent, error)
	// EventsSince returns a page of what the gateway has told by webhook since a time, or tried to, in any order, each with
	// the id that its webhook has, and the cursor of the next page, empty after the last. A gateway keeps them for some weeks.
	EventsSince(ctx context.Context, since time.Time, cursor string) (events []Event, next string, err error)

	// AttachMethod saves what a token of the gateway's form stands for, a card or an account, for a customer. A token
	// that is none gives an error of package fail.
	AttachMethod(ctx context.Context, customerID, token string) (Method, error)
	// DetachMethod forgets a saved method. Forgetting it again does nothing.
	DetachMethod(ctx context.Context, token string) error

	// ParseWebhook verifies that a message comes from the gateway and is fresh at now, and reads it. The error is
	// ErrForged or ErrStale if it must not be listened to.
	ParseWebhook(header http.Header, body []byte, now time.Time) (Event, error)
}

var (
	// ErrNotFound says that the gateway has never heard of what it was asked about.
	ErrNotFound = errors.New("the gateway knows of no such request")
	// ErrForged says that a message does not come from the gateway.
	ErrForged = errors.New("the signature is not the gateway's")
	// ErrStale says that a message was signed too long ago, or in the future.
	ErrStale = errors.New("the signature is not of this time")
	// ErrUnable says that the gateway can't do what it was asked for at all; see Capabilities.
	ErrUnable = errors.New("the gateway can't do this")
)

// Capabilities is what a gateway can do besides a page to pay on.
type Capabilities struct {
	Checkout      bool // has a page to pay on
	SaveMethod    bool // keeps cards for later
	OffSession    bool // charges them without their owner
	Subscriptions bool // has subscriptions of its own
	Refund        bool
	PartialRefund bool
}

// Charge asks for money by a saved method.
type Charge struct {
	Key           string
	Money         money.Money
	CustomerID    string
	MethodToken   string
	InvoiceNumber string
	Metadata      map[string]string // kept with the charge, for people and for finding it again
}

// Checkout asks for a page to pay on.
type Checkout struct {
	Key           string
	Money         money.Money
	CustomerID    string
	InvoiceNumber string
	SaveMethod    bool
	ReturnURL     string // where the customer goes afterwards
	Metadata      map[string]string
}

// State is how far a charge is.
type State string

// The states of a charge.
const (
	Succeeded      State = "succeeded"
	Failed         State = "failed"
	Pending        State = "pending"         // the gateway will tell
	RequiresAction State = "requires_action" // its owner must confirm it at ActionURL
)

// Outcome is what became of a charge so far.
type Outcome struct {
	State     State       `json:"state"`
	Reference string      `json:"reference,omitzero"` // the gateway's name for it
	Captured  money.Money `json:"captured,omitzero"`  // what a charge that succeeded has taken; it may be less than asked
	Code      string      `json:"code,omitzero"`      // why it failed, in the gateway's words
	Detail    string      `json:"detail,omitzero"`    // the same for people
	ActionURL string      `json:"action_url,omitzero"`
	Method    *Method     `json:"method,omitzero"` // that was saved while paying
}

// Refund asks to give back a part of a charge.
type Refund struct {
	Key             string
	ChargeKey       string
	ChargeReference string
	Money           money.Money
	Reason          string
}

// RefundState is how far a refund is.
type RefundState string

// The states of a refund.
const (
	RefundPending   RefundState = "pending"
	RefundSucceeded RefundState = "succeeded"
	RefundFailed    RefundState = "failed"
)

// RefundOutcome is what became of a refund so far.
type RefundOutcome struct {
	State     RefundState `json:"state"`
	Reference string      `json:"reference,omitzero"`
	Detail    string      `json:"detail,omitzero"` // why it failed
}

// Method is a saved card or account.
type Method struct {
	Token     string     `json:"token"` // the gateway's name for it
	Label     string     `json:"label"` // as people know it: "Visa •••• 4242"
	ExpiresOn civil.Date `json:"expires_on,omitzero"`
}

// Event is what a gateway tells by webhook: how one thing stands. One of Charge, Refund and Dispute is set; none if it
// is about something that Keystead does not care for.
type Event struct {
	ID      string        `json:"id"`
	Type    string        `json:"type"` // the gateway's word, for the log
	Charge  *ChargeEvent  `json:"charge,omitzero"`
	Refund  *RefundEvent  `json:"refund,omitzero"`
	Dispute *DisputeEvent `json:"dispute,omitzero"`
}

// ChargeEvent tells how a charge stands.
type ChargeEvent struct {
	Key     string  `json:"key"`
	Outcome Outcome `json:"outcome"`
}

// RefundEvent tells how a refund stands. Key is empty for one that was not asked for through Keystead.
type RefundEvent struct {
	Key             string        `json:"key,omitzero"`
	ChargeKey       string        `json:"charge_key"`
	ChargeReference string        `json:"charge_reference"`
	Money           money.Money   `json:"money"`
	Outcome         RefundOutcome `json:"outcome"`
}

// DisputeState is how a dispute stands.
type DisputeState string

// The states of a dispute. One that its customer withdrew is won.
const (
	DisputeOpen DisputeState = "open"
	DisputeWon  DisputeState = "won"
	DisputeLost DisputeState = "lost"
)

// DisputeEvent tells how a dispute stands: the customer has the bank take back what a charge took.
type DisputeEvent struct {
	Reference       string       `json:"reference"`
	ChargeKey       string       `json:"charge_key"`
	ChargeReference string       `json:"charge_reference"`
	Money           money.Money  `json:"money"`
	State           DisputeState `json:"state"`
	Reason          string       `json:"reason,omitzero"`
	// RespondBy is until when the store can answer the bank on the gateway's pages; zero: the gateway does not tell.
	RespondBy time.Time `json:"respond_by,omitzero"`
}
