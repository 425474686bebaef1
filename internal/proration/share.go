// Package proration knows what a part of a period costs: the share of the whole by the store's profile, the running
// total that makes used and unused parts sum to the full price, and what changes and cancellations owe.
//
// It is pure: it reads no clock and no database, and never rounds anything but the amounts it returns (rules P3 to P5).
package proration

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// Profile says how the share of a part in a whole period is measured (rule P3).
type Profile string

// The profiles.
const (
	DaysActual Profile = "days-actual" // actual calendar days; the default
	Fixed30    Profile = "fixed-30"    // a month has 30 days
	Seconds    Profile = "seconds"     // whole seconds between instants
)

// Profiles returns all profiles, the default first.
func Profiles() []Profile { return []Profile{DaysActual, Fixed30, Seconds} }

// ParseProfile reads the name of a profile, exactly as the constants spell it.
func ParseProfile(s string) (Profile, error) {
	switch p := Profile(s); p {
	case DaysActual, Fixed30, Seconds:
		return p, nil
	default:
		return "", fmt.Errorf("proration profile %q is not known", s)
	}
}

// Term is the whole period that a price pays for, and how parts of it are measured.
type Term struct {
	Profile  Profile
	Interval civil.Interval // the length of the whole period as it was sold; fixed-30 counts its months
	Whole    civil.Period
	// Zone is the store's time zone, nil for UTC. A date starts at its first instant there (rule P10).
	Zone *time.Location
	// Starts and Ends are, for the seconds profile, the instants of the whole period where it does not begin and end
	// with its dates. Zero: it does.
	Starts, Ends time.Time
}

// Share returns the exact share of a part in the whole period (rule P3). What lies outside the whole does not count.
func (t Term) Share(part civil.Period) (*big.Rat, error) {
	return t.share(t.ofDate(part.Start), t.ofDate(part.End))
}

// ShareFrom returns the exact share from an instant to the start of the date end. The seconds profile counts from that
// very second; the others from the local date of the instant.
func (t Term) ShareFrom(at time.Time, end civil.Date) (*big.Rat, error) {
	return t.share(t.ofInstant(at), t.ofDate(end))
}

var errNoTerm = errors.New("proration: the whole period is empty")

func (t Term) share(from, to int64) (*big.Rat, error) {
	if _, err := ParseProfile(string(t.Profile)); err != nil {
		return nil, err
	}
	if err := t.Interval.Validate(); err != nil {
		return nil, err
	}
	length := t.length()
	if length <= 0 {
		return nil, fmt.Errorf("%w: %s", errNoTerm, t.Whole)
	}
	from, to = limit(from, length), limit(to, length)
	return big.NewRat(max(0, to-from), length), nil
}

// limit keeps a position within the whole period.
func limit(position, length int64) int64 { return min(max(position, 0), length) }

// length returns the position of the end of the whole period.
func (t Term) length() int64 {
	switch {
	case t.Profile == Seconds:
		return t.ends().Unix() - t.starts().Unix()
	case t.countsMonths():
		return int64(30 * t.Interval.Months)
	default:
		return int64(t.Whole.Days())
	}
}

// ofDate returns the position of a date in the whole period: days, thirtieths of a month, or seconds after its start.
func (t Term) ofDate(d civil.Date) int64 {
	switch {
	case t.Profile == Seconds:
		// The outer dates stand for the outer instants, whatever their time of day.
		if !d.After(t.Whole.Start) {
			return 0
		}
		if !d.Before(t.Whole.End) {
			return t.length()
		}
		return d.StartIn(t.zone()).Unix() - t.starts().Unix()
	case !d.Before(t.Whole.End):
		return t.length()
	case t.countsMonths():
		s := t.Whole.Start
		months := (d.Year-s.Year)*12 + int(d.Month-s.Month)
		return int64(30*months + min(d.Day, 30) - min(s.Day, 30))
	default:
		return int64(t.Whole.Start.DaysUntil(d))
	}
}

func (t Term) ofInstant(at time.Time) int64 {
	if t.Profile == Seconds {
		return at.Unix() - t.starts().Unix()
	}
	return t.ofDate(t.dateOf(at))
}

func (t Term) dateOf(at time.Time) civil.Date { return civil.Of(at, t.zone()) }

// countsMonths tells whether the profile gives months 30 days: it leaves weekly and 30-day plans alone.
func (t Term) countsMonths() bool { return t.Profile == Fixed30 && t.Interval.Months > 0 }

func (t Term) zone() *time.Location {
	if t.Zone == nil {
		return time.UTC
	}
	return t.Zone
}

func (t Term) starts() time.Time {
	if t.Starts.IsZero() {
		return t.Whole.Start.StartIn(t.zone())
	}
	return t.Starts
}

func (t Term) ends() time.Time {
	if t.Ends.IsZero() {
		return t.Whole.End.StartIn(t.zone())
	}
	return t.Ends
}
