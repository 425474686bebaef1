package automation

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
	"github.com/keystead/keystead/internal/job"
)

// inBubble runs f with a store whose clock is the bubble's: sleeping moves it, and takes no time.
func inBubble(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Parallel()
	dir := dbtest.SQLiteDir(t)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(t.Context(), db.Config{Dir: dir, Clock: clock.System()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, d)
	})
}

func TestLoop(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		s := New(d, job.NewQueue(d, nil), Options{})
		var ran atomic.Int64
		s.Register(Task{Kind: "look", Run: func(context.Context, *Pass) error { ran.Add(1); return nil }})
		want := func(n int64) {
			t.Helper()
			synctest.Wait()
			if got := ran.Load(); got != n {
				t.Errorf("ran %d times, want %d", got, n)
			}
		}
		s.Start(t.Context())
		s.Start(t.Context())
		want(1)
		time.Sleep(10*lookEvery + time.Second)
		want(11)
		s.Look()
		want(12)

		// Whoever has the turn may have looked already where there is work only now: a call is not lost.
		_, leave, err := s.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Look()
		want(12)
		leave()
		want(13)

		s.Stop()
		s.Stop()
		s.Look()
		time.Sleep(time.Hour)
		want(13)
	})
}

// Two processes of one store, or two callers of one process, never run tasks at the same time.
func TestOneAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		var now, most, runs atomic.Int64
		begin := func() *Service {
			s := New(d, job.NewQueue(d, nil), Options{})
			s.Register(Task{Kind: "long", Run: func(context.Context, *Pass) error {
				runs.Add(1)
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(3 * leaseTime)
				now.Add(-1)
				return nil
			}})
			return s
		}
		one, two := begin(), begin()
		for _, s := range []*Service{one, one, two, two} {
			go func() {
				if _, err := s.RunDue(t.Context()); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(leaseTime)
		synctest.Wait()
		if err := two.turnOf(t.Context(), false); err != nil || runs.Load() != 1 { // comes back later
			t.Errorf("%d runs, %v", runs.Load(), err)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := two.RunDue(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("RunDue = %v", err)
		}
		time.Sleep(12*leaseTime + time.Minute)
		synctest.Wait()
		if runs.Load() != 4 || most.Load() != 1 {
			t.Errorf("%d runs, %d at once", runs.Load(), most.Load())
		}
	})
}

// beside is a loop that has something under way for a while.
type beside struct {
	takes  time.Duration
	paused bool
}

func (b *beside) Pause(ctx context.Context) (resume func(), err error) {
	select {
	case <-time.After(b.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b.paused = true
	return func() { b.paused = false }, nil
}

// What is under way when somebody wants all that is due to be done is found as due by nobody. In a test store it comes to its
// end before the answer, and no loop begins anything meanwhile.
func TestTestStoreComesToRest(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		if err := d.StandStill(t.Context(), d.Clock().Now()); err != nil {
			t.Fatal(err)
		}
		q := job.NewQueue(d, nil)
		s := New(d, q, Options{})
		mails, hooks := &beside{takes: time.Minute}, &beside{takes: time.Second}
		s.Beside(mails, hooks)
		s.Register(Task{Kind: "look", Run: func(context.Context, *Pass) error {
			if !mails.paused || !hooks.paused {
				t.Error("a task runs beside a loop")
			}
			return nil
		}})
		done := 0
		q.Register("charge", func(context.Context, job.Job) error { time.Sleep(time.Minute); done++; return nil })
		q.Start(t.Context())
		defer q.Stop()
		for n, run := range []func() (Report, error){
			func() (Report, error) { return s.RunDue(t.Context()) },
			func() (Report, error) { return s.Advance(t.Context(), s.Now().Add(time.Hour), nil) },
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error { return q.Enqueue(t.Context(), tx, job.New{Kind: "charge"}) })
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if r, err := run(); err != nil || done != n+1 {
				t.Errorf("%+v, %v: %d jobs are done", r, err, done)
			}
			if mails.paused || hooks.paused {
				t.Error("a loop stays paused")
			}
		}

		// What can't be paused in time leaves the others as they were.
		impatient, cancel := context.WithTimeout(t.Context(), 61*time.Second)
		defer cancel()
		hooks.takes = time.Hour
		if _, err := s.RunDue(impatient); !errors.Is(err, context.DeadlineExceeded) || mails.paused {
			t.Errorf("%v, paused %t", err, mails.paused)
		}
	})
}

func TestDeadProcessHoldsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		dead, s := New(d, job.NewQueue(d, nil), Options{}), New(d, job.NewQueue(d, nil), Options{})
		if ok, err := dead.renew(t.Context()); !ok || err != nil {
			t.Fatal(ok, err)
		}
		begun := d.Clock().Now()
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := d.Clock().Now().Sub(begun); took != leaseTime {
			t.Errorf("took %v", took)
		}
	})
}

func TestLostLeaseEndsTheRun(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		s := New(d, job.NewQueue(d, nil), Options{})
		s.Register(Task{Kind: "long", Run: func(ctx context.Context, _ *Pass) error { <-ctx.Done(); return ctx.Err() }})
		end := make(chan error, 1)
		go func() {
			_, err := s.RunDue(t.Context())
			end <- err
		}()
		synctest.Wait()
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(t.Context(), "UPDATE automation_lease SET holder = 'other', lease_until = lease_until * 2")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-end; !errors.Is(err, errLeaseLost) {
			t.Errorf("RunDue = %v", err)
		}
	})
}
