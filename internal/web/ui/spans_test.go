package ui_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web/ui"
)

func TestSpans(t *testing.T) {
	t.Parallel()
	date := func(s string) civil.Date {
		d, err := civil.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	spans := []ui.Span{
		{Period: civil.Period{Start: date("2027-01-01"), End: date("2027-02-01")}, Name: "Paid", Tone: ui.Success},
		{Period: civil.Period{Start: date("2027-02-01"), End: date("2027-03-01")}, Name: "Paid", Tone: ui.Success},
		{Period: civil.Period{Start: date("2027-03-01"), End: date("2027-04-01")}, Name: `<x-evil>`, Tone: ui.Warn},
	}
	got := string(ui.Spans(`Periods & "more"`, spans, []ui.Mark{{On: date("2027-03-06"), Name: "Today", Tone: ui.Neutral}, {On: date("2027-04-14"), Name: "Last date", Tone: ui.Danger}}))
	for _, want := range []string{
		`aria-label="Periods &amp; &#34;more&#34;: 1 Jan 2027 to 31 Jan 2027 paid, `, "1 Feb 2027 – 28 Feb 2027", "<span>1 Jan 2027</span><span>15 Apr 2027</span>",
		`<li class="tone-success">Paid</li>`, `<li class="at tone-danger">Last date <span class="faint">14 Apr 2027</span></li>`, "&lt;x-evil&gt;",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if strings.Count(got, ">Paid</li>") != 1 || strings.Count(got, "<rect") != 3 || strings.Contains(got, "<x-evil") || strings.Contains(got, "style=") {
		t.Errorf("drawn: %s", got)
	}
	if none := string(ui.Spans("Nothing", nil, nil)); !strings.Contains(none, "Nothing to draw yet") {
		t.Errorf("drawn from nothing: %s", none)
	}
	one := string(ui.Spans("A day", []ui.Span{{Period: civil.Period{Start: date("2027-01-01"), End: date("2027-01-02")}, Name: "Open", Tone: ui.Warn}}, nil))
	if strings.Contains(one, "NaN") || strings.Contains(one, "Inf") {
		t.Errorf("drawn: %s", one)
	}
}
