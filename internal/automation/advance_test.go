package automation

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
)

func TestAdvance(t *testing.T) {
	each(t, func(b *bundle) {
		b.standStill()
		tries := 0
		b.queue.Register("mail", func(context.Context, job.Job) error {
			if tries++; tries == 1 {
				return errors.New("not yet")
			}
			b.tell("mail")
			return nil
		})
		b.Register(b.taskOf("charge", OrderCharges, func(ctx context.Context, tx *db.Tx, id string) error {
			if id != "1" {
				return nil
			}
			if err := b.queue.Enqueue(ctx, tx, job.New{Kind: "mail", RunAt: tx.Now.Add(time.Hour)}); err != nil {
				return err
			}
			return insert(ctx, tx, "later", "charge", "", tx.Now.Add(24*time.Hour))
		}))
		b.Register(b.taskOf("hold", OrderHolds, nil))
		b.thing("1", "charge", "", at(10))
		b.thing("2", "charge", "", at(40))
		b.thing("3", "hold", "", at(40))
		b.thing("4", "hold", "", at(-1))
		b.thing("5", "hold", "", at(1000))
		b.bad["2"] = errors.New("no money")

		var instants []string
		r, err := b.Advance(t.Context(), at(48), func(at time.Time) { instants = append(instants, at.Sub(dbtest.Start).String()) })
		if err != nil || !r.Now.Equal(at(48)) || !b.d.Clock().Now().Equal(at(48)) {
			t.Fatalf("%+v, %v", r, err)
		}
		if len(b.story) != 5 || b.story[4] != "40h hold 3" {
			t.Errorf("it happened: %q", b.story)
		}
		b.story[2] = "11h mail" // it was tried again some seconds after
		b.wantStory("0h hold 4", "10h charge 1", "11h mail", "34h charge later", "40h hold 3")
		// What fails is tried after 1, 3, 7, 15, … minutes.
		want := map[string]Count{"charge": {Done: 2, Failed: 9}, "hold": {Done: 2}, "mail": {Done: 1, Failed: 1}}
		if diff := cmp.Diff(want, r.Ran); diff != "" {
			t.Errorf("%s\n%s", diff, instants)
		}
		if len(instants) != 5+8+1 {
			t.Errorf("the clock stood at %s", instants)
		}

		// Not later than now: it comes to rest, and the clock stays.
		b.bad = nil
		b.thing("6", "hold", "", at(48))
		for _, to := range []time.Time{at(48), at(3), {}} {
			if r := b.advance(to); !r.Now.Equal(at(48)) {
				t.Errorf("to %v: %+v", to, r)
			}
		}
		b.wantStory("48h hold 6")
		if _, err := b.Advance(t.Context(), at(48).AddDate(21, 0, 0), nil); fail.Of(err).Kind != fail.KindInvalid {
			t.Errorf("far away: %v", err)
		}
		if n := b.number("SELECT count(*) FROM events WHERE type = 'test_clock.advanced'"); n != 1 {
			t.Errorf("%d events tell of advances", n)
		}
	})
}

func TestLiveStoreHasNoTestClock(t *testing.T) {
	each(t, func(b *bundle) {
		if _, err := b.Advance(t.Context(), at(1), nil); !errors.Is(err, errLive) {
			t.Errorf("Advance = %v", err)
		}
		if _, err := b.TestClock(); !errors.Is(err, errLive) {
			t.Errorf("TestClock = %v", err)
		}
		b.standStill()
		if now, err := b.TestClock(); !now.Equal(at(0)) || err != nil {
			t.Errorf("TestClock = %v, %v", now, err)
		}
	})
}

// A year of days costs what happens on them: here two jobs each.
func TestAdvanceOverAYear(t *testing.T) {
	each(t, func(b *bundle) {
		b.standStill()
		days := map[string]int{}
		for _, kind := range []string{"digest", "anomalies", "prune"} {
			b.queue.Register(kind, func(context.Context, job.Job) error { days[kind]++; return nil })
		}
		b.queue.Every("digest", 24*time.Hour)
		b.queue.Every("anomalies", 24*time.Hour)
		b.queue.Lately("prune", 24*time.Hour)
		b.Register(b.taskOf("charge", OrderCharges, nil))
		begun := time.Now()
		r := b.advance(at(24 * 365))
		t.Logf("took %v", time.Since(begun))
		want := map[string]int{"digest": 366, "anomalies": 366, "prune": 1}
		if diff := cmp.Diff(want, days); diff != "" || r.Done() != 733 {
			t.Errorf("%+v\n%s", r, diff)
		}
	})
}

func TestAdvanceThatIsCutOffGoesOn(t *testing.T) {
	each(t, func(b *bundle) {
		b.standStill()
		ctx, cancel := context.WithCancel(t.Context())
		b.Register(b.taskOf("charge", OrderCharges, func(_ context.Context, _ *db.Tx, id string) error {
			if id == "2" {
				cancel()
			}
			return nil
		}))
		for i := range 4 {
			b.thing(fmt.Sprint(i), "charge", "", at(float64(i)))
		}
		r, err := b.Advance(ctx, at(10), nil)
		if !errors.Is(err, context.Canceled) || !r.Now.Equal(at(2)) {
			t.Fatalf("%+v, %v", r, err)
		}
		if r := b.advance(at(10)); !r.Now.Equal(at(10)) {
			t.Errorf("%+v", r)
		}
		b.wantStory("0h charge 0", "1h charge 1", "2h charge 2", "3h charge 3")
	})
}

func TestTaskThatLooksBack(t *testing.T) {
	each(t, func(b *bundle) {
		b.standStill()
		b.Register(Task{
			Kind: "wrong",
			Next: func(_ context.Context, _ *db.Tx, after time.Time) (time.Time, bool, error) { return after, true, nil },
			Run:  func(context.Context, *Pass) error { return nil },
		})
		if _, err := b.Advance(t.Context(), at(1), nil); err == nil {
			t.Error("an advance would never have ended")
		}
	})
}
