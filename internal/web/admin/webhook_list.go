package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

const (
	webhooksAt   = "/admin/webhooks"
	deliveriesAt = "/admin/deliveries"
)

func (a *area) webhookList(w http.ResponseWriter, r *http.Request) error {
	endpoints, err := a.Webhooks.Endpoints(r.Context())
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SettingsWrite)
	v := listView{Page: a.page(r, "Webhooks", "webhooks"), Head: ui.Head{
		Title: "Webhooks", Sub: "Programs elsewhere that are told what happens here.", Actions: []ui.Button{{Label: "Deliveries", Href: deliveriesAt, Icon: "log"}},
	}}
	add := ui.Button{Label: "New endpoint", Href: webhooksAt + "/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Endpoints", Columns: []ui.Column{{Label: "Address"}, {Label: "Events", Narrow: true}, {Label: "State"}},
		Empty: &ui.Empty{Art: "globe", Title: "Nobody is told", Text: "An endpoint is an address that gets a signed request for every event that it asked for."},
	}
	if mayWrite {
		v.Head.Actions = append(v.Head.Actions, add)
		v.Table.Empty.Action = &add
	}
	for _, e := range endpoints {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Mono(ui.Clip(e.URL, 80)).With(e.Description).To(webhooksAt + "/" + e.ID), ui.Text(ui.Clip(strings.Join(e.EventTypes, ", "), 80)), endpointState(e),
		}})
	}
	return a.list(w, v)
}

// endpointState says whether an endpoint is told, and if not, why.
func endpointState(e webhook.Endpoint) ui.Cell {
	state := ui.Status(string(e.State))
	switch {
	case e.State == webhook.Disabled:
		return state.With(disabledWords[e.DisabledWhy])
	case e.FailingSince != nil:
		return ui.Status("failing")
	}
	return state
}

var disabledWords = map[webhook.Why]string{
	webhook.ByHand: "By staff", webhook.Gone: "It answered that it wants no more", webhook.Failing: "For three days nothing could be delivered",
}
