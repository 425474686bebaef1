package ui_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web/ui"
)

func TestMilestones(t *testing.T) {
	t.Parallel()
	today := civil.On(2026, 11, 22)
	got := string(ui.Milestones(`Dates of "x"`, []ui.Span{
		{Period: civil.Period{Start: civil.On(2026, 10, 1), End: civil.On(2026, 12, 2)}, Name: "Plain <renewal>", Tone: ui.Success},
	}, []ui.Milestone{
		{On: civil.On(2026, 12, 1), Name: "Registry expiry", Sub: "By UTC", Tone: ui.Info}, {On: civil.On(2026, 11, 21), Name: "Next due", Tone: ui.Warn}, {Name: "Never"},
	}, today))
	order := []string{`aria-label="Dates of &#34;x&#34;"`, "21 Nov 2026", "Next due", "yesterday", "22 Nov 2026", "Today", `<time datetime="2026-12-01">1 Dec 2026</time>`, "<small>By UTC</small>", "in 9 days"}
	rest := got[strings.Index(got, "<ol"):]
	for _, want := range order {
		i := strings.Index(rest, want)
		if i < 0 {
			t.Fatalf("%q is not in its place in %s", want, got)
		}
		rest = rest[i+len(want):]
	}
	if strings.Contains(got, "<renewal>") || strings.Contains(got, "Never") || strings.Contains(got, "style=") || strings.Count(got, "<rect") != 1 || strings.Count(got, ">Today</text>") != 1 || !strings.Contains(got, `aria-hidden="true"`) {
		t.Errorf("drawn: %s", got)
	}
	if none := string(ui.Milestones("Nothing", nil, []ui.Milestone{{Name: "Never"}}, today)); !strings.Contains(none, "No dates are known yet") {
		t.Errorf("drawn from nothing: %s", none)
	}
}

func TestMonth(t *testing.T) {
	t.Parallel()
	day := civil.On(2026, 2, 11)
	m := ui.MonthOf("Renewals", day, civil.On(2026, 2, 3), map[civil.Date][]ui.MonthEntry{civil.On(2026, 2, 28): {{Text: "1 due"}}, civil.On(2026, 3, 1): {{Text: "another month"}}})
	if len(m.Days) != 28 || m.Days[0].Column() != 7 || m.Days[1].Column() != 1 || !m.Days[2].Today || m.Days[3].Today || len(m.Days[27].Entries) != 1 || m.Blank() {
		t.Errorf("%+v", m)
	}
	if got := m.Days[10].Long(); got != "Wednesday, 11 February" {
		t.Errorf("the day is %q", got)
	}
	if !ui.MonthOf("Renewals", day, day, nil).Blank() {
		t.Error("an empty month is not blank")
	}
}
