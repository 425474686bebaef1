package db_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
)

var idForm = regexp.MustCompile(`^lic_[0-9a-hjkmnp-tv-z]{20}$`)

// newIDs takes n identifiers in one transaction.
func newIDs(t fataler, d *db.DB, n int) (ids []string) {
	t.Helper()
	err := d.Read(context.Background(), func(tx *db.Tx) error {
		for range n {
			ids = append(ids, tx.NewID("lic"))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return ids
}

// Identifiers of one process are unique and sort by age, whatever its clock does.
func TestNewIDsSortByAge(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	var last string
	rapid.Check(t, func(t *rapid.T) {
		s.Clock.Advance(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "the clock moves")))
		for _, id := range newIDs(t, s.DB, rapid.IntRange(1, 100).Draw(t, "identifiers")) {
			if !idForm.MatchString(id) {
				t.Fatalf("%q is not of the form %s", id, idForm)
			}
			if id <= last {
				t.Fatalf("%q came after %q", id, last)
			}
			last = id
		}
	})
}

func TestNewIDsOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		seen = map[string]bool{}
	)
	for range 8 {
		wg.Go(func() {
			ids := newIDs(t, s.DB, 2000)
			mu.Lock()
			defer mu.Unlock()
			for _, id := range ids {
				if seen[id] {
					t.Errorf("%s was given twice", id)
				}
				seen[id] = true
			}
		})
	}
	wg.Wait()
}

// Two processes share no counter: chance keeps their identifiers apart, time keeps them in order.
func TestNewIDsOfTwoStores(t *testing.T) {
	t.Parallel()
	a, b := dbtest.SQLite(t), dbtest.SQLite(t)
	first := newIDs(t, a.DB, 1000)
	seen := map[string]bool{}
	for _, id := range append(first, newIDs(t, b.DB, 1000)...) {
		if seen[id] {
			t.Fatalf("%s was given by both", id)
		}
		seen[id] = true
	}
	b.Clock.Advance(2 * time.Millisecond)
	later := newIDs(t, b.DB, 1)[0]
	if last := first[len(first)-1]; strings.Compare(last, later) >= 0 {
		t.Errorf("%q is older than %q but sorts after it", last, later)
	}
}

// Where a clock stands still, the next process goes on behind what the one before has made at that instant.
func TestNewIDsGoOnAfterARestart(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	ctx := context.Background()
	if err := s.DB.StandStill(ctx, s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	last := ""
	for range 30 {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			err := tx.InsertEvent(ctx, query.InsertEventParams{ID: tx.NewID("evt"), Type: "test.restarted", OccurredAt: tx.Stamp, SubjectID: "x", Data: "{}"})
			if err != nil {
				return err
			}
			for range 500 {
				id := tx.NewID("lic")
				if id <= last {
					t.Fatalf("%q came after %q", id, last)
				}
				last = id
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
		var failed error
		if s.DB, failed = db.Open(ctx, s.Config); failed != nil {
			t.Fatal(failed)
		}
		if err := s.DB.StandStill(ctx, s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
}
