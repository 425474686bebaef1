package rooms_test

import (
	"log/slog"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// Where nothing is due, that is one transaction's answer for all tasks; beside it there are those that take the lease and give
// it back.
func TestWhatAnIdleStoreCosts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r := roomstest.InTestMode(t, s, slog.New(slog.DiscardHandler))
		cost := func() int64 {
			t.Helper()
			begun := s.DB.Begun()
			if _, err := r.Automation.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s.DB.Begun() - begun
		}
		cost() // proposes the periods of the jobs, and runs them
		if n := cost(); n != 3 {
			t.Errorf("an idle run took %d transactions, want 3", n)
		}
	})
}
