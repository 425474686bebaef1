// Package page holds what lists have in common: how long a page is, where the next one starts, and walking all of them.
//
// Lists page by key, never by offset: a cursor names the last row of a page, and the next page starts behind it.
package page

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/fail"
)

// Usual is the length of a page for those who name none, Longest the most that a page holds.
const (
	Usual   = 50
	Longest = 200
)

// Limit returns how many rows a page holds for one who asked for n.
func Limit(n int) int {
	if n <= 0 {
		return Usual
	}
	return min(n, Longest)
}

// Cut takes rows of which one more than limit was asked for. It returns the page and whether another follows.
func Cut[T any](rows []T, limit int) (page []T, more bool) {
	if len(rows) > limit {
		return rows[:limit], true
	}
	return rows, false
}

// Cursor returns the key of a page's last row in a form that means nothing to those who hand it back.
func Cursor(key ...string) string {
	b, err := json.Marshal(key)
	if err != nil {
		return "" // strings always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Key reads a [Cursor] with a key of n parts. A cursor that no list gave is the caller's mistake.
func Key(cursor string, n int) ([]string, error) {
	var key []string
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(b, &key)
	}
	valid := err == nil && len(key) == n
	for _, part := range key {
		valid = valid && utf8.ValidString(part) && !hasNUL(part)
	}
	if !valid {
		return nil, fail.Invalid("cursor", "is not one that this list gave")
	}
	return key, nil
}

// hasNUL reports whether s holds the one character that PostgreSQL can't compare with.
func hasNUL(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return true
		}
	}
	return false
}

// Walk yields the rows of all pages, one page at a time, so that a long list is never held in memory nor in one
// transaction. It ends after the first error.
func Walk[T any](fetch func(cursor string) (rows []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			rows, next, err := fetch(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}

// Placeholders returns "$1, $2, …" for n arguments, to read what belongs to the rows of one page.
func Placeholders(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i))
	}
	return b.String()
}
