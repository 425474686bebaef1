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

// countedDays is how many days' checks are counted together.
const countedDays = 4

// check lets every installed copy ask several times a day whether it may run.
func (s *story) check() {
	today := s.now.Truncate(days(1))
	for ago := checkedDays; ago >= 0; ago -= countedDays {
		first := today.Add(-days(ago))
		end := first.Add(days(countedDays))
		if end.After(s.now) {
			end = s.now
		}
		s.at(end, func(ctx context.Context) error { return s.checksFrom(ctx, first, end) })
	}
}

// checksFrom counts the checks of some days.
func (s *story) checksFrom(ctx context.Context, first, end time.Time) error {
	licenses := map[string]license.License{}
	for l, err := range s.Licenses.All(ctx, license.Filter{}) {
		if err != nil {
			return err
		}
		licenses[l.ID] = l
	}
	var all []index.Check
	for day := first; day.Before(end); day = day.Add(days(1)) {
		of, err := s.checksOf(licenses, day, end)
		if err != nil {
			return err
		}
		all = append(all, of...)
	}
	return s.count(ctx, all)
}

// checksOf are the checks of one day, as far as it has come.
func (s *story) checksOf(licenses map[string]license.License, day, end time.Time) (all []index.Check, err error) {
	for _, it := range s.sold {
		l := licenses[it.license.ID]
		for n, place := range it.places {
			identifier, err := license.Normalize(l.ActivationType, place)
			if err != nil {
				return nil, err
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
				if l.ActivationType == license.Domain {
					c.Domain = identifier
				}
				if l.Status != license.Active {
					c.Result = string(l.Status)
				}
				all = append(all, c)
			}
		}
	}
	return all, nil
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
	const callers = 64
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
