package license

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/db"
)

// A list is read in stages, one after the other. A stage is one or more ranges of an index, its branches, in one
// common order; they are merged. An index on (product, status, id), say, serves a list of all statuses as five ranges.
// So each statement is one range of one index, on either database, whatever statistics it has.
type stage struct {
	name     string   // in cursors
	keys     []column // the order; the last one is the license's id
	desc     bool
	joined   bool // the id is of a second table: an index of the first serves the keys before it
	branches []branch
	rest     []cond // filters that the index does not serve, on the license l
}

// branch is one range of an index.
type branch struct {
	from  string
	where []cond
}

// column is one that a stage is ordered by.
type column struct {
	expr   string
	number bool
}

// cond is a condition with ? for its arguments.
type cond struct {
	sql  string
	args []any
}

func where(sql string, args ...any) cond { return cond{sql, args} }

// candidate is a row of a branch: a license and the key by which it is ordered.
type candidate struct {
	id  string
	key []string
}

// check refuses a key of another kind.
func (st stage) check(key []string) error {
	for i, c := range st.keys {
		if _, err := strconv.ParseInt(key[i], 10, 64); c.number && err != nil {
			return errCursor
		}
	}
	return nil
}

// page returns the next n licenses behind a key. If more may follow, it also returns the key behind which they do.
func (st stage) page(ctx context.Context, tx *db.Tx, after []string, n, examine int) (found []candidate, more []string, err error) {
	examine = max(1, examine/len(st.branches))
	var horizon []string // no branch has been read beyond it
	for _, b := range st.branches {
		rows, err := st.read(ctx, tx, st.query(b, after, n+1, examine))
		if err != nil {
			return nil, nil, err
		}
		found = append(found, rows...)
		if len(st.rest) == 0 || len(rows) > n {
			continue
		}
		last, err := st.read(ctx, tx, st.lastExamined(b, after, examine))
		if err != nil {
			return nil, nil, err
		}
		if len(last) == 1 && (horizon == nil || st.compare(last[0].key, horizon) < 0) {
			horizon = last[0].key
		}
	}
	slices.SortFunc(found, func(a, b candidate) int { return st.compare(a.key, b.key) })
	if horizon != nil {
		// What other branches found further on must wait until this far has been read in all.
		end := slices.IndexFunc(found, func(c candidate) bool { return st.compare(c.key, horizon) > 0 })
		if end >= 0 {
			found = found[:end]
		}
	}
	if len(found) > n {
		found = found[:n]
		return found, found[n-1].key, nil
	}
	return found, horizon, nil
}

// compare orders two keys as the databases do.
func (st stage) compare(a, b []string) int {
	for i, c := range st.keys {
		order := cmp.Compare(a[i], b[i])
		if c.number {
			x, _ := strconv.ParseInt(a[i], 10, 64)
			y, _ := strconv.ParseInt(b[i], 10, 64)
			order = cmp.Compare(x, y)
		}
		if order != 0 {
			if st.desc {
				return -order
			}
			return order
		}
	}
	return 0
}

// statement is SQL being put together, with its arguments.
type statement struct {
	strings.Builder
	args []any
}

// cond appends a condition with its arguments numbered.
func (q *statement) cond(c cond) {
	parts := strings.Split(c.sql, "?")
	for i, part := range parts {
		q.WriteString(part)
		if i < len(parts)-1 {
			q.args = append(q.args, c.args[i])
			fmt.Fprintf(q, "$%d", len(q.args))
		}
	}
}

func (q *statement) limit(n, offset int) {
	q.cond(where(" LIMIT CAST(? AS BIGINT)", int64(n)))
	if offset > 0 {
		q.cond(where(" OFFSET CAST(? AS BIGINT)", int64(offset)))
	}
}

// query selects the next n rows of a branch: of the whole range, or, where filters are left, of the next ones that may
// be examined.
func (st stage) query(b branch, after []string, n, examine int) *statement {
	q := &statement{}
	if len(st.rest) == 0 {
		st.scan(q, b, after)
		q.limit(n, 0)
		return q
	}
	q.WriteString("SELECT e.id")
	for i := range st.keys {
		fmt.Fprintf(q, ", e.k%d", i)
	}
	q.WriteString(" FROM (")
	st.scan(q, b, after)
	q.limit(examine, 0)
	// A subquery per candidate leaves the databases no choice: a join they may begin with all licenses of a status.
	q.WriteString(") e WHERE (SELECT 1 FROM licenses l WHERE l.id = e.id")
	for _, c := range st.rest {
		q.WriteString(" AND ")
		q.cond(c)
	}
	q.WriteString(") = 1")
	q.WriteString(" ORDER BY ")
	for i := range st.keys {
		if i > 0 {
			q.WriteString(", ")
		}
		fmt.Fprintf(q, "e.k%d%s", i, st.direction())
	}
	q.limit(n, 0)
	return q
}

// lastExamined selects the row at which query stopped for having examined enough.
func (st stage) lastExamined(b branch, after []string, examine int) *statement {
	q := &statement{}
	st.scan(q, b, after)
	q.limit(1, examine-1)
	return q
}

// scan selects the range of a branch behind a key, in order.
func (st stage) scan(q *statement, b branch, after []string) {
	q.WriteString("SELECT " + st.keys[len(st.keys)-1].expr + " AS id")
	for i, c := range st.keys {
		fmt.Fprintf(q, ", %s AS k%d", c.expr, i)
	}
	q.WriteString(" FROM " + b.from + " WHERE TRUE")
	for _, c := range b.where {
		q.WriteString(" AND ")
		q.cond(c)
	}
	if after != nil {
		st.behind(q, after)
	}
	q.WriteString(" ORDER BY ")
	for i, c := range st.keys {
		if i > 0 {
			q.WriteString(", ")
		}
		q.WriteString(c.expr + st.direction())
	}
}

func (st stage) direction() string {
	if st.desc {
		return " DESC"
	}
	return ""
}

// behind restricts a range to what comes after a key.
func (st stage) behind(q *statement, after []string) {
	op := ">"
	if st.desc {
		op = "<"
	}
	args := make([]any, len(after))
	for i, c := range st.keys {
		args[i] = after[i]
		if c.number {
			args[i], _ = strconv.ParseInt(after[i], 10, 64) // check has seen to it
		}
	}
	q.WriteString(" AND ")
	last := len(st.keys) - 1
	if !st.joined {
		q.cond(where(st.tuple(0, last+1)+" "+op+" ("+marks(last+1)+")", args...))
		return
	}
	// The index of the first table serves the first condition; the second is about the one row where it starts.
	outer := args[:last]
	q.cond(where(st.tuple(0, last)+" "+op+"= ("+marks(last)+")", outer...))
	q.cond(where(" AND ("+st.tuple(0, last)+" "+op+" ("+marks(last)+") OR "+st.keys[last].expr+" "+op+" ?)", append(slices.Clone(outer), args[last])...))
}

func (st stage) tuple(from, to int) string {
	exprs := make([]string, 0, to-from)
	for _, c := range st.keys[from:to] {
		exprs = append(exprs, c.expr)
	}
	return "(" + strings.Join(exprs, ", ") + ")"
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (st stage) read(ctx context.Context, tx *db.Tx, q *statement) (found []candidate, err error) {
	rows, err := tx.SQL().QueryContext(ctx, q.String(), q.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		c := candidate{key: make([]string, len(st.keys))}
		into := []any{&c.id}
		for i := range c.key {
			into = append(into, &c.key[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, rows.Err()
}
