package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
)

var (
	errCrashed   = errors.New("the process ended, or lost the database, during the last attempt")
	errLeaseLost = errors.New("the lease was lost")
	errTooLong   = fmt.Errorf("did not finish within %s", runLimit)
)

// claim takes the next job that is due, if there is one.
func (q *Queue) claim(ctx context.Context) (j Job, ok bool, err error) {
	for {
		more, err := q.anyDue(ctx)
		if err != nil || !more {
			return j, false, err // a look that finds nothing writes nothing
		}
		err = q.db.Write(ctx, func(tx *db.Tx) error {
			ok, more = false, false
			until := clock.FromTime(tx.Wall.Add(leaseTime))
			row, err := tx.ClaimJob(ctx, query.ClaimJobParams{LeaseUntil: &until, Now: tx.Stamp, Wall: &tx.WallStamp})
			if db.NotFound(err) {
				// Nothing is due, or another process was faster: then look at the next one.
				more, err = tx.HasDueJob(ctx, query.HasDueJobParams{Now: tx.Stamp, Wall: &tx.WallStamp})
				return err
			}
			if err != nil {
				return err
			}
			j = fromRow(row)
			if j.Attempt > j.MaxAttempts {
				// Its last attempt never came to an end, so nobody could say that it failed.
				more = true
				return giveUp(ctx, tx, j, errCrashed)
			}
			ok = true
			return nil
		})
		if err != nil || ok || !more {
			return j, ok, err
		}
	}
}

// anyDue reports whether a job is due that nobody runs.
func (q *Queue) anyDue(ctx context.Context) (due bool, err error) {
	err = q.db.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = tx.HasDueJob(ctx, query.HasDueJobParams{Now: tx.Stamp, Wall: &tx.WallStamp})
		return err
	})
	return due, err
}

// AnyDue reports whether [Queue.RunEach] would find something to do: a job, or a period of recurring work that nobody has
// proposed yet.
func (q *Queue) AnyDue(ctx context.Context, tx *db.Tx, passing bool) (bool, error) {
	for _, p := range q.periodic {
		if p.unproposed(tx.Now, passing) {
			return true, nil
		}
	}
	return tx.HasDueJob(ctx, query.HasDueJobParams{Now: tx.Stamp, Wall: &tx.WallStamp})
}

// run gives a claimed job to its handler, stores the outcome and returns it. When ctx ends, the job is cut off and queued
// again.
func (q *Queue) run(ctx context.Context, j Job) error {
	handling, cancel := context.WithCancelCause(ctx)
	handling, cancelLimit := context.WithTimeoutCause(handling, runLimit, errTooLong)
	defer cancelLimit()
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		q.renew(handling, cancel, j)
	}()
	err := q.handle(event.WithActor(handling, event.Actor{Kind: event.System, Name: "Keystead"}), j)
	if cause := context.Cause(handling); err != nil && errors.Is(cause, errTooLong) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	cancel(nil)
	<-renewed

	log := q.log.With("job", j.ID, "kind", j.Kind, "attempt", j.Attempt)
	if err != nil {
		log.Warn("job failed", "err", err)
	}
	// The outcome is stored even if the queue is being stopped.
	storing, cancelStoring := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancelStoring()
	switch serr := q.settle(storing, j, err, ctx.Err() != nil); {
	case errors.Is(serr, errLeaseLost):
		log.Warn("job ran longer than its lease; another attempt took over")
	case serr != nil:
		log.Error("store the outcome of a job; it will run again", "err", serr)
	}
	return err
}

// handle runs the handler; a panic becomes an error.
func (q *Queue) handle(ctx context.Context, j Job) (err error) {
	h, ok := q.handlers[j.Kind]
	if !ok {
		return errors.New("this program has no handler for the kind of job")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(ctx, j)
}

// renew keeps the lease while the handler runs, until ctx ends. If it can't, it ends the handler's context before
// the lease is over.
func (q *Queue) renew(ctx context.Context, lose context.CancelCauseFunc, j Job) {
	tick := time.NewTicker(leaseTime / 3)
	defer tick.Stop()
	misses := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var held int64
		err := q.db.Write(ctx, func(tx *db.Tx) (err error) {
			until := clock.FromTime(tx.Wall.Add(leaseTime))
			held, err = tx.RenewJob(ctx, query.RenewJobParams{LeaseUntil: &until, ID: j.ID, Attempt: j.Attempt})
			return err
		})
		switch {
		case err != nil:
			misses++
		case held == 1:
			misses = 0
		}
		if misses == 2 || err == nil && held == 0 {
			lose(errLeaseLost)
			return
		}
	}
}

// settle stores what came of an attempt.
func (q *Queue) settle(ctx context.Context, j Job, outcome error, cutOff bool) error {
	return q.db.Write(ctx, func(tx *db.Tx) error {
		switch {
		case outcome == nil:
			return held(tx.FinishJob(ctx, query.FinishJobParams{ID: j.ID, Attempt: j.Attempt, Now: &tx.Stamp}))
		case j.Attempt >= j.MaxAttempts && !cutOff:
			return giveUp(ctx, tx, j, outcome)
		}
		later := query.PostponeJobParams{ID: j.ID, Attempt: j.Attempt, LastError: errorText(outcome)}
		if cutOff { // through no fault of its own: the attempt does not count
			later.RunAt, later.MoreAttempts = tx.Stamp, 1
		} else {
			later.RunAt = clock.FromTime(tx.Now.Add(delay(j.Attempt, q.random())))
		}
		return held(tx.PostponeJob(ctx, later))
	})
}

// FailedEvent is the data of the event "job.failed". The error is left to the staff's pages: it may name what the
// public history should not.
type FailedEvent struct {
	Kind     string `json:"kind"`
	Attempts int64  `json:"attempts"`
}

// giveUp ends a job without success and tells of it.
func giveUp(ctx context.Context, tx *db.Tx, j Job, reason error) error {
	err := held(tx.FailJob(ctx, query.FailJobParams{ID: j.ID, Attempt: j.Attempt, LastError: errorText(reason), Now: &tx.Stamp}))
	if err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{Type: "job.failed", SubjectID: j.ID, Data: FailedEvent{j.Kind, min(j.Attempt, j.MaxAttempts)}})
}

// held turns "no row was changed" into errLeaseLost.
func held(rows int64, err error) error {
	if err == nil && rows == 0 {
		return errLeaseLost
	}
	return err
}

const (
	firstDelay   = 10 * time.Second
	longestDelay = time.Hour
)

// delay is how long to wait after a failed attempt: it doubles from ten seconds up to an hour. The later half of it
// is drawn by chance (random is in [0, 1)), so that what failed together is not tried again together.
func delay(attempt int64, random float64) time.Duration {
	d := longestDelay
	if doublings := attempt - 1; doublings < 9 {
		d = min(firstDelay<<doublings, longestDelay)
	}
	return d/2 + time.Duration(random*float64(d/2))
}
