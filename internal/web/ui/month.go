package ui

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// Month is a calendar of a month: a grid where there is room, else a list of the days on which there is something.
type Month struct {
	Label string // for screen readers
	Days  []MonthDay
	Empty string // said in the place of the list when no day has anything
}

// MonthDay is one day of it.
type MonthDay struct {
	On      civil.Date
	Today   bool
	Entries []MonthEntry
}

// MonthEntry is what falls on a day.
type MonthEntry struct {
	Text string // "12 due"
	Sub  string // "€144.00"
	Href string
	Tone Tone
}

// MonthOf is the calendar of the month of a day, with what falls on its days.
func MonthOf(label string, day, today civil.Date, on map[civil.Date][]MonthEntry) Month {
	m := Month{Label: label}
	for d := civil.On(day.Year, day.Month, 1); d.Month == day.Month; d = d.AddDays(1) {
		m.Days = append(m.Days, MonthDay{On: d, Today: d == today, Entries: on[d]})
	}
	return m
}

// Blank reports whether nothing falls on any day.
func (m Month) Blank() bool {
	for _, d := range m.Days {
		if len(d.Entries) > 0 {
			return false
		}
	}
	return true
}

// Weekdays are the heads of the columns.
func (m Month) Weekdays() []string { return []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} }

// Column is in which column of the grid the day stands, from 1 for Monday.
func (d MonthDay) Column() int { return (int(d.On.Weekday())+6)%7 + 1 }

// Long is the day in full.
func (d MonthDay) Long() string { return d.On.StartIn(time.UTC).Format("Monday, 2 January") }
