package portal

import (
	"net/http"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/web/ui"
)

// page is what every page of the portal has. The store's name stays Keystead's own when the settings can't be read, so
// that an error can still be shown.
func (a *area) page(w http.ResponseWriter, r *http.Request, title, section string) ui.Page {
	flash.Forget(w, r)
	p := ui.Page{
		Reader: ui.Reader{Now: a.Clock.Now()},
		Face:   ui.Auth, Title: title, Section: section, Path: r.URL.RequestURI(),
		Store: ui.Store{Name: "Keystead", HomeURL: "/"}, Theme: ui.ThemeOf(r), Flash: flash.Said(r),
		Footer: []ui.Link{{Label: "Status", Href: "/status"}},
	}
	if s, err := a.Settings.Get(r.Context()); err == nil {
		p.Store.Name, p.Zone = s.StoreName, s.TimeZone
	}
	if a.TestMode {
		p.TestMode = p.TestNotice()
	}
	if v := visitorOf(r); v != nil {
		a.personal(&p, r, v)
	}
	return p
}

// personal makes the page one of a customer who is signed in.
func (a *area) personal(p *ui.Page, r *http.Request, v *visitor) {
	p.Face, p.Store.HomeURL = ui.Portal, "/account/licenses"
	p.User = &ui.User{Name: v.customer.Name, Email: v.customer.Email, AccountURL: "/account/details", SignOutURL: "/account/sign-out"}
	if v.acting() {
		p.User = &ui.User{Name: v.session.ActingStaffName, Email: "for " + v.customer.Email, Role: "Staff", SignOutURL: "/account/leave"}
		p.Acting = &ui.Acting{Customer: v.customer.Name, StopURL: "/account/leave"}
	}
	p.Nav = []ui.NavItem{
		{Section: "licenses", Label: "Licenses", Href: "/account/licenses", Icon: "key"},
		{Section: "subscriptions", Label: "Subscriptions", Href: "/account/subscriptions", Icon: "repeat"},
		{Section: "domains", Label: "Domains", Href: "/account/domains", Icon: "globe"},
		{Section: "invoices", Label: "Invoices", Href: "/account/invoices", Icon: "invoice", Count: a.toPay(r, v), CountLabel: "to pay"},
		{Section: "methods", Label: "Payment methods", Href: "/account/payment-methods", Icon: "card"},
		{Section: "downloads", Label: "Downloads", Href: "/account/downloads", Icon: "download"},
		{Section: "details", Label: "Details", Href: "/account/details", Icon: "user"},
	}
	if !a.hasDomains(r.Context(), v.customer.ID) {
		p.Nav = slices.DeleteFunc(p.Nav, func(n ui.NavItem) bool { return n.Section == "domains" && p.Section != "domains" })
	}
	if v.customer.TimeZone != "" {
		if zone, err := time.LoadLocation(v.customer.TimeZone); err == nil {
			p.Zone = zone
		}
	}
}

// toPay is how many invoices wait for money. The number is a help, no reason for a page to fail.
func (a *area) toPay(r *http.Request, v *visitor) int {
	open, _, err := a.Billing.List(r.Context(), billing.Filter{CustomerID: v.customer.ID, Status: billing.Open, Limit: perPage})
	if err != nil {
		a.Log.Warn("open invoices of a customer", "customer", v.customer.ID, "err", err)
	}
	return len(open)
}

// home is where the portal begins.
func (a *area) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, a.orHome(r.Context(), visitorOf(r).customer.ID, ""), http.StatusSeeOther)
	return nil
}
