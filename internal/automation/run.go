package automation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
)

// mostRounds bounds how often the tasks are run for one instant. They come to rest after a few rounds, or a task finds
// what it has done due again.
const mostRounds = 200

var errRestless = errors.New("the automation does not come to rest")

// RunDue runs all that is due now, tasks and jobs, until nothing of either is left; in a test store what is under way already
// comes to its end, too. While another process runs the tasks it waits for its turn. It must not be called inside a
// transaction.
func (s *Service) RunDue(ctx context.Context) (Report, error) {
	if s.HasTestClock() {
		return s.Advance(ctx, s.Now(), nil)
	}
	if err := s.recovery.Refuse(ctx); err != nil {
		return Report{}, err
	}
	ctx, leave, err := s.take(ctx)
	if err != nil {
		return Report{}, err
	}
	defer leave()
	r := Report{}
	_, err = s.rest(ctx, &r, jobsToo)
	r.Now = s.Now()
	return r, err
}

// RunFor runs the tasks that are due for one customer.
func (s *Service) RunFor(ctx context.Context, customerID string) (Report, error) {
	if err := s.recovery.Refuse(ctx); err != nil {
		return Report{}, err
	}
	r := Report{}
	ctx = asSystem(ctx)
	is, err := s.look(ctx, customerID, 0, tasksOnly)
	if err == nil {
		_, err = s.round(ctx, customerID, is, &r)
	}
	r.Now = s.Now()
	return r, err
}

func asSystem(ctx context.Context) context.Context {
	return event.WithActor(ctx, event.Actor{Kind: event.System, Name: "Keystead"})
}

// rest runs the tasks, and the jobs if that is asked for, until there is nothing to do at this instant, or nothing that can be
// done now. A task that can't run keeps no other from it. It returns what the last look has shown.
func (s *Service) rest(ctx context.Context, r *Report, with extent) (sight, error) {
	ctx = asSystem(ctx)
	for range mostRounds {
		is, err := s.look(ctx, "", 0, with)
		if err != nil || is.atRest() {
			return is, err
		}
		moved, err := s.round(ctx, "", is, r)
		if err != nil {
			return is, err
		}
		if with != tasksOnly {
			err = s.jobs.RunEach(ctx, with == jobsInPassing, func(kind string, outcome error) {
				moved = true
				if outcome != nil {
					r.add(kind, Count{Failed: 1})
				} else {
					r.add(kind, Count{Done: 1})
				}
			})
			if err != nil {
				return is, err
			}
		}
		if !moved {
			return is, nil
		}
	}
	return sight{}, fmt.Errorf("%w at %s", errRestless, s.Now().Format(time.RFC3339))
}

// round runs every task once that is due when its turn comes, and reports whether one of them did something.
func (s *Service) round(ctx context.Context, customerID string, is sight, r *Report) (moved bool, err error) {
	for len(is.due) > 0 {
		t := is.due[0]
		c, err := s.pass(ctx, t.Task, customerID, t.failing)
		r.add(t.Kind, c)
		if ctx.Err() != nil {
			return moved, context.Cause(ctx)
		}
		if err != nil {
			s.log.Error("task of the automation failed", "task", t.Kind, "err", err)
		}
		moved = moved || c.Done > 0
		if t.place+1 == len(s.tasks) {
			break
		}
		// It may have brought about work of those that come after it, or done theirs.
		if is, err = s.look(ctx, customerID, t.place+1, tasksOnly); err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// pass runs one task once and keeps a record if there was something to do.
func (s *Service) pass(ctx context.Context, t Task, customerID string, failing map[string]time.Time) (Count, error) {
	p := &Pass{s: s, task: t.Kind, customerID: customerID, failing: failing, now: s.Now(), again: map[string]bool{}, fine: map[string]bool{}}
	begun := s.db.Wall().Now()
	err := func() (err error) {
		defer recovered(&err)
		return t.Run(ctx, p)
	}()
	took := max(0, s.db.Wall().Now().Sub(begun))
	if f := s.observe.Load(); f != nil && customerID == "" {
		(*f)(t.Kind, took)
	}
	whole := err == nil && customerID == ""
	storing := context.WithoutCancel(ctx)
	if ferr := p.forget(storing, whole); ferr != nil {
		err = errors.Join(err, ferr)
	}
	if err != nil && ctx.Err() == nil {
		p.count.Failed++ // the task itself
	}
	if p.count.Done == 0 && p.count.Failed == 0 {
		return p.count, err
	}
	row := query.InsertAutomationRunParams{
		Task: t.Kind, Took: took.Microseconds(), Done: int64(p.count.Done), Failed: int64(p.count.Failed), Held: int64(p.count.Held),
	}
	if err != nil {
		row.Error = errorText(err)
	}
	kerr := s.db.Write(storing, func(tx *db.Tx) error {
		row.ID, row.At = tx.NewID("run"), clock.FromTime(p.now)
		return tx.InsertAutomationRun(storing, row)
	})
	return p.count, errors.Join(err, kerr)
}
