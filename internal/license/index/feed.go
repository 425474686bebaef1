package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Several processes may serve one PostgreSQL store. Each writes its changes to license_changes in the transaction
// that makes them, and every process reads there, some times a second, what the others changed.
//
// Transactions don't become visible in the order of their numbers, nor of the numbers of their rows. So a reader
// asks by snapshot: what is visible now and was not when it last looked. That is exact, and costs what has changed.
//
// There is no NOTIFY: it makes every commit of the store wait for one lock, to save a fraction of a second that
// concerns positive answers only.
const (
	pollEvery   = 200 * time.Millisecond
	pollTimeout = time.Second
	// currentFor is how long entries are used after a poll has succeeded. With the time of a poll it stays below the
	// five seconds that a process may lag behind.
	currentFor = 4*time.Second - pollTimeout
	pruneEvery = time.Minute
)

// everyLicense stands in the feed for a change that concerns all licenses.
const everyLicense = "*"

// prunedFact is the name in store_facts of the transaction before which the feed has been pruned.
const prunedFact = "license_changes_pruned"

func noteChange(ctx context.Context, tx *db.Tx, licenseID string, version int64) error {
	err := tx.InsertLicenseChange(ctx, query.InsertLicenseChangeParams{LicenseID: licenseID, Version: version, ChangedAt: tx.Stamp})
	if err != nil {
		return fmt.Errorf("change feed: %w", err)
	}
	return nil
}

// follow keeps the index current until ctx ends.
func (x *Index) follow(ctx context.Context) {
	f, err := newFeed(x)
	if err != nil {
		x.log.Error("the changes of other processes can't be read; checks will read the store", "err", err)
		return
	}
	defer f.close()
	outdated := time.AfterFunc(currentFor, func() { x.current.Store(false) })
	defer outdated.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()

	failed := false
	for {
		err := f.pollInTime(ctx)
		switch {
		case err == nil:
			outdated.Reset(currentFor)
			x.current.Store(true)
		case !failed && ctx.Err() == nil:
			x.log.Warn("the changes of other processes can't be read; checks will read the store", "err", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-prune.C:
			if err := f.prune(ctx); err != nil && ctx.Err() == nil {
				x.log.Warn("the feed of changes can't be pruned; it will be tried again", "err", err)
			}
		case <-tick.C:
		}
	}
}

// feed is a reader's place in the changes.
type feed struct {
	x     *Index
	conns *sql.DB
	// seen is the snapshot up to which everything is known; empty at first.
	seen string
	// settled is the snapshot that was seen when the feed was last pruned.
	settled string
}

// newFeed has a connection of its own: a store so busy that connections are short must not become busier by an index
// that falls behind.
func newFeed(x *Index) (*feed, error) {
	conns, err := ownConns(x.db, 1)
	return &feed{x: x, conns: conns}, err
}

func (f *feed) close() { _ = f.conns.Close() } // it is of no more use, however it ends

// pollInTime is poll within the time that keeps this process from lagging behind.
func (f *feed) pollInTime(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	return f.poll(ctx)
}

// poll applies to the index what has changed since the last poll.
func (f *feed) poll(ctx context.Context) (err error) {
	if f.seen == "" {
		if err := f.begin(ctx); err != nil {
			return err
		}
		f.x.Reset() // what was read before may have changed unseen
		return nil
	}
	rows, err := f.conns.QueryContext(ctx, `
WITH place AS (
    SELECT pg_current_snapshot() AS now,
           EXISTS (SELECT 1 FROM store_facts WHERE name = $2
                   AND value::bigint > pg_snapshot_xmin($1::pg_snapshot)::text::bigint) AS missed
)
SELECT place.now::text, place.missed, c.license_id
FROM place LEFT JOIN license_changes c
    ON c.xact >= pg_snapshot_xmin($1::pg_snapshot)::text::bigint
    AND NOT pg_visible_in_snapshot(c.xact::text::xid8, $1::pg_snapshot)`, f.seen, prunedFact)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var now string
	var missed bool
	for rows.Next() {
		var id *string
		if err := rows.Scan(&now, &missed, &id); err != nil {
			return err
		}
		switch {
		case id == nil: // no change, only the place
		case *id == everyLicense:
			f.x.Reset()
		default:
			f.x.touches.add(*id)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if missed {
		f.x.log.Warn("changes were pruned before this process saw them; its index starts anew")
		f.x.Reset()
	}
	f.seen = now
	return nil
}

// begin takes the first place. A store that was moved to another server brings rows with that one's transactions:
// those that have not taken place here are removed, or they would seem new for ever.
func (f *feed) begin(ctx context.Context) error {
	_, err := f.conns.ExecContext(ctx, `DELETE FROM license_changes WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`)
	if err != nil {
		return err
	}
	_, err = f.conns.ExecContext(ctx, `
DELETE FROM store_facts WHERE name = $1 AND value::bigint > pg_snapshot_xmax(pg_current_snapshot())::text::bigint`, prunedFact)
	if err != nil {
		return err
	}
	return f.conns.QueryRowContext(ctx, `SELECT pg_current_snapshot()::text`).Scan(&f.seen)
}

// prune removes what every process has seen: all that was visible when this one last pruned, far longer ago than a
// process may lag behind. One that slept through it finds out by the fact that is left.
func (f *feed) prune(ctx context.Context) error {
	settled := f.settled
	f.settled = f.seen
	if settled == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	_, err := f.conns.ExecContext(ctx, `
WITH horizon AS (SELECT pg_snapshot_xmin($1::pg_snapshot)::text::bigint AS xact),
     gone AS (DELETE FROM license_changes c USING horizon h WHERE c.xact < h.xact RETURNING 1)
INSERT INTO store_facts (name, value)
SELECT $2, h.xact::text FROM horizon h WHERE EXISTS (SELECT 1 FROM gone)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE store_facts.value::bigint < excluded.value::bigint`,
		settled, prunedFact)
	return err
}
