package automation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// longestAdvance bounds how far a clock is moved at once.
const longestAdvance = 20 * 366 * 24 * time.Hour

// EventAdvanced tells that the clock of a test store was moved.
const EventAdvanced = "test_clock.advanced"

// AdvancedEvent is the data of [EventAdvanced].
type AdvancedEvent struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Advance moves the clock of a test store, and runs all that falls due on the way as if the time had passed: it leaps to
// the earliest instant at which something falls due, lets tasks and jobs come to rest there, and goes on until to. A to
// that is not later than now only lets them come to rest. progress, unless it is nil, is told each instant. If ctx ends
// the clock stays where it has come to, and another advance goes on from there.
func (s *Service) Advance(ctx context.Context, to time.Time, progress func(at time.Time)) (Report, error) {
	if !s.HasTestClock() {
		return Report{}, errLive
	}
	if to.Sub(s.Now()) > longestAdvance {
		return Report{}, fail.Invalid("to", "is more than 20 years away")
	}
	if err := s.recovery.Refuse(ctx); err != nil {
		return Report{}, err
	}
	asked := ctx
	ctx, leave, err := s.take(ctx)
	if err != nil {
		return Report{}, err
	}
	defer leave()
	resume, err := s.pause(ctx)
	if err != nil {
		return Report{}, err
	}
	defer resume()

	from, r := s.Now(), Report{}
	err = s.leap(db.Relaxed(ctx), to, &r, progress)
	r.Now = s.Now()
	if r.Now.After(from) {
		// This write makes all before it durable.
		err = errors.Join(err, s.note(context.WithoutCancel(asked), from))
	}
	return r, err
}

// pause pauses all that goes on beside the tasks in this process, and returns when nothing is under way.
func (s *Service) pause(ctx context.Context) (resume func(), err error) {
	var all []func()
	resume = func() {
		for _, r := range all {
			r()
		}
	}
	for _, p := range s.beside {
		r, err := p.Pause(ctx)
		if err != nil {
			resume()
			return nil, err
		}
		all = append(all, r)
	}
	return resume, nil
}

// leap goes from instant to instant.
func (s *Service) leap(ctx context.Context, to time.Time, r *Report, progress func(at time.Time)) error {
	for {
		now, with := s.Now(), jobsInPassing
		if !now.Before(to) {
			with = jobsToo
		}
		next, err := s.settle(ctx, r, with)
		if err != nil || with == jobsToo {
			return err
		}
		if next.IsZero() || next.After(to) {
			next = to
		}
		if err := s.db.MoveClock(ctx, next); err != nil {
			return err
		}
		if progress != nil {
			progress(next)
		}
	}
}

// settle lets tasks and jobs come to rest, those of other processes too, and returns when something falls due next; zero:
// nothing does any more.
func (s *Service) settle(ctx context.Context, r *Report, with extent) (time.Time, error) {
	for {
		is, err := s.rest(ctx, r, with)
		if err == nil && is.ahead == nil { // what is due can't be done now
			err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
				is.ahead, err = s.lookAhead(ctx, tx)
				return err
			})
		}
		if err != nil {
			return time.Time{}, err
		}
		if !is.ahead.running {
			return is.ahead.next, nil
		}
		select {
		case <-time.After(askAgain / 10):
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}

// next is the earliest instant after t at which a job or a task falls due, or a failed item is tried again.
func (s *Service) next(ctx context.Context, t time.Time) (next time.Time, ok bool, err error) {
	next, ok, err = s.jobs.Next(ctx, t)
	if err != nil {
		return time.Time{}, false, err
	}
	earlier := func(at time.Time) {
		if !ok || at.Before(next) {
			next, ok = at, true
		}
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		try, err := tx.NextAutomationTry(ctx, clock.FromTime(t))
		switch {
		case err == nil:
			earlier(try.Time())
		case !db.NotFound(err):
			return err
		}
		given, err := given(ctx, tx, s.tasks)
		if err != nil {
			return err
		}
		for _, task := range s.tasks {
			if !given[task.If] {
				continue
			}
			at, due, err := task.next(ctx, tx, t)
			if err != nil {
				return err
			}
			if due {
				earlier(at)
			}
		}
		return nil
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("what falls due next: %w", err)
	}
	return next, ok, nil
}

func (t Task) next(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	if t.Next == nil {
		return time.Time{}, false, nil
	}
	at, ok, err = t.Next(ctx, tx, after)
	switch {
	case err != nil:
		return time.Time{}, false, fmt.Errorf("task %s: %w", t.Kind, err)
	case ok && !at.After(after):
		return time.Time{}, false, fmt.Errorf("task %s: %s is not after %s", t.Kind, at, after)
	}
	return at, ok, nil
}

// note tells that the clock was moved.
func (s *Service) note(ctx context.Context, from time.Time) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		before, after := from.Format(time.RFC3339Nano), tx.Now.Format(time.RFC3339Nano)
		if err := event.Audit(ctx, tx, event.Change{What: EventAdvanced, Before: before, After: after}); err != nil {
			return err
		}
		return event.Emit(ctx, tx, event.New{Type: EventAdvanced, Data: AdvancedEvent{From: from, To: tx.Now}})
	})
}
