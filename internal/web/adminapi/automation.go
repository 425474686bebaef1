package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
)

// TestClock is where the clock of a test store stands.
type TestClock struct {
	Now time.Time `json:"now"`
}

// Run is what a run of the automation did.
type Run struct {
	Now    time.Time      `json:"now"`
	Ran    map[string]int `json:"ran" nullable:"false" doc:"How many jobs were tried and items worked on, by kind"`
	Failed map[string]int `json:"failed" nullable:"false" doc:"How many of them failed, and are tried again later"`
	Held   map[string]int `json:"held" nullable:"false" doc:"How many are due, but wait for somebody"`
}

func showRun(r automation.Report) Run {
	run := Run{Now: r.Now.UTC(), Ran: map[string]int{}, Failed: map[string]int{}, Held: map[string]int{}}
	note := func(of map[string]int, kind string, n int) {
		if n > 0 {
			of[kind] = n
		}
	}
	for kind, c := range r.Ran {
		note(run.Ran, kind, c.Done+c.Failed)
		note(run.Failed, kind, c.Failed)
		note(run.Held, kind, c.Held)
	}
	return run
}

// NewTime is where a test clock is moved to.
type NewTime struct {
	To string `json:"to" maxLength:"64" example:"2027-03-20" doc:"An instant such as 2027-03-20T03:21:26Z, or a date: its first instant in the store's zone. Not later than now: what is due runs, and the clock stays"`
}

// Horizon is how far a dry run looks ahead.
type Horizon struct {
	Until string `json:"until" maxLength:"64" example:"2027-03-20" doc:"An instant such as 2027-03-20T03:21:26Z, or a date: its first instant in the store's zone. At most 400 days away"`
}

// DryRun is what would happen.
type DryRun struct {
	Now    time.Time   `json:"now"`
	Until  time.Time   `json:"until"`
	Events []Happening `json:"events" nullable:"false" doc:"In their order, 10,000 at most"`
	More   int         `json:"more" doc:"How many more there are"`
	Totals []Total     `json:"totals" nullable:"false" doc:"Of all events, by type and currency"`
}

// Happening is an event that would take place.
type Happening struct {
	OccurredAt time.Time `json:"occurred_at"`
	Type       string    `json:"type" example:"invoice.finalised"`
	SubjectID  string    `json:"subject_id" doc:"What it happens to. A thing that is new has another id when it is really made"`
	CustomerID *string   `json:"customer_id"`
	Money      *Money    `json:"money"`
}

// Total sums up the events of a type that are about money in one currency, or about none.
type Total struct {
	Type   string `json:"type"`
	Number int    `json:"number"`
	Money  *Money `json:"money"`
}

func showDryRun(r automation.Rehearsal) DryRun {
	d := DryRun{Now: r.From.UTC(), Until: r.Until.UTC(), Events: []Happening{}, More: r.More, Totals: []Total{}}
	for _, h := range r.Happenings {
		shown := Happening{OccurredAt: h.At.UTC(), Type: h.Type, SubjectID: h.SubjectID, CustomerID: orNull(h.CustomerID)}
		if h.Money != nil {
			m := moneyOf(*h.Money)
			shown.Money = &m
		}
		d.Events = append(d.Events, shown)
	}
	for _, t := range r.Totals {
		shown := Total{Type: t.Type, Number: t.Number}
		if t.Money != nil {
			m := moneyOf(*t.Money)
			shown.Money = &m
		}
		d.Totals = append(d.Totals, shown)
	}
	return d
}

// Task is a kind of due work and how it stands.
type Task struct {
	Kind    string     `json:"kind" example:"licenses.write_down"`
	NextDue *time.Time `json:"next_due" doc:"When something of it falls due by itself; null: nothing is going to"`
	LastRun *TaskRun   `json:"last_run" doc:"The last that found something to do"`
	Failing int64      `json:"failing" doc:"How many items failed and are tried again"`
}

// TaskRun is a pass of a task that found something to do.
type TaskRun struct {
	ID           string    `json:"id" example:"run_01hx2b6yh4m3nq0r8s5t"`
	Task         string    `json:"task"`
	At           time.Time `json:"at"`
	Milliseconds float64   `json:"milliseconds"`
	Done         int64     `json:"done"`
	Failed       int64     `json:"failed"`
	Held         int64     `json:"held"`
	Error        *string   `json:"error" doc:"Of the task itself"`
}

func showTaskRun(r automation.Run) TaskRun {
	return TaskRun{
		ID: r.ID, Task: r.Task, At: r.At.UTC(), Milliseconds: float64(r.Took.Microseconds()) / 1000, Done: r.Done, Failed: r.Failed, Held: r.Held,
		Error: orNull(r.Error),
	}
}

// Tasks is how all due work stands.
type Tasks struct {
	Data     []Task     `json:"data" nullable:"false" doc:"In the order in which they run"`
	LookedAt *time.Time `json:"looked_at" doc:"When what is due was looked for last"`
}

// Failure is an item that is due and could not be done.
type Failure struct {
	Task      string    `json:"task"`
	SubjectID string    `json:"subject_id"`
	Error     string    `json:"error"`
	Attempts  int64     `json:"attempts"`
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
	NextTryAt time.Time `json:"next_try_at"`
}

func showFailure(f automation.Failure) Failure {
	return Failure{
		Task: f.Task, SubjectID: f.SubjectID, Error: f.Error, Attempts: f.Attempts, FirstAt: f.FirstAt.UTC(), LastAt: f.LastAt.UTC(), NextTryAt: f.NextTryAt.UTC(),
	}
}

