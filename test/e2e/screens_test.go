package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/keystead/keystead/test/drive"
)

// screens are the pages that are looked at, by the name of their picture.
var screens = []struct {
	name, path string
	customer   bool
}{
	{"staff-dashboard", "/admin", false},
	{"staff-licenses", "/admin/licenses", false},
	{"staff-license", "LICENSE", false},
	{"staff-invoices", "/admin/invoices", false},
	{"staff-invoice", "INVOICE", false},
	{"staff-customers", "/admin/customers", false},
	{"staff-customer", "CUSTOMER", false},
	{"staff-catalog", "/admin/catalog", false},
	{"staff-product", "PRODUCT", false},
	{"staff-settings", "/admin/settings", false},
	{"staff-automation", "/admin/automation", false},
	{"staff-order-new", "/admin/orders/new", false},
	{"portal-licenses", "/account/licenses", true},
	{"portal-invoices", "/account/invoices", true},
}

// Every page fits a phone and a desk in both colour schemes, and the browser has nothing to complain about.
// KEYSTEAD_SCREENSHOTS names a folder that keeps the pictures.
func TestScreens(t *testing.T) {
	s := drive.StartDemo(t, "--data", t.TempDir())
	places := map[string]string{}
	for name, list := range map[string][2]string{
		"LICENSE": {"/licenses?status=active&limit=1", "/admin/licenses/"}, "INVOICE": {"/invoices?status=open&limit=1", "/admin/invoices/"},
		"CUSTOMER": {"/customers?limit=1&q=" + s.Demo.Customer.Email, "/admin/customers/"}, "PRODUCT": {"/products?limit=1", "/admin/products/"},
	} {
		var page struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		s.Admin(t, "GET", list[0], nil, 200, &page)
		if len(page.Data) == 0 {
			t.Fatalf("the demo store has no %s", name)
		}
		places[name] = list[1] + page.Data[0].ID
	}
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
		path := screen.path
		if p, ok := places[path]; ok {
			path = p
		}
		b.open(path)
		b.picture(screen.name)
	}
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
