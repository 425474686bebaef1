package civil_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
)

// invoice is a part with the date of the run that found it due.
type invoice struct {
	on     civil.Date
	period civil.Period
}

// biller bills whatever is due at each run and notes how far it got, as the product does.
type biller struct {
	schedule civil.Schedule
	billing  civil.Billing
}

func (b *biller) run(today civil.Date) []invoice {
	var made []invoice
	for _, part := range b.schedule.Due(b.billing, today) {
		made = append(made, invoice{today, part.Period})
		b.billing.Billed = part.Period.End
	}
	return made
}

func (b *biller) runDaily(from, through civil.Date) []invoice {
	var made []invoice
	for d := from; !d.After(through); d = d.AddDays(1) {
		made = append(made, b.run(d)...)
		made = append(made, b.run(d)...) // a repeated run does nothing
	}
	return made
}

// The billing dates of group A, by a biller that runs every day (rule P11).
func TestDueDaily(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		schedule civil.Schedule
		timing   civil.Timing
		through  string
		from     string // invoices before this are not looked at
		want     []string
	}{
		{"A1", civil.Anniversary(civil.On(2022, 12, 31), monthly), civil.InArrears, "2024-03-31", "", []string{
			"2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31", "2023-06-30", "2023-07-31", "2023-08-31",
			"2023-09-30", "2023-10-31", "2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31",
		}},
		{"A2", civil.Anniversary(civil.On(2022, 4, 30), monthly), civil.InArrears, "2024-03-31", "2023-01-01", []string{
			"2023-01-30", "2023-02-28", "2023-03-30", "2023-04-30", "2023-05-30", "2023-06-30", "2023-07-30", "2023-08-30",
			"2023-09-30", "2023-10-30", "2023-11-30", "2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30",
		}},
		{
			"A4", civil.Anniversary(civil.On(2022, 12, 31), quarterly), civil.InArrears, "2024-01-15", "",
			[]string{"2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31"},
		},
		{
			"A5", civil.Anniversary(civil.On(2022, 4, 30), quarterly), civil.InArrears, "2023-12-31", "2023-01-01",
			[]string{"2023-01-30", "2023-04-30", "2023-07-30", "2023-10-30"},
		},
		{
			"A20 common year", civil.Anniversary(civil.On(2023, 1, 31), monthly), civil.InArrears, "2023-04-30", "",
			[]string{"2023-02-28", "2023-03-31", "2023-04-30"},
		},
		{
			"A20 leap year", civil.Anniversary(civil.On(2024, 1, 31), monthly), civil.InArrears, "2024-04-30", "",
			[]string{"2024-02-29", "2024-03-31", "2024-04-30"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := biller{tt.schedule, civil.Billing{Timing: tt.timing}}
			var got []string
			for _, inv := range b.runDaily(tt.schedule.Start, date(t, tt.through)) {
				if inv.on != inv.period.End {
					t.Errorf("%v was billed on %v", inv.period, inv.on)
				}
				if inv.on.String() >= tt.from {
					got = append(got, inv.on.String())
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("billing dates (-want +got):\n%s", diff)
			}
		})
	}
}

