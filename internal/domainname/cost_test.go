package domainname_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
)

func TestBelowCost(t *testing.T) {
	each(t, func(s *shop) {
		s.must(s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('rgr_1', 'one', 'manual', 'on', 'active', 0)`)
			return err
		}))
		cost := func(amount int64, from string) {
			s.Helper()
			s.must(s.write(func(tx *db.Tx) error {
				return domainname.PutCost(s.ctx, tx, domainname.Cost{
					RegistrarID: "rgr_1", Extension: "example", Kind: domainname.ForRenewal, Years: 1, Money: eur(amount), ValidFrom: day(t, from),
				})
			}))
		}
		cheap := s.put("cheap.example", "2027-03-10", func(d *domainname.Domain) { d.RegistrarID = "rgr_1" })
		s.put("dear.example", "2027-03-10", func(d *domainname.Domain) { d.RegistrarID, d.Recurring = "rgr_1", eur(1200) })
		cost(950, "2026-01-01")
		cost(1100, "2027-01-01")
		for on, want := range map[string]int{"2026-11-22": 0, "2027-01-01": 1} {
			losses, next, err := s.BelowCost(s.ctx, day(t, on), "", 10)
			if err != nil || next != "" || len(losses) != want || want > 0 && (losses[0].DomainID != cheap.ID || losses[0].Cost != eur(1100)) {
				s.Errorf("on %s: %+v, %v", on, losses, err)
			}
		}
		// A bulk update that stays above the cost.
		preview, err := s.PreviewPriceUpdate(s.ctx, domainname.PriceUpdate{
			Filter: domainname.PriceFilter{Currency: "EUR"}, StartsOn: civil.On(2027, 1, 15), Reason: "x",
			Change: domainname.PriceChange{Mode: domainname.ByDelta, Value: "-5.00", NotBelowCost: true},
		})
		if err != nil || len(preview.Rows) != 2 || preview.Rows[0].After != eur(1100) || preview.Rows[1].After != eur(1100) {
			s.Errorf("%+v, %v", preview, err)
		}
		err = s.write(func(tx *db.Tx) error {
			return domainname.PutCost(s.ctx, tx, domainname.Cost{RegistrarID: "rgr_1", Extension: "example", Kind: domainname.ForRestore, Years: 1, Money: eur(-1), ValidFrom: day(t, "2027-01-01")})
		})
		s.code(err, fail.CodeInvalidInput, "amount")

		// In pages.
		s.put("cheaper.example", "2027-03-10", func(d *domainname.Domain) { d.RegistrarID, d.Recurring = "rgr_1", eur(900) })
		cursor, names := "", []string{}
		for range 2 {
			losses, next, err := s.BelowCost(s.ctx, day(t, "2027-01-01"), cursor, 1)
			if err != nil || len(losses) != 1 {
				s.Fatalf("%+v, %v", losses, err)
			}
			cursor, names = next, append(names, losses[0].Name)
		}
		if cursor != "" || names[0] != "cheap.example" || names[1] != "cheaper.example" {
			s.Errorf("pages of %v, then %q", names, cursor)
		}
		_, _, err = s.BelowCost(s.ctx, day(t, "2027-01-01"), "x", 1)
		s.code(err, fail.CodeInvalidInput, "cursor")
	})
}

// A table's bad rows are told in the order of its lines; one that says the same twice, or prices what the store does not know, is
// one of them.
func TestBadRowsOfTables(t *testing.T) {
	each(t, func(s *shop) {
		prices, err := s.ImportPrices(s.ctx, strings.NewReader("extension,kind,years,currency,valid_from,amount\nzz,renew,1,EUR,2026-01-01,9.00\nexample,transfer,2,EUR,2026-01-01,9.00\nexample,renew,1,EUR,2026-01-01,cheap\nexample,renew,1,EUR,2026-01-01,9.00\n"), true)
		s.must(err)
		var lines []int
		for _, b := range prices.Bad {
			lines = append(lines, b.Line)
		}
		if !slices.Equal(lines, []int{2, 3, 4}) || !strings.Contains(prices.Bad[0].Reason, "extension") || len(prices.Prices) != 1 {
			s.Errorf("%+v", prices)
		}
		costs, err := s.ImportCosts(s.ctx, strings.NewReader("registrar,extension,kind,years,currency,amount,valid_from\nnobody,example,renew,1,EUR,8.00,2026-01-01\nnobody,example,renew,1,EUR,8.50,2026-01-01\nnobody,example,renew,x,EUR,8.50,2026-01-01\n"), true)
		s.must(err)
		lines = nil
		for _, b := range costs.Bad {
			lines = append(lines, b.Line)
		}
		if !slices.Equal(lines, []int{2, 3, 4}) || costs.Bad[1].Reason != "is the cost of line 2" {
			s.Errorf("%+v", costs)
		}
	})
}
