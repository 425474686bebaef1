package admin

import (
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) dashboard(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	d, err := a.Reports.Dashboard(r.Context(), s.TimeZone, s.Currency)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Dashboard", "dashboard")}
	v.Head = ui.Head{Title: "Dashboard", Sub: v.Now.In(v.Location()).Format("Monday, 2 January 2006")}
	role := visitorOf(r).staff.Role
	if role.Can(staff.SalesWrite) {
		v.Head.Actions = []ui.Button{{Label: "New order", Href: "/admin/orders/new", Kind: ui.Primary, Icon: "plus"}}
	}
	v.Stats = dashboardStats(d)
	if d.AllLicenses == 0 && role.Can(staff.CatalogWrite) {
		domains, _, err := a.Domains.List(r.Context(), domainname.Filter{Limit: 1})
		if err != nil {
			return err
		}
		if len(domains) == 0 { // a store that sells domains may need no product
			v.Callouts = append(v.Callouts, ui.Callout{
				Tone: ui.Info, Title: "Your first product in minutes", Text: "Define a product with a plan and a price, take an order, record its payment: the license key is there.",
				Actions: []ui.Button{{Label: "New product", Href: "/admin/products/new", Kind: ui.Primary}},
			})
		}
	}
	if s.PaymentNote == "" && role.Can(staff.SettingsRead) {
		v.Callouts = append(v.Callouts, ui.Callout{
			Tone: ui.Warn, Title: "Invoices don't say where to transfer the money", Text: "Customers can choose to pay by bank transfer. Write your bank account into the settings, under \"How to pay\" (billing.payment_note).",
			Actions: []ui.Button{{Label: "To the settings", Href: "/admin/settings", Small: true}},
		})
	}
	// What needs a person comes first, on a phone too.
	v.Lead = true
	tasks, err := a.tasks(r, v.Page, d)
	if err != nil {
		return err
	}
	v.Left = []card{tasks}
	v.Right = []card{
		{Head: ui.CardHead{Title: "Revenue", Text: "Money received a day, " + string(d.Currency)}, Chart: revenueChart(v.Page, d)},
		{Head: ui.CardHead{Title: "License checks", Text: "Answered an hour, the last 24"}, Chart: checksChart(v.Page, d)},
	}
	if role.Can(staff.DomainsRead) {
		waiting, err := a.waitingCard(r.Context())
		if err != nil {
			return err
		}
		v.Right = append(v.Right, waiting...)
	}
	story, err := a.story(r, v.Page, event.Filter{Limit: 12})
	if err != nil {
		return err
	}
	story.MoreHref = "/admin/events"
	v.Full = []card{{Head: ui.CardHead{Title: "Latest events"}, Timeline: story}}
	return a.sheet(w, v)
}

func dashboardStats(d report.Dashboard) []ui.Stat {
	daily, hourly := make([]float64, report.Days), make([]float64, report.Hours)
	var checks int64
	for i, n := range d.Revenue {
		daily[i] = float64(n)
	}
	for i, n := range d.Checks {
		hourly[i], checks = float64(n), checks+n
	}
	revenue := ui.Stat{Label: "Revenue, 30 days", Value: d.RevenueTotal().Format("en"), Href: "/admin/invoices?status=paid", Spark: ui.Sparkline(daily)}
	for _, m := range d.Others {
		revenue.Sub += "and " + m.Format("en") + " "
	}
	open := ui.Stat{Label: "Open invoices", Value: "0", Href: "/admin/invoices?status=open"}
	var n int64
	for _, o := range d.Open {
		n += o.Invoices
		open.Sub += o.Balance.Format("en") + " "
	}
	open.Value = ui.Number(int(n))
	if d.Overdue > 0 {
		open.Sub += "· " + ui.Number(int(d.Overdue)) + " overdue"
	}
	return []ui.Stat{
		revenue, runningStat(d), open,
		{Label: "Active licenses", Value: ui.Number(int(d.ActiveLicenses)), Sub: "of " + ui.Number(int(d.AllLicenses)), Href: "/admin/licenses?status=active"},
		{Label: "Checks, 24 hours", Value: ui.Number(int(checks)), Spark: ui.Sparkline(hourly)},
		{Label: "New customers, 30 days", Value: ui.Number(int(d.NewCustomers)), Href: "/admin/customers"},
	}
}

// runningStat is the monthly recurring revenue, other currencies beside the store's.
func runningStat(d report.Dashboard) ui.Stat {
	s := ui.Stat{Label: "Monthly recurring", Value: money.New(0, d.Currency).Format("en"), Href: "/admin/revenue"}
	var n int64
	for _, r := range d.Running {
		n += r.Subscriptions
		if r.Monthly.Currency == d.Currency {
			s.Value = r.Monthly.Format("en")
		} else {
			s.Sub += "and " + r.Monthly.Format("en") + " "
		}
	}
	if s.Sub != "" {
		s.Sub += "· "
	}
	s.Sub += many(int(n), "subscription", "subscriptions")
	return s
}

