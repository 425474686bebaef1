package domainname_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
)

func day(t testing.TB, s string) civil.Date {
	t.Helper()
	if s == "" || s == "–" {
		return civil.Date{}
	}
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ptr[T any](v T) *T { return &v }

// plain is a policy without any peculiarity: 1 to 10 years, renewed by command until the term's end.
func plain(change ...func(*domainname.Policy)) domainname.Policy {
	p := domainname.Policy{
		Extension: "example", ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, ExplicitRenew: true, DueMargin: 3,
		DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding,
	}
	for _, f := range change {
		f(&p)
	}
	return p
}

func earliest(n int) func(*domainname.Policy) { return func(p *domainname.Policy) { p.Earliest = &n } }

func latest(n int) func(*domainname.Policy) { return func(p *domainname.Policy) { p.Latest = &n } }

func graceDays(n int) func(*domainname.Policy) { return func(p *domainname.Policy) { p.GraceDays = n } }

func redemptionDays(n int) func(*domainname.Policy) {
	return func(p *domainname.Policy) { p.RedemptionDays = n }
}

// The table of the cap in section 3.
func TestCap(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]string{
		"2026-11-22": "2036-11-20", "2025-01-01": "2034-12-31", "2027-01-01": "2036-12-30",
		"2024-02-29": "2034-02-27", "2028-02-28": "2038-02-27", "2028-02-29": "2038-02-27", "2028-03-01": "2038-02-28",
	} {
		if got := domainname.Cap(day(t, today)).String(); got != want {
			t.Errorf("on %s the cap is %s, want %s", today, got, want)
		}
	}
}

// Group A: the cap never moves back, and is one or two days before the same day ten years later.
func TestCapOfEveryDay(t *testing.T) {
	t.Parallel()
	last := civil.Date{}
	for d := civil.On(2024, 1, 1); d.Year < 2064; d = d.AddDays(1) {
		limit := domainname.Cap(d)
		if limit.Before(last) {
			t.Fatalf("on %s the cap %s is before that of the day before", d, limit)
		}
		if short := limit.DaysUntil(domainname.AddYears(d, 10)); short != 1 && short != 2 {
			t.Fatalf("on %s the cap %s is %d days short of ten years", d, limit, short)
		}
		last = limit
	}
}

func anyDay() *rapid.Generator[civil.Date] {
	return rapid.Custom(func(t *rapid.T) civil.Date {
		return civil.On(2000, 1, 1).AddDays(rapid.IntRange(0, 36_500).Draw(t, "day"))
	})
}

func TestAddYears(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{"2028-02-29": "2029-02-28", "2027-02-28": "2028-02-28", "2027-12-31": "2028-12-31"} {
		if got := domainname.AddYears(day(t, from), 1).String(); got != want {
			t.Errorf("%s and a year is %s, want %s", from, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyDay().Draw(t, "a"), anyDay().Draw(t, "b")
		n, m := rapid.IntRange(0, 10).Draw(t, "n"), rapid.IntRange(0, 10).Draw(t, "m")
		if b.Before(a) {
			a, b = b, a
		}
		if domainname.AddYears(b, n).Before(domainname.AddYears(a, n)) {
			t.Fatalf("%s is before %s, and not %d years later", a, b, n)
		}
		if n < m && !domainname.AddYears(a, n).Before(domainname.AddYears(a, m)) {
			t.Fatalf("%s: %d years lead further than %d", a, n, m)
		}
	})
}

func TestFirstUnderCap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expiry := anyDay().Draw(t, "expiry")
		first := domainname.FirstUnderCap(expiry)
		if domainname.Cap(first).Before(expiry) || !domainname.Cap(first.AddDays(-1)).Before(expiry) {
			t.Fatalf("%s is not the first day for %s", first, expiry)
		}
	})
}

func TestTermEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, registry, paid, end string
		ahead                   int
	}{
		{"in step", "2027-03-10", "2027-03-10", "2027-03-10", 0},
		{"F1b small difference", "2027-03-03", "2027-03-10", "2027-03-03", 0},
		{"F1b large difference", "2027-03-02", "2027-03-10", "2027-03-02", 0},
		{"F10 renewed elsewhere", "2028-03-10", "2027-03-10", "2027-03-10", 1},
		{"ahead, with drift", "2028-03-17", "2027-03-10", "2027-03-10", 1},
		{"ahead, with drift over the new year", "2029-01-03", "2027-12-31", "2027-12-31", 1},
		{"ahead, back over the new year", "2028-12-30", "2027-01-02", "2027-01-02", 2},
		{"more than drift", "2028-03-18", "2027-03-10", "2028-03-18", 0},
		{"leap day", "2029-03-01", "2028-02-29", "2028-02-29", 1},
		{"nine years", "2036-11-22", "2027-11-22", "2027-11-22", 9},
		{"paid further than the registry knows", "2027-03-10", "2028-03-10", "2027-03-10", 0},
		{"nothing paid here", "2027-03-10", "", "2027-03-10", 0},
		{"nothing read", "", "2027-03-10", "", 0},
	} {
		end, ahead := domainname.TermEnd(day(t, tt.registry), day(t, tt.paid))
		if end.String() != tt.end || ahead != tt.ahead {
			t.Errorf("%s: T %s, %d ahead, want %s, %d", tt.id, end, ahead, tt.end, tt.ahead)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		registry, paid := anyDay().Draw(t, "R"), anyDay().Draw(t, "P")
		end, ahead := domainname.TermEnd(registry, paid)
		if end != registry && end != paid || (ahead > 0) != (end == paid && end != registry) || end.After(registry) {
			t.Fatalf("R %s, P %s: T %s, %d ahead", registry, paid, end, ahead)
		}
		k := rapid.IntRange(1, 9).Draw(t, "k")
		moved := domainname.AddYears(paid, k).AddDays(rapid.IntRange(-domainname.Drift, domainname.Drift).Draw(t, "drift"))
		if end, ahead := domainname.TermEnd(moved, paid); end != paid || ahead != k {
			t.Fatalf("R %s, P %s: T %s, %d ahead, want %d", moved, paid, end, ahead, k)
		}
	})
}

func TestWindows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id                                    string
		policy                                domainname.Policy
		end, first, lastPlain, due, last, now string
		stage                                 domainname.Stage
		early                                 bool
	}{
		{"B1", plain(earliest(180), graceDays(90)), "2027-06-01", "2026-12-03", "2027-08-30", "2027-06-01", "2027-08-30", "2026-11-22", "active", true},
		{"B1b", plain(graceDays(90)), "2027-06-01", "", "2027-08-30", "2027-06-01", "2027-08-30", "2026-11-22", "active", false},
		{"B1c", plain(earliest(60), graceDays(29)), "2027-03-01", "2026-12-31", "2027-03-30", "2027-03-01", "2027-03-30", "2026-11-22", "active", true},
		{"B1d", plain(earliest(60)), "2027-03-01", "2026-12-31", "2027-03-01", "2027-02-26", "2027-03-01", "2026-11-22", "active", true},
		{"B5", plain(latest(-7)), "2027-02-01", "", "2027-01-25", "2027-01-22", "2027-01-25", "2027-01-26", "too_late", false},
		{"earliest 89", plain(earliest(89)), "2027-02-20", "2026-11-23", "2027-02-20", "2027-02-17", "2027-02-20", "2026-11-23", "active", false},
		{"30 to -7", plain(earliest(30), latest(-7)), "2026-12-22", "2026-11-22", "2026-12-15", "2026-12-12", "2026-12-15", "2026-12-15", "active", false},
		{"redemption after the end", plain(latest(-7), redemptionDays(4)), "2027-02-01", "", "2027-01-25", "2027-01-22", "2027-02-05", "2027-02-02", "redemption", false},
		{"C7 last plain", plain(graceDays(30), redemptionDays(30)), "2026-10-01", "", "2026-10-31", "2026-10-01", "2026-11-30", "2026-10-31", "grace", false},
		{"C7 first redemption", plain(graceDays(30), redemptionDays(30)), "2026-10-01", "", "2026-10-31", "2026-10-01", "2026-11-30", "2026-11-01", "redemption", false},
		{"C7 last redemption", plain(graceDays(30), redemptionDays(30)), "2026-10-01", "", "2026-10-31", "2026-10-01", "2026-11-30", "2026-11-30", "redemption", false},
		{"C7 over", plain(graceDays(30), redemptionDays(30)), "2026-10-01", "", "2026-10-31", "2026-10-01", "2026-11-30", "2026-12-01", "expired", false},
	} {
		w := tt.policy.Window(day(t, tt.end), civil.Date{})
		now := day(t, tt.now)
		if w.First.String() != tt.first || w.LastPlain.String() != tt.lastPlain || w.Last().String() != tt.last {
			t.Errorf("%s: window %+v", tt.id, w)
		}
		if due := tt.policy.Due(w).String(); due != tt.due {
			t.Errorf("%s: due %s, want %s", tt.id, due, tt.due)
		}
		if got := w.Stage(now); got != tt.stage || w.TooEarly(now) != tt.early {
			t.Errorf("%s: on %s %s, too early %v", tt.id, tt.now, got, w.TooEarly(now))
		}
	}
	// The registrar's own date moves its deadline and nothing else.
	w := plain(earliest(30), graceDays(10), redemptionDays(5)).Window(day(t, "2027-02-01"), day(t, "2027-01-31"))
	if w.First.String() != "2027-01-02" || w.LastPlain.String() != "2027-02-10" || w.Last().String() != "2027-02-15" {
		t.Errorf("by the accounting date: %+v", w)
	}
}

func TestInvoiceDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id     string
		policy domainname.Policy
		end    string
		due    string // empty: the default
		days   int
		want   string
	}{
		{"B1e", plain(earliest(180), graceDays(90)), "2027-06-01", "", 200, "2026-12-03"},
		{"B5", plain(latest(-7)), "2027-02-01", "", 14, "2027-01-08"},
		{"C12", plain(graceDays(30)), "2027-03-10", "", 14, "2027-02-24"},
		{"due after the last plain day", plain(), "2027-03-10", "2027-04-10", 14, ""},
	} {
		w := tt.policy.Window(day(t, tt.end), civil.Date{})
		due := day(t, tt.due)
		if due.IsZero() {
			due = tt.policy.Due(w)
		}
		got, ok := w.InvoiceOn(due, tt.days)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s: invoice on %s, %v, want %s", tt.id, got, ok, tt.want)
		}
	}
}

func TestUnpaidAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id                        string
		policy                    domainname.Policy
		end, today                string
		void, expireMode, lastDay string
	}{
		{"C9 no grace", plain(), "2026-11-25", "2026-11-22", "2026-11-26", "2026-11-25", "2026-11-24"},
		{"C9 grace 30", plain(graceDays(30)), "2026-11-25", "2026-11-22", "2026-12-26", "2026-11-25", "2026-11-24"},
		{"with redemption", plain(graceDays(30), redemptionDays(30)), "2026-10-01", "2026-10-02", "2026-12-01", "2026-10-01", "2026-10-30"},
		{"B5b", plain(latest(-7)), "2027-02-01", "2026-11-22", "2027-01-26", "2027-01-25", "2027-01-24"},
	} {
		w := tt.policy.Window(day(t, tt.end), civil.Date{})
		if got := tt.policy.VoidOn(w, 0).String(); got != tt.void {
			t.Errorf("%s: void on %s, want %s", tt.id, got, tt.void)
		}
		if got := w.ExpireModeOn().String(); got != tt.expireMode {
			t.Errorf("%s: mode expire on %s, want %s", tt.id, got, tt.expireMode)
		}
		if got := w.LastSafeDay(day(t, tt.today)).String(); got != tt.lastDay {
			t.Errorf("%s: last safe day %s, want %s", tt.id, got, tt.lastDay)
		}
	}
}

func TestDueAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, due, end string // end of the term that is paid now
		policy       domainname.Policy
		want         string
	}{
		{"C12", "2027-03-10", "2028-03-10", plain(graceDays(30)), "2028-03-10"},
		{"moved early", "2027-02-01", "2028-03-10", plain(graceDays(30)), "2028-02-01"},
		{"moved past", "2027-05-01", "2028-03-10", plain(graceDays(30)), "2028-04-09"},
	} {
		if got := tt.policy.DueAfter(day(t, tt.due), 1, tt.policy.Window(day(t, tt.end), civil.Date{})).String(); got != tt.want {
			t.Errorf("%s: due %s, want %s", tt.id, got, tt.want)
		}
	}
}

// The stages of a domain follow one another, each day has one, and the last plain day and the due date lie in the window.
func TestStagesFollow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy().Draw(t, "policy")
		end := anyDay().Draw(t, "T")
		w := p.Window(end, civil.Date{})
		order := map[domainname.Stage]int{"active": 0, "grace": 1, "too_late": 1, "redemption": 2, "expired": 3}
		last := 0
		for d := w.LastPlain.AddDays(-5); !d.After(w.Last().AddDays(5)); d = d.AddDays(1) {
			now := order[w.Stage(d)]
			if now < last {
				t.Fatalf("%s: %s after a later stage", d, w.Stage(d))
			}
			last = now
		}
		if w.Stage(w.LastPlain) == domainname.StageTooLate || w.TooEarly(w.LastPlain) {
			t.Fatalf("the last plain day %s is outside the window %+v", w.LastPlain, w)
		}
		if p.Due(w).After(w.LastPlain) {
			t.Fatalf("due %s after the last plain day %s", p.Due(w), w.LastPlain)
		}
	})
}

func anyPolicy() *rapid.Generator[domainname.Policy] {
	return rapid.Custom(func(t *rapid.T) domainname.Policy {
		p := plain()
		p.MinYears = rapid.IntRange(1, 3).Draw(t, "min")
		p.MaxYears = rapid.IntRange(p.MinYears, 10).Draw(t, "max")
		p.StepYears = rapid.IntRange(1, 2).Draw(t, "step")
		if rapid.Bool().Draw(t, "with grace") {
			p.GraceDays = rapid.IntRange(1, 90).Draw(t, "grace")
		} else if rapid.Bool().Draw(t, "with a latest day") {
			p.Latest = ptr(-rapid.IntRange(0, 20).Draw(t, "latest"))
		}
		if rapid.Bool().Draw(t, "with an earliest day") {
			p.Earliest = ptr(rapid.IntRange(20, 400).Draw(t, "earliest"))
		}
		p.RedemptionDays = rapid.IntRange(0, 40).Draw(t, "redemption")
		if rapid.Bool().Draw(t, "month end") {
			p.ExpiryRounding = domainname.MonthEnd
		}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		return p
	})
}
