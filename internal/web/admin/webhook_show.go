package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

// shownDeliveries is how many deliveries the page of an endpoint shows.
const shownDeliveries = 10

func (a *area) webhookShow(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Webhooks.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Endpoint", "webhooks"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Webhooks", Href: webhooksAt}, {Label: ui.Clip(e.URL, 60)}}
	v.Head = ui.Head{Title: ui.Clip(e.URL, 120), Sub: e.Description, Mono: true}
	if visitorOf(r).staff.Role.Can(staff.SettingsWrite) {
		if v.Head.Actions, v.Head.More, err = a.webhookActs(r, e); err != nil {
			return err
		}
	}
	v.Callouts = endpointTrouble(v.Page, e)
	facts := &ui.Details{Items: []ui.Detail{
		{Label: "State", Value: endpointState(e)},
		{Label: "Events", Value: ui.Text(strings.Join(e.EventTypes, ", "))},
		{Label: "Since", Value: ui.HTML(v.Ago(e.CreatedAt))},
	}}
	if e.OldSecretEndsAt != nil && a.Clock.Now().Before(*e.OldSecretEndsAt) {
		facts.Items = append(facts.Items, ui.Detail{Label: "Old secret signs until", Value: ui.HTML(v.At(*e.OldSecretEndsAt))})
	}
	story, err := a.story(r, v.Page, event.Filter{SubjectID: e.ID, Limit: 20})
	if err != nil {
		return err
	}
	v.Left = []card{{Head: ui.CardHead{Title: "Endpoint"}, Details: facts}, {Head: ui.CardHead{Title: "Story"}, Timeline: story}}
	found, _, err := a.Webhooks.Deliveries(r.Context(), webhook.DeliveryFilter{EndpointID: e.ID, Limit: shownDeliveries})
	if err != nil {
		return err
	}
	v.Right = []card{{Head: ui.CardHead{Title: "Latest deliveries", Actions: allOf(deliveriesAt + "?endpoint=" + e.ID)}, Table: deliveryTable(v.Page, found, true)}}
	return a.sheet(w, v)
}

// endpointTrouble says what is wrong with an endpoint.
func endpointTrouble(p ui.Page, e webhook.Endpoint) []ui.Callout {
	switch {
	case e.State == webhook.Disabled:
		return []ui.Callout{{Tone: ui.Warn, Title: "It is told nothing", Text: disabledWords[e.DisabledWhy] + ". What happens meanwhile is not told later."}}
	case e.FailingSince != nil:
		until := e.GivesUpAt().In(p.Location()).Format("2 January, 15:04")
		return []ui.Callout{{Tone: ui.Warn, Title: "It does not take what it is sent", Text: "If nothing can be delivered until " + until + ", it is disabled."}}
	}
	return nil
}

// webhookActs are the buttons of an endpoint's page.
func (a *area) webhookActs(r *http.Request, e webhook.Endpoint) ([]ui.Button, *ui.Menu, error) {
	at := webhooksAt + "/" + e.ID
	waiting, err := a.waitingFor(r, e.ID)
	if err != nil {
		return nil, nil, err
	}
	acts := []ui.Button{{Label: "Edit", Href: at + "/edit", Icon: "edit"}}
	if e.State == webhook.Disabled {
		acts = append(acts, ui.Button{Label: "Enable", Href: at + "/enable", Post: true, Kind: ui.Primary})
	} else {
		acts = append(acts, ui.Button{Label: "Disable", Href: at + "/disable", Confirm: webhookDisableQuestion(e, waiting)})
	}
	return acts, &ui.Menu{Items: []ui.Button{
		{Label: "New secret", Href: at + "/rotate", Icon: "repeat", Confirm: webhookRotateQuestion(e, nil)},
		{Label: "Delete", Href: at + "/delete", Icon: "trash", Kind: ui.Dangerous, Confirm: webhookDeleteQuestion(e, waiting)},
	}}, nil
}
