package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/web/ui"
)

// ageWords say how late an invoice is.
var ageWords = map[report.Age]string{
	report.NotDue: "Not due yet", report.Late30: "1–30 days late", report.Late60: "31–60 days late", report.Late90: "61–90 days late", report.Later: "Over 90 days late",
}

// receivablesView is a list below the sums that it belongs to.
type receivablesView struct {
	listView
	Ageing ui.Table
}

func receivableFilter(r *http.Request) report.ReceivableFilter {
	q := r.URL.Query()
	return report.ReceivableFilter{Age: report.Age(q.Get("age")), Currency: money.Currency(q.Get("currency")), Cursor: cursor(r), Limit: perPage}
}

func (a *area) receivables(w http.ResponseWriter, r *http.Request) error {
	ctx, f := r.Context(), receivableFilter(r)
	zone := a.zone(ctx)
	sums, err := a.Reports.Ageing(ctx, zone)
	if err != nil {
		return err
	}
	found, next, err := a.Reports.Receivables(ctx, zone, f)
	if err != nil {
		return err
	}
	v := receivablesView{listView: listView{Page: a.page(r, "Receivables", "invoices"), Tabs: invoiceTabs("/admin/receivables")}}
	v.Head = ui.Head{Title: "Receivables", Sub: "What customers owe today, by how late it is.", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, "/admin/receivables.csv"), Icon: "download"}}}
	v.Ageing = ageingTable(r, sums)
	choices := []ui.Option{{Value: "", Label: "Any"}}
	for _, age := range report.Ages() {
		choices = append(choices, ui.Option{Value: string(age), Label: ageWords[age]})
	}
	currencies := []ui.Option{{Value: "", Label: "Any"}}
	for _, s := range sums {
		currencies = append(currencies, ui.Option{Value: string(s.Currency), Label: string(s.Currency)})
	}
	v.Filter = ui.Filter{
		Action: "/admin/receivables", ClearHref: "/admin/receivables",
		Selects: []ui.Select{{Label: "How late", Name: "age", Value: string(f.Age), Options: choices}, {Label: "Currency", Name: "currency", Value: string(f.Currency), Options: currencies}},
		Chips:   chips(r, chipName{"age", "How late", func(s string) string { return ageWords[report.Age(s)] }}, chipName{param: "currency", label: "Currency"}),
	}
	v.Table = ui.Table{ID: "owed", Caption: "What is owed", Columns: []ui.Column{{Label: "Invoice"}, {Label: "Customer"}, {Label: "Balance", End: true}, {Label: "Due"}, {Label: "How late"}}}
	for _, o := range found {
		number := ui.Mono(o.Number)
		if o.Number == "" {
			number = ui.Text("Proforma")
		}
		late := ui.Cell{Badge: &ui.Badge{Text: "Not due yet", Tone: ageTones[o.Age]}}
		due := ui.Text(dateText(o.DueOn))
		if o.Age == report.NotDue {
			due = due.With(inDays(-o.DaysLate))
		} else {
			late.Badge.Text = many(o.DaysLate, "day", "days")
		}
		if o.Disputed {
			late = late.With("disputed")
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			number.To("/admin/invoices/" + o.InvoiceID), ui.Text(o.CustomerName).With(o.Company).To("/admin/customers/" + o.CustomerID),
			ui.Text(o.Balance.Format("en")).With(ofTotal(o)), due, late,
		}})
	}
	v.Table.Empty = &ui.Empty{Art: "done", Title: "Nobody owes anything", Text: "Every invoice is paid, void or given up."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "None of these", Action: &ui.Button{Label: "Show all", Href: "/admin/receivables"}}
	}
	v.Pager = pager(r, next)
	return a.pages.Render(w, http.StatusOK, "receivables", v)
}

var ageTones = map[report.Age]ui.Tone{report.NotDue: ui.Info, report.Late30: ui.Warn, report.Late60: ui.Warn, report.Late90: ui.Danger, report.Later: ui.Danger}

func ofTotal(o report.Receivable) string {
	if o.Balance == o.Total {
		return ""
	}
	return "of " + o.Total.Format("en")
}

// ageingTable has a row for each currency, and a column for each age.
func ageingTable(r *http.Request, sums []report.Ageing) ui.Table {
	t := ui.Table{ID: "ageing", Caption: "Ageing", Columns: []ui.Column{{Label: "Currency"}}}
	for _, age := range report.Ages() {
		t.Columns = append(t.Columns, ui.Column{Label: ageWords[age], End: true})
	}
	t.Columns = append(t.Columns, ui.Column{Label: "Together", End: true})
	for _, s := range sums {
		cells := []ui.Cell{ui.Text(string(s.Currency)).Bold()}
		for _, age := range report.Ages() {
			c := ui.Cell{}
			if o := s.By[age]; o.Invoices > 0 {
				c = ui.Text(o.Balance.Format("en")).With(many(int(o.Invoices), "invoice", "invoices")).To(ui.URLWith(r.URL, "age", string(age), "currency", string(s.Currency)))
			}
			cells = append(cells, c)
		}
		cells = append(cells, ui.Text(s.Total.Balance.Format("en")).With(many(int(s.Total.Invoices), "invoice", "invoices")).Bold())
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

// zone is the store's time zone, in which days begin.
func (a *area) zone(ctx context.Context) *time.Location {
	s, err := a.Settings.Get(ctx)
	if err != nil {
		return time.UTC
	}
	return s.TimeZone
}

func (a *area) receivablesCSV(w http.ResponseWriter, r *http.Request) error {
	f := receivableFilter(r)
	f.Cursor, f.Limit = "", 0
	return writeCSV(w, "receivables", report.ReceivableCSVHeader, a.Reports.AllReceivables(r.Context(), a.zone(r.Context()), f), report.Receivable.CSV)
}
