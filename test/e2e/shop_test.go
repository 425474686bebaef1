package e2e

import (
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// A guest goes from the start page to the license key by clicking, once past a card that is declined.
func TestShop(t *testing.T) {
	s := drive.StartDemo(t, "--data", t.TempDir())
	b := newBrowser(t, s.URL)
	b.open("/")
	b.picture("shop-products")
	b.follow("Papermill")
	b.picture("shop-product")
	b.follow("Add to cart")
	b.picture("shop-cart")
	b.follow("To the checkout")
	b.picture("shop-checkout")
	b.fill("email", "marie@example.com")
	b.fill("name", "Marie Okafor")
	b.submit("email")
	b.sees("The charge is declined.")
	b.picture("shop-sandbox")
	b.leave(`document.querySelector('[value="tok_decline"]').click()`)
	b.sees("The payment did not go through", "The card was declined.")
	b.picture("shop-declined")
	b.submit("pay")
	b.leave(`document.querySelector('[value="tok_auth"]').click()`)
	b.follow("Yes, I pay")
	b.sees("Thank you", "Papermill", "Download", "Invoice as PDF")
	if key := b.value(".key-value"); len(key) < 8 {
		t.Errorf("the key is %q", key)
	}
	b.picture("shop-thanks")

	b.open("/products/papermill")
	b.follow("Add to cart")
	b.follow("To the checkout")
	b.fill("email", "marie@example.com")
	b.fill("name", "Marie Okafor")
	b.script(`document.querySelector('[value="gateway:manual"]').click()`)
	b.submit("email")
	b.sees("Pay by bank transfer", "Reference")
	b.picture("shop-transfer")
}
