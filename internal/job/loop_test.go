package job

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
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

func TestLoopRunsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		var at atomic.Int64
		q.Register("mail", func(context.Context, Job) error { at.Store(d.Clock().Now().UnixMicro()); return nil })
		q.Start(t.Context())
		q.Start(t.Context()) // goes on
		synctest.Wait()
		before := d.Clock().Now().UnixMicro()
		id := enqueue(t, q, New{Kind: "mail"})
		synctest.Wait()
		if got := at.Load(); got != before {
			t.Errorf("ran %d µs after it was enqueued", got-before)
		}
		later := enqueue(t, q, New{Kind: "mail", RunAt: d.Clock().Now().Add(time.Minute)})
		time.Sleep(time.Minute - pollEvery)
		synctest.Wait()
		if get(t, q, later).State != Queued {
			t.Error("ran too early")
		}
		time.Sleep(2 * pollEvery)
		synctest.Wait()
		if get(t, q, id).State != Done || get(t, q, later).State != Done {
			t.Errorf("jobs: %+v", list(t, q, Filter{}))
		}
		q.Stop()
		q.Stop()
		enqueue(t, q, New{Kind: "mail"})
		time.Sleep(time.Minute)
		if n := len(list(t, q, Filter{State: Queued})); n != 1 {
			t.Errorf("a queue that was stopped ran a job")
		}
		q.Start(t.Context())
		synctest.Wait()
		if n := len(list(t, q, Filter{State: Queued})); n != 0 {
			t.Errorf("a queue that was started again did not run the job")
		}
		q.Stop()
	})
}

func TestLoopRetries(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, slog.New(slog.NewTextHandler(io.Discard, nil)))
		var tries atomic.Int64
		q.Register("hook", func(context.Context, Job) error {
			if tries.Add(1) < 4 {
				return errors.New("not yet")
			}
			return nil
		})
		q.Start(t.Context())
		defer q.Stop()
		id := enqueue(t, q, New{Kind: "hook"})
		time.Sleep((10+20+40)*time.Second + 4*pollEvery)
		synctest.Wait()
		if j := get(t, q, id); j.State != Done || j.Attempt != 4 {
			t.Errorf("after %d tries: %+v", tries.Load(), j)
		}
	})
}

func TestLoopKeepsLeases(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		one, two := NewQueue(d, nil), NewQueue(d, nil)
		var now, most, runs atomic.Int64
		long := func(context.Context, Job) error {
			runs.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(3 * leaseTime)
			now.Add(-1)
			return nil
		}
		for _, q := range []*Queue{one, two} {
			q.Register("long", long)
			q.Start(t.Context())
			defer q.Stop()
		}
		id := enqueue(t, one, New{Kind: "long"})
		time.Sleep(4 * leaseTime)
		synctest.Wait()
		if j := get(t, one, id); runs.Load() != 1 || most.Load() != 1 || j.State != Done || j.Attempt != 1 {
			t.Errorf("%d runs, %d at once: %+v", runs.Load(), most.Load(), j)
		}
	})
}

func TestLoopGivesUpALostLease(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		var cause atomic.Value
		q.Register("long", func(ctx context.Context, _ Job) error {
			<-ctx.Done()
			cause.Store(context.Cause(ctx))
			return ctx.Err()
		})
		q.Start(t.Context())
		defer q.Stop()
		id := enqueue(t, q, New{Kind: "long"})
		synctest.Wait()
		err := d.Write(t.Context(), func(tx *db.Tx) error { // as if another process had claimed it
			_, err := tx.SQL().ExecContext(t.Context(), "UPDATE jobs SET attempt = 2 WHERE id = $1", id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(leaseTime / 2)
		synctest.Wait()
		if err, _ := cause.Load().(error); !errors.Is(err, errLeaseLost) {
			t.Errorf("cause = %v", err)
		}
		if j := get(t, q, id); j.State != Running || j.Attempt != 2 || j.LastError != "" {
			t.Errorf("the other attempt was disturbed: %+v", j)
		}
	})
}

func TestHandlersThatHangAreEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		q.Register("hangs", func(ctx context.Context, _ Job) error { <-ctx.Done(); return ctx.Err() })
		id := enqueue(t, q, New{Kind: "hangs"})
		began := d.Clock().Now()
		runDue(t, q, 1)
		if took := d.Clock().Now().Sub(began); took != runLimit {
			t.Errorf("took %v", took)
		}
		if j := get(t, q, id); j.Attempt != 1 || j.LastError != "did not finish within 1h0m0s: context deadline exceeded" {
			t.Errorf("%+v", j)
		}
	})
}

