package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// jobWords say what a kind of job does.
var jobWords = map[string]string{
	"billing.fulfil": "Deliver a paid line again", "logs.prune": "Forget old log entries",
	"payment.charge": "Charge a payment method", "payment.ask": "Ask a gateway what became of a payment", "payment.refund": "Give money back through a gateway",
	"payment.detach": "Forget a payment method at its gateway", "payments.sweep": "Look for payments whose outcome is not known",
	"signin.link": "Mail a link to sign in", "signing_keys.upkeep": "Rotate signing keys and fill up their reserve",
	"sandbox.webhook": "Webhook of the sandbox", "sandbox.turn": "What the sandbox does later",
}

// taskWords say what a task does.
var taskWords = map[string]string{
	"licenses.write_down": "Write down what time has changed of licenses", "licenses.anomalies": "Look for keys that are passed around",
	"gateway_events.apply": "Do what gateways have told", "subscriptions.assess": "Renew, suspend and end subscriptions", "invoices.collect": "Charge, remind and retry invoices",
	"notice.trials": "Tell of trials that end", "notice.cards": "Tell of cards that expire", "notice.digest": "Write the digest for staff",
	"ledger.seal": "Seal the ledger", "mails.send": "Send mails", "webhooks.send": "Send webhooks",
}

// workTitle says what a kind of job or task does.
func workTitle(kind string) string {
	if words, ok := jobWords[kind]; ok {
		return words
	}
	if words, ok := taskWords[kind]; ok {
		return words
	}
	return sentence(kind)
}

// shownFailures is how many failed items the page of the automation shows.
const shownFailures = 50

func (a *area) automation(w http.ResponseWriter, r *http.Request) error {
	v := sheetView{Page: a.page(r, "Automation", "automation")}
	v.Head = ui.Head{Title: "Automation", Sub: "What runs by itself, what comes next, what could not be done."}
	role := visitorOf(r).staff.Role
	mayRun := role.Can(staff.JobsWrite)
	if mayRun {
		v.Head.Actions = []ui.Button{{Label: "Run what is due", Href: "/admin/automation/run", Post: true, Icon: "play"}}
	}
	if role.Can(staff.SalesRead) {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Look ahead", Href: "/admin/automation/ahead"})
	}
	v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Jobs", Href: "/admin/automation/jobs"})
	if a.Automation.HasTestClock() {
		clock, err := a.testClock(r, v.Page, mayRun, nil)
		if err != nil {
			return err
		}
		v.Full = append(v.Full, clock)
	}
	for _, part := range []func(context.Context, ui.Page, bool) (card, error){a.failedItems, a.dueWork, a.lastRuns} {
		c, err := part(r.Context(), v.Page, mayRun)
		if err != nil {
			return err
		}
		if c.Table != nil {
			v.Full = append(v.Full, c)
		}
	}
	return a.sheet(w, v)
}

// dueWork shows how all due work stands.
func (a *area) dueWork(ctx context.Context, p ui.Page, _ bool) (card, error) {
	all, lookedAt, err := a.Automation.Standings(ctx)
	if err != nil {
		return card{}, err
	}
	c := card{Head: ui.CardHead{Title: "Due work", Text: "In the order in which it is done. Nobody has looked for it yet."}}
	if lookedAt != nil {
		c.Head.Text = "In the order in which it is done. Looked for every minute."
	}
	c.Table = &ui.Table{ID: "tasks", Flush: true, Caption: "Due work", Columns: []ui.Column{{Label: "Work"}, {Label: "Next due"}, {Label: "Last ran"}, {Label: "Done then", End: true}, {Label: "Failing", End: true}}}
	for _, t := range all {
		last, did := ui.HTML(p.Ago(orZero(nil))), ui.Cell{}
		if t.LastRun != nil {
			last, did = ui.HTML(p.Ago(t.LastRun.At)), ui.Count(int(t.LastRun.Done))
		}
		row := ui.Row{Cells: []ui.Cell{ui.Text(workTitle(t.Kind)), ui.HTML(p.Ago(orZero(t.NextDue))), last, did, ui.Count(int(t.Failing))}}
		if t.Failing > 0 {
			row.Tone = ui.Danger
		}
		c.Table.Rows = append(c.Table.Rows, row)
	}
	return c, nil
}

