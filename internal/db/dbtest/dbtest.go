// Package dbtest gives tests a real store of their own, on SQLite and on PostgreSQL.
//
//	func TestIssue(t *testing.T) {
//		dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
//			err := s.DB.Write(t.Context(), func(tx *db.Tx) error { … })
//		})
//	}
//
// A store is migrated once, not once per test: a test gets a copy of a template (a file, a database). PostgreSQL is
// started from the programs that are installed here and ends by itself when it has been idle for a while, so that
// `go test` of one package by hand needs no preparation. The environment changes that:
//
//   - KEYSTEAD_TEST_POSTGRES: the URL of a running server to use instead; its user may create databases
//   - KEYSTEAD_CI=1: a missing PostgreSQL fails the tests that need it; otherwise they are skipped
package dbtest

import (
	"context"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// Start is where the clock of every Store stands at first.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Store is an empty store that belongs to one test and ends with it.
type Store struct {
	DB     *db.DB
	Clock  *clock.Test
	Engine db.Engine
	// Open opens the same store a second time, as another process would, with the same clock. It is nil on SQLite,
	// where one process owns a store.
	Open func(t *testing.T) *db.DB
	// Config is what DB was opened with.
	Config db.Config
}

// Each runs f on both engines, as the parallel subtests "sqlite" and "postgres".
func Each(t *testing.T, f func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run(string(db.SQLite), func(t *testing.T) {
		t.Parallel()
		f(t, SQLite(t))
	})
	t.Run(string(db.Postgres), func(t *testing.T) {
		t.Parallel()
		f(t, Postgres(t))
	})
}

// SQLite gives a store in a folder of the test's own.
func SQLite(t testing.TB) *Store {
	t.Helper()
	s := &Store{Engine: db.SQLite, Clock: clock.NewTest(Start)}
	s.Config = db.Config{Dir: SQLiteDir(t), Clock: s.Clock}
	s.DB = open(t, s.Config)
	return s
}

// Postgres gives a store in a PostgreSQL database of the test's own.
func Postgres(t testing.TB) *Store {
	t.Helper()
	s := &Store{Engine: db.Postgres, Clock: clock.NewTest(Start)}
	s.Config = db.Config{URL: PostgresURL(t), Clock: s.Clock, Conns: connsPerStore}
	s.DB = open(t, s.Config)
	s.Open = func(t *testing.T) *db.DB {
		t.Helper()
		return open(t, s.Config)
	}
	return s
}

func open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("open a test store: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the test store: %v", err)
		}
	})
	return d
}
