package adminapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// Event is something that happened, as the API shows it.
type Event struct {
	ID         string          `json:"id" example:"evt_01hx2b6yh4m3nq0r8s5t"`
	Type       string          `json:"type" example:"license.created"`
	OccurredAt time.Time       `json:"occurred_at"`
	Actor      Actor           `json:"actor"`
	SubjectID  string          `json:"subject_id" doc:"What it happened to"`
	CustomerID *string         `json:"customer_id"`
	Data       json.RawMessage `json:"data"`
}

func showEvent(e event.Event) Event {
	return Event{
		ID: e.ID, Type: e.Type, OccurredAt: e.OccurredAt.UTC(), Actor: Actor{Kind: string(e.ActorKind), ID: orNull(e.ActorID)},
		SubjectID: e.SubjectID, CustomerID: orNull(e.CustomerID), Data: e.Data,
	}
}

// AuditEntry is something that was changed by hand.
type AuditEntry struct {
	ID        string    `json:"id" example:"aud_01hx2b6yh4m3nq0r8s5t"`
	At        time.Time `json:"at"`
	Actor     Actor     `json:"actor"`
	IP        *string   `json:"ip"`
	What      string    `json:"what"`
	SubjectID string    `json:"subject_id"`
	Before    *string   `json:"before"`
	After     *string   `json:"after"`
	Why       *string   `json:"why"`
}

func showAudit(e event.AuditEntry) AuditEntry {
	return AuditEntry{
		ID: e.ID, At: e.At.UTC(), Actor: showActor(e.Actor), IP: orNull(e.Actor.IP), What: e.What, SubjectID: e.SubjectID,
		Before: orNull(e.Before), After: orNull(e.After), Why: orNull(e.Why),
	}
}

type listEventsInput struct {
	Paging
	After      string `query:"after" maxLength:"64" doc:"The id of the last event that is known; the same as cursor"`
	Type       string `query:"type" maxLength:"255" doc:"Exactly this one"`
	SubjectID  string `query:"subject_id" maxLength:"64"`
	CustomerID string `query:"customer_id" maxLength:"64"`
}

type listAuditInput struct {
	Paging
	SubjectID string `query:"subject_id" maxLength:"64"`
	ActorID   string `query:"actor_id" maxLength:"64"`
}

func (a *API) events() {
	add(a, route{Method: http.MethodGet, Path: "/events", Scope: "events:read", Tag: "Events", Summary: "List events", Notes: "Oldest first. Ask again with the id of the last event to learn what happened since: no event is ever skipped, and none shows twice."},
		a.listEvents)
	add(a, route{Method: http.MethodGet, Path: "/audit", Scope: "events:read", Tag: "Events", Summary: "List what was changed by hand", Notes: "Newest first."},
		func(ctx context.Context, in *listAuditInput) (List[AuditEntry], error) {
			found, next, err := a.Events.ListAudit(ctx, event.AuditFilter{SubjectID: in.SubjectID, ActorID: in.ActorID, Cursor: in.Cursor, Limit: in.Limit})
			return listOf(found, next, showAudit), err
		})
}

func (a *API) listEvents(ctx context.Context, in *listEventsInput) (List[Event], error) {
	if in.After != "" && in.Cursor != "" && in.After != in.Cursor {
		return List[Event]{}, fail.Invalid("cursor", "means the same as after: give one of them")
	}
	found, err := a.Events.List(ctx, cmp.Or(in.After, in.Cursor), event.Filter{Type: in.Type, SubjectID: in.SubjectID, CustomerID: in.CustomerID, Limit: in.Limit})
	next := ""
	if len(found) == in.Limit {
		next = found[len(found)-1].ID
	}
	return listOf(found, next, showEvent), err
}
