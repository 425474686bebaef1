package dunning_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing/dunning"
	"github.com/keystead/keystead/internal/civil"
)

func day(s string) civil.Date {
	d, err := civil.Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

var usual = dunning.Schedule{RemindDays: 3, RetryDays: []int{1, 3, 5, 7}, OverdueDays: []int{2, 6, 10}}

func names(steps []dunning.Step) string {
	var all []string
	for _, s := range steps {
		all = append(all, s.Name+" "+s.On.String()[5:])
	}
	return strings.Join(all, ", ")
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    dunning.Schedule
		kind dunning.Kind
		want string
	}{
		"renewal": {
			usual, dunning.Renewal,
			"remind 02-26, charge 03-01, retry_1 03-02, overdue_1 03-03, retry_2 03-04, retry_3 03-06, overdue_2 03-07, retry_4 03-08, overdue_3 03-11",
		},
		"charged ahead": {dunning.Schedule{CaptureDays: 2}, dunning.Renewal, "charge 02-27"},
		"order":         {usual, dunning.Other, "remind 02-26, overdue_1 03-03, overdue_2 03-07, overdue_3 03-11"},
		"change":        {usual, dunning.Change, "charge 03-01, lapse 03-08"},
		"nothing":       {dunning.Schedule{}, dunning.Other, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := names(tt.s.Steps(tt.kind, day("2027-03-01"))); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFirst(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]string{
		"2027-02-15": "remind 02-26",
		"2027-02-26": "remind 02-26",
		"2027-02-27": "charge 03-01", // too late to remind
		"2027-03-01": "charge 03-01",
		"2027-03-05": "charge 03-05", // never too late to charge
	} {
		step, ok := usual.First(dunning.Renewal, day("2027-03-01"), day(today))
		if got := names([]dunning.Step{step}); !ok || got != want {
			t.Errorf("on %s: %s, want %s", today, got, want)
		}
	}
}

func TestTodayAfterADowntime(t *testing.T) {
	t.Parallel()
	do, next, more := usual.Today(dunning.Renewal, day("2027-03-01"), "charge", day("2027-03-07"))
	if got := names(do); got != "retry_3 03-06, overdue_2 03-07" {
		t.Errorf("one charge and one letter: %s", got)
	}
	if !more || next.Name != "retry_4" {
		t.Errorf("next is %v", next)
	}
}

// The schedule has become shorter while an invoice waited for a step that is gone: the others go on.
func TestTodayAfterTheScheduleChanged(t *testing.T) {
	t.Parallel()
	shorter := usual
	shorter.RetryDays = []int{1, 3}
	for today, want := range map[string][2]string{
		"2027-03-06": {"", "overdue_2 03-07"},
		"2027-03-07": {"overdue_2 03-07", "overdue_3 03-11"},
		"2027-03-12": {"", ""},
	} {
		do, next, more := shorter.Today(dunning.Renewal, day("2027-03-01"), "retry_3", day(today))
		after := ""
		if more {
			after = names([]dunning.Step{next})
		}
		if got := [2]string{names(do), after}; got != want {
			t.Errorf("on %s: %q, want %q", today, got, want)
		}
	}
}

// Whatever days somebody looks on, every look makes one charge and sends one letter at most, no step is done twice, none
// before its day, and the last one is reached.
func TestWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]dunning.Kind{dunning.Renewal, dunning.Other, dunning.Change}).Draw(t, "kind")
		due := day("2027-03-01")
		today := due.AddDays(rapid.IntRange(-20, 5).Draw(t, "opened"))
		step, more := usual.First(kind, due, today)
		seen := map[string]bool{}
		for range 200 {
			if !more {
				break
			}
			today = today.AddDays(rapid.IntRange(0, 6).Draw(t, "days"))
			if step.On.After(today) {
				continue
			}
			var do []dunning.Step
			do, step, more = usual.Today(kind, due, step.Name, today)
			kinds := map[bool]int{}
			for _, d := range do {
				kinds[d.Action == dunning.Charge]++
				if seen[d.Name] {
					t.Fatalf("%s is done twice", d.Name)
				}
				seen[d.Name] = true
			}
			if kinds[true] > 1 || kinds[false] > 1 {
				t.Fatalf("at once: %v", do)
			}
		}
		if more {
			t.Fatalf("never ends: %v", step)
		}
	})
}
