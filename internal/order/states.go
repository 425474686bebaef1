package order

import (
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/lifecycle"
)

// Status is the state of an order.
type Status string

// The states of an order.
const (
	Pending   Status = "pending"   // waits for its money
	Completed Status = "completed" // paid, and everything that it promised is done
	Cancelled Status = "cancelled" // will not be paid
	Failed    Status = "failed"    // paid, but a line could not be fulfilled yet
)

type trigger string

const (
	delivered   trigger = "invoice paid, every line fulfilled or revoked"
	undelivered trigger = "invoice paid, a line not fulfilled"
	withdrawn   trigger = "invoice void or uncollectible"
)

var states = lifecycle.Table[Status, trigger]{
	Name:   "Order",
	States: []Status{Pending, Completed, Cancelled, Failed},
	Steps: []lifecycle.Step[Status, trigger]{
		{From: Pending, On: delivered, To: Completed, Effects: "event `order.completed`"},
		{From: Pending, On: undelivered, To: Failed, Effects: "event `order.failed`; the lines are tried again"},
		{From: Failed, On: undelivered, To: Failed, Effects: ""},
		{From: Failed, On: delivered, To: Completed, Effects: "event `order.completed`"},
		{From: Pending, On: withdrawn, To: Cancelled, Effects: "event `order.cancelled`"},
	},
}

// StatesMarkdown returns the state machine of orders for the documentation.
func StatesMarkdown() string { return states.Markdown() }

// saysOf returns what an invoice means for its order; nothing while it waits for money.
func saysOf(inv billing.Invoice) (trigger, bool) {
	switch inv.Status {
	case billing.Paid:
		for _, line := range inv.Lines {
			if line.Link != nil && line.Link.State != billing.Done && line.Link.State != billing.Revoked {
				return undelivered, true
			}
		}
		return delivered, true
	case billing.Void, billing.Uncollectible:
		return withdrawn, true
	case billing.Draft, billing.Open:
		return "", false
	default:
		return "", false
	}
}
