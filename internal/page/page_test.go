package page_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{-1: 50, 0: 50, 1: 1, 50: 50, 200: 200, 201: 200, 1 << 40: 200} {
		if got := page.Limit(n); got != want {
			t.Errorf("Limit(%d) = %d", n, got)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	rows := []int{1, 2, 3}
	for limit, want := range map[int]struct {
		n    int
		more bool
	}{2: {2, true}, 3: {3, false}, 4: {3, false}} {
		if got, more := page.Cut(rows, limit); len(got) != want.n || more != want.more {
			t.Errorf("Cut at %d = %v, %v", limit, got, more)
		}
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.StringMatching(`[^\x00]{0,20}`), 1, 3).Draw(t, "key")
		got, err := page.Key(page.Cursor(key...), len(key))
		if diff := cmp.Diff(key, got); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := page.Key(page.Cursor(key...), len(key)+1); err == nil {
			t.Fatal("a key of another length is accepted")
		}
	})
	encode := base64.RawURLEncoding.EncodeToString
	for _, cursor := range []string{"", "?", "e30", encode([]byte(`{"a":1}`)), encode([]byte(`[1]`)), encode([]byte(`["\u0000"]`)), encode([]byte(`["a"]x`))} {
		_, err := page.Key(cursor, 1)
		if e := fail.Of(err); e == nil || e.Kind != fail.KindInvalid || e.Field != "cursor" {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	fetch := func(cursor string) ([]int, string, error) {
		switch cursor {
		case "":
			return []int{1, 2}, "a", nil
		case "a":
			return nil, "b", nil // a page whose rows have gone meanwhile
		case "b":
			return []int{3}, "c", nil
		default:
			return nil, "", broken
		}
	}
	var got []int
	var last error
	for n, err := range page.Walk(fetch) {
		if last = err; err == nil {
			got = append(got, n)
		}
	}
	if !cmp.Equal(got, []int{1, 2, 3}) || !errors.Is(last, broken) {
		t.Errorf("walked %v, %v", got, last)
	}
	for n, err := range page.Walk(fetch) {
		if err != nil || n == 2 {
			break // without an error: the page behind it is not asked for
		}
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	var w page.Where
	if w.String() != "" || len(w.Args()) != 0 {
		t.Errorf("no condition: %q, %v", w.String(), w.Args())
	}
	w.Add("a = $?", 1)
	w.Add("b IN ($?, $?) OR c IS NULL", "x$?", "y")
	limit := w.Arg(10)
	if got, want := w.String()+" LIMIT "+limit, " WHERE a = $1 AND b IN ($2, $3) OR c IS NULL LIMIT $4"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if diff := cmp.Diff([]any{1, "x$?", "y", 10}, w.Args()); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	for n, want := range map[int]string{0: "", 1: "$1", 3: "$1, $2, $3"} {
		if got := page.Placeholders(n); got != want {
			t.Errorf("%d placeholders: %q", n, got)
		}
	}
}
