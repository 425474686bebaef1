package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

func (a *area) webhookList(w http.ResponseWriter, r *http.Request) error {
	endpoints, err := a.Webhooks.Endpoints(r.Context())
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SettingsWrite)
	v := listView{Page: a.page(r, "Webhooks", "webhooks"), Head: ui.Head{
		Title: "Webhooks", Sub: "Programs elsewhere that are told what happens here.", Actions: []ui.Button{{Label: "Deliveries", Href: "/admin/webhooks/deliveries", Icon: "log"}},
	}}
	add := ui.Button{Label: "New endpoint", Href: "/admin/webhooks/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Endpoints", Columns: []ui.Column{{Label: "Address"}, {Label: "Events", Narrow: true}, {Label: "State"}, {Label: "Acts", Hidden: true}},
		Empty: &ui.Empty{Art: "globe", Title: "Nobody is told", Text: "An endpoint is an address that gets a signed request for every event that it asked for."},
	}
	if mayWrite {
		v.Head.Actions = append(v.Head.Actions, add)
		v.Table.Empty.Action = &add
	}
	for _, e := range endpoints {
		address := ui.Mono(ui.Clip(e.URL, 80)).With(e.Description).To("/admin/webhooks/deliveries?endpoint=" + e.ID)
		act := ui.Cell{}
		if mayWrite {
			verb, label := "disable", "Disable"
			if e.State == webhook.Disabled {
				verb, label = "enable", "Enable"
			}
			act = ui.Act(ui.Button{Label: label, Href: "/admin/webhooks/" + e.ID + "/" + verb, Post: true})
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{address, ui.Text(strings.Join(e.EventTypes, ", ")), ui.Status(string(e.State)), act}})
	}
	return a.list(w, v)
}

func webhookForm(address, types, about string) ui.Form {
	return ui.Form{Action: "/admin/webhooks", Submit: "Create endpoint", Cancel: "/admin/webhooks", Sections: []ui.FormSection{{
		Title: "Endpoint", Text: "Requests are signed after the Standard Webhooks specification and repeated for three days until they are answered with 2xx.",
		Fields: []ui.Field{
			{Name: "url", Label: "Address", Value: address, Required: true, Placeholder: "https://example.com/hooks"},
			{Name: "event_types", Label: "Events", Value: types, Required: true, Hint: "With commas between them, such as invoice.*, license.created"},
			{Name: "description", Label: "Description", Value: about, Optional: true},
		},
	}}}
}

func (a *area) webhookNew(w http.ResponseWriter, r *http.Request) error {
	return a.form(w, http.StatusOK, formView{Page: a.page(r, "New endpoint", "webhooks"), Head: ui.Head{Title: "New endpoint"}, Form: webhookForm("", "*", "")})
}

func (a *area) webhookCreate(w http.ResponseWriter, r *http.Request) error {
	in := webhook.Input{URL: r.PostFormValue("url"), Description: r.PostFormValue("description")}
	for _, t := range strings.Split(r.PostFormValue("event_types"), ",") {
		if t = strings.TrimSpace(t); t != "" {
			in.EventTypes = append(in.EventTypes, t)
		}
	}
	e, secret, err := a.Webhooks.Create(r.Context(), in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		f := ui.WithErrors(webhookForm(in.URL, r.PostFormValue("event_types"), in.Description), bad, whole)
		return a.form(w, http.StatusUnprocessableEntity, formView{Page: a.page(r, "New endpoint", "webhooks"), Head: ui.Head{Title: "New endpoint"}, Form: f})
	}
	v := sheetView{Page: a.page(r, "New endpoint", "webhooks")}
	v.Head = ui.Head{Title: "The endpoint is there", Sub: "Keep its secret: it is shown only now. The receiver checks signatures with it.", Actions: []ui.Button{{Label: "I have kept it", Href: "/admin/webhooks", Kind: ui.Primary}}}
	v.Left = []card{{Head: ui.CardHead{Title: e.URL}, Key: &ui.Key{Value: secret}}}
	return a.sheet(w, v)
}

func (a *area) webhookEnable(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Webhooks.Enable(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/admin/webhooks", "The endpoint is told again.")
}

func (a *area) webhookDisable(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Webhooks.Disable(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/admin/webhooks", "The endpoint is told nothing any more.")
}

func (a *area) webhookDelete(w http.ResponseWriter, r *http.Request) error {
	if err := a.Webhooks.Delete(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/admin/webhooks", "The endpoint was deleted.")
}

func (a *area) deliveryList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := webhook.DeliveryFilter{EndpointID: q.Get("endpoint"), State: webhook.DeliveryState(q.Get("state")), EventType: q.Get("type"), Cursor: cursor(r), Limit: perPage}
	found, next, err := a.Webhooks.Deliveries(r.Context(), f)
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SettingsWrite)
	v := listView{Page: a.page(r, "Deliveries", "webhooks"), Head: ui.Head{Title: "Deliveries", Sub: "What endpoints were told, and what they answered.", Actions: []ui.Button{{Label: "Endpoints", Href: "/admin/webhooks"}}}}
	v.Filter = ui.Filter{
		Action: "/admin/webhooks/deliveries", ClearHref: "/admin/webhooks/deliveries",
		Selects: []ui.Select{{Label: "State", Name: "state", Value: string(f.State), Options: options("pending", "sending", "delivered", "failed")}},
		Chips:   chips(r, chipName{"state", "State", statusText}, chipName{param: "endpoint", label: "Endpoint"}, chipName{param: "type", label: "Event"}),
	}
	v.Table = ui.Table{
		Caption: "Deliveries", Columns: []ui.Column{{Label: "Event"}, {Label: "State"}, {Label: "Tries", End: true}, {Label: "Since"}, {Label: "Again", Hidden: true}},
		Empty: &ui.Empty{Art: "list", Title: "Nothing was sent"},
	}
	for _, d := range found {
		act := ui.Cell{}
		if mayWrite && (d.State == webhook.Failed || d.State == webhook.Delivered) {
			act = ui.Act(ui.Button{Label: "Send again", Href: "/admin/webhooks/deliveries/" + d.ID + "/replay", Post: true})
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(d.EventType).With(ui.Clip(d.LastError, 120)), ui.Status(string(d.State)), ui.Count(int(d.Attempts)), ui.HTML(v.Ago(d.CreatedAt)), act}})
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) deliveryReplay(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Webhooks.Replay(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/admin/webhooks/deliveries", "It is sent again.")
}
