package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/keystead/keystead/test/drive"
)

// screens are the pages that are looked at, by the name of their picture. A path may name what it is about by the
// list of the admin API that it is the first of.
var screens = []struct {
	name, path string
	customer   bool
}{
	{"staff-dashboard", "/admin", false},
	{"staff-licenses", "/admin/licenses", false},
	{"staff-license", "/admin/licenses/{licenses?status=active}", false},
	{"staff-subscriptions", "/admin/subscriptions", false},
	{"staff-subscription", "/admin/subscriptions/{subscriptions?status=past_due}", false},
	{"staff-subscription-change", "/admin/subscriptions/{subscriptions?status=active}/change", false},
	{"staff-subscription-cancel", "/admin/subscriptions/{subscriptions?status=active}/cancel", false},
	{"staff-invoices", "/admin/invoices", false},
	{"staff-invoice", "/admin/invoices/{invoices?status=open}", false},
	{"staff-invoice-refund", "/admin/invoices/{invoices?status=paid}/refund", false},
	{"staff-credit-notes", "/admin/credit-notes", false},
	{"staff-receivables", "/admin/receivables", false},
	{"staff-payments", "/admin/payments", false},
	{"staff-payment", "/admin/payments/{payments?}", false},
	{"staff-refunds", "/admin/refunds", false},
	{"staff-disputes", "/admin/disputes", false},
	{"staff-tasks", "/admin/tasks", false},
	{"staff-orders", "/admin/orders", false},
	{"staff-order", "/admin/orders/{orders?status=completed}", false},
	{"staff-order-new", "/admin/orders/new", false},
	{"staff-customers", "/admin/customers", false},
	{"staff-customer", "/admin/customers/{customers?q=CUSTOMER}", false},
	{"staff-catalog", "/admin/catalog", false},
	{"staff-product", "/admin/products/{products?}", false},
	{"staff-product-edit", "/admin/products/{products?}/edit", false},
	{"staff-plan-new", "/admin/products/{products?}/plans/new", false},
	{"staff-signing-keys", "/admin/products/{products?}/keys", false},
	{"staff-root-import", "/admin/products/{products?}/roots/use", false},
	{"staff-checks", "/admin/checks", false},
	{"staff-bans", "/admin/bans", false},
	{"staff-places", "/admin/licenses/{licenses?status=active}/places", false},
	{"staff-reissue", "/admin/licenses/{licenses?status=active}/reissue", false},
	{"staff-coupons", "/admin/coupons", false},
	{"staff-automation", "/admin/automation", false},
	{"staff-ahead", "/admin/automation/ahead", false},
	{"staff-jobs", "/admin/automation/jobs", false},
	{"staff-revenue", "/admin/revenue", false},
	{"staff-mail", "/admin/mail", false},
	{"staff-mail-one", "/admin/mail/{mail?}", false},
	{"staff-webhooks", "/admin/webhooks", false},
	{"staff-webhook-new", "/admin/webhooks/new", false},
	{"staff-deliveries", "/admin/deliveries", false},
	{"staff-taxes", "/admin/taxes", false},
	{"staff-tax-new", "/admin/taxes/new", false},
	{"staff-price-updates", "/admin/price-updates", false},
	{"staff-price-update-new", "/admin/price-updates/new", false},
	{"staff-sandbox", "/admin/sandbox", false},
	{"staff-domains", "/admin/domains", false},
	{"staff-domains-danger", "/admin/domains/danger", false},
	{"staff-domain", "/admin/domains/{domains?q=marlowe-daughters.com}", false},
	{"staff-domain-renew", "/admin/domains/{domains?status=active}/renew", false},
	{"staff-domain-auto-renew", "/admin/domains/{domains?status=active}/auto-renew", false},
	{"staff-domain-edit", "/admin/domains/{domains?status=active}/edit", false},
	{"staff-domain-new", "/admin/domains/new", false},
	{"staff-domain-calendar", "/admin/domains/calendar", false},
	{"staff-domains-unconfirmed", "/admin/domains/unconfirmed", false},
	{"staff-domains-below-cost", "/admin/domains/below-cost", false},
	{"staff-domain-notices", "/admin/domains/notices", false},
	{"staff-domain-notice-rules", "/admin/domains/notices/rules", false},
	{"staff-domain-prices", "/admin/domain-prices", false},
	{"staff-domain-prices-new", "/admin/domain-prices/new", false},
	{"staff-tlds", "/admin/tlds", false},
	{"staff-tld", "/admin/tlds/com", false},
	{"staff-tld-policy", "/admin/tlds/com/policy", false},
	{"staff-tld-prices", "/admin/tlds/com/prices", false},
	{"staff-tld-import", "/admin/tlds/import/prices", false},
	{"staff-registrars", "/admin/registrars", false},
	{"staff-registrar-new", "/admin/registrars/new", false},
	{"staff-registrar", "/admin/registrars/{registrars}", false},
	{"staff-registrar-costs", "/admin/registrars/{registrars}/costs", false},
	{"staff-registrar-cost", "/admin/registrars/{registrars}/costs/edit?extension=com", false},
	{"staff-settings", "/admin/settings", false},
	{"portal-licenses", "/account/licenses", true},
	{"portal-license", "/account/licenses/{licenses?status=active&customer_id=CUSTOMER_ID}", true},
	{"shop-verify", "/verify/fieldnote?domain=example.com", true},
	{"portal-subscriptions", "/account/subscriptions", true},
	{"portal-subscription", "/account/subscriptions/{subscriptions?status=active&customer_id=CUSTOMER_ID}", true},
	{"portal-change", "/account/subscriptions/{subscriptions?status=active&customer_id=CUSTOMER_ID}/change", true},
	{"portal-cancel", "/account/subscriptions/{subscriptions?status=active&customer_id=CUSTOMER_ID}/cancel", true},
	{"portal-domains", "/account/domains", true},
	{"portal-domain-active", "/account/domains/{domains?q=marlowe.com}", true},
	{"portal-domain-unpaid", "/account/domains/{domains?q=marlowe-daughters.com}", true},
	{"portal-domain-unknown", "/account/domains/{domains?q=marlowe.uk}", true},
	{"portal-domain-arranged", "/account/domains/{domains?q=marlowe.de}", true},
	{"portal-domain-late", "/account/domains/{domains?q=old-harbour.net}", true},
	{"portal-domain-free", "/account/domains/{domains?q=fieldnotes.example}", true},
	{"portal-domain-premium", "/account/domains/{domains?q=gold.example}", true},
	{"portal-domain-redemption", "/account/domains/{domains?q=marlowe-prints.io}", true},
	{"portal-domain-renew", "/account/domains/{domains?q=marlowe.com}/renew/review?years=2", true},
	{"portal-domain-auto-renew", "/account/domains/{domains?q=marlowe-daughters.com}/auto-renew", true},
	{"portal-domain-nameservers", "/account/domains/{domains?q=marlowe.com}/nameservers", true},
	{"portal-domain-transfer-code", "/account/domains/{domains?q=marlowe.com}/auth-code", true},
	{"portal-domain-renewals", "/account/domains/renewals", true},
	{"portal-invoices", "/account/invoices", true},
	{"portal-invoice", "/account/invoices/{invoices?status=open&customer_id=CUSTOMER_ID}", true},
	{"portal-payment-methods", "/account/payment-methods", true},
	{"portal-card", "/account/payment-methods/new", true},
	{"portal-downloads", "/account/downloads", true},
	{"portal-details", "/account/details", true},
}