func revenueChart(p ui.Page, d report.Dashboard) template.HTML {
	values, digits := make([]float64, report.Days), 1.0
	for range d.Currency.Decimals() {
		digits *= 10
	}
	for i, n := range d.Revenue {
		values[i] = float64(n) / digits
	}
	format := func(v float64) string { return money.New(int64(v*digits+0.5), d.Currency).Format("en") }
	last := p.Now.In(p.Location()).AddDate(0, 0, -(report.Days - 1))
	return ui.Area(ui.Chart{Title: "Revenue a day", Labels: ui.DayLabels(last, report.Days), Format: format, Series: []ui.Series{{Name: "Revenue", Values: values}}})
}

func checksChart(p ui.Page, d report.Dashboard) template.HTML {
	labels, values := make([]string, report.Hours), make([]float64, report.Hours)
	for i, n := range d.Checks {
		labels[i], values[i] = d.FirstHour.Add(time.Duration(i)*time.Hour).In(p.Location()).Format("15:04"), float64(n)
	}
	return ui.Bars(ui.Chart{Title: "License checks an hour", Labels: labels, Series: []ui.Series{{Name: "Checks", Values: values}}})
}

// tasks are the things that need a person.
func (a *area) tasks(r *http.Request, p ui.Page, d report.Dashboard) (card, error) {
	t := ui.Table{Caption: "Things that need a person", Flush: true, Columns: []ui.Column{{Label: "What"}}, Empty: &ui.Empty{Art: "done", Title: "Nothing needs you", Text: "Whatever fails or waits for a person appears here."}}
	role := visitorOf(r).staff.Role
	if role.Can(staff.DomainsRead) {
		rows, err := a.dangerRow(r.Context())
		if err != nil {
			return card{}, err
		}
		t.Rows = rows
	}
	if role.Can(staff.SalesRead) {
		open, _, err := a.Tasks.Open(r.Context(), "", 10)
		if err != nil {
			return card{}, err
		}
		for _, x := range open {
			t.Rows = append(t.Rows, ui.Row{Tone: ui.Warn, Cells: []ui.Cell{taskCell(x)}})
		}
	}
	failed, err := a.Billing.FailedLines(r.Context(), 10)
	if err != nil {
		return card{}, err
	}
	for _, f := range failed {
		since := " (since " + f.Since.In(p.Location()).Format("2 Jan, 15:04") + ")"
		t.Rows = append(t.Rows, ui.Row{Tone: ui.Danger, Cells: []ui.Cell{ui.Text("Paid but not delivered: " + f.Description).With(f.Number + ": " + f.Error + since).To("/admin/invoices/" + f.InvoiceID)}})
	}
	count := func(n int64, one, many, sub, href string) {
		if n == 0 {
			return
		}
		text := one
		if n > 1 {
			text = ui.Number(int(n)) + " " + many
		}
		t.Rows = append(t.Rows, ui.Row{Tone: ui.Warn, Cells: []ui.Cell{ui.Text(text).With(sub).To(href)}})
	}
	count(d.FailedJobs, "A job has failed", "jobs have failed", "All tries are used up: look at the error and retry", "/admin/automation/jobs?state=failed")
	count(d.PendingOrders, "An order waits for its payment", "orders wait for their payment", "Record what has arrived", "/admin/orders?status=pending")
	count(d.Overdue, "An invoice is overdue", "invoices are overdue", "Those whose customers have a saved method are charged again by themselves", "/admin/receivables")
	return card{Head: ui.CardHead{Title: "Needs a person", Count: len(t.Rows), Actions: allOf("/admin/tasks")}, Table: &t}, nil
}

func (a *area) checkCards(r *http.Request, p ui.Page, l license.License, _ bool) ([]card, error) {
	counts, err := a.Reports.Checks(r.Context(), l.ID)
	if err != nil {
		return nil, err
	}
	values, sum := make([]float64, len(counts)), int64(0)
	for i, n := range counts {
		values[i] = float64(n)
		sum += n
	}
	if sum == 0 {
		return []card{{Head: ui.CardHead{Title: "Checks"}, Empty: &ui.Empty{Art: "list", Title: "No checks in " + strconv.Itoa(report.Days) + " days", Text: "Installed software has not asked whether this license is valid."}}}, nil
	}
	first := p.Now.UTC().AddDate(0, 0, -(report.Days - 1))
	return []card{{
		Head:  ui.CardHead{Title: "Checks", Text: strconv.Itoa(report.Days) + " days, each in UTC"},
		Chart: ui.Bars(ui.Chart{Title: "Checks a day", Labels: ui.DayLabels(first, report.Days), Series: []ui.Series{{Name: "Checks", Values: values}}}),
	}}, nil
}
