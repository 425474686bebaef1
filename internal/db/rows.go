package db

import (
	"context"
	"strconv"
	"strings"
)

// Rows are rows of one table that are inserted by as few statements as possible, for work on many things at once.
type Rows struct {
	insert  string // INSERT INTO table (columns) VALUES
	columns int
	values  []any
}

// NewRows begins rows of a table with these columns.
func NewRows(table string, columns ...string) *Rows {
	return &Rows{insert: "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ", columns: len(columns)}
}

// Add adds a row: one value for each column.
func (r *Rows) Add(values ...any) { r.values = append(r.values, values...) }

// rowsPerStatement are the sizes in which rows are inserted: few, so that their statements stay prepared.
var rowsPerStatement = []int{100, 10, 1}

// Insert inserts the rows. A row that violates a constraint fails all.
func (r *Rows) Insert(ctx context.Context, tx *Tx) error {
	rest := r.values
	for _, size := range rowsPerStatement {
		args := size * r.columns
		if len(rest) < args {
			continue
		}
		statement := r.insert + placeholders(size, r.columns, tx.engine)
		for ; len(rest) >= args; rest = rest[args:] {
			if _, err := tx.raw.ExecContext(ctx, statement, rest[:args]...); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeholders is "($1, $2), ($3, $4)" for two rows of two columns. SQLite takes $1 for a name, and its driver looks each
// of them up among all others, which takes longer than to insert the rows: there it is a plain ?.
func placeholders(rows, columns int, e Engine) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		if e == SQLite {
			b.WriteByte('?')
			continue
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}
