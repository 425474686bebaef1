package simulation_test

import (
	"flag"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/test/simulation"
)

var (
	seed      = flag.Uint64("seed", 1, "of the simulation")
	customers = flag.Int("customers", 20, "how many live in it")
	days      = flag.Int("days", 200, "for how long")
	every     = flag.Int("verify", 4, "after how many days everything is proven")
	engines   = flag.String("engines", "both", "both, sqlite or postgres")
	show      = flag.Bool("show", false, "log what the store says in the end")
)

var start = time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)

// run lives through the simulation on a store.
func run(t *testing.T, s *dbtest.Store, c simulation.Config) simulation.Summary {
	t.Helper()
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if *show {
		c.Logf = t.Logf
	}
	s.Clock.Set(start)
	summary, err := simulation.Run(t.Context(), c, t.TempDir(), start, func() (*db.DB, error) { return db.Open(t.Context(), s.Config) })
	if err != nil {
		t.Fatal(err)
	}
	t.Log(summary)
	return summary
}

// The same seed leads to the same state, on every database, and to a state in which everything is in order.
func TestSimulation(t *testing.T) {
	c := simulation.Config{Seed: *seed, Customers: *customers, Days: *days, VerifyEvery: *every, Kills: true}
	if testing.Short() {
		c.Days = 60
	}
	hashes := map[string]bool{}
	if *engines != "postgres" {
		hashes[run(t, dbtest.SQLite(t), c).Hash] = true
	}
	if *engines != "sqlite" {
		hashes[run(t, dbtest.Postgres(t), c).Hash] = true
	}
	if len(hashes) != 1 {
		t.Errorf("the databases disagree: %v", hashes)
	}
}
