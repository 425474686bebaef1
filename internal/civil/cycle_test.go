package civil_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
)

func recurring() []civil.Cycle { return civil.Cycles()[1:] }

func TestParseCycle(t *testing.T) {
	t.Parallel()
	months := []int{0, 1, 3, 6, 12, 24, 36}
	for i, c := range civil.Cycles() {
		got, err := civil.ParseCycle(string(c))
		if err != nil || got != c || got.Months() != months[i] || got.Recurs() != (i > 0) {
			t.Errorf("ParseCycle(%q) = %q, %v with %d months", c, got, err, got.Months())
		}
	}
	for _, s := range []string{"", "Monthly", "weekly", "yearly", "monthly "} {
		if _, err := civil.ParseCycle(s); err == nil {
			t.Errorf("ParseCycle(%q) succeeded", s)
		}
	}
}

func FuzzParseCycle(f *testing.F) {
	for _, c := range civil.Cycles() {
		f.Add(string(c))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := civil.ParseCycle(s); err == nil && string(c) != s {
			t.Errorf("ParseCycle(%q) = %q", s, c)
		}
	})
}

// Billing dates of the acceptance cases in groups A and B that use the cycles
// on offer. Those in arrears bill at the end of a period, so their first
// boundary is number 1.
func TestBoundary(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		anchor string
		cycle  civil.Cycle
		first  int
		want   []string
	}{
		{"A1", "2022-12-31", civil.Monthly, 1, []string{
			"2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31", "2023-06-30", "2023-07-31", "2023-08-31",
			"2023-09-30", "2023-10-31", "2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31",
		}},
		{"A2", "2022-04-30", civil.Monthly, 9, []string{
			"2023-01-30", "2023-02-28", "2023-03-30", "2023-04-30", "2023-05-30", "2023-06-30", "2023-07-30", "2023-08-30",
			"2023-09-30", "2023-10-30", "2023-11-30", "2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30",
		}},
		{"A4", "2022-12-31", civil.Quarterly, 1, []string{"2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31"}},
		{"A5", "2022-04-30", civil.Quarterly, 3, []string{"2023-01-30", "2023-04-30", "2023-07-30", "2023-10-30"}},
		{"A7", "2024-01-31", civil.Monthly, 0, []string{"2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"}},
		{"A8", "2024-01-30", civil.Monthly, 0, []string{"2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30", "2024-05-30"}},
		{"A10", "2024-01-31", civil.Annual, 0, []string{"2024-01-31", "2025-01-31"}},
		{"A20 common year", "2023-01-31", civil.Monthly, 1, []string{"2023-02-28", "2023-03-31", "2023-04-30"}},
		{"A20 leap year", "2024-01-31", civil.Monthly, 1, []string{"2024-02-29", "2024-03-31", "2024-04-30"}},
		{"B1", "2015-10-01", civil.Monthly, 0, []string{
			"2015-10-01", "2015-11-01", "2015-12-01", "2016-01-01", "2016-02-01", "2016-03-01", "2016-04-01", "2016-05-01",
			"2016-06-01", "2016-07-01", "2016-08-01", "2016-09-01", "2016-10-01", "2016-11-01", "2016-12-01", "2017-01-01",
			"2017-02-01", "2017-03-01", "2017-04-01", "2017-05-01",
		}},
		{"B2", "2015-11-01", civil.Monthly, 0, []string{"2015-11-01", "2015-12-01"}},
		{"B4", "2017-03-31", civil.Monthly, 0, []string{"2017-03-31", "2017-04-30", "2017-05-31"}},
		{"B5", "2017-12-01", civil.Monthly, 0, []string{"2017-12-01", "2018-01-01"}},
		{"P1: 28 February is a plain 28", "2023-02-28", civil.Monthly, 0, []string{"2023-02-28", "2023-03-28", "2023-04-28"}},
		{"P1: yearly on 29 February", "2024-02-29", civil.Annual, 0, []string{
			"2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
		}},
		{"semi-annual", "2023-08-31", civil.SemiAnnual, 0, []string{"2023-08-31", "2024-02-29", "2024-08-31", "2025-02-28"}},
		{"biennial", "2024-02-29", civil.Biennial, 0, []string{"2024-02-29", "2026-02-28", "2028-02-29"}},
		{"triennial", "2024-02-29", civil.Triennial, 0, []string{"2024-02-29", "2027-02-28", "2030-02-28", "2033-02-28", "2036-02-29"}},
		{"back from the anchor", "2024-03-31", civil.Monthly, -2, []string{"2024-01-31", "2024-02-29", "2024-03-31"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			anchor := date(t, tt.anchor)
			var got []string
			for i := range tt.want {
				got = append(got, civil.Boundary(anchor, tt.cycle, tt.first+i).String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("boundaries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPeriodAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, anchor string
		cycle        civil.Cycle
		on           string
		want         int
	}{
		{"A16: a day short of two", "2012-07-16", civil.Monthly, "2012-09-15", 1},
		{"A16: two whole months", "2012-07-16", civil.Monthly, "2012-09-16", 2},
		{"on the anchor", "2024-01-31", civil.Monthly, "2024-01-31", 0},
		{"last day before a clamped boundary", "2024-01-31", civil.Monthly, "2024-02-28", 0},
		{"on a clamped boundary", "2024-01-31", civil.Monthly, "2024-02-29", 1},
		{"the day before the anchor", "2024-01-31", civil.Annual, "2024-01-30", -1},
		{"a cycle before the anchor", "2024-01-31", civil.Annual, "2023-01-31", -1},
		{"more than a cycle before it", "2024-01-31", civil.Annual, "2023-01-30", -2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := civil.PeriodAt(date(t, tt.anchor), tt.cycle, date(t, tt.on)); got != tt.want {
				t.Errorf("PeriodAt = %d, want %d", got, tt.want)
			}
		})
	}
}

// I7: periods tile time. Each day lies in exactly one of them.
func TestPeriodsTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		anchor := anyDate().Draw(t, "anchor")
		day := anyDate().Draw(t, "day")
		c := rapid.SampledFrom(recurring()).Draw(t, "cycle")

		n := civil.PeriodAt(anchor, c, day)
		start, end := civil.Boundary(anchor, c, n), civil.Boundary(anchor, c, n+1)
		if day.Before(start) || !day.Before(end) {
			t.Fatalf("%v is not in period %d, [%v, %v)", day, n, start, end)
		}
		if start.Day > anchor.Day {
			t.Fatalf("boundary %v is later in its month than the anchor %v", start, anchor)
		}
	})
}

func TestOneTimeHasNoPeriods(t *testing.T) {
	t.Parallel()
	for _, c := range []civil.Cycle{civil.OneTime, "", "weekly"} {
		for name, call := range map[string]func(){
			"Boundary": func() { civil.Boundary(civil.On(2026, 1, 1), c, 1) },
			"PeriodAt": func() { civil.PeriodAt(civil.On(2026, 1, 1), c, civil.On(2026, 1, 1)) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s with cycle %q did not panic", name, c)
					}
				}()
				call()
			}()
		}
	}
}
