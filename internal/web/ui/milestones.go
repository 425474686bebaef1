package ui

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/civil"
)

// Milestone is a day in the life of a record, and what it means.
type Milestone struct {
	On   civil.Date
	Name string // "Registry expiry"
	Sub  string // what it means, in a few words
	Tone Tone
}

// Milestones draws stretches of days on a line with the days that matter, and tells those days below in their order, with
// how far each is from today. The picture repeats what the list says, so screen readers are told the list only.
func Milestones(title string, stretches []Span, days []Milestone, today civil.Date) template.HTML {
	days = slices.DeleteFunc(slices.Clone(days), func(m Milestone) bool { return m.On.IsZero() })
	if len(days) == 0 {
		return `<div class="chart-none">No dates are known yet.</div>`
	}
	days = append(days, Milestone{On: today, Name: "Today", Tone: Neutral})
	slices.SortStableFunc(days, func(a, b Milestone) int { return a.On.Compare(b.On) })
	var b strings.Builder
	b.WriteString(`<figure class="chart milestones">`)
	line(&b, stretches, days, today)
	if len(stretches) > 0 {
		b.WriteString(`<ul class="legend">`)
		for _, s := range stretches {
			fmt.Fprintf(&b, `<li class="tone-%s">%s <span class="faint">%s – %s</span></li>`, s.Tone, html.EscapeString(s.Name), dayText(s.Start), dayText(s.End.AddDays(-1)))
		}
		b.WriteString(`</ul>`)
	}
	fmt.Fprintf(&b, `<ol class="milestone-list" aria-label="%s">`, html.EscapeString(title))
	for _, m := range days {
		class := "tone-" + string(cmp.Or(m.Tone, Neutral))
		away := daysAway(today.DaysUntil(m.On))
		if m.Name == "Today" && m.On == today {
			class, away = class+" now", ""
		}
		fmt.Fprintf(&b, `<li class="%s"><time datetime="%s">%s</time><span class="two"><span>%s</span>`, class, m.On, dayText(m.On), html.EscapeString(m.Name))
		if m.Sub != "" {
			fmt.Fprintf(&b, `<small>%s</small>`, html.EscapeString(m.Sub))
		}
		fmt.Fprintf(&b, `</span><span class="faint">%s</span></li>`, away)
	}
	b.WriteString(`</ol></figure>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and text that was escaped above
}

// line is the picture: stretches below, days as strokes. Its places are in percent, so that the word above today is not
// stretched with it.
func line(b *strings.Builder, stretches []Span, days []Milestone, today civil.Date) {
	from, to := days[0].On, days[len(days)-1].On.AddDays(1)
	for _, s := range stretches {
		from, to = earlier(from, s.Start), later(to, s.End)
	}
	all := float64(max(1, from.DaysUntil(to)))
	x := func(d civil.Date) float64 { return float64(from.DaysUntil(d)) / all * 100 }
	b.WriteString(`<svg class="milestones-plot" aria-hidden="true"><line class="c-rule" x1="0" x2="100%" y1="36" y2="36"/>`)
	for _, s := range stretches {
		fmt.Fprintf(b, `<rect class="sp tone-%s" x="%s%%" y="28" width="%s%%" height="16"><title>%s</title></rect>`,
			s.Tone, num(x(s.Start)), num(max(.1, x(s.End)-x(s.Start))), html.EscapeString(s.Name+"\n"+dayText(s.Start)+" – "+dayText(s.End.AddDays(-1))))
	}
	for _, m := range days {
		fmt.Fprintf(b, `<line class="sp-mark tone-%s" x1="%s%%" x2="%[2]s%%" y1="%d" y2="52"><title>%s</title></line>`,
			cmp.Or(m.Tone, Neutral), num(x(m.On)), markTop(m.On == today), html.EscapeString(m.Name+"\n"+dayText(m.On)))
	}
	anchor := "middle"
	switch at := x(today); {
	case at < 10:
		anchor = "start"
	case at > 90:
		anchor = "end"
	}
	fmt.Fprintf(b, `<text x="%s%%" y="12" text-anchor="%s">Today</text></svg>`, num(x(today)), anchor)
	fmt.Fprintf(b, `<p class="spans-ends" aria-hidden="true"><span>%s</span><span>%s</span></p>`, dayText(from), dayText(to.AddDays(-1)))
}

// markTop is where the stroke of a day begins: that of today reaches up to its word.
func markTop(today bool) int {
	if today {
		return 16
	}
	return 24
}

func daysAway(n int) string {
	switch {
	case n == 0:
		return "today"
	case n == 1:
		return "tomorrow"
	case n == -1:
		return "yesterday"
	case n < 0:
		return Number(-n) + " days ago"
	default:
		return "in " + Number(n) + " days"
	}
}
