package rooms

import "github.com/keystead/keystead/internal/automation"

// registerTasks names the due work of the rooms. In which order it is done on one day is said by the tasks.
func (r *Rooms) registerTasks() {
	tasks := [][]automation.Task{
		r.Licenses.Tasks(),
		{r.Subscriptions.Task(), r.Collection.Task()},
		r.Watch.Standing(),
		r.Renewals.Tasks(),
		r.Reminders.Tasks(),
		r.Payments.Tasks(),
		r.Billing.Tasks(),
		r.Notices.Tasks(),
	}
	// A rehearsal reaches nobody outside.
	if !r.config.Rehearsal {
		tasks = append(tasks, r.Mail.Tasks(), r.Webhooks.Tasks())
	}
	if !r.config.Rehearsal || r.standIn != nil {
		tasks = append(tasks, r.Dispatch.Tasks(), r.Watch.Tasks())
	}
	for _, t := range tasks {
		for _, task := range t {
			r.Automation.Register(task)
		}
	}
}
