package domainname_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

// What people typed is no formula in the spreadsheet that opens a table, and an import reads it as it was typed.
func TestTablesHoldNoFormulas(t *testing.T) {
	const typed = "=HYPERLINK(1)"
	each(t, func(s *shop) {
		exported := func(what string, export func() (*bytes.Buffer, error)) string {
			s.Helper()
			table, err := export()
			s.must(err)
			text := table.String()
			rows, err := csv.NewReader(table).ReadAll()
			s.must(err)
			found := false
			for _, row := range rows {
				for _, cell := range row {
					found = found || cell == "'"+typed
					if strings.HasPrefix(cell, "=") {
						s.Errorf("%s: a spreadsheet calculates %q", what, cell)
					}
				}
			}
			if !found {
				s.Errorf("%s: what was typed is not in it:\n%s", what, text)
			}
			return text
		}

		prices := domainname.Prices{{Extension: "example", Kind: domainname.ForRenewal, Years: 1, Currency: "EUR", Group: typed, Amount: 1200, ValidFrom: civil.On(2026, 1, 1)}}
		table := exported("prices", func() (*bytes.Buffer, error) { b := &bytes.Buffer{}; return b, domainname.WritePrices(b, prices) })
		read, err := domainname.ReadPrices(strings.NewReader(table))
		if diff := cmp.Diff(prices, read.Prices); err != nil || diff != "" {
			s.Errorf("prices (-want +got): %v\n%s", err, diff)
		}

		policies := domainname.Policies{{Extension: "example", ValidFrom: civil.On(2026, 1, 1), MinYears: 1, MaxYears: 1, StepYears: 1, Source: typed}}
		table = exported("policies", func() (*bytes.Buffer, error) { b := &bytes.Buffer{}; return b, domainname.WritePolicies(b, policies) })
		if again, _, err := domainname.ReadPolicies(strings.NewReader(table)); err != nil || len(again) != 1 || again[0].Source != typed {
			s.Errorf("policies: %+v, %v", again, err)
		}

		s.must(s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('rgr_1', '`+typed+`', 'manual', 'on', 'active', 0)`)
			return err
		}))
		s.must(s.write(func(tx *db.Tx) error {
			return domainname.PutCost(s.ctx, tx, domainname.Cost{
				RegistrarID: "rgr_1", Extension: "example", Kind: domainname.ForRenewal, Years: 1, Money: eur(900), ValidFrom: day(t, "2026-01-01"), Source: typed,
			})
		}))
		table = exported("costs", func() (*bytes.Buffer, error) { b := &bytes.Buffer{}; return b, s.ExportCosts(s.ctx, b) })
		costs, err := s.ImportCosts(s.ctx, strings.NewReader(table), true)
		if err != nil || len(costs.Bad) != 0 || len(costs.Costs) != 1 || costs.Costs[0].Source != typed {
			s.Errorf("costs: %+v, %v", costs, err)
		}
	})
}
