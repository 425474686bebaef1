package automation

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/recovery"
)

// In a restored store only what is told from outside is taken in, until staff confirm; then all goes on at once.
func TestRecoveryHoldsDueWork(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return recovery.Mark(t.Context(), tx, tx.Now) }); err != nil {
			t.Fatal(err)
		}
		var s *Service
		r := recovery.New(d, recovery.Config{Go: func() { s.Look() }})
		jobs := job.NewQueue(d, nil)
		jobs.HoldWhile(r.Held)
		s = New(d, jobs, Options{Recovery: r})
		var in, out, worked atomic.Int64
		s.Register(Task{Kind: "in", Inward: true, Run: func(context.Context, *Pass) error { in.Add(1); return nil }})
		s.Register(Task{Kind: "out", Run: func(context.Context, *Pass) error { out.Add(1); return nil }})
		jobs.Register("work", func(context.Context, job.Job) error { worked.Add(1); return nil })
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return jobs.Enqueue(t.Context(), tx, job.New{Kind: "work"}) }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RunDue(t.Context()); !errors.Is(err, recovery.ErrHeld) {
			t.Errorf("RunDue: %v", err)
		}
		if _, err := s.RunFor(t.Context(), "cus_1"); !errors.Is(err, recovery.ErrHeld) {
			t.Errorf("RunFor: %v", err)
		}
		want := func(wantIn, wantOut, wantWorked int64) {
			t.Helper()
			synctest.Wait()
			if in.Load() != wantIn || out.Load() != wantOut || worked.Load() != wantWorked {
				t.Errorf("ran %d, %d and %d times, want %d, %d and %d", in.Load(), out.Load(), worked.Load(), wantIn, wantOut, wantWorked)
			}
		}
		s.Start(t.Context())
		defer s.Stop()
		want(1, 0, 0)
		if n, err := jobs.RunDue(t.Context()); n != 0 || err != nil {
			t.Errorf("%d jobs, %v", n, err)
		}
		if _, err := r.Confirm(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(2, 1, 0)
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(4, 3, 1) // a second round, as the first one found a job
	})
}
