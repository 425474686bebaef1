package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/web/ui"
)

// story is the history of a record as a timeline, newest first.
func (a *area) story(r *http.Request, p ui.Page, f event.Filter) (*ui.Timeline, error) {
	events, err := a.Events.Recent(r.Context(), "", f)
	if err != nil {
		return nil, err
	}
	t := &ui.Timeline{Empty: "Nothing has happened yet."}
	for _, e := range events {
		t.Events = append(t.Events, ui.Event{
			When: p.Ago(e.OccurredAt), What: sentence(e.Type), Href: recordHref(e.SubjectID), Actor: actorName(e.ActorKind, e.ActorID), Icon: eventIcon(e.Type), Tone: eventTone(e.Type),
		})
	}
	return t, nil
}

// sentence turns the name of an event into words: "invoice.paid" is "Invoice paid".
func sentence(name string) string {
	s := strings.NewReplacer(".", " ", "_", " ").Replace(name)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var actorNames = map[event.ActorKind]string{
	event.System: "Keystead", event.Staff: "Staff", event.Customer: "Customer", event.Token: "API token", event.Gateway: "Gateway", event.Software: "Installed software",
}

func actorName(kind event.ActorKind, id string) string {
	if id == "" {
		return actorNames[kind]
	}
	return actorNames[kind] + " " + id
}

// pages of records by the prefix of their ids.
var recordPages = map[string]string{
	"cus": "/admin/customers/", "lic": "/admin/licenses/", "ord": "/admin/orders/", "inv": "/admin/invoices/", "prd": "/admin/products/",
}

// recordHref is the page of a record; empty if it has none.
func recordHref(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if base, ok := recordPages[prefix]; ok {
		return base + id
	}
	return ""
}

func eventIcon(name string) string {
	switch noun, _, _ := strings.Cut(name, "."); noun {
	case "license", "activation":
		return "key"
	case "invoice":
		return "invoice"
	case "payment":
		return "card"
	case "order":
		return "cart"
	case "customer":
		return "user"
	case "product", "plan", "price", "release":
		return "box"
	default:
		return "dot"
	}
}

func eventTone(name string) ui.Tone {
	_, verb, _ := strings.Cut(name, ".")
	switch verb {
	case "paid", "completed", "created", "succeeded", "done":
		return ui.Success
	case "failed", "revoked":
		return ui.Danger
	case "suspended", "voided", "unapplied", "cancelled":
		return ui.Warn
	default:
		return ui.Neutral
	}
}