// failedItems shows what is due and could not be done, if there is anything.
func (a *area) failedItems(ctx context.Context, p ui.Page, mayRun bool) (card, error) {
	found, next, err := a.Automation.Failures(ctx, automation.Filter{Limit: shownFailures})
	if err != nil || len(found) == 0 {
		return card{}, err
	}
	c := card{Head: ui.CardHead{Title: "Could not be done", Text: "Each is tried again by itself. The rest goes on meanwhile."}}
	if next != "" {
		c.Head.Text += fmt.Sprintf(" The first %d are shown.", len(found))
	}
	c.Table = &ui.Table{ID: "failures", Flush: true, Caption: "Could not be done", Columns: []ui.Column{{Label: "Work"}, {Label: "About"}, {Label: "Tries", End: true}, {Label: "Next try"}, {Label: "Retry", Hidden: true}}}
	for _, f := range found {
		about, retry := ui.Mono(f.SubjectID), ui.Cell{}
		if to := recordHref(f.SubjectID); to != "" {
			about = about.To(to)
		}
		if mayRun {
			retry = ui.Act(ui.Button{Label: "Retry", Href: "/admin/automation/retry", Post: true, Hidden: []ui.Hidden{{Name: "task", Value: f.Task}, {Name: "subject", Value: f.SubjectID}}})
		}
		reason, _, _ := strings.Cut(f.Error, "\n")
		c.Table.Rows = append(c.Table.Rows, ui.Row{Tone: ui.Danger, Cells: []ui.Cell{ui.Text(workTitle(f.Task)).With(ui.Clip(reason, 200)), about, ui.Count(int(f.Attempts)), ui.HTML(p.Ago(f.NextTryAt)), retry}})
	}
	return c, nil
}

// lastRuns shows what ran.
func (a *area) lastRuns(ctx context.Context, p ui.Page, _ bool) (card, error) {
	found, _, err := a.Automation.Runs(ctx, automation.Filter{Limit: 20})
	if err != nil || len(found) == 0 {
		return card{}, err
	}
	c := card{Head: ui.CardHead{Title: "What ran", Text: "The last runs that found something to do."}}
	c.Table = &ui.Table{ID: "runs", Flush: true, Caption: "What ran", Columns: []ui.Column{{Label: "Work"}, {Label: "When"}, {Label: "Done", End: true}, {Label: "Failed", End: true}, {Label: "Held", End: true, Narrow: true}, {Label: "Took", End: true, Narrow: true}}}
	for _, run := range found {
		row := ui.Row{Cells: []ui.Cell{ui.Text(workTitle(run.Task)).With(ui.Clip(run.Error, 200)), ui.HTML(p.Ago(run.At)), ui.Count(int(run.Done)), ui.Count(int(run.Failed)), ui.Count(int(run.Held)), ui.Text(fmt.Sprintf("%.1f s", run.Took.Seconds()))}}
		if run.Failed > 0 {
			row.Tone = ui.Warn
		}
		c.Table.Rows = append(c.Table.Rows, row)
	}
	return c, nil
}

func (a *area) automationRun(w http.ResponseWriter, r *http.Request) error {
	web.UnhurriedUpload(w)
	report, err := a.Automation.RunDue(r.Context())
	if err != nil {
		return err
	}
	return done(w, r, "/admin/automation", ranWords(report))
}

// ranWords say what a run did.
func ranWords(report automation.Report) string {
	text := "Nothing was due."
	if n := report.Done(); n > 0 {
		text = ui.Number(n) + " items and jobs were done."
	}
	if n := report.Failed(); n > 0 {
		text += " " + ui.Number(n) + " failed, and are tried again."
	}
	return text
}

func (a *area) automationRetry(w http.ResponseWriter, r *http.Request) error {
	if err := a.Automation.Retry(r.Context(), r.PostFormValue("task"), r.PostFormValue("subject")); err != nil {
		return err
	}
	return done(w, r, "/admin/automation", "“"+workTitle(r.PostFormValue("task"))+"” is tried again.")
}
