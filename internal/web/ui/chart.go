package ui

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// Series is one line of a chart, or one colour of its bars.
type Series struct {
	Name   string
	Values []float64 // one per label; a missing or undefined one counts as 0, none beyond 1e18
}

// Chart is what Line, Area and Bars draw, with a table of the same numbers below.
type Chart struct {
	Title  string   // what is shown, for screen readers
	Labels []string // the horizontal axis, see DayLabels
	Series []Series
	Format func(float64) string // writes a value; nil writes plain numbers
	Short  bool                 // half as high
}

// Slice is one part of a whole.
type Slice struct {
	Name  string
	Value float64
}

// DayLabels names n days from the day of t on.
func DayLabels(t time.Time, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = t.AddDate(0, 0, i).Format("2 Jan")
	}
	return out
}

// Line draws one line per series.
func Line(c Chart) template.HTML { return c.draw(shapeLine) }

// Area draws lines with the area below them tinted.
func Area(c Chart) template.HTML { return c.draw(shapeArea) }

// Bars draws bars, several series on top of each other.
func Bars(c Chart) template.HTML { return c.draw(shapeBar) }

type shape int

const (
	shapeLine shape = iota
	shapeArea
	shapeBar
)

// The plot is drawn on a fixed grid that is stretched to the place there is. Strokes
// don't stretch with it, and all text stands outside, so it stays legible on a phone.
const (
	band   = 20.0 // width per label
	height = 200.0
)

func (c Chart) value(s, i int) float64 {
	if i >= len(c.Series[s].Values) {
		return 0
	}
	return drawable(c.Series[s].Values[i])
}

// drawable keeps sums and quotients of values within what a float64 can hold.
func drawable(v float64) float64 {
	const most = 1e18
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return max(-most, min(most, v))
}

func (c Chart) text(v float64) string {
	if c.Format != nil {
		return c.Format(v)
	}
	return plainNumber(v)
}

func plainNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return Number(int(v))
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// extent is the span of values to show; it always holds zero, so that heights compare.
func (c Chart) extent(sh shape) (lo, hi float64) {
	for i := range c.Labels {
		var up, down float64
		for s := range c.Series {
			v := c.value(s, i)
			if sh != shapeBar {
				lo, hi = min(lo, v), max(hi, v)
				continue
			}
			if v < 0 {
				down += v
			} else {
				up += v
			}
		}
		lo, hi = min(lo, down), max(hi, up)
	}
	return lo, hi
}

func (c Chart) whole() bool {
	for s := range c.Series {
		for i := range c.Labels {
			if v := c.value(s, i); v != math.Trunc(v) {
				return false
			}
		}
	}
	return true
}

// ticks returns round values from at or below lo to at or above hi, about four steps
// apart. Whole numbers get whole ticks.
func ticks(lo, hi float64, whole bool) []float64 {
	if hi <= lo {
		hi = lo + 1
	}
	raw := (hi - lo) / 4
	mag := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * mag
	for _, m := range []float64{1, 2, 2.5, 5} {
		if whole && mag*m != math.Trunc(mag*m) {
			continue
		}
		if mag*m >= raw*0.999 {
			step = mag * m
			break
		}
	}
	if whole {
		step = max(1, math.Ceil(step))
	}
	first, last := math.Floor(lo/step+1e-9), math.Ceil(hi/step-1e-9)
	var out []float64
	for k := first; k <= last; k++ {
		// A product of round numbers may carry dust in its last digits.
		v, err := strconv.ParseFloat(strconv.FormatFloat(k*step, 'g', 12, 64), 64)
		if err != nil {
			v = k * step
		}
		out = append(out, v+0) // turns -0 into 0
	}
	return out
}

func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64)
}

