package db_test

import (
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

func TestRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		total := 0
		for _, n := range []int{0, 1, 9, 10, 234} {
			rows := db.NewRows("store_facts", "name", "value")
			for i := range n {
				rows.Add(fmt.Sprintf("%d of %d", i, n), fmt.Sprint(i))
			}
			if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return rows.Insert(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
			total += n
			var stored, matching int
			err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
				return tx.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*), SUM(CASE WHEN name LIKE value || ' of %' THEN 1 ELSE 0 END)
					FROM store_facts WHERE name LIKE '% of %'`).Scan(&stored, &matching)
			})
			if total > 0 && (err != nil || stored != total || matching != total) {
				t.Errorf("%d rows: %d stored, %d as they were given, %v; want %d", n, stored, matching, err, total)
			}
		}
		twice := db.NewRows("store_facts", "name", "value")
		twice.Add("x", "1")
		twice.Add("x", "2")
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return twice.Insert(t.Context(), tx) })
		if !db.Duplicate(err) {
			t.Errorf("one name twice: %v", err)
		}
	})
}
