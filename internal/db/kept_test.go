package db_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

func TestKept(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	kept := db.NewKept[string, int](s.DB, time.Second)
	reads := 0
	get := func(key string, during func()) (int, error) {
		return kept.Get(t.Context(), key, func(context.Context) (int, error) {
			reads++
			read := reads
			during()
			return read, nil
		})
	}
	want := func(key string, n int) {
		t.Helper()
		if got, err := get(key, func() {}); got != n || err != nil {
			t.Errorf("%s is %d, %v, want %d", key, got, err, n)
		}
	}
	want("a", 1)
	want("a", 1)
	want("b", 2)
	kept.Drop("a")
	want("a", 3)
	want("b", 2)
	// What was read while it changed serves whoever has asked, and nobody else.
	kept.Drop("a")
	if got, err := get("a", func() { kept.Drop("a") }); got != 4 || err != nil {
		t.Errorf("a is %d, %v, want 4", got, err)
	}
	want("a", 5)
	// A failure is not kept.
	broken := errors.New("broken")
	if _, err := kept.Get(t.Context(), "c", func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("c: %v", err)
	}
	want("c", 6)
	// What is read is what is committed, also where somebody asks inside of a transaction.
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		_, err := kept.Get(db.With(t.Context(), tx), "d", func(ctx context.Context) (int, error) {
			return 0, s.DB.Read(ctx, func(inner *db.Tx) error {
				if inner == tx {
					t.Error("it is read within the transaction of whoever asks")
				}
				return nil
			})
		})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Where other processes share the store, what they change shows after a while.
func TestKeptAges(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	synctest.Test(t, func(t *testing.T) {
		kept := db.NewKept[string, int](s.DB, 2*time.Second)
		n := 0
		want := func(want int) {
			t.Helper()
			got, err := kept.Get(t.Context(), "a", func(context.Context) (int, error) { n++; return n, nil })
			if got != want || err != nil {
				t.Errorf("a is %d, %v, want %d", got, err, want)
			}
		}
		want(1)
		time.Sleep(1900 * time.Millisecond)
		want(1)
		kept.Drop("a")
		want(2)
		time.Sleep(200 * time.Millisecond) // the first one's time is over, not the second one's
		want(2)
		time.Sleep(2 * time.Second)
		want(3)
	})
}
