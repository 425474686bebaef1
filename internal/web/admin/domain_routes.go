package admin

import "github.com/keystead/keystead/internal/staff"

// domainRoutes is what is about domains: their records and renewals, extensions, registrars and notices.
func (a *area) domainRoutes() []route {
	const (
		dr, dw = staff.DomainsRead, staff.DomainsWrite
		kr, kw = staff.CatalogRead, staff.CatalogWrite
		ww     = staff.SettingsWrite
	)
	return []route{
		{pattern: "GET /admin/domains", needs: dr, handle: a.domainList},
		{pattern: "GET /admin/domains.csv", needs: dr, handle: a.domainCSV},
		{pattern: "GET /admin/domains/new", needs: dw, handle: a.domainNew},
		{pattern: "POST /admin/domains", needs: dw, handle: a.domainCreate},
		{pattern: "GET /admin/domains/danger", needs: dr, handle: a.domainDanger},
		{pattern: "GET /admin/domains/calendar", needs: dr, handle: a.domainCalendar},
		{pattern: "GET /admin/domains/unconfirmed", needs: dr, handle: a.domainUnconfirmed},
		{pattern: "GET /admin/domains/below-cost", needs: dr, handle: a.domainBelowCost},
		{pattern: "GET /admin/domains/notices", needs: dr, handle: a.domainNotices},
		{pattern: "GET /admin/domains/notices.csv", needs: dr, handle: a.domainNoticesCSV},
		{pattern: "GET /admin/domains/notices/rules", needs: dr, handle: a.noticeRules},
		{pattern: "POST /admin/domains/notices/rules", needs: dw, handle: a.noticeRulesSave},

		{pattern: "GET /admin/domain-prices", needs: dr, handle: a.domainPriceList},
		{pattern: "GET /admin/domain-prices/new", needs: dw, handle: a.domainPriceNew},
		{pattern: "POST /admin/domain-prices", needs: dw, handle: a.domainPricePreview},
		{pattern: "GET /admin/domain-prices/{id}", needs: dr, handle: a.domainPriceShow},
		{pattern: "GET /admin/domain-prices/{id}/rows.csv", needs: dr, handle: a.domainPriceCSV},
		{pattern: "GET /admin/domain-prices/{id}/undo", needs: dw, handle: a.asks("domains", a.domainPriceUndoQuestion)},
		{pattern: "POST /admin/domain-prices/{id}/undo", needs: dw, handle: a.answers("domains", a.domainPriceUndoQuestion, a.domainPriceUndo)},

		{pattern: "GET /admin/domains/{id}", needs: dr, handle: a.domainShow},
		{pattern: "GET /admin/domains/{id}/edit", needs: dw, handle: a.domainEdit},
		{pattern: "POST /admin/domains/{id}", needs: dw, handle: a.domainUpdate},
		{pattern: "GET /admin/domains/{id}/renew", needs: dw, handle: a.domainRenew},
		{pattern: "POST /admin/domains/{id}/renew", needs: dw, handle: a.domainRenewAsk},
		{pattern: "POST /admin/domains/{id}/renew/do", needs: dw, handle: a.domainRenewDo},
		{pattern: "POST /admin/domains/{id}/sync", needs: dw, handle: a.domainSync},
		{pattern: "GET /admin/domains/{id}/adopt", needs: dw, handle: a.asks("domains", a.adoptQuestion)},
		{pattern: "POST /admin/domains/{id}/adopt", needs: dw, handle: a.answers("domains", a.adoptQuestion, a.adopt)},
		{pattern: "GET /admin/domains/{id}/auto-renew", needs: dw, handle: a.asks("domains", a.autoRenewQuestion)},
		{pattern: "POST /admin/domains/{id}/auto-renew", needs: dw, handle: a.answers("domains", a.autoRenewQuestion, a.autoRenew)},
		{pattern: "GET /admin/domains/{id}/answer", needs: dw, handle: a.asks("domains", a.answerQuestion)},
		{pattern: "POST /admin/domains/{id}/answer", needs: dw, handle: a.answers("domains", a.answerQuestion, a.answerUnpaid)},
		{pattern: "GET /admin/domains/{id}/renewals/{renewal}/release", needs: dw, handle: a.asks("domains", a.releaseRenewalQuestion)},
		{pattern: "POST /admin/domains/{id}/renewals/{renewal}/release", needs: dw, handle: a.answers("domains", a.releaseRenewalQuestion, a.releaseRenewal)},
		{pattern: "GET /admin/domains/{id}/renewals/{renewal}/accept-price", needs: dw, handle: a.asks("domains", a.acceptPriceQuestion)},
		{pattern: "POST /admin/domains/{id}/renewals/{renewal}/accept-price", needs: dw, handle: a.answers("domains", a.acceptPriceQuestion, a.acceptPrice)},
		{pattern: "GET /admin/domains/{id}/restore-quote", needs: dw, handle: a.asks("domains", a.restoreQuoteQuestion)},
		{pattern: "POST /admin/domains/{id}/restore-quote", needs: dw, handle: a.answers("domains", a.restoreQuoteQuestion, a.restoreQuote)},
		{pattern: "GET /admin/domains/{id}/by-hand", needs: dw, handle: a.byHandNew},
		{pattern: "POST /admin/domains/{id}/by-hand", needs: dw, handle: a.byHand},
		{pattern: "GET /admin/domains/{id}/nameservers", needs: dw, handle: a.nameserversEdit},
		{pattern: "POST /admin/domains/{id}/nameservers", needs: dw, handle: a.nameserversSave},
		{pattern: "GET /admin/domains/{id}/registrant", needs: dw, handle: a.registrantEdit},
		{pattern: "POST /admin/domains/{id}/registrant", needs: dw, handle: a.registrantSave},
		{pattern: "GET /admin/domains/{id}/lock", needs: dw, handle: a.asks("domains", a.lockQuestion)},
		{pattern: "POST /admin/domains/{id}/lock", needs: dw, handle: a.answers("domains", a.lockQuestion, a.lock)},
		{pattern: "GET /admin/domains/{id}/auth-code", needs: dw, handle: a.asks("domains", a.authCodeQuestion)},
		{pattern: "POST /admin/domains/{id}/auth-code", needs: dw, handle: a.authCode},

		{pattern: "GET /admin/tlds", needs: kr, handle: a.tldList},
		{pattern: "GET /admin/tlds/policies.csv", needs: kr, handle: a.tableExport("policies")},
		{pattern: "GET /admin/tlds/prices.csv", needs: kr, handle: a.tableExport("prices")},
		{pattern: "GET /admin/tlds/import/policies", needs: kw, handle: a.tableImportNew("policies")},
		{pattern: "POST /admin/tlds/import/policies", needs: kw, file: true, handle: a.tableImport("policies")},
		{pattern: "GET /admin/tlds/import/prices", needs: kw, handle: a.tableImportNew("prices")},
		{pattern: "POST /admin/tlds/import/prices", needs: kw, file: true, handle: a.tableImport("prices")},
		{pattern: "GET /admin/tlds/add", needs: kw, handle: a.policyNew},
		{pattern: "POST /admin/tlds", needs: kw, handle: a.policySave},
		{pattern: "GET /admin/tlds/{tld}", needs: kr, handle: a.tldShow},
		{pattern: "GET /admin/tlds/{tld}/policy", needs: kw, handle: a.policyNew},
		{pattern: "POST /admin/tlds/{tld}/policy", needs: kw, handle: a.policySave},
		{pattern: "GET /admin/tlds/{tld}/prices", needs: kw, handle: a.tldPrices},
		{pattern: "POST /admin/tlds/{tld}/prices", needs: kw, handle: a.tldPricesSave},
		{pattern: "GET /admin/tlds/{tld}/registrar", needs: kw, handle: a.tldRegistrar},
		{pattern: "POST /admin/tlds/{tld}/registrar", needs: kw, handle: a.tldRegistrarSave},

		{pattern: "GET /admin/registrars", needs: dr, handle: a.registrarList},
		{pattern: "GET /admin/registrars/new", needs: ww, handle: a.registrarNew},
		{pattern: "POST /admin/registrars", needs: ww, handle: a.registrarCreate},
		{pattern: "GET /admin/registrars/{id}", needs: dr, handle: a.registrarShow},
		{pattern: "GET /admin/registrars/{id}/edit", needs: ww, handle: a.registrarEdit},
		{pattern: "POST /admin/registrars/{id}", needs: ww, handle: a.registrarUpdate},
		{pattern: "POST /admin/registrars/{id}/test", needs: dw, handle: a.registrarTest},
		{pattern: "POST /admin/registrars/{id}/balance", needs: dw, handle: a.registrarBalance},
		{pattern: "GET /admin/registrars/{id}/restart", needs: dw, handle: a.asks("registrars", a.restartQuestion)},
		{pattern: "POST /admin/registrars/{id}/restart", needs: dw, handle: a.answers("registrars", a.restartQuestion, a.restart)},
		{pattern: "GET /admin/registrars/{id}/runs/{run}", needs: dr, handle: a.registrarRun},
		{pattern: "GET /admin/registrars/{id}/frames", needs: dr, handle: a.registrarFrames},
	}
}
