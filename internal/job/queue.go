package job

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/db"
)

const (
	workers   = 4                // jobs that run at once in one process
	pollEvery = time.Second      // how often a queue looks for what others enqueued and for what has fallen due
	errPause  = 10 * time.Second // how long it waits instead when the database did not answer
	leaseTime = time.Minute      // after which the job of a dead process is claimed again
	runLimit  = time.Hour        // after which a handler is told to give up
	stopGrace = 20 * time.Second // how long Stop waits for handlers before it tells them to give up
)

// NewQueue returns the queue of the store d. It runs nothing before [Queue.Start] or [Queue.RunDue].
func NewQueue(d *db.DB, logger *slog.Logger) *Queue {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Queue{db: d, log: logger, handlers: map[string]Handler{}, wake: make(chan struct{}, 1), random: rand.Float64}
}

// Register names the handler of a kind of job. It panics if the kind has one already: that is a fault of the program.
func (q *Queue) Register(kind string, h Handler) {
	if _, taken := q.handlers[kind]; taken {
		panic("job: kind " + kind + " is registered twice")
	}
	q.handlers[kind] = h
}

// HoldWhile has the queue claim nothing while held says so: what is enqueued waits. It belongs to building the program.
func (q *Queue) HoldWhile(held func(context.Context) (bool, error)) { q.held = held }

// holds reports whether the queue claims nothing for now.
func (q *Queue) holds(ctx context.Context) (bool, error) {
	if q.held == nil {
		return false, nil
	}
	return q.held(ctx)
}

// Start begins to run jobs in the background, each when its time has come, and returns at once. It runs until
// [Queue.Stop] is called or ctx ends. A queue that runs already goes on.
func (q *Queue) Start(ctx context.Context) { q.background.Start(ctx, q.loop) }

// Stop claims no more jobs and waits for those that run. After a while it cancels their contexts; what is cut off
// in this way is queued again at once. Stopping a queue that does not run does nothing.
func (q *Queue) Stop() { q.background.Stop() }

// loop runs jobs until claiming ends, then waits for those that it has begun.
func (q *Queue) loop(claiming context.Context) {
	// A handler may finish what it has begun, so its context outlives claiming.
	handling, cancel := context.WithCancel(context.WithoutCancel(claiming))
	defer cancel()
	var running sync.WaitGroup
	busy := make(chan struct{}, workers)

	for claiming.Err() == nil {
		pause := pollEvery
		if err := q.startDue(claiming, handling, &running, busy); err != nil && claiming.Err() == nil {
			q.log.Error("look for jobs", "err", err)
			pause = errPause
		}
		background.Pause(claiming, pause, q.wake)
	}
	patience := time.AfterFunc(stopGrace, cancel)
	defer patience.Stop()
	running.Wait()
}

// startDue starts what is due as long as there are free workers. Each looks for more work when it is done.
func (q *Queue) startDue(claiming, handling context.Context, running *sync.WaitGroup, busy chan struct{}) error {
	if held, err := q.holds(claiming); err != nil || held {
		return err
	}
	if !q.gate.Enter() {
		return nil
	}
	proposed := q.propose(claiming, false)
	q.gate.Leave()
	for {
		select {
		case busy <- struct{}{}:
		default:
			return proposed
		}
		if !q.gate.Enter() {
			<-busy
			return proposed
		}
		j, ok, err := q.claim(claiming)
		if !ok {
			q.gate.Leave()
			<-busy
			return errors.Join(proposed, err)
		}
		running.Go(func() {
			defer func() { q.gate.Leave(); <-busy; q.look() }()
			_ = q.run(handling, j) // is logged, and kept on the job
		})
	}
}

// RunDue runs all that is due now, the periodic work included, one job after another in the order of their times,
// and returns how many attempts it made. A job that fails stops nothing: its error is kept on it. Jobs become due by
// the store's clock, so with a clock that stands still RunDue ends when nothing is left for this instant.
//
// It must not run inside a transaction: each job has its own.
func (q *Queue) RunDue(ctx context.Context) (n int, err error) {
	err = q.RunEach(ctx, false, func(string, error) { n++ })
	return n, err
}

// RunEach is [Queue.RunDue] for whoever wants to know what ran: ran is told the kind and the outcome of each attempt. While
// time is passing, at an instant that is only leapt to, the work of [Queue.Lately] waits.
func (q *Queue) RunEach(ctx context.Context, passing bool, ran func(kind string, outcome error)) error {
	if held, err := q.holds(ctx); err != nil || held {
		return err
	}
	for ctx.Err() == nil {
		if err := q.propose(ctx, passing); err != nil {
			return err
		}
		j, ok, err := q.claim(ctx)
		if !ok {
			return err
		}
		ran(j.Kind, q.run(ctx, j))
	}
	return ctx.Err()
}
