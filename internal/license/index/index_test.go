package index

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/lease"
)

// onEach runs f with an index that may answer from memory, on both databases.
func onEach(t *testing.T, f func(t *testing.T, b *bundle)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := setup(t, s)
		b.current.Store(true) // on PostgreSQL, the feed's business
		f(t, b)
	})
}

func TestLookupGivesWhatTheRowHas(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bundle) {
		b.issue(1, 2)
		expires := b.Clock.Now().Add(time.Hour)
		b.exec(fmt.Sprintf(`UPDATE licenses SET expires_at = %d, grace_until = %d, ends_at = %d, activation_limit = 9, entitlements = '{"seats":3}' WHERE id = '%s'`,
			expires.UnixMicro(), expires.Add(time.Hour).UnixMicro(), expires.Add(2*time.Hour).UnixMicro(), licenseID(1)))
		b.change(1, activate("example.com"))

		for _, from := range []string{"row", "memory"} {
			e := b.lookup(1)
			if e.ID != licenseID(1) || e.Key != key(1) || e.Version != 2 || e.ActivationLimit != 9 || e.ActivationsUsed != 1 {
				t.Errorf("from %s: %+v", from, e)
			}
			want := Card{
				ProductID: "prd_1", ProductSlug: "widget", ProductName: "Widget", PlanID: "pln_1", PlanName: "Developer",
				Type: license.Purchased, ActivationType: license.Domain, Terms: lease.Terms{Interval: 7 * 24 * time.Hour, Grace: 3 * 24 * time.Hour},
			}
			if *e.Card != want {
				t.Errorf("from %s: card %+v", from, *e.Card)
			}
			if e.Entitlements != `{"seats":3,"sso":true}` || !e.ExpiresAt.Equal(expires) || e.Status != license.Active || e.Grace {
				t.Errorf("from %s: %+v", from, e)
			}
		}
		if e := b.lookup(2); !e.ExpiresAt.IsZero() || e.Entitlements != `{"sso":true}` || e.ID != licenseID(2) {
			t.Errorf("a lifetime license: %+v", e)
		}

		// Without any change of the row, time changes the answer.
		for _, tt := range []struct {
			after  time.Duration
			status license.Status
			grace  bool
		}{
			{time.Hour - time.Microsecond, license.Active, false},
			{time.Hour, license.Active, true},
			{2 * time.Hour, license.Suspended, false},
			{3 * time.Hour, license.Expired, false},
		} {
			e, err := b.Lookup(t.Context(), key(1), dbtest.Start.Add(tt.after))
			if err != nil || e.Status != tt.status || e.Grace != tt.grace {
				t.Errorf("after %v: %s, grace %v, %v; want %s, %v", tt.after, e.Status, e.Grace, err, tt.status, tt.grace)
			}
		}
	})
}

func TestNegativeAnswersComeFromTheRow(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bundle) {
		b.issue(1, 1)
		if _, err := b.Lookup(t.Context(), "no such key", b.Clock.Now()); !errors.Is(err, license.ErrNotFound) {
			t.Errorf("an unknown key: %v", err)
		}
		b.change(1, suspend)
		if e := b.lookup(1); e.Status != license.Suspended {
			t.Errorf("suspended: %s", e.Status)
		}
		// What other processes do is not known here yet.
		b.changeUnseen(1, lift)
		if e := b.lookup(1); e.Status != license.Active {
			t.Errorf("lifted unseen: %s", e.Status)
		}
		if active, err := b.Active(t.Context(), b.lookup(1), "a.example"); err != nil || active {
			t.Errorf("not activated: %v, %v", active, err)
		}
		b.changeUnseen(1, activate("a.example"))
		if active, err := b.Active(t.Context(), b.lookup(1), "a.example"); err != nil || !active {
			t.Errorf("activated unseen: %v, %v", active, err)
		}
		b.issue(2, 2)
		if e := b.lookup(2); e.ID != licenseID(2) {
			t.Errorf("issued unseen: %+v", e)
		}
	})
}

func TestChangesAreSeenAfterTheTouch(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bundle) {
		b.issue(1, 1)
		b.change(1, activate("a.example"))
		if active, err := b.Active(t.Context(), b.lookup(1), "a.example"); err != nil || !active {
			t.Fatalf("activated: %v, %v", active, err)
		}
		b.changeUnseen(1, deactivate("a.example"))
		if active, _ := b.Active(t.Context(), b.lookup(1), "a.example"); !active {
			t.Error("before the touch the answer should come from memory")
		}
		b.Touch(licenseID(1), 3)
		if active, err := b.Active(t.Context(), b.lookup(1), "a.example"); err != nil || active {
			t.Errorf("deactivated: %v, %v", active, err)
		}
		b.change(1, revoke)
		if e := b.lookup(1); e.Status != license.Revoked {
			t.Errorf("revoked: %s", e.Status)
		}
	})
}

