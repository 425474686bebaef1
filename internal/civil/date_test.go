package civil_test

import (
	"database/sql/driver"
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
)

func date(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// anyDate draws dates far enough from the ends of the calendar for arithmetic.
func anyDate() *rapid.Generator[civil.Date] {
	return rapid.Custom(func(t *rapid.T) civil.Date {
		return civil.On(1900, 1, 1).AddDays(rapid.IntRange(0, 200*365).Draw(t, "day"))
	})
}

// zones have clock changes that trip naive code: at midnight, one minute after
// it, by half an hour, across the date line, shortly before midnight.
var zones = []string{
	"UTC", "Europe/Paris", "America/Los_Angeles", "America/Sao_Paulo", "America/Havana",
	"America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Kathmandu",
	"America/Scoresbysund", "Asia/Beirut", "Africa/Casablanca", "Asia/Gaza", "Pacific/Kiritimati",
}

func TestParse(t *testing.T) {
	t.Parallel()
	valid := map[string]civil.Date{
		"2026-11-22": {Year: 2026, Month: 11, Day: 22},
		"2024-02-29": {Year: 2024, Month: 2, Day: 29},
		"0001-01-01": {Year: 1, Month: 1, Day: 1},
		"9999-12-31": {Year: 9999, Month: 12, Day: 31},
	}
	for s, want := range valid {
		got, err := civil.Parse(s)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", s, got, err, want)
		}
		if got.String() != s {
			t.Errorf("String() = %q, want %q", got, s)
		}
	}
	invalid := []string{
		"", "2026", "2026-1-2", "2026-01-2", "26-01-02", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
		"0000-01-01", "-001-01-01", "+2026-01-01", "12026-01-01", "2026/01/02", "20260102", " 2026-01-02",
		"2026-01-02 ", "2026-01-02T00:00:00Z", "02.01.2026", "２０２６-01-02",
	}
	for _, s := range invalid {
		if got, err := civil.Parse(s); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-11-22", "2024-02-29", "0000-00-00", "9999-12-31", "-999-01-01", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := civil.Parse(s)
		if err != nil {
			if !d.IsZero() {
				t.Errorf("Parse(%q) failed but returned %v", s, d)
			}
			return
		}
		if !d.IsValid() || d.String() != s {
			t.Errorf("Parse(%q) = %#v, which writes as %q", s, d, d)
		}
	})
}

func TestOn(t *testing.T) {
	t.Parallel()
	if got, want := civil.On(2026, 4, 31), date(t, "2026-05-01"); got != want {
		t.Errorf("31 April = %v, want %v", got, want)
	}
	if got, want := civil.On(2026, 13, 0), date(t, "2026-12-31"); got != want {
		t.Errorf("day 0 of month 13 = %v, want %v", got, want)
	}
}

func TestIsValid(t *testing.T) {
	t.Parallel()
	for _, d := range []civil.Date{{}, {2026, 2, 29}, {2026, 0, 1}, {0, 12, 31}, {10000, 1, 1}, {2026, 1, 0}} {
		if d.IsValid() {
			t.Errorf("%#v is valid", d)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ at, zone, want string }{
		// B10: finalised late in September, UTC, is October in Paris.
		{"2023-09-30T23:10:00Z", "Europe/Paris", "2023-10-01"},
		{"2023-09-30T21:59:59Z", "Europe/Paris", "2023-09-30"},
		{"2023-02-13T04:00:00Z", "America/Bogota", "2023-02-12"},
		{"2023-02-13T05:00:00Z", "America/Bogota", "2023-02-13"},
		{"2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29"},
		{"2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31"},
	}
	for _, tt := range tests {
		if got := civil.Of(instant(t, tt.at), zone(t, tt.zone)); got != date(t, tt.want) {
			t.Errorf("Of(%s, %s) = %v, want %s", tt.at, tt.zone, got, tt.want)
		}
	}
}

func TestStartIn(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, date, zone, want string }{
		{"UTC", "2026-03-01", "UTC", "2026-03-01T00:00:00Z"},
		{"B2: standard time", "2015-12-01", "America/Los_Angeles", "2015-12-01T08:00:00Z"},
		{"day of the change to summer time", "2026-03-29", "Europe/Paris", "2026-03-28T23:00:00Z"},
		{"day after it", "2026-03-30", "Europe/Paris", "2026-03-29T22:00:00Z"},
		{"midnight skipped", "2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"},
		{"clock turned back to the day before", "2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00Z"},
		{"midnight repeated", "2025-11-02", "America/Havana", "2025-11-02T04:00:00Z"},
		{"midnight skipped in Havana", "2025-03-09", "America/Havana", "2025-03-09T05:00:00Z"},
		{"day begun twice", "2006-10-29", "America/St_Johns", "2006-10-29T02:30:00Z"},
		{"day that does not exist", "2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"},
		{"day after it, the same instant", "2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00Z"},
		{"last hour of the day before skipped", "2025-03-30", "America/Scoresbysund", "2025-03-30T01:00:00Z"},
		{"quarter-hour offset", "2026-01-01", "Asia/Kathmandu", "2025-12-31T18:15:00Z"},
		{"far future", "2400-07-01", "Europe/Paris", "2400-06-30T22:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := date(t, tt.date).StartIn(zone(t, tt.zone))
			if got != instant(t, tt.want) {
				t.Errorf("%s starts in %s at %v, want %s", tt.date, tt.zone, got.Format(time.RFC3339), tt.want)
			}
		})
	}
}

