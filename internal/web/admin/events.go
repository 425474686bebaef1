package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) eventList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := event.Filter{Type: q.Get("type"), SubjectID: q.Get("subject_id"), CustomerID: q.Get("customer_id"), Limit: perPage}
	events, err := a.Events.Recent(r.Context(), cursor(r), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Events", "events")}
	v.Head = ui.Head{Title: "Events", Sub: "The history of the store: what happened, when, and by whom. The admin API reads the same."}
	v.Filter = ui.Filter{
		Action: "/admin/events", SearchLabel: "Type of event", SearchName: "type", Search: f.Type, Placeholder: "Such as license.created",
		Chips: chips(r, chipName{param: "type", label: "Type"}, chipName{param: "subject_id", label: "About"}, chipName{param: "customer_id", label: "Customer"}), ClearHref: "/admin/events",
	}
	v.Table = ui.Table{Caption: "Events", Columns: []ui.Column{{Label: "Event"}, {Label: "About"}, {Label: "By"}, {Label: "When"}}, Empty: &ui.Empty{Art: "list", Title: "No events"}}
	who := a.actors()
	for _, e := range events {
		actor, err := who.name(r.Context(), e.ActorKind, e.ActorID)
		if err != nil {
			return err
		}
		about := ui.Mono(e.SubjectID)
		if to := recordHref(e.SubjectID); to != "" {
			about = about.To(to)
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(sentence(e.Type)).With(e.Type).To(ui.URLWith(r.URL, "type", e.Type)), about, ui.Text(actor), ui.HTML(v.Ago(e.OccurredAt))}})
	}
	next := ""
	if len(events) == perPage {
		next = events[len(events)-1].ID
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) auditList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	entries, next, err := a.Events.ListAudit(r.Context(), event.AuditFilter{SubjectID: q.Get("subject_id"), ActorID: q.Get("actor_id"), Cursor: cursor(r), Limit: perPage})
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Audit log", "audit")}
	v.Head = ui.Head{Title: "Audit log", Sub: "What people and programs changed by hand, and who signed in."}
	v.Filter = ui.Filter{Action: "/admin/audit", Chips: chips(r, chipName{param: "actor_id", label: "By"}, chipName{param: "subject_id", label: "About"}), ClearHref: "/admin/audit"}
	v.Table = ui.Table{Caption: "Audit log", Columns: []ui.Column{{Label: "What"}, {Label: "By"}, {Label: "Change", Narrow: true}, {Label: "When"}}, Empty: &ui.Empty{Art: "list", Title: "Nothing yet"}}
	names := a.actors()
	for _, e := range entries {
		who := e.Actor.Name
		if who == "" {
			if who, err = names.name(r.Context(), e.Actor.Kind, e.Actor.ID); err != nil {
				return err
			}
		}
		what := ui.Text(sentence(e.What)).With(e.SubjectID)
		if to := recordHref(e.SubjectID); to != "" {
			what = what.To(to)
		}
		change := e.After
		if e.Before != "" {
			change = e.Before + " → " + e.After
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{what, ui.Text(who).With(e.Actor.IP), ui.Mono(ui.Clip(change, 161)).With(e.Why), ui.HTML(v.Ago(e.At))}})
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}
