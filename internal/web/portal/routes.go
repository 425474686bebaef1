package portal

// routes are all screens and acts of the portal.
func (a *area) routes() []route {
	return []route{
		{pattern: "GET /account/sign-in", access: anyone, handle: a.signInPage},
		{pattern: "POST /account/sign-in", access: anyone, handle: a.signIn},
		{pattern: "GET /account/link/{token}", access: anyone, handle: a.linkPage},
		{pattern: "POST /account/link/{token}", access: anyone, handle: a.linkUse},
		{pattern: "POST /account/sign-out", access: anyone, handle: a.signOut},
		{pattern: "POST /account/leave", handle: a.leave},

		{pattern: "GET /account", handle: a.home},
		{pattern: "GET /account/licenses", handle: a.licenseList},
		{pattern: "GET /account/licenses/{id}", handle: a.licenseShow},
		{pattern: "GET /account/licenses/{id}/activations/{activation}/remove", handle: a.removeAsk},
		{pattern: "POST /account/licenses/{id}/activations/{activation}/remove", handle: a.remove},
		{pattern: "GET /account/licenses/{id}/releases", handle: a.releaseList},
		{pattern: "GET /account/licenses/{id}/files/{file}", handle: a.download},

		{pattern: "GET /account/invoices", handle: a.invoiceList},
		{pattern: "GET /account/invoices/{id}", handle: a.invoiceShow},
		{pattern: "GET /account/downloads", handle: a.downloadList},

		{pattern: "GET /account/details", handle: a.detailsPage},
		{pattern: "POST /account/details", handle: a.detailsSave},
		{pattern: "GET /account/password", access: inPerson, handle: a.passwordPage},
		{pattern: "POST /account/password", access: inPerson, handle: a.passwordChange},
		{pattern: "GET /account/sign-out-everywhere", access: inPerson, handle: a.everywhereAsk},
		{pattern: "POST /account/sign-out-everywhere", access: inPerson, handle: a.everywhere},
	}
}
