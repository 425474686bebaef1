package backup

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

func TestCopy(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		exec(t, s.DB,
			"INSERT INTO store_facts (name, value) VALUES ('mode', 'live'), ('store_id', 'sto_1'), ('recovery', 'x'), ('license_changes_pruned', '7')",
			"INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at) VALUES ('prd_1', 'a', 'Ä', TRUE, 'active', 1, 2), ('prd_2', 'b', '', FALSE, 'archived', 3, 4)",
			"INSERT INTO jobs (id, kind, payload, state, run_at, max_attempts, created_at, attempt, lease_until) VALUES ('job_1', 'mail', '{}', 'running', 1, 20, 1, 3, 99), ('job_2', 'mail', '{}', 'queued', 5, 20, 1, 0, NULL)",
			"INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at) VALUES ('cus_1', 'a@example.com', 'a@example.com', 'A', 'a', 'EUR', 1, 1)",
			"INSERT INTO domains (id, name, extension, customer_id, kind, status, currency, work_at, worker_until, created_at, updated_at) VALUES ('dom_1', 'a.example', 'example', 'cus_1', 'register', 'pending_registration', 'EUR', 5, 9999999999999999, 1, 1)",
			"INSERT INTO events (id, type, occurred_at, actor_kind, actor_id, subject_id, data) VALUES ('evt_1', 'x', 1, 'system', '', 'y', '{}')",
		)
		to := dbtest.SQLite(t)
		at, err := Copy(t.Context(), s.DB, to.DB)
		if err != nil || !at.Equal(dbtest.Start) {
			t.Fatalf("Copy = %v, %v", at, err)
		}
		read := func(q string) (all []string) {
			t.Helper()
			err := to.DB.Read(t.Context(), func(tx *db.Tx) error { all = texts(t, tx, q); return nil })
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		for q, want := range map[string][]string{
			"SELECT name || '=' || value FROM store_facts ORDER BY name":                                         {"mode=test", "store_id=sto_1"},
			"SELECT id || name || requires_license || status || updated_at FROM products ORDER BY id":            {"prd_1Ä1active2", "prd_20archived4"},
			"SELECT id || state || run_at || attempt || coalesce(lease_until, 'no lease') FROM jobs ORDER BY id": {"job_1queued13no lease", "job_2queued50no lease"},
			"SELECT id || work_at || coalesce(worker_until, 'no lease') FROM domains":                            {"dom_15no lease"},
			"SELECT id FROM events": nil,
		} {
			if diff := cmp.Diff(want, read(q)); diff != "" {
				t.Errorf("%s\n%s", q, diff)
			}
		}
	})
}

func exec(t *testing.T, d *db.DB, statements ...string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, q := range statements {
			if _, err := tx.SQL().ExecContext(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a copy leaves out exists, and nothing that is copied refers to it.
func TestWhatACopyLeavesOut(t *testing.T) {
	t.Parallel()
	for name := range past {
		if !slices.ContainsFunc(tables, func(k table) bool { return k.name == name }) {
			t.Errorf("there is no table %s in a backup", name)
		}
	}
	s := dbtest.SQLite(t)
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		for _, k := range tables {
			if past[k.name] {
				continue
			}
			for _, to := range texts(t, tx, `SELECT DISTINCT "table" FROM pragma_foreign_key_list('`+k.name+`')`) {
				if past[to] {
					t.Errorf("%s refers to %s, which is left out", k.name, to)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
