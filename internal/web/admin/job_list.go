package admin

import (
	"maps"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) jobList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := job.Filter{State: job.State(q.Get("state")), Kind: q.Get("kind"), Cursor: cursor(r), Limit: perPage}
	jobs, next, err := a.Jobs.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Jobs", "automation")}
	v.Head = ui.Head{Title: "Jobs", Sub: "What is done later, again, or every day.", Actions: []ui.Button{{Label: "Automation", Href: "/admin/automation"}}}
	mayRun := visitorOf(r).staff.Role.Can(staff.JobsWrite)
	v.Tabs = ui.Tabs{Label: "Jobs by state"}
	for _, t := range []struct{ label, state string }{{"All", ""}, {"Failed", "failed"}, {"Waiting", "queued"}, {"Running", "running"}, {"Done", "done"}} {
		v.Tabs.Items = append(v.Tabs.Items, ui.Tab{Label: t.label, Href: ui.URLWith(r.URL, "state", t.state), Current: string(f.State) == t.state})
	}
	v.Filter = ui.Filter{Action: "/admin/automation/jobs", ClearHref: "/admin/automation/jobs", Chips: chips(r, chipName{"kind", "Job", workTitle})}
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
		name, retry := ui.Text(workTitle(j.Kind)).With(j.LastError), ui.Cell{}
		if mayRun && j.State == job.Failed {
			retry = ui.Act(ui.Button{Label: "Retry", Href: "/admin/automation/jobs/" + j.ID + "/retry", Post: true})
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

func (a *area) jobRetry(w http.ResponseWriter, r *http.Request) error {
	j, err := a.Jobs.Retry(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/automation/jobs", "“"+workTitle(j.Kind)+"” runs again.")
}
