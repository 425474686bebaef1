package order

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/lifecycle"
)

// Status is the state of an order.
type Status string

// The states of an order.
const (
	Pending           Status = "pending"            // waits for its money
	Completed         Status = "completed"          // paid, and everything that it promised is done
	Failed            Status = "failed"             // paid, but a line could not be fulfilled yet
	Cancelled         Status = "cancelled"          // will not be paid
	PartiallyRefunded Status = "partially_refunded" // a part of it was given back
	Refunded          Status = "refunded"           // all of it was given back
	Disputed          Status = "disputed"           // a payment is, or was successfully, disputed
)

type trigger string

const (
	delivered   trigger = "invoice paid, every line fulfilled or revoked"
	undelivered trigger = "invoice paid, a line not fulfilled"
	waiting     trigger = "invoice open, nothing delivered before"
	reopened    trigger = "invoice open again after it was paid"
	withdrawn   trigger = "invoice void, uncollectible or wholly credited before anything was delivered"
	returned    trigger = "refunds credit the whole invoice"
	partly      trigger = "refunds credit a part of the invoice"
	contested   trigger = "a dispute is open or lost"
)

const givenBack = "; a use of a coupon and a trial are given back"

var states = lifecycle.Table[Status, trigger]{
	Name:   "Order",
	States: []Status{Pending, Completed, Failed, Cancelled, PartiallyRefunded, Refunded, Disputed},
	Steps: []lifecycle.Step[Status, trigger]{
		{From: Pending, On: waiting, To: Pending},
		{From: Pending, On: delivered, To: Completed, Effects: "event `order.completed`"},
		{From: Pending, On: undelivered, To: Failed, Effects: "event `order.failed`; the lines are tried again"},
		{From: Pending, On: withdrawn, To: Cancelled, Effects: "event `order.cancelled`" + givenBack},
		{From: Pending, On: partly, To: PartiallyRefunded, Effects: "event `order.partially_refunded`"},
		{From: Pending, On: returned, To: Refunded, Effects: "event `order.refunded`"},
		{From: Pending, On: contested, To: Disputed, Effects: "event `order.disputed`"},

		{From: Failed, On: delivered, To: Completed, Effects: "event `order.completed`"},
		{From: Failed, On: undelivered, To: Failed},
		{From: Failed, On: waiting, To: Failed},
		{From: Failed, On: withdrawn, To: Cancelled, Effects: "event `order.cancelled`"},
		{From: Failed, On: partly, To: PartiallyRefunded, Effects: "event `order.partially_refunded`"},
		{From: Failed, On: returned, To: Refunded, Effects: "event `order.refunded`"},
		{From: Failed, On: contested, To: Disputed, Effects: "event `order.disputed`"},

		{From: Completed, On: delivered, To: Completed},
		{From: Completed, On: reopened, To: Completed, Effects: "the debt stands; collecting it decides about what was delivered"},
		{From: Completed, On: withdrawn, To: Cancelled, Effects: "event `order.cancelled`"},
		{From: Completed, On: partly, To: PartiallyRefunded, Effects: "event `order.partially_refunded`"},
		{From: Completed, On: returned, To: Refunded, Effects: "event `order.refunded`"},
		{From: Completed, On: contested, To: Disputed, Effects: "event `order.disputed`"},

		{From: PartiallyRefunded, On: partly, To: PartiallyRefunded},
		{From: PartiallyRefunded, On: waiting, To: PartiallyRefunded},
		{From: PartiallyRefunded, On: reopened, To: PartiallyRefunded},
		{From: PartiallyRefunded, On: withdrawn, To: PartiallyRefunded, Effects: "the rest was given up"},
		{From: PartiallyRefunded, On: returned, To: Refunded, Effects: "event `order.refunded`"},
		{From: PartiallyRefunded, On: contested, To: Disputed, Effects: "event `order.disputed`"},

		{From: Refunded, On: returned, To: Refunded},
		{From: Refunded, On: withdrawn, To: Refunded},
		{From: Refunded, On: contested, To: Disputed, Effects: "event `order.disputed`"},

		{From: Disputed, On: contested, To: Disputed},
		{From: Disputed, On: withdrawn, To: Cancelled, Effects: "event `order.cancelled`"},
		{From: Disputed, On: reopened, To: Disputed, Effects: "the money of a dispute that was won is about to count again"},
		{From: Disputed, On: waiting, To: Pending, Effects: "event `order.pending`"},
		{From: Disputed, On: delivered, To: Completed, Effects: "event `order.reinstated`; `order.completed` if it never was"},
		{From: Disputed, On: undelivered, To: Failed, Effects: "event `order.failed`"},
		{From: Disputed, On: partly, To: PartiallyRefunded, Effects: "event `order.partially_refunded`"},
		{From: Disputed, On: returned, To: Refunded, Effects: "event `order.refunded`"},

		{From: Cancelled, On: withdrawn, To: Cancelled},
		{From: Cancelled, On: contested, To: Cancelled, Effects: "of money that came too late"},
	},
}

