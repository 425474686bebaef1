package metric_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/metric"
)

var (
	sent  = metric.Counter{Name: "sent_total", Labels: []string{"to", "result"}}
	plain = metric.Counter{Name: "plain_total"}
)

// What is undone is not counted, and what nobody watches is not kept.
func TestCounters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		count := func(fails error) {
			t.Helper()
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				metric.In(tx).Count(&plain, 1)
				sent.Add(tx, 2, "ada", "done")
				sent.Add(tx, 1, "", "failed")
				_ = tx.Savepoint(t.Context(), func() error {
					sent.Add(tx, 100, "ada", "done")
					return errors.New("undone")
				})
				return fails
			})
			if !errors.Is(err, fails) {
				t.Fatal(err)
			}
		}
		count(nil)
		w := metric.On(s.DB)
		if got := w.Of(&plain); len(got) != 1 || got[0].N != 0 {
			t.Errorf("before anything: %v", got)
		}
		count(nil)
		count(errors.New("undone"))
		count(nil)
		if metric.On(s.DB) != w {
			t.Error("there are two watches of one store")
		}
		want := []metric.Count{{Values: []string{"", "failed"}, N: 2}, {Values: []string{"ada", "done"}, N: 4}}
		if diff := cmp.Diff(want, w.Of(&sent)); diff != "" {
			t.Error(diff)
		}
		if got := w.Of(&plain); got[0].N != 3 {
			t.Errorf("counted at once: %v", got)
		}
	})
}
