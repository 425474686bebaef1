package automation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
)

func TestTasksRunInOrderUntilAllIsDone(t *testing.T) {
	each(t, func(b *bundle) {
		b.queue.Register("mail", func(context.Context, job.Job) error { b.tell("mail"); return nil })
		// A charge brings a reminder about, which writes a mail; a mail may bring a hold about.
		b.Register(b.taskOf("remind", OrderReminders, func(ctx context.Context, tx *db.Tx, _ string) error {
			return b.queue.Enqueue(ctx, tx, job.New{Kind: "mail"})
		}))
		b.Register(b.taskOf("hold", OrderHolds, nil))
		b.Register(b.taskOf("charge", OrderCharges, func(ctx context.Context, tx *db.Tx, id string) error {
			if err := insert(ctx, tx, "r"+id, "remind", "", tx.Now); err != nil {
				return err
			}
			return insert(ctx, tx, "h"+id, "hold", "", tx.Now)
		}))
		b.thing("2", "charge", "", at(0))
		b.thing("1", "charge", "", at(-5))
		b.thing("9", "charge", "", at(1))
		b.thing("a", "hold", "", at(0))
		r := b.run()
		b.wantStory("0h hold a", "0h charge 1", "0h charge 2", "0h remind r1", "0h remind r2", "0h mail", "0h mail", "0h hold h1", "0h hold h2")
		want := map[string]Count{"hold": {Done: 3}, "charge": {Done: 2}, "remind": {Done: 2}, "mail": {Done: 2}}
		if diff := cmp.Diff(want, r.Ran); diff != "" || !r.Now.Equal(at(0)) || r.Done() != 9 || r.Failed() != 0 {
			t.Errorf("report of %v:\n%s", r.Now, diff)
		}
		if r := b.run(); len(r.Ran) != 0 {
			t.Errorf("with nothing due: %+v", r)
		}
		runs, next, err := b.Runs(t.Context(), Filter{Limit: 3})
		if err != nil || len(runs) != 3 || next == "" || runs[0].Task != "hold" || runs[0].Done != 2 || !runs[0].At.Equal(at(0)) {
			t.Errorf("runs: %+v, %q, %v", runs, next, err)
		}
		rest, next, err := b.Runs(t.Context(), Filter{Limit: 3, Cursor: next})
		if err != nil || len(rest) != 1 || next != "" {
			t.Errorf("the other runs: %+v, %q, %v", rest, next, err)
		}
		if holds, _, err := b.Runs(t.Context(), Filter{Task: "hold"}); len(holds) != 2 || err != nil {
			t.Errorf("runs of one task: %+v, %v", holds, err)
		}
	})
}

// What few stores need costs the others one question for all tasks of it, and nothing becomes due of it.
func TestTasksThatFewStoresNeed(t *testing.T) {
	each(t, func(b *bundle) {
		asked, some := 0, false
		ofDomains := Condition(func(context.Context, *db.Tx) (bool, error) { asked++; return some, nil })
		for _, kind := range []string{"renew", "watch"} {
			task := b.taskOf(kind, OrderCharges, nil)
			task.If = &ofDomains
			b.Register(task)
		}
		b.Register(b.taskOf("charge", OrderInvoices, func(context.Context, *db.Tx, string) error { some = true; return nil }))
		b.thing("1", "renew", "", at(0))
		b.thing("2", "watch", "", at(1))
		b.thing("3", "charge", "", at(2))
		if r := b.run(); len(r.Ran) != 0 || asked != 1 {
			t.Errorf("%+v, asked %d times", r, asked)
		}
		next, ok, err := b.next(t.Context(), at(0))
		if err != nil || !ok || !next.Equal(at(2)) || asked != 2 {
			t.Errorf("next: %v, %t, %v, asked %d times", next, ok, err, asked)
		}
		all, _, err := b.Standings(t.Context())
		if err != nil || all[0].NextDue == nil || all[1].NextDue != nil || asked != 3 {
			t.Errorf("standings: %+v, %v, asked %d times", all, err, asked)
		}
		// What comes into being on the way counts from the next round.
		b.clock.Set(at(2))
		b.run()
		b.wantStory("2h charge 3", "2h renew 1", "2h watch 2")
	})
}

