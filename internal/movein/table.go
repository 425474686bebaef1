package movein

import (
	"io"

	"github.com/keystead/keystead/internal/text"
)

// table reads rows of separated values under a header.
type table struct {
	columns columns
	rows    *text.Table
}

// openTable reads the header of a table.
func openTable(r io.Reader, of headings) (*table, error) {
	rows, err := text.OpenTable(r)
	if err != nil {
		return nil, err
	}
	t := &table{rows: rows}
	t.columns, err = columnsOf(rows.Head, of)
	return t, err
}

// next returns the next row and the line that it begins on; io.EOF after the last one. See [text.Table.Next] for
// its errors.
func (t *table) next() (row, int, error) {
	values, line, err := t.rows.Next()
	return row{t.columns, values}, line, err
}
