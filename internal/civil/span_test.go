package civil_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
)

func TestSpanValidate(t *testing.T) {
	t.Parallel()
	for _, s := range []civil.Span{
		{Count: 1, Unit: civil.Day},
		{Count: 36600, Unit: civil.Day},
		{Count: 5300, Unit: civil.Week},
		{Count: 1200, Unit: civil.Month},
		{Count: 100, Unit: civil.Year},
	} {
		if err := s.Validate(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
	for _, s := range []civil.Span{
		{},
		{Count: 0, Unit: civil.Day},
		{Count: -1, Unit: civil.Month},
		{Count: 36601, Unit: civil.Day},
		{Count: 101, Unit: civil.Year},
		{Count: 1, Unit: "days"},
		{Count: 1},
	} {
		if s.Validate() == nil {
			t.Errorf("%#v is valid", s)
		}
	}
}

func TestSpanText(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]civil.Span{
		"1 year":  {Count: 1, Unit: civil.Year},
		"14 days": {Count: 14, Unit: civil.Day},
	} {
		if got := s.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
	text, err := json.Marshal(civil.Span{Count: 3, Unit: civil.Month})
	if err != nil || string(text) != `{"count":3,"unit":"month"}` {
		t.Errorf("JSON = %s, %v", text, err)
	}
	if !(civil.Span{}).IsZero() || (civil.Span{Count: 1, Unit: civil.Day}).IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestSpanAfter(t *testing.T) {
	t.Parallel()
	days := func(n int) civil.Span { return civil.Span{Count: n, Unit: civil.Day} }
	tests := []struct {
		name string
		span civil.Span
		zone string
		from string
		want string
	}{
		{"B1: trial in Juneau", days(30), "America/Juneau", "2015-09-01T08:01:01Z", "2015-10-01T08:01:01Z"},
		{"B4: into daylight saving", days(30), "America/Los_Angeles", "2017-03-02T07:30:00Z", "2017-04-01T06:30:00Z"},
		{"B5: out of daylight saving", days(30), "America/Los_Angeles", "2017-11-01T07:30:00Z", "2017-12-01T08:30:00Z"},
		{"weeks", civil.Span{Count: 2, Unit: civil.Week}, "UTC", "2026-01-01T10:00:00.000001Z", "2026-01-15T10:00:00.000001Z"},
		{"month clamped", civil.Span{Count: 1, Unit: civil.Month}, "UTC", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"},
		{"year from 29 February", civil.Span{Count: 1, Unit: civil.Year}, "UTC", "2024-02-29T10:00:00Z", "2025-02-28T10:00:00Z"},
		{
			"month clamped by the local date",
			civil.Span{Count: 1, Unit: civil.Month},
			"Asia/Tokyo", "2026-01-30T15:00:00Z", "2026-02-27T15:00:00Z",
		},
		{"local time skipped", days(1), "Europe/Paris", "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z"},
		{"local time repeated: the first", days(1), "Europe/Paris", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"},
		{"midnight skipped", days(1), "America/Sao_Paulo", "2018-11-03T03:30:00Z", "2018-11-04T03:30:00Z"},
		{"last hour of a day skipped", days(1), "America/Scoresbysund", "2025-03-29T01:30:00Z", "2025-03-30T00:30:00Z"},
		{"day left out", days(1), "Pacific/Apia", "2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.span.After(instant(t, tt.from), zone(t, tt.zone))
			if got != instant(t, tt.want) {
				t.Errorf("%v after %s in %s = %s, want %s", tt.span, tt.from, tt.zone, got.Format(time.RFC3339), tt.want)
			}
		})
	}
}

func TestSpanAfterLandsOnTheDateAtTheSameTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		s := civil.Span{
			Count: rapid.IntRange(1, 60).Draw(t, "count"),
			Unit:  rapid.SampledFrom([]string{civil.Day, civil.Week, civil.Month, civil.Year}).Draw(t, "unit"),
		}
		from := time.UnixMicro(rapid.Int64Range(0, 2e15).Draw(t, "from"))
		end := s.After(from, loc)

		day := s.From(civil.Of(from, loc))
		skipped := civil.Of(day.StartIn(loc), loc) != day
		if got := civil.Of(end, loc); got != day && !skipped {
			t.Fatalf("%v after %v ends on %v, want %v", s, from.In(loc), got, day)
		}
		shift := end.In(loc).Sub(from.In(loc)).Round(0)
		if shift <= 0 {
			t.Fatalf("%v after %v is %v", s, from, end)
		}
		wall := func(t time.Time) time.Duration {
			h, m, sec := t.In(loc).Clock()
			return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
		}
		if moved := (wall(end) - wall(from)).Abs(); moved > time.Hour {
			t.Fatalf("%v after %v is %v: another time of day", s, from.In(loc), end.In(loc))
		}
	})
}

func TestSpanOfUnknownUnitPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	civil.Span{Count: 1, Unit: "fortnight"}.After(time.Unix(0, 0), time.UTC)
}
