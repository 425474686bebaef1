package db_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// nows returns the two instants of a new transaction.
func nows(t *testing.T, d *db.DB) (now, wall time.Time) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		now, wall = tx.Now, tx.Wall
		if tx.Stamp != clock.FromTime(now) || tx.WallStamp != clock.FromTime(wall) {
			t.Errorf("stamps %d and %d are not those of %v and %v", tx.Stamp, tx.WallStamp, now, wall)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return now, wall
}

func TestWallIsTheClockUnlessTheStoreStandsStill(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if now, wall := nows(t, s.DB); now != dbtest.Start || wall != now || s.DB.Wall() != s.DB.Clock() || s.DB.Still() {
			t.Errorf("now %v, wall %v", now, wall)
		}
		if err := s.DB.MoveClock(t.Context(), dbtest.Start.Add(time.Hour)); err == nil {
			t.Error("the clock of a store that does not stand still was moved")
		}
	})
}

func TestStoreThatStandsStill(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
		machine := clock.NewTest(dbtest.Start)
		c := s.Config
		c.Clock = readOnly{machine}
		open := func() *db.DB {
			t.Helper()
			d, err := db.Open(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return d
		}
		d := open()
		start := time.Date(2027, 1, 31, 9, 0, 0, 123456000, time.UTC)
		if err := d.StandStill(ctx, start); err != nil {
			t.Fatal(err)
		}
		machine.Advance(time.Hour)
		if now, wall := nows(t, d); now != start || wall != dbtest.Start.Add(time.Hour) || !d.Still() {
			t.Errorf("now %v, wall %v", now, wall)
		}

		later := start.Add(24 * time.Hour)
		for _, to := range []time.Time{later, start, later.Add(-time.Microsecond)} {
			if err := d.MoveClock(ctx, to); err != nil {
				t.Fatal(err)
			}
			if now, _ := nows(t, d); now != later || d.Clock().Now() != later {
				t.Errorf("moved to %v: now %v, want %v", to, now, later)
			}
		}

		if s.Engine == db.Postgres {
			other := open()
			if err := other.StandStill(ctx, dbtest.Start); err != nil {
				t.Fatal(err)
			}
			later = later.Add(time.Hour)
			if err := d.MoveClock(ctx, later); err != nil {
				t.Fatal(err)
			}
			if now, _ := nows(t, other); now != later {
				t.Errorf("the other process sees %v, want %v", now, later)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		again := open()
		if err := again.StandStill(ctx, dbtest.Start); err != nil {
			t.Fatal(err)
		}
		if now, _ := nows(t, again); now != later {
			t.Errorf("after a restart: %v, want %v", now, later)
		}
	})
}

// readOnly is a clock that nobody but its owner moves.
type readOnly struct{ c *clock.Test }

func (r readOnly) Now() time.Time { return r.c.Now() }

// A write that promises less is there for those who read, and for a restart.
func TestRelaxedWrites(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := db.Relaxed(t.Context())
		for _, name := range []string{"x1", "x2"} {
			if err := s.DB.Write(ctx, putting(name)); err != nil {
				t.Fatal(err)
			}
		}
		wantStored(t, s.DB, "x", "x1", "x2")
		if err := s.DB.Write(t.Context(), putting("x3")); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
		d, err := db.Open(t.Context(), s.Config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		wantStored(t, d, "x", "x1", "x2", "x3")
	})
}