func (c Chart) draw(sh shape) template.HTML {
	if len(c.Labels) == 0 || len(c.Series) == 0 {
		return `<div class="chart-none">Nothing to draw yet.</div>`
	}
	lo, hi := c.extent(sh)
	tk := ticks(lo, hi, c.whole())
	bottom, top := tk[0], tk[len(tk)-1]
	y := func(v float64) float64 { return height - (v-bottom)/(top-bottom)*height }
	x := func(i int) float64 { return (float64(i) + .5) * band }
	n := len(c.Labels)
	width := float64(n) * band

	var b strings.Builder
	class := "chart"
	if c.Short {
		class += " chart-short"
	}
	b.WriteString(`<figure class="` + class + `">`)
	c.legend(&b)
	b.WriteString(`<div class="chart-grid"><div class="chart-y" aria-hidden="true">`)
	for i := len(tk) - 1; i >= 0; i-- {
		b.WriteString(`<span>` + html.EscapeString(c.text(tk[i])) + `</span>`)
	}
	fmt.Fprintf(&b, `</div><svg class="chart-plot" role="img" aria-label="%s" viewBox="0 0 %s %s" preserveAspectRatio="none">`,
		html.EscapeString(c.summary()), num(width), num(height))
	b.WriteString(`<title>` + html.EscapeString(c.Title) + `</title>`)
	for _, t := range tk {
		class := "c-rule"
		if t == 0 {
			class = "c-rule c-zero"
		}
		fmt.Fprintf(&b, `<path class="%s" d="M0 %sH%s"/>`, class, num(y(t)), num(width))
	}
	if sh == shapeBar {
		c.bars(&b, x, y)
	} else {
		c.lines(&b, sh, x, y)
	}
	c.points(&b, sh, x, y)
	b.WriteString(`</svg>`)
	c.axis(&b)
	b.WriteString(`</div>`)
	c.table(&b)
	b.WriteString(`</figure>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and text that was escaped above
}

// summary says in words what the picture shows.
func (c Chart) summary() string {
	s := c.Title
	if len(c.Series) == 1 {
		lo, hi := c.value(0, 0), c.value(0, 0)
		for i := range c.Labels {
			lo, hi = min(lo, c.value(0, i)), max(hi, c.value(0, i))
		}
		s += fmt.Sprintf(": %s to %s, lowest %s, highest %s", c.Labels[0], c.Labels[len(c.Labels)-1], c.text(lo), c.text(hi))
	}
	return s
}

func (c Chart) legend(b *strings.Builder) {
	if len(c.Series) < 2 {
		return
	}
	b.WriteString(`<ul class="legend">`)
	for s, sr := range c.Series {
		fmt.Fprintf(b, `<li class="s%d">%s</li>`, s%6+1, html.EscapeString(sr.Name))
	}
	b.WriteString(`</ul>`)
}

func (c Chart) lines(b *strings.Builder, sh shape, x func(int) float64, y func(float64) float64) {
	n := len(c.Labels)
	for s := range c.Series {
		var d strings.Builder
		for i := range n {
			cmd := "L"
			if i == 0 {
				cmd = "M"
			}
			d.WriteString(cmd + num(x(i)) + " " + num(y(c.value(s, i))))
		}
		if sh == shapeArea && n > 1 {
			fmt.Fprintf(b, `<path class="c-area s%d" d="%sV%sH%sZ"/>`, s%6+1, d.String(), num(y(0)), num(x(0)))
		}
		if n == 1 { // a line of no length with round ends is a dot
			d.WriteString("h0")
			fmt.Fprintf(b, `<path class="c-dot s%d" d="%s"/>`, s%6+1, d.String())
			continue
		}
		fmt.Fprintf(b, `<path class="c-line s%d" d="%s"/>`, s%6+1, d.String())
	}
}

func (c Chart) bars(b *strings.Builder, x func(int) float64, y func(float64) float64) {
	w := band * .64
	if n := len(c.Labels); n < 8 { // few bars would grow into blocks
		w = band * (.2 + .055*float64(n))
	}
	for i := range c.Labels {
		var up, down float64
		for s := range c.Series {
			v := c.value(s, i)
			if v == 0 {
				continue
			}
			from, to := up, up+v
			if v < 0 {
				from, to = down, down+v
				down = to
			} else {
				up = to
			}
			hi, lo := y(max(from, to)), y(min(from, to))
			fmt.Fprintf(b, `<rect class="c-bar s%d" x="%s" y="%s" width="%s" height="%s"/>`,
				s%6+1, num(x(i)-w/2), num(hi), num(w), num(lo-hi))
		}
	}
}

// maxPoints bounds the page: beyond it a finger can't hit a single point anyway, and
// the table has the numbers.
const maxPoints = 100

// points are invisible strips, one per label, that show their numbers when pointed at.
func (c Chart) points(b *strings.Builder, sh shape, x func(int) float64, y func(float64) float64) {
	if len(c.Labels) > maxPoints {
		return
	}
	for i, l := range c.Labels {
		fmt.Fprintf(b, `<g class="c-pt"><rect x="%s" y="0" width="%s" height="%s"/>`, num(x(i)-band/2), num(band), num(height))
		tip := l
		for s, sr := range c.Series {
			v := c.text(c.value(s, i))
			if len(c.Series) > 1 {
				v = sr.Name + " " + v
			}
			tip += "\n" + v
			if sh != shapeBar {
				fmt.Fprintf(b, `<path class="c-dot s%d" d="M%s %sh0"/>`, s%6+1, num(x(i)), num(y(c.value(s, i))))
			}
		}
		b.WriteString(`<title>` + html.EscapeString(tip) + `</title></g>`)
	}
}

// axis writes at most six labels. Its SVG isn't stretched: positions are percentages.
func (c Chart) axis(b *strings.Builder) {
	n := len(c.Labels)
	every := (n + 5) / 6
	b.WriteString(`<svg class="chart-x" aria-hidden="true" focusable="false">`)
	for k, i := 0, 0; i < n; k, i = k+1, i+every {
		class := ""
		if k%2 == 1 {
			class = ` class="minor"`
		}
		pos := (float64(i) + .5) / float64(n) * 100
		anchor := "middle"
		if n > 12 && i == 0 {
			anchor, pos = "start", 0
		}
		fmt.Fprintf(b, `<text%s x="%s%%" y="13" text-anchor="%s">%s</text>`, class, num(pos), anchor, html.EscapeString(shorten(c.Labels[i], 14)))
	}
	b.WriteString(`</svg>`)
}

func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func (c Chart) table(b *strings.Builder) {
	b.WriteString(`<details class="chart-data"><summary>Show the numbers</summary><div class="chart-scroll"><table><caption class="sr">` +
		html.EscapeString(c.Title) + `</caption><thead><tr><td></td>`)
	for _, s := range c.Series {
		b.WriteString(`<th scope="col">` + html.EscapeString(s.Name) + `</th>`)
	}
	b.WriteString(`</tr></thead><tbody>`)
	for i, l := range c.Labels {
		b.WriteString(`<tr><th scope="row">` + html.EscapeString(l) + `</th>`)
		for s := range c.Series {
			b.WriteString(`<td>` + html.EscapeString(c.text(c.value(s, i))) + `</td>`)
		}
		b.WriteString(`</tr>`)
	}
	b.WriteString(`</tbody></table></div></details>`)
}

// Sparkline draws a small line without axes. It is an ornament to a number that stands
// beside it, and hidden from screen readers.
func Sparkline(values []float64) template.HTML {
	if len(values) < 2 {
		return ""
	}
	c := Chart{Series: []Series{{Values: values}}}
	lo, hi := c.value(0, 0), c.value(0, 0)
	for i := range values {
		lo, hi = min(lo, c.value(0, i)), max(hi, c.value(0, i))
	}
	const w, h = 100.0, 28.0
	y := func(v float64) float64 {
		if hi == lo {
			return h / 2
		}
		return h - 2 - (v-lo)/(hi-lo)*(h-4)
	}
	var d strings.Builder
	for i := range values {
		cmd := "L"
		if i == 0 {
			cmd = "M"
		}
		d.WriteString(cmd + num(float64(i)/float64(len(values)-1)*w) + " " + num(y(c.value(0, i))))
	}
	//nolint:gosec // built from numbers
	return template.HTML(fmt.Sprintf(`<svg class="spark" viewBox="0 0 %s %s" preserveAspectRatio="none" aria-hidden="true" focusable="false">`+
		`<path class="c-area s1" d="%sV%sH0Z"/><path class="c-line s1" d="%s"/></svg>`, num(w), num(h), d.String(), num(h), d.String()))
}

// shares drops what can't be a part of a whole and sums up the rest.
func shares(parts []Slice) (kept []Slice, sum float64) {
	for _, p := range parts {
		if p.Value = drawable(p.Value); p.Value > 0 {
			kept = append(kept, p)
			sum += p.Value
		}
	}
	return kept, sum
}

// ShareBar draws parts of a whole as one bar with a legend that carries the numbers.
func ShareBar(title string, parts []Slice, format func(float64) string) template.HTML {
	kept, sum := shares(parts)
	if sum == 0 {
		return `<div class="chart-none">Nothing to draw yet.</div>`
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="chart share"><svg class="share-bar" role="img" aria-label="%s" viewBox="0 0 1000 10" preserveAspectRatio="none"><title>%s</title>`,
		html.EscapeString(shareSummary(title, kept, sum)), html.EscapeString(title))
	at := 0.0
	for i, p := range kept {
		w := p.Value / sum * 1000
		gap := 0.0
		if i < len(kept)-1 {
			gap = min(4, w/2)
		}
		fmt.Fprintf(&b, `<rect class="c-bar s%d" x="%s" y="0" width="%s" height="10"/>`, i%6+1, num(at), num(w-gap))
		at += w
	}
	b.WriteString(`</svg>`)
	shareLegend(&b, kept, sum, format)
	b.WriteString(`</figure>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and text that was escaped above
}

// Donut draws parts of a whole as a ring around their sum, with a legend that carries the numbers.
func Donut(title string, parts []Slice, format func(float64) string) template.HTML {
	kept, sum := shares(parts)
	if sum == 0 {
		return `<div class="chart-none">Nothing to draw yet.</div>`
	}
	if format == nil {
		format = plainNumber
	}
	const r = 15.915494309 // a circumference of 100
	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="chart donut"><svg class="ring" role="img" aria-label="%s" viewBox="0 0 40 40"><title>%s</title><g transform="rotate(-90 20 20)">`,
		html.EscapeString(shareSummary(title, kept, sum)), html.EscapeString(title))
	at := 0.0
	for i, p := range kept {
		w := p.Value / sum * 100
		gap := 0.0
		if len(kept) > 1 {
			gap = min(.8, w/2)
		}
		fmt.Fprintf(&b, `<circle class="c-arc s%d" cx="20" cy="20" r="%s" stroke-dasharray="%s %s" stroke-dashoffset="%s"/>`,
			i%6+1, num(r), num(w-gap), num(100-w+gap), num(-at))
		at += w
	}
	fmt.Fprintf(&b, `</g><text class="ring-sum" x="20" y="20" text-anchor="middle" dominant-baseline="central">%s</text></svg>`,
		html.EscapeString(shorten(format(sum), 9)))
	shareLegend(&b, kept, sum, format)
	b.WriteString(`</figure>`)
	return template.HTML(b.String()) //nolint:gosec // numbers, and text that was escaped above
}

func percent(v, sum float64) string {
	p := v / sum * 100
	if p > 0 && p < 1 {
		return "<1 %"
	}
	return strconv.Itoa(int(math.Round(p))) + " %"
}

func shareSummary(title string, parts []Slice, sum float64) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = p.Name + " " + percent(p.Value, sum)
	}
	return title + ": " + strings.Join(words, ", ")
}

func shareLegend(b *strings.Builder, parts []Slice, sum float64, format func(float64) string) {
	if format == nil {
		format = plainNumber
	}
	b.WriteString(`<table class="share-legend"><tbody>`)
	for i, p := range parts {
		fmt.Fprintf(b, `<tr><th scope="row" class="s%d">%s</th><td>%s</td><td class="faint">%s</td></tr>`,
			i%6+1, html.EscapeString(p.Name), html.EscapeString(format(p.Value)), html.EscapeString(percent(p.Value, sum)))
	}
	b.WriteString(`</tbody></table>`)
}
