package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
)

// Actor is who did something.
type Actor struct {
	Kind string  `json:"kind" enum:"system,staff,customer,token,gateway,software"`
	ID   *string `json:"id"`
	Name *string `json:"name"`
}

func showActor(a event.Actor) Actor {
	return Actor{Kind: string(a.Kind), ID: orNull(a.ID), Name: orNull(a.Name)}
}

// HistoryEntry is one line of a license's history.
type HistoryEntry struct {
	ID       string    `json:"id" example:"lhi_01hx2b6yh4m3nq0r8s5t"`
	At       time.Time `json:"at"`
	Actor    Actor     `json:"actor"`
	What     string    `json:"what"`
	Override bool      `json:"override" doc:"A person decided against a rule or a final status"`
	Before   *string   `json:"before"`
	After    *string   `json:"after"`
	Why      *string   `json:"why"`
}

func showHistory(e license.Entry) HistoryEntry {
	return HistoryEntry{
		ID: e.ID, At: e.At.UTC(), Actor: showActor(e.Actor), What: e.What, Override: e.Override, Before: orNull(e.Before),
		After: orNull(e.After), Why: orNull(e.Why),
	}
}

func (a *API) history() {
	add(a, route{Method: http.MethodGet, Path: "/licenses/{id}/history", Scope: "licenses:read", Tag: "Licenses", Summary: "List the history of a license", Notes: "Newest first.", Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *PagedByID) (List[HistoryEntry], error) {
			if _, err := a.Licenses.ByID(ctx, in.ID); err != nil {
				return List[HistoryEntry]{}, err
			}
			found, next, err := a.Licenses.History(ctx, in.ID, in.Cursor, in.Limit)
			return listOf(found, next, showHistory), err
		})
}
