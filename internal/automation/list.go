package automation

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Standing says how a task stands.
type Standing struct {
	Kind    string
	Order   int
	NextDue *time.Time // when something of it falls due by itself; nil: nothing is going to
	LastRun *Run       // that found something to do; nil: none did
	Failing int64      // items that failed and are due
}

// Run is a pass of a task that found something to do.
type Run struct {
	ID     string
	Task   string
	At     time.Time     // by the store's clock
	Took   time.Duration // by the machine's
	Done   int64
	Failed int64
	Held   int64
	Error  string // of the task itself, for staff; empty: none
}

// Failure is an item that is due and could not be done.
type Failure struct {
	Task      string
	SubjectID string
	Error     string // for staff
	Attempts  int64
	FirstAt   time.Time
	LastAt    time.Time
	NextTryAt time.Time
}

// Standings returns how every task stands, in the order in which they run, and when somebody last looked for what is
// due; nil if nobody ever did.
func (s *Service) Standings(ctx context.Context) (all []Standing, lookedAt *time.Time, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		all, lookedAt = nil, nil
		at, err := tx.AutomationLookedAt(ctx)
		switch {
		case err == nil:
			lookedAt = clock.TimePtr(&at)
		case !db.NotFound(err):
			return err
		}
		given, err := given(ctx, tx, s.tasks)
		if err != nil {
			return err
		}
		for _, t := range s.tasks {
			if !given[t.If] {
				t.Next = nil
			}
			standing, err := t.standing(ctx, tx)
			if err != nil {
				return err
			}
			all = append(all, standing)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("standing of the automation: %w", err)
	}
	return all, lookedAt, nil
}

func (t Task) standing(ctx context.Context, tx *db.Tx) (Standing, error) {
	is := Standing{Kind: t.Kind, Order: t.Order}
	at, ok, err := t.next(ctx, tx, tx.Now)
	if err != nil {
		return Standing{}, err
	}
	if ok {
		is.NextDue = &at
	}
	if is.Failing, err = tx.CountAutomationFailures(ctx, t.Kind); err != nil {
		return Standing{}, err
	}
	row, err := tx.LastAutomationRun(ctx, t.Kind)
	if db.NotFound(err) {
		return is, nil
	}
	run := runOf(row)
	is.LastRun = &run
	return is, err
}

func runOf(row query.AutomationRun) Run {
	return Run{
		ID: row.ID, Task: row.Task, At: row.At.Time(), Took: time.Duration(row.Took) * time.Microsecond, Done: row.Done, Failed: row.Failed, Held: row.Held,
		Error: row.Error,
	}
}

// Filter picks a page of runs or failures.
type Filter struct {
	Task   string // empty: any
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

func (f Filter) where(key string, parts int, beyond string) (w page.Where, err error) {
	if f.Task, err = text.Line(f.Task, text.NameLength); err != nil {
		return w, fail.Invalid("task", err.Error())
	}
	if f.Task != "" {
		w.Add("task = $?", f.Task)
	}
	if f.Cursor == "" {
		return w, nil
	}
	from, err := page.Key(f.Cursor, parts)
	if err != nil {
		return w, err
	}
	args := make([]any, len(from))
	for i := range from {
		args[i] = from[i]
	}
	w.Add(key+beyond, args...)
	return w, nil
}

// Runs returns a page of runs, the newest first, and the cursor of the next page, empty after the last one.
func (s *Service) Runs(ctx context.Context, f Filter) (runs []Run, next string, err error) {
	w, err := f.where("id < ", 1, "$?")
	if err != nil {
		return nil, "", err
	}
	limit := page.Limit(f.Limit)
	n := w.Arg(int64(limit + 1))
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		runs, next = nil, ""
		rows, err := tx.SQL().QueryContext(ctx, "SELECT id, task, at, took, done, failed, held, error FROM automation_runs"+w.String()+" ORDER BY id DESC LIMIT CAST("+n+" AS BIGINT)", w.Args()...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r query.AutomationRun
			if err := rows.Scan(&r.ID, &r.Task, &r.At, &r.Took, &r.Done, &r.Failed, &r.Held, &r.Error); err != nil {
				return err
			}
			runs = append(runs, runOf(r))
		}
		var more bool
		if runs, more = page.Cut(runs, limit); more {
			next = page.Cursor(runs[limit-1].ID)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return runs, next, nil
}

// Failures returns a page of what is due and could not be done, by task, and the cursor of the next page, empty after the
// last one.
func (s *Service) Failures(ctx context.Context, f Filter) (failures []Failure, next string, err error) {
	w, err := f.where("(task, subject_id) > ", 2, "($?, $?)")
	if err != nil {
		return nil, "", err
	}
	limit := page.Limit(f.Limit)
	n := w.Arg(int64(limit + 1))
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		failures, next = nil, ""
		rows, err := tx.SQL().QueryContext(ctx, "SELECT task, subject_id, error, attempts, first_at, last_at, next_try_at FROM automation_failures"+w.String()+" ORDER BY task, subject_id LIMIT CAST("+n+" AS BIGINT)", w.Args()...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r query.AutomationFailure
			if err := rows.Scan(&r.Task, &r.SubjectID, &r.Error, &r.Attempts, &r.FirstAt, &r.LastAt, &r.NextTryAt); err != nil {
				return err
			}
			failures = append(failures, Failure{
				Task: r.Task, SubjectID: r.SubjectID, Error: r.Error, Attempts: r.Attempts, FirstAt: r.FirstAt.Time(), LastAt: r.LastAt.Time(), NextTryAt: r.NextTryAt.Time(),
			})
		}
		var more bool
		if failures, more = page.Cut(failures, limit); more {
			next = page.Cursor(failures[limit-1].Task, failures[limit-1].SubjectID)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("list failed items: %w", err)
	}
	return failures, next, nil
}

var errNoFailure = fail.NotFound("FAILURE_NOT_FOUND", "There is no such failed item: it may be done by now.")

// Retry makes the automation try a failed item again at once.
func (s *Service) Retry(ctx context.Context, task, subjectID string) error {
	if _, err := text.Required(subjectID, text.NameLength); err != nil {
		return errNoFailure
	}
	if !s.has(task) {
		return errNoFailure
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.RetryAutomationFailure(ctx, query.RetryAutomationFailureParams{Task: task, SubjectID: subjectID, Now: tx.Stamp})
		if err != nil {
			return fmt.Errorf("retry %s %s: %w", task, subjectID, err)
		}
		if n == 0 {
			return errNoFailure
		}
		tx.OnCommit(s.Look)
		if err := event.Audit(ctx, tx, event.Change{What: EventRetried, SubjectID: subjectID, After: task}); err != nil {
			return err
		}
		return event.Emit(ctx, tx, event.New{Type: EventRetried, SubjectID: subjectID, Data: FailedEvent{task}})
	})
}

// EventRetried tells that somebody had a failed item tried again. Its data is a [FailedEvent].
const EventRetried = "automation.retried"

const (
	keepRuns   = 90 * 24 * time.Hour
	pruneBatch = 1000
)

// Prune forgets the runs of more than 90 days ago. Failures stay until they are done.
func (s *Service) Prune(ctx context.Context) error {
	for {
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.PruneAutomationRuns(ctx, query.PruneAutomationRunsParams{Before: clock.FromTime(tx.Now.Add(-keepRuns)), N: pruneBatch})
			return err
		})
		if err != nil {
			return fmt.Errorf("prune runs: %w", err)
		}
		if n < pruneBatch {
			return nil
		}
	}
}
