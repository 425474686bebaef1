package e2e

import (
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// lookAtNames takes pictures of how a visitor finds a domain and orders it.
func lookAtNames(t *testing.T, s *drive.Server) {
	t.Helper()
	money := func(amount int) map[string]any { return map[string]any{"amount": amount, "currency": "EUR"} }
	for _, tld := range []string{"com", "net", "org", "shop"} {
		s.Admin(t, "POST", "/tlds", map[string]any{"tld": tld, "registrar": "simulator", "prices": []any{
			map[string]any{"action": "register", "years": 1, "money": money(199)},
			map[string]any{"action": "register", "years": 10, "money": money(10900)},
			map[string]any{"action": "transfer", "years": 1, "money": money(900)},
			map[string]any{"action": "renew", "years": 1, "money": money(1200)},
			map[string]any{"action": "renew", "years": 9, "money": money(9900)},
		}}, 201, nil)
	}
	b := newBrowser(t, s.URL)
	b.open("/")
	b.picture("shop-start")
	b.open("/domains/prices")
	b.picture("shop-domain-prices")
	b.open("/domains?q=marlowe-and-daughters.com")
	b.sees("marlowe-and-daughters.com")
	b.picture("shop-domain-search")
	b.submit("years")
	b.sees("Registration")
	b.picture("shop-domain-cart")
	b.open("/checkout")
	b.picture("shop-domain-checkout")
}
