package text_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Whatever program wrote it, a table has the same columns and rows.
func TestTableOfAnyProgram(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"commas":              "a,b,c\n1,2,3\n",
		"semicolons":          "a;b;c\n1;2;3\n",
		"tabs":                "a\tb\tc\r\n1\t2\t3\r\n",
		"quotes":              "\"a\",\"b\",\"c\"\n\"1\",\"2\",\"3\"",
		"a mark of the order": "\uFEFFa;b;c\n1;2;3\n",
		"empty lines":         "\r\n\na;b;c\n\n1;2;3\n\n",
		"more separators":     "a,b,c\n1,2,3,,\n",
	} {
		table, err := text.OpenTable(strings.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		row, _, err := table.Next()
		if err != nil || !slices.Equal(table.Head, []string{"a", "b", "c"}) || !slices.Equal(row, []string{"1", "2", "3"}) {
			t.Errorf("%s: %q %q %v", name, table.Head, row, err)
		}
		if _, _, err := table.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v after the last row", name, err)
		}
	}
}

// A row that is wrong is told with the line on which it begins, and the next one is read.
func TestTableWithBadRows(t *testing.T) {
	t.Parallel()
	table, err := text.OpenTable(strings.NewReader("a,b\n\"1\n2\",3\n4\"5,6\n\n7,8,9\n\xE4,1\n10,11\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		line int
		bad  bool
	}{{2, false}, {4, true}, {6, true}, {7, true}, {8, false}} {
		row, line, err := table.Next()
		if line != want.line || text.OfRow(err) != want.bad || !want.bad && err != nil {
			t.Errorf("line %d instead of %d: %q %v", line, want.line, row, err)
		}
	}
}

// What is no table, or a quote that is never closed, ends it.
func TestNoTable(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"nothing": "", "blanks": " \n\n", "UTF-16": "\xFF\xFEa\x00,\x00", "zeros": "a,b\n\x00",
	} {
		if _, err := text.OpenTable(strings.NewReader(file)); err == nil || fail.Of(err).Field != "file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	table, err := text.OpenTable(strings.NewReader("a,b\n1,2\n\"3," + strings.Repeat("4\n", 200_000)))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := table.Next(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := table.Next(); err == nil || text.OfRow(err) || !strings.Contains(fail.Of(err).Detail, "after line 2") {
		t.Errorf("%v", err)
	}
}
