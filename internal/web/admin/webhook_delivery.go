package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

// deliveryTable lists deliveries; within a card if it is flush.
func deliveryTable(p ui.Page, found []webhook.Delivery, flush bool) *ui.Table {
	t := &ui.Table{
		Caption: "Deliveries", Flush: flush, Columns: []ui.Column{{Label: "Event"}, {Label: "State"}, {Label: "Tries", End: true}, {Label: "Since"}},
		Empty: &ui.Empty{Art: "list", Title: "Nothing was sent", Text: "Deliveries appear when something happens that an endpoint asked for."},
	}
	for _, d := range found {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(d.EventType).With(ui.Clip(d.LastError, 120)).To(deliveriesAt + "/" + d.ID), ui.Status(string(d.State)), ui.Count(int(d.Attempts)), ui.HTML(p.Ago(d.CreatedAt)),
		}})
	}
	return t
}

func (a *area) deliveryList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := webhook.DeliveryFilter{EndpointID: q.Get("endpoint"), State: webhook.DeliveryState(q.Get("state")), EventType: q.Get("type"), Cursor: cursor(r), Limit: perPage}
	found, next, err := a.Webhooks.Deliveries(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Deliveries", "webhooks"), Head: ui.Head{Title: "Deliveries", Sub: "What endpoints were told, and what they answered."}}
	v.Crumbs = []ui.Crumb{{Label: "Webhooks", Href: webhooksAt}, {Label: "Deliveries"}}
	v.Filter = ui.Filter{
		Action: deliveriesAt, ClearHref: deliveriesAt,
		Selects: []ui.Select{{Label: "State", Name: "state", Value: string(f.State), Options: options("pending", "sending", "delivered", "failed")}},
		Chips:   chips(r, chipName{"state", "State", statusText}, chipName{param: "endpoint", label: "Endpoint"}, chipName{param: "type", label: "Event"}),
	}
	for _, name := range []string{"endpoint", "type"} {
		if value := q.Get(name); value != "" {
			v.Filter.Hidden = append(v.Filter.Hidden, ui.Hidden{Name: name, Value: value})
		}
	}
	v.Table = *deliveryTable(v.Page, found, false)
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) deliveryShow(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Webhooks.Delivery(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Delivery", "webhooks"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Webhooks", Href: webhooksAt}, {Label: "Deliveries", Href: deliveriesAt}, {Label: d.EventType}}
	v.Head = ui.Head{Title: d.EventType, Sub: "Told to an endpoint"}
	if visitorOf(r).staff.Role.Can(staff.SettingsWrite) && (d.State == webhook.Failed || d.State == webhook.Delivered) {
		v.Head.Actions = []ui.Button{{Label: "Send again", Href: deliveriesAt + "/" + d.ID + "/replay", Post: true, Icon: "repeat"}}
	}
	facts := &ui.Details{Items: []ui.Detail{
		{Label: "State", Value: ui.Status(string(d.State))},
		{Label: "Endpoint", Value: a.endpointCell(r, d.EndpointID)},
		{Label: "Since", Value: ui.HTML(v.Ago(d.CreatedAt))},
		{Label: "webhook-id", Value: ui.Mono(d.ID).Copyable()},
	}}
	if d.State == webhook.Pending {
		facts.Items = append(facts.Items, ui.Detail{Label: "Next try", Value: ui.HTML(v.Ago(d.DueAt))})
	}
	tries := &ui.Table{Caption: "Tries", Flush: true, Columns: []ui.Column{{Label: "When"}, {Label: "Answer"}, {Label: "Took", End: true}}, Empty: &ui.Empty{Art: "list", Title: "Not tried yet"}}
	for _, t := range d.Tries {
		answer := "No answer"
		if t.Status > 0 {
			answer = strconv.Itoa(t.Status) + " " + http.StatusText(t.Status)
		}
		said := t.Error
		if said == "" {
			said = t.Answer
		}
		tries.Rows = append(tries.Rows, ui.Row{Cells: []ui.Cell{ui.HTML(v.At(t.At)), ui.Text(answer).With(ui.Clip(said, 200)), ui.Text(t.Duration.Round(time.Millisecond).String())}})
	}
	v.Left = []card{{Head: ui.CardHead{Title: "What became of it"}, Details: facts}}
	v.Right = []card{{Head: ui.CardHead{Title: "Tries", Count: len(d.Tries)}, Table: tries}, {Head: ui.CardHead{Title: "What is sent"}, Code: indented(d.Payload)}}
	return a.sheet(w, v)
}

// endpointCell leads to an endpoint. One that was deleted has no page any more.
func (a *area) endpointCell(r *http.Request, id string) ui.Cell {
	e, err := a.Webhooks.ByID(r.Context(), id)
	if err != nil {
		return ui.Mono(id).With("Deleted")
	}
	return ui.Text(ui.Clip(e.URL, 80)).To(webhooksAt + "/" + id)
}

func indented(payload json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, payload, "", "  "); err != nil {
		return string(payload)
	}
	return b.String()
}

func (a *area) deliveryReplay(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Webhooks.Replay(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, deliveriesAt+"/"+d.ID, "It is sent again.")
}
