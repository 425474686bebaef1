package webhook

import "time"

const (
	patience     = 3 * 24 * time.Hour // how long a delivery is tried, and an endpoint may fail
	firstDelay   = 10 * time.Second
	longestDelay = 6 * time.Hour
)

// delay is how long to wait after a delivery has failed so often: it doubles from ten seconds up to six hours. The
// later half of it is drawn by chance (random is in [0, 1)), so that what failed together is not tried again together.
func delay(failures int64, random float64) time.Duration {
	d := longestDelay
	if doublings := failures - 1; doublings < 12 {
		d = min(firstDelay<<doublings, longestDelay)
	}
	return d/2 + time.Duration(random*float64(d/2))
}

// retry returns when a delivery that has failed so often is tried again, and false if it has been tried for long enough.
// It is tried for the last time when the three days are over, not before.
func retry(now time.Time, failures int64, giveUpAt time.Time, atLeast time.Duration, random float64) (due time.Time, again bool) {
	if !now.Before(giveUpAt) {
		return now, false
	}
	due = now.Add(max(delay(failures, random), atLeast))
	if due.After(giveUpAt) {
		due = giveUpAt
	}
	return due, true
}

// GivesUpAt is when an endpoint is disabled, unless something can be delivered to it before; zero: it does not fail.
func (e Endpoint) GivesUpAt() time.Time {
	if e.FailingSince == nil {
		return time.Time{}
	}
	return e.FailingSince.Add(patience)
}
