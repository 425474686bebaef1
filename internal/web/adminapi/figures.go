package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/report"
)

// Figures are the state of a store and its last weeks.
type Figures struct {
	Revenue        []DayMoney     `json:"revenue" doc:"What was paid on each of the last 30 days, in the store's currency; the last one is today"`
	RevenueTotal   Money          `json:"revenue_total" doc:"The sum of these days"`
	RevenueOther   []Money        `json:"revenue_other" doc:"What was paid in other currencies over these days"`
	OpenInvoices   []OpenInvoices `json:"open_invoices" doc:"By currency"`
	Overdue        int64          `json:"overdue" doc:"Invoices past their due date"`
	ActiveLicenses int64          `json:"active_licenses"`
	AllLicenses    int64          `json:"all_licenses"`
	NewCustomers   int64          `json:"new_customers" doc:"In these days"`
	Checks         []HourCount    `json:"checks" doc:"Answered checks in each of the last 24 hours; the last one is running"`
	FailedJobs     int64          `json:"failed_jobs"`
	PendingOrders  int64          `json:"pending_orders"`
}

// DayMoney is an amount of one day.
type DayMoney struct {
	Day   string `json:"day" example:"2027-03-20"`
	Money Money  `json:"money"`
}

// OpenInvoices is what customers owe in one currency.
type OpenInvoices struct {
	Invoices int64 `json:"invoices"`
	Balance  Money `json:"balance"`
}

// HourCount is a count of one hour.
type HourCount struct {
	Hour  time.Time `json:"hour"`
	Count int64     `json:"count"`
}

// DayCount is a count of one day.
type DayCount struct {
	Day   string `json:"day" doc:"In UTC" example:"2027-03-20"`
	Count int64  `json:"count"`
}

func (a *API) figures() {
	add(a, route{Method: http.MethodGet, Path: "/figures", Scope: "sales:read", Tag: "Automation", Summary: "Show the figures of the dashboard", Notes: "Days are those of the store's zone."},
		a.showFigures)
	add(a, route{Method: http.MethodGet, Path: "/licenses/{id}/checks", Scope: "licenses:read", Tag: "Licenses", Summary: "Show how often a license was checked", Notes: "On each of the last 30 days, the last one today.", Codes: []string{"LICENSE_NOT_FOUND"}},
		a.listChecks)
}

func (a *API) showFigures(ctx context.Context, _ *struct{}) (Figures, error) {
	s, err := a.Settings.Get(ctx)
	if err != nil {
		return Figures{}, err
	}
	d, err := a.reports.Dashboard(ctx, s.TimeZone, s.Currency)
	if err != nil {
		return Figures{}, err
	}
	f := Figures{
		RevenueTotal: moneyOf(d.RevenueTotal()), RevenueOther: []Money{}, OpenInvoices: []OpenInvoices{}, Overdue: d.Overdue,
		ActiveLicenses: d.ActiveLicenses, AllLicenses: d.AllLicenses, NewCustomers: d.NewCustomers, FailedJobs: d.FailedJobs,
		PendingOrders: d.PendingOrders,
	}
	first := civil.Of(a.Clock.Now(), s.TimeZone).AddDays(1 - report.Days)
	for i, amount := range d.Revenue {
		f.Revenue = append(f.Revenue, DayMoney{Day: first.AddDays(i).String(), Money: Money{Amount: amount, Currency: string(d.Currency)}})
	}
	for _, m := range d.Others {
		f.RevenueOther = append(f.RevenueOther, moneyOf(m))
	}
	for _, o := range d.Open {
		f.OpenInvoices = append(f.OpenInvoices, OpenInvoices{Invoices: o.Invoices, Balance: moneyOf(o.Balance)})
	}
	for i, n := range d.Checks {
		f.Checks = append(f.Checks, HourCount{Hour: d.FirstHour.Add(time.Duration(i) * time.Hour), Count: n})
	}
	return f, nil
}

func (a *API) listChecks(ctx context.Context, in *ByID) (List[DayCount], error) {
	if _, err := a.Licenses.ByID(ctx, in.ID); err != nil {
		return List[DayCount]{}, err
	}
	counts, err := a.reports.Checks(ctx, in.ID)
	if err != nil {
		return List[DayCount]{}, err
	}
	first := civil.Of(a.Clock.Now(), time.UTC).AddDays(1 - report.Days)
	days := make([]DayCount, len(counts))
	for i, n := range counts {
		days[i] = DayCount{Day: first.AddDays(i).String(), Count: n}
	}
	return List[DayCount]{Data: days}, nil
}
