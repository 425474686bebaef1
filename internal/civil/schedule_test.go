package civil_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
)

var (
	monthly   = civil.Monthly.Interval()
	quarterly = civil.Quarterly.Interval()
	yearly    = civil.Annual.Interval()
	weekly    = civil.Interval{Days: 7}
	thirty    = civil.Interval{Days: 30}
)

func dates(t *testing.T, texts ...string) []civil.Date {
	t.Helper()
	var all []civil.Date
	for _, s := range texts {
		all = append(all, date(t, s))
	}
	return all
}

// The interval makes no difference for the cycles on offer.
func TestIntervalOfACycle(t *testing.T) {
	t.Parallel()
	if civil.OneTime.Interval().Validate() == nil {
		t.Error("a one-time price has an interval")
	}
	rapid.Check(t, func(t *rapid.T) {
		anchor, day := anyDate().Draw(t, "anchor"), anyDate().Draw(t, "day")
		c := rapid.SampledFrom(recurring()).Draw(t, "cycle")
		n := rapid.IntRange(-50, 50).Draw(t, "n")
		s := civil.Anniversary(anchor, c.Interval())
		if got, want := s.Boundary(n), civil.Boundary(anchor, c, n); got != want {
			t.Fatalf("boundary %d = %v, of the cycle %v", n, got, want)
		}
		if got, want := s.PeriodAt(day), civil.PeriodAt(anchor, c, day); got != want {
			t.Fatalf("period at %v = %d, of the cycle %d", day, got, want)
		}
	})
}

func TestIntervalValidate(t *testing.T) {
	t.Parallel()
	for text, iv := range map[string]civil.Interval{"1 month": monthly, "7 days": weekly, "1200 months": {Months: 1200}} {
		if err := iv.Validate(); err != nil || iv.String() != text {
			t.Errorf("%s: %v", iv, err)
		}
	}
	for _, iv := range []civil.Interval{{}, {Months: -1}, {Days: -7}, {Months: 1, Days: 1}, {Months: 1, Days: -1}, {Months: 1201}, {Days: 36601}} {
		if iv.Validate() == nil {
			t.Errorf("%+v is valid", iv)
		}
	}
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		s    civil.Schedule
		want []string // boundaries from 0
	}{
		{"A11", civil.OnBillDay(civil.On(2012, 4, 30), monthly, 31), []string{"2012-04-30", "2012-05-31", "2012-06-30"}},
		{"A13 monthly", civil.OnBillDay(civil.On(2012, 2, 16), monthly, 30), []string{"2012-02-29", "2012-03-30"}},
		{"A13 yearly", civil.OnBillDay(civil.On(2012, 2, 16), yearly, 30), []string{"2012-02-29", "2013-02-28", "2014-02-28", "2015-02-28", "2016-02-29"}},
		{"A13 30-day plan", civil.OnBillDay(civil.On(2012, 2, 16), thirty, 30), []string{"2012-02-16", "2012-03-17"}},
		{"A14 monthly", civil.OnBillDay(civil.On(2012, 1, 31), monthly, 30), []string{"2012-02-29", "2012-03-30"}},
		{"A14 yearly", civil.OnBillDay(civil.On(2012, 1, 31), yearly, 30), []string{"2013-01-30", "2014-01-30"}},
		{"A16 30-day plan", civil.Anniversary(civil.On(2012, 7, 16), thirty), []string{"2012-07-16", "2012-08-15", "2012-09-14"}},
		{"A16 weekly", civil.Anniversary(civil.On(2012, 7, 16), weekly), []string{"2012-07-16", "2012-07-23", "2012-07-30"}},
		{"C8: yearly, bill day after the start", civil.OnBillDay(civil.On(2011, 1, 10), yearly, 17), []string{"2011-01-17", "2012-01-17", "2013-01-17"}},
		{"no bill day", civil.OnBillDay(civil.On(2012, 1, 31), monthly, 0), []string{"2012-01-31", "2012-02-29", "2012-03-31"}},
		{"calendar months", civil.Calendar(civil.On(2025, 2, 8), monthly), []string{"2025-03-01", "2025-04-01"}},
		{"calendar months from the 1st", civil.Calendar(civil.On(2025, 2, 1), monthly), []string{"2025-02-01", "2025-03-01"}},
		{"calendar quarters", civil.Calendar(civil.On(2025, 2, 8), quarterly), []string{"2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"}},
		{"calendar quarters from December", civil.Calendar(civil.On(2025, 12, 2), quarterly), []string{"2026-01-01", "2026-04-01"}},
		{"calendar quarters from 1 October", civil.Calendar(civil.On(2025, 10, 1), quarterly), []string{"2025-10-01", "2026-01-01"}},
		{"calendar half-years", civil.Calendar(civil.On(2025, 2, 8), civil.SemiAnnual.Interval()), []string{"2025-07-01", "2026-01-01"}},
		{"calendar years", civil.Calendar(civil.On(2025, 1, 2), yearly), []string{"2026-01-01", "2027-01-01"}},
		{"calendar of two years", civil.Calendar(civil.On(2025, 1, 2), civil.Biennial.Interval()), []string{"2026-01-01", "2028-01-01"}},
		{"calendar weeks", civil.Calendar(civil.On(2023, 2, 1), weekly), []string{"2023-02-06", "2023-02-13"}},
		{"calendar weeks from Monday", civil.Calendar(civil.On(2023, 2, 6), weekly), []string{"2023-02-06", "2023-02-13"}},
		{"a 30-day plan follows no calendar", civil.Calendar(civil.On(2023, 2, 2), thirty), []string{"2023-02-02", "2023-03-04"}},
		{
			"C23: from monthly to yearly", civil.Anniversary(civil.On(2023, 7, 19), monthly).WithInterval(yearly),
			[]string{"2023-07-19", "2024-07-19"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []civil.Date
			for n := range tt.want {
				got = append(got, tt.s.Boundary(n))
			}
			if diff := cmp.Diff(dates(t, tt.want...), got); diff != "" {
				t.Errorf("boundaries (-want +got):\n%s", diff)
			}
		})
	}
}

