package ui

import (
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lo, hi float64
		whole  bool
		want   []float64
	}{
		{0, 0, false, []float64{0, .25, .5, .75, 1}},
		{0, 0, true, []float64{0, 1}},
		{0, 1, true, []float64{0, 1}},
		{0, 3, true, []float64{0, 1, 2, 3}},
		{0, 9, true, []float64{0, 5, 10}},
		{0, 100, true, []float64{0, 25, 50, 75, 100}},
		{0, 2173, true, []float64{0, 1000, 2000, 3000}},
		{-40, 60, true, []float64{-50, -25, 0, 25, 50, 75}},
		{-8, 0, true, []float64{-8, -6, -4, -2, 0}},
		{0, .07, false, []float64{0, .02, .04, .06, .08}},
		{0, 4e12, true, []float64{0, 1e12, 2e12, 3e12, 4e12}},
	} {
		if got := ticks(c.lo, c.hi, c.whole); !slices.Equal(got, c.want) {
			t.Errorf("%v to %v: %v, want %v", c.lo, c.hi, got, c.want)
		}
	}
}

func TestTicksHoldTheirValues(t *testing.T) {
	t.Parallel()
	for _, lo := range []float64{0, -1, -.3, -1e7, -123456} {
		for hi := 1e-6; hi < 1e15; hi *= 1.7 {
			tk := ticks(lo, hi, false)
			dust := (hi - lo) * 1e-8
			if tk[0] > lo+dust || tk[len(tk)-1] < hi-dust || len(tk) < 2 || len(tk) > 9 || !slices.Contains(tk, 0) {
				t.Fatalf("%v to %v: %v", lo, hi, tk)
			}
		}
	}
}

// drawings are all kinds of charts of the same values.
func drawings(title string, labels []string, series ...Series) map[string]template.HTML {
	c := Chart{Title: title, Labels: labels, Series: series}
	out := map[string]template.HTML{"line": Line(c), "area": Area(c), "bars": Bars(c)}
	for _, s := range series {
		out["spark"] = Sparkline(s.Values)
		var parts []Slice
		for i, v := range s.Values {
			name := ""
			if i < len(labels) {
				name = labels[i]
			}
			parts = append(parts, Slice{name, v})
		}
		out["donut"] = Donut(title, parts, nil)
		out["share"] = ShareBar(title, parts, nil)
	}
	return out
}

func wellFormed(t *testing.T, name string, h template.HTML) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(h)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v\n%s", name, err, h)
			return
		}
	}
}

func TestChartsOfAwkwardData(t *testing.T) {
	t.Parallel()
	long := make([]float64, 400)
	for name, c := range map[string]struct {
		labels []string
		series []Series
	}{
		"nothing":    {nil, nil},
		"no series":  {[]string{"a"}, nil},
		"no labels":  {nil, []Series{{Values: []float64{1}}}},
		"one point":  {[]string{"a"}, []Series{{Values: []float64{7}}}},
		"one zero":   {[]string{"a"}, []Series{{Values: []float64{0}}}},
		"zeros":      {[]string{"a", "b", "c"}, []Series{{Values: []float64{0, 0, 0}}}},
		"constant":   {[]string{"a", "b"}, []Series{{Values: []float64{5, 5}}}},
		"negative":   {[]string{"a", "b"}, []Series{{Values: []float64{-5, 3}}, {Values: []float64{-2, -9}}}},
		"missing":    {[]string{"a", "b", "c"}, []Series{{Values: []float64{1}}}},
		"undefined":  {[]string{"a", "b"}, []Series{{Values: []float64{math.NaN(), math.Inf(1)}}}},
		"huge":       {[]string{"a", "b"}, []Series{{Values: []float64{1e300, math.MaxFloat64}}}},
		"tiny":       {[]string{"a", "b"}, []Series{{Values: []float64{1e-300, 0}}}},
		"many":       {DayLabels(time.Unix(0, 0), 400), []Series{{Values: long}}},
		"many lines": {[]string{"a"}, slices.Repeat([]Series{{Values: []float64{1}}}, 9)},
		"hostile":    {[]string{`"><script>`}, []Series{{Name: `</title><script>`, Values: []float64{1}}}},
	} {
		for kind, h := range drawings(`<script>"'&`, c.labels, c.series...) {
			wellFormed(t, name+" "+kind, h)
			for _, bad := range []string{"NaN", "Inf", "<script", "style=", "e+"} {
				if strings.Contains(string(h), bad) {
					t.Errorf("%s %s contains %s:\n%s", name, kind, bad, h)
				}
			}
			if len(h) > 100_000 {
				t.Errorf("%s %s has %d bytes", name, kind, len(h))
			}
		}
	}
}

func TestChartsCanBeRead(t *testing.T) {
	t.Parallel()
	h := string(Area(Chart{Title: "Revenue a day", Labels: []string{"1 Jan", "2 Jan"}, Series: []Series{{Name: "Revenue", Values: []float64{10, 2500}}}}))
	for _, want := range []string{
		`role="img"`, `aria-label="Revenue a day: 1 Jan to 2 Jan, lowest 10, highest 2`, `<title>Revenue a day</title>`,
		`viewBox="0 0 40 200"`, `<th scope="row">2 Jan</th><td>2` + "\u202f" + `500</td>`, `<details`,
	} {
		if !strings.Contains(h, want) {
			t.Errorf("no %s in\n%s", want, h)
		}
	}
	h = string(Donut("Products", []Slice{{"A", 995}, {"B", 5}, {"C", 0}, {"D", -3}}, nil))
	for _, want := range []string{`aria-label="Products: A 100 %, B &lt;1 %"`, `>B</th><td>5</td>`} {
		if !strings.Contains(h, want) {
			t.Errorf("no %s in\n%s", want, h)
		}
	}
}
