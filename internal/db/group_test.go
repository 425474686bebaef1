package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// inGroup makes the writes go into one group commit of a SQLite store: they queue, in their order, behind a write
// that runs until all of them wait. It returns their errors.
func inGroup(t fataler, d *db.DB, writes ...func(tx *db.Tx) error) []error {
	t.Helper()
	release := hold(t, d)
	errs := make([]error, len(writes))
	var wg sync.WaitGroup
	for i, f := range writes {
		wg.Go(func() { errs[i] = d.Write(context.Background(), f) })
		untilQueued(t, d, i+1)
	}
	release()
	wg.Wait()
	return errs
}

// hold keeps the writer of a SQLite store busy until release is called.
func hold(t fataler, d *db.DB) (release func()) {
	t.Helper()
	started, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- d.Write(context.Background(), func(*db.Tx) error {
			close(started)
			<-end
			return nil
		})
	}()
	<-started
	return func() {
		t.Helper()
		close(end)
		if err := <-ended; err != nil {
			t.Fatalf("the write that held the others up: %v", err)
		}
	}
}

func untilQueued(t fataler, d *db.DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); d.Queued() != n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d writes wait, want %d", d.Queued(), n)
		}
	}
}

func putting(name string) func(*db.Tx) error {
	return func(tx *db.Tx) error { return put(tx, name, "1") }
}

func TestGroupMemberFailsAlone(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	errs := inGroup(t, s.DB,
		putting("x1"),
		func(tx *db.Tx) error { return errors.Join(put(tx, "x2", "1"), errTest) },
		putting("x3"),
		func(tx *db.Tx) error { return errors.Join(put(tx, "x4", "1"), put(tx, "x1", "again")) },
		func(tx *db.Tx) error {
			_ = put(tx, "x5", "1")
			panic("a bug")
		},
		putting("x6"),
	)
	for i, want := range []func(error) bool{
		func(err error) bool { return err == nil },
		func(err error) bool { return errors.Is(err, errTest) },
		func(err error) bool { return err == nil },
		db.Duplicate,
		func(err error) bool { return err != nil && strings.Contains(err.Error(), "a bug") },
		func(err error) bool { return err == nil },
	} {
		if !want(errs[i]) {
			t.Errorf("member %d: %v", i+1, errs[i])
		}
	}
	wantStored(t, s.DB, "x", "x1", "x3", "x6")
}

// All members of a group commit together, and no one is answered earlier.
func TestNobodyIsAnsweredBeforeTheCommit(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	var answered, told atomic.Int32
	release := hold(t, s.DB)
	var wg sync.WaitGroup
	const members = 5
	for i := range members {
		wg.Go(func() {
			err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
				if n := answered.Load() + told.Load(); n != 0 {
					t.Errorf("%d answers while member %d still runs", n, i)
				}
				if seen, err := names(tx, "x"); err != nil || len(seen) != i {
					t.Errorf("member %d sees %q, %v: want what the members before it wrote", i, seen, err)
				}
				if found := stored(t, s.DB, "x"); len(found) != 0 {
					t.Errorf("others see %q before the commit", found)
				}
				tx.OnCommit(func() {
					told.Add(1)
					if found := stored(t, s.DB, "x"); len(found) != members {
						t.Errorf("after the commit others see %q, want all of the group", found)
					}
				})
				return put(tx, fmt.Sprintf("x%d", i), "1")
			})
			answered.Add(1)
			if err != nil {
				t.Error(err)
			}
		})
		untilQueued(t, s.DB, i+1)
	}
	release()
	wg.Wait()
	if told.Load() != members {
		t.Errorf("%d functions ran after the commit, want %d", told.Load(), members)
	}
}

func TestWaitingMemberIsCancelled(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	release := hold(t, s.DB)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	go func() {
		errs <- s.DB.Write(ctx, func(*db.Tx) error {
			t.Error("a cancelled write ran")
			return nil
		})
	}()
	untilQueued(t, s.DB, 1)
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) { // while the writer is still busy
		t.Errorf("error = %v, want the cancellation", err)
	}
	go func() { errs <- s.DB.Write(t.Context(), putting("x")) }()
	untilQueued(t, s.DB, 2)
	release()
	if err := <-errs; err != nil {
		t.Error(err)
	}
	wantStored(t, s.DB, "x", "x")
}

