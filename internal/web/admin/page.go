package admin

import (
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// navigation is the side bar; an entry is shown to those who may open it.
var navigation = []struct {
	ui.NavItem
	needs staff.Permission
}{
	{ui.NavItem{Section: "dashboard", Label: "Dashboard", Href: "/admin", Icon: "home"}, ""},
	{ui.NavItem{Section: "tasks", Label: "Needs a person", Href: "/admin/tasks", Icon: "bell"}, staff.SalesRead},
	{ui.NavItem{Group: "Sales", Section: "licenses", Label: "Licenses", Href: "/admin/licenses", Icon: "key"}, staff.LicensesRead},
	{ui.NavItem{Group: "Sales", Section: "customers", Label: "Customers", Href: "/admin/customers", Icon: "users"}, staff.CustomersRead},
	{ui.NavItem{Group: "Sales", Section: "orders", Label: "Orders", Href: "/admin/orders", Icon: "cart"}, staff.SalesRead},
	{ui.NavItem{Group: "Sales", Section: "subscriptions", Label: "Subscriptions", Href: "/admin/subscriptions", Icon: "repeat"}, staff.SalesRead},
	{ui.NavItem{Group: "Sales", Section: "domains", Label: "Domains", Href: domainsAt, Icon: "globe"}, staff.DomainsRead},
	{ui.NavItem{Group: "Sales", Section: "invoices", Label: "Invoices", Href: "/admin/invoices", Icon: "invoice"}, staff.SalesRead},
	{ui.NavItem{Group: "Sales", Section: "payments", Label: "Payments", Href: "/admin/payments", Icon: "card"}, staff.SalesRead},
	{ui.NavItem{Group: "Sales", Section: "revenue", Label: "Revenue", Href: "/admin/revenue", Icon: "chart"}, staff.SalesRead},
	{ui.NavItem{Group: "Sales", Section: "catalog", Label: "Catalog", Href: "/admin/catalog", Icon: "box"}, staff.CatalogRead},
	{ui.NavItem{Group: "Sales", Section: "coupons", Label: "Coupons", Href: "/admin/coupons", Icon: "tag"}, staff.CatalogRead},
	{ui.NavItem{Group: "Operation", Section: "checks", Label: "Checks", Href: checksAt, Icon: "activity"}, staff.LicensesRead},
	{ui.NavItem{Group: "Operation", Section: "automation", Label: "Automation", Href: "/admin/automation", Icon: "clock"}, staff.EventsRead},
	{ui.NavItem{Group: "Operation", Section: "mail", Label: "Mail", Href: "/admin/mail", Icon: "mail"}, staff.EventsRead},
	{ui.NavItem{Group: "Operation", Section: "webhooks", Label: "Webhooks", Href: "/admin/webhooks", Icon: "link"}, staff.EventsRead},
	{ui.NavItem{Group: "Operation", Section: "events", Label: "Events", Href: "/admin/events", Icon: "calendar"}, staff.EventsRead},
	{ui.NavItem{Group: "Store", Section: "people", Label: "People and roles", Href: "/admin/people", Icon: "shield"}, staff.StaffWrite},
	{ui.NavItem{Group: "Store", Section: "tokens", Label: "API tokens", Href: "/admin/tokens", Icon: "code"}, staff.TokensWrite},
	{ui.NavItem{Group: "Store", Section: "tlds", Label: "Extensions", Href: tldsAt, Icon: "monitor"}, staff.CatalogRead},
	{ui.NavItem{Group: "Store", Section: "registrars", Label: "Registrars", Href: registrarsAt, Icon: "server"}, staff.DomainsRead},
	{ui.NavItem{Group: "Store", Section: "taxes", Label: "Taxes", Href: "/admin/taxes", Icon: "file"}, staff.SalesRead},
	{ui.NavItem{Group: "Store", Section: "audit", Label: "Audit log", Href: "/admin/audit", Icon: "log"}, staff.EventsRead},
	{ui.NavItem{Group: "Store", Section: "settings", Label: "Settings", Href: "/admin/settings", Icon: "settings"}, staff.SettingsRead},
}

// page is what every page of the staff area has. The store's name stays Keystead's own when the settings can't be
// read, so that an error can still be shown.
func (a *area) page(r *http.Request, title, section string) ui.Page {
	p := a.bare(r, title)
	p.Face, p.Section = ui.Staff, section
	v := visitorOf(r)
	if v == nil {
		return p
	}
	me := v.staff
	p.User = &ui.User{Name: me.Name, Email: me.Email, Role: roleWords[me.Role].label, AccountURL: "/admin/me", SignOutURL: "/admin/sign-out"}
	p.SearchURL, p.Search = "/admin/search", ""
	for _, n := range navigation {
		if n.needs != "" && !me.Role.Can(n.needs) {
			continue
		}
		if n.Section == "tasks" {
			n.Count, n.CountLabel = a.waiting(r.Context()), "waiting"
		}
		p.Nav = append(p.Nav, n.NavItem)
	}
	if me.TimeZone != "" {
		if zone, err := time.LoadLocation(me.TimeZone); err == nil {
			p.Zone = zone
		}
	}
	p.Recovery = a.recoveryBanner(r.Context(), p, me.Role)
	return p
}

// bare is a page without anybody signed in: sign-in, set-up, errors.
func (a *area) bare(r *http.Request, title string) ui.Page {
	p := ui.Page{
		Reader: ui.Reader{Now: a.Clock.Now(), FormatMoney: formatMoney},
		Face:   ui.Auth, Title: title, Path: r.URL.RequestURI(),
		Store: ui.Store{Name: "Keystead", HomeURL: "/admin"},
		Theme: ui.ThemeOf(r), Flash: flash.Said(r),
	}
	if s, err := a.Settings.Get(r.Context()); err == nil {
		p.Store.Name, p.Zone = s.StoreName, s.TimeZone
	}
	if a.TestMode {
		p.TestMode = p.TestNotice()
	}
	return p
}

func formatMoney(amount int64, currency string) string {
	return money.New(amount, money.Currency(currency)).Format("en")
}

// absolute is the address of a path of this site, for links that leave the browser.
func (a *area) absolute(r *http.Request, path string) string {
	if s, err := a.Settings.Get(r.Context()); err == nil && s.BaseURL != "" {
		return s.BaseURL + path
	}
	scheme := "http"
	if web.Secure(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host + path
}
