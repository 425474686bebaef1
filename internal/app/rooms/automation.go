package rooms

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
)

// registerTasks names the due work of the rooms. In which order it is done on one day is said by the tasks.
func (r *Rooms) registerTasks() {
	tasks := [][]automation.Task{
		r.Licenses.Tasks(),
		{r.Subscriptions.Task(), r.Collection.Task()},
		r.onceThereAreDomains(r.Watch.Standing()),
		r.onceThereAreDomains(r.Renewals.Tasks()),
		r.onceThereAreDomains(r.Reminders.Tasks()),
		r.Payments.Tasks(),
		r.Billing.Tasks(),
		r.Notices.Tasks(),
	}
	// A rehearsal reaches nobody outside.
	if !r.config.Rehearsal {
		tasks = append(tasks, r.Mail.Tasks(), r.Webhooks.Tasks())
	}
	if !r.config.Rehearsal || r.standIn != nil {
		tasks = append(tasks, r.onceThereAreDomains(r.Dispatch.Tasks()), r.onceThereAreDomains(r.Watch.Tasks()))
	}
	for _, t := range tasks {
		for _, task := range t {
			r.Automation.Register(task)
		}
	}
}

// onceThereAreDomains has tasks look for nothing in a store without domains, of which most are: there they cost one question
// each.
func (r *Rooms) onceThereAreDomains(tasks []automation.Task) []automation.Task {
	for i, t := range tasks {
		if t.Next != nil {
			tasks[i].Next = func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
				if some, err := r.Domains.Any(ctx, tx); !some || err != nil {
					return time.Time{}, false, err
				}
				return t.Next(ctx, tx, after)
			}
		}
		tasks[i].Run = func(ctx context.Context, p *automation.Pass) error {
			some := false
			err := r.db.Read(ctx, func(tx *db.Tx) (err error) {
				some, err = r.Domains.Any(ctx, tx)
				return err
			})
			if !some || err != nil {
				return err
			}
			return t.Run(ctx, p)
		}
	}
	return tasks
}
