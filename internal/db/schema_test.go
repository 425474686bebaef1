package db_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// schema is what both databases must agree on, as sorted lines that a person can compare.
type schema struct {
	Columns     []string // "table.column type null|not null default"
	Unique      []string // "table (columns)", the primary key included
	Indexes     []string // "table.name (columns) [partial]", the ones with a name
	ForeignKeys []string // "table (columns) -> table"
}

// lines runs a query of one text column.
func lines(t *testing.T, d *db.DB, q string) (found []string) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) (err error) {
		rows, err := tx.SQL().QueryContext(t.Context(), q)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			found = append(found, strings.TrimSpace(line))
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, q)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func liteSchema(t *testing.T, d *db.DB) schema {
	t.Helper()
	const tables = `pragma_table_list AS t WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'goose_db_version'`
	from := func(rest string) string { return strings.Replace(tables, " AS t WHERE", " AS t "+rest+" WHERE", 1) }
	return schema{
		Columns: lines(t, d, `SELECT t.name || '.' || c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'integer' ELSE lower(c.type) END ||
			CASE WHEN c."notnull" OR c.pk > 0 THEN ' not null ' ELSE ' null ' END || coalesce(lower(c.dflt_value), '')
			FROM `+from(`JOIN pragma_table_info(t.name) AS c`)),
		Unique: append(
			lines(t, d, `SELECT t.name || ' (' || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')'
				FROM `+from(`JOIN pragma_index_list(t.name) AS i`)+` AND i."unique"`),
			// An INTEGER PRIMARY KEY has no index of its own.
			lines(t, d, `SELECT t.name || ' (' || c.name || ')' FROM `+from(`JOIN pragma_table_info(t.name) AS c`)+
				` AND c.pk = 1 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) AS i WHERE i.origin = 'pk')`)...,
		),
		Indexes: lines(t, d, `SELECT t.name || '.' || i.name || ' (' ||
			(SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' || iif(i.partial, ' partial', '')
			FROM `+from(`JOIN pragma_index_list(t.name) AS i`)+` AND i.origin = 'c'`),
		ForeignKeys: lines(t, d, `SELECT t.name || ' (' || group_concat(f."from", ', ') || ') -> ' || f."table"
			FROM `+from(`JOIN pragma_foreign_key_list(t.name) AS f`)+` GROUP BY t.name, f.id`),
	}
}

func pgSchema(t *testing.T, d *db.DB) schema {
	t.Helper()
	const columns = `(SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(%s::int2[]) WITH ORDINALITY AS k (num, n)
		JOIN pg_attribute AS a ON a.attrelid = %s AND a.attnum = k.num)`
	const own = `t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND t.relname <> 'goose_db_version'`
	ofIndex := fmt.Sprintf(columns, "i.indkey", "t.oid")
	return schema{
		Columns: lines(t, d, `SELECT t.relname || '.' || c.column_name || ' ' || CASE c.data_type WHEN 'bigint' THEN 'integer' WHEN 'boolean' THEN 'integer' ELSE c.data_type END ||
			CASE c.is_nullable WHEN 'NO' THEN ' not null ' ELSE ' null ' END ||
			CASE WHEN c.column_default LIKE '%pg_current_xact_id%' THEN '0' ELSE coalesce(replace(c.column_default, '::text', ''), '') END
			FROM pg_class AS t JOIN information_schema.columns AS c ON c.table_schema = 'public' AND c.table_name = t.relname WHERE `+own),
		Unique: lines(t, d, `SELECT t.relname || ' (' || `+ofIndex+` || ')'
			FROM pg_class AS t JOIN pg_index AS i ON i.indrelid = t.oid WHERE i.indisunique AND `+own),
		Indexes: lines(t, d, `SELECT t.relname || '.' || n.relname || ' (' || `+ofIndex+` || ')' || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END
			FROM pg_class AS t JOIN pg_index AS i ON i.indrelid = t.oid JOIN pg_class AS n ON n.oid = i.indexrelid
			WHERE NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u')) AND `+own),
		ForeignKeys: lines(t, d, `SELECT t.relname || ' (' || `+fmt.Sprintf(columns, "c.conkey", "t.oid")+` || ') -> ' || p.relname
			FROM pg_class AS t JOIN pg_constraint AS c ON c.conrelid = t.oid JOIN pg_class AS p ON p.oid = c.confrelid WHERE c.contype = 'f' AND `+own),
	}
}

func TestBothDatabasesHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	lite, pg := liteSchema(t, dbtest.SQLite(t).DB), pgSchema(t, dbtest.Postgres(t).DB)
	slices.Sort(lite.Unique)
	if len(pg.Columns) < 50 || len(pg.Unique) < 20 || len(pg.Indexes) < 20 || len(pg.ForeignKeys) < 20 {
		t.Errorf("the test sees too little of the schema: %+v", pg)
	}
	if diff := cmp.Diff(lite, pg); diff != "" {
		t.Errorf("SQLite (-) and PostgreSQL (+) differ:\n%s", diff)
	}
}

func TestEverySQLiteTableIsStrict(t *testing.T) {
	t.Parallel()
	const q = `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%' AND name <> 'goose_db_version'`
	if loose := lines(t, dbtest.SQLite(t).DB, q); len(loose) != 0 {
		t.Errorf("not strict, so they would take values of any type: %q", loose)
	}
}

func TestForeignKeysAreEnforced(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(t.Context(), "INSERT INTO customer_credits (customer_id, currency, amount) VALUES ('nobody', 'EUR', 1)")
			return err
		})
		if err == nil {
			t.Error("a row without its parent was stored")
		}
	})
}

// statements reads the SQL out of the generated code.
func statements(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("query/*.sql.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				if text, err := strconv.Unquote(lit.Value); err == nil && strings.HasPrefix(text, "-- name:") {
					found[filepath.Base(file)+" "+spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		t.Fatal("no statements in query/*.sql.go")
	}
	return found
}

func TestEveryStatementPrepares(t *testing.T) {
	t.Parallel()
	all := statements(t)
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		for name, text := range all {
			if strings.Contains(text, "/*SLICE:") {
				t.Errorf("%s uses sqlc.slice, which PostgreSQL's dialect of it does not know", name)
			}
			if err := s.DB.Prepare(t.Context(), text); err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
	})
}

func TestMigratingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if err := s.DB.Write(t.Context(), putting("x")); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStored(t, s.DB, "x", "x")
		applied, known, err := s.DB.SchemaVersion(t.Context())
		files, _ := filepath.Glob("migrations/*.sql")
		if err != nil || applied != known || applied != int64(len(files)) {
			t.Errorf("schema %d of %d, %v, want %d", applied, known, err, len(files))
		}
	})
}

func TestStoreOfANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if err := s.DB.ForgeVersion(t.Context(), 9999); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
		d, err := db.Open(t.Context(), s.Config)
		if err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("error = %v, want one that says the store is of a newer program", err)
		}
		if d != nil {
			_ = d.Close()
		}
	})
}

// Several processes may start on a new PostgreSQL database at once.
func TestProcessesThatMigrateAtOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "DROP SCHEMA public CASCADE")
		if err == nil {
			_, err = tx.SQL().ExecContext(t.Context(), "CREATE SCHEMA public")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			d, err := db.Open(context.Background(), s.Config)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = d.Close() }()
			if err := d.Write(context.Background(), putting(fmt.Sprintf("x%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantStored(t, s.Open(t), "x", "x0", "x1", "x2")
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	if a, b := db.Fingerprint(), db.Fingerprint(); a != b || len(a) != 16 {
		t.Errorf("fingerprints %q and %q", a, b)
	}
}
