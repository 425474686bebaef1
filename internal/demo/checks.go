package demo

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
)

// checkedDays is how far back the installed copies have been asking.
const checkedDays = 30

// busy is how many of a hundred checks come in each hour of a day, in UTC.
var busy = [24]int{2, 1, 1, 1, 2, 3, 4, 6, 8, 9, 8, 7, 6, 7, 7, 6, 5, 4, 4, 3, 2, 2, 1, 1}

// check lets every installed copy ask several times a day whether it may run.
func (s *story) check() {
	for ago := checkedDays; ago >= 0; ago-- {
		day := s.now.Add(-days(ago)).Truncate(24 * time.Hour)
		// When each day is over, or what there is of today yet.
		end := day.Add(24 * time.Hour)
		if end.After(s.now) {
			end = s.now
		}
		s.at(end, func(ctx context.Context) error { return s.checksOf(ctx, day, end) })
	}
}

// checksOf counts the checks of one day.
func (s *story) checksOf(ctx context.Context, day, end time.Time) error {
	licenses := map[string]license.License{}
	for l, err := range s.Licenses.All(ctx, license.Filter{}) {
		if err != nil {
			return err
		}
		licenses[l.ID] = l
	}
	var all []index.Check
	for _, it := range s.sold {
		l := licenses[it.license.ID]
		for n, place := range it.places {
			identifier, err := license.Normalize(l.ActivationType, place)
			if err != nil {
				return err
			}
			for range s.often(l.Status, day.Weekday()) {
				at := day.Add(time.Duration(s.hour())*time.Hour + s.minutes(60))
				if !at.Before(end) {
					continue
				}
				c := index.Check{
					LicenseID: l.ID, At: at, IP: netip.MustParseAddr(address(it.who, n)), Identifier: identifier,
					Version: "2.4.1", UserAgent: "Keystead-Updater/1.2",
				}
				if l.Status != license.Active {
					c.Result = string(l.Status)
				}
				all = append(all, c)
			}
		}
	}
	return s.count(ctx, all)
}

// often is how many times a copy asks in a day: less at weekends, hardly where the answer is no.
func (s *story) often(status license.Status, day time.Weekday) int {
	switch {
	case status != license.Active:
		return s.chance.IntN(2)
	case day == time.Saturday || day == time.Sunday:
		return s.chance.IntN(3)
	default:
		return 1 + s.chance.IntN(4)
	}
}

// hour is a random hour of the day, more often a busy one.
func (s *story) hour() int {
	n := s.chance.IntN(100)
	for h, share := range busy {
		if n -= share; n < 0 {
			return h
		}
	}
	return 12
}

// count keeps checks, many at a time: that is what the counters are made for.
func (s *story) count(ctx context.Context, checks []index.Check) error {
	const callers = 16
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < len(checks) && errs[c] == nil; i += callers {
				errs[c] = s.Counts.Count(ctx, checks[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
