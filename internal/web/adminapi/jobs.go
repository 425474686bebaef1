package adminapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/job"
)

// Job is a job of the queue as the API shows it.
type Job struct {
	ID          string          `json:"id" example:"job_01hx2b6yh4m3nq0r8s5t"`
	Kind        string          `json:"kind"`
	State       string          `json:"state" enum:"queued,running,done,failed"`
	Payload     json.RawMessage `json:"payload"`
	RunAt       time.Time       `json:"run_at"`
	Attempt     int64           `json:"attempt" doc:"How often it was tried"`
	MaxAttempts int64           `json:"max_attempts"`
	LastError   *string         `json:"last_error"`
	CreatedAt   time.Time       `json:"created_at"`
	FinishedAt  *time.Time      `json:"finished_at"`
}

func showJob(j job.Job) Job {
	return Job{
		ID: j.ID, Kind: j.Kind, State: string(j.State), Payload: j.Payload, RunAt: j.RunAt.UTC(), Attempt: j.Attempt,
		MaxAttempts: j.MaxAttempts, LastError: orNull(j.LastError), CreatedAt: j.CreatedAt.UTC(), FinishedAt: utc(j.FinishedAt),
	}
}

type listJobsInput struct {
	Paging
	State string `query:"state" enum:"queued,running,done,failed"`
	Kind  string `query:"kind" maxLength:"255"`
}

func (a *API) jobs() {
	add(a, route{Method: http.MethodGet, Path: "/jobs", Scope: "settings:read", Tag: "Automation", Summary: "List jobs", Notes: "Newest first."},
		func(ctx context.Context, in *listJobsInput) (List[Job], error) {
			found, next, err := a.Jobs.List(ctx, job.Filter{State: job.State(in.State), Kind: in.Kind, Cursor: in.Cursor, Limit: in.Limit})
			return listOf(found, next, showJob), err
		})
	add(a, route{Method: http.MethodGet, Path: "/jobs/{id}", Scope: "settings:read", Tag: "Automation", Summary: "Show a job", Codes: []string{"JOB_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Job, error) {
			j, err := a.Jobs.ByID(ctx, in.ID)
			return showJob(j), err
		})
	add(a, route{Method: http.MethodPost, Path: "/jobs/{id}/retry", Scope: "jobs:write", Tag: "Automation", Summary: "Try a job again at once", Codes: []string{"JOB_NOT_FOUND", "JOB_NOT_RETRYABLE"}},
		func(ctx context.Context, in *ByID) (Job, error) {
			j, err := a.Jobs.Retry(ctx, in.ID)
			return showJob(j), err
		})
}
