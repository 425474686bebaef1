package billing

import (
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/lifecycle"
)

// Status is the state of an invoice.
type Status string

// The states of an invoice. Refunds will not add to them: what was paid and given back is derived.
const (
	Draft         Status = "draft"
	Open          Status = "open"
	Paid          Status = "paid"
	Void          Status = "void"
	Uncollectible Status = "uncollectible"
)

type invoiceTrigger string

const (
	finalised  invoiceTrigger = "finalised"
	settled    invoiceTrigger = "money received"
	voided     invoiceTrigger = "order cancelled"
	writtenOff invoiceTrigger = "staff give up the money"
)

var invoiceStates = lifecycle.Table[Status, invoiceTrigger]{
	Name:   "Invoice",
	States: []Status{Draft, Open, Paid, Void, Uncollectible},
	Steps: []lifecycle.Step[Status, invoiceTrigger]{
		{
			From: Draft, On: finalised, When: "always; an order's invoice at once", To: Open,
			Effects: "takes the next number of its series; the document is frozen; ledger: receivable against revenue",
		},
		{
			From: Open, On: settled, When: "the balance is zero", To: Paid,
			Effects: "every line with a pending link is fulfilled, each by itself; the order follows",
		},
		{
			From: Open, On: voided, When: "", To: Void,
			Effects: "keeps its number; pending links are revoked; what was paid becomes credit; ledger: reversed; order cancelled",
		},
		{
			From: Open, On: writtenOff, When: "", To: Uncollectible,
			Effects: "pending links are revoked; ledger: the balance is taken back from revenue; order cancelled",
		},
	},
}

// LinkState is the state of a fulfilment link: what became of the promise of an invoice line.
type LinkState string

// The states of a fulfilment link.
const (
	Pending LinkState = "pending"
	Done    LinkState = "done"
	Failed  LinkState = "failed"
	Revoked LinkState = "revoked"
)

type linkTrigger string

const (
	fulfilled    linkTrigger = "the work succeeds"
	notFulfilled linkTrigger = "the work fails"
	revoked      linkTrigger = "staff revoke it"
	restored     linkTrigger = "staff restore it"
	abandoned    linkTrigger = "the invoice ends unpaid"
)

var linkStates = lifecycle.Table[LinkState, linkTrigger]{
	Name:   "Fulfilment link",
	States: []LinkState{Pending, Done, Failed, Revoked},
	Steps: []lifecycle.Step[LinkState, linkTrigger]{
		{
			From: Pending, On: fulfilled, When: "the invoice is paid", To: Done,
			Effects: "the link names what was made",
		},
		{
			From: Pending, On: notFulfilled, When: "the invoice is paid", To: Failed,
			Effects: "what the work wrote is undone; the payment and other lines stand; tried again later",
		},
		{From: Pending, On: revoked, When: "the invoice is open", To: Revoked, Effects: "paying the line does nothing"},
		{From: Pending, On: abandoned, When: "", To: Revoked, Effects: ""},
		{From: Revoked, On: restored, When: "the invoice is open", To: Pending, Effects: "paying the line does its work again"},
		{From: Failed, On: fulfilled, When: "", To: Done, Effects: "the link names what was made; the order follows"},
		{From: Failed, On: notFulfilled, When: "", To: Failed, Effects: "the error is kept; tried again later"},
	},
}

// StatesMarkdown returns the state machines of this room for the documentation.
func StatesMarkdown() string { return invoiceStates.Markdown() + "\n" + linkStates.Markdown() }

// notOpen is the answer to who wants something of an invoice that only an open one allows.
func notOpen(s Status) *fail.Error {
	switch s {
	case Draft:
		return fail.Conflict("INVOICE_NOT_OPEN", "The invoice is a draft.")
	case Paid:
		return fail.Conflict("INVOICE_NOT_OPEN", "The invoice is paid.")
	case Void:
		return fail.Conflict("INVOICE_NOT_OPEN", "The invoice is void.")
	case Uncollectible:
		return fail.Conflict("INVOICE_NOT_OPEN", "The invoice was given up as uncollectible.")
	case Open:
		return fail.Conflict("INVOICE_NOT_OPEN", "The invoice changed meanwhile. Look at it again.")
	default:
		return fail.Conflict("INVOICE_NOT_OPEN", "The invoice is not open.")
	}
}
