package db_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

var errTest = errors.New("refused by the test")

// put stores a fact. A second one of the same name is a duplicate.
func put(tx *db.Tx, name, value string) error {
	_, err := tx.SQL().ExecContext(context.Background(), "INSERT INTO store_facts (name, value) VALUES ($1, $2)", name, value)
	return err
}

// names lists the stored facts whose name starts with prefix, as tx sees them.
func names(tx *db.Tx, prefix string) (found []string, err error) {
	rows, err := tx.SQL().QueryContext(context.Background(), "SELECT name FROM store_facts ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if strings.HasPrefix(name, prefix) {
			found = append(found, name)
		}
	}
	return found, rows.Err()
}

// stored lists the facts that are committed.
func stored(t fataler, d *db.DB, prefix string) (found []string) {
	t.Helper()
	err := d.Read(context.Background(), func(tx *db.Tx) (err error) {
		found, err = names(tx, prefix)
		return err
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return found
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func wantStored(t fataler, d *db.DB, prefix string, want ...string) {
	t.Helper()
	if got := stored(t, d, prefix); !slices.Equal(got, want) {
		t.Fatalf("stored: %q, want %q", got, want)
	}
}

func TestWriteCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "x-kept", "1") }); err != nil {
			t.Fatal(err)
		}
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if err := put(tx, "x-dropped", "1"); err != nil {
				return err
			}
			if seen, err := names(tx, "x-"); err != nil || len(seen) != 2 {
				return fmt.Errorf("a transaction does not see its own write: %q, %w", seen, err)
			}
			return errTest
		})
		if !errors.Is(err, errTest) {
			t.Fatalf("error = %v, want that of the function", err)
		}
		wantStored(t, s.DB, "x-", "x-kept")
	})
}

func TestTransactionTellsOneTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		s.Clock.Set(time.Date(2026, 5, 4, 3, 2, 1, 123456789, time.FixedZone("east", 3600)))
		want := time.Date(2026, 5, 4, 2, 2, 1, 123456000, time.UTC)
		for name, run := range map[string]func(context.Context, func(*db.Tx) error) error{"read": s.DB.Read, "write": s.DB.Write} {
			err := run(t.Context(), func(tx *db.Tx) error {
				s.Clock.Advance(time.Hour)
				if tx.Now != want || tx.Stamp.Time() != want {
					t.Errorf("%s: now = %v, stamp = %v, want %v", name, tx.Now, tx.Stamp.Time(), want)
				}
				if tx.Engine() != s.Engine {
					t.Errorf("%s: engine = %s, want %s", name, tx.Engine(), s.Engine)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			s.Clock.Advance(-time.Hour)
		}
	})
}

func TestReadCantWrite(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error { return put(tx, "x", "1") })
		if err == nil {
			t.Error("a read-only transaction wrote")
		}
		wantStored(t, s.DB, "x")
		// The connection is as good as before.
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "x", "1") }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReadSeesOneState(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			before, err := names(tx, "x")
			if err != nil {
				return err
			}
			if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "x", "1") }); err != nil {
				return err
			}
			after, err := names(tx, "x")
			if len(before) != 0 || len(after) != 0 {
				t.Errorf("the read saw %q, then %q: it must see one state", before, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		wantStored(t, s.DB, "x", "x")
	})
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		read := func(name string) (value string, err error) {
			err = s.DB.Read(t.Context(), func(tx *db.Tx) error {
				return tx.SQL().QueryRowContext(t.Context(), "SELECT value FROM store_facts WHERE name = $1", name).Scan(&value)
			})
			return value, err
		}
		if _, err := read("nothing"); !db.NotFound(err) {
			t.Errorf("error = %v, want one that says not found", err)
		}
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "something", "1") }); err != nil {
			t.Fatal(err)
		}
		if v, err := read("something"); err != nil || v != "1" || db.NotFound(err) {
			t.Errorf("read %q, %v", v, err)
		}
		if db.NotFound(errTest) || db.NotFound(nil) {
			t.Error("not every error says not found")
		}
	})
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		exec := func(q string, args ...any) error {
			return s.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.SQL().ExecContext(ctx, q, args...)
				return err
			})
		}
		const token = "INSERT INTO api_tokens (id, name, token_hash, scopes, created_by, created_at) VALUES ($1, $2, $3, '', '', 0)"
		tests := []struct {
			name      string
			statement string
			args      []any
			duplicate bool
			fails     bool
		}{
			{"the first", token, []any{"1", "a", "hash"}, false, false},
			{"same primary key", token, []any{"1", "b", "other"}, true, true},
			{"same unique column", token, []any{"2", "b", "hash"}, true, true},
			{"missing parent", "INSERT INTO idempotency_keys VALUES ($1, 'k', '', 0, '', '', 0)", []any{"absent"}, false, true},
			{"failed check", "INSERT INTO number_series VALUES ($1, -1)", []any{"s"}, false, true},
			{"missing value", "INSERT INTO settings (name, value) VALUES ($1, '')", []any{"n"}, false, true},
			{"no such table", "INSERT INTO nowhere VALUES ($1)", []any{"n"}, false, true},
		}
		for _, tt := range tests {
			err := exec(tt.statement, tt.args...)
			if (err != nil) != tt.fails || db.Duplicate(err) != tt.duplicate {
				t.Errorf("%s: error = %v, duplicate = %t, want %t", tt.name, err, db.Duplicate(err), tt.duplicate)
			}
			if wrapped := fmt.Errorf("add: %w", err); db.Duplicate(wrapped) != tt.duplicate {
				t.Errorf("%s: a wrapped error is judged otherwise", tt.name)
			}
		}
	})
}