// Periods per run, for cases that name the runs. An instant stands for its local date; a run without a period made no
// invoice.
func TestDuePerRun(t *testing.T) {
	t.Parallel()
	type run struct{ at, start, end string }
	tests := []struct {
		name     string
		zone     string
		schedule civil.Schedule
		billing  civil.Billing
		runs     []run
	}{
		{"A7", "UTC", civil.Anniversary(civil.On(2024, 1, 31), monthly), civil.Billing{Timing: civil.InArrears}, []run{
			{"2024-02-29T02:00:00Z", "2024-01-31", "2024-02-29"},
			{"2024-03-31T02:00:00Z", "2024-02-29", "2024-03-31"},
			{"2024-04-30T02:00:00Z", "2024-03-31", "2024-04-30"},
		}},
		{"A8", "UTC", civil.Anniversary(civil.On(2024, 1, 30), monthly), civil.Billing{Timing: civil.InAdvance}, []run{
			{"2024-01-30T02:00:00Z", "2024-01-30", "2024-02-29"},
			{"2024-02-29T02:00:00Z", "2024-02-29", "2024-03-30"},
			{"2024-03-30T02:00:00Z", "2024-03-30", "2024-04-30"},
			{"2024-04-30T02:00:00Z", "2024-04-30", "2024-05-30"},
		}},
		{"A10", "UTC", civil.Anniversary(civil.On(2024, 1, 31), yearly), civil.Billing{Timing: civil.InArrears}, []run{
			{at: "2024-02-29T02:00:00Z"},
			{at: "2024-03-31T02:00:00Z"},
			{at: "2024-04-30T02:00:00Z"},
			{"2025-01-31T02:00:00Z", "2024-01-31", "2025-01-31"},
		}},
		{"A11", "UTC", civil.OnBillDay(civil.On(2012, 4, 30), monthly, 31), civil.Billing{Timing: civil.InAdvance}, []run{
			{"2012-04-30T02:00:00Z", "2012-04-30", "2012-05-31"},
			{"2012-05-31T02:00:00Z", "2012-05-31", "2012-06-30"},
		}},
		{"A13 has a stub", "UTC", civil.OnBillDay(civil.On(2012, 2, 16), monthly, 30), civil.Billing{Timing: civil.InAdvance}, []run{
			{"2012-02-16T02:00:00Z", "2012-02-16", "2012-02-29"},
			{at: "2012-02-28T02:00:00Z"},
			{"2012-02-29T02:00:00Z", "2012-02-29", "2012-03-30"},
		}},
		{"B7", "America/Bogota", civil.Calendar(civil.On(2023, 2, 1), weekly), civil.Billing{Timing: civil.InArrears, Billed: civil.On(2023, 2, 6)}, []run{
			{at: "2023-02-13T04:00:00Z"},
			{"2023-02-13T05:00:00Z", "2023-02-06", "2023-02-13"},
			{at: "2023-02-13T06:00:00Z"},
			{at: "2023-02-14T04:00:00Z"},
			{at: "2023-02-14T05:00:00Z"},
		}},
		{"C16", "UTC", civil.Anniversary(civil.On(2022, 11, 27), monthly), civil.Billing{Timing: civil.InAdvance}, []run{
			{"2022-11-27T02:00:00Z", "2022-11-27", "2022-12-27"},
			{at: "2022-12-12T02:00:00Z"},
			{"2022-12-27T02:00:00Z", "2022-12-27", "2023-01-27"},
		}},
		{
			"C17: what the end leaves of the period", "UTC",
			civil.Anniversary(civil.On(2013, 6, 15), monthly),
			civil.Billing{Timing: civil.InAdvance, End: civil.On(2013, 7, 1)},
			[]run{
				{"2013-07-01T02:00:00Z", "2013-06-15", "2013-07-01"},
				{at: "2013-07-15T02:00:00Z"},
			},
		},
		{
			"C22: entered and left mid-period, in arrears", "UTC",
			civil.Schedule{Start: civil.On(2024, 5, 20), Anchor: civil.On(2024, 1, 15), Interval: quarterly},
			civil.Billing{Timing: civil.InArrears, End: civil.On(2024, 6, 21)},
			[]run{
				{at: "2024-06-20T02:00:00Z"},
				{"2024-06-21T02:00:00Z", "2024-05-20", "2024-06-21"},
				{at: "2024-07-15T02:00:00Z"},
			},
		},
		{
			"C23: the yearly plan from the end of the paid month", "UTC",
			civil.Anniversary(civil.On(2023, 7, 19), monthly).WithInterval(yearly),
			civil.Billing{Timing: civil.InAdvance, Billed: civil.On(2023, 11, 19)},
			[]run{
				{at: "2023-11-09T12:12:00Z"},
				{"2023-11-19T02:00:00Z", "2023-11-19", "2024-07-19"},
			},
		},
		{
			"what was billed before the start is another subscription's", "UTC", civil.Anniversary(civil.On(2025, 3, 10), monthly),
			civil.Billing{Timing: civil.InAdvance, Billed: civil.On(2025, 1, 1)},
			[]run{{at: "2025-03-09T02:00:00Z"}, {"2025-03-10T02:00:00Z", "2025-03-10", "2025-04-10"}},
		},
		{"E28: nothing after the end", "UTC", civil.Anniversary(civil.On(2025, 3, 10), monthly), civil.Billing{
			Timing: civil.InAdvance, Billed: civil.On(2025, 4, 10), End: civil.On(2025, 4, 10),
		}, []run{{at: "2025-04-10T02:00:00Z"}, {at: "2025-06-10T02:00:00Z"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := biller{tt.schedule, tt.billing}
			for _, r := range tt.runs {
				var want []civil.Period
				if r.start != "" {
					want = append(want, civil.Period{Start: date(t, r.start), End: date(t, r.end)})
				}
				var got []civil.Period
				for _, inv := range b.run(civil.Of(instant(t, r.at), zone(t, tt.zone))) {
					got = append(got, inv.period)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("run at %s (-want +got):\n%s", r.at, diff)
				}
			}
		})
	}
}

// Subscriptions with a trial, billed by runs at one local time of each day. Nothing is asked of the biller before the
// trial is over (rule P10).
func TestDueAfterATrial(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		zone    string
		start   string // of the trial
		billDay int
		iv      civil.Interval
		hour    int // of the runs
		through string
		want    []string // boundaries of the paid periods
		anchor  int      // day
	}{
		{"A19", "UTC", "2015-04-01T00:00:00Z", 0, weekly, 2, "2015-07-16", []string{
			"2015-05-01", "2015-05-08", "2015-05-15", "2015-05-22", "2015-05-29", "2015-06-05", "2015-06-12", "2015-06-19",
			"2015-06-26", "2015-07-03", "2015-07-10", "2015-07-17",
		}, 1},
		{"B1", "America/Juneau", "2015-09-01T08:01:01Z", 1, monthly, 12, "2017-04-30", []string{
			"2015-10-01", "2015-11-01", "2015-12-01", "2016-01-01", "2016-02-01", "2016-03-01", "2016-04-01", "2016-05-01",
			"2016-06-01", "2016-07-01", "2016-08-01", "2016-09-01", "2016-10-01", "2016-11-01", "2016-12-01", "2017-01-01",
			"2017-02-01", "2017-03-01", "2017-04-01", "2017-05-01",
		}, 1},
		{"B4", "America/Los_Angeles", "2017-03-02T07:30:00Z", 0, monthly, 12, "2017-04-30", []string{
			"2017-03-31", "2017-04-30", "2017-05-31",
		}, 31},
		{"B5", "America/Los_Angeles", "2017-11-01T07:30:00Z", 0, monthly, 12, "2017-12-31", []string{
			"2017-12-01", "2018-01-01",
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, tt.zone)
			start := instant(t, tt.start)
			over, firstPaid := civil.TrialEnd(start, 30, loc)
			b := biller{civil.OnBillDay(firstPaid, tt.iv, tt.billDay), civil.Billing{Timing: civil.InAdvance}}
			if b.schedule.Anchor != firstPaid || firstPaid.Day != tt.anchor {
				t.Errorf("anchor %v, first paid day %v", b.schedule.Anchor, firstPaid)
			}

			var got []civil.Date
			for d := civil.Of(start, loc); !d.After(date(t, tt.through)); d = d.AddDays(1) {
				run := d.StartIn(loc).Add(time.Duration(tt.hour) * time.Hour)
				if run.Before(over) {
					continue
				}
				for _, inv := range b.run(civil.Of(run, loc)) {
					if len(got) == 0 {
						got = append(got, inv.period.Start)
					}
					got = append(got, inv.period.End)
					// The run at noon of the last trial day comes before a trial that ends late in the evening.
					if late := inv.period.Start.DaysUntil(d); late != 0 && (tt.name != "B4" || late != 1) {
						t.Errorf("%v was billed on %v", inv.period, d)
					}
				}
			}
			if diff := cmp.Diff(dates(t, tt.want...), got); diff != "" {
				t.Errorf("boundaries (-want +got):\n%s", diff)
			}
		})
	}
}

