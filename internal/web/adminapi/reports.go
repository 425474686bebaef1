package adminapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
)

// TaxReport is what was sold in a period, less what credit notes took back, and the tax on it.
type TaxReport struct {
	From  string       `json:"from" example:"2027-01-01" doc:"The first day"`
	Until string       `json:"until" example:"2027-04-01" doc:"The day after the last"`
	Data  []TaxedSales `json:"data" doc:"By country, state, currency, category and rate"`
}

// TaxedSales is what was sold in one place under one rate.
type TaxedSales struct {
	Country     *string `json:"country" example:"DE" doc:"Of the buyers; null: not known"`
	State       *string `json:"state"`
	Category    *string `json:"category" enum:"S,Z,AE,O" doc:"As EN 16931 names it; null: sold while the store charged no tax"`
	Rate        *string `json:"rate" example:"19" doc:"Percent"`
	Invoices    int64   `json:"invoices" example:"12"`
	CreditNotes int64   `json:"credit_notes" example:"1"`
	Base        Money   `json:"base"`
	Tax         Money   `json:"tax"`
}

func showTaxRow(r billing.TaxRow) TaxedSales {
	shown := TaxedSales{
		Country: orNull(r.Country), State: orNull(r.State), Invoices: r.Invoices, CreditNotes: r.CreditNotes, Base: moneyOf(r.Base), Tax: moneyOf(r.Tax),
	}
	shown.Category, shown.Rate = showCategory(r.Category)
	return shown
}

// NumberSeries is how far a series of numbers has come.
type NumberSeries struct {
	Series    string      `json:"series" example:"invoice"`
	Last      int64       `json:"last" example:"42" doc:"The number that was taken last"`
	LastOn    string      `json:"last_on" example:"2027-03-20" doc:"A date"`
	Documents int64       `json:"documents" example:"42" doc:"That have a number of the series"`
	Gaps      []NumberGap `json:"gaps" doc:"What is missing: nothing, unless somebody tampered"`
}

// NumberGap is a stretch of missing numbers, both included.
type NumberGap struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

func showSeries(s billing.Series) NumberSeries {
	shown := NumberSeries{Series: s.Name, Last: s.Last, LastOn: s.LastOn.String(), Documents: s.Documents, Gaps: []NumberGap{}}
	for _, g := range s.Gaps {
		shown.Gaps = append(shown.Gaps, NumberGap(g))
	}
	return shown
}

type days struct {
	From  string `query:"from" maxLength:"10" required:"true" example:"2027-01-01" doc:"A date: the first day"`
	Until string `query:"until" maxLength:"10" required:"true" example:"2027-04-01" doc:"A date: the day after the last"`
}

func (d days) period() (p civil.Period, err error) {
	var bad fail.Fields
	if p.Start, err = civil.Parse(d.From); err != nil {
		bad.Add("from", notADate)
	}
	if p.End, err = civil.Parse(d.Until); err != nil {
		bad.Add("until", notADate)
	}
	return p, bad.Err()
}

func (a *API) taxReport(ctx context.Context, in days) ([]billing.TaxRow, error) {
	p, err := in.period()
	if err != nil {
		return nil, err
	}
	return a.Billing.TaxReport(ctx, p)
}

func (a *API) reportsOfTax() {
	const tag = "Tax"
	add(a, route{Method: http.MethodGet, Path: "/reports/tax", Scope: "sales:read", Tag: tag, Summary: "Report tax by period and country", Notes: "Of the invoices and credit notes that were issued in the period; void ones are not part of it."},
		func(ctx context.Context, in *days) (TaxReport, error) {
			rows, err := a.taxReport(ctx, *in)
			return TaxReport{From: in.From, Until: in.Until, Data: listOf(rows, "", showTaxRow).Data}, err
		})
	addFile(a, route{Method: http.MethodGet, Path: "/reports/tax.csv", Scope: "sales:read", Tag: tag, Summary: "Report tax as a table", Notes: "Amounts are in major units.", Media: mediaCSV},
		func(ctx context.Context, in *days) (file, error) {
			rows, err := a.taxReport(ctx, *in)
			if err != nil {
				return file{}, err
			}
			var b bytes.Buffer
			w := csv.NewWriter(&b)
			table := [][]string{billing.TaxCSVHeader}
			for _, r := range rows {
				table = append(table, r.CSV())
			}
			err = w.WriteAll(table)
			return file{Name: "tax-" + in.From + "-" + in.Until + ".csv", Content: b.Bytes()}, err
		})
	add(a, route{Method: http.MethodGet, Path: "/reports/numbers", Scope: "sales:read", Tag: tag, Summary: "Prove that no number is missing", Notes: "Of invoices and credit notes, all on one page."},
		func(ctx context.Context, _ *struct{}) (List[NumberSeries], error) {
			all, err := a.Billing.Gaps(ctx)
			return listOf(all, "", showSeries), err
		})
}

const mediaCSV, mediaPDF = "text/csv; charset=utf-8", "application/pdf"