// StatesMarkdown returns the state machine of orders for the documentation.
func StatesMarkdown() string { return states.Markdown() }

// facts are what an order needs to know besides its invoice.
type facts struct {
	refunded  int64 // what credit notes of refunds took back of the invoice
	lost      bool  // whether a dispute was lost
	completed bool  // whether the order was completed once
}

// saysOf returns what an invoice means for its order; nothing while it is a draft.
func saysOf(inv billing.Invoice, f facts) (trigger, bool) {
	switch {
	case inv.Status == billing.Draft:
		return "", false
	case inv.Disputes > 0 || f.lost:
		return contested, true
	case f.refunded > 0 && inv.Credited.Amount >= inv.Total.Amount:
		return returned, true
	case inv.Status == billing.Void || inv.Status == billing.Uncollectible || takenBack(inv):
		return withdrawn, true
	case f.refunded > 0:
		return partly, true
	case inv.Status == billing.Open && f.completed:
		return reopened, true
	case inv.Status == billing.Open:
		return waiting, true
	}
	for _, line := range inv.Lines {
		if line.Link != nil && line.Link.State != billing.Done && line.Link.State != billing.Revoked {
			return undelivered, true
		}
	}
	return delivered, true
}

// takenBack reports whether an invoice was credited as a whole before any of its lines was fulfilled: nothing was sold.
func takenBack(inv billing.Invoice) bool {
	for _, line := range inv.Lines {
		if line.Link != nil && line.Link.State == billing.Done {
			return false
		}
	}
	return inv.Total.Amount > 0 && inv.Credited.Amount >= inv.Total.Amount
}

// InvoiceChanged brings an order to the state that its invoice asks for. It implements billing.Observer.
func (s *Service) InvoiceChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
	if inv.OrderID == "" || inv.ReplacedBy != "" {
		return nil
	}
	o, err := tx.Order(ctx, inv.OrderID)
	if err != nil {
		return fmt.Errorf("order %s: %w", inv.OrderID, err)
	}
	more, err := tx.InvoiceFacts(ctx, inv.ID)
	if err != nil {
		return fmt.Errorf("order %s: %w", inv.OrderID, err)
	}
	on, ok := saysOf(inv, facts{refunded: more.Refunded, lost: more.Lost > 0, completed: o.CompletedAt != nil})
	if !ok {
		return nil
	}
	from := Status(o.Status)
	to, ok := states.Next(from, on)
	if !ok {
		// Verify names such an order. Whatever is wrong with it, money that arrived must be recorded.
		return event.Emit(ctx, tx, event.New{
			Type: "order.out_of_step", SubjectID: o.ID, CustomerID: o.CustomerID,
			Data: map[string]any{"order_id": o.ID, "status": from, "invoice_id": inv.ID, "invoice_status": inv.Status},
		})
	}
	if to == from {
		return nil
	}
	if err := move(ctx, tx, o.ID, from, to); err != nil {
		return err
	}
	if from == Pending && to == Cancelled {
		if err := giveBack(ctx, tx, o.ID); err != nil {
			return err
		}
	}
	what := "order." + string(to)
	if to == Completed && o.CompletedAt != nil {
		what = "order.reinstated"
	}
	return event.Emit(ctx, tx, event.New{
		Type: what, SubjectID: o.ID, CustomerID: o.CustomerID,
		Data: map[string]any{"order_id": o.ID, "invoice_id": inv.ID, "kind": o.Kind, "total": inv.Total},
	})
}

// move takes an order from one state to another, and notes when it was completed for the first time.
func move(ctx context.Context, tx *db.Tx, id string, from, to Status) error {
	var rows int64
	var err error
	if to == Completed {
		rows, err = tx.CompleteOrder(ctx, query.CompleteOrderParams{ID: id, FromStatus: string(from), Now: int64(tx.Stamp)})
	} else {
		rows, err = tx.MoveOrder(ctx, query.MoveOrderParams{ID: id, FromStatus: string(from), ToStatus: string(to)})
	}
	if err != nil {
		return fmt.Errorf("order %s: %w", id, err)
	}
	if rows != 1 {
		return fail.Conflict("ORDER_CHANGED", "The order changed meanwhile. Look at it again.")
	}
	return nil
}
