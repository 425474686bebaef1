package automation

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
)

// bundle is an automation with a table of due things.
type bundle struct {
	*testing.T
	*Service
	d     *db.DB
	clock *clock.Test
	queue *job.Queue
	story []string         // what happened, in order
	bad   map[string]error // ids that fail, and why
}

func each(t *testing.T, f func(b *bundle)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(newBundle(t, s)) })
}

func newBundle(t *testing.T, s *dbtest.Store) *bundle {
	t.Helper()
	b := &bundle{T: t, d: s.DB, clock: s.Clock, queue: job.NewQueue(s.DB, nil), bad: map[string]error{}}
	b.Service = New(s.DB, b.queue, Options{})
	b.write(func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "CREATE TABLE things (id TEXT PRIMARY KEY, kind TEXT NOT NULL, customer TEXT NOT NULL, due BIGINT NOT NULL, done BIGINT NOT NULL)")
		return err
	})
	return b
}

func (b *bundle) write(f func(tx *db.Tx) error) {
	b.Helper()
	if err := b.d.Write(b.Context(), f); err != nil {
		b.Fatal(err)
	}
}

// at is an instant a number of hours after the beginning.
func at(hours float64) time.Time {
	return dbtest.Start.Add(time.Duration(hours * float64(time.Hour)))
}

// thing adds something that falls due.
func (b *bundle) thing(id, kind, customer string, due time.Time) {
	b.Helper()
	b.write(func(tx *db.Tx) error { return insert(b.Context(), tx, id, kind, customer, due) })
}

func insert(ctx context.Context, tx *db.Tx, id, kind, customer string, due time.Time) error {
	_, err := tx.SQL().ExecContext(ctx, "INSERT INTO things (id, kind, customer, due, done) VALUES ($1, $2, $3, $4, 0)", id, kind, customer, clock.FromTime(due))
	return err
}

func (b *bundle) tell(format string, args ...any) {
	b.story = append(b.story, fmt.Sprintf("%gh ", b.d.Clock().Now().Sub(dbtest.Start).Hours())+fmt.Sprintf(format, args...))
}

// taskOf does the things of a kind. then is called in the transaction of each; it may be nil.
func (b *bundle) taskOf(kind string, order int, then func(ctx context.Context, tx *db.Tx, id string) error) Task {
	find := func(customerID string) Find {
		return func(ctx context.Context, tx *db.Tx, after string, n int) (ids []string, err error) {
			rows, err := tx.SQL().QueryContext(ctx, `SELECT id FROM things WHERE kind = $1 AND done = 0 AND due <= $2 AND id > $3 AND ($4 = '' OR customer = $4)
				ORDER BY id LIMIT CAST($5 AS BIGINT)`, kind, tx.Stamp, after, customerID, n)
			if err != nil {
				return nil, err
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					return nil, err
				}
				ids = append(ids, id)
			}
			return ids, rows.Err()
		}
	}
	return Task{
		Kind: kind, Order: order,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			var at *int64
			err := tx.SQL().QueryRowContext(ctx, "SELECT MIN(due) FROM things WHERE kind = $1 AND done = 0 AND due > $2", kind, clock.FromTime(after)).Scan(&at)
			if err != nil || at == nil {
				return time.Time{}, false, err
			}
			return clock.Instant(*at).Time(), true, nil
		},
		Due: Any(find),
		Run: func(ctx context.Context, p *Pass) error {
			return p.Each(ctx, find(p.CustomerID()), func(ctx context.Context, tx *db.Tx, id string) (Outcome, error) {
				if a := event.ActorFrom(ctx); a.Kind != event.System {
					return 0, fmt.Errorf("%+v does it", a)
				}
				if _, err := tx.SQL().ExecContext(ctx, "UPDATE things SET done = 1 WHERE id = $1", id); err != nil {
					return 0, err
				}
				if then != nil {
					if err := then(ctx, tx, id); err != nil {
						return 0, err
					}
				}
				if err := b.bad[id]; err != nil {
					if err.Error() == "panic" {
						panic(err)
					}
					return 0, err
				}
				tx.OnCommit(func() { b.tell("%s %s", kind, id) })
				return ItemDone, nil
			})
		},
	}
}

func (b *bundle) run() Report {
	b.Helper()
	r, err := b.RunDue(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (b *bundle) standStill() {
	b.Helper()
	if err := b.d.StandStill(b.Context(), b.clock.Now()); err != nil {
		b.Fatal(err)
	}
}

func (b *bundle) advance(to time.Time) Report {
	b.Helper()
	r, err := b.Advance(b.Context(), to, nil)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (b *bundle) wantStory(want ...string) {
	b.Helper()
	if !slices.Equal(b.story, want) {
		b.Errorf("it happened:\n%q\nwant:\n%q", b.story, want)
	}
	b.story = nil
}
