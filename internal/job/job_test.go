package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// enqueue adds a job and returns its id, empty if there was one with its key.
func enqueue(t *testing.T, q *Queue, n New) string {
	t.Helper()
	before := list(t, q, Filter{})
	err := q.db.Write(t.Context(), func(tx *db.Tx) error { return q.Enqueue(t.Context(), tx, n) })
	if err != nil {
		t.Fatal(err)
	}
	if after := list(t, q, Filter{}); len(after) > len(before) {
		return after[0].ID
	}
	return ""
}

func list(t *testing.T, q *Queue, f Filter) []Job {
	t.Helper()
	f.Limit = 200
	jobs, _, err := q.List(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func get(t *testing.T, q *Queue, id string) Job {
	t.Helper()
	j, err := q.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func runDue(t *testing.T, q *Queue, want int) {
	t.Helper()
	if n, err := q.RunDue(t.Context()); n != want || err != nil {
		t.Fatalf("RunDue = %d, %v, want %d", n, err, want)
	}
}

func eventTypes(t *testing.T, d *db.DB, subject string) (types []string) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.ListEventsBySubject(t.Context(), query.ListEventsBySubjectParams{SubjectID: subject, N: 100})
		for _, r := range rows {
			types = append(types, r.Type+" "+r.Data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestRunDue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		var ran []string
		q.Register("mail", func(ctx context.Context, j Job) error {
			var to string
			if err := j.Decode(&to); err != nil {
				return err
			}
			if a := event.ActorFrom(ctx); a.Kind != event.System {
				t.Errorf("the job acts as %+v", a)
			}
			ran = append(ran, to)
			return nil
		})
		runDue(t, q, 0)
		now := s.Clock.Now()
		enqueue(t, q, New{Kind: "mail", Payload: "third"})
		second := enqueue(t, q, New{Kind: "mail", Payload: "second", RunAt: now.Add(-time.Minute)})
		enqueue(t, q, New{Kind: "mail", Payload: "first", RunAt: now.Add(-time.Hour)})
		enqueue(t, q, New{Kind: "mail", Payload: "tomorrow", RunAt: now.Add(24 * time.Hour)})

		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1"})
		if n, err := q.RunDue(ctx); n != 3 || err != nil {
			t.Fatalf("RunDue = %d, %v", n, err)
		}
		if want := []string{"first", "second", "third"}; !slices.Equal(ran, want) {
			t.Errorf("ran %q, want %q", ran, want)
		}
		if j := get(t, q, second); j.State != Done || j.Attempt != 1 || j.LeaseUntil != nil || j.FinishedAt == nil || !j.FinishedAt.Equal(now) {
			t.Errorf("afterwards: %+v", j)
		}
		runDue(t, q, 0)
		s.Clock.Advance(24 * time.Hour)
		runDue(t, q, 1)
	})
}

func TestEnqueueBelongsToTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		undo := errors.New("undo")
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if err := q.Enqueue(t.Context(), tx, New{Kind: "mail"}); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) || len(list(t, q, Filter{})) != 0 {
			t.Errorf("%v; jobs: %+v", err, list(t, q, Filter{}))
		}
		err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
			return q.Enqueue(t.Context(), tx, New{Kind: "mail", Payload: func() {}})
		})
		if err == nil || !strings.Contains(err.Error(), "enqueue mail") {
			t.Errorf("a payload that is no JSON: %v", err)
		}
	})
}

func TestDedupKey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		q.Register("mail", func(context.Context, Job) error { return nil })
		q.Register("hook", func(context.Context, Job) error { return nil })
		if enqueue(t, q, New{Kind: "mail", DedupKey: "a"}) == "" || enqueue(t, q, New{Kind: "hook", DedupKey: "a"}) == "" ||
			enqueue(t, q, New{Kind: "mail"}) == "" || enqueue(t, q, New{Kind: "mail"}) == "" {
			t.Error("a job that is new was not enqueued")
		}
		if enqueue(t, q, New{Kind: "mail", DedupKey: "a"}) != "" {
			t.Error("the same was enqueued twice")
		}
		runDue(t, q, 4)
		if enqueue(t, q, New{Kind: "mail", DedupKey: "a"}) != "" {
			t.Error("what is done was enqueued again")
		}
	})
}

