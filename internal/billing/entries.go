package billing

import "github.com/keystead/keystead/internal/money"

// posting is the kind of a ledger transaction. One source has at most one of each kind: a repeat can't count twice.
type posting string

// The postings about the document: they move what a customer owes together with what was sold.
const (
	postingFinalised  posting = "invoice.finalised"
	postingVoided     posting = "invoice.voided"
	postingWrittenOff posting = "invoice.written_off"
	postingLost       posting = "invoice.lost" // money that was taken back of an invoice that is written off
	postingNote       posting = "credit_note.issued"
)

// The postings of money: what they take off a receivable is what counts towards its invoice.
const (
	postingPayment posting = "payment.received"
	postingCredit  posting = "credit.used"
	postingMoved   posting = "credit.moved" // to the invoice that replaces another
	postingGiven   posting = "credit.given" // to another customer
	postingTaken   posting = "credit.taken" // from another customer
	postingVoid    posting = "taken.void"   // what was paid towards an invoice that is voided
	postingFreed   posting = "taken.credit_note"
)

// entriesFinalised: the customer owes what was sold and its tax.
func entriesFinalised(net, tax money.Money) []entry {
	return []entry{{Receivable, money.New(net.Amount+tax.Amount, net.Currency)}, {Revenue, less(net)}, {TaxOwed, less(tax)}}
}

// entriesVoided: what is left of the sale was none.
func entriesVoided(net, tax money.Money) []entry {
	return []entry{{Revenue, net}, {TaxOwed, tax}, {Receivable, money.New(-net.Amount-tax.Amount, net.Currency)}}
}

// entriesNote: a part of the sale is taken back. What is lost of it already is not owed any more.
func entriesNote(net, tax, lost money.Money) []entry {
	owed := money.New(lost.Amount-net.Amount-tax.Amount, net.Currency)
	return []entry{{Revenue, net}, {TaxOwed, tax}, {Receivable, owed}, {Loss, less(lost)}}
}

// entriesPayment: money came in; a part of it pays the invoice, the rest the store owes to the customer.
func entriesPayment(applied, credit money.Money) []entry {
	received := money.New(applied.Amount+credit.Amount, applied.Currency)
	return []entry{{Bank, received}, {Receivable, less(applied)}, {CustomerCredit, less(credit)}}
}

// entriesCredit: what the store owed to the customer pays an invoice.
func entriesCredit(used money.Money) []entry {
	return []entry{{CustomerCredit, used}, {Receivable, less(used)}}
}

// entriesFreed: what had paid an invoice the store owes to the customer again.
func entriesFreed(amount money.Money) []entry {
	return []entry{{Receivable, amount}, {CustomerCredit, less(amount)}}
}

// entriesWrittenOff: what is still owed will not come.
func entriesWrittenOff(balance money.Money) []entry {
	return []entry{{Loss, balance}, {Receivable, less(balance)}}
}

// entriesOut: money leaves the bank, out of the customer's credit as far as that goes.
func entriesOut(fromCredit, uncovered money.Money) []entry {
	out := money.New(-fromCredit.Amount-uncovered.Amount, fromCredit.Currency)
	return []entry{{CustomerCredit, fromCredit}, {Loss, uncovered}, {Bank, out}}
}

// entriesIn: money that had left the bank is back; it makes good for the loss first.
func entriesIn(toCredit, covered money.Money) []entry {
	in := money.New(toCredit.Amount+covered.Amount, toCredit.Currency)
	return []entry{{Bank, in}, {Loss, less(covered)}, {CustomerCredit, less(toCredit)}}
}