// A16: whole periods from 2012-07-16 to a date.
func TestA16CountingWholePeriods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		iv   civil.Interval
		to   string
		want int
	}{
		{"A16 monthly, a day short", monthly, "2012-09-15", 1},
		{"A16 monthly", monthly, "2012-09-16", 2},
		{"A16 30-day, a day short", thirty, "2012-09-13", 1},
		{"A16 30-day", thirty, "2012-09-14", 2},
		{"A16 weekly, a day short", weekly, "2012-07-29", 1},
		{"A16 weekly", weekly, "2012-07-30", 2},
		{"weekly, the day before", weekly, "2012-07-15", -1},
	} {
		if got := civil.Anniversary(civil.On(2012, 7, 16), tt.iv).PeriodAt(date(t, tt.to)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A17: a 30-day cycle, seven steps forward and back.
func TestA17StepsForwardAndBack(t *testing.T) {
	t.Parallel()
	want := dates(t, "2016-04-08", "2016-05-08", "2016-06-07", "2016-07-07", "2016-08-06", "2016-09-05", "2016-10-05", "2016-11-04")
	forward := civil.Anniversary(want[0], thirty)
	back := civil.Anniversary(want[7], thirty)
	for n := range want {
		if got := forward.Boundary(n); got != want[n] {
			t.Errorf("A17: step %d = %v, want %v", n, got, want[n])
		}
		if got := back.Boundary(-n); got != want[7-n] {
			t.Errorf("A17: step %d back = %v, want %v", n, got, want[7-n])
		}
	}
}

func anySchedule() *rapid.Generator[civil.Schedule] {
	return rapid.Custom(func(t *rapid.T) civil.Schedule {
		iv := rapid.SampledFrom([]civil.Interval{monthly, quarterly, yearly, {Months: 24}, weekly, thirty, {Days: 1}}).Draw(t, "interval")
		start := anyDate().Draw(t, "start")
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return civil.Anniversary(start, iv)
		case 1:
			return civil.OnBillDay(start, iv, rapid.IntRange(1, 31).Draw(t, "bill day"))
		default:
			return civil.Calendar(start, iv)
		}
	})
}

// P1a: the anchor is the first possible one, and boundary 0.
func TestAnchorIsBoundaryZero(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		if s.Boundary(0) != s.Anchor || s.PeriodAt(s.Anchor) != 0 {
			t.Fatalf("%+v: boundary 0 is %v", s, s.Boundary(0))
		}
		if s.Anchor.Before(s.Start) || s.Anchor.After(s.Whole(-1).End) || s.PeriodAt(s.Start) < -1 {
			t.Fatalf("%+v: the stub is longer than a period", s)
		}
	})
}

// I7: the parts of any stretch tile it, and each lies in its whole period.
func TestPartsTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		service := civil.Period{Start: s.Start.AddDays(rapid.IntRange(-100, 100).Draw(t, "from"))}
		service.End = service.Start.AddDays(rapid.IntRange(-3, 900).Draw(t, "days"))
		at := service.Start
		for _, part := range s.Parts(service) {
			if part.Period.Start != at || part.Period.IsEmpty() || part.Period.Clip(part.Whole) != part.Period {
				t.Fatalf("part %v of %v after %v", part.Period, part.Whole, at)
			}
			if part.IsWhole() != (part.Period == part.Whole) {
				t.Fatalf("IsWhole of %v", part)
			}
			at = part.Period.End
		}
		if !service.IsEmpty() && at != service.End {
			t.Fatalf("parts end on %v, the service on %v", at, service.End)
		}
	})
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	p := civil.Period{Start: civil.On(2026, 1, 31), End: civil.On(2026, 2, 28)}
	if p.Days() != 28 || p.IsEmpty() || !p.Contains(p.Start) || p.Contains(p.End) || p.Contains(civil.On(2026, 1, 30)) {
		t.Errorf("%v: %d days", p, p.Days())
	}
	if p.String() != "[2026-01-31, 2026-02-28)" {
		t.Errorf("String = %s", p)
	}
	text, err := json.Marshal(p)
	if err != nil || string(text) != `{"start":"2026-01-31","end":"2026-02-28"}` {
		t.Errorf("JSON = %s, %v", text, err)
	}
	var back civil.Period
	if err := json.Unmarshal(text, &back); err != nil || back != p {
		t.Errorf("read %v, %v", back, err)
	}
	apart := civil.Period{Start: civil.On(2026, 3, 1), End: civil.On(2026, 4, 1)}
	if !p.Clip(apart).IsEmpty() || p.Clip(apart).Days() != 0 || !apart.Clip(p).IsEmpty() {
		t.Error("periods apart have something in common")
	}
}

func TestIntervalThatIsNonePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	civil.Anniversary(civil.On(2026, 1, 1), civil.Interval{}).WholeAt(civil.On(2026, time.January, 2))
}
