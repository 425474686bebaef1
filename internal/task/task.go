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
	_, err := tx.FinishStaffTasksAbout(ctx, query.FinishStaffTasksAboutParams{
		Kind: kind, SubjectID: subjectID, DoneAt: &tx.Stamp, DoneBy: event.ActorFrom(ctx).Name,
	})
	if err != nil {
		return fmt.Errorf("tasks about %s: %w", subjectID, err)
	}
	return nil
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
type Service struct{ db *db.DB }

// New returns the tasks of a store.
func New(d *db.DB) *Service { return &Service{db: d} }

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
			tasks[i] = Task{
				ID: r.ID, CreatedAt: r.CreatedAt.Time(),
				Question: Question{Kind: r.Kind, SubjectID: r.SubjectID, Occasion: r.Occasion, Detail: r.Detail},
			}
			if r.CustomerID != nil {
				tasks[i].CustomerID = *r.CustomerID
			}
		}
		if more {
			next = page.Cursor(tasks[len(tasks)-1].ID)
		}
		return nil
	})
	return tasks, next, err
}

// Done closes a task: a person has dealt with it.
func (s *Service) Done(ctx context.Context, id string) error {
	if !text.IsID(id) {
		return errNotFound
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
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
