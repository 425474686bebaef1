package limit_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/limit"
)

var (
	start     = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	perMinute = limit.Rate{Count: 60, Per: time.Minute}
)

func TestRateValidate(t *testing.T) {
	t.Parallel()
	for _, r := range []limit.Rate{perMinute, {Count: 1, Per: 24 * time.Hour}, {Count: 7, Per: time.Hour}} {
		if err := r.Validate(); err != nil {
			t.Errorf("%v: %v", r, err)
		}
	}
	for _, r := range []limit.Rate{{}, {Count: 1}, {Per: time.Hour}, {Count: -1, Per: time.Hour}, {Count: 1, Per: -1}, {Count: 10, Per: 9}} {
		if r.Validate() == nil {
			t.Errorf("%v is valid", r)
		}
	}
}

func TestSpend(t *testing.T) {
	t.Parallel()
	rate := limit.Rate{Count: 3, Per: 30 * time.Second}
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	tests := []struct {
		name   string
		cost   int
		stored time.Time
		next   time.Time
		wait   time.Duration
		ok     bool
	}{
		{"first", 1, time.Time{}, at(10), 0, true},
		{"all at once", 3, time.Time{}, at(30), 0, true},
		{"more than there is at any time", 4, time.Time{}, time.Time{}, 30 * time.Second, false},
		{"long ago", 1, at(-100), at(10), 0, true},
		{"the last one", 1, at(20), at(30), 0, true},
		{"nothing left", 1, at(30), at(30), 10 * time.Second, false},
		{"nearly back", 1, at(21), at(21), time.Second, false},
		{"two wanted, one left", 2, at(20), at(20), 10 * time.Second, false},
		{"free", 0, at(30), at(30), 0, true},
		{"negative cost gives nothing back", -5, at(30), at(30), 0, true},
		{"clock turned back by a year", 1, at(365 * 86400), at(365 * 86400), 10 * time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			next, wait, ok := rate.Spend(start, tt.cost, tt.stored)
			if !next.Equal(tt.next) || wait != tt.wait || ok != tt.ok {
				t.Errorf("Spend = %v, %v, %v, want %v, %v, %v", next, wait, ok, tt.next, tt.wait, tt.ok)
			}
		})
	}
}

// Waiting as long as told is always enough and never too long, and what is left
// is exactly what can be spent.
func TestSpendKeepsItsWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := limit.Rate{
			Count: rapid.IntRange(1, 100).Draw(t, "count"),
			Per:   time.Duration(rapid.Int64Range(1000, int64(24*time.Hour)).Draw(t, "per")),
		}
		now, stored := start, time.Time{}
		for range rapid.IntRange(1, 50).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(rate.Per)).Draw(t, "pause")))
			cost := rapid.IntRange(1, rate.Count).Draw(t, "cost")
			left := rate.Left(now, stored)
			next, wait, ok := rate.Spend(now, cost, stored)
			if ok != (cost <= left) {
				t.Fatalf("%d left, but a cost of %d gives %v", left, cost, ok)
			}
			if !ok {
				if next != stored {
					t.Fatal("a refusal was stored")
				}
				if _, _, early := rate.Spend(now.Add(wait-1), cost, stored); early {
					t.Fatalf("told to wait %v, but less is enough", wait)
				}
				now = now.Add(wait)
				if next, _, ok = rate.Spend(now, cost, stored); !ok {
					t.Fatalf("waited %v as told, and refused", wait)
				}
			}
			stored = next
		}
	})
}

