package job

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// mostMissed is how many periods are made good after a downtime, the current one included.
const mostMissed = 31

// Period is the payload of a periodic job: the half-open time [Start, End) that it stands for.
type Period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// periodic is work that recurs.
type periodic struct {
	kind   string
	length time.Duration
	newest bool // periods that were missed are not made good

	mu sync.Mutex
	// done is the newest period that is known to be proposed.
	done time.Time
}

// Every makes the kind run once for each period of the given length: at its start, or as soon as a process is up.
// Periods are counted in UTC, so those of a day begin at midnight there and those of a week on a Monday. The job's
// payload is a [Period].
//
// Periods that were missed are made good in their order, the 31 newest at most; a store that never ran the kind
// begins with the current one. The next period waits until the one before it was tried, so that a kind never
// overlaps with itself; one that fails is retried beside the later ones.
func (q *Queue) Every(kind string, length time.Duration) {
	if length <= 0 {
		panic("job: period of " + kind + " is not positive")
	}
	q.periodic = append(q.periodic, &periodic{kind: kind, length: length})
}

// Lately is [Queue.Every] for work of which one run does what all that were missed would have done, such as forgetting
// what is old: only the newest period counts, and time that is leapt over costs nothing.
func (q *Queue) Lately(kind string, length time.Duration) {
	q.Every(kind, length)
	q.periodic[len(q.periodic)-1].newest = true
}

// propose enqueues the next period of each kind whose turn it is; of those of [Queue.Lately] not while time is passing.
func (q *Queue) propose(ctx context.Context, passing bool) error {
	for _, p := range q.periodic {
		now := q.db.Clock().Now()
		if !p.unproposed(now, passing) {
			continue
		}
		newest, err := q.proposeNext(ctx, p, now.Truncate(p.length))
		if err != nil {
			return fmt.Errorf("propose %s: %w", p.kind, err)
		}
		p.mu.Lock()
		p.done = newest
		p.mu.Unlock()
	}
	return nil
}

// unproposed reports whether the period of an instant is still to be proposed, as far as this process knows.
func (p *periodic) unproposed(now time.Time, passing bool) bool {
	if passing && p.newest {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done.Before(now.Truncate(p.length))
}

// proposeNext enqueues the period after the newest one and returns the newest there is then.
func (q *Queue) proposeNext(ctx context.Context, p *periodic, current time.Time) (time.Time, error) {
	newest, waiting, err := q.newestPeriod(ctx, p)
	if err != nil || waiting || !newest.Before(current) {
		return newest, err
	}
	next := current
	if !newest.IsZero() && !p.newest {
		next = newest.Truncate(p.length).Add(p.length)
		if oldest := current.Add(-(mostMissed - 1) * p.length); next.Before(oldest) {
			next = oldest
		}
	}
	err = q.db.Write(ctx, func(tx *db.Tx) error {
		return q.Enqueue(ctx, tx, New{Kind: p.kind, DedupKey: p.key(next), Payload: Period{next, next.Add(p.length)}, RunAt: next})
	})
	return next, err
}

// newestPeriod returns the start of the newest period that was proposed, zero if none was, and whether it still
// waits for its first attempt or for the end of one.
func (q *Queue) newestPeriod(ctx context.Context, p *periodic) (start time.Time, waiting bool, err error) {
	from, before := p.kind+":", p.kind+";" // ';' follows ':'
	err = q.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.NewestJobBetween(ctx, query.NewestJobBetweenParams{Kind: p.kind, FromKey: &from, BeforeKey: &before})
		if db.NotFound(err) {
			start, waiting = time.Time{}, false
			return nil
		}
		if err != nil {
			return err
		}
		waiting = State(row.State) == Running || State(row.State) == Queued && row.Attempt == 0
		start, err = time.Parse(time.RFC3339, (*row.DedupKey)[len(from):])
		return err
	})
	return start, waiting, err
}

// key is the dedup key of a period. Keys sort as their periods do.
func (p *periodic) key(start time.Time) string {
	return p.kind + ":" + start.UTC().Format(time.RFC3339)
}
