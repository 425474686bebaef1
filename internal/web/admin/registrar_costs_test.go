package admin

import (
	"strings"
	"testing"
)

// What a registrar asks is entered beside prices, so that margins are explained.
func TestCostsOfARegistrar(t *testing.T) {
	t.Parallel()
	s := setup(t).plot(t, "mine.com", 200)
	own := "/admin/registrars/" + s.land.registrar.ID
	costs := own + "/costs"
	s.get(own).says(`href="` + costs + `"`)
	s.get(costs).is(200).sound()
	s.get("/admin/registrars/rgr_none/costs").is(404)
	s.get(costs+"/edit").is(200).sound().says("Enter costs", `value="EUR"`)
	s.get(costs + "/edit?extension=com").is(200).sound().says("Costs of .com")

	// Each field says what is wrong with it, and keeps what was typed.
	s.post(costs, "extension", "com", "currency", "EUR", "valid_from", "2026-01-01").is(422).sound().says("Enter a cost first.")
	page := s.post(costs, "extension", "", "currency", "EURO", "valid_from", "soon", "renew.1", "9.25").is(422).sound().says("is not a current ISO 4217 code", "is not a date", `value="9.25"`)
	if n := strings.Count(page.Body, `aria-invalid="true"`); n != 3 {
		t.Errorf("%d fields are wrong", n)
	}
	s.post(costs, "extension", "com", "currency", "EUR", "valid_from", "2026-01-01", "renew.1", "-1", "register.1", "7").is(422).sound().says("is not an amount such as 9.25", `value="-1"`)
	s.post(costs, "extension", "c om", "currency", "EUR", "valid_from", "2026-01-01", "renew.1", "9").is(422).sound().says(`value="c om"`)
	if got := must(s.Domains.CostsFor(t.Context(), s.land.registrar.ID, "com"))(t); len(got) != 0 {
		t.Fatalf("saved although something was wrong: %+v", got)
	}

	s.post(costs, "extension", ".COM", "currency", "eur", "valid_from", "2026-01-01", "source", "Price list of 2026", "renew.1", "9.25", "renew.2", "18", "register.1", "7.00", "restore.1", "60").to(costs)
	s.get(costs).is(200).sound().says(".com", "€9.25", "€7.00", "€60.00", "Price list of 2026", "Margin")
	s.get(costs+"/edit?extension=com").is(200).says(`value="9.25"`, `value="18.00"`, `value="60.00"`)
	s.get("/admin/tlds/com").is(200).sound().says("costs €9.25")
	s.get(s.at).is(200).says("€9.25")

	// A later one counts from its day; the one before stays, and explains what was.
	s.post(costs, "extension", "com", "currency", "EUR", "valid_from", "2026-02-01", "renew.1", "99.00").to(costs)
	s.get(costs).is(200).sound().says("€99.00", "-€").hides("€9.25")
	s.get("/admin/domains/below-cost").says("mine.com", "€99.00")
	if got := must(s.Domains.CostsFor(t.Context(), s.land.registrar.ID, "com"))(t); len(got) != 5 {
		t.Errorf("%+v", got)
	}

	// As a table.
	table := s.get("/admin/tlds/costs.csv").is(200).Body
	if !strings.Contains(table, s.land.registrar.Name+",com,renew,1,EUR,9.25,2026-01-01,Price list of 2026") {
		t.Errorf("table: %s", table)
	}
	s.get("/admin/tlds/import/costs").is(200).sound().says("What registrars ask")
}