// The start is the first instant with that date or, for a day that was left
// out, a later one.
func TestStartInIsTheFirstInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		d := anyDate().Draw(t, "date")
		start := d.StartIn(loc)
		if got := civil.Of(start, loc); got.Before(d) {
			t.Fatalf("%v starts at %v, which is still %v", d, start, got)
		}
		for _, back := range []time.Duration{1, time.Second, time.Minute, time.Hour, 12 * time.Hour, 30 * time.Hour} {
			if got := civil.Of(start.Add(-back), loc); !got.Before(d) {
				t.Fatalf("%v starts at %v, but it was %v already %v before", d, start, got, back)
			}
		}
	})
}

// The standard library has a year of 365 days for zones whose rules go on for
// ever, which is wrong at the end of leap years.
func TestStartInAtTheEndOfFarYears(t *testing.T) {
	t.Parallel()
	for _, name := range zones {
		loc := zone(t, name)
		for year := 2036; year <= 2110; year++ {
			for d := civil.On(year, 12, 29); d.Before(civil.On(year+1, 1, 4)); d = d.AddDays(1) {
				start := d.StartIn(loc)
				if civil.Of(start, loc) != d || !civil.Of(start.Add(-1), loc).Before(d) {
					t.Errorf("%v starts in %s at %v", d, name, start)
				}
			}
		}
	}
	day := civil.Span{Count: 1, Unit: civil.Day}
	if got := day.After(instant(t, "2040-12-31T12:00:00Z"), zone(t, "Europe/Paris")); got != instant(t, "2041-01-01T12:00:00Z") {
		t.Errorf("a day after noon of 31 December 2040 is %v", got)
	}
}

func TestAddMonthsClamped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from   string
		months int
		want   string
	}{
		{"2023-01-31", 1, "2023-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-01-15", -13, "2024-12-15"},
		{"2026-05-31", 0, "2026-05-31"},
		{"2000-01-31", 1201, "2100-02-28"},
	}
	for _, tt := range tests {
		if got := date(t, tt.from).AddMonthsClamped(tt.months); got != date(t, tt.want) {
			t.Errorf("%s %+d months = %v, want %s", tt.from, tt.months, got, tt.want)
		}
	}
}

func TestAddMonthsClampedKeepsTheDayOrTheMonthsEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate().Draw(t, "date")
		n := rapid.IntRange(-1200, 1200).Draw(t, "months")
		got := d.AddMonthsClamped(n)
		if moved := (got.Year-d.Year)*12 + int(got.Month-d.Month); moved != n || !got.IsValid() {
			t.Fatalf("%v %+d months = %v: %d months away", d, n, got, moved)
		}
		if got.Day != d.Day && (got.Day > d.Day || got.AddDays(1).Month == got.Month) {
			t.Fatalf("%v %+d months = %v: neither the day nor the month's end", d, n, got)
		}
	})
}

func TestDaysAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate().Draw(t, "date")
		n := rapid.IntRange(-40000, 40000).Draw(t, "days")
		later := d.AddDays(n)
		if got := d.DaysUntil(later); got != n {
			t.Fatalf("%v until %v = %d days, want %d", d, later, got, n)
		}
		if got := later.Compare(d); got != max(-1, min(1, n)) {
			t.Fatalf("%v compared with %v = %d", later, d, got)
		}
		if later.Before(d) != (n < 0) || later.After(d) != (n > 0) {
			t.Fatalf("Before or After of %v and %v disagrees with %d days", later, d, n)
		}
		if want := time.Weekday(((int(d.Weekday())+n)%7 + 7) % 7); later.Weekday() != want {
			t.Fatalf("weekday of %v = %v, want %v", later, later.Weekday(), want)
		}
	})
}

func TestDaysUntil(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		want     int
	}{
		{"2012-01-17", "2013-01-17", 366},
		{"2011-01-10", "2011-01-17", 7},
		{"2026-03-28", "2026-03-30", 2},
		{"2026-03-30", "2026-03-28", -2},
		{"0001-01-01", "9999-12-31", 3652058},
	}
	for _, tt := range tests {
		if got := date(t, tt.from).DaysUntil(date(t, tt.to)); got != tt.want {
			t.Errorf("%s until %s = %d, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestZeroDate(t *testing.T) {
	t.Parallel()
	var d civil.Date
	if !d.IsZero() || d.String() != "" || !d.Before(civil.On(1, 1, 1)) {
		t.Errorf("zero date: IsZero %v, String %q", d.IsZero(), d)
	}
	text, err := json.Marshal(struct {
		Always civil.Date `json:"always"`
		Maybe  civil.Date `json:"maybe,omitzero"`
	}{})
	if err != nil || string(text) != `{"always":""}` {
		t.Errorf("zero dates in JSON = %s, %v", text, err)
	}
}

func TestDateInJSON(t *testing.T) {
	t.Parallel()
	type doc struct {
		On     civil.Date            `json:"on"`
		Counts map[civil.Date]int    `json:"counts"`
		Ptr    *civil.Date           `json:"ptr"`
		Named  map[string]civil.Date `json:"named,omitempty"`
	}
	const text = `{"on":"2026-01-31","counts":{"2026-02-28":2},"ptr":null}`
	var got doc
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.On != date(t, "2026-01-31") || got.Counts[date(t, "2026-02-28")] != 2 || got.Ptr != nil {
		t.Errorf("read %+v", got)
	}
	if back, err := json.Marshal(got); err != nil || string(back) != text {
		t.Errorf("written %s, %v, want %s", back, err, text)
	}
	for _, bad := range []string{`{"on":"2026-02-30"}`, `{"on":20260101}`, `{"on":"2026-01-01T00:00:00Z"}`} {
		if err := json.Unmarshal([]byte(bad), &doc{}); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, err := json.Marshal(civil.Date{Year: 2026, Month: 2, Day: 30}); err == nil {
		t.Error("30 February was written")
	}
}

func TestDateInDatabase(t *testing.T) {
	t.Parallel()
	want := date(t, "2026-01-31")
	v, err := driver.DefaultParameterConverter.ConvertValue(want)
	if err != nil || v != "2026-01-31" {
		t.Fatalf("argument = %v, %v", v, err)
	}
	for _, src := range []any{v, []byte("2026-01-31")} {
		var got civil.Date
		if err := got.Scan(src); err != nil || got != want {
			t.Errorf("Scan(%v) = %v, %v", src, got, err)
		}
	}

	if v, err := (civil.Date{}).Value(); v != nil || err != nil {
		t.Errorf("zero date as an argument = %v, %v, want NULL", v, err)
	}
	got := want
	if err := got.Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("NULL = %v, %v, want the zero date", got, err)
	}
	if _, err := (civil.Date{Year: 2026, Month: 2, Day: 30}).Value(); err == nil {
		t.Error("30 February is an argument")
	}
	for _, src := range []any{"", "yesterday", int64(math.MaxInt64), time.Now()} {
		if err := got.Scan(src); err == nil {
			t.Errorf("Scan(%v) succeeded", src)
		}
	}
}
