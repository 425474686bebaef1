package admin

import (
	"fmt"
	"html/template"
	"math"
	"net/http"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) revenue(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	running, err := a.Reports.Running(r.Context(), s.Currency)
	if err != nil {
		return err
	}
	currency := s.Currency
	tabs := ui.Tabs{Label: "Currencies"}
	for _, x := range running {
		if name := x.Monthly.Currency; string(name) == r.URL.Query().Get("currency") {
			currency = name
		}
	}
	for _, x := range running {
		name := x.Monthly.Currency
		tabs.Items = append(tabs.Items, ui.Tab{Label: string(name), Href: ui.URLWith(r.URL, "currency", string(name)), Current: name == currency})
	}
	d, err := a.Reports.Recurring(r.Context(), s.TimeZone, currency)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Revenue", "revenue"), Head: ui.Head{
		Title: "Revenue", Sub: "The recurring business, in " + string(d.Currency), Actions: []ui.Button{{Label: "Receivables", Href: "/admin/receivables"}},
	}}
	if len(running) > 1 {
		v.Tabs = tabs
	}
	yearly := money.New(d.Monthly.Amount*12, d.Currency)
	churn := "–"
	if tenths, ok := d.Churn(); ok {
		churn = fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
	}
	v.Stats = []ui.Stat{
		{Label: "Monthly recurring", Value: d.Monthly.Format("en"), Sub: many(int(d.Subscriptions), "subscription", "subscriptions"), Href: "/admin/subscriptions"},
		{Label: "Annual recurring", Value: yearly.Format("en")},
		{Label: "Churn, 30 days", Value: churn, Sub: fmt.Sprintf("%d of %d ended", d.Ended, d.Before)},
		{Label: "Recovered, 90 days", Value: ui.Number(int(d.Recovered)), Sub: fmt.Sprintf("of %d past due", d.Failed), Href: "/admin/subscriptions?status=past_due"},
	}
	labels := make([]string, len(d.Months))
	recurring, received, started, ended := make([]float64, len(labels)), make([]float64, len(labels)), make([]float64, len(labels)), make([]float64, len(labels))
	scale := 1.0
	for range d.Currency.Decimals() {
		scale *= 10
	}
	for i, m := range d.Months {
		labels[i] = m.On.StartIn(s.TimeZone).Format("Jan 06")
		recurring[i], received[i] = float64(m.Monthly.Amount)/scale, float64(m.Received.Amount)/scale
		started[i], ended[i] = float64(m.Started), float64(m.Ended)
	}
	format := func(x float64) string { return money.New(int64(math.Round(x*scale)), d.Currency).Format("en") }
	v.Left = []card{
		{Head: ui.CardHead{Title: "Monthly recurring revenue", Text: "On the first day of each month"}, Chart: ui.Line(ui.Chart{Title: "Monthly recurring revenue", Labels: labels, Format: format, Series: []ui.Series{{Name: "Recurring", Values: recurring}}})},
		{Head: ui.CardHead{Title: "Revenue", Text: "Money received in each month; this one runs"}, Chart: ui.Bars(ui.Chart{Title: "Revenue a month", Labels: labels, Format: format, Series: []ui.Series{{Name: "Revenue", Values: received}}})},
		{Head: ui.CardHead{Title: "Subscriptions", Text: "That began and that ended in each month"}, Chart: ui.Bars(ui.Chart{Title: "Subscriptions that began and ended", Labels: labels, Series: []ui.Series{{Name: "New", Values: started}, {Name: "Ended", Values: ended}}})},
	}
	due := ui.Table{Caption: "Renewals due", Flush: true, Columns: []ui.Column{{Label: "Within"}, {Label: "Renewals", End: true}, {Label: "Amount", End: true}}}
	for _, x := range d.Due {
		due.Rows = append(due.Rows, ui.Row{Cells: []ui.Cell{ui.Text(fmt.Sprintf("%d days", x.Days)), ui.Count(int(x.Count)), ui.Text(x.Amount.Format("en"))}})
	}
	v.Right = []card{
		{Head: ui.CardHead{Title: "Renewals due"}, Table: &due},
		{Head: ui.CardHead{Title: "By product", Text: "Paid, 30 days"}, Chart: shareOf("Revenue by product", d.Products, scale, format)},
		{Head: ui.CardHead{Title: "By country", Text: "Paid, 30 days"}, Chart: shareOf("Revenue by country", d.Countries, scale, format)},
	}
	return a.sheet(w, v)
}

func shareOf(title string, parts []report.Part, scale float64, format func(float64) string) template.HTML {
	slices := make([]ui.Slice, len(parts))
	for i, p := range parts {
		name := p.Name
		if name == "" {
			name = "Not known"
		}
		slices[i] = ui.Slice{Name: name, Value: float64(p.Amount.Amount) / scale}
	}
	return ui.ShareBar(title, slices, format)
}
