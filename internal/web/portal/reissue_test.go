package portal

import (
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/license"
)

func TestReleasingThePlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	l := b.sell(marie, b.newGoods("tool", "Tool", 5, 0))
	page := "/account/licenses/" + l.ID
	rule := func(bindings catalog.Bindings) {
		t.Helper()
		must(b.Catalog.UpdateProduct(t.Context(), l.ProductID, catalog.ProductPatch{Bindings: &bindings}))(t)
	}
	bind := func(domain string) {
		t.Helper()
		must(b.Licenses.Bind(t.Context(), l.ID, license.Place{Domain: domain}))(t)
	}
	br := b.signedIn(marie)
	bind("one.example.com")
	br.get(page).is(200).hides("Bound to this place") // nobody compares it
	rule(catalog.Bindings{EnforceDomain: true, SelfReissue: true, MaxReissues: 2})
	br.get(page).says("Bound to this place", "one.example.com", "2 of 2 are left", "Release this place?", "Then 1 of 2 are left.")
	br.get(page+"/reissue").is(200).says("Release this place?", `method="post"`)
	br.post(page + "/reissue").to(page)
	br.get(page).says("Released.", "Released the place: one.example.com", "You").hides("Bound to this place")
	br.post(page + "/reissue").to(page) // again: nothing is bound
	bind("two.example.com")
	br.get(page).says("two.example.com", "1 of 2 are left")
	br.post(page + "/reissue").to(page)
	bind("three.example.com")
	br.get(page).says("It was moved 2 times, which is the most. Write to us").hides("/reissue\"")
	br.get(page + "/reissue").to(page)
	br.post(page + "/reissue").to(page)
	br.get(page).says("three.example.com")
	rule(catalog.Bindings{EnforceDomain: true})
	br.get(page).says("To move it elsewhere, write to us.")

	nils := b.signedIn(b.newCustomer("Nils"))
	nils.post(page + "/reissue").is(404)
}
