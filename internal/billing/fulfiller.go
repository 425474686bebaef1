package billing

import (
	"context"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
)

// The kinds of fulfilment links: what paying a line does.
const (
	KindLicense      = "license"      // issues a license
	LinkAddon        = "addon"        // adds to a license, for good
	LinkSubscription = "subscription" // begins a subscription by its first period
	LinkRenewal      = "renewal"      // pays for the next period of a subscription
	LinkChange       = "plan_change"  // changes what a subscription is for
)

// Fulfiller does what paying an invoice line promises. Each kind of fulfilment link has one, registered with
// [Service.Register]; billing knows nothing else about what is sold.
type Fulfiller interface {
	// Fulfil does the work of a paid line as part of tx and returns the id of what it acted on, such as a license's.
	//
	// It runs in a savepoint: an error undoes what it wrote and nothing else. Then the payment stands, the link is
	// failed, and the work is tried again later. It is called until it succeeds once, and never after that.
	Fulfil(ctx context.Context, tx *db.Tx, line Line) (target string, err error)
}

// Undoer is a [Fulfiller] of lines that fees may go with.
type Undoer interface {
	// Undone reports as part of tx whether what a line promises is not done, and is not to be done any more once the line is
	// credited as a whole: then the fees are owed to nobody.
	Undone(ctx context.Context, tx *db.Tx, lineID string) (bool, error)
}

// Line is a paid invoice line as its [Fulfiller] sees it. What comes from an order is empty for other invoices.
type Line struct {
	ID             string // of the invoice line
	InvoiceID      string
	InvoiceKind    Kind
	CustomerID     string
	SubscriptionID string
	Period         civil.Period // zero: none
	Kind           string       // of the link
	Target         string       // what the link names so far
	Payload        string
	Description    string
	Quantity       int64
	Total          money.Money

	OrderID     string
	OrderItemID string
	OrderKind   string // "sale", "complimentary" or "test"
	Reason      string // why staff gave it away; empty for a sale
	PriceID     string
	PlanID      string
	ValidFor    civil.Span // zero: for ever
}
