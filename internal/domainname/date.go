package domainname

import (
	"errors"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// Drift is the auto-correction interval: up to so many days two dates of a registry are the same one, read differently.
const Drift = 7

// maxTerm is the longest registration, in years. No renewal is as long.
const maxTerm = 10

// AddYears is the same day n years later; 29 February becomes 28 February in a common year. It is a prediction: what the
// registry answers is what counts.
func AddYears(d civil.Date, n int) civil.Date { return d.AddMonthsClamped(12 * n) }

// Cap is the latest expiry that a renewal on a day may lead to: a day or two short of ten years, so that no registry with
// a ten-year rule refuses a term for its length.
func Cap(today civil.Date) civil.Date { return AddYears(today, maxTerm-1).AddDays(364) }

// FirstUnderCap is the first day on which a renewal may lead to an expiry.
func FirstUnderCap(expiry civil.Date) civil.Date {
	day := AddYears(expiry, -maxTerm)
	for Cap(day).Before(expiry) {
		day = day.AddDays(1)
	}
	return day
}

// RegistryDate is the date of an instant as registries count: in UTC. It is also the date that guards a renew command.
func RegistryDate(t time.Time) civil.Date { return civil.Of(t, time.UTC) }

// YearsAhead returns how many whole years the registry's date is ahead of what the customer has paid for; 0 if it is not,
// or if the difference is not one of whole years.
func YearsAhead(registry, paid civil.Date) int {
	if registry.IsZero() || paid.IsZero() {
		return 0
	}
	for k := max(1, registry.Year-paid.Year-1); k <= registry.Year-paid.Year+1; k++ {
		if near(registry, AddYears(paid, k)) {
			return k
		}
	}
	return 0
}

// near reports whether two dates are one, as far as clocks and calendars of registries go.
func near(a, b civil.Date) bool { return max(a.DaysUntil(b), b.DaysUntil(a)) <= Drift }

// TermEnd is the day from which notices, windows, fees and the customer's page count (T), and by how many years the
// registry is ahead of it: what was paid until then, where the registry is whole years ahead; else the registry's date.
func TermEnd(registry, paid civil.Date) (end civil.Date, ahead int) {
	if ahead = YearsAhead(registry, paid); ahead > 0 {
		return paid, ahead
	}
	return registry, 0
}

var errNoDate = errors.New("is not a date that can be true")

// layouts are the ways in which registries and registrars write an instant. One without a zone is UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly}

// ReadExpiry reads an expiry as a registry or a registrar has written it, and refuses what can't be true: no date, one
// before 1985 or before the domain was created (if that is known), or one more than ten years ahead. now is when it was
// read.
func ReadExpiry(raw string, created civil.Date, now time.Time) (time.Time, error) {
	return Reading{Raw: raw, Created: created}.Instant(now)
}

// Instant is [ReadExpiry] for a reading: the registry's own instant, without the grace that the registrar's date includes.
func (r Reading) Instant(now time.Time) (time.Time, error) {
	raw := strings.TrimSpace(r.Raw)
	for _, layout := range layouts {
		t, err := time.Parse(layout, raw)
		if err != nil {
			continue
		}
		t = t.UTC().AddDate(0, 0, -r.GraceIncluded)
		day := RegistryDate(t)
		latest := AddYears(RegistryDate(now), maxTerm).AddDays(2)
		if day.Year < 1985 || day.Before(r.Created) || day.After(latest) {
			return time.Time{}, errNoDate
		}
		return t, nil
	}
	return time.Time{}, errNoDate
}
