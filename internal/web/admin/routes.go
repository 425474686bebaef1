package admin

import (
	"slices"

	"github.com/keystead/keystead/internal/staff"
)

// routes is every screen and action of the staff area, and what it takes to open it.
func (a *area) routes() []route {
	return slices.Concat(a.storeRoutes(), a.moneyRoutes(), a.domainRoutes(), a.operationRoutes())
}

// storeRoutes is what is sold, to whom, and how the store runs.
func (a *area) storeRoutes() []route {
	const (
		lr, lw = staff.LicensesRead, staff.LicensesWrite
		cr, cw = staff.CustomersRead, staff.CustomersWrite
		sr, sw = staff.SalesRead, staff.SalesWrite
		kr, kw = staff.CatalogRead, staff.CatalogWrite
	)
	return []route{
		{pattern: "GET /admin/sign-in", access: anyone, handle: a.signInPage},
		{pattern: "POST /admin/sign-in", access: anyone, handle: a.signIn},
		{pattern: "GET /admin/second-factor", access: secondFactor, handle: a.secondFactorPage},
		{pattern: "POST /admin/second-factor", access: secondFactor, handle: a.secondFactor},
		{pattern: "POST /admin/sign-out", access: secondFactor, handle: a.signOut},
		{pattern: "GET /admin/setup/{token}", access: anyone, handle: a.setUpPage},
		{pattern: "POST /admin/setup/{token}", access: anyone, handle: a.setUp},
		{pattern: "GET /admin/link/{token}", access: anyone, handle: a.linkPage},
		{pattern: "POST /admin/link/{token}", access: anyone, handle: a.useLink},

		{pattern: "GET /admin", handle: a.dashboard},
		{pattern: "GET /admin/{$}", handle: a.dashboard},
		{pattern: "GET /admin/search", handle: a.search},

		{pattern: "GET /admin/me", handle: a.account},
		{pattern: "POST /admin/me", handle: a.accountSave},
		{pattern: "POST /admin/me/password", handle: a.accountPassword},
		{pattern: "POST /admin/me/sign-out-everywhere", handle: a.accountSignOutEverywhere},
		{pattern: "POST /admin/me/totp", handle: a.totpBegin},
		{pattern: "POST /admin/me/totp/confirm", handle: a.totpConfirm},
		{pattern: "POST /admin/me/totp/remove", handle: a.totpRemove},

		{pattern: "GET /admin/licenses", needs: lr, handle: a.licenseList},
		{pattern: "GET /admin/licenses.csv", needs: lr, handle: a.licenseCSV},
		{pattern: "GET /admin/licenses/bulk", needs: lw, handle: toLicenses},
		{pattern: "GET /admin/licenses/bulk/do", needs: lw, handle: toLicenses},
		{pattern: "POST /admin/licenses/bulk", needs: lw, handle: a.bulkAsk},
		{pattern: "POST /admin/licenses/bulk/do", needs: lw, handle: a.bulkDo},
		{pattern: "GET /admin/licenses/{id}", needs: lr, handle: a.licenseShow},
		{pattern: "GET /admin/licenses/{id}/edit", needs: lw, handle: a.licenseEdit},
		{pattern: "POST /admin/licenses/{id}", needs: lw, handle: a.licenseUpdate},
		{pattern: "GET /admin/licenses/{id}/suspend", needs: lw, handle: a.licenseAsk(suspendQuestion)},
		{pattern: "POST /admin/licenses/{id}/suspend", needs: lw, handle: a.licenseSuspend},
		{pattern: "GET /admin/licenses/{id}/lift", needs: lw, handle: a.licenseAsk(liftQuestion)},
		{pattern: "POST /admin/licenses/{id}/lift", needs: lw, handle: a.licenseLift},
		{pattern: "GET /admin/licenses/{id}/places", needs: lw, handle: a.placesEdit},
		{pattern: "POST /admin/licenses/{id}/places", needs: lw, handle: a.placesSave},
		{pattern: "GET /admin/licenses/{id}/reissue", needs: lw, handle: a.asks("licenses", a.reissueQuestion)},
		{pattern: "POST /admin/licenses/{id}/reissue", needs: lw, handle: a.answers("licenses", a.reissueQuestion, a.reissue)},
		{pattern: "GET /admin/licenses/{id}/activations/new", needs: lw, handle: a.activationNew},
		{pattern: "POST /admin/licenses/{id}/activations", needs: lw, handle: a.activationAdd},
		{pattern: "GET /admin/licenses/{id}/activations/{activation}/remove", needs: lw, handle: a.activationRemoveAsk},
		{pattern: "POST /admin/licenses/{id}/activations/{activation}/remove", needs: lw, handle: a.activationRemove},

		{pattern: "GET /admin/checks", needs: lr, handle: a.verificationList},
		{pattern: "GET /admin/bans", needs: lr, handle: a.banList},
		{pattern: "POST /admin/bans", needs: lw, handle: a.banAdd},
		{pattern: "GET /admin/bans/{id}/remove", needs: lw, handle: a.asks("checks", a.unbanQuestion)},
		{pattern: "POST /admin/bans/{id}/remove", needs: lw, handle: a.answers("checks", a.unbanQuestion, a.unban)},

		{pattern: "GET /admin/customers", needs: cr, handle: a.customerList},
		{pattern: "GET /admin/customers.csv", needs: cr, handle: a.customerCSV},
		{pattern: "GET /admin/customers/new", needs: cw, handle: a.customerNew},
		{pattern: "POST /admin/customers", needs: cw, handle: a.customerCreate},
		{pattern: "GET /admin/customers/{id}", needs: cr, handle: a.customerShow},
		{pattern: "GET /admin/customers/{id}/edit", needs: cw, handle: a.customerEdit},
		{pattern: "POST /admin/customers/{id}", needs: cw, handle: a.customerUpdate},
		{pattern: "POST /admin/customers/{id}/link", needs: cw, handle: a.customerLink},
		{pattern: "POST /admin/customers/{id}/act", needs: cw, handle: a.actAs},

		{pattern: "GET /admin/orders", needs: sr, handle: a.orderList},
		{pattern: "GET /admin/orders.csv", needs: sr, handle: a.orderCSV},
		{pattern: "GET /admin/orders/new", needs: sw, handle: a.orderNew},
		{pattern: "POST /admin/orders", needs: sw, handle: a.orderCreate},
		{pattern: "GET /admin/orders/{id}", needs: sr, handle: a.orderShow},
		{pattern: "GET /admin/orders/{id}/cancel", needs: sw, handle: a.orderCancelAsk},
		{pattern: "POST /admin/orders/{id}/cancel", needs: sw, handle: a.orderCancel},

		{pattern: "GET /admin/catalog", needs: kr, handle: a.catalogList},
		{pattern: "GET /admin/products/new", needs: kw, handle: a.productNew},
		{pattern: "POST /admin/products", needs: kw, handle: a.productCreate},
		{pattern: "GET /admin/products/{id}", needs: kr, handle: a.productShow},
		{pattern: "GET /admin/products/{id}/edit", needs: kw, handle: a.productEdit},
		{pattern: "POST /admin/products/{id}", needs: kw, handle: a.productUpdate},
		{pattern: "GET /admin/products/{id}/keys", needs: kr, handle: a.keysShow},
		{pattern: "GET /admin/products/{id}/keys/rotate", needs: staff.KeysWrite, handle: a.asks("catalog", a.rotateQuestion)},
		{pattern: "POST /admin/products/{id}/keys/rotate", needs: staff.KeysWrite, handle: a.answers("catalog", a.rotateQuestion, a.rotateKeys)},
		{pattern: "GET /admin/products/{id}/roots/use", needs: staff.KeysWrite, handle: a.rootUsePage},
		{pattern: "POST /admin/products/{id}/roots/use", needs: staff.KeysWrite, handle: a.rootUse},
		{pattern: "GET /admin/products/{id}/roots/{root}/export", needs: staff.KeysWrite, handle: a.asks("catalog", a.exportQuestion)},
		{pattern: "POST /admin/products/{id}/roots/{root}/export", needs: staff.KeysWrite, handle: a.rootExport},
		{pattern: "GET /admin/products/{id}/roots/{root}/remove", needs: staff.KeysWrite, handle: a.asks("catalog", a.removeRootQuestion)},
		{pattern: "POST /admin/products/{id}/roots/{root}/remove", needs: staff.KeysWrite, handle: a.answers("catalog", a.removeRootQuestion, a.rootRemove)},
		{pattern: "GET /admin/products/{id}/plans/new", needs: kw, handle: a.planNew},
		{pattern: "POST /admin/products/{id}/plans", needs: kw, handle: a.planCreate},
		{pattern: "GET /admin/plans/{id}/edit", needs: kw, handle: a.planEdit},
		{pattern: "POST /admin/plans/{id}", needs: kw, handle: a.planUpdate},
		{pattern: "GET /admin/plans/{id}/prices/new", needs: kw, handle: a.priceNew},
		{pattern: "POST /admin/plans/{id}/prices", needs: kw, handle: a.priceCreate},
		{pattern: "GET /admin/prices/{id}/edit", needs: kw, handle: a.priceEdit},
		{pattern: "POST /admin/prices/{id}", needs: kw, handle: a.priceReplace},
		{pattern: "GET /admin/products/{id}/releases/new", needs: kw, handle: a.releaseNew},
		{pattern: "POST /admin/products/{id}/releases", needs: kw, handle: a.releaseCreate},
		{pattern: "GET /admin/releases/{id}", needs: kr, handle: a.releaseShow},
		{pattern: "POST /admin/releases/{id}/files", needs: kw, file: true, handle: a.releaseUpload},
		{pattern: "POST /admin/releases/{id}/publish", needs: kw, handle: a.releasePublish},
		{pattern: "POST /admin/releases/{id}/unpublish", needs: kw, handle: a.releaseUnpublish},

		{pattern: "GET /admin/coupons", needs: kr, handle: a.couponList},
		{pattern: "GET /admin/coupons.csv", needs: kr, handle: a.couponCSV},
		{pattern: "GET /admin/coupons/new", needs: kw, handle: a.couponNew},
		{pattern: "POST /admin/coupons", needs: kw, handle: a.couponCreate},
		{pattern: "GET /admin/coupons/{id}", needs: kr, handle: a.couponShow},
		{pattern: "GET /admin/coupons/{id}/edit", needs: kw, handle: a.couponEdit},
		{pattern: "POST /admin/coupons/{id}", needs: kw, handle: a.couponUpdate},

		{pattern: "GET /admin/automation", needs: staff.EventsRead, handle: a.automation},
		{pattern: "POST /admin/automation/run", needs: staff.JobsWrite, handle: a.automationRun},
		{pattern: "POST /admin/automation/retry", needs: staff.JobsWrite, handle: a.automationRetry},
		{pattern: "POST /admin/automation/clock", needs: staff.JobsWrite, handle: a.clockAdvance},
		{pattern: "GET /admin/automation/ahead", needs: staff.SalesRead, handle: a.lookAhead},
		{pattern: "GET /admin/automation/jobs", needs: staff.EventsRead, handle: a.jobList},
		{pattern: "POST /admin/automation/jobs/{id}/retry", needs: staff.JobsWrite, handle: a.jobRetry},
		{pattern: "GET /admin/events", needs: staff.EventsRead, handle: a.eventList},
		{pattern: "GET /admin/audit", needs: staff.EventsRead, handle: a.auditList},

		{pattern: "GET /admin/people", needs: staff.StaffWrite, handle: a.peopleList},
		{pattern: "GET /admin/people/new", needs: staff.StaffWrite, handle: a.peopleNew},
		{pattern: "POST /admin/people", needs: staff.StaffWrite, handle: a.peopleCreate},
		{pattern: "GET /admin/people/{id}", needs: staff.StaffWrite, handle: a.peopleShow},
		{pattern: "POST /admin/people/{id}", needs: staff.StaffWrite, handle: a.peopleUpdate},
		{pattern: "POST /admin/people/{id}/link", needs: staff.StaffWrite, handle: a.peopleLink},
		{pattern: "GET /admin/people/{id}/disable", needs: staff.StaffWrite, handle: a.peopleDisableAsk},
		{pattern: "POST /admin/people/{id}/disable", needs: staff.StaffWrite, handle: a.peopleDisable},
		{pattern: "POST /admin/people/{id}/enable", needs: staff.StaffWrite, handle: a.peopleEnable},

		{pattern: "GET /admin/tokens", needs: staff.TokensWrite, handle: a.tokenList},
		{pattern: "GET /admin/tokens/new", needs: staff.TokensWrite, handle: a.tokenNew},
		{pattern: "POST /admin/tokens", needs: staff.TokensWrite, handle: a.tokenCreate},
		{pattern: "GET /admin/tokens/{id}/revoke", needs: staff.TokensWrite, handle: a.tokenRevokeAsk},
		{pattern: "POST /admin/tokens/{id}/revoke", needs: staff.TokensWrite, handle: a.tokenRevoke},

		{pattern: "GET /admin/settings", needs: staff.SettingsRead, handle: a.settingsShow},
		{pattern: "POST /admin/settings", needs: staff.SettingsWrite, handle: a.settingsSave},
	}
}