func TestFailedAttempts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		q.random = func() float64 { return 0.5 }
		healthy := false
		q.Register("hook", func(context.Context, Job) error {
			if healthy {
				return nil
			}
			return errors.New("no route\x00 to host \xff")
		})
		id := enqueue(t, q, New{Kind: "hook"})

		runDue(t, q, 1)
		j := get(t, q, id)
		if j.State != Queued || j.Attempt != 1 || j.LastError != "no route\ufffd to host \ufffd" || j.RunAt.Sub(s.Clock.Now()) != 7500*time.Millisecond {
			t.Errorf("after one attempt: %+v", j)
		}
		runDue(t, q, 0)
		for range maxAttempts - 1 {
			s.Clock.Advance(time.Hour)
			runDue(t, q, 1)
		}
		if j = get(t, q, id); j.State != Failed || j.Attempt != maxAttempts || j.FinishedAt == nil {
			t.Errorf("after the last attempt: %+v", j)
		}
		if got := eventTypes(t, s.DB, id); !slices.Equal(got, []string{`job.failed {"kind":"hook","attempts":20}`}) {
			t.Errorf("events: %q", got)
		}
		s.Clock.Advance(24 * time.Hour)
		runDue(t, q, 0)

		// A person retries it: it has all its attempts again, and then fails for good once more.
		if j, err := q.Retry(t.Context(), id); err != nil || j.State != Queued || j.FinishedAt != nil || j.LastError == "" {
			t.Fatalf("Retry = %+v, %v", j, err)
		}
		for range maxAttempts {
			runDue(t, q, 1)
			s.Clock.Advance(time.Hour)
		}
		if j = get(t, q, id); j.State != Failed || j.Attempt != 2*maxAttempts {
			t.Errorf("retried and failed: %+v", j)
		}
		healthy = true
		if _, err := q.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		runDue(t, q, 1)
		if j = get(t, q, id); j.State != Done || j.LastError != "" {
			t.Errorf("in the end: %+v", j)
		}
		if _, err := q.Retry(t.Context(), id); !errors.Is(err, errNotRetryable) {
			t.Errorf("retry what is done: %v", err)
		}
		for _, unknown := range []string{"job_unknown", "", "x'\x00"} {
			if _, err := q.Retry(t.Context(), unknown); !errors.Is(err, errNotFound) {
				t.Errorf("retry %q: %v", unknown, err)
			}
		}
	})
}

func TestFaultsOfHandlers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		fine := 0
		q.Register("panics", func(context.Context, Job) error { panic("nobody expects it") })
		q.Register("long", func(context.Context, Job) error { return errors.New(strings.Repeat("x", 10_000)) })
		q.Register("fine", func(context.Context, Job) error { fine++; return nil })
		panics := enqueue(t, q, New{Kind: "panics"})
		unknown := enqueue(t, q, New{Kind: "unknown"})
		long := enqueue(t, q, New{Kind: "long"})
		enqueue(t, q, New{Kind: "fine"})
		runDue(t, q, 4)
		if fine != 1 {
			t.Error("a fault stopped the others")
		}
		if j := get(t, q, panics); j.State != Queued || !strings.HasPrefix(j.LastError, "panic: nobody expects it\n") || !strings.Contains(j.LastError, "job_test.go") {
			t.Errorf("panic: %+v", j)
		}
		if j := get(t, q, unknown); j.State != Queued || !strings.Contains(j.LastError, "no handler") {
			t.Errorf("unknown kind: %+v", j)
		}
		if j := get(t, q, long); len(j.LastError) > maxError+10 {
			t.Errorf("%d bytes of error were kept", len(j.LastError))
		}
	})
}

func TestProcessDiesWithAJob(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		dead, q := NewQueue(s.DB, nil), NewQueue(s.DB, nil)
		ran := 0
		q.Register("mail", func(context.Context, Job) error { ran++; return nil })
		id := enqueue(t, q, New{Kind: "mail"})
		lost, ok, err := dead.claim(t.Context())
		if !ok || err != nil {
			t.Fatal(ok, err)
		}

		s.Clock.Advance(leaseTime - time.Microsecond)
		runDue(t, q, 0)
		if _, err := q.Retry(t.Context(), id); !errors.Is(err, errNotRetryable) {
			t.Errorf("retry what is running: %v", err)
		}
		s.Clock.Advance(time.Microsecond)
		runDue(t, q, 1)
		if j := get(t, q, id); ran != 1 || j.State != Done || j.Attempt != 2 {
			t.Errorf("ran %d times: %+v", ran, j)
		}
		// The dead one was only slow, and comes back.
		for _, outcome := range []error{nil, errors.New("too late")} {
			if err := dead.settle(t.Context(), lost, outcome, false); !errors.Is(err, errLeaseLost) {
				t.Errorf("the outcome %v of a lost attempt: %v", outcome, err)
			}
		}
		if j := get(t, q, id); j.State != Done || j.LastError != "" {
			t.Errorf("then: %+v", j)
		}
	})
}