type listTaskInput struct {
	Paging
	Task string `query:"task" maxLength:"255"`
}

// FailureRef names a failed item.
type FailureRef struct {
	Task      string `json:"task" maxLength:"255"`
	SubjectID string `json:"subject_id" maxLength:"255"`
}

func (a *API) automation() {
	const tag, clock = "Automation", "Test clock"
	add(a, route{Method: http.MethodGet, Path: "/test-clock", Scope: "settings:read", Tag: clock, Summary: "Show the test clock", Notes: "Of a test store only: it stands still between advances.", Codes: []string{"NO_TEST_CLOCK"}},
		func(context.Context, *struct{}) (TestClock, error) {
			now, err := a.Automation.TestClock()
			return TestClock{now.UTC()}, err
		})
	add(a, route{Method: http.MethodPost, Path: "/test-clock/advance", Scope: "jobs:write", Tag: clock, Summary: "Move the test clock", Notes: "Runs, in the order of time, all that falls due on the way, and answers when all is settled. At most 20 years at once.", Repeat: after, Long: true, Codes: []string{"NO_TEST_CLOCK"}},
		func(ctx context.Context, in *struct{ Body NewTime }) (Run, error) {
			to, err := a.instant(ctx, "to", in.Body.To)
			if err != nil {
				return Run{}, err
			}
			r, err := a.Automation.Advance(ctx, to, nil)
			return showRun(r), err
		})
	add(a, route{Method: http.MethodPost, Path: "/automation/run", Scope: "jobs:write", Tag: tag, Summary: "Run all that is due now", Notes: "In order, and answers when it is done. Running it twice does no harm.", Repeat: after, Long: true},
		func(ctx context.Context, _ *struct{}) (Run, error) {
			r, err := a.Automation.RunDue(ctx)
			return showRun(r), err
		})
	add(a, route{Method: http.MethodPost, Path: "/customers/{id}/run", Scope: "jobs:write", Tag: tag, Summary: "Run all that is due now for one customer", Repeat: after, Long: true, Codes: []string{"CUSTOMER_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Run, error) {
			if _, err := a.Customers.ByID(ctx, in.ID); err != nil {
				return Run{}, err
			}
			r, err := a.Automation.RunFor(ctx, in.ID)
			return showRun(r), err
		})
	add(a, route{Method: http.MethodPost, Path: "/automation/dry-run", Scope: "sales:read", Tag: tag, Summary: "Tell what would happen until a date", Notes: "With amounts, if nobody did anything meanwhile. It happens in a copy of the store, from which nothing reaches the world outside.", Repeat: after, Long: true},
		func(ctx context.Context, in *struct{ Body Horizon }) (DryRun, error) {
			until, err := a.instant(ctx, "until", in.Body.Until)
			if err != nil {
				return DryRun{}, err
			}
			r, err := a.DryRun(ctx, until)
			return showDryRun(r), err
		})
	add(a, route{Method: http.MethodGet, Path: "/automation/tasks", Scope: "settings:read", Tag: tag, Summary: "Show how all due work stands"}, a.listTasks)
	add(a, route{Method: http.MethodGet, Path: "/automation/runs", Scope: "settings:read", Tag: tag, Summary: "List what ran", Notes: "Newest first. What found nothing to do is left out."},
		func(ctx context.Context, in *listTaskInput) (List[TaskRun], error) {
			found, next, err := a.Automation.Runs(ctx, automation.Filter{Task: in.Task, Cursor: in.Cursor, Limit: in.Limit})
			return listOf(found, next, showTaskRun), err
		})
	add(a, route{Method: http.MethodGet, Path: "/automation/failures", Scope: "settings:read", Tag: tag, Summary: "List what is due and could not be done"},
		func(ctx context.Context, in *listTaskInput) (List[Failure], error) {
			found, next, err := a.Automation.Failures(ctx, automation.Filter{Task: in.Task, Cursor: in.Cursor, Limit: in.Limit})
			return listOf(found, next, showFailure), err
		})
	add(a, route{Method: http.MethodPost, Path: "/automation/failures/retry", Scope: "jobs:write", Tag: tag, Summary: "Try a failed item again at once", Status: http.StatusNoContent, Codes: []string{"FAILURE_NOT_FOUND"}},
		func(ctx context.Context, in *struct{ Body FailureRef }) (none, error) {
			return none{}, a.Automation.Retry(ctx, in.Body.Task, in.Body.SubjectID)
		})
}

// instant reads a point in time: an instant, or a date of the store's zone, on which all that is due falls due at its first
// instant.
func (a *API) instant(ctx context.Context, field, text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	day, err := civil.Parse(text)
	if err != nil {
		return time.Time{}, fail.Invalid(field, "must be an instant such as 2027-03-20T03:21:26Z, or a date")
	}
	s, err := a.Settings.Get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return day.StartIn(s.TimeZone), nil
}

func (a *API) listTasks(ctx context.Context, _ *struct{}) (Tasks, error) {
	found, lookedAt, err := a.Automation.Standings(ctx)
	out := Tasks{Data: []Task{}, LookedAt: utc(lookedAt)}
	for _, s := range found {
		t := Task{Kind: s.Kind, NextDue: utc(s.NextDue), Failing: s.Failing}
		if s.LastRun != nil {
			run := showTaskRun(*s.LastRun)
			t.LastRun = &run
		}
		out.Data = append(out.Data, t)
	}
	return out, err
}
