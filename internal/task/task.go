// Package task is what needs a person: questions that the program must not answer by itself, each asked once for every
// occasion, until somebody has dealt with it.
package task

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Question is something to ask staff. It is unique by kind, subject and occasion.
type Question struct {
	Kind       string // "subscription.period_removed"
	SubjectID  string
	Occasion   string
	CustomerID string // empty: none
	Detail     string // what happened, and what can be done about it
}

// Ask puts a question before staff as part of tx. The same question again, answered or not, asks nothing.
func Ask(ctx context.Context, tx *db.Tx, q Question) error {
	row := query.InsertStaffTaskParams{
		ID: tx.NewID("tsk"), Kind: q.Kind, SubjectID: q.SubjectID, Occasion: q.Occasion, Detail: q.Detail, CreatedAt: tx.Stamp,
	}
	if q.CustomerID != "" {
		row.CustomerID = &q.CustomerID
	}
	n, err := tx.InsertStaffTask(ctx, row)
	if err != nil {
		return fmt.Errorf("ask staff about %s: %w", q.SubjectID, err)
	}
	if n == 0 {
		return nil
	}
	return event.Emit(ctx, tx, event.New{
		Type: "task.opened", SubjectID: q.SubjectID, CustomerID: q.CustomerID,
		Data: map[string]any{"task_id": row.ID, "kind": q.Kind, "detail": q.Detail},
	})
}

// Settled closes the open questions of a kind about a subject as part of tx: what they asked has been answered.
func Settled(ctx context.Context, tx *db.Tx, kind, subjectID string) error {
	_, err := Finish(ctx, tx, kind, subjectID)
	return err
}

// Finish is Settled, and reports whether any question was open.
func Finish(ctx context.Context, tx *db.Tx, kind, subjectID string) (asked bool, err error) {
	n, err := tx.FinishStaffTasksAbout(ctx, query.FinishStaffTasksAboutParams{
		Kind: kind, SubjectID: subjectID, DoneAt: &tx.Stamp, DoneBy: event.ActorFrom(ctx).Name,
	})
	if err != nil {
		return false, fmt.Errorf("tasks about %s: %w", subjectID, err)
	}
	return n > 0, nil
}

// AskAnew puts a question before staff as part of tx that takes the place of those of the same kind about the same subject:
// they are closed.
func AskAnew(ctx context.Context, tx *db.Tx, q Question) error {
	err := tx.FinishOtherStaffTasks(ctx, query.FinishOtherStaffTasksParams{
		Kind: q.Kind, SubjectID: q.SubjectID, Occasion: q.Occasion, DoneAt: &tx.Stamp, DoneBy: event.ActorFrom(ctx).Name,
	})
	if err != nil {
		return fmt.Errorf("tasks about %s: %w", q.SubjectID, err)
	}
	return Ask(ctx, tx, q)
}

// Task is a question that waits for a person.
type Task struct {
	ID string
	Question
	CreatedAt time.Time
}

// Service lists and closes tasks.
type Service struct {
	db *db.DB
	// waits are what says that a task of a kind is not done by being closed, as something waits for its answer.
	waits map[string]Waits
}

// Waits returns why a task can't be closed yet; nil: it can.
type Waits func(ctx context.Context, tx *db.Tx, q Question) error

// New returns the tasks of a store.
func New(d *db.DB) *Service { return &Service{db: d, waits: map[string]Waits{}} }

// KeepOpen has tasks of a kind closed only when nothing waits for what they ask. It is called before the service is used.
func (s *Service) KeepOpen(kind string, w Waits) { s.waits[kind] = w }

// Open returns a page of open tasks, oldest first, and the cursor of the next page.
func (s *Service) Open(ctx context.Context, cursor string, limit int) (tasks []Task, next string, err error) {
	after := ""
	if cursor != "" {
		key, err := page.Key(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		after = key[0]
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.OpenStaffTasks(ctx, query.OpenStaffTasksParams{After: after, N: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("open tasks: %w", err)
		}
		rows, more := page.Cut(rows, limit)
		tasks, next = make([]Task, len(rows)), ""
		for i, r := range rows {
			tasks[i] = taskOf(r)
		}
		if more {
			next = page.Cursor(tasks[len(tasks)-1].ID)
		}
		return nil
	})
	return tasks, next, err
}

func taskOf(r query.StaffTask) Task {
	t := Task{ID: r.ID, CreatedAt: r.CreatedAt.Time(), Question: Question{Kind: r.Kind, SubjectID: r.SubjectID, Occasion: r.Occasion, Detail: r.Detail}}
	if r.CustomerID != nil {
		t.CustomerID = *r.CustomerID
	}
	return t
}

// ByID returns an open task.
func (s *Service) ByID(ctx context.Context, id string) (t Task, err error) {
	if !text.IsID(id) {
		return Task{}, errNotFound
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		t, err = find(ctx, tx, id)
		return err
	})
	return t, err
}

func find(ctx context.Context, tx *db.Tx, id string) (Task, error) {
	r, err := tx.StaffTask(ctx, id)
	if db.NotFound(err) {
		return Task{}, errNotFound
	}
	if err != nil {
		return Task{}, fmt.Errorf("task %s: %w", id, err)
	}
	return taskOf(r), nil
}

// Done closes a task: a person has dealt with it.
func (s *Service) Done(ctx context.Context, id string) error {
	if !text.IsID(id) {
		return errNotFound
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		t, err := find(ctx, tx, id)
		if err != nil {
			return err
		}
		if waits := s.waits[t.Kind]; waits != nil {
			if err := waits(ctx, tx, t.Question); err != nil {
				return err
			}
		}
		n, err := tx.FinishStaffTask(ctx, query.FinishStaffTaskParams{ID: id, DoneAt: &tx.Stamp, DoneBy: event.ActorFrom(ctx).Name})
		if err != nil {
			return fmt.Errorf("task %s: %w", id, err)
		}
		if n == 0 {
			return errNotFound
		}
		return event.Audit(ctx, tx, event.Change{What: "task.done", SubjectID: id})
	})
}

var errNotFound = fail.NotFound("TASK_NOT_FOUND", "There is no such open task.")