func TestStopWaitsAndThenCutsOff(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		q.Register("short", func(ctx context.Context, _ Job) error { time.Sleep(stopGrace / 2); return ctx.Err() })
		q.Register("long", func(ctx context.Context, _ Job) error { <-ctx.Done(); return ctx.Err() })
		q.Start(t.Context())
		short, long := enqueue(t, q, New{Kind: "short"}), enqueue(t, q, New{Kind: "long"})
		synctest.Wait()
		began := d.Clock().Now()
		q.Stop()
		if took := d.Clock().Now().Sub(began); took != stopGrace {
			t.Errorf("Stop took %v", took)
		}
		if j := get(t, q, short); j.State != Done {
			t.Errorf("what finished in time: %+v", j)
		}
		if j := get(t, q, long); j.State != Queued || j.RunAt.After(d.Clock().Now()) || j.MaxAttempts != maxAttempts+1 {
			t.Errorf("what was cut off: %+v", j)
		}
	})
}

func TestStartEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		q.Register("mail", func(context.Context, Job) error { return nil })
		ctx, cancel := context.WithCancel(t.Context())
		q.Start(ctx)
		synctest.Wait()
		cancel()
		synctest.Wait()
		enqueue(t, q, New{Kind: "mail"})
		time.Sleep(time.Minute)
		if n := len(list(t, q, Filter{State: Queued})); n != 1 {
			t.Error("ran after its context ended")
		}
		q.Stop()
	})
}

func TestLoopIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		var now, most atomic.Int64
		q.Register("slow", func(context.Context, Job) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		})
		for range 3 * workers {
			enqueue(t, q, New{Kind: "slow"})
		}
		q.Start(t.Context())
		defer q.Stop()
		time.Sleep(3*time.Second + pollEvery/2)
		synctest.Wait()
		if n := len(list(t, q, Filter{State: Done})); n != 3*workers || most.Load() != workers {
			t.Errorf("%d done, %d at once", n, most.Load())
		}
	})
}

// lines counts what is logged.
type lines struct{ n atomic.Int64 }

func (l *lines) Write(p []byte) (int, error) { l.n.Add(1); return len(p), nil }

func TestLoopBearsADatabaseThatIsAway(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		var log lines
		q := NewQueue(d, slog.New(slog.NewTextHandler(&log, nil)))
		q.Start(t.Context())
		synctest.Wait()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := log.n.Load(); n < 5 || n > 7 {
			t.Errorf("%d lines are logged in a minute", n)
		}
		q.Stop()
	})
}

func TestLoopRunsPeriods(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB) {
		q := NewQueue(d, nil)
		var runs atomic.Int64
		q.Register("minutely", func(context.Context, Job) error { runs.Add(1); return nil })
		q.Every("minutely", time.Minute)
		q.Start(t.Context())
		time.Sleep(3*time.Minute + 30*time.Second)
		synctest.Wait()
		q.Stop()
		if got := runs.Load(); got != 4 {
			t.Errorf("%d runs, want the current minute and three more", got)
		}
		time.Sleep(24 * time.Minute)
		q.Start(t.Context())
		synctest.Wait()
		q.Stop()
		if got := runs.Load(); got != 28 {
			t.Errorf("%d runs after a downtime of 24 minutes, want 28", got)
		}
	})
}
