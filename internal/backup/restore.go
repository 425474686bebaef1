package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/recovery"
)

// Restore fills the empty store d, whose schema is that of the backup, and puts the files of releases into a folder.
// All rows are stored or none. Afterwards the store is in recovery.
func (f *File) Restore(ctx context.Context, d *db.DB, filesDir string, progress Progress) error {
	applied, _, err := d.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if applied != f.Schema {
		return fmt.Errorf("the backup has schema %d, and the store to fill %d", f.Schema, applied)
	}
	return d.Write(db.Patient(ctx), func(tx *db.Tx) error {
		in := &filler{ctx: ctx, tx: tx}
		if err := in.begin(f.Tables); err != nil {
			return err
		}
		tables := map[string]string{}
		err := f.walk(progress, func(Manifest) error {
			for _, t := range f.Tables {
				tables[t.Name] = t.Table
			}
			return nil
		}, func(e Entry, r io.Reader) error {
			if table, ok := tables[e.Name]; ok {
				return in.fill(table, r)
			}
			if e.Name == keyName {
				return nil
			}
			return putFile(filesDir, e, r)
		})
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		if err := in.renumber(); err != nil {
			return err
		}
		if err := tx.TakeOver(ctx); err != nil {
			return err
		}
		if err := recovery.Mark(ctx, tx, f.TakenAt); err != nil {
			return err
		}
		return event.Emit(ctx, tx, event.New{Type: EventRestored, SubjectID: f.StoreID, Data: map[string]any{"taken_at": f.TakenAt, "rows": f.Rows()}})
	})
}

// filler stores rows in one transaction.
type filler struct {
	ctx      context.Context //nolint:containedctx // of the one call that made it
	tx       *db.Tx
	booleans map[string]bool // table.column
}

// valuesPerInsert is how many values one statement stores. The driver of SQLite looks for each value among all of a
// statement; PostgreSQL is far away, and takes 65,535.
var valuesPerInsert = map[db.Engine]int{db.SQLite: 200, db.Postgres: 10_000}

// begin learns which columns are booleans, and refuses a store that is not empty.
func (in *filler) begin(tables []Table) error {
	for _, t := range tables {
		var some bool
		if err := in.tx.SQL().QueryRowContext(in.ctx, "SELECT EXISTS (SELECT 1 FROM "+t.Table+")").Scan(&some); err != nil {
			return fmt.Errorf("table %s: %w", t.Table, err)
		}
		if some {
			return ErrNotEmpty
		}
	}
	in.booleans = map[string]bool{}
	if in.tx.Engine() != db.Postgres {
		return nil
	}
	return in.names("data_type = 'boolean'", func(table, column string) error {
		in.booleans[table+"."+column] = true
		return nil
	})
}

// names walks through the columns of a PostgreSQL database that meet a condition.
func (in *filler) names(condition string, each func(table, column string) error) error {
	rows, err := in.tx.SQL().QueryContext(in.ctx, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND "+condition)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var found [][2]string
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			return err
		}
		found = append(found, n)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, n := range found {
		if err := each(n[0], n[1]); err != nil {
			return err
		}
	}
	return nil
}

// fill stores the rows of one table.
func (in *filler) fill(table string, r io.Reader) error {
	lines := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	lines.UseNumber()
	var columns []string
	if err := lines.Decode(&columns); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	if len(columns) == 0 {
		return fmt.Errorf("table %s has no columns", table)
	}
	for _, c := range columns {
		if strings.Trim(c, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return fmt.Errorf("table %s has a column %q", table, c)
		}
	}
	most := max(1, valuesPerInsert[in.tx.Engine()]/len(columns))
	args := make([]any, 0, most*len(columns))
	for {
		var row []any
		err := lines.Decode(&row)
		if errors.Is(err, io.EOF) {
			return in.insert(table, columns, args)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if len(row) != len(columns) {
			return fmt.Errorf("table %s has a row of %d values for %d columns", table, len(row), len(columns))
		}
		for i, v := range row {
			arg, err := in.value(table+"."+columns[i], v)
			if err != nil {
				return err
			}
			args = append(args, arg)
		}
		if len(args) == most*len(columns) {
			if err := in.insert(table, columns, args); err != nil {
				return err
			}
			args = args[:0]
		}
	}
}

// value is a value as the engine takes it.
func (in *filler) value(column string, v any) (any, error) {
	n, isNumber := v.(json.Number)
	if !isNumber {
		return v, nil
	}
	i, err := n.Int64()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", column, err)
	}
	if in.booleans[column] {
		return i != 0, nil
	}
	return i, nil
}

func (in *filler) insert(table string, columns []string, args []any) error {
	if len(args) == 0 {
		return nil
	}
	var q strings.Builder
	fmt.Fprintf(&q, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for i := range args {
		switch {
		case i == 0:
			q.WriteString("(")
		case i%len(columns) == 0:
			q.WriteString("), (")
		default:
			q.WriteString(", ")
		}
		fmt.Fprintf(&q, "$%d", i+1)
	}
	q.WriteString(")")
	if _, err := in.tx.SQL().ExecContext(in.ctx, q.String(), args...); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	return nil
}

// renumber lets PostgreSQL count on from the highest number that was restored. SQLite does so by itself.
func (in *filler) renumber() error {
	if in.tx.Engine() != db.Postgres {
		return nil
	}
	return in.names("is_identity = 'YES'", func(table, column string) error {
		q := fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%[1]s', '%[2]s'), COALESCE((SELECT MAX(%[2]s) FROM %[1]s), 0) + 1, false)", table, column)
		if _, err := in.tx.SQL().ExecContext(in.ctx, q); err != nil {
			return fmt.Errorf("numbers of table %s: %w", table, err)
		}
		return nil
	})
}

// putFile stores the content of a release file where package release looks for it.
func putFile(dir string, e Entry, r io.Reader) (err error) {
	folder := filepath.Join(dir, e.SHA256[:2])
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	// A write transaction may run twice; then this is done again.
	f, err := os.OpenFile(filepath.Join(folder, e.SHA256), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	c := &counter{hash: sha256.New()}
	_, err = io.Copy(io.MultiWriter(f, c), r)
	if err == nil && c.sum() != e.SHA256 {
		err = fmt.Errorf("%s changed while it was read", e.Name)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// ErrNotEmpty says that a place to restore into holds something.
var ErrNotEmpty = errors.New("there is something already: a backup is restored into an empty place only")

// EmptyDatabase reports whether a PostgreSQL database has room for a restored store: no tables, or those of a store in
// which nothing was stored yet. Otherwise it returns [ErrNotEmpty]. It changes nothing.
func EmptyDatabase(ctx context.Context, url string) (err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	pg := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, pg.Close()) }()
	var all, ours int
	err = pg.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(*) FILTER (WHERE table_name = 'store_facts') FROM information_schema.tables WHERE table_schema = current_schema()`).Scan(&all, &ours)
	if err != nil || all == 0 {
		return err
	}
	if ours == 0 {
		return fmt.Errorf("the database has tables of somebody else: %w", ErrNotEmpty)
	}
	var fact string
	err = pg.QueryRowContext(ctx, `SELECT value FROM store_facts LIMIT 1`).Scan(&fact)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("the database has a store: %w", ErrNotEmpty)
	}
	return err
}
