package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotFound     = fail.NotFound("JOB_NOT_FOUND", "There is no such job.")
	errNotRetryable = fail.Conflict("JOB_NOT_RETRYABLE", "The job is running, or done already.")
)

var states = []State{Queued, Running, Done, Failed}

// Filter picks a page of jobs.
type Filter struct {
	State  State  // empty: any
	Kind   string // empty: any
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// List returns a page of jobs, the newest first, and the cursor of the next page, empty after the last one.
func (q *Queue) List(ctx context.Context, f Filter) (jobs []Job, next string, err error) {
	if f.State != "" && !slices.Contains(states, f.State) {
		return nil, "", fail.Invalid("state", "is not one of queued, running, done, failed")
	}
	kind, err := text.Line(f.Kind, text.NameLength)
	if err != nil {
		return nil, "", fail.Invalid("kind", err.Error())
	}
	var conditions []string
	var args []any
	where := func(condition string, arg any) {
		args = append(args, arg)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	if f.State != "" {
		where("state = $%d", string(f.State))
	}
	if kind != "" {
		where("kind = $%d", kind)
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, "", err
		}
		where("id < $%d", key[0])
	}
	limit := page.Limit(f.Limit)
	args = append(args, int64(limit+1))
	rest := fmt.Sprintf("ORDER BY id DESC LIMIT CAST($%d AS BIGINT)", len(args))
	if len(conditions) > 0 {
		rest = "WHERE " + strings.Join(conditions, " AND ") + " " + rest
	}
	err = q.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := selectJobs(ctx, tx, rest, args...)
		if err != nil {
			return fmt.Errorf("list jobs: %w", err)
		}
		rows, more := page.Cut(rows, limit)
		jobs, next = rows, ""
		if more {
			next = page.Cursor(rows[limit-1].ID)
		}
		return nil
	})
	return jobs, next, err
}

func selectJobs(ctx context.Context, tx *db.Tx, rest string, args ...any) (jobs []Job, err error) {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, kind, dedup_key, payload, state, run_at, attempt, max_attempts,
		lease_until, last_error, created_at, finished_at FROM jobs `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.Job
		err := rows.Scan(&r.ID, &r.Kind, &r.DedupKey, &r.Payload, &r.State, &r.RunAt, &r.Attempt, &r.MaxAttempts,
			&r.LeaseUntil, &r.LastError, &r.CreatedAt, &r.FinishedAt)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, fromRow(r))
	}
	return jobs, rows.Err()
}

// ByID returns a job.
func (q *Queue) ByID(ctx context.Context, id string) (j Job, err error) {
	err = q.db.Read(ctx, func(tx *db.Tx) (err error) {
		j, err = byID(ctx, tx, id)
		return err
	})
	return j, err
}

func byID(ctx context.Context, tx *db.Tx, id string) (Job, error) {
	if !text.IsID(id) {
		return Job{}, errNotFound
	}
	row, err := tx.GetJob(ctx, id)
	if db.NotFound(err) {
		return Job{}, errNotFound
	}
	if err != nil {
		return Job{}, fmt.Errorf("job %s: %w", id, err)
	}
	return fromRow(row), nil
}

// Retry runs a job at once that has failed, or that waits for its time or its next attempt, and gives it the full
// number of attempts again.
func (q *Queue) Retry(ctx context.Context, id string) (j Job, err error) {
	err = q.db.Write(ctx, func(tx *db.Tx) error {
		before, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		n, err := tx.RetryJob(ctx, query.RetryJobParams{ID: id, Now: tx.Stamp, MoreAttempts: maxAttempts})
		if err != nil {
			return fmt.Errorf("retry job %s: %w", id, err)
		}
		if n == 0 {
			return errNotRetryable
		}
		if j, err = byID(ctx, tx, id); err != nil {
			return err
		}
		tx.OnCommit(q.look)
		err = event.Audit(ctx, tx, event.Change{What: "job.retried", SubjectID: id, Before: string(before.State), After: string(j.State)})
		if err != nil {
			return err
		}
		return event.Emit(ctx, tx, event.New{Type: "job.retried", SubjectID: id, Data: RetriedEvent{j.Kind}})
	})
	return j, err
}

// RetriedEvent is the data of the event "job.retried".
type RetriedEvent struct {
	Kind string `json:"kind"`
}

const (
	keepDone   = 30 * 24 * time.Hour // how long a job that is done is remembered
	pruneBatch = 1000                // rows removed in one transaction
)

// Prune forgets the jobs that were done 30 days ago and returns how many. Failed ones stay until they are retried.
// What periodic work has been proposed is not forgotten.
func (q *Queue) Prune(ctx context.Context) (total int64, err error) {
	for {
		var n int64
		err := q.db.Write(ctx, func(tx *db.Tx) (err error) {
			before := clock.FromTime(tx.Now.Add(-keepDone))
			n, err = tx.PruneJobs(ctx, query.PruneJobsParams{Before: &before, N: pruneBatch})
			return err
		})
		if err != nil {
			return total, fmt.Errorf("prune jobs: %w", err)
		}
		if total += n; n < pruneBatch {
			return total, nil
		}
	}
}