// B1: the trial in Juneau ends one minute after midnight, so a run at midnight finds nothing to bill yet.
func TestB1TrialEndsAtTheSameLocalTime(t *testing.T) {
	t.Parallel()
	over, first := civil.TrialEnd(instant(t, "2015-09-01T08:01:01Z"), 30, zone(t, "America/Juneau"))
	if over != instant(t, "2015-10-01T08:01:01Z") || first != civil.On(2015, 10, 1) {
		t.Errorf("over at %v, paid from %v", over, first)
	}
	now := instant(t, "2026-10-25T00:30:00Z") // 02:30 in Paris, and 02:30 again an hour later
	if over, first := civil.TrialEnd(now.Add(time.Hour), 0, zone(t, "Europe/Paris")); over != now.Add(time.Hour) || first != civil.On(2026, 10, 25) {
		t.Errorf("no trial is over at %v, paid from %v", over, first)
	}
}

// B2: cancelled for a local date across the end of daylight saving.
func TestB2CancelOnALocalDate(t *testing.T) {
	t.Parallel()
	loc := zone(t, "America/Los_Angeles")
	start := civil.Of(instant(t, "2015-11-01T07:01:01Z"), loc)
	b := biller{civil.OnBillDay(start, monthly, 1), civil.Billing{Timing: civil.InAdvance, End: civil.On(2015, 12, 1)}}
	if at := b.billing.End.StartIn(loc); at != instant(t, "2015-12-01T08:00:00Z") {
		t.Errorf("service ends at %v", at)
	}
	got := b.runDaily(start, civil.On(2016, 3, 1))
	want := []civil.Period{{Start: civil.On(2015, 11, 1), End: civil.On(2015, 12, 1)}}
	if len(got) != 1 || got[0].period != want[0] {
		t.Errorf("invoices %v, want one for %v", got, want)
	}
}

