package event

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/db"
)

// horizon knows up to where the history is settled: no event will ever appear at or below it. This is the one place
// where the engines differ.
//
// On SQLite there is one writer, so what is visible is settled. On PostgreSQL an event takes its number (seq) before
// its transaction commits, so a lower number may become visible after a higher one. (Transaction ids don't help:
// they are given out in yet another order.) But whoever writes events holds a lock on their table from before the
// first number until after the commit. So if M is the highest number that is visible, and those who hold such a lock
// after that have all let go of it, then everything up to M is settled: whoever begins to write later gets higher
// numbers.
type horizon struct {
	mu      sync.Mutex
	reached int64
	pending *moment // not settled yet; nil: none
}

// moment is the history at one time.
type moment struct {
	newest  int64    // the highest number that is visible
	writers []string // the transactions that were writing events then
}

// settled reports whether none of those who were writing still is.
func (m moment) settled(writing []string) bool {
	return !slices.ContainsFunc(m.writers, func(w string) bool { return slices.Contains(writing, w) })
}

const (
	everything = math.MaxInt64
	// patience is how often settled looks again for those who were writing when it was asked. Most end in a few
	// milliseconds.
	patience  = 20
	lookAgain = 5 * time.Millisecond
)

// settled returns the highest number up to which the history is settled. It waits a moment for transactions that
// are about to end, but not for long ones: what they write beside others is what they delay.
func (h *horizon) settled(ctx context.Context, d *db.DB) (int64, error) {
	if d.Engine() == db.SQLite {
		return everything, nil
	}
	asked, err := look(ctx, d)
	if err != nil {
		return 0, err
	}
	now := asked
	for try := 0; ; try++ {
		if reached := h.advance(asked, now.writers); reached >= asked.newest || try == patience {
			return reached, nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if now, err = look(ctx, d); err != nil {
			return 0, err
		}
	}
}

// advance takes note of who is writing now and returns how far the history is settled. If asked is not, it is
// remembered for later calls, unless an earlier moment is: that one is settled first.
func (h *horizon) advance(asked moment, writing []string) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending != nil && h.pending.settled(writing) {
		h.reached = max(h.reached, h.pending.newest)
		h.pending = nil
	}
	switch {
	case asked.settled(writing):
		h.reached = max(h.reached, asked.newest)
	case h.pending == nil && asked.newest > h.reached:
		h.pending = &asked
	}
	return h.reached
}

// look reads the highest number that is visible, and after that who writes.
func look(ctx context.Context, d *db.DB) (m moment, err error) {
	var writers string
	err = d.Read(ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(ctx, `SELECT
			(SELECT COALESCE(MAX(seq), 0) FROM events), COALESCE(string_agg(l.virtualtransaction, ' '), '')
			FROM pg_locks AS l
			JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
			WHERE l.relation = CAST('events' AS regclass) AND l.mode = 'RowExclusiveLock'`).Scan(&m.newest, &writers)
	})
	m.writers = strings.Fields(writers)
	return m, err
}