func TestJobThatKillsItsProcess(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		q.Register("fine", func(context.Context, Job) error { return nil })
		id := enqueue(t, q, New{Kind: "deadly"})
		for range maxAttempts {
			if _, ok, err := q.claim(t.Context()); !ok || err != nil {
				t.Fatal(ok, err)
			}
			s.Clock.Advance(leaseTime)
		}
		enqueue(t, q, New{Kind: "fine"})
		runDue(t, q, 1)
		if j := get(t, q, id); j.State != Failed || j.LastError != errCrashed.Error() {
			t.Errorf("after it killed %d processes: %+v", maxAttempts, j)
		}
		if got := eventTypes(t, s.DB, id); !slices.Equal(got, []string{`job.failed {"kind":"deadly","attempts":20}`}) {
			t.Errorf("events: %q", got)
		}
	})
}

func TestCutOff(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cut := true
		q.Register("long", func(ctx context.Context, _ Job) error {
			if cut {
				cancel()
			}
			return ctx.Err()
		})
		id := enqueue(t, q, New{Kind: "long"})
		if n, err := q.RunDue(ctx); n != 1 || !errors.Is(err, context.Canceled) {
			t.Fatalf("RunDue = %d, %v", n, err)
		}
		if j := get(t, q, id); j.State != Queued || !j.RunAt.Equal(s.Clock.Now()) || j.Attempt != 1 || j.MaxAttempts != maxAttempts+1 {
			t.Errorf("cut off: %+v", j)
		}
		cut = false
		runDue(t, q, 1)
	})
}