// On PostgreSQL a failed statement spoils the transaction; within a savepoint both databases go on.
func TestSavepointOutlivesAFailedStatement(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if err := put(tx, "x1", "1"); err != nil {
				return err
			}
			err := tx.Savepoint(t.Context(), func() error {
				if err := put(tx, "x2", "1"); err != nil {
					return err
				}
				return put(tx, "x1", "again")
			})
			if !db.Duplicate(err) {
				return fmt.Errorf("error = %w, want a duplicate", err)
			}
			return put(tx, "x3", "1")
		})
		if err != nil {
			t.Fatal(err)
		}
		wantStored(t, s.DB, "x", "x1", "x3")
	})
}

func TestJoinedTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		var ran []string
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			ran = nil
			ctx := db.With(t.Context(), tx)
			err := s.DB.Write(ctx, func(inner *db.Tx) error {
				if inner != tx {
					t.Error("a joined write has a transaction of its own")
				}
				inner.OnCommit(func() { ran = append(ran, "kept") })
				return put(inner, "x-kept", "1")
			})
			if err != nil {
				return err
			}
			err = s.DB.Write(ctx, func(inner *db.Tx) error {
				inner.OnCommit(func() { ran = append(ran, "undone") })
				return errors.Join(put(inner, "x-undone", "1"), errTest)
			})
			if !errors.Is(err, errTest) {
				t.Errorf("error = %v, want that of the function", err)
			}
			return s.DB.Read(ctx, func(inner *db.Tx) error {
				if seen, err := names(inner, "x"); err != nil || !slices.Equal(seen, []string{"x-kept"}) {
					t.Errorf("a joined read sees %q, %v", seen, err)
				}
				if len(ran) != 0 {
					t.Error("ran before the commit")
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		wantStored(t, s.DB, "x", "x-kept")
		if !slices.Equal(ran, []string{"kept"}) {
			t.Errorf("after the commit ran %q, want what belongs to the kept part", ran)
		}
	})
}

func TestOnCommit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		var ran []string
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			tx.OnCommit(func() { ran = append(ran, "rolled back") })
			return errTest
		})
		if !errors.Is(err, errTest) || len(ran) != 0 {
			t.Fatalf("after a rollback: %v, ran %q", err, ran)
		}
		err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
			tx.OnCommit(func() {
				wantStored(t, s.DB, "x", "x") // committed, and visible to others
				ran = append(ran, "first")
			})
			tx.OnCommit(func() {
				// It may use the store like anyone else.
				if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "y", "1") }); err != nil {
					t.Error(err)
				}
				ran = append(ran, "second")
			})
			return put(tx, "x", "1")
		})
		if err != nil || !slices.Equal(ran, []string{"first", "second"}) {
			t.Fatalf("ran %q, %v", ran, err)
		}
		wantStored(t, s.DB, "y", "y")
	})
}

// A panic belongs to the one who caused it: nothing of it is stored, and the store goes on.
func TestPanicStaysWithItsCaller(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		inWrite := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			return s.DB.Write(t.Context(), func(tx *db.Tx) error {
				if err := put(tx, "x", "1"); err != nil {
					return err
				}
				panic("in a transaction")
			})
		}
		if err := inWrite(); err == nil || !strings.Contains(err.Error(), "in a transaction") {
			t.Errorf("error = %v, want one that tells of the panic", err)
		}
		onCommit := func() (p any) {
			defer func() { p = recover() }()
			return s.DB.Write(t.Context(), func(tx *db.Tx) error {
				tx.OnCommit(func() { panic("after the commit") })
				return put(tx, "y", "1")
			})
		}
		if p := onCommit(); p != "after the commit" {
			t.Errorf("recovered %v, want the panic", p)
		}
		wantStored(t, s.DB, "x")
		wantStored(t, s.DB, "y", "y")
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "x", "1") }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		nothing := func(*db.Tx) error { t.Error("ran"); return nil }
		if err := s.DB.Write(ctx, nothing); !errors.Is(err, context.Canceled) {
			t.Errorf("write: %v", err)
		}
		if err := s.DB.Read(ctx, nothing); !errors.Is(err, context.Canceled) {
			t.Errorf("read: %v", err)
		}

		// Cancelled on the way: stored and told so, or neither.
		ctx, cancel = context.WithCancel(t.Context())
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			if err := put(tx, "x", "1"); err != nil {
				return err
			}
			cancel()
			return nil
		})
		found := stored(t, s.DB, "x")
		if (err == nil) != (len(found) == 1) || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, stored %q", err, found)
		}
	})
}

