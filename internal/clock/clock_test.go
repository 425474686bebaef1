package clock_test

import (
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/clock"
)

func TestSystemIsWholeMicrosecondsInUTC(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Microsecond)
	now := clock.System().Now()
	after := time.Now()

	if now.Location() != time.UTC {
		t.Errorf("location = %v, want UTC", now.Location())
	}
	if now.Nanosecond()%1000 != 0 {
		t.Errorf("%v has nanoseconds", now)
	}
	if now.Before(before.Round(0)) || now.After(after.Round(0)) {
		t.Errorf("%v is not between %v and %v", now, before, after)
	}
	if back := clock.FromTime(now).Time(); back != now {
		t.Errorf("stored and read back: %v, want %v", back, now)
	}
}

func TestTestClockMovesOnlyWhenMoved(t *testing.T) {
	t.Parallel()
	paris := time.FixedZone("Paris", 3600)
	start := time.Date(2026, 3, 1, 13, 0, 0, 1999, paris)
	c := clock.NewTest(start)

	want := time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC)
	if got := c.Now(); got != want {
		t.Fatalf("Now = %v, want %v", got, want)
	}
	if got, want := c.Advance(time.Hour), want.Add(time.Hour); got != want || c.Now() != want {
		t.Errorf("after Advance: returned %v, Now %v, want %v", got, c.Now(), want)
	}
	past := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	c.Set(past)
	if got := c.Now(); got != past {
		t.Errorf("after Set: %v, want %v", got, past)
	}
}

func TestTestClockIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := clock.NewTest(start)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			c.Now()
			c.Advance(time.Second)
		})
	}
	wg.Wait()
	if got, want := c.Now(), start.Add(50*time.Second); got != want {
		t.Errorf("Now = %v, want %v", got, want)
	}
}

func TestInstant(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		time time.Time
		want clock.Instant
	}{
		{"epoch", time.Unix(0, 0), 0},
		{"one microsecond", time.Unix(0, 1000), 1},
		{"below a microsecond", time.Unix(0, 1999), 1},
		{"just before the epoch", time.Unix(0, -1), -1},
		{"another zone", time.Date(1970, 1, 1, 2, 0, 0, 0, time.FixedZone("", 7200)), 0},
		{"a day in 2026", time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), 1795305600000000},
		{"zero time", time.Time{}, -62135596800000000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := clock.FromTime(tt.time); got != tt.want {
				t.Errorf("FromTime(%v) = %d, want %d", tt.time, got, tt.want)
			}
		})
	}
	if !clock.FromTime(time.Time{}).Time().IsZero() {
		t.Error("the zero time does not survive")
	}
}

func TestInstantRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Years 1 to 9999.
		i := clock.Instant(rapid.Int64Range(-62135596800000000, 253402300799999999).Draw(t, "instant"))
		if got := clock.FromTime(i.Time()); got != i {
			t.Fatalf("FromTime(%v) = %d, want %d", i.Time(), got, i)
		}
	})
}

func TestInstantPointers(t *testing.T) {
	t.Parallel()
	if clock.FromTimePtr(nil) != nil || clock.TimePtr(nil) != nil {
		t.Error("nil does not stay nil")
	}
	when := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	if got := clock.TimePtr(clock.FromTimePtr(&when)); got == nil || *got != when {
		t.Errorf("round trip = %v, want %v", got, when)
	}
}

// database/sql has no exported conversion for scan targets but that of
// sql.Null, which uses the one that Rows.Scan uses.
func TestInstantInDatabaseSQL(t *testing.T) {
	t.Parallel()
	const i clock.Instant = 1795305600000000
	v, err := driver.DefaultParameterConverter.ConvertValue(i)
	if err != nil || v != int64(i) {
		t.Errorf("argument = %v (%T), %v, want int64 %d", v, v, err, i)
	}
	v, err = driver.DefaultParameterConverter.ConvertValue((*clock.Instant)(nil))
	if err != nil || v != nil {
		t.Errorf("nil argument = %v, %v, want nil", v, err)
	}

	var got sql.Null[clock.Instant]
	if err := got.Scan(int64(i)); err != nil || got.V != i {
		t.Errorf("scan = %v, %v, want %d", got, err, i)
	}
	var ptr sql.Null[*clock.Instant]
	if err := ptr.Scan(int64(i)); err != nil || ptr.V == nil || *ptr.V != i {
		t.Errorf("scan into a pointer = %v, %v, want %d", ptr, err, i)
	}
}
