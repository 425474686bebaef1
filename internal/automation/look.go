package automation

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
)

// extent says what is run besides the tasks, and what is asked besides.
type extent int

const (
	tasksOnly extent = iota
	jobsToo
	jobsInPassing // but for those that can wait until time has passed
)

// sight is what one look at the store has shown, in one transaction: nothing is asked task by task, as most of the time
// nothing is due.
type sight struct {
	due   []turn
	jobs  bool     // a job is due
	ahead *outlook // of a test store that is at rest
}

// outlook is what a store at rest waits for.
type outlook struct {
	running bool      // a job, in this process or another
	next    time.Time // when something falls due; zero: nothing does any more
}

// turn is a task that is to run.
type turn struct {
	Task
	place   int                  // among the tasks
	failing map[string]time.Time // its items that failed before, and when they are tried again
}

// atRest reports whether nothing is left to do at this instant.
func (s sight) atRest() bool { return len(s.due) == 0 && !s.jobs }

// look asks all tasks from a place on whether there is something to do, for a customer or for all, and if there is nothing,
// when something falls due next.
func (s *Service) look(ctx context.Context, customerID string, from int, with extent) (sight, error) {
	held, err := s.recovery.Held(ctx)
	if err != nil {
		return sight{}, err
	}
	// Whoever can't answer is taken to be due: running it shows why, and that is kept. The others are asked again, as on
	// PostgreSQL a transaction has ended with its first error.
	mute := map[string]bool{}
	for {
		var is sight
		var silent string
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			is, silent, err = s.see(ctx, tx, customerID, s.tasks[from:], held, mute)
			if err != nil || with == tasksOnly {
				return err
			}
			if is.jobs, err = s.jobs.AnyDue(ctx, tx, with == jobsInPassing); err != nil {
				return fmt.Errorf("due jobs: %w", err)
			}
			if is.atRest() && s.HasTestClock() {
				is.ahead, err = s.lookAhead(ctx, tx)
			}
			return err
		})
		if err == nil {
			for i := range is.due {
				is.due[i].place += from
			}
			return is, nil
		}
		if silent == "" || ctx.Err() != nil {
			return sight{}, err
		}
		mute[silent] = true
	}
}

// see asks tasks whether they are due. If one fails to answer, its kind is returned with the error.
func (s *Service) see(ctx context.Context, tx *db.Tx, customerID string, tasks []Task, held bool, mute map[string]bool) (is sight, silent string, err error) {
	failing, err := failures(ctx, tx)
	if err != nil {
		return is, "", fmt.Errorf("failed items: %w", err)
	}
	given, err := given(ctx, tx, tasks)
	if err != nil {
		return is, "", err
	}
	for i, t := range tasks {
		if held && !t.Inward {
			continue
		}
		due := mute[t.Kind] || tryAgain(failing[t.Kind], tx.Now)
		if !given[t.If] {
			t.Run = func(context.Context, *Pass) error { return nil }
		} else if !due {
			if due, err = t.due(ctx, tx, customerID); err != nil {
				return is, t.Kind, err
			}
		}
		if due {
			is.due = append(is.due, turn{Task: t, place: i, failing: failing[t.Kind]})
		}
	}
	return is, "", nil
}

// tryAgain reports whether the time of a failed item's next try has come: it may be that it is due no more, which a pass
// finds out.
func tryAgain(failing map[string]time.Time, now time.Time) bool {
	for _, next := range failing {
		if !next.After(now) {
			return true
		}
	}
	return false
}

func (t Task) due(ctx context.Context, tx *db.Tx, customerID string) (due bool, err error) {
	defer recovered(&err)
	if t.Due == nil {
		return true, nil
	}
	if due, err = t.Due(ctx, tx, customerID); err != nil {
		return false, fmt.Errorf("task %s: %w", t.Kind, err)
	}
	return due, nil
}

// given asks each condition of some tasks, once.
func given(ctx context.Context, tx *db.Tx, tasks []Task) (map[*Condition]bool, error) {
	given := map[*Condition]bool{nil: true}
	for _, t := range tasks {
		if _, asked := given[t.If]; asked {
			continue
		}
		is, err := (*t.If)(ctx, tx)
		if err != nil {
			return nil, fmt.Errorf("condition of task %s: %w", t.Kind, err)
		}
		given[t.If] = is
	}
	return given, nil
}

// failures returns the items that have failed, by task, and when each is tried again.
func failures(ctx context.Context, tx *db.Tx) (map[string]map[string]time.Time, error) {
	byTask := map[string]map[string]time.Time{}
	rows, err := tx.AutomationFailures(ctx)
	for _, row := range rows {
		if byTask[row.Task] == nil {
			byTask[row.Task] = map[string]time.Time{}
		}
		byTask[row.Task][row.SubjectID] = row.NextTryAt.Time()
	}
	return byTask, err
}

// lookAhead tells what a store waits for in which nothing is due.
func (s *Service) lookAhead(ctx context.Context, tx *db.Tx) (*outlook, error) {
	idle, err := s.jobs.Idle(db.With(ctx, tx))
	if err != nil {
		return nil, err
	}
	next, ok, err := s.next(db.With(ctx, tx), tx.Now)
	if err != nil || !ok {
		next = time.Time{}
	}
	return &outlook{running: !idle, next: next}, err
}