func TestRunForOneCustomer(t *testing.T) {
	each(t, func(b *bundle) {
		b.Register(b.taskOf("charge", OrderCharges, nil))
		b.thing("1", "charge", "cus_1", at(0))
		b.thing("2", "charge", "cus_2", at(0))
		r, err := b.RunFor(event.WithActor(t.Context(), event.Actor{Kind: event.Staff}), "cus_2")
		if err != nil || r.Ran["charge"].Done != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		b.wantStory("0h charge 2")
	})
}

func TestOneFailingItemStopsNothing(t *testing.T) {
	each(t, func(b *bundle) {
		b.Register(b.taskOf("charge", OrderCharges, nil))
		for i := range 3*pageSize + 5 {
			b.thing(fmt.Sprintf("sub_%04d", i), "charge", "", at(0))
		}
		b.bad = map[string]error{"sub_0001": errors.New("no route \x00 \xff"), "sub_0300": errors.New("panic"), "sub_0604": errors.New(strings.Repeat("x", 9999))}
		r := b.run()
		if got, want := r.Ran["charge"], (Count{Done: 3*pageSize + 2, Failed: 3}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if n := b.number("SELECT count(*) FROM things WHERE done = 0"); n != 3 {
			t.Errorf("%d things are not done", n)
		}
		failures, next, err := b.Failures(t.Context(), Filter{Limit: 2})
		if err != nil || len(failures) != 2 || next == "" {
			t.Fatalf("failures: %+v, %q, %v", failures, next, err)
		}
		f := failures[0]
		if f.SubjectID != "sub_0001" || f.Error != "no route \ufffd \ufffd" || f.Attempts != 1 || !f.FirstAt.Equal(at(0)) || f.NextTryAt.Sub(f.LastAt) != time.Minute {
			t.Errorf("failure: %+v", f)
		}
		if !strings.HasPrefix(failures[1].Error, "panic: panic\n") {
			t.Errorf("panic: %+v", failures[1])
		}
		rest, next, err := b.Failures(t.Context(), Filter{Limit: 2, Cursor: next, Task: "charge"})
		if err != nil || len(rest) != 1 || next != "" || len(rest[0].Error) > maxError+10 {
			t.Errorf("the other: %+v, %q, %v", rest, next, err)
		}

		// They are left alone for a while, longer each time.
		if r := b.run(); len(r.Ran) != 0 {
			t.Errorf("at once: %+v", r)
		}
		b.clock.Advance(time.Minute)
		if r := b.run(); r.Ran["charge"] != (Count{Failed: 3}) {
			t.Errorf("after a minute: %+v", r)
		}
		b.clock.Advance(time.Minute)
		if r := b.run(); len(r.Ran) != 0 {
			t.Errorf("after another: %+v", r)
		}
		// Somebody has one tried again, one is not due any more, one heals by itself.
		b.bad = nil
		if err := b.Retry(t.Context(), "charge", "sub_0300"); err != nil {
			t.Error(err)
		}
		if r := b.run(); r.Ran["charge"] != (Count{Done: 1}) {
			t.Errorf("retried: %+v", r)
		}
		b.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(t.Context(), "DELETE FROM things WHERE id = 'sub_0001'")
			return err
		})
		b.clock.Advance(time.Minute)
		if r := b.run(); r.Ran["charge"] != (Count{Done: 1}) {
			t.Errorf("healed: %+v", r)
		}
		if failures, _, err := b.Failures(t.Context(), Filter{}); len(failures) != 0 || err != nil {
			t.Errorf("in the end: %+v, %v", failures, err)
		}
		for _, unknown := range [][2]string{{"charge", "sub_0300"}, {"charge", "\x00"}, {"other", "sub_0300"}} {
			if err := b.Retry(t.Context(), unknown[0], unknown[1]); !errors.Is(err, errNoFailure) {
				t.Errorf("retry %q: %v", unknown, err)
			}
		}
		if n := b.number("SELECT count(*) FROM events WHERE type = 'automation.failed'"); n != 3 {
			t.Errorf("%d events tell of failures", n)
		}
	})
}

