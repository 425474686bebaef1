package rooms

import "github.com/keystead/keystead/internal/automation"

// registerTasks names the due work of the rooms. In which order it is done on one day is said by the tasks.
func (r *Rooms) registerTasks() {
	thereAreDomains := automation.Condition(r.Domains.Any)
	ofDomains := func(tasks []automation.Task) []automation.Task {
		for i := range tasks {
			tasks[i].If = &thereAreDomains // most stores have none
		}
		return tasks
	}
	tasks := [][]automation.Task{
		r.Licenses.Tasks(),
		{r.Subscriptions.Task(), r.Collection.Task()},
		ofDomains(r.Watch.Standing()), ofDomains(r.Renewals.Tasks()), ofDomains(r.Registrations.Tasks()), ofDomains(r.Reminders.Tasks()),
		r.Payments.Tasks(),
		r.Billing.Tasks(),
		r.Notices.Tasks(),
	}
	// A rehearsal reaches nobody outside.
	if !r.config.Rehearsal {
		tasks = append(tasks, r.Mail.Tasks(), r.Webhooks.Tasks())
	}
	if !r.config.Rehearsal || r.standIn != nil {
		tasks = append(tasks, ofDomains(r.Dispatch.Tasks()), ofDomains(r.Watch.Tasks()))
	}
	for _, t := range tasks {
		for _, task := range t {
			r.Automation.Register(task)
		}
	}
}
