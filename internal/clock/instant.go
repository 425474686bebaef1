package clock

import "time"

// Instant is a point in time as microseconds since 1970-01-01T00:00:00Z. It is
// how every instant is stored: one integer column that both databases compare
// and index alike. Being of an integer kind, it needs no code to be an argument
// or a scan target of database/sql; a nullable column is a *Instant.
type Instant int64

// FromTime returns the instant of t. What is finer than a microsecond is
// dropped towards the past. The result is undefined for years beyond ±290,000.
func FromTime(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time returns i as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// FromTimePtr is [FromTime] for a time that may be missing: nil stays nil.
func FromTimePtr(t *time.Time) *Instant {
	if t == nil {
		return nil
	}
	i := FromTime(*t)
	return &i
}

// TimePtr is [Instant.Time] for an instant that may be missing: nil stays nil.
func TimePtr(i *Instant) *time.Time {
	if i == nil {
		return nil
	}
	t := i.Time()
	return &t
}
