package dbtest_test

import (
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

func facts(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM store_facts").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEveryTestHasItsOwnStore(t *testing.T) {
	t.Parallel()
	for range 3 {
		dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
			before := facts(t, s.DB)
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				if !tx.Now.Equal(dbtest.Start) {
					t.Errorf("now = %v, want %v", tx.Now, dbtest.Start)
				}
				_, err := tx.SQL().ExecContext(t.Context(), "INSERT INTO store_facts (name, value) VALUES ($1, $2)", "mine", "1")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := facts(t, s.DB); n != before+1 {
				t.Errorf("%d rows, want %d", n, before+1)
			}
			if s.DB.Engine() != s.Engine {
				t.Errorf("engine = %s, want %s", s.DB.Engine(), s.Engine)
			}
			if (s.Open == nil) != (s.Engine == db.SQLite) {
				t.Error("only PostgreSQL has a second handle")
			}
			if s.Open != nil {
				if n := facts(t, s.Open(t)); n != before+1 {
					t.Errorf("the second handle sees %d rows, want %d", n, before+1)
				}
			}
		})
	}
}
