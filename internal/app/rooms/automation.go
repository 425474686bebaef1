package rooms

import "github.com/keystead/keystead/internal/automation"

// registerTasks names the due work of the rooms. In which order it is done on one day is said by the tasks.
func (r *Rooms) registerTasks() {
	for _, t := range [][]automation.Task{
		r.Licenses.Tasks(),
		{r.Subscriptions.Task(), r.Collection.Task()},
		r.Payments.Tasks(),
		r.Billing.Tasks(),
		r.Webhooks.Tasks(),
	} {
		for _, task := range t {
			r.Automation.Register(task)
		}
	}
}
