package domainname

import (
	"context"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// Those whose registry is ahead are few, and are found by an index of them alone, whatever the order of the list.
func TestAheadIsFoundByItsIndex(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		for _, order := range []string{"domains.term_end, domains.id", "domains.name, domains.id"} {
			var plan []string
			err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
				explain := "EXPLAIN QUERY PLAN "
				if tx.Engine() == db.Postgres {
					explain = "EXPLAIN "
					if _, err := tx.SQL().ExecContext(t.Context(), "SET LOCAL enable_seqscan = off"); err != nil {
						return err
					}
				}
				w := Filter{Special: "auto_renewed"}.where(tx.Now)
				if strings.HasPrefix(order, "domains.term_end") {
					w.Add("domains.term_end IS NOT NULL")
				}
				return lines(t.Context(), tx, &plan, explain+"SELECT domains.id FROM domains"+w.String()+" ORDER BY "+order+" LIMIT 50", w.Args()...)
			})
			if err != nil {
				t.Fatal(err)
			}
			// SQLite plans by the shape of a statement; PostgreSQL by how many rows there are, which are none.
			text := strings.Join(plan, "\n")
			if !strings.Contains(text, "domains_ahead") || s.Engine == db.SQLite && strings.Contains(text, "SCAN domains") {
				t.Errorf("by %s:\n%s", order, text)
			}
		}
	})
}

// Registrations and transfers that are stuck are found among those that are not over, which are few, by the questions about each.
func TestStuckIsFoundByItsStatus(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	var plan []string
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		w := Filter{Special: "stuck"}.where(tx.Now)
		return lines(t.Context(), tx, &plan, "EXPLAIN QUERY PLAN SELECT domains.id FROM domains"+w.String()+" ORDER BY domains.name, domains.id LIMIT 50", w.Args()...)
	})
	if text := strings.Join(plan, "\n"); err != nil || !strings.Contains(text, "domains_not_standing") || strings.Contains(text, "SCAN ") {
		t.Errorf("%v\n%s", err, text)
	}
}

// lines reads the last column of each row.
func lines(ctx context.Context, tx *db.Tx, all *[]string, statement string, args ...any) error {
	rows, err := tx.SQL().QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(string)
		}
		if err := rows.Scan(row...); err != nil {
			return err
		}
		*all = append(*all, *row[len(row)-1].(*string))
	}
	return rows.Err()
}
