// Package index answers checks from memory and counts them.
//
// # Reading
//
// An [Index] keeps what a check needs of a license in flat memory: a million licenses are a few thousand objects to
// the garbage collector. It is a cache that is read through, so a process serves at once and is warmed by use.
// What it promises:
//
//   - An entry is used only if nothing has changed its license since its row was read: whoever reads notes how many
//     changes there were before ([Index.Touch] counts them), so a slow reader can't bring back what a commit replaced.
//   - A row is replaced only by one of the same or a higher version.
//   - A negative answer (unknown key, status other than active, identifier not active) is never given from memory
//     alone: the row is read again first.
//   - The status is computed for the caller's now.
//
// On PostgreSQL other processes change licenses too: see feed.go. While their changes can't be read, rows are.
//
// # Counting
//
// [Counts] keeps every check that was answered: see counts.go.
package index

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
)

// Options are the bounds of an Index. The zero value is right for a store of up to a million licenses.
type Options struct {
	Entries     int // most licenses in memory; 0: 1,500,000
	Identifiers int // most identifiers of activations in memory; 0: 3,000,000
	Logger      *slog.Logger
}

// Index is the licenses of a store as checks see them. It is safe for concurrent use.
type Index struct {
	db       *db.DB
	licenses *license.Service
	log      *slog.Logger
	options  Options

	touches touches
	table   atomic.Pointer[table]
	resets  atomic.Uint64
	// current says that every change that another process made is known here, or has been within the last seconds.
	current atomic.Bool

	start   sync.Once
	stop    context.CancelFunc // nil: nothing runs
	running sync.WaitGroup
}

// New returns an empty index. Before it is used, give [Index.Touch] to the license service as a listener, and
// [Index.NoteCatalogChange] to whoever changes products and plans.
func New(d *db.DB, licenses *license.Service, o Options) *Index {
	if o.Entries == 0 {
		o.Entries = 1_500_000
	}
	if o.Identifiers == 0 {
		o.Identifiers = 3_000_000
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	x := &Index{db: d, licenses: licenses, log: o.Logger, options: o}
	x.touches.init()
	x.Reset()
	x.current.Store(d.Engine() == db.SQLite)
	return x
}

// Start begins to follow the changes of other processes and to warm the index, both in the background.
func (x *Index) Start() {
	x.start.Do(func() {
		ctx, stop := context.WithCancel(context.Background())
		x.stop = stop
		if x.db.Engine() == db.Postgres {
			x.running.Go(func() { x.follow(ctx) })
		}
		x.running.Go(func() { x.warm(ctx) })
	})
}

// Close stops what Start began. An index that is closed stays so.
func (x *Index) Close() {
	x.start.Do(func() {})
	if x.stop != nil {
		x.stop()
	}
	x.running.Wait()
}

// Lookup returns the license with a key: from memory if that says it is active, else from its row. An unknown key is
// LICENSE_NOT_FOUND. Must not be called inside a transaction.
func (x *Index) Lookup(ctx context.Context, key string, now time.Time) (Entry, error) {
	if x.current.Load() {
		if e, ok := x.table.Load().find(key, &x.touches); ok {
			if e.effective(now); e.Status == license.Active {
				return e, nil
			}
		}
	}
	return x.Read(ctx, key, now)
}

// Read is Lookup that reads the row in any case. It is for answers that would be negative for another reason than
// the status.
func (x *Index) Read(ctx context.Context, key string, now time.Time) (Entry, error) {
	// Both are taken before the row is read: what changes from here on makes the entry old, or its table garbage.
	before, t := x.touches.count(), x.table.Load()
	facts, err := x.licenses.ReadForCheck(ctx, key)
	if err != nil {
		return Entry{}, err
	}
	e := entryOf(facts)
	t.put(&e, before, &x.touches)
	e.effective(now)
	return e, nil
}

// Remembered is Lookup from memory alone, whatever the status; false: the key is not there. It is for callers who ask
// more often than they may: what they learn is what was true when its license last changed, as far as this process knows.
func (x *Index) Remembered(key string, now time.Time) (Entry, bool) {
	if !x.current.Load() {
		return Entry{}, false
	}
	e, ok := x.table.Load().find(key, &x.touches)
	if ok {
		e.effective(now)
	}
	return e, ok
}

// Resets counts how often everything was forgotten, for those who keep what depends on the catalog and on versions of
// licenses. False: changes of other processes can't be followed now, so nothing kept may be used.
func (x *Index) Resets() (uint64, bool) { return x.resets.Load(), x.current.Load() }

// Active reports whether an identifier, in its normal form, is an activation of e's license. Only "yes" comes from
// memory.
func (x *Index) Active(ctx context.Context, e Entry, identifier string) (bool, error) {
	t := x.table.Load()
	if x.current.Load() && t.known.has(e.ID, e.Version, identifier) {
		return true, nil
	}
	active, err := x.licenses.IdentifierActive(ctx, e.ID, identifier)
	if active {
		t.known.add(e.ID, e.Version, identifier)
	}
	return active, err
}

// Touch says that a license has changed: what was read of it before now is old. It is a [license.ChangeListener],
// called after the commit: an empty id stands for all licenses.
func (x *Index) Touch(licenseID string, _ int64) {
	if licenseID == "" {
		x.Reset()
		return
	}
	x.touches.add(licenseID)
}

// Reset forgets everything: what was read before now is old.
func (x *Index) Reset() {
	x.table.Store(newTable(x.options.Entries, x.options.Identifiers))
	x.resets.Add(1)
}

// NoteCatalogChange says, as part of tx, that names or entitlements of products or plans change: after the commit
// this process and the others of the store forget what they know.
func (x *Index) NoteCatalogChange(ctx context.Context, tx *db.Tx) error {
	tx.OnCommit(x.Reset)
	if tx.Engine() == db.SQLite {
		return nil
	}
	return noteChange(ctx, tx, everyLicense, 0)
}
