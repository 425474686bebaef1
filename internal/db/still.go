package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db/query"
)

// stillClock is the clock of a test store: it stands where the store says, and goes nowhere but forward.
type stillClock struct {
	mu sync.Mutex
	*clock.Test
}

// raise moves the clock to t unless it stands later: what is read of the store may be old.
func (c *stillClock) raise(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.Now()) {
		c.Set(t)
	}
}

// The fact that says where the clock of a test store stands, in a form whose order is that of time.
const (
	stillFact = "test_clock"
	stillForm = "2006-01-02T15:04:05.000000Z"
)

// StandStill gives the store a clock of its own, which stands still until [DB.MoveClock]: that of a test store. Where it
// stands is kept in the store, so that a restart changes nothing and several processes see the same instant; one that
// has no such clock yet gets one that stands at start. It is called once, before the store is used.
func (d *DB) StandStill(ctx context.Context, start time.Time) error {
	var now time.Time
	var newest string
	err := d.Write(ctx, func(tx *Tx) error {
		_, err := tx.AddStoreFact(ctx, query.AddStoreFactParams{Name: stillFact, Value: start.UTC().Format(stillForm)})
		if err != nil {
			return err
		}
		now, newest, err = tx.stands(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("the test clock: %w", err)
	}
	d.ids.resume(newest)
	own, ok := d.clock.(*clock.Test)
	if !ok {
		own = clock.NewTest(now)
		d.clock, d.wall = own, d.Wall()
	}
	own.Set(now)
	d.still = &stillClock{Test: own}
	return nil
}

// stands reads where the clock of a test store stands, and the newest of its events, after which new ones sort.
func (tx *Tx) stands(ctx context.Context) (now time.Time, newest string, err error) {
	kept, err := tx.StoreFact(ctx, stillFact)
	if err != nil {
		return now, "", err
	}
	if now, err = time.Parse(stillForm, kept); err != nil {
		return now, "", err
	}
	if newest, err = tx.NewestEventID(ctx); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return now, newest, err
}

// TakeOver gives a transaction that has filled the store the time which came with the rows: that of a test store stands still.
// What it writes afterwards is of that time, and follows upon what was there.
func (tx *Tx) TakeOver(ctx context.Context) error {
	now, newest, err := tx.stands(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the test clock: %w", err)
	}
	tx.ids.resume(newest)
	tx.Now, tx.Stamp = now, clock.FromTime(now)
	return nil
}

// Still reports whether the store has a clock that stands still and can be moved.
func (d *DB) Still() bool { return d.still != nil }

// MoveClock moves the clock of a test store forward; one that stands later already stays. It fails for any other store.
func (d *DB) MoveClock(ctx context.Context, to time.Time) error {
	if d.still == nil {
		return errors.New("the clock of this store can't be moved")
	}
	return d.Write(ctx, func(tx *Tx) error {
		if err := tx.MoveTestClock(ctx, query.MoveTestClockParams{Name: stillFact, Value: to.UTC().Format(stillForm)}); err != nil {
			return fmt.Errorf("move the test clock: %w", err)
		}
		tx.OnCommit(func() { d.still.raise(to) })
		return nil
	})
}

// readStill learns at the begin of a transaction where another process has moved the clock.
func (d *DB) readStill(ctx context.Context, raw query.DBTX) error {
	if d.still == nil {
		return nil
	}
	kept, err := query.New(raw).StoreFact(ctx, stillFact)
	if err != nil {
		return fmt.Errorf("the test clock: %w", err)
	}
	at, err := time.Parse(stillForm, kept)
	if err != nil {
		return fmt.Errorf("the test clock: %w", err)
	}
	d.still.raise(at)
	return nil
}

type relaxedKey struct{}

// Relaxed returns a context whose writes are answered once they are committed, before they are on the disk. A power cut
// may take the last of them back, never one without those after it; a write outside of such a context makes them all
// durable. It is for long work on a test store that can be done again.
func Relaxed(ctx context.Context) context.Context { return context.WithValue(ctx, relaxedKey{}, true) }

func relaxed(ctx context.Context) bool {
	is, _ := ctx.Value(relaxedKey{}).(bool)
	return is
}