var inBraces = regexp.MustCompile(`\{(.+)\}`)

// Every page fits a phone and a desk in both colour schemes, and the browser has nothing to complain about.
// KEYSTEAD_SCREENSHOTS names a folder that keeps the pictures.
func TestScreens(t *testing.T) {
	t.Parallel()
	s := drive.StartDemo(t, "--data", t.TempDir())
	found := map[string]string{} // ids, by the list that they are the first of
	first := func(list string) string {
		if id, ok := found[list]; ok {
			return id
		}
		var page struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		at := "/" + list
		if strings.Contains(list, "?") { // the others are whole on one page
			at += "&limit=1"
		}
		s.Admin(t, "GET", at, nil, 200, &page)
		if len(page.Data) == 0 {
			t.Fatalf("the demo store has no %s", list)
		}
		found[list] = page.Data[0].ID
		return found[list]
	}
	me := first("customers?q=" + s.Demo.Customer.Email)
	staff, customer := newBrowser(t, s.URL), newBrowser(t, s.URL)
	staff.open("/admin/sign-in")
	staff.picture("staff-sign-in")
	staff.fill("email", s.Demo.Staff.Email)
	staff.fill("password", s.Demo.Staff.Password)
	staff.submit("email")
	staff.sees("Dashboard")
	customer.open("/account/sign-in")
	customer.fill("email", s.Demo.Customer.Email)
	customer.fill("password", s.Demo.Customer.Password)
	customer.submit("email")
	customer.sees("Licenses")
	for _, screen := range screens {
		b := staff
		if screen.customer {
			b = customer
		}
		b.open(inBraces.ReplaceAllStringFunc(screen.path, func(list string) string {
			return first(strings.NewReplacer("{", "", "}", "", "CUSTOMER_ID", me, "CUSTOMER", s.Demo.Customer.Email).Replace(list))
		}))
		b.picture(screen.name)
	}
	lookAtNames(t, s)
}

// picture looks at the page in four ways, and keeps the pictures if somebody wants them.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("KEYSTEAD_SCREENSHOTS")
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desk", 1440, 1000}} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(size.width, size.height, scheme)
			if wide := ask(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > size.width {
				b.t.Errorf("%s is %d pixels wide on a %s of %d", name, wide, size.name, size.width)
			}
			if dir == "" {
				continue
			}
			png := ask(b, chromedp.CaptureScreenshot())
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", name, size.name, scheme)), png, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.look(1440, 1000, "light")
}
