package portal

import (
	"net/http"
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

func TestSupportAndDevelopmentLicense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.newCustomer("Marie")
	l := b.sell(c, b.newGoods("tool", "Tool", 5, 0))
	year := civil.Span{Count: 1, Unit: civil.Year}
	pack := must(b.Catalog.CreatePlan(t.Context(), l.ProductID, catalog.NewPlan{Kind: catalog.KindAddon, Name: "A year more", Support: &year}))(t)
	price := must(b.Catalog.CreatePrice(t.Context(), pack.ID, catalog.NewPrice{Cycle: "one_time", Money: money.New(4900, "EUR")}))(t)
	br, page := b.signedIn(c), "/account/licenses/"+l.ID
	br.get(page).sound().says("Support and upgrades until", "You have them until 1 March 2027", "Support and Upgrade Pack", "/buy/"+price.ID+"?license="+l.ID, "A year more").
		hides("Get the development license")

	must(b.Catalog.CreatePlan(t.Context(), l.ProductID, catalog.NewPlan{Name: "Development", LicenseType: catalog.Development, ActivationLimit: 3}))(t)
	br.get(page).sound().says("Get the development license")
	br.send(http.MethodPost, page+"/development", nil).is(http.StatusSeeOther)
	r := br.get(page).sound().says("Show the development license")
	r.hides("Get the development license")
	br.send(http.MethodPost, page+"/development", nil).is(http.StatusSeeOther)
	br.get(page).says("free development license already")
}
