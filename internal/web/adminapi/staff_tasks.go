package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/task"
)

// StaffTask is a question that waits for a person.
type StaffTask struct {
	ID         string    `json:"id" example:"tsk_01hx2b6yh4m3nq0r8s5t"`
	Kind       string    `json:"kind" example:"subscription.period_removed"`
	SubjectID  string    `json:"subject_id" example:"sub_01hx2b6yh4m3nq0r8s5t" doc:"What it is about"`
	Occasion   *string   `json:"occasion"`
	CustomerID *string   `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	Detail     string    `json:"detail" doc:"What happened, and what can be done about it"`
	CreatedAt  time.Time `json:"created_at"`
}

func showStaffTask(t task.Task) StaffTask {
	return StaffTask{
		ID: t.ID, Kind: t.Kind, SubjectID: t.SubjectID, Occasion: orNull(t.Occasion), CustomerID: orNull(t.CustomerID), Detail: t.Detail,
		CreatedAt: t.CreatedAt.UTC(),
	}
}

func (a *API) staffTasks() {
	const tag = "Tasks"
	add(a, route{Method: http.MethodGet, Path: "/tasks", Scope: "sales:read", Tag: tag, Summary: "List what needs a person", Notes: "Open tasks, oldest first."},
		func(ctx context.Context, in *Paging) (List[StaffTask], error) {
			found, next, err := a.Tasks.Open(ctx, in.Cursor, in.Limit)
			return listOf(found, next, showStaffTask), err
		})
	add(a, route{
		Method: http.MethodPost, Path: "/tasks/{id}/done", Scope: "sales:write", Tag: tag, Summary: "Close a task", Notes: "A person has dealt with it. What a registrar was asked for by hand needs more: `POST /domains/{id}/by-hand` says what came of it, and closes it.",
		Status: http.StatusNoContent, Codes: []string{"TASK_NOT_FOUND", dispatch.CodeOutcomeNeeded},
	}, func(ctx context.Context, in *ByID) (none, error) { return none{}, a.Tasks.Done(ctx, in.ID) })
}
