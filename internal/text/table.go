package text

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
	longestHead = 64 << 10
	// longestRow bounds one row, so that a quote that is never closed does not take the whole file into memory.
	longestRow = 256 << 10
)

// errLongRow says that a row is longer than it may be. Nothing is read after it.
var errLongRow = fmt.Errorf("a row is longer than %d KB: is a quote never closed?", longestRow>>10)

// Table reads rows of separated values under a head, as people bring them: UTF-8, with or without a byte order mark,
// separated by commas, semicolons or tabs. It holds no more than a row in memory.
type Table struct {
	Head []string

	source *bounded
	csv    *csv.Reader
	last   int // line that the last row began on
}

// OpenTable reads the head of a table. What is wrong with the table is a [fail.Error] of the field file.
func OpenTable(r io.Reader) (*Table, error) {
	b := bufio.NewReaderSize(r, longestHead)
	start, err := b.Peek(longestHead)
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
	t := &Table{source: &bounded{r: b, left: longestRow}, last: 1}
	t.csv = csv.NewReader(t.source)
	t.csv.Comma = separatorOf(bytes.TrimLeft(start, "\r\n")) // empty lines are none
	t.csv.FieldsPerRecord = -1
	if t.Head, err = t.csv.Read(); err != nil {
		return nil, fail.Invalid("file", "has a first line that can't be read: "+rowReason(err))
	}
	return t, nil
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

// Next returns the next row and the line that it begins on; io.EOF after the last one. What is wrong with that row alone is a
// [fail.Error] of the field row, with the values as far as they could be read; the next one can be. Any other error ends the
// table: a [fail.Error] of the field file, or that of reading it.
func (t *Table) Next() ([]string, int, error) {
	t.source.left = longestRow
	record, err := t.csv.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errLongRow):
		return nil, 0, fail.Invalid("file", fmt.Sprintf("can't be read on: after line %d: %v", t.last, errLongRow)).Because(err)
	case errors.As(err, &bad):
		t.last = bad.StartLine
		return nil, bad.StartLine, fail.Invalid("row", rowReason(err))
	case err != nil:
		return nil, 0, err
	}
	t.last, _ = t.csv.FieldPos(0)
	for _, v := range record {
		if !utf8.ValidString(v) {
			return record, t.last, fail.Invalid("row", "is not UTF-8")
		}
	}
	if n := len(t.Head); len(record) > n && strings.TrimSpace(strings.Join(record[n:], "")) == "" {
		record = record[:n] // separators behind the last value
	}
	if len(record) > len(t.Head) {
		return record, t.last, fail.Invalid("row", fmt.Sprintf("has %d values under %d columns: is a value with a separator not in quotes?", len(record), len(t.Head)))
	}
	return record, t.last, nil
}

// OfRow reports whether an error of [Table.Next] is of that row alone.
func OfRow(err error) bool { return err != nil && fail.Of(err).Field == "row" }

func rowReason(err error) string {
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