func (b *bundle) number(q string) (n int) {
	b.Helper()
	err := b.d.Read(b.Context(), func(tx *db.Tx) error { return tx.SQL().QueryRowContext(b.Context(), q).Scan(&n) })
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int64]time.Duration{1: time.Minute, 2: 2 * time.Minute, 11: 1024 * time.Minute, 12: 24 * time.Hour, 1 << 40: 24 * time.Hour} {
		if got := delay(attempts); got != want {
			t.Errorf("after %d attempts: %v, want %v", attempts, got, want)
		}
	}
}

func TestTasksThatAreBroken(t *testing.T) {
	each(t, func(b *bundle) {
		b.Register(Task{Kind: "broken", Order: 1, Run: func(context.Context, *Pass) error { return errors.New("no such table") }})
		b.Register(Task{Kind: "panics", Order: 2, Run: func(context.Context, *Pass) error { panic("nobody expects it") }})
		b.Register(Task{Kind: "holds", Order: 3, Run: func(_ context.Context, p *Pass) error { p.Held("x"); return nil }})
		b.Register(b.taskOf("charge", OrderCharges, nil))
		b.thing("1", "charge", "", at(0))
		r := b.run()
		// The two rounds look at what waits twice; it is one item all the same.
		want := map[string]Count{"broken": {Failed: 2}, "panics": {Failed: 2}, "holds": {Held: 1}, "charge": {Done: 1}}
		if diff := cmp.Diff(want, r.Ran); diff != "" {
			t.Error(diff)
		}
		all, lookedAt, err := b.Standings(t.Context())
		if err != nil || len(all) != 4 || lookedAt == nil || !lookedAt.Equal(at(0)) {
			t.Fatalf("standings: %+v, %v, %v", all, lookedAt, err)
		}
		if all[0].Kind != "broken" || all[0].LastRun == nil || all[0].LastRun.Error != "no such table" || all[2].LastRun != nil {
			t.Errorf("standings: %+v", all)
		}
		b.Register(Task{Kind: "restless", Run: func(_ context.Context, p *Pass) error { p.DoneMany(1); return nil }})
		if _, err := b.RunDue(t.Context()); !errors.Is(err, errRestless) {
			t.Errorf("a task that never rests: %v", err)
		}
		defer func() {
			if recover() == nil {
				t.Error("a kind was registered twice")
			}
		}()
		b.Register(Task{Kind: "charge"})
	})
}

func TestPrune(t *testing.T) {
	each(t, func(b *bundle) {
		b.Register(b.taskOf("charge", OrderCharges, nil))
		b.thing("1", "charge", "", at(0))
		b.thing("2", "charge", "", at(1))
		b.run()
		b.clock.Advance(time.Hour)
		b.run()
		b.clock.Advance(keepRuns)
		if err := b.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if runs, _, err := b.Runs(t.Context(), Filter{}); len(runs) != 1 || err != nil {
			t.Errorf("runs: %+v, %v", runs, err)
		}
	})
}

func TestContextEnds(t *testing.T) {
	each(t, func(b *bundle) {
		ctx, cancel := context.WithCancel(t.Context())
		b.Register(b.taskOf("charge", OrderCharges, func(context.Context, *db.Tx, string) error { cancel(); return nil }))
		b.thing("1", "charge", "", at(0))
		b.thing("2", "charge", "", at(0))
		if _, err := b.RunDue(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("RunDue = %v", err)
		}
		b.wantStory("0h charge 1") // what was begun is finished
		if failures, _, err := b.Failures(t.Context(), Filter{}); len(failures) != 0 || err != nil {
			t.Errorf("failures: %+v, %v", failures, err)
		}
		b.run()
		b.wantStory("0h charge 2")
	})
}