// Several queues, on PostgreSQL in several processes, share the work: each job runs exactly once.
func TestQueuesShare(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		const jobs, queues = 40, 3
		var mu sync.Mutex
		ran := map[string]int{}
		run := func(_ context.Context, j Job) error {
			mu.Lock()
			defer mu.Unlock()
			ran[j.ID]++
			return nil
		}
		first := NewQueue(s.DB, nil)
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			for i := range jobs {
				if err := first.Enqueue(t.Context(), tx, New{Kind: "mail", Payload: i}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range queues {
			d := s.DB
			if s.Open != nil {
				d = s.Open(t)
			}
			q := NewQueue(d, nil)
			q.Register("mail", run)
			wg.Go(func() {
				if _, err := q.RunDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(ran) != jobs {
			t.Errorf("%d jobs ran, want %d", len(ran), jobs)
		}
		for id, n := range ran {
			if n != 1 {
				t.Errorf("%s ran %d times", id, n)
			}
		}
	})
}

func TestEvery(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		var ran []string
		broken := ""
		newQueue := func() *Queue {
			q := NewQueue(s.DB, nil)
			q.Register("daily", func(_ context.Context, j Job) error {
				var p Period
				if err := j.Decode(&p); err != nil || p.End.Sub(p.Start) != 24*time.Hour {
					t.Errorf("payload %s: %v", j.Payload, err)
				}
				day := p.Start.Format(time.DateOnly)
				ran = append(ran, day)
				if day == broken {
					return errors.New("broken")
				}
				return nil
			})
			q.Every("daily", 24*time.Hour)
			return q
		}
		expect := func(days ...string) {
			t.Helper()
			if !slices.Equal(ran, days) {
				t.Errorf("ran for %q, want %q", ran, days)
			}
			ran = nil
		}
		s.Clock.Set(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
		one, two := newQueue(), newQueue()
		runDue(t, one, 1)
		expect("2026-11-22")
		if j := list(t, one, Filter{}); len(j) != 1 || j[0].DedupKey != "daily:2026-11-22T00:00:00Z" {
			t.Errorf("jobs: %+v", j)
		}
		runDue(t, one, 0)
		runDue(t, two, 0)

		s.Clock.Set(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
		runDue(t, two, 1)
		runDue(t, one, 0)
		expect("2026-11-23")

		// After a downtime the missing days come in their order; one that fails does not stop the next.
		broken = "2026-11-25"
		s.Clock.Set(time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC))
		runDue(t, newQueue(), 3)
		expect("2026-11-24", "2026-11-25", "2026-11-26")
		broken = ""
		s.Clock.Advance(time.Minute)
		runDue(t, one, 1)
		expect("2026-11-25")

		// A long downtime is made good for the newest periods.
		s.Clock.Set(time.Date(2027, 6, 1, 7, 0, 0, 0, time.UTC))
		runDue(t, one, mostMissed)
		if ran[0] != "2027-05-02" || ran[mostMissed-1] != "2027-06-01" || !slices.IsSorted(ran) {
			t.Errorf("ran for %q", ran)
		}

		// A clock that was turned back proposes nothing twice.
		ran = nil
		s.Clock.Set(time.Date(2027, 5, 20, 7, 0, 0, 0, time.UTC))
		runDue(t, newQueue(), 0)
	})
}

// A period that still runs, here or in another process, keeps the next one from being proposed.
func TestEveryDoesNotOverlap(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		q.Register("often", func(context.Context, Job) error { return nil })
		q.Every("often", 10*time.Second)
		if err := q.propose(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		slow, ok, err := q.claim(t.Context())
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		s.Clock.Advance(30 * time.Second)
		runDue(t, q, 0)
		if err := q.settle(t.Context(), slow, nil, false); err != nil {
			t.Fatal(err)
		}
		runDue(t, q, 3)
		if n := len(list(t, q, Filter{State: Done})); n != 4 {
			t.Errorf("%d periods are done, want 4", n)
		}
	})
}

func TestPrune(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		q.Register("mail", func(context.Context, Job) error { return nil })
		q.Register("yearly", func(context.Context, Job) error { return nil })
		q.Every("yearly", 365*24*time.Hour)
		enqueue(t, q, New{Kind: "mail"})
		enqueue(t, q, New{Kind: "mail", DedupKey: "a"})
		enqueue(t, q, New{Kind: "mail", DedupKey: "b"})
		runDue(t, q, 4)
		failed := enqueue(t, q, New{Kind: "unknown"})
		runDue(t, q, 1)

		s.Clock.Advance(keepDone)
		if n, err := q.Prune(t.Context()); n != 0 || err != nil {
			t.Errorf("Prune = %d, %v: too early", n, err)
		}
		enqueue(t, q, New{Kind: "mail"})
		runDue(t, q, 2)
		s.Clock.Advance(time.Microsecond)
		if n, err := q.Prune(t.Context()); n != 2 || err != nil {
			t.Errorf("Prune = %d, %v, want 2", n, err)
		}
		if get(t, q, failed).State != Queued {
			t.Error("a job that is not done was changed")
		}
		// The year's work is remembered by a process that knows nothing else.
		again := NewQueue(s.DB, nil)
		again.Every("yearly", 365*24*time.Hour)
		if err := again.propose(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if jobs := list(t, q, Filter{Kind: "yearly"}); len(jobs) != 1 || jobs[0].State != Done {
			t.Errorf("yearly: %+v", jobs)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		q := NewQueue(s.DB, nil)
		q.Register("a", func(context.Context, Job) error { return nil })
		var ids []string
		for i := range 5 {
			ids = append(ids, enqueue(t, q, New{Kind: string("ab"[i%2]), Payload: i}))
		}
		runDue(t, q, 5)
		slices.Reverse(ids)

		var seen []string
		for cursor := ""; ; {
			jobs, next, err := q.List(t.Context(), Filter{Cursor: cursor, Limit: 2})
			if err != nil || len(jobs) > 2 {
				t.Fatalf("%d jobs, %v", len(jobs), err)
			}
			for _, j := range jobs {
				seen = append(seen, j.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if !slices.Equal(seen, ids) {
			t.Errorf("pages: %q, want %q", seen, ids)
		}
		for _, tt := range []struct {
			filter Filter
			want   int
		}{
			{Filter{Kind: "a"}, 3},
			{Filter{State: Done}, 3},
			{Filter{State: Queued}, 2},
			{Filter{State: Queued, Kind: "a"}, 0},
			{Filter{State: Failed}, 0},
		} {
			if got := list(t, q, tt.filter); len(got) != tt.want {
				t.Errorf("%+v: %d jobs, want %d", tt.filter, len(got), tt.want)
			}
		}
		for _, f := range []Filter{{State: "lost"}, {Kind: "a\x00"}, {Cursor: "job_1"}} {
			if _, _, err := q.List(t.Context(), f); fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("%+v: %v", f, err)
			}
		}
	})
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		attempt     int64
		least, most time.Duration
	}{
		{1, 5 * time.Second, 10 * time.Second},
		{2, 10 * time.Second, 20 * time.Second},
		{9, 1280 * time.Second, 2560 * time.Second},
		{10, 30 * time.Minute, time.Hour},
		{1000, 30 * time.Minute, time.Hour},
	} {
		if got := delay(tt.attempt, 0); got != tt.least {
			t.Errorf("attempt %d: at least %v, want %v", tt.attempt, got, tt.least)
		}
		if got := delay(tt.attempt, 1); got != tt.most {
			t.Errorf("attempt %d: at most %v, want %v", tt.attempt, got, tt.most)
		}
	}
}

func TestRegisterTwice(t *testing.T) {
	t.Parallel()
	q := NewQueue(nil, nil)
	q.Register("a", nil)
	defer func() {
		if p := fmt.Sprint(recover()); p != "job: kind a is registered twice" {
			t.Errorf("panic: %s", p)
		}
	}()
	q.Register("a", nil)
}