// Over any stretch of time no more gets through than a burst and what comes
// back meanwhile.
func TestSpendBoundsAnyStretch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := limit.Rate{Count: rapid.IntRange(1, 20).Draw(t, "count"), Per: time.Minute}
		var passed []time.Time
		now, stored := start, time.Time{}
		for range 200 {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "pause")))
			if next, _, ok := rate.Spend(now, 1, stored); ok {
				stored = next
				passed = append(passed, now)
			}
		}
		interval := rate.Per / time.Duration(rate.Count)
		for i := range passed {
			for j := i; j < len(passed); j++ {
				most := rate.Count + int(passed[j].Sub(passed[i])/interval)
				if got := j - i + 1; got > most {
					t.Fatalf("%d events in %v, want at most %d", got, passed[j].Sub(passed[i]), most)
				}
			}
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	type place struct {
		addr     netip.Addr
		endpoint string
	}
	l := limit.New[place](perMinute, 1000)
	one := place{netip.MustParseAddr("192.0.2.1"), "validate"}
	if left, wait := l.Peek(one, start); left != 60 || wait != 0 {
		t.Errorf("at first %d left, wait %v", left, wait)
	}
	for i := range 60 {
		if ok, wait := l.Allow(one, start); !ok || wait != 0 {
			t.Fatalf("request %d = %v, wait %v", i+1, ok, wait)
		}
	}
	if ok, wait := l.Allow(one, start); ok || wait != time.Second {
		t.Errorf("request 61 = %v, wait %v, want a second", ok, wait)
	}
	if left, wait := l.Peek(one, start); left != 0 || wait != time.Second {
		t.Errorf("then %d left, wait %v", left, wait)
	}
	for _, other := range []place{{one.addr, "activate"}, {netip.MustParseAddr("2001:db8::1"), "validate"}} {
		if ok, _ := l.Allow(other, start); !ok {
			t.Errorf("%v is limited by another place", other)
		}
	}

	later := start.Add(time.Second)
	if ok, _ := l.Allow(one, later); !ok {
		t.Error("nothing came back after a second")
	}
	if ok, _ := l.Allow(one, later); ok {
		t.Error("more than one came back after a second")
	}
	if left, _ := l.Peek(one, later.Add(time.Hour)); left != 60 {
		t.Errorf("after an hour %d left, want all", left)
	}
}

func TestPeekSpendsAndKeepsNothing(t *testing.T) {
	t.Parallel()
	l := limit.New[string](limit.Rate{Count: 1, Per: time.Hour}, 10)
	for range 5 {
		if left, _ := l.Peek("a", start); left != 1 {
			t.Fatalf("%d left", left)
		}
	}
	if l.Len() != 0 {
		t.Errorf("%d keys held after peeking", l.Len())
	}
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	const most = 640
	l := limit.New[int](perMinute, most)

	hammered := -1
	for range 60 {
		l.Allow(hammered, start)
	}
	for key := range 100 * most {
		if ok, _ := l.Allow(key, start); !ok {
			t.Fatalf("key %d is limited by others", key)
		}
	}
	if got := l.Len(); got > most {
		t.Errorf("%d keys held, want at most %d", got, most)
	}
	if ok, _ := l.Allow(hammered, start); ok {
		t.Error("a flood of keys freed the one that was spent")
	}

	// All have everything back, so each new key finds several to remove.
	later := start.Add(time.Hour)
	for key := range most {
		l.Allow(-2-key, later)
	}
	if got := l.Len(); got > most {
		t.Errorf("%d keys held, want at most %d", got, most)
	}
}

func TestLimiterIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	l := limit.New[string](limit.Rate{Count: 100, Per: time.Hour}, 64*100)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 100 {
				if ok, _ := l.Allow("shared", start); ok {
					passed.Add(1)
				}
				l.Allow(fmt.Sprint(worker, i), start)
				l.Peek("shared", start)
			}
		})
	}
	wg.Wait()
	if got := passed.Load(); got != 100 {
		t.Errorf("%d events passed, want 100", got)
	}
}

func TestAllowTakesNoMemoryForAKnownKey(t *testing.T) {
	l := limit.New[string](limit.Rate{Count: 1 << 20, Per: time.Hour}, 10)
	l.Allow("a", start)
	if got := testing.AllocsPerRun(1000, func() { l.Allow("a", start) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(){
		"rate": func() { limit.New[string](limit.Rate{}, 10) },
		"room": func() { limit.New[string](perMinute, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func BenchmarkAllow(b *testing.B) {
	type place struct {
		addr     netip.Addr
		endpoint string
	}
	l := limit.New[place](limit.Rate{Count: 1 << 30, Per: 24 * time.Hour}, 1<<16)
	var addr netip.Addr
	places := make([]place, 1<<12)
	for i := range places {
		addr = netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		places[i] = place{addr, "validate"}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			l.Allow(places[i%len(places)], start)
		}
	})
}
