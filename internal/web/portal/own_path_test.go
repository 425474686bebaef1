package portal

import "testing"

// Signing in leads back to a page of the portal or of the shop, and nowhere else.
func TestOwnPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/account/invoices?status=open": "/account/invoices?status=open",
		"/checkout":                     "/checkout",
		"/buy/prc_1?quantity=2":         "/buy/prc_1?quantity=2",
		"/checkout/return?order=1":      "",
		"/buy":                          "",
		"/buy/../admin":                 "",
		"/admin/licenses":               "",
		"//evil.example/buy/":           "",
		"https://evil.example/checkout": "",
		"/buy/\\evil.example":           "",
		"":                              "",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
