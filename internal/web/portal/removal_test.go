package portal

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
)

func TestRemovingAnActivation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	l := b.sell(marie, b.newGoods("tool", "Tool", 5, 0))
	first := b.activate(l, "dev-1", "Desk")
	b.activate(l, "dev-2", "")
	br := b.signedIn(marie)
	page := "/account/licenses/" + l.ID
	br.get(page).is(200).says("dev-1", "Desk", "dev-2", "Remove this device?", "in use in 1 of 5 places")
	br.get(page+"/activations/"+first+"/remove").is(200).says("Remove this device?", "dev-1", "in use in 1 of 5 places", `method="post"`)
	br.post(page + "/activations/" + first + "/remove").to(page)
	br.get(page).says("Removed. The license can be activated elsewhere now.", "Removed dev-1", "You", "Activated dev-2", "Your software")
	br.post(page + "/activations/" + first + "/remove").is(404) // gone already
	if got := len(b.activations(l)); got != 1 {
		t.Errorf("%d activations are left", got)
	}
}

func TestRemovalsAreCapped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	l := b.sell(marie, b.newGoods("tool", "Tool", 5, 2))
	page := "/account/licenses/" + l.ID
	var ids []string
	for i := range 4 {
		ids = append(ids, b.activate(l, fmt.Sprintf("dev-%d", i), ""))
	}
	br := b.signedIn(marie)
	br.get(page).says("2 of 2 in 30 days are left", "You can then remove 1 more, of 2 in 30 days.")
	br.post(page + "/activations/" + ids[0] + "/remove").to(page)
	b.clock.Advance(24 * time.Hour)
	br.get(page).says("1 of 2 in 30 days are left", "You can then remove 0 more")
	br.post(page + "/activations/" + ids[1] + "/remove").to(page)
	br.get(page).says("You have removed 2 in the last 30 days").hides("/remove\"")
	br.get(page + "/activations/" + ids[2] + "/remove").to(page)
	br.post(page + "/activations/" + ids[2] + "/remove").to(page)
	br.get(page).says("which is the most. Write to us")
	if got := len(b.activations(l)); got != 2 {
		t.Fatalf("%d activations are left, want 2", got)
	}
	b.clock.Advance(29*24*time.Hour + time.Second) // the first of the two is no longer counted
	br.get(page).says("1 of 2 in 30 days are left")
	br.post(page + "/activations/" + ids[2] + "/remove").to(page)
	if got := len(b.activations(l)); got != 1 {
		t.Errorf("%d activations are left, want 1", got)
	}
}

func TestRemovalMayBeForSupportOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	g := b.newGoods("tool", "Tool", 5, 0)
	no := false
	must(b.Catalog.UpdateProduct(t.Context(), g.product.ID, catalog.ProductPatch{SelfRemoval: &no}))(t)
	l := b.sell(marie, g)
	act := b.activate(l, "dev-1", "")
	page := "/account/licenses/" + l.ID
	for _, br := range []*browser{b.signedIn(marie), b.acting(marie)} {
		br.get(page).says("we remove one for you").hides("/remove\"")
		br.get(page + "/activations/" + act + "/remove").to(page)
		br.post(page + "/activations/" + act + "/remove").to(page)
	}
	if got := len(b.activations(l)); got != 1 {
		t.Errorf("%d activations are left", got)
	}
}

func TestNoRemovalFromADeadLicense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	l := b.sell(marie, b.newGoods("tool", "Tool", 5, 0))
	act := b.activate(l, "dev-1", "")
	revoked := license.Revoked
	ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ada"})
	must(b.Licenses.Patch(ctx, l.ID, license.Patch{Status: &revoked, Reason: "secret reason"}))(t)
	br := b.signedIn(marie)
	page := "/account/licenses/" + l.ID
	br.get(page).says("This license was revoked").hides("secret reason", "/remove\"")
	br.post(page + "/activations/" + act + "/remove").to(page)
	if got := len(b.activations(l)); got != 1 {
		t.Errorf("%d activations are left", got)
	}
}

func TestRemovalsAreCappedWithoutTheCatalog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marie := b.newCustomer("Marie")
	l := b.sell(marie, b.newGoods("tool", "Tool", 5, 1))
	page := "/account/licenses/" + l.ID
	first, second := b.activate(l, "dev-1", ""), b.activate(l, "dev-2", "")
	without := b.Config
	without.Catalog = nil
	b.h = must(New(without))(t)
	br := b.signedIn(marie)
	br.get(page).says("Remove one to use the license elsewhere.")
	br.post(page + "/activations/" + first + "/remove").to(page)
	br.post(page + "/activations/" + second + "/remove").to(page)
	br.get(page).says("1 activations can be removed in 30 days. Please ask our support.")
	if got := len(b.activations(l)); got != 1 {
		t.Errorf("%d activations are left, want 1", got)
	}
}
