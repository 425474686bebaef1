// Package report adds up what a store did, for the dashboard.
package report

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
)

// Days and Hours are how far back a dashboard looks.
const (
	Days  = 30
	Hours = 24
)

// quarter is the length of the pieces in which money is added up: the zones of the world begin their days at quarters
// of an hour.
const quarter = 15 * time.Minute

// Dashboard is the state of a store and its last weeks.
type Dashboard struct {
	// Revenue is what was paid on each of the last Days days, the last one today, in the store's currency; Others is
	// what was paid in other currencies over all those days.
	Revenue  [Days]int64
	Currency money.Currency
	Others   []money.Money

	Running []Running // recurring revenue, the store's currency first

	Open    []OpenInvoices // one per currency
	Overdue int64          // invoices past their due date

	ActiveLicenses, AllLicenses int64
	NewCustomers                int64 // in the last Days days

	// Checks are answered checks in each of the last Hours hours, the last one running.
	Checks    [Hours]int64
	FirstHour time.Time

	FailedJobs    int64
	PendingOrders int64
}

// OpenInvoices is what customers owe in one currency.
type OpenInvoices struct {
	Invoices int64
	Balance  money.Money
}

// RevenueTotal is the sum of Revenue.
func (d Dashboard) RevenueTotal() money.Money {
	var sum int64
	for _, n := range d.Revenue {
		sum += n
	}
	return money.New(sum, d.Currency)
}

// Service reads reports. It changes nothing.
type Service struct{ db *db.DB }

// New returns the reports of the store d.
func New(d *db.DB) *Service { return &Service{db: d} }

// Dashboard adds up the last weeks in days of the zone.
func (s *Service) Dashboard(ctx context.Context, zone *time.Location, currency money.Currency) (Dashboard, error) {
	var d Dashboard
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		d = Dashboard{Currency: currency}
		for _, part := range []func(context.Context, *db.Tx, *time.Location) error{d.addMoney, d.addRunning, d.addOpen, d.addLicenses, d.addChecks, d.addWork} {
			if err := part(ctx, tx, zone); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Dashboard{}, fmt.Errorf("dashboard: %w", err)
	}
	return d, nil
}

func (d *Dashboard) addMoney(ctx context.Context, tx *db.Tx, zone *time.Location) error {
	today := civil.Of(tx.Now, zone)
	first := today.AddDays(-(Days - 1))
	rows, err := tx.MoneyReceived(ctx, clock.FromTime(first.StartIn(zone)))
	if err != nil {
		return err
	}
	others := map[money.Currency]int64{}
	for _, r := range rows {
		at := time.UnixMicro(int64(r.Quarter) * quarter.Microseconds())
		day := first.DaysUntil(civil.Of(at, zone))
		switch {
		case money.Currency(r.Currency) != d.Currency:
			others[money.Currency(r.Currency)] += r.Amount
		case day >= 0 && day < Days:
			d.Revenue[day] += r.Amount
		}
	}
	for c, n := range others {
		d.Others = append(d.Others, money.New(n, c))
	}
	n, err := tx.CountCustomersSince(ctx, db.FirstID("cus", first.StartIn(zone)))
	d.NewCustomers = n
	return err
}

func (d *Dashboard) addRunning(ctx context.Context, tx *db.Tx, _ *time.Location) (err error) {
	d.Running, err = running(ctx, tx, d.Currency)
	return err
}

func (d *Dashboard) addOpen(ctx context.Context, tx *db.Tx, zone *time.Location) error {
	today := civil.Of(tx.Now, zone).String()
	rows, err := tx.OpenInvoices(ctx, &today)
	if err != nil {
		return err
	}
	for _, r := range rows {
		d.Open = append(d.Open, OpenInvoices{Invoices: r.Invoices, Balance: money.New(r.Amount, money.Currency(r.Currency))})
		d.Overdue += r.Overdue
	}
	return nil
}

func (d *Dashboard) addLicenses(ctx context.Context, tx *db.Tx, _ *time.Location) error {
	rows, err := tx.CountLicensesByStatus(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		d.AllLicenses += r.Licenses
		if r.Status == "active" {
			d.ActiveLicenses = r.Licenses
		}
	}
	return nil
}

func (d *Dashboard) addChecks(ctx context.Context, tx *db.Tx, _ *time.Location) error {
	d.FirstHour = tx.Now.Truncate(time.Hour).Add(-(Hours - 1) * time.Hour)
	since := int64(clock.FromTime(d.FirstHour))
	rows, err := tx.ChecksByHour(ctx, since)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if i := (r.Hour - since) / time.Hour.Microseconds(); i < Hours {
			d.Checks[i] += r.CheckCount
		}
	}
	return nil
}

func (d *Dashboard) addWork(ctx context.Context, tx *db.Tx, _ *time.Location) (err error) {
	if d.FailedJobs, err = tx.CountFailedJobs(ctx); err != nil {
		return err
	}
	d.PendingOrders, err = tx.CountPendingOrders(ctx)
	return err
}

// Checks is how often one license was checked on each of the last Days days (UTC), the last one today.
func (s *Service) Checks(ctx context.Context, licenseID string) (counts [Days]int64, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		counts = [Days]int64{}
		first := civil.Of(tx.Now, time.UTC).AddDays(-(Days - 1))
		rows, err := tx.DailyChecksOfLicense(ctx, query.DailyChecksOfLicenseParams{LicenseID: licenseID, Since: first.String()})
		if err != nil {
			return err
		}
		for _, r := range rows {
			day, err := civil.Parse(r.Day)
			if err != nil {
				return err
			}
			if i := first.DaysUntil(day); i >= 0 && i < Days {
				counts[i] = r.CheckCount
			}
		}
		return nil
	})
	if err != nil {
		return counts, fmt.Errorf("checks of license %s: %w", licenseID, err)
	}
	return counts, nil
}
