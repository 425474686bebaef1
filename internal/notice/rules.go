package notice

import (
	"strconv"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

// rules are all that is written because something happened, in the order of a customer's life. An event without a rule
// makes no mail.
var rules = []rule{
	// What was ordered arrives with its confirmation; what staff give away, as licenses from them.
	{on: "order.completed", mail: mail.OrderConfirmation, says: "sold", once: ever, when: sold, make: orderConfirmation},
	{
		on: "order.completed", mail: mail.LicenseIssued, once: ever, when: given, make: licensesGiven,
		says: "given away by staff, with a license",
	},
	{on: "order.failed", mail: mail.PaymentReceived, says: "money was paid", once: ever, when: costsMoney, make: orderPaid},

	// An invoice that its customer has to know of: who has just paid on a page does.
	{
		on: "invoice.finalised", mail: mail.InvoiceIssued, once: ever, when: costsMoney, make: invoiceIssued, makeAll: invoicesIssued,
		says: "money is still to be paid after credit: of a renewal, of an invoice made by hand, of an order by bank transfer, of a change without a saved payment method",
	},
	{on: "invoice.reminder", mail: mail.InvoiceUpcoming, says: "still unpaid", once: ever, make: invoiceUpcoming},
	{on: "invoice.overdue", mail: mail.OverdueFirst, says: "the first time", once: ever, when: nth(1), make: overdue},
	{on: "invoice.overdue", mail: mail.OverdueSecond, says: "the second time", once: ever, when: nth(2), make: overdue},
	{on: "invoice.overdue", mail: mail.OverdueThird, says: "the third time", once: ever, when: nth(3), make: overdue},

	{
		on: "payment.received", mail: mail.PaymentReceived, about: invoice, once: thePayment, when: counts, make: paymentReceived,
		says: "of a renewal or an invoice made by hand; of orders and changes only a part: the whole is confirmed with what it brings",
	},
	{
		on: "payment.failed", mail: mail.PaymentFailed, about: invoice, once: theAttempt, when: unattended, make: paymentFailed,
		says: "a saved method was charged, and the customer was not there",
	},
	{
		on: "payment.action_required", mail: mail.PaymentActionRequired, about: invoice, once: theAttempt, when: unattended, make: actionRequired,
		says: "a saved method was charged, and the customer was not there",
	},
	{
		on: "payment.unapplied", mail: mail.LateMoney, about: invoice, once: thePayment, when: tooLate, make: lateMoney,
		says: "the invoice is void or uncollectible, and no other has taken its place",
	},
	{
		on: "payment.unapplied", mail: mail.LateMoneyStaff, staff: true, about: invoice, once: thePayment, when: tooLate, make: lateMoneyStaff,
		says: "the invoice is void or uncollectible",
	},
	{on: "refund.succeeded", mail: mail.RefundIssued, about: invoice, once: theRefund, make: refunded},
	{
		on: "credit_note.issued", mail: mail.RefundIssued, about: invoice, once: theNote, when: becameCredit, make: credited,
		says: "money of it became credit: a cancellation at once, goodwill",
	},
	{on: "dispute.opened", mail: mail.DisputeOpenedStaff, staff: true, about: invoice, once: theDispute, make: disputed},
	{on: "dispute.won", mail: mail.DisputeClosedStaff, staff: true, about: invoice, once: theDispute, make: disputed},
	{on: "dispute.lost", mail: mail.DisputeClosedStaff, staff: true, about: invoice, once: theDispute, make: disputed},

	{on: "subscription.past_due", mail: mail.LicenseSuspended, make: suspended},
	{on: "subscription.recovered", mail: mail.SubscriptionRecovered, make: recovered},
	{on: "subscription.cancelled", mail: mail.SubscriptionCancelled, make: cancelled},
	{on: "subscription.expired", mail: mail.SubscriptionCancelled, says: "cancelled at once", when: cancelledAtOnce, make: cancelledNow},
	{on: "subscription.expired", mail: mail.SubscriptionExpired, says: "neither cancelled at once nor refunded", when: ranOut, make: expired},
	{on: "subscription.resumed", mail: mail.SubscriptionResumed, says: "not by a dispute that was won", when: byPerson, make: resumed},
	{on: "subscription.suspended", mail: mail.SubscriptionPaused, says: "paused by staff", make: paused},
	// A change at the renewal is confirmed when it is asked for, not again when it takes effect.
	{on: "subscription.change_planned", mail: mail.PlanChanged, once: theChange, make: changePlanned},
	{on: "subscription.changed", mail: mail.PlanChanged, says: "not planned, and so told, before", once: theChange, make: changed},
	{
		on: "subscription.price_change_planned", mail: mail.PriceChangeNotice, once: theUpdate, when: toBeTold, make: priceChange,
		says: "the customers are to be told",
	},

	{on: "domain.registered", mail: mail.DomainRegistered, once: ever, make: domainArrived},
	{on: "domain.transferred_in", mail: mail.DomainTransferred, once: ever, make: domainArrived},
	{on: "domain.cancelled", mail: mail.DomainNotPaid, says: "new, and not paid in time", once: ever, when: newNotPaid, make: domainNotPaid},
	{on: "domain.refused", mail: mail.DomainRefused, says: "by the registrar: what was paid became credit", once: ever, make: domainRefused},

	{on: "domain.renewed", mail: mail.DomainRenewed, once: theRenewal, make: domainRenewed},
	{
		on: "domain.renewal_satisfied", mail: mail.DomainRenewed, once: theRenewal, when: settledRenewal, make: domainRenewed,
		says: "the registry had the years already, and they are paid",
	},
	{on: "domain.renewal_held", mail: mail.DomainHeld, says: "for money of the customer's", once: theWait, when: heldForMoney, make: domainHeld},
	{on: "domain.renewal_withdrawn", mail: mail.DomainWithdrawn, says: "not paid in time", once: theRenewal, when: notPaidInTime, make: domainWithdrawn},
	{on: "domain.price_notice", mail: mail.DomainPriceNotice, says: "some days before a price changes", once: theUpdate, make: domainPrice},
	{
		on: "domain.price_differs", mail: mail.DomainPriceNotice, once: theDifference, make: domainPrice,
		says: "the registry asks for more for a premium name, which is not invoiced by itself then",
	},
	{
		on: "domain.price_changed", mail: mail.DomainPriceNotice, once: ever, when: serviceLost, make: domainPrice,
		says: "the service has ended that it was free with",
	},
	{on: "domain.transferred_away", mail: mail.DomainEnded, once: ever, make: domainEnded},
	{on: "domain.deleted", mail: mail.DomainDeleted, says: "by staff, at its registry", once: theDay, make: domainDeleted},
	{on: "domain.expired", mail: mail.DomainEnded, once: ever, make: domainEnded},

	{on: "fulfilment.failed", mail: mail.StaffAlert, staff: true, make: notDelivered},
	{on: "task.opened", mail: mail.StaffAlert, says: "no mail of its own tells of it", staff: true, when: urgent, make: question},
	{on: "webhook.endpoint_disabled", mail: mail.StaffAlert, says: "not by hand", staff: true, when: byItself, make: webhookOff},
}

// What mails are about.

func invoice(m moment) string { return m.InvoiceID }

// Occasions.

func ever(*desk) string         { return "" }
func thePayment(d *desk) string { return d.PaymentID }
func theAttempt(d *desk) string { return d.AttemptID }
func theRefund(d *desk) string  { return d.RefundID }
func theNote(d *desk) string    { return d.CreditNoteID }
func theDispute(d *desk) string { return d.DisputeID }
func theUpdate(d *desk) string  { return d.PriceUpdateID }
func theRenewal(d *desk) string { return d.RenewalID }

// theWait is what a paid renewal waits for: a price that is raised again is another thing to be told.
func theWait(d *desk) string { return d.RenewalID + " " + d.Hold + " " + d.Missing.money().String() }

// theDifference is what a registry asks, for the term that falls due.
func theDifference(d *desk) string { return d.DueOn.String() + " " + d.After.money().String() }

// theChange is what a subscription becomes, and on which day, whether that is planned or happens.
func theChange(d *desk) string {
	on := d.On
	if on.IsZero() {
		on = d.today()
	}
	return on.String() + " " + d.PriceID + " " + strconv.FormatInt(d.Quantity, 10)
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

func settledRenewal(m moment) bool { return m.Settled }

func heldForMoney(m moment) bool {
	return m.Hold == string(domainname.HeldTopUp) || m.Hold == string(domainname.HeldPrice)
}

func notPaidInTime(m moment) bool {
	return m.Reason == renewal.CauseTooLate || m.Reason == renewal.CauseNotPaid
}

func newNotPaid(m moment) bool { return m.Reason == registration.CauseNotPaid }

func serviceLost(m moment) bool { return m.Reason == renewal.CauseFreeLost }

func toBeTold(m moment) bool { return m.Notify }

// urgent: of late money and of disputes there is a mail of its own, and of mails that can't be written none is written.
func urgent(m moment) bool {
	return m.Kind != TaskMissed && m.Kind != payment.TaskLateMoney && m.Kind != payment.TaskDispute
}

func byItself(m moment) bool { return m.Why != "by_hand" }
