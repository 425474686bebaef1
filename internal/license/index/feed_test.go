package index

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
)

// twoNodes gives a store that two processes have open. The second's feed is polled by the test.
func twoNodes(t *testing.T) (b *bundle, other *Index, f *feed) {
	t.Helper()
	s := dbtest.Postgres(t)
	b = setup(t, s)
	other = b.node(s.Open(t), Options{})
	other.current.Store(true)
	f = feedOf(t, other)
	poll(t, f)
	return b, other, f
}

func feedOf(t *testing.T, x *Index) *feed {
	t.Helper()
	f, err := newFeed(x)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return f
}

func poll(t *testing.T, f *feed) {
	t.Helper()
	if err := f.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) status(x *Index, n int) license.Status {
	b.t.Helper()
	e, err := x.Lookup(context.Background(), key(n), b.Clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return e.Status
}

func TestFeedBringsChangesOfOtherProcesses(t *testing.T) {
	t.Parallel()
	b, other, f := twoNodes(t)
	b.issue(1, 2)
	b.status(other, 1)
	b.status(other, 2)
	b.change(1, suspend)
	if s := b.status(other, 1); s != license.Active {
		t.Errorf("before the poll: %s", s) // else this test shows nothing
	}
	poll(t, f)
	if s := b.status(other, 1); s != license.Suspended {
		t.Errorf("after the poll: %s", s)
	}
	if _, ok := other.table.Load().find(key(2), &other.touches); !ok {
		t.Error("a license that did not change is read again")
	}
	before := other.touches.count()
	poll(t, f)
	if n := other.touches.count(); n != before {
		t.Errorf("%d changes came again", n-before)
	}

	b.exec(`UPDATE products SET name = 'Gadget'`)
	err := b.DB.Write(t.Context(), func(tx *db.Tx) error { return b.NoteCatalogChange(t.Context(), tx) })
	if err != nil {
		t.Fatal(err)
	}
	poll(t, f)
	if e, err := other.Lookup(t.Context(), key(2), b.Clock.Now()); err != nil || e.ProductName != "Gadget" {
		t.Errorf("after a change of the catalog: %s, %v", e.ProductName, err)
	}
}

// A transaction that began earlier commits later: its row is behind the others in the table and its number below
// theirs, and still nobody misses it.
func TestFeedSeesCommitsOutOfOrder(t *testing.T) {
	t.Parallel()
	b, other, f := twoNodes(t)
	b.issue(1, 3)
	for n := 1; n <= 3; n++ {
		b.status(other, n)
	}
	written, commit, committed := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		committed <- b.DB.Write(context.Background(), func(tx *db.Tx) error {
			err := changeIn(tx, 1, suspend)
			close(written)
			<-commit
			return err
		})
	}()
	<-written
	for range 3 {
		b.change(2, "")
		poll(t, f)
	}
	b.change(3, suspend)
	poll(t, f)
	if s := b.status(other, 3); s != license.Suspended {
		t.Errorf("a change during another transaction: %s", s)
	}
	if s := b.status(other, 1); s != license.Active {
		t.Errorf("before the commit: %s", s)
	}
	before := other.touches.count()
	poll(t, f)
	if n := other.touches.count(); n != before {
		t.Errorf("%d changes came again while a transaction is open", n-before)
	}
	close(commit)
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	poll(t, f)
	if s := b.status(other, 1); s != license.Suspended {
		t.Errorf("after the late commit: %s", s)
	}
}

func TestFeedIsPrunedOfWhatEverybodyHasSeen(t *testing.T) {
	t.Parallel()
	b, other, f := twoNodes(t)
	b.issue(1, 1)
	prune := func(f *feed) {
		t.Helper()
		if err := f.prune(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rows := func() int64 { return number(t, b.DB, `SELECT count(*) FROM license_changes`) }

	// A process that sleeps, with its connection, from here on.
	sleeper := b.node(b.Open(t), Options{})
	sleeper.current.Store(true)
	late := feedOf(t, sleeper)
	poll(t, late)
	b.status(sleeper, 1)

	b.change(1, suspend)
	poll(t, f)
	prune(f)
	b.change(1, "")
	poll(t, f)
	if n := rows(); n != 2 {
		t.Fatalf("%d rows; nothing may be pruned yet", n)
	}
	was := other.table.Load()
	// Transactions of other tests on the same server keep rows back for a while.
	waitFor(t, "the pruning of what has been seen", func() bool {
		prune(f)
		poll(t, f)
		return rows() == 0
	})
	if other.table.Load() != was {
		t.Error("the one who pruned forgot everything")
	}

	if s := b.status(sleeper, 1); s != license.Active {
		t.Fatalf("the sleeper knows: %s", s)
	}
	poll(t, late)
	if s := b.status(sleeper, 1); s != license.Suspended {
		t.Errorf("after sleeping through a pruning: %s", s)
	}
}

func TestFeedOfAMovedStore(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	b := setup(t, s)
	b.exec(
		`INSERT INTO license_changes (license_id, version, changed_at, xact) VALUES ('lic_1', 1, 0, 9000000000)`,
		fmt.Sprintf(`INSERT INTO store_facts (name, value) VALUES ('%s', '9000000000')`, prunedFact),
	)
	f := feedOf(t, b.Index)
	poll(t, f)
	if n := number(t, b.DB, `SELECT count(*) FROM license_changes`) + number(t, b.DB, `SELECT count(*) FROM store_facts`); n != 0 {
		t.Errorf("%d rows of another server's time are left", n)
	}
	was := b.table.Load()
	poll(t, f)
	if b.table.Load() != was {
		t.Error("the index starts anew for ever")
	}
}

// The whole way, with the loop and its timers.
func TestChangesReachOtherProcessesInTime(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	b := setup(t, s)
	other := b.node(s.Open(t), Options{})
	b.issue(1, 1)
	other.Start()
	waitFor(t, "the first poll", other.current.Load)
	b.status(other, 1)
	b.change(1, suspend)
	waitFor(t, "the change", func() bool { return b.status(other, 1) == license.Suspended })
	other.Close()
}

func TestLosingTheFeedIsNoticed(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	b := setup(t, s)
	x := b.node(s.Open(t), Options{})
	x.Start()
	waitFor(t, "the first poll", x.current.Load)
	// The table is away, as if the database were.
	b.exec(`ALTER TABLE license_changes RENAME TO gone`)
	waitFor(t, "the end of trust", func() bool { return !x.current.Load() })
	b.exec(`ALTER TABLE gone RENAME TO license_changes`)
	waitFor(t, "new trust", x.current.Load)
}

func TestFeedOfABrokenConnection(t *testing.T) {
	t.Parallel()
	b, other, f := twoNodes(t)
	b.issue(1, 1)
	b.status(other, 1)
	b.change(1, suspend)
	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_current_snapshot%' AND pid <> pg_backend_pid()`)
	waitFor(t, "a new connection", func() bool { return f.poll(t.Context()) == nil })
	if s := b.status(other, 1); s != license.Suspended {
		t.Errorf("after connecting again: %s", s)
	}
}

// waitFor waits for something that another goroutine brings about.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Minute) // which no machine takes
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
