package background_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/background"
)

// work counts how often it was begun and has ended.
type work struct {
	begun, ended int
	last         time.Duration // that it takes once it is told to end
}

func (w *work) run(ctx context.Context) {
	w.begun++
	<-ctx.Done()
	time.Sleep(w.last)
	w.ended++
}

func TestLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			l background.Loop
			w = work{last: time.Minute}
		)
		l.Stop()
		for n := 1; n <= 2; n++ {
			l.Start(t.Context(), w.run)
			l.Start(t.Context(), func(context.Context) { t.Error("begun beside what runs") })
			synctest.Wait()
			if w.begun != n || w.ended != n-1 {
				t.Fatalf("started: %+v", w)
			}
			l.Stop()
			if w.ended != n {
				t.Fatalf("stopped: %+v", w)
			}
			l.Stop()
		}
	})
}

func TestStopWithin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		last     time.Duration
		returned bool
	}{"in time": {time.Second, true}, "too late": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var l background.Loop
				w := work{last: tt.last}
				if !l.StopWithin(time.Minute) {
					t.Error("what never ran did not return")
				}
				l.Start(t.Context(), w.run)
				synctest.Wait()
				if l.StopWithin(time.Minute) != tt.returned || (w.ended == 1) != tt.returned {
					t.Errorf("%+v", w)
				}
				time.Sleep(tt.last)
			})
		})
	}
}

// What started it may end, too.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			l background.Loop
			w work
		)
		ctx, cancel := context.WithCancel(t.Context())
		l.Start(ctx, w.run)
		cancel()
		synctest.Wait()
		if w.ended != 1 {
			t.Errorf("%+v", w)
		}
		l.Stop()
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before func(wake chan<- struct{}, cancel context.CancelFunc)
		woken  bool
		takes  time.Duration
	}{
		"time":    {func(chan<- struct{}, context.CancelFunc) {}, false, time.Minute},
		"woken":   {func(wake chan<- struct{}, _ context.CancelFunc) { wake <- struct{}{} }, true, 0},
		"stopped": {func(_ chan<- struct{}, cancel context.CancelFunc) { cancel() }, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				wake := make(chan struct{}, 1)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				tt.before(wake, cancel)
				start := time.Now()
				if got := background.Pause(ctx, time.Minute, wake); got != tt.woken || time.Since(start) != tt.takes {
					t.Errorf("woken %t after %s", got, time.Since(start))
				}
			})
		})
	}
}