func TestClosedStore(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		for range 2 {
			if err := s.DB.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "x", "1") }); err == nil {
			t.Error("a closed store took a write")
		}
		if err := s.DB.Read(t.Context(), func(*db.Tx) error { return nil }); err == nil {
			t.Error("a closed store answered a read")
		}
	})
}

func TestManyWritersAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		const writers, each = 8, 10
		if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return put(tx, "counter", "") }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
						// Lock, then read, then decide: right on both databases.
						_, err := tx.SQL().ExecContext(t.Context(), "UPDATE store_facts SET value = value WHERE name = 'counter'")
						if err != nil {
							return err
						}
						var value string
						if err := tx.SQL().QueryRowContext(t.Context(), "SELECT value FROM store_facts WHERE name = 'counter'").Scan(&value); err != nil {
							return err
						}
						_, err = tx.SQL().ExecContext(t.Context(), "UPDATE store_facts SET value = $1 WHERE name = 'counter'", value+"I")
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var value string
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(t.Context(), "SELECT value FROM store_facts WHERE name = 'counter'").Scan(&value)
		})
		if err != nil || len(value) != writers*each {
			t.Errorf("counted %d, %v, want %d", len(value), err, writers*each)
		}
	})
}

// step is one thing that a random transaction does.
type step struct {
	put   string // a fact to store, or
	steps []step // steps within a savepoint or a joined write
	join  bool
	fails bool
}

func drawSteps(t *rapid.T, depth int, next *int, label string) []step {
	steps := make([]step, rapid.IntRange(0, 4).Draw(t, label+" length"))
	for i := range steps {
		if depth == 0 || rapid.Bool().Draw(t, "put") {
			*next++
			steps[i] = step{put: fmt.Sprintf("%s%04d", label, *next)}
			continue
		}
		steps[i] = step{
			join: rapid.Bool().Draw(t, "join"), fails: rapid.Bool().Draw(t, "fails"),
			steps: drawSteps(t, depth-1, next, label),
		}
	}
	return steps
}

// expect is the model: what steps leave when all around them is kept.
func expect(steps []step, into map[string]bool) {
	for _, s := range steps {
		switch {
		case s.put != "":
			into[s.put] = true
		case !s.fails:
			expect(s.steps, into)
		}
	}
}

func perform(ctx context.Context, d *db.DB, tx *db.Tx, steps []step, ran map[string]bool) error {
	for _, s := range steps {
		if s.put != "" {
			if err := put(tx, s.put, ""); err != nil {
				return err
			}
			tx.OnCommit(func() { ran[s.put] = true })
			continue
		}
		inside := func() error {
			err := perform(ctx, d, tx, s.steps, ran)
			if err == nil && s.fails {
				err = errTest
			}
			return err
		}
		var err error
		if s.join {
			err = d.Write(db.With(ctx, tx), func(*db.Tx) error { return inside() })
		} else {
			err = tx.Savepoint(ctx, inside)
		}
		if errors.Is(err, errTest) != s.fails || err != nil && !s.fails {
			return fmt.Errorf("savepoint: %w", err)
		}
	}
	return nil
}

func TestNestedTransactionsMatchTheModel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		round := 0
		rapid.Check(t, func(t *rapid.T) {
			round++
			prefix := fmt.Sprintf("r%d-", round)
			next := 0
			steps := drawSteps(t, 3, &next, prefix)
			fails := rapid.Bool().Draw(t, "the whole fails")

			ran := map[string]bool{}
			err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
				err := perform(context.Background(), s.DB, tx, steps, ran)
				if err == nil && fails {
					err = errTest
				}
				return err
			})
			want := map[string]bool{}
			if !fails {
				expect(steps, want)
			}
			if (err != nil) != fails || err != nil && !errors.Is(err, errTest) {
				t.Fatalf("error = %v", err)
			}
			wantStored(t, s.DB, prefix, slices.Sorted(maps.Keys(want))...)
			if !maps.Equal(ran, want) {
				t.Fatalf("after the commit ran %v, want %v", ran, want)
			}
		})
	})
}
