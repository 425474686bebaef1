// Package civil does calendar arithmetic on local dates: billing boundaries,
// spans of validity, and the instants at which a local date starts.
//
// A civil date belongs to no zone until it is asked for an instant. Every
// function that turns one into the other takes the real IANA zone, so that the
// daylight-saving rules of that date apply and never a fixed offset. All of it
// is pure: nothing here knows what time it is.
package civil

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Date is a day of the proleptic Gregorian calendar, in years 1 to 9999.
//
// The zero value means "no date". It is before every date, is written as the
// empty string in text and JSON (use omitzero to leave it out), and as NULL in
// a database.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// On returns the date of a year, month and day. As with [time.Date], values
// outside their range carry over: 31 April is 1 May.
func On(year int, month time.Month, day int) Date {
	return dateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// Of returns the date that calendars in loc show at t.
func Of(t time.Time, loc *time.Location) Date { return dateOf(t.In(loc)) }

func dateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// Parse reads a date written as YYYY-MM-DD (ISO 8601) and nothing else: no
// other order, no missing zeros, no surrounding space, no day that the calendar
// lacks.
func Parse(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fmt.Errorf("date %q is not a day written as YYYY-MM-DD", s)
	}
	return dateOf(t), nil
}

// String returns the date as YYYY-MM-DD, and the zero Date as "".
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// IsZero reports whether d is the zero value, which stands for "no date".
func (d Date) IsZero() bool { return d == Date{} }

// IsValid reports whether the calendar has the day d, in years 1 to 9999.
func (d Date) IsValid() bool {
	return d.Year >= 1 && d.Year <= 9999 && dateOf(d.midnightUTC()) == d
}

// midnightUTC gives every day the same length, which makes counting days safe.
func (d Date) midnightUTC() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.midnightUTC().Weekday() }

// AddDays returns the date n days after d, or before it if n is negative.
func (d Date) AddDays(n int) Date { return On(d.Year, d.Month, d.Day+n) }

// AddMonthsClamped returns the same day n months later (earlier if n is
// negative), or the last day of that month if the month is shorter: 31 January
// plus one month is 28 or 29 February.
//
// Clamping forgets the day, so steps must not be chained: use [Boundary] for
// a sequence of dates.
func (d Date) AddMonthsClamped(n int) Date {
	first := On(d.Year, d.Month+time.Month(n), 1)
	last := On(first.Year, first.Month+1, 0)
	return Date{Year: first.Year, Month: first.Month, Day: min(d.Day, last.Day)}
}

// Compare returns -1 if d is before other, 0 if they are the same day, and +1
// if d is after other.
func (d Date) Compare(other Date) int {
	if d.Year != other.Year {
		return sign(d.Year - other.Year)
	}
	if d.Month != other.Month {
		return sign(int(d.Month - other.Month))
	}
	return sign(d.Day - other.Day)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	default:
		return 0
	}
}

// Before reports whether d is an earlier day than other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// After reports whether d is a later day than other.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// DaysUntil returns the number of days from d to other: the length of the
// half-open period [d, other), negative if other is earlier.
func (d Date) DaysUntil(other Date) int {
	return int((other.midnightUTC().Unix() - d.midnightUTC().Unix()) / 86400)
}

// StartIn returns, in UTC, the first instant at which calendars in loc show d.
//
// That is midnight on most days. Where a clock change skips midnight it is the
// instant of the change, where one repeats midnight it is the earlier of the
// two, and for a day that the zone left out altogether (Samoa had no 30
// December 2011) it is the start of the next day that it had.
func (d Date) StartIn(loc *time.Location) time.Time {
	at, _ := firstShown(d.midnightUTC(), loc)
	return at
}

// firstShown returns, in UTC, the first instant at which clocks in loc show the
// date and time of wall, which is given as if it were UTC. If a clock change
// skips that time, it returns the instant of the change and by how much the
// clock was put forward.
func firstShown(wall time.Time, loc *time.Location) (at time.Time, gap time.Duration) {
	// No zone is a whole day ahead of UTC, so a day earlier is early enough to
	// start. Within a stretch of constant offset clocks run evenly.
	var offset time.Duration
	for t := wall.Add(-24 * time.Hour).In(loc); ; {
		_, seconds := t.Zone()
		last := offset
		offset = time.Duration(seconds) * time.Second
		begin, end := zoneBounds(t)

		at = wall.Add(-offset)
		if at.Before(begin) {
			return begin.UTC(), offset - last
		}
		if end.IsZero() || at.Before(end) {
			return at, 0
		}
		t = end
	}
}

// zoneBounds returns the stretch of constant offset around t, as
// [time.Time.ZoneBounds] does, but an end that is after t.
//
// Where the rules of a zone go on for ever, the standard library ends a stretch
// 365 days after the start of the year, so on 31 December of a leap year the end
// is not after t, and whoever goes on from there stays there. No such stretch
// ends before the year does.
func zoneBounds(t time.Time) (begin, end time.Time) {
	begin, end = t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		end = time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).In(t.Location())
	}
	return begin, end
}

// MarshalText writes the date as [Date.String] does. A date that the calendar
// lacks is an error.
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsZero() && !d.IsValid() {
		return nil, fmt.Errorf("date %d-%d-%d does not exist", d.Year, d.Month, d.Day)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads a date as [Parse] does; empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Value makes a date a database argument: TEXT as YYYY-MM-DD, which sorts in
// the order of time, or NULL for the zero Date.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	text, err := d.MarshalText()
	return string(text), err
}

// Scan reads what [Date.Value] wrote; NULL becomes the zero Date.
func (d *Date) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		return d.scan(src)
	case []byte:
		return d.scan(string(src))
	default:
		return fmt.Errorf("date from a database value of type %T", src)
	}
}

// scan refuses empty text, which Value never writes.
func (d *Date) scan(s string) error {
	parsed, err := Parse(s)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
