package portal

// routes are all screens and acts of the portal.
func (a *area) routes() []route {
	return []route{
		{pattern: "GET /account/sign-in", access: anyone, handle: a.signInPage},
		{pattern: "POST /account/sign-in", access: anyone, handle: a.signIn},
		{pattern: "GET /account/sign-in/link", access: anyone, handle: a.linkAskPage},
		{pattern: "POST /account/sign-in/link", access: anyone, handle: a.linkAsk},
		{pattern: "GET /account/sign-in/link/sent", access: anyone, handle: a.linkSent},
		{pattern: "GET /account/link/{token}", access: anyone, handle: a.linkPage},
		{pattern: "POST /account/link/{token}", access: anyone, handle: a.linkUse},
		{pattern: "POST /account/sign-out", access: anyone, handle: a.signOut},
		{pattern: "POST /account/leave", handle: a.leave},

		{pattern: "GET /account", handle: a.home},
		{pattern: "GET /account/licenses", handle: a.licenseList},
		{pattern: "GET /account/licenses/{id}", handle: a.licenseShow},
		{pattern: "GET /account/licenses/{id}/activations/{activation}/remove", handle: a.removeAsk},
		{pattern: "POST /account/licenses/{id}/activations/{activation}/remove", handle: a.remove},
		{pattern: "GET /account/licenses/{id}/lease-files", handle: a.leaseFilePage},
		{pattern: "POST /account/licenses/{id}/lease-files", handle: a.leaseFileMake},
		{pattern: "GET /account/licenses/{id}/lease-files/{lease}/data", handle: a.leaseFileData},
		{pattern: "POST /account/licenses/{id}/development", handle: a.developmentAsk},
		{pattern: "GET /account/licenses/{id}/reissue", handle: a.reissueAsk},
		{pattern: "POST /account/licenses/{id}/reissue", handle: a.reissue},
		{pattern: "GET /account/licenses/{id}/releases", handle: a.releaseList},
		{pattern: "GET /account/licenses/{id}/files/{file}", handle: a.download},

		{pattern: "GET /account/subscriptions", handle: a.subscriptionList},
		{pattern: "GET /account/subscriptions/{id}", handle: a.subscriptionShow},
		{pattern: "GET /account/subscriptions/{id}/cancel", access: inPerson, handle: a.cancelPage},
		{pattern: "POST /account/subscriptions/{id}/cancel", access: inPerson, handle: a.cancel},
		{pattern: "POST /account/subscriptions/{id}/resume", handle: a.resume},
		{pattern: "GET /account/subscriptions/{id}/change", access: inPerson, handle: a.changePage},
		{pattern: "POST /account/subscriptions/{id}/change", access: inPerson, handle: a.changeAsk},
		{pattern: "GET /account/subscriptions/{id}/change/preview", access: inPerson, handle: a.previewPage},
		{pattern: "POST /account/subscriptions/{id}/change/confirm", access: inPerson, handle: a.change},
		{pattern: "POST /account/subscriptions/{id}/change/withdraw", access: inPerson, handle: a.withdraw},

		{pattern: "GET /account/invoices", handle: a.invoiceList},
		{pattern: "GET /account/invoices/{id}", handle: a.invoiceShow},
		{pattern: "GET /account/invoices/{id}/pdf", handle: a.invoicePDF},
		{pattern: "POST /account/invoices/{id}/pay", access: inPerson, handle: a.pay},
		{pattern: "GET /account/invoices/{id}/return", handle: a.returned},
		{pattern: "GET /account/credit-notes/{id}", handle: a.noteShow},
		{pattern: "GET /account/credit-notes/{id}/pdf", handle: a.notePDF},

		{pattern: "GET /account/payment-methods", handle: a.methodList},
		{pattern: "GET /account/payment-methods/new", access: inPerson, handle: a.methodNew},
		{pattern: "POST /account/payment-methods/new", access: inPerson, handle: a.methodSave},
		{pattern: "POST /account/payment-methods/{id}/default", access: inPerson, handle: a.methodDefault},
		{pattern: "GET /account/payment-methods/{id}/remove", access: inPerson, handle: a.dropAsk},
		{pattern: "POST /account/payment-methods/{id}/remove", access: inPerson, handle: a.drop},

		{pattern: "GET /account/downloads", handle: a.downloadList},

		{pattern: "GET /account/details", handle: a.detailsPage},
		{pattern: "POST /account/details", handle: a.detailsSave},
		{pattern: "GET /account/details/data", access: inPerson, handle: a.dataExport},
		{pattern: "GET /account/password", access: inPerson, handle: a.passwordPage},
		{pattern: "POST /account/password", access: inPerson, handle: a.passwordChange},
		{pattern: "GET /account/sign-out-everywhere", access: inPerson, handle: a.everywhereAsk},
		{pattern: "POST /account/sign-out-everywhere", access: inPerson, handle: a.everywhere},
	}
}
