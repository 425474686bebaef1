package billing

import (
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/lifecycle"
)

// Status is the state of an invoice.
type Status string

// The states of an invoice. Refunds do not add to them: what was paid and given back is derived.
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
	settled    invoiceTrigger = "money received, or credited"
	reopened   invoiceTrigger = "money taken back"
	voided     invoiceTrigger = "voided, or issued anew"
	writtenOff invoiceTrigger = "the money is given up"
)

var invoiceStates = lifecycle.Table[Status, invoiceTrigger]{
	Name:   "Invoice",
	States: []Status{Draft, Open, Paid, Void, Uncollectible},
	Steps: []lifecycle.Step[Status, invoiceTrigger]{
		{
			From: Draft, On: finalised, When: "always; an order's invoice at once", To: Open,
			Effects: "takes the next number of its series (proforma: when it is paid); the document is frozen; ledger: receivable " +
				"against revenue and tax",
		},
		{
			From: Open, On: settled, When: "the balance is zero", To: Paid,
			Effects: "every line with a pending link is fulfilled, each by itself; those who watch are told",
		},
		{
			From: Paid, On: reopened, When: "more was taken back than credited", To: Open,
			Effects: "what is done stays done; what has failed waits for the money again; the money is the customer's credit",
		},
		{
			From: Open, On: voided, When: "", To: Void,
			Effects: "keeps its number; open links are revoked, or go to the invoice that replaces it; what was paid becomes credit; " +
				"ledger: reversed",
		},
		{
			From: Paid, On: voided, When: "nothing is left of its payments", To: Void,
			Effects: "as above",
		},
		{
			From: Open, On: writtenOff, When: "", To: Uncollectible,
			Effects: "open links are revoked; ledger: the balance is a loss",
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
	// Fulfilled: the promise was kept in another way before the line was paid, as its note says. Paying it still tells its
	// [Fulfiller], which knows that nothing is left to be done but to count the money.
	Fulfilled LinkState = "fulfilled"
)

type linkTrigger string

const (
	fulfilled    linkTrigger = "the work succeeds"
	notFulfilled linkTrigger = "the work fails"
	revoked      linkTrigger = "staff revoke it"
	restored     linkTrigger = "staff restore it"
	abandoned    linkTrigger = "the invoice ends, or the line is credited"
	unpaid       linkTrigger = "the invoice is open again"
	otherwise    linkTrigger = "the promise is kept in another way"
)

var linkStates = lifecycle.Table[LinkState, linkTrigger]{
	Name:   "Fulfilment link",
	States: []LinkState{Pending, Done, Failed, Revoked, Fulfilled},
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
		{From: Failed, On: abandoned, When: "", To: Revoked, Effects: ""},
		{From: Failed, On: unpaid, When: "", To: Pending, Effects: "done when it is paid again"},
		{From: Pending, On: otherwise, When: "the invoice is open", To: Fulfilled, Effects: "a note says by what; the line stays payable"},
		{From: Fulfilled, On: fulfilled, When: "the invoice is paid", To: Done, Effects: "the money is counted, the note stays"},
		{From: Fulfilled, On: notFulfilled, When: "the invoice is paid", To: Failed, Effects: "as above"},
		{From: Fulfilled, On: revoked, When: "the invoice is open", To: Revoked, Effects: "paying the line does nothing"},
		{From: Fulfilled, On: abandoned, When: "", To: Revoked, Effects: ""},
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
