package billing

import (
	"context"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
)

// Service holds the verbs of billing.
type Service struct {
	db         *db.DB
	terms      func(ctx context.Context, tx *db.Tx) (Terms, error)
	jobs       *job.Queue
	observers  []Observer
	creditGrew CreditGrew
	deadlines  []Deadline
	bars       []Bar
	fulfillers map[string]Fulfiller
	targets    map[string]TargetCheck
}

// New returns the billing of a store. [Service.Register], [Service.CheckTargets], [Service.Observe], [Service.OnCredit],
// [Service.BeforeMoney] and [Service.BeforeCharge] belong to building the program: call them before the first verb.
func New(d *db.DB, terms func(ctx context.Context, tx *db.Tx) (Terms, error), jobs *job.Queue) *Service {
	s := &Service{db: d, terms: terms, jobs: jobs, fulfillers: map[string]Fulfiller{}, targets: map[string]TargetCheck{}}
	jobs.Register(RetryJob, s.retry)
	return s
}

// Register names who fulfils the lines of a kind.
func (s *Service) Register(kind string, f Fulfiller) { s.fulfillers[kind] = f }

// tell writes an event about an invoice.
func (s *Service) tell(ctx context.Context, tx *db.Tx, what string, inv Invoice, more map[string]any) error {
	data := map[string]any{"invoice_id": inv.ID, "number": inv.Number, "order_id": inv.OrderID, "total": inv.Total}
	for k, v := range more {
		data[k] = v
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: inv.ID, CustomerID: inv.CustomerID, Data: data})
}

// audit writes that somebody changed something about an invoice by hand.
func audit(ctx context.Context, tx *db.Tx, what string, inv Invoice, before, after, why string) error {
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: inv.ID, Before: before, After: after, Why: why})
}
