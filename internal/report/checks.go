package report

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// CheckDays are the checks of each of the last Days days in UTC, the last one today.
type CheckDays struct {
	First  civil.Date
	Checks [Days]int64
	// Logged are those that the verification log holds, by their results.
	Logged map[string]*[Days]int64
}

// CheckDays adds up the checks of a license, or of all where licenseID is empty.
func (s *Service) CheckDays(ctx context.Context, licenseID string) (CheckDays, error) {
	var d CheckDays
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		d = CheckDays{First: civil.Of(tx.Now, time.UTC).AddDays(-(Days - 1)), Logged: map[string]*[Days]int64{}}
		since := clock.FromTime(d.First.StartIn(time.UTC))
		if licenseID != "" {
			rows, err := tx.LoggedOfLicense(ctx, query.LoggedOfLicenseParams{LicenseID: licenseID, Since: since})
			for _, r := range rows {
				d.addLogged(since, int64(r.Hour), r.Result, r.Logged)
			}
			return err
		}
		rows, err := tx.LoggedByHour(ctx, since)
		for _, r := range rows {
			d.addLogged(since, int64(r.Hour), r.Result, r.Logged)
		}
		if err != nil {
			return err
		}
		hours, err := tx.ChecksByHour(ctx, int64(since))
		for _, h := range hours {
			if i := dayOf(since, h.Hour/time.Hour.Microseconds()); i < Days {
				d.Checks[i] += h.CheckCount
			}
		}
		return err
	})
	if err != nil {
		return CheckDays{}, fmt.Errorf("checks by day: %w", err)
	}
	if licenseID != "" {
		d.Checks, err = s.Checks(ctx, licenseID)
	}
	return d, err
}

func (d *CheckDays) addLogged(since clock.Instant, hour int64, result string, n int64) {
	i := dayOf(since, hour)
	if i >= Days {
		return
	}
	if d.Logged[result] == nil {
		d.Logged[result] = new([Days]int64)
	}
	d.Logged[result][i] += n
}

// dayOf is the day, counted from since, of an hour that is counted from the epoch.
func dayOf(since clock.Instant, hour int64) int64 {
	return (hour - int64(since)/time.Hour.Microseconds()) / 24
}
