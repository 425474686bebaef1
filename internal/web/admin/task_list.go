package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/web/ui"
)

// taskTitles say what is asked.
var taskTitles = map[string]string{
	"subscription.period_removed": "What becomes of a period that nobody is asked to pay?", "late_money": "Money arrived for an invoice that takes none", "refund.failed": "A refund failed",
	"dispute.opened": "A payment is disputed: answer the bank", "dispute.uncovered": "Disputed money that the customer has spent",
	heldCharges: "More charges than usual are due, and wait", "refund.uncovered": "A refund was made on the gateway's pages of more than there was",
	"gateway_event.failed": "What a gateway told could not be applied", "payment.unplaced": "A payment that belongs to no invoice", "customer.unreachable": "A customer can't be written to", "notice.missed": "A mail could not be written",

	"domain.arrival_stuck": "A registration or transfer waits for a person", "domain.by_hand": "Do at a registrar by hand what the store waits for", "domain.change_by_hand": "Change something at a registrar by hand",
	"domain.change_not_done": "A change at a registrar was not done, or nobody can tell",
	"domain.free_due":        "A free domain falls due, and no service pays for it", "domain.free_lost": "The service has ended with which a domain was free",
	"domain.last_safe_day": "A paid renewal is not confirmed yet", "domain.never_renews": "A domain has no term that it could renew by",
	"domain.notice_undelivered": "A notice could not be delivered", "domain.paid_back_on_the_way": "A domain was paid back while the registrar was asked",
	"domain.paid_too_late": "What a paid renewal waits for did not come in time", "domain.prices_skipped": "A price update has left domains as they are", "domain.price_differs": "The registry asks for another price than was paid",
	"domain.quote_needed": "A price of the registry is not known", "domain.refused": "The registrar refused a domain", "domain.renewal_attention": "What the registry says of a renewal fits nothing",
	"domain.renewal_disputed": "The payment of a domain's renewal is disputed", "domain.renewal_held": "A paid renewal waits", "domain.renewal_not_made": "A domain is due, and its term is not on offer",
	"domain.renewal_unpaid": "Money of a paid renewal went back before it was sent",
	"domain.sync_held":      "The registry names another date than the store", "domain.sync_unreadable": "The registry's date can't be true", "domain.year_unpaid": "Have the registry take back a year that nobody has paid for?", "domain.unpaid_term": "What becomes of a term that nobody has paid for?",
	"domain.work_stuck": "The work at a registrar does not go on", "registrar.breaker_open": "The sync of a registrar was stopped", "registrar.funds_low": "A registrar's account runs low", "registrar.unreachable": "A registrar can't be reached",
}

func taskTitle(kind string) string {
	if s, ok := taskTitles[kind]; ok {
		return s
	}
	return sentence(kind)
}

// mostWaiting is up to which number the navigation counts what waits for a person.
const mostWaiting = 99

// waiting is how many things wait for a person. A page that can't tell says none.
func (a *area) waiting(ctx context.Context) int {
	open, _, err := a.Tasks.Open(ctx, "", mostWaiting)
	if err != nil {
		return 0
	}
	return len(open)
}

func (a *area) taskList(w http.ResponseWriter, r *http.Request) error {
	found, next, err := a.Tasks.Open(r.Context(), cursor(r), perPage)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Needs a person", "tasks"), Head: ui.Head{Title: "Needs a person", Sub: "What the store does not decide by itself, oldest first."}}
	if v.Table, err = a.taskTable(r.Context(), v.Page, found, visitorOf(r).staff.Role); err != nil {
		return err
	}
	v.Table.Empty = &ui.Empty{Art: "done", Title: "Nothing needs you", Text: "Whatever waits for a person appears here."}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// taskTable shows what is asked, with the way to what it is about.
func (a *area) taskTable(ctx context.Context, p ui.Page, tasks []task.Task, role staff.Role) (ui.Table, error) {
	mayFinish, mayTry := role.Can(staff.SalesWrite), role.Can(staff.DomainsWrite)
	t := ui.Table{ID: "tasks", Caption: "Needs a person", Columns: []ui.Column{{Label: "What"}, {Label: "Customer", Narrow: true}, {Label: "Since"}}}
	if mayFinish {
		t.Columns = append(t.Columns, ui.Column{Label: "Done", Hidden: true})
	}
	who := a.buyers()
	for _, x := range tasks {
		customer := ui.Cell{}
		if x.CustomerID != "" {
			var err error
			if customer, err = who.cell(ctx, x.CustomerID); err != nil {
				return t, err
			}
		}
		row := ui.Row{Tone: ui.Warn, Cells: []ui.Cell{taskCell(x), customer, ui.HTML(p.Ago(x.CreatedAt))}}
		switch {
		case mayFinish && x.Kind == heldCharges:
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Release", Href: "/admin/charges/release"}))
		case mayTry && x.Kind == dispatch.TaskArrival:
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Try again", Href: domainsAt + "/" + x.SubjectID + "/retry"}))
		case mayFinish:
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Done", Href: "/admin/tasks/" + x.ID + "/done", Post: true, Icon: "check"}))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func taskCell(x task.Task) ui.Cell {
	to := recordHref(x.SubjectID)
	switch {
	case to != "":
	case x.CustomerID != "":
		to = "/admin/customers/" + x.CustomerID
	default:
		to = "/admin/tasks"
	}
	return ui.Text(taskTitle(x.Kind)).With(ui.Clip(x.Detail, 300)).To(to)
}

// heldCharges is the kind of the task that waits while charges are held.
const heldCharges = "charges.held"

func (a *area) releaseQuestion(r *http.Request) (*ui.Confirm, error) {
	for cursor := ""; ; {
		open, next, err := a.Tasks.Open(r.Context(), cursor, 0)
		if err != nil {
			return nil, err
		}
		for _, x := range open {
			if x.Kind == heldCharges {
				return &ui.Confirm{
					ID: "release", Title: "Release the charges that wait?", Text: x.Detail,
					Effects: []string{"All of them are charged now, and what falls due later today as well.", "Grace counts from today for those that fail.", "A charge can't be taken back: it can only be refunded."},
					Action:  "/admin/charges/release", Label: "Release", Cancel: "/admin/tasks",
				}, nil
			}
		}
		if cursor = next; cursor == "" {
			return nil, fail.Conflict("NO_CHARGES_HELD", "No charges wait to be released.")
		}
	}
}

func (a *area) release(r *http.Request) (to, text string, err error) {
	return "/admin/tasks", "The charges go on.", a.Payments.Release(r.Context())
}

func (a *area) taskDone(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Tasks.ByID(r.Context(), r.PathValue("id"))
	if err == nil {
		err = a.Tasks.Done(r.Context(), t.ID)
	}
	if e := fail.Of(err); e != nil && e.Code == dispatch.CodeOutcomeNeeded && visitorOf(r).staff.Role.Can(staff.DomainsWrite) {
		return say(w, r, domainsAt+"/"+t.SubjectID+"/by-hand", ui.Info, "Say what came of it: that closes the task.")
	}
	if err != nil {
		return err
	}
	return done(w, r, "/admin/tasks", "Done.")
}
