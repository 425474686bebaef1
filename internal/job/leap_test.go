package job

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

func TestNext(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		now := s.Clock.Now() // noon
		next := func(after, want time.Time) {
			t.Helper()
			at, ok, err := q.Next(t.Context(), after)
			if err != nil || ok == want.IsZero() || !at.Equal(want) {
				t.Errorf("after %v comes %v, %t, %v, want %v", after, at, ok, err, want)
			}
		}
		nothing := func(context.Context, Job) error { return nil }
		next(now, time.Time{})
		q.Register("prune", nothing)
		q.Lately("prune", time.Hour)
		next(now, time.Time{})
		enqueue(t, q, New{Kind: "prune", RunAt: now.Add(30 * time.Hour)})
		enqueue(t, q, New{Kind: "prune", RunAt: now.Add(20 * time.Hour)})
		next(now, now.Add(20*time.Hour))
		next(now.Add(20*time.Hour), now.Add(30*time.Hour))
		next(now.Add(30*time.Hour), time.Time{})
		q.Register("digest", nothing)
		q.Every("digest", 24*time.Hour)
		next(now, now.Add(12*time.Hour))
		next(now.Add(12*time.Hour), now.Add(20*time.Hour))
	})
}

func TestLatelyRunsTheNewestPeriodOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		var ran []time.Time
		q.Register("prune", func(_ context.Context, j Job) error {
			var p Period
			err := j.Decode(&p)
			ran = append(ran, p.Start)
			return err
		})
		q.Lately("prune", 24*time.Hour)
		runDue(t, q, 1)
		s.Clock.Advance(400 * 24 * time.Hour)
		runDue(t, q, 1)
		runDue(t, q, 0)
		if day := s.Clock.Now().Truncate(24 * time.Hour); len(ran) != 2 || !ran[1].Equal(day) {
			t.Errorf("ran %v, want only the day %v at last", ran, day)
		}
	})
}

// The lease of a dead process ends although the store's clock stands.
func TestLeasesEndByTheMachinesClock(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
		c, machine := s.Config, clock.NewTest(dbtest.Start)
		c.Wall = machine
		d, err := db.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		q := NewQueue(d, nil)
		ran := 0
		q.Register("mail", func(context.Context, Job) error { ran++; return nil })
		enqueue(t, q, New{Kind: "mail"})
		if _, ok, err := q.claim(t.Context()); !ok || err != nil {
			t.Fatal(ok, err)
		}
		s.Clock.Advance(365 * 24 * time.Hour)
		runDue(t, q, 0)
		if idle, err := q.Idle(t.Context()); idle || err != nil {
			t.Errorf("idle %t, %v", idle, err)
		}
		machine.Advance(leaseTime)
		runDue(t, q, 1)
		if idle, err := q.Idle(t.Context()); ran != 1 || !idle || err != nil {
			t.Errorf("ran %d times, idle %t, %v", ran, idle, err)
		}
	})
}

func TestPause(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		var ran atomic.Int64
		q.Register("mail", func(context.Context, Job) error { time.Sleep(5 * time.Second); ran.Add(1); return nil })
		q.Start(t.Context())
		defer q.Stop()
		enqueue(t, q, New{Kind: "mail"})
		synctest.Wait()

		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.Pause(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Pause = %v", err)
		}
		resume, err := q.Pause(t.Context())
		if err != nil || ran.Load() != 1 {
			t.Fatalf("Pause = %v, after %d jobs", err, ran.Load())
		}
		also, err := q.Pause(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		enqueue(t, q, New{Kind: "mail"})
		also()
		also()
		time.Sleep(time.Minute)
		synctest.Wait()
		if ran.Load() != 1 {
			t.Error("a paused queue ran a job")
		}
		runDue(t, q, 1)
		enqueue(t, q, New{Kind: "mail"})
		resume()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if ran.Load() != 3 {
			t.Errorf("%d jobs ran", ran.Load())
		}
	})
}