func TestCatalogChangeResets(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bundle) {
		b.issue(1, 1)
		b.lookup(1)
		rename := func(name string, fails error) {
			err := b.DB.Write(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.SQL().ExecContext(t.Context(), `UPDATE products SET name = $1 WHERE id = 'prd_1'`, name); err != nil {
					return err
				}
				if err := b.NoteCatalogChange(t.Context(), tx); err != nil {
					return err
				}
				return fails
			})
			if !errors.Is(err, fails) {
				t.Fatal(err)
			}
		}
		rename("Gadget", errors.New("rolled back"))
		if e := b.lookup(1); e.ProductName != "Widget" {
			t.Errorf("after a rollback: %s", e.ProductName)
		}
		rename("Gadget", nil)
		if e := b.lookup(1); e.ProductName != "Gadget" {
			t.Errorf("after the commit: %s", e.ProductName)
		}
		b.changeUnseen(1, `UPDATE licenses SET activation_limit = 7 WHERE id = $1`)
		b.Touch("", 0)
		if e := b.lookup(1); e.ActivationLimit != 7 {
			t.Errorf("after a touch of all: limit %d", e.ActivationLimit)
		}
	})
}

// A reader that took its row before a commit must not bring it back after it, however late it is.
func TestSlowReaderBringsNothingBack(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	read := func() (e Entry, before uint64, at *table) {
		before, at = b.touches.count(), b.table.Load()
		facts, err := b.licenses.ReadForCheck(t.Context(), key(1))
		if err != nil {
			t.Fatal(err)
		}
		return entryOf(facts), before, at
	}

	old, before, at := read()
	b.change(1, suspend)
	at.put(&old, before, &b.touches)
	if _, ok := b.table.Load().find(key(1), &b.touches); ok {
		t.Error("a row from before the change is used")
	}

	old, before, at = read()
	b.changeUnseen(1, lift)
	b.lookup(1) // somebody else reads the new version before its change is known here
	at.put(&old, before, &b.touches)
	if e, ok := b.table.Load().find(key(1), &b.touches); !ok || e.Version != 3 {
		t.Errorf("version %d, %v; want 3", e.Version, ok)
	}

	old, before, at = read()
	b.Reset()
	at.put(&old, before, &b.touches)
	if _, ok := b.table.Load().find(key(1), &b.touches); ok {
		t.Error("a row from before the reset is used")
	}
}

func TestWithoutTheFeedRowsAreRead(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bundle) {
		b.issue(1, 1)
		b.change(1, activate("a.example"))
		b.lookup(1)
		if active, _ := b.Active(t.Context(), b.lookup(1), "a.example"); !active {
			t.Fatal("not active")
		}
		b.current.Store(false)
		b.changeUnseen(1, deactivate("a.example"))
		if active, _ := b.Active(t.Context(), b.lookup(1), "a.example"); active {
			t.Error("an identifier was active from memory")
		}
		b.changeUnseen(1, revoke)
		if e := b.lookup(1); e.Status != license.Revoked {
			t.Errorf("status %s from memory", e.Status)
		}
	})
}

// Writers and readers at once: whoever asks after a change was committed and touched sees it or a later one.
func TestReadersNeverSeeWhatWasReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	const licenses, changes, readers = 4, 60, 4
	b.issue(1, licenses)
	var known [licenses + 1]atomic.Int64
	for i := range known {
		known[i].Store(1)
	}
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for n := 1; n <= licenses; n++ {
		writing.Go(func() {
			for i := range changes {
				b.change(n, "")
				known[n].Store(int64(i) + 2)
			}
		})
	}
	for range readers {
		reading.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				n := i%licenses + 1
				least := known[n].Load()
				e, err := b.Lookup(context.Background(), key(n), b.Clock.Now())
				if err != nil || e.Version < least || e.ID != licenseID(n) {
					t.Errorf("license %d: version %d (%s), %v; at least %d was known", n, e.Version, e.ID, err, least)
					return
				}
				if i%97 == 0 {
					b.Reset()
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
}

func TestWarmReadsWhatWasCheckedLast(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bundle) {
		const n = warmPage + 20
		b.issue(1, n+1)
		b.change(7, activate("a.example"))
		for i := 1; i <= n; i++ {
			b.exec(fmt.Sprintf(`INSERT INTO license_checks (license_id, check_count, last_check_at) VALUES ('%s', 1, %d)`, licenseID(i), 1+i/3))
		}
		b.warm(t.Context())
		warmed := b.table.Load()
		for i := 1; i <= n; i++ {
			if _, ok := warmed.find(key(i), &b.touches); !ok {
				t.Errorf("license %d is not in memory", i)
			}
		}
		if _, ok := warmed.find(key(n+1), &b.touches); ok {
			t.Error("a license that was never checked is in memory")
		}
		if !warmed.known.has(licenseID(7), 2, "a.example") {
			t.Error("the activation is not in memory")
		}
		b.Reset()
		ctx, stop := context.WithCancel(t.Context())
		stop()
		b.warm(ctx)
		if n := b.table.Load().rows(); n > warmPage {
			t.Errorf("%d read after the end", n)
		}
	})
}

func TestStartAndCloseMayBeRepeated(t *testing.T) {
	t.Parallel()
	onEach(t, func(_ *testing.T, b *bundle) {
		b.Start()
		b.Start()
		b.Close()
		b.Close()
		b.Start()
	})
}

func TestLookupFromMemoryDoesNotAllocate(t *testing.T) {
	b := setup(t, dbtest.SQLite(t))
	b.issue(1, 1)
	b.change(1, activate("a.example"))
	e := b.lookup(1)
	if active, _ := b.Active(t.Context(), e, "a.example"); !active {
		t.Fatal("not active")
	}
	k, now := key(1), b.Clock.Now()
	allocs := testing.AllocsPerRun(100, func() {
		e, _ := b.Lookup(context.Background(), k, now)
		_, _ = b.Active(context.Background(), e, "a.example")
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
