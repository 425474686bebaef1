package shop

import (
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
)

func TestPublicPage(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.goods49()
	br := b.browser()
	br.get("/verify/widget").is(404)
	br.get("/verify/nothing").is(404)
	open := true
	must(b.Catalog.UpdateProduct(b.Context(), g.product.ID, catalog.ProductPatch{PublicCheck: &open}))(t)
	owner := b.customer("Ann Archer")
	var l license.License
	err := b.store.DB.Write(b.Context(), func(tx *db.Tx) (err error) {
		l, err = b.Licenses.Issue(b.Context(), tx, license.IssueInput{CustomerID: owner.ID, PlanID: g.plan.ID, Quantity: 1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	must(b.Licenses.AddActivation(b.Context(), l.ID, license.AddInput{Identifier: "shop.example.com"}))(t)

	br.get("/verify/widget").is(200).says("Is it licensed?").hides("No license for")
	br.get("/verify/widget?domain=https://WWW.shop.example.com/x").is(200).says("shop.example.com is licensed to run Widget").hides(l.Key, owner.Name, owner.Email)
	br.get("/verify/widget?domain=other.example.com").is(200).says("No license for Widget is in use on other.example.com")
	br.get("/verify/widget?domain=%3Cx-evil%3E").is(422).says("is not a domain name")
	br.get("/verify/widget?domain=").is(422)
	for range perDomain.Count {
		br.get("/verify/widget?domain=a.example.com")
	}
	br.page.is(429)
	br.get("/verify/widget").is(200)
}
