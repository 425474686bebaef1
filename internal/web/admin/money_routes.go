package admin

import "github.com/keystead/keystead/internal/staff"

// moneyRoutes is what is owed, paid and given back: subscriptions, invoices, payments, and what of them needs a person.
func (a *area) moneyRoutes() []route {
	const sr, sw = staff.SalesRead, staff.SalesWrite
	return []route{
		{pattern: "GET /admin/subscriptions", needs: sr, handle: a.subscriptionList},
		{pattern: "GET /admin/subscriptions.csv", needs: sr, handle: a.subscriptionCSV},
		{pattern: "GET /admin/subscriptions/{id}", needs: sr, handle: a.subscriptionShow},
		{pattern: "GET /admin/subscriptions/{id}/cancel", needs: sw, handle: a.asks("subscriptions", a.cancelSubscriptionQuestion)},
		{pattern: "POST /admin/subscriptions/{id}/cancel", needs: sw, handle: a.answers("subscriptions", a.cancelSubscriptionQuestion, a.cancelSubscription)},
		{pattern: "GET /admin/subscriptions/{id}/pause", needs: sw, handle: a.asks("subscriptions", a.pauseQuestion())},
		{pattern: "POST /admin/subscriptions/{id}/pause", needs: sw, handle: a.answers("subscriptions", a.pauseQuestion(), a.pauseSubscription)},
		{pattern: "GET /admin/subscriptions/{id}/resume", needs: sw, handle: a.asks("subscriptions", a.resumeQuestion())},
		{pattern: "POST /admin/subscriptions/{id}/resume", needs: sw, handle: a.answers("subscriptions", a.resumeQuestion(), a.resumeSubscription)},
		{pattern: "GET /admin/subscriptions/{id}/change", needs: sw, handle: a.changeNew},
		{pattern: "POST /admin/subscriptions/{id}/change", needs: sw, handle: a.changePreview},
		{pattern: "POST /admin/subscriptions/{id}/change/do", needs: sw, handle: a.changeDo},
		{pattern: "GET /admin/subscriptions/{id}/periods/{start}/decide", needs: sw, handle: a.asks("subscriptions", a.decideQuestion)},
		{pattern: "POST /admin/subscriptions/{id}/periods/{start}/decide", needs: sw, handle: a.answers("subscriptions", a.decideQuestion, a.decide)},

		{pattern: "GET /admin/invoices", needs: sr, handle: a.invoiceList},
		{pattern: "GET /admin/invoices.csv", needs: sr, handle: a.invoiceCSV},
		{pattern: "GET /admin/invoices/{id}", needs: sr, handle: a.invoiceShow},
		{pattern: "GET /admin/invoices/{id}/print", needs: sr, handle: a.invoicePrint},
		{pattern: "GET /admin/invoices/{id}/file", needs: sr, handle: a.invoiceFile},
		{pattern: "GET /admin/invoices/{id}/payments/new", needs: sw, handle: a.invoicePayNew},
		{pattern: "POST /admin/invoices/{id}/payments", needs: sw, handle: a.invoicePay},
		{pattern: "GET /admin/invoices/{id}/charge", needs: sw, handle: a.asks("invoices", a.chargeQuestion)},
		{pattern: "POST /admin/invoices/{id}/charge", needs: sw, handle: a.answers("invoices", a.chargeQuestion, a.charge)},
		{pattern: "GET /admin/invoices/{id}/void", needs: sw, handle: a.asks("invoices", a.voidQuestion)},
		{pattern: "POST /admin/invoices/{id}/void", needs: sw, handle: a.answers("invoices", a.voidQuestion, a.voidInvoice)},
		{pattern: "GET /admin/invoices/{id}/write-off", needs: sw, handle: a.asks("invoices", a.writeOffQuestion)},
		{pattern: "POST /admin/invoices/{id}/write-off", needs: sw, handle: a.answers("invoices", a.writeOffQuestion, a.writeOff)},
		{pattern: "GET /admin/invoices/{id}/refund", needs: sw, handle: a.refundNew},
		{pattern: "POST /admin/invoices/{id}/refund", needs: sw, handle: a.refundPreview},
		{pattern: "POST /admin/invoices/{id}/refund/do", needs: sw, handle: a.refundDo},
		{pattern: "GET /admin/invoices/{id}/lines/new", needs: sw, handle: a.lineNew},
		{pattern: "POST /admin/invoices/{id}/lines", needs: sw, handle: a.lineAdd},
		{pattern: "GET /admin/invoices/{id}/lines/{line}/delete", needs: sw, handle: a.asks("invoices", a.lineDeleteQuestion)},
		{pattern: "POST /admin/invoices/{id}/lines/{line}/delete", needs: sw, handle: a.answers("invoices", a.lineDeleteQuestion, a.lineDelete)},
		{pattern: "GET /admin/invoices/{id}/lines/{line}/revoke", needs: sw, handle: a.asks("invoices", a.revokeQuestion)},
		{pattern: "POST /admin/invoices/{id}/lines/{line}/revoke", needs: sw, handle: a.answers("invoices", a.revokeQuestion, a.lineRevoke)},
		{pattern: "POST /admin/invoices/{id}/lines/{line}/restore", needs: sw, handle: a.lineRestore},
		{pattern: "POST /admin/invoices/{id}/lines/{line}/retry", needs: sw, handle: a.lineRetry},

		{pattern: "GET /admin/credit-notes", needs: sr, handle: a.noteList},
		{pattern: "GET /admin/credit-notes/{id}", needs: sr, handle: a.noteShow},
		{pattern: "GET /admin/credit-notes/{id}/file", needs: sr, handle: a.noteFile},
		{pattern: "GET /admin/receivables", needs: sr, handle: a.receivables},
		{pattern: "GET /admin/receivables.csv", needs: sr, handle: a.receivablesCSV},

		{pattern: "GET /admin/payments", needs: sr, handle: a.paymentList},
		{pattern: "GET /admin/payments/{id}", needs: sr, handle: a.paymentShow},
		{pattern: "POST /admin/payments/{id}/refresh", needs: sw, handle: a.paymentRefresh},
		{pattern: "GET /admin/refunds", needs: sr, handle: a.refundList},
		{pattern: "GET /admin/disputes", needs: sr, handle: a.disputeList},
		{pattern: "GET /admin/disputes/{id}", needs: sr, handle: a.disputeShow},

		// Only a store in test mode has these.
		{pattern: "GET /admin/sandbox", needs: sr, handle: a.sandboxShow},
		{pattern: "POST /admin/sandbox", needs: sw, handle: a.sandboxFaults},
		{pattern: "GET /admin/payments/{id}/dispute", needs: sw, handle: a.asks("payments", a.disputeQuestion)},
		{pattern: "POST /admin/payments/{id}/dispute", needs: sw, handle: a.answers("payments", a.disputeQuestion, a.dispute)},
		{pattern: "GET /admin/disputes/{id}/close", needs: sw, handle: a.asks("payments", a.closeDisputeQuestion)},
		{pattern: "POST /admin/disputes/{id}/close", needs: sw, handle: a.answers("payments", a.closeDisputeQuestion, a.closeDispute)},

		{pattern: "GET /admin/customers/{id}/methods/new", needs: sw, handle: a.methodNew},
		{pattern: "POST /admin/customers/{id}/methods", needs: sw, handle: a.methodAdd},
		{pattern: "POST /admin/customers/{id}/methods/{method}/default", needs: sw, handle: a.methodDefault},
		{pattern: "GET /admin/customers/{id}/methods/{method}/remove", needs: sw, handle: a.asks("customers", a.methodRemoveQuestion)},
		{pattern: "POST /admin/customers/{id}/methods/{method}/remove", needs: sw, handle: a.answers("customers", a.methodRemoveQuestion, a.methodRemove)},
		{pattern: "GET /admin/customers/{id}/credit", needs: sr, handle: a.creditHistory},

		{pattern: "GET /admin/tasks", needs: sr, handle: a.taskList},
		{pattern: "POST /admin/tasks/{id}/done", needs: sw, handle: a.taskDone},
		{pattern: "GET /admin/charges/release", needs: sw, handle: a.asks("tasks", a.releaseQuestion)},
		{pattern: "POST /admin/charges/release", needs: sw, handle: a.answers("tasks", a.releaseQuestion, a.release)},
	}
}
