package ui

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// Reader is for whom a page is rendered: where, when, and how numbers are written there.
type Reader struct {
	Now  time.Time      // of the request, from the program's clock
	Zone *time.Location // nil is UTC
	Lang string         // BCP 47; empty is "en"

	// FormatMoney writes an amount of minor units for this reader. Without it the amount
	// is written plainly, with two decimals and the code.
	FormatMoney func(amount int64, currency string) string
}

// Location is the zone that the reader's days and times of day are told in.
func (r Reader) Location() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

// Language is the lang attribute of the document.
func (r Reader) Language() string {
	if r.Lang == "" {
		return "en"
	}
	return r.Lang
}

// Money writes an amount of minor units.
func (r Reader) Money(amount int64, currency string) string {
	if r.FormatMoney != nil {
		return r.FormatMoney(amount, currency)
	}
	sign, u := "", uint64(amount) // the conversion and the negation below hold for every int64
	if amount < 0 {
		sign, u = "−", -u
	}
	return fmt.Sprintf("%s%s.%02d %s", sign, group(strconv.FormatUint(u/100, 10)), u%100, currency)
}

// Ago writes how far away an instant is, in the past or in the future; beyond some weeks
// its date. The exact instant is in the title. The zero time is a dash.
func (r Reader) Ago(t time.Time) template.HTML { return r.timeTag(t, r.agoText(t)) }

// At writes date and time of day.
func (r Reader) At(t time.Time) template.HTML {
	return r.timeTag(t, t.In(r.Location()).Format("2 Jan 2006, 15:04"))
}

// Day writes the date an instant falls on in the reader's zone.
func (r Reader) Day(t time.Time) template.HTML {
	return r.timeTag(t, t.In(r.Location()).Format("2 Jan 2006"))
}

// TestNotice is what the banner of a test store says: its clock stands still, and it may stand anywhere.
func (r Reader) TestNotice() string {
	return "No real money, no real licenses. It is " + r.Now.In(r.Location()).Format("2 January 2006, 15:04 MST") + " here."
}

func (r Reader) timeTag(t time.Time, text string) template.HTML {
	if t.IsZero() {
		return `<span class="none">–</span>`
	}
	exact := t.In(r.Location()).Format("Monday, 2 January 2006, 15:04:05 MST")
	//nolint:gosec // built from an instant; what could carry text is escaped
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `" title="` +
		html.EscapeString(exact) + `">` + html.EscapeString(text) + `</time>`)
}

func (r Reader) agoText(t time.Time) string {
	d := t.Sub(r.Now)
	past := d <= 0
	if past {
		d = -d
	}
	say := func(s string) string {
		if past {
			return s + " ago"
		}
		return "in " + s
	}
	days := calendarDays(r.Now.In(r.Location()), t.In(r.Location()))
	if days < 0 {
		days = -days
	}
	switch {
	case d < 45*time.Second && past:
		return "just now"
	case d < time.Minute:
		return say("a minute")
	case d < time.Hour:
		return say(strconv.Itoa(int(d/time.Minute)) + " min")
	case d < 24*time.Hour:
		return say(strconv.Itoa(int(d/time.Hour)) + " h")
	case days <= 1 && past:
		return "yesterday"
	case days <= 1:
		return "tomorrow"
	case days <= 45:
		return say(strconv.Itoa(days) + " days")
	default:
		return t.In(r.Location()).Format("2 Jan 2006")
	}
}

// calendarDays counts the midnights between two instants in their zone.
func calendarDays(from, to time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(to).Sub(day(from)) / (24 * time.Hour))
}

// Number writes a whole number with thin spaces between its thousands, which every
// language reads.
func Number(n int) string {
	if n < 0 {
		return "−" + group(strings.TrimPrefix(strconv.Itoa(n), "-"))
	}
	return group(strconv.Itoa(n))
}

func group(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Clip shortens a text that somebody else wrote to n characters.
func Clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
