package billing

import (
	"context"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
)

// KindLicense is the fulfilment kind of a line whose payment issues a license.
const KindLicense = "license"

// Fulfiller does what paying an invoice line promises. Each kind of fulfilment link has one, registered with
// [Service.Register]; billing knows nothing else about what is sold.
type Fulfiller interface {
	// Fulfil does the work of a paid line as part of tx and returns the id of what it acted on, such as a license's.
	//
	// It runs in a savepoint: an error undoes what it wrote and nothing else. Then the payment stands, the link is
	// failed, and the work is tried again later. It is called until it succeeds once, and never after that.
	Fulfil(ctx context.Context, tx *db.Tx, line Line) (target string, err error)
}

// Line is a paid invoice line as its [Fulfiller] sees it.
type Line struct {
	ID          string // of the invoice line
	InvoiceID   string
	OrderID     string
	OrderItemID string
	CustomerID  string
	OrderKind   string // "sale", "complimentary" or "test"
	Reason      string // why staff gave it away; empty for a sale
	PriceID     string
	PlanID      string
	Quantity    int64
	ValidFor    civil.Span // zero: for ever
	Description string
}
