package e2e

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

var setUpLink = regexp.MustCompile(`https?://\S+/admin/setup/[A-Za-z0-9_-]+`)

// From an empty folder to a key in the customer's hands, its activation, and the removal of that: all by clicking.
func TestFromSetUpToActivation(t *testing.T) {
	t.Parallel()
	s := drive.StartServe(t, "--data", t.TempDir())
	link := s.Said(t, setUpLink)
	owner := newBrowser(t, s.URL)
	owner.open(link)
	owner.fill("name", "Grace Hopper")
	owner.fill("email", "grace@example.com")
	owner.fill("password", "a long sentence is easy to keep")
	owner.submit("password")
	owner.sees("Dashboard", "Your first product in minutes")

	owner.open("/admin/products/new")
	owner.fill("name", "Widget")
	owner.fill("slug", "widget")
	owner.submit("slug")
	owner.sees("Widget was created")

	owner.follow("New plan")
	owner.fill("name", "Developer")
	owner.fill("activation_limit", "2")
	owner.fill("entitlements", "feature.sso")
	owner.submit("name")
	owner.sees("Next: its price")
	owner.fill("amount", "49.00")
	owner.fill("count", "1")
	owner.submit("amount")
	owner.sees("€49.00")

	owner.open("/admin/customers/new")
	owner.fill("email", "ada@example.com")
	owner.fill("name", "Ada Lovelace")
	owner.submit("email")
	owner.sees("Ada Lovelace was created")

	owner.follow("New order")
	owner.choose("price", "Widget, Developer")
	owner.submit("price")
	owner.sees("INV-", "Open", "Pending")

	owner.follow("Record payment")
	owner.fill("reference", "bank statement 1, line 1")
	owner.submit("reference")
	owner.sees("The invoice is paid", "Done")

	owner.open("/admin/customers")
	owner.follow("Ada Lovelace")
	owner.click("More")
	owner.follow("Portal link")
	portalLink := owner.value(".key-value")

	ada := newBrowser(t, s.URL)
	ada.open(portalLink)
	ada.fill("password", "analytical engines need good locks")
	ada.submit("password")
	ada.open("/account/licenses")
	ada.sees("Widget", "Active")
	key := ada.value(".key-value")

	status, answer := s.License(t, "activate", map[string]string{"license_key": key, "identifier": "https://www.example.com/shop", "name": "Shop"})
	if status != http.StatusOK {
		t.Fatalf("activate: %d %s", status, answer)
	}
	ada.open("/account/licenses")
	ada.follow("Manage")
	ada.sees("example.com", "Shop")
	ada.click("Remove")
	ada.follow("Remove")
	ada.sees("Removed example.com", "Not in use yet")

	owner.open("/admin/search?q=" + key)
	owner.sees("History", "Ada Lovelace", "Activation removed", "example.com")
}
