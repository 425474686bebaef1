package admin

import (
	"maps"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// jobWords say what a kind of job does.
var jobWords = map[string]string{
	"billing.fulfil": "Deliver a paid line again", "licenses.write_down": "Write down what time has changed of licenses", "licenses.anomalies": "Look for keys that are passed around", "logs.prune": "Forget old log entries",
}

func jobTitle(kind string) string {
	if words, ok := jobWords[kind]; ok {
		return words
	}
	return kind
}

func (a *area) automation(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := job.Filter{State: job.State(q.Get("state")), Kind: q.Get("kind"), Cursor: cursor(r), Limit: perPage}
	jobs, next, err := a.Jobs.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Automation", "automation")}
	v.Head = ui.Head{Title: "Automation", Sub: "What ran by itself, what waits, what failed."}
	mayRun := visitorOf(r).staff.Role.Can(staff.JobsWrite)
	if mayRun {
		v.Head.Actions = []ui.Button{{Label: "Run what is due", Href: "/admin/automation/run", Post: true, Icon: "play"}}
	}
	v.Tabs = ui.Tabs{Label: "Jobs by state"}
	for _, t := range []struct{ label, state string }{{"All", ""}, {"Failed", "failed"}, {"Waiting", "queued"}, {"Running", "running"}, {"Done", "done"}} {
		v.Tabs.Items = append(v.Tabs.Items, ui.Tab{Label: t.label, Href: ui.URLWith(r.URL, "state", t.state), Current: string(f.State) == t.state})
	}
	v.Filter = ui.Filter{Action: "/admin/automation", ClearHref: "/admin/automation", Chips: chips(r, chipName{"kind", "Job", jobTitle})}
	if f.State != "" {
		v.Filter.Hidden = []ui.Hidden{{Name: "state", Value: string(f.State)}}
	}
	kinds := ui.Select{Label: "Job", Name: "kind", Value: f.Kind, Options: []ui.Option{{Value: "", Label: "Any"}}}
	for _, kind := range slices.Sorted(maps.Keys(jobWords)) {
		kinds.Options = append(kinds.Options, ui.Option{Value: kind, Label: jobWords[kind]})
	}
	v.Filter.Selects = []ui.Select{kinds}
	v.Table = ui.Table{
		Caption: "Jobs", Columns: []ui.Column{{Label: "Job"}, {Label: "State"}, {Label: "Tries", End: true}, {Label: "Due"}, {Label: "Ended", Narrow: true}, {Label: "Retry", Hidden: true}},
		Empty: &ui.Empty{Art: "done", Title: "Nothing here", Text: "Jobs appear when something is to be done later, again, or every day."},
	}
	for _, j := range jobs {
		name, retry := ui.Text(jobTitle(j.Kind)).With(j.LastError), ui.Cell{}
		if mayRun && j.State == job.Failed {
			retry = ui.Act(ui.Button{Label: "Retry", Href: "/admin/automation/" + j.ID + "/retry", Post: true})
		}
		tone := ui.Tone("")
		if j.State == job.Failed {
			tone = ui.Danger
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Tone: tone, Cells: []ui.Cell{name, ui.Status(string(j.State)), ui.Count(int(j.Attempt)), ui.HTML(v.Ago(j.RunAt)), ui.HTML(v.Ago(orZero(j.FinishedAt))), retry}})
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) automationRun(w http.ResponseWriter, r *http.Request) error {
	n, err := a.Jobs.RunDue(r.Context())
	if err != nil {
		return err
	}
	return done(w, r, "/admin/automation", ui.Number(n)+" jobs ran.")
}

func (a *area) jobRetry(w http.ResponseWriter, r *http.Request) error {
	j, err := a.Jobs.Retry(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/automation", "“"+jobTitle(j.Kind)+"” runs again.")
}
