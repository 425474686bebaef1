package notice

import (
	"strconv"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/subscription"
)

// rules are all that is written because something happened, in the order of a customer's life. An event without a rule
// makes no mail.
var rules = []rule{
	// What was ordered arrives with its confirmation; what staff give away, as licenses from them.
	{on: "order.completed", mail: mail.OrderConfirmation, once: ever, when: sold, make: orderConfirmation},
	{on: "order.completed", mail: mail.LicenseIssued, once: ever, when: given, make: licensesGiven},
	{on: "order.failed", mail: mail.PaymentReceived, once: ever, when: costsMoney, make: orderPaid},

	// An invoice that its customer has to know of: who has just paid on a page does.
	{on: "invoice.finalised", mail: mail.InvoiceIssued, once: ever, when: costsMoney, make: invoiceIssued, makeAll: invoicesIssued},
	{on: "invoice.reminder", mail: mail.InvoiceUpcoming, once: ever, make: invoiceUpcoming},
	{on: "invoice.overdue", mail: mail.OverdueFirst, once: ever, when: nth(1), make: overdue},
	{on: "invoice.overdue", mail: mail.OverdueSecond, once: ever, when: nth(2), make: overdue},
	{on: "invoice.overdue", mail: mail.OverdueThird, once: ever, when: nth(3), make: overdue},

	{on: "payment.received", mail: mail.PaymentReceived, about: invoice, once: thePayment, when: counts, make: paymentReceived},
	{on: "payment.failed", mail: mail.PaymentFailed, about: invoice, once: theAttempt, when: unattended, make: paymentFailed},
	{on: "payment.action_required", mail: mail.PaymentActionRequired, about: invoice, once: theAttempt, when: unattended, make: actionRequired},
	{on: "payment.unapplied", mail: mail.LateMoney, about: invoice, once: thePayment, when: tooLate, make: lateMoney},
	{on: "payment.unapplied", mail: mail.LateMoneyStaff, staff: true, about: invoice, once: thePayment, when: tooLate, make: lateMoneyStaff},
	{on: "refund.succeeded", mail: mail.RefundIssued, about: invoice, once: theRefund, make: refunded},
	{on: "credit_note.issued", mail: mail.RefundIssued, about: invoice, once: theNote, when: becameCredit, make: credited},
	{on: "dispute.opened", mail: mail.DisputeOpenedStaff, staff: true, about: invoice, once: theDispute, make: disputed},
	{on: "dispute.won", mail: mail.DisputeClosedStaff, staff: true, about: invoice, once: theDispute, make: disputed},
	{on: "dispute.lost", mail: mail.DisputeClosedStaff, staff: true, about: invoice, once: theDispute, make: disputed},

	{on: "subscription.past_due", mail: mail.LicenseSuspended, make: suspended},
	{on: "subscription.recovered", mail: mail.SubscriptionRecovered, make: recovered},
	{on: "subscription.cancelled", mail: mail.SubscriptionCancelled, make: cancelled},
	{on: "subscription.expired", mail: mail.SubscriptionCancelled, when: cancelledAtOnce, make: cancelledNow},
	{on: "subscription.expired", mail: mail.SubscriptionExpired, when: ranOut, make: expired},
	{on: "subscription.resumed", mail: mail.SubscriptionResumed, when: byPerson, make: resumed},
	{on: "subscription.suspended", mail: mail.SubscriptionPaused, make: paused},
	// A change at the renewal is confirmed when it is asked for, not again when it takes effect.
	{on: "subscription.change_planned", mail: mail.PlanChanged, once: theChange, make: changePlanned},
	{on: "subscription.changed", mail: mail.PlanChanged, once: theChange, make: changed},
	{on: "subscription.price_change_planned", mail: mail.PriceChangeNotice, once: theUpdate, when: toBeTold, make: priceChange},

	{on: "fulfilment.failed", mail: mail.StaffAlert, staff: true, make: notDelivered},
	{on: "task.opened", mail: mail.StaffAlert, staff: true, when: urgent, make: question},
	{on: "webhook.endpoint_disabled", mail: mail.StaffAlert, staff: true, when: byItself, make: webhookOff},
}

// What mails are about.

func invoice(m moment) string { return m.InvoiceID }

// Occasions.

func ever(moment) string         { return "" }
func thePayment(m moment) string { return m.PaymentID }
func theAttempt(m moment) string { return m.AttemptID }
func theRefund(m moment) string  { return m.RefundID }
func theNote(m moment) string    { return m.CreditNoteID }
func theDispute(m moment) string { return m.DisputeID }
func theUpdate(m moment) string  { return m.PriceUpdateID }

// theChange is a change that waits for its day, under whose name it takes effect as well, or this very one.
func theChange(m moment) string {
	on := m.On
	if on.IsZero() {
		on = m.EffectiveOn
	}
	if on.IsZero() {
		return m.ID
	}
	return on.String() + " " + m.PriceID + " " + strconv.FormatInt(m.Quantity, 10)
}

// Conditions.

func sold(m moment) bool       { return m.Kind == string(order.Sale) }
func given(m moment) bool      { return !sold(m) }
func costsMoney(m moment) bool { return m.Total.Amount > 0 }

func nth(n int) func(moment) bool { return func(m moment) bool { return m.Nth == n } }

// counts: money for an invoice that takes none any more is another story.
func counts(m moment) bool { return m.Applied.Amount > 0 }

// unattended: nobody sits before a page that says the same.
func unattended(m moment) bool { return m.ActorKind != event.Customer }

func tooLate(m moment) bool {
	return m.InvoiceStatus == string(billing.Void) || m.InvoiceStatus == string(billing.Uncollectible)
}

// becameCredit: of refunds the refund tells, of changes of a plan the change.
func becameCredit(m moment) bool {
	return m.Freed.Amount > 0 && (m.Cause == string(billing.CauseGoodwill) || m.Cause == string(billing.CauseCancellation))
}

func cancelledAtOnce(m moment) bool {
	return m.Reason == string(subscription.EndedCancelled) && m.From != string(subscription.Cancelled)
}

// ranOut: of an end by refund the refund tells.
func ranOut(m moment) bool {
	return !cancelledAtOnce(m) && m.Reason != string(subscription.EndedRefunded)
}

// byPerson: what a dispute has stopped goes on by itself when it is won, and nobody was told that it stood still.
func byPerson(m moment) bool {
	return m.From != string(subscription.Suspended) || m.ActorKind != event.System && m.ActorKind != event.Gateway
}

func toBeTold(m moment) bool { return m.Notify }

// urgent: of late money there is a mail of its own, and of mails that can't be written none is written.
func urgent(m moment) bool { return m.Kind != TaskMissed && m.Kind != lateMoneyTask }

// lateMoneyTask is how the payment room asks about money for an invoice that takes none.
const lateMoneyTask = "late_money"

func byItself(m moment) bool { return m.Why != "by_hand" }
