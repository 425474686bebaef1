package shop

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

var flash = ui.FlashCookie{Name: "keystead_shop_said", Path: "/"}

// page is what every public page has. While the settings can't be read the store has no name of its own.
func (s *shop) page(w http.ResponseWriter, r *http.Request, title, section string) ui.Page {
	flash.Forget(w, r)
	p := ui.Page{
		Reader: ui.Reader{Now: s.Clock.Now()},
		Face:   ui.Public, Title: title, Section: section, Path: r.URL.RequestURI(), Flash: flash.Said(r),
		Store: ui.Store{Name: "Keystead", HomeURL: "/"}, Theme: ui.ThemeOf(r),
	}
	if now, err := s.Settings.Get(r.Context()); err == nil {
		p.Store.Name, p.Zone = now.StoreName, now.TimeZone
		if now.TermsURL != "" {
			p.Footer = append(p.Footer, ui.Link{Label: "Terms", Href: now.TermsURL})
		}
		if now.PrivacyURL != "" {
			p.Footer = append(p.Footer, ui.Link{Label: "Privacy", Href: now.PrivacyURL})
		}
	}
	p.Footer = append(p.Footer, ui.Link{Label: "Status", Href: "/status"})
	if s.TestMode {
		p.TestMode = p.TestNotice()
	}
	s.greet(&p, r)
	return p
}

// greet shows who is there, and what is in the cart.
func (s *shop) greet(p *ui.Page, r *http.Request) {
	v := visitorOf(r)
	p.Nav = []ui.NavItem{{Section: "products", Label: "Products", Href: "/"}}
	if sells, err := s.sellsDomains(r.Context()); err == nil && sells {
		p.Nav = append(p.Nav, ui.NavItem{Section: "domains", Label: "Domains", Href: "/domains"})
	}
	p.Nav = append(p.Nav, ui.NavItem{Section: "cart", Label: "Cart", Href: "/cart", Count: len(s.cart(r).Items), CountLabel: "in it"})
	if v.customer == nil {
		p.Nav = append(p.Nav, ui.NavItem{Section: "account", Label: "Your account", Href: "/account"})
		return
	}
	p.User = &ui.User{Name: v.customer.Name, Email: v.customer.Email, AccountURL: "/account/licenses", SignOutURL: "/account/sign-out"}
	if v.acting() {
		p.User = &ui.User{Name: v.session.ActingStaffName, Email: "for " + v.customer.Email, Role: "Staff", SignOutURL: "/account/leave"}
		p.Acting = &ui.Acting{Customer: v.customer.Name, StopURL: "/account/leave"}
	}
	if zone := v.zone(); zone != nil {
		p.Zone = zone
	}
}

// show writes an amount for people.
func show(m money.Money) string { return m.Format("en") }

// brief writes an amount without a fraction that is zero, as price tags do.
func brief(m money.Money) string {
	if n := m.Currency.Decimals(); n > 0 {
		return strings.TrimSuffix(show(m), "."+strings.Repeat("0", n))
	}
	return show(m)
}

// day writes a date as people read it.
func day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.StartIn(time.UTC).Format("2 January 2006")
}

// baseURL is where this store is reached: as its owner says, else as this request reached it.
func (s *shop) baseURL(r *http.Request) (string, error) {
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		return "", err
	}
	if now.BaseURL != "" {
		return now.BaseURL, nil
	}
	scheme := "http"
	if web.Secure(r) {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: r.Host}).String(), nil
}

// here is the path of an address on this server; empty if it leads elsewhere.
func (s *shop) here(r *http.Request, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(address, "\\\t\r\n") {
		return ""
	}
	if u.Scheme == "" && u.Host == "" {
		return u.RequestURI()
	}
	base, err := s.baseURL(r)
	if err != nil || !strings.EqualFold(u.Scheme+"://"+u.Host, base) {
		return ""
	}
	return u.RequestURI()
}

func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