// A member that loses the transaction of the whole group costs the others a second run, nothing else.
func TestLostGroupRunsAgainOneByOne(t *testing.T) {
	t.Parallel()
	lose := map[string]func(tx *db.Tx) error{
		"and tells": func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(context.Background(), "ROLLBACK")
			return errors.Join(err, errTest)
		},
		"and hides it": func(tx *db.Tx) error {
			_, _ = tx.SQL().ExecContext(context.Background(), "ROLLBACK")
			return nil
		},
	}
	for name, culprit := range lose {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.SQLite(t)
			var runs, told atomic.Int32
			counting := func(name string) func(*db.Tx) error {
				return func(tx *db.Tx) error {
					runs.Add(1)
					tx.OnCommit(func() { told.Add(1) })
					return put(tx, name, "1")
				}
			}
			errs := inGroup(t, s.DB, counting("x1"), culprit, counting("x2"))
			if errs[0] != nil || errs[1] == nil || errs[2] != nil {
				t.Errorf("errors = %v, want only the second", errs)
			}
			wantStored(t, s.DB, "x", "x1", "x2")
			if runs.Load() != 3 || told.Load() != 2 { // the first ran twice, the third once
				t.Errorf("%d runs, %d told, want 3 and 2", runs.Load(), told.Load())
			}
		})
	}
}

// More different statements than are kept prepared, while the rows of another are being read.
func TestManyStatements(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	if err := s.DB.Write(t.Context(), func(tx *db.Tx) error { return errors.Join(put(tx, "x1", "1"), put(tx, "x2", "1")) }); err != nil {
		t.Fatal(err)
	}
	many := func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(t.Context(), "SELECT name FROM store_facts WHERE name LIKE 'x%' ORDER BY name")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		var read []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			read = append(read, name)
			for i := range 500 {
				var n int
				q := fmt.Sprintf("SELECT count(*) + %d FROM store_facts WHERE name LIKE 'x%%'", i)
				if err := tx.SQL().QueryRowContext(t.Context(), q).Scan(&n); err != nil || n != i+2 {
					return fmt.Errorf("statement %d gave %d: %w", i, n, err)
				}
			}
		}
		if !slices.Equal(read, []string{"x1", "x2"}) {
			t.Errorf("read %q", read)
		}
		return rows.Err()
	}
	for range 3 {
		if err := s.DB.Write(t.Context(), many); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Read(t.Context(), many); err != nil {
			t.Fatal(err)
		}
	}
}

// The fates of a member of a random group.
const (
	succeeds = iota
	fails
	duplicates
	panics
	cancelled
	losesAll
)

func TestRandomGroups(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	if err := s.DB.Write(t.Context(), putting("taken")); err != nil {
		t.Fatal(err)
	}
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		prefix := fmt.Sprintf("r%d-", round)
		fates := rapid.SliceOfN(rapid.IntRange(succeeds, losesAll), 1, 12).Draw(t, "fates")

		release := hold(t, s.DB)
		errs := make([]error, len(fates))
		told := make([]int, len(fates))
		var want []string
		var wg sync.WaitGroup
		for i, fate := range fates {
			name := fmt.Sprintf("%s%02d", prefix, i)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			wg.Go(func() {
				errs[i] = s.DB.Write(ctx, func(tx *db.Tx) error {
					tx.OnCommit(func() { told[i]++ })
					if err := put(tx, name, "1"); err != nil {
						return err
					}
					switch fate {
					case fails:
						return errTest
					case duplicates:
						return put(tx, "taken", "again")
					case panics:
						panic("a bug")
					case losesAll:
						_, err := tx.SQL().ExecContext(context.Background(), "ROLLBACK")
						return err
					}
					return nil
				})
			})
			untilQueued(t, s.DB, i+1)
			if fate == cancelled {
				cancel()
			}
			if fate == succeeds {
				want = append(want, name)
			}
		}
		release()
		wg.Wait()
		wantStored(t, s.DB, prefix, want...)
		for i, fate := range fates {
			ok := fate == succeeds
			if (errs[i] == nil) != ok || (told[i] == 1) != ok || told[i] > 1 {
				t.Fatalf("member %d of fate %d: error = %v, told %d times", i, fate, errs[i], told[i])
			}
		}
	})
}

// As many reads run at once as there are connections for them, and one more waits for its turn.
func TestReadersAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.SQLite(t).DB
	var within func(deeper int) error
	within = func(deeper int) error {
		return d.Read(t.Context(), func(tx *db.Tx) error {
			if _, err := names(tx, "x"); err != nil || deeper > 0 {
				return errors.Join(err, within(deeper-1))
			}
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			if err := d.Read(gone, func(*db.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
				t.Errorf("one too many: %v", err)
			}
			return nil
		})
	}
	for range 2 {
		if err := within(max(4, runtime.NumCPU()) - 1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	release := hold(t, s.DB)
	const members = 3
	errs := make(chan error, members)
	for i := range members {
		go func() { errs <- s.DB.Write(context.Background(), putting(fmt.Sprintf("x%d", i))) }()
		untilQueued(t, s.DB, i+1)
	}
	closed := make(chan error)
	go func() { closed <- s.DB.Close() }()
	release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	var ok int
	for range members {
		if err := <-errs; err == nil {
			ok++
		}
	}
	again, err := db.Open(t.Context(), s.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if found := stored(t, again, "x"); len(found) != ok || ok != members {
		t.Errorf("%d writes were told that they are stored, %q are", ok, slices.Clip(found))
	}
}