// B10: a number carries the local year and month.
func TestB10MonthTag(t *testing.T) {
	t.Parallel()
	d := civil.Of(instant(t, "2023-09-30T23:10:00Z"), zone(t, "Europe/Paris"))
	if tag := d.Year*100 + int(d.Month); tag != 202310 {
		t.Errorf("B10: tag %d", tag)
	}
}

// I7, I2, P11: whenever the biller runs, and however late, the periods tile the service, each is billed once and not
// before its day, and the last run leaves nothing undone.
func TestDueTiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySchedule().Draw(t, "schedule")
		b := biller{s, civil.Billing{Timing: rapid.SampledFrom([]civil.Timing{civil.InAdvance, civil.InArrears}).Draw(t, "timing")}}
		if rapid.Bool().Draw(t, "ends") {
			b.billing.End = s.Start.AddDays(rapid.IntRange(0, 500).Draw(t, "length"))
		}
		billed, today := s.Start, s.Start.AddDays(-40)
		for range rapid.IntRange(1, 12).Draw(t, "runs") {
			today = today.AddDays(rapid.IntRange(0, 90).Draw(t, "wait"))
			for _, inv := range b.run(today) {
				p := inv.period
				if p.Start != billed || p.IsEmpty() {
					t.Fatalf("%v after %v", p, billed)
				}
				if end := b.billing.End; !end.IsZero() && p.End.After(end) {
					t.Fatalf("%v is beyond the end %v", p, end)
				}
				if (b.billing.Timing == civil.InAdvance && p.Start.After(today)) || (b.billing.Timing == civil.InArrears && p.End.After(today)) {
					t.Fatalf("%v was billed on %v", p, today)
				}
				billed = p.End
			}
			if again := b.run(today); again != nil {
				t.Fatalf("a repeated run made %v", again)
			}
		}
		// Whatever is not billed is not due yet, or beyond the end.
		if end := b.billing.End; end.IsZero() || billed.Before(end) {
			next := s.Parts(civil.Period{Start: billed, End: billed.AddDays(1000)})[0].Period
			if !end.IsZero() {
				next = next.Clip(civil.Period{Start: billed, End: end})
			}
			due := next.Start
			if b.billing.Timing == civil.InArrears {
				due = next.End
			}
			if !due.After(today) {
				t.Fatalf("%v was left out on %v", next, today)
			}
		}
	})
}
