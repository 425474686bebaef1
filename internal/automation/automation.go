// Package automation runs what falls due by itself.
//
// Due work is described by tasks, each of which belongs to the room whose work it is: what is due now is found by a query
// over an indexed date, and done item by item in short transactions. This package decides when the tasks run, and in
// which order:
//
//  1. Every minute, and when something calls [Service.Look], one process of the store takes the lease, asks all tasks in one
//     transaction whether they are due, and runs those that are in their order, again and again until nothing is. After a
//     downtime the first round finds what the minutes before would have found.
//  2. An item that fails is kept with its error and tried again later and later. It never stops the rest.
//  3. In a test store the clock stands. [Service.Advance] leaps with it from one instant at which something falls due to
//     the next, and at each lets tasks and jobs run until all is at rest.
//
// It stands above the queue of jobs and below the rooms with work to do.
package automation

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/recovery"
)

// Task is one kind of due work.
type Task struct {
	// Kind names it, such as "subscriptions.renew".
	Kind string
	// Order decides what comes first at one instant: the lower.
	Order int
	// Next tells the earliest instant after t at which work of this kind falls due by itself, and false if there is none.
	// What is due at t already is not asked for. What falls due on a civil date does so at the date's first instant in the
	// store's zone. It is nil for work without instants of its own, which other work brings about.
	Next func(ctx context.Context, tx *db.Tx, t time.Time) (at time.Time, ok bool, err error)
	// Due reports whether Run would find something to do now, of a customer or of all if the id is empty. It reads in the one
	// transaction in which all tasks are asked. Nil: Run looks by itself, each time.
	Due func(ctx context.Context, tx *db.Tx, customerID string) (bool, error)
	// Run does all that is due now. What it has done must not be due again at the same instant.
	Run func(ctx context.Context, p *Pass) error
	// If says whether the store has anything at all that the work could be about. It is asked once for all tasks that share
	// it; while it says no they have nothing to do. It is nil for work that most stores have.
	If *Condition
	// Inward says that the work only takes in what was told from outside: it goes on while all other work is held.
	Inward bool
}

// Condition is what tasks have in common that few stores need.
type Condition func(ctx context.Context, tx *db.Tx) (bool, error)

// The orders of what may fall due on one day. Holds come before new invoices, so that what is not paid is not billed on.
const (
	OrderHolds     = 100 // ends of grace: holds, past due
	OrderExpiry    = 150 // what ends for good
	OrderInvoices  = 200
	OrderCharges   = 300
	OrderReminders = 400
	OrderUpkeep    = 900 // what nobody waits for
)

// Pauser is what works by itself, in a loop of its own, at what the tasks and jobs of a test store do while its clock is moved.
type Pauser interface {
	// Pause lets the loop begin nothing until resume is called, and returns when what it has begun is settled: nobody else
	// finds that as due.
	Pause(ctx context.Context) (resume func(), err error)
}

// Options are what a [Service] may be built with.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
	// Recovery holds due work back, but for that of [Task.Inward], while the store is in it; nil: it never is.
	Recovery *recovery.Service
}

// Service runs the tasks of a store. Register them before it starts; the other methods are safe for concurrent use.
type Service struct {
	db    *db.DB
	jobs  *job.Queue
	log   *slog.Logger
	tasks []Task // in their order
	// beside pauses what goes on beside the tasks: the queue of jobs, and what was registered.
	beside []Pauser

	recovery *recovery.Service
	// observe is told how long passes took.
	observe atomic.Pointer[func(task string, took time.Duration)]

	holder string        // of the lease
	turn   chan struct{} // holds one while somebody of this process runs the tasks
	wake   chan struct{} // holds at most one: look for work now

	background background.Loop
}

// New returns the automation of the store d, whose jobs are those of the queue.
func New(d *db.DB, jobs *job.Queue, o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{
		db: d, jobs: jobs, beside: []Pauser{jobs}, log: o.Logger, recovery: o.Recovery, holder: d.NewID("aut"), turn: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
}

// Register adds a task. It panics if there is one of its kind already: that is a fault of the program.
func (s *Service) Register(t Task) {
	if s.has(t.Kind) {
		panic("automation: task " + t.Kind + " is registered twice")
	}
	s.tasks = append(s.tasks, t)
	slices.SortStableFunc(s.tasks, func(a, b Task) int { return cmp.Compare(a.Order, b.Order) })
}

// Beside names what is to be paused while the clock of a test store is moved. It belongs to building the program.
func (s *Service) Beside(all ...Pauser) { s.beside = append(s.beside, all...) }

func (s *Service) has(kind string) bool {
	return slices.ContainsFunc(s.tasks, func(t Task) bool { return t.Kind == kind })
}

// Observe has f told of every pass over all customers how long it took, with the kind of its task, from now on.
func (s *Service) Observe(f func(task string, took time.Duration)) { s.observe.Store(&f) }

// Now is the store's time.
func (s *Service) Now() time.Time { return s.db.Clock().Now() }

// HasTestClock reports whether the store's clock stands still and can be moved: only that of a test store can.
func (s *Service) HasTestClock() bool { return s.db.Still() }

var errLive = fail.NotFound("NO_TEST_CLOCK", "This is a live store. Only a test store has a clock that can be moved.")

// TestClock returns where the clock of a test store stands. Any other store has none.
func (s *Service) TestClock() (time.Time, error) {
	if !s.HasTestClock() {
		return time.Time{}, errLive
	}
	return s.Now(), nil
}

// Report says what a run did.
type Report struct {
	Now time.Time        // the store's time at the end
	Ran map[string]Count // by kind of task or job
}

// Count is how many items were done, or how many attempts of jobs ended how.
type Count struct {
	Done   int
	Failed int // and will be tried again
	Held   int // due, but waiting for somebody
}

// Failed is how many items and attempts failed.
func (r Report) Failed() (n int) {
	for _, c := range r.Ran {
		n += c.Failed
	}
	return n
}

// Done is how many items and jobs were done.
func (r Report) Done() (n int) {
	for _, c := range r.Ran {
		n += c.Done
	}
	return n
}

func (r *Report) add(kind string, c Count) {
	if c == (Count{}) {
		return
	}
	if r.Ran == nil {
		r.Ran = map[string]Count{}
	}
	sum := r.Ran[kind]
	sum.Done += c.Done
	sum.Failed += c.Failed
	sum.Held = max(sum.Held, c.Held) // the same items, in each round again
	r.Ran[kind] = sum
}
