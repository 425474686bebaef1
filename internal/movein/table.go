package movein

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
)

const (
	maxHeader = 64 << 10
	// maxRow bounds one row, so that a quote that is never closed does not take the whole file into memory.
	maxRow = 256 << 10
)

// table reads rows of separated values under a header.
type table struct {
	columns columns
	source  *bounded
	csv     *csv.Reader
	last    int // line that the last row began on
}

// openTable reads the header of a table: UTF-8, with or without a byte order mark, separated by commas, semicolons or
// tabs.
func openTable(r io.Reader, of headings) (*table, error) {
	b := bufio.NewReaderSize(r, maxHeader)
	start, err := b.Peek(maxHeader)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	if bytes.HasPrefix(start, []byte{0xFF, 0xFE}) || bytes.HasPrefix(start, []byte{0xFE, 0xFF}) || bytes.IndexByte(start, 0) >= 0 {
		return nil, fail.Invalid("file", "is not UTF-8. Save it as CSV in UTF-8")
	}
	if bytes.HasPrefix(start, []byte("\uFEFF")) {
		_, _ = b.Discard(len("\uFEFF")) // it was peeked at
		start = start[len("\uFEFF"):]
	}
	if len(bytes.TrimSpace(start)) == 0 {
		return nil, fail.Invalid("file", "is empty: its first line must name the columns")
	}
	t := &table{source: &bounded{r: b, left: maxRow}}
	t.csv = csv.NewReader(t.source)
	t.csv.Comma = separatorOf(start)
	t.csv.FieldsPerRecord = -1
	header, err := t.csv.Read()
	if err != nil {
		return nil, fail.Invalid("file", "has a first line that can't be read: "+reason(err))
	}
	t.last = 1
	t.columns, err = columnsOf(header, of)
	return t, err
}

// separatorOf is what separates the names in the first line.
func separatorOf(start []byte) rune {
	counts := map[rune]int{}
	quoted := false
	for _, c := range string(start) {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted && (c == '\n' || c == '\r') {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range []rune{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// next returns the next row and the line that it begins on; io.EOF after the last one. A row that can't be read is a
// [fail.Error]; the next one can be. Any other error ends the table.
func (t *table) next() (row, int, error) {
	t.source.left = maxRow
	record, err := t.csv.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errLongRow):
		return row{}, 0, fmt.Errorf("after line %d: %w", t.last, errLongRow)
	case errors.As(err, &bad):
		t.last = bad.StartLine
		return row{}, bad.StartLine, fail.Invalid("row", reason(err))
	case err != nil:
		return row{}, 0, err
	}
	line, _ := t.csv.FieldPos(0)
	t.last = line
	r := row{columns: t.columns, values: record}
	for _, v := range record {
		if !utf8.ValidString(v) {
			return r, line, fail.Invalid("row", "is not UTF-8")
		}
	}
	for len(record) > len(t.columns.header) {
		if strings.TrimSpace(record[len(record)-1]) != "" {
			return r, line, fail.Invalid("row", fmt.Sprintf("has %d values under %d columns: is a value with a separator not in quotes?", len(record), len(t.columns.header)))
		}
		record = record[:len(record)-1]
	}
	return r, line, nil
}

func reason(err error) string {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		err = bad.Err
	}
	switch {
	case errors.Is(err, csv.ErrQuote):
		return "has a quote that is not closed, or more behind it"
	case errors.Is(err, csv.ErrBareQuote):
		return `has a quote within a value: double it, and put the value in quotes`
	default:
		return err.Error()
	}
}

var errLongRow = fmt.Errorf("a row is longer than %d KB: is a quote never closed?", maxRow>>10)

// bounded refuses to read more than it may.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRow
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
