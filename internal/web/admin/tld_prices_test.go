package admin

import (
	"testing"

	"github.com/keystead/keystead/internal/domainname"
)

// The currency is chosen before the amounts are shown, and is no field that could be typed over beside them.
func TestAmountsKeepTheirCurrency(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const to = "/admin/tlds/com/prices"
	typedOver := func(page reply, name string) bool {
		for n := range page.elements() {
			if n.Data == "input" && attr(n, "name") == name && attr(n, "type") != "search" && attr(n, "type") != "hidden" {
				return !has(n, "readonly")
			}
		}
		t.Fatalf("the page has no field %s", name)
		return false
	}
	eur := s.get(to).is(200).sound().says(`name="currency"`, `value="12.00"`, `<option value="USD">`)
	if typedOver(eur, "currency") || typedOver(eur, "group") {
		t.Error("the currency can be typed over beside amounts in another one")
	}
	usd := s.get(to + "?currency=USD").is(200).sound().hides(`value="12.00"`)
	s.sends(to, usd.form(to, "renew.1", "14.00")).to("/admin/tlds/com")
	s.get("/admin/tlds/com").says("€12.00", "$14.00")
	group := s.get(to + "?currency=EUR&group=a+%26+b").is(200).sound().says(`value="a &amp; b"`).hides(`value="12.00"`)
	s.sends(to, group.form(to, "renew.1", "11.00")).to("/admin/tlds/com")
	s.get(to).says("%26")
	for _, p := range must(s.Domains.Prices(t.Context(), "com"))(t) {
		if p.Kind == domainname.ForRenewal && p.Years == 1 && p.Currency == "USD" && p.Amount != 1400 {
			t.Errorf("%+v", p)
		}
	}

	costs := "/admin/registrars/" + s.land.registrar.ID + "/costs"
	s.post(costs, "extension", "com", "currency", "EUR", "valid_from", "2026-01-01", "renew.1", "9.25").to(costs)
	edit := s.get(costs+"/edit?extension=com").is(200).sound().says(`value="9.25"`, `<option value="USD">`)
	if typedOver(edit, "currency") || typedOver(edit, "extension") {
		t.Error("the currency of costs can be typed over")
	}
	s.get(costs + "/edit?extension=com&currency=USD").is(200).sound().hides(`value="9.25"`)
	if fresh := s.get(costs + "/edit").is(200).sound().hides(`<span class="affix">EUR`); !typedOver(fresh, "extension") {
		t.Error("no extension can be typed")
	}
}

// A price of a day to come is shown with its day, and an error says of which price it is.
func TestPricesToCome(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const to = "/admin/tlds/com/prices"
	s.get("/admin/tlds/com").hides("Prices to come")
	s.sends(to, s.get(to+"?currency=CHF").form(to, "renew.1", "21.50", "valid_from", "2027-01-01")).to("/admin/tlds/com")
	s.get("/admin/tlds/com").is(200).sound().says("Prices to come", "from 1 Jan 2027", "CHF", "21.50", "€12.00")
	if x := must(s.Domains.TLD(t.Context(), "com"))(t); len(x.Coming) != 1 || x.Coming[0].Amount != 2150 {
		t.Errorf("%+v", x.Coming)
	}
	s.post(to, "currency", "EUR", "valid_from", "2026-01-01", "renew.2", "-3").is(422).sound().says("Renew, 2 years")
}

// A term that domains renew by is not taken off the table before it was said whose it is.
func TestTermsThatPricesTakeOff(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 100)
	const to = "/admin/tlds/com/prices"
	preview := s.sends(to, s.get(to).form(to, "renew.1", "-1")).is(200).sound().says("2 domains renew by a term that has no price any more", "mine.com", "Nothing is saved yet")
	amount := func() int64 {
		for _, p := range must(s.Domains.TLD(t.Context(), "com"))(t).Prices {
			if p.Kind == domainname.ForRenewal && p.Years == 1 && p.Currency == "EUR" {
				return p.Amount
			}
		}
		return 0
	}
	if amount() != 1200 {
		t.Fatal("it was saved before it was confirmed")
	}
	const table = "/admin/tlds/import/prices"
	s.upload(table, "file", "prices.csv", "extension,kind,years,currency,valid_from,amount\ncom,renew,1,EUR,2026-03-01,-1\n").is(200).sound().
		says("2 domains renew by a term that has no price any more", "mine.com")
	s.sends(to, preview.form(to)).to("/admin/tlds/com")
	if amount() != domainname.Disabled {
		t.Error("it was not saved when it was confirmed")
	}
	s.sends(to, preview.form(to)).to("/admin/tlds/com") // and once more, by the way back
}
