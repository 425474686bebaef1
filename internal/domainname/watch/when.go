package watch

import (
	"hash/fnv"
	"time"

	"github.com/keystead/keystead/internal/domainname"
)

const (
	daily  = 24 * time.Hour
	weekly = 7 * daily
	// near is from how many days before the term's end a domain is read daily.
	near = 35
	// failedAgain is when one is read again that could not be read.
	failedAgain = time.Hour
	// missingAgain is when one is read again that was not found: only the second time counts.
	missingAgain = 6 * time.Hour
	// step is to what instants of reading are rounded down, so that the clock of a test store has few of them to stand at.
	step = time.Hour
)

// next is when a domain is read after it was at an instant; zero: no more. Up to a quarter of the time is taken off, by the
// domain's id, so that those that came to the store together do not stay together.
func next(d domainname.Domain, open bool, now time.Time) time.Time {
	switch d.Status {
	case domainname.PendingRegistration, domainname.PendingTransfer:
		return after(now, daily, d.ID)
	case domainname.Active, domainname.Grace, domainname.Redemption:
	default:
		return time.Time{}
	}
	end, _ := d.TermEnd()
	if open || end.IsZero() || d.DeletedAt != nil {
		return after(now, daily, d.ID)
	}
	from := end.AddDays(-near).StartIn(time.UTC)
	if !now.Before(from) {
		return after(now, daily, d.ID)
	}
	at := after(now, weekly, d.ID)
	if first := from.Add(scatter(d.ID, daily)).Truncate(step); first.Before(at) && first.After(now) {
		return first
	}
	return at
}

func after(now time.Time, interval time.Duration, id string) time.Time {
	return now.Add(interval - scatter(id, interval/4)).Truncate(step)
}

// whole lets domains of a test store be read at the beginnings of days, instead of spreading them: its clock stands wherever
// something falls due, and each halt costs time. What is read again soon is.
func (s *Service) whole(now, at time.Time) time.Time {
	if !s.db.Still() || at.Sub(now) < daily/2 {
		return at
	}
	day := at.Truncate(daily)
	if !day.After(now) {
		day = day.Add(daily)
	}
	return day
}

// scatter is a part of a duration that is always the same for an id.
func scatter(id string, of time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return time.Duration(h.Sum64() % uint64(of))
}
