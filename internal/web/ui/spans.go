package ui

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
)

// Span is a stretch of days and what became of it.
type Span struct {
	civil.Period
	Name string // "Paid"
	Tone Tone
}

// Mark is a day worth knowing.
type Mark struct {
	On   civil.Date
	Name string // "Next due"
	Tone Tone
}

// Spans draws stretches of days on a line, with the days that matter. Below it stands in words what the colours mean; what
// each stretch is belongs into a table beside.
func Spans(title string, spans []Span, marks []Mark) template.HTML {
	if len(spans) == 0 {
		return `<div class="chart-none">Nothing to draw yet.</div>`
	}
	from, to := spans[0].Start, spans[0].End
	for _, s := range spans {
		from, to = earlier(from, s.Start), later(to, s.End)
	}
	for _, m := range marks {
		from, to = earlier(from, m.On), later(to, m.On.AddDays(1))
	}
	const width = 1000.0
	days := float64(max(1, from.DaysUntil(to)))
	x := func(d civil.Date) float64 { return float64(from.DaysUntil(d)) / days * width }

	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="chart spans"><svg class="spans-plot" role="img" aria-label="%s" viewBox="0 0 %s 40" preserveAspectRatio="none">`,
		html.EscapeString(spanSummary(title, spans, marks)), num(width))
	b.WriteString(`<title>` + html.EscapeString(title) + `</title>`)
	for _, s := range spans {
		w := x(s.End) - x(s.Start)
		fmt.Fprintf(&b, `<rect class="sp tone-%s" x="%s" y="8" width="%s" height="24"><title>%s</title></rect>`,
			s.Tone, num(x(s.Start)), num(max(1, w-min(3, w/3))), html.EscapeString(s.Name+"\n"+dayText(s.Start)+" – "+dayText(s.End.AddDays(-1))))
	}
	for _, m := range marks {
		fmt.Fprintf(&b, `<path class="sp-mark tone-%s" d="M%s 0V40"><title>%s</title></path>`, m.Tone, num(x(m.On)), html.EscapeString(m.Name+"\n"+dayText(m.On)))
	}
	fmt.Fprintf(&b, `</svg><p class="spans-ends" aria-hidden="true"><span>%s</span><span>%s</span></p><ul class="legend">`, dayText(from), dayText(to))
	told := map[string]bool{}
	for _, s := range spans {
		if !told[s.Name] {
			fmt.Fprintf(&b, `<li class="tone-%s">%s</li>`, s.Tone, html.EscapeString(s.Name))
		}
		told[s.Name] = true
	}
	for _, m := range marks {
		fmt.Fprintf(&b, `<li class="at tone-%s">%s <span class="faint">%s</span></li>`, m.Tone, html.EscapeString(m.Name), dayText(m.On))
	}
	b.WriteString(`</ul></figure>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and text that was escaped above
}

func earlier(a, b civil.Date) civil.Date {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b civil.Date) civil.Date {
	if b.After(a) {
		return b
	}
	return a
}

// Day is a cell with a date, on one line.
func Day(d civil.Date) Cell {
	if d.IsZero() {
		return Cell{}
	}
	return HTML(dayTag(d, dayText(d)))
}

// LongDay writes a date with the name of its month, on one line.
func LongDay(d civil.Date) template.HTML {
	if d.IsZero() {
		return ""
	}
	return dayTag(d, d.Format("en"))
}

func dayTag(d civil.Date, text string) template.HTML {
	return template.HTML(`<time datetime="` + d.String() + `">` + text + `</time>`) //nolint:gosec // of digits and the names of months
}

func dayText(d civil.Date) string { return d.StartIn(time.UTC).Format("2 Jan 2006") }

// spanSummary says in words what the picture shows.
func spanSummary(title string, spans []Span, marks []Mark) string {
	words := make([]string, 0, len(spans)+len(marks))
	for _, s := range spans {
		words = append(words, dayText(s.Start)+" to "+dayText(s.End.AddDays(-1))+" "+strings.ToLower(s.Name))
	}
	for _, m := range marks {
		words = append(words, strings.ToLower(m.Name)+" "+dayText(m.On))
	}
	return title + ": " + strings.Join(words, ", ")
}
