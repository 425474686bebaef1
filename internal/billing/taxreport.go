package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

// TaxRow is what was sold in one country under one rate, less what credit notes took back, and the tax on it.
type TaxRow struct {
	Country     string // of the buyers; empty: not known
	State       string
	Category    tax.Category // zero: sold by a store without tax
	Invoices    int64
	CreditNotes int64
	Base        money.Money
	Tax         money.Money
}

// TaxCSVHeader names the columns of [TaxRow.CSV].
var TaxCSVHeader = []string{"country", "state", "category", "rate", "currency", "invoices", "credit_notes", "base", "tax"}

// CSV returns the row for an export, amounts in major units.
func (r TaxRow) CSV() []string {
	rate := ""
	if r.Category.Code != "" {
		rate = r.Category.Rate.String()
	}
	return []string{
		r.Country, text.Cell(r.State), string(r.Category.Code), rate, string(r.Base.Currency), strconv.FormatInt(r.Invoices, 10),
		strconv.FormatInt(r.CreditNotes, 10), r.Base.Decimal(), r.Tax.Decimal(),
	}
}

// TaxReport adds up the invoices and credit notes that were issued in a period, by country, category and currency. Void
// invoices are not part of it.
func (s *Service) TaxReport(ctx context.Context, p civil.Period) ([]TaxRow, error) {
	if p.IsEmpty() || p.Start.IsZero() {
		return nil, fail.Invalid("until", "is not after the first day")
	}
	var report taxReport
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		report = taxReport{}
		sales, err := tx.TaxedSales(ctx, query.TaxedSalesParams{Since: dateColumn(p.Start), Until: dateColumn(p.End)})
		if err != nil {
			return fmt.Errorf("tax report: %w", err)
		}
		for _, r := range sales {
			if err := report.add(r, 1); err != nil {
				return err
			}
		}
		credits, err := tx.TaxedCredits(ctx, query.TaxedCreditsParams{Since: p.Start.String(), Until: p.End.String()})
		if err != nil {
			return fmt.Errorf("tax report: %w", err)
		}
		for _, r := range credits {
			if err := report.add(query.TaxedSalesRow(r), -1); err != nil {
				return err
			}
		}
		return nil
	})
	return report.sorted(), err
}

type taxKey struct {
	country, state string
	category       tax.Category
	currency       money.Currency
}

type taxReport map[taxKey]*TaxRow

// add counts the documents of one buyer: sold (1) or taken back (−1).
func (t taxReport) add(r query.TaxedSalesRow, sign int64) error {
	var buyer Party
	if err := json.Unmarshal([]byte(r.Buyer), &buyer); err != nil {
		return fmt.Errorf("tax report: buyer: %w", err)
	}
	category, err := categoryOf(r.Category, r.Rate)
	if err != nil {
		return fmt.Errorf("tax report: %w", err)
	}
	key := taxKey{buyer.Country, buyer.State, category, money.Currency(r.Currency)}
	row := t[key]
	if row == nil {
		row = &TaxRow{
			Country: key.country, State: key.state, Category: category, Base: money.New(0, key.currency), Tax: money.New(0, key.currency),
		}
		t[key] = row
	}
	if sign > 0 {
		row.Invoices += r.Documents
	} else {
		row.CreditNotes += r.Documents
	}
	row.Base.Amount += sign * r.Base
	row.Tax.Amount += sign * r.Tax
	return nil
}

func (t taxReport) sorted() []TaxRow {
	rows := make([]TaxRow, 0, len(t))
	for _, row := range t {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b TaxRow) int {
		return cmp.Or(
			cmp.Compare(a.Country, b.Country), cmp.Compare(a.State, b.State), cmp.Compare(a.Base.Currency, b.Base.Currency),
			cmp.Compare(a.Category.Code, b.Category.Code), a.Category.Rate.Fraction().Cmp(b.Category.Rate.Fraction()),
		)
	})
	return rows
}
