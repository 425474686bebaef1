package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/web/ui"
)

// story is the history of a record as a timeline, newest first.
func (a *area) story(r *http.Request, p ui.Page, f event.Filter) (*ui.Timeline, error) {
	events, err := a.Events.Recent(r.Context(), "", f)
	if err != nil {
		return nil, err
	}
	t, who := &ui.Timeline{Empty: "Nothing has happened yet."}, a.actors()
	for _, e := range events {
		actor, err := who.name(r.Context(), e.ActorKind, e.ActorID)
		if err != nil {
			return nil, err
		}
		t.Events = append(t.Events, ui.Event{
			When: p.Ago(e.OccurredAt), What: eventText(e), Href: recordHref(e.SubjectID), Actor: actor, Icon: eventIcon(e.Type), Tone: eventTone(e.Type),
		})
	}
	return t, nil
}

// eventText says what has happened, and of notices and questions which.
func eventText(e event.Event) string {
	text := sentence(e.Type)
	switch e.Type {
	case reminder.EventSent, reminder.EventBreach:
		var n reminder.NoticeEvent
		if e.Decode(&n) == nil && n.Anchor != "" {
			text += ": " + ruleText(n.Anchor, n.Days)
		}
	case "task.opened":
		var t struct {
			Kind string `json:"kind"`
		}
		if e.Decode(&t) == nil && t.Kind != "" {
			text += ": " + taskTitle(t.Kind)
		}
	}
	return text
}

// pages of records by the prefix of their ids.
var recordPages = map[string]string{
	"cus": "/admin/customers/", "lic": "/admin/licenses/", "ord": "/admin/orders/", "inv": "/admin/invoices/", "prd": "/admin/products/", "rel": "/admin/releases/",
	"sub": "/admin/subscriptions/", "pay": "/admin/payments/", "dsp": "/admin/disputes/", "crn": "/admin/credit-notes/",
	"dom": domainsAt + "/", "rgr": registrarsAt + "/", "dpu": domainPricesAt + "/",
}

// recordHref is the page of a record; empty if it has none.
func recordHref(id string) string {
	prefix, rest, _ := strings.Cut(id, "_")
	base, ok := recordPages[prefix]
	if !ok || rest == "" || strings.Trim(rest, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return base + id
}

func eventIcon(name string) string {
	switch noun, _, _ := strings.Cut(name, "."); noun {
	case "license", "activation":
		return "key"
	case "invoice":
		return "invoice"
	case "payment", "payment_method", "refund", "dispute":
		return "card"
	case "subscription":
		return "repeat"
	case "domain", "registrar", "tld_policy":
		return "globe"
	case "credit_note":
		return "invoice"
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
	case "paid", "completed", "created", "succeeded", "done", "received", "renewed", "recovered", "won", "registered", "transferred_in", "restored", "renewal_satisfied", "renewal_paid":
		return ui.Success
	case "failed", "revoked", "lost", "past_due", "expired", "written_off",
		"renewal_attention", "renewal_held", "redemption", "deleted", "transferred_away", "notice_breach", "funds_low", "unreachable", "breaker_open", "refused":
		return ui.Danger
	case "suspended", "voided", "unapplied", "cancelled", "reopened", "opened", "overdue", "grace", "renewal_unknown", "sync_held", "renewal_withdrawn", "link_revoked":
		return ui.Warn
	default:
		return ui.Neutral
	}
}
