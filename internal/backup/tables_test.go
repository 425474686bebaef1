package backup

import (
	"slices"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// Every table of the schema is either in a backup, after those that it refers to, or left out for a reason.
func TestEveryTable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			q := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
			if s.Engine == db.Postgres {
				q = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
			}
			for _, name := range texts(t, tx, q) {
				backedUp := slices.ContainsFunc(tables, func(k table) bool { return k.name == name })
				if _, out := leftOut[name]; out == backedUp {
					t.Errorf("table %s: in a backup is %t, left out is %t", name, backedUp, out)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.Engine == db.SQLite {
			references(t, s)
		}
	})
}

func references(t *testing.T, s *dbtest.Store) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		before := map[string]bool{}
		for _, k := range tables {
			for _, to := range texts(t, tx, `SELECT DISTINCT "table" FROM pragma_foreign_key_list('`+k.name+`')`) {
				if to != k.name && !before[to] {
					t.Errorf("%s refers to %s, which comes later", k.name, to)
				}
			}
			before[k.name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func texts(t *testing.T, tx *db.Tx, q string) (all []string) {
	t.Helper()
	rows, err := tx.SQL().QueryContext(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
