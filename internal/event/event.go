// Package event is the public history of a store: what happened, when, to what and by whom.
//
// An event is written in the same transaction as the change it tells of. The audit log beside it keeps what people
// and programs changed by hand (settings, catalog, sign-ins); a license has a history of its own as well.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// ActorKind says what kind of someone acts.
type ActorKind string

// The kinds of actors.
const (
	System   ActorKind = "system"
	Staff    ActorKind = "staff"
	Customer ActorKind = "customer"
	Token    ActorKind = "token"    // an API token
	Gateway  ActorKind = "gateway"  // a payment gateway
	Software ActorKind = "software" // an installed copy that calls the license API with its key
)

// Actor is who does something. ID is the staff member's, customer's or token's id, the gateway's name, or empty.
type Actor struct {
	Kind ActorKind
	ID   string
	Name string // for people who read the history
	IP   string
}

type actorKey struct{}

// WithActor returns a context in which a is the one who acts.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns who acts in ctx: the system itself unless somebody was named.
func ActorFrom(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Actor{Kind: System, Name: "Keystead"}
}

// New is an event to write. Type is "noun.verb" ("license.created"); Data is marshalled to JSON and holds no key,
// token or card data. CustomerID is empty when no customer is concerned.
type New struct {
	Type       string
	SubjectID  string
	CustomerID string
	Data       any
}

// Emit appends e to the history as part of tx, and tells those who listen ([Listen]).
func Emit(ctx context.Context, tx *db.Tx, e New) error {
	row, err := rowOf(ctx, tx, e)
	if err != nil {
		return err
	}
	if err := tx.InsertEvent(ctx, row); err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	return tell(ctx, tx, row)
}

func rowOf(ctx context.Context, tx *db.Tx, e New) (query.InsertEventParams, error) {
	data := []byte("{}")
	if e.Data != nil {
		var err error
		if data, err = json.Marshal(e.Data); err != nil {
			return query.InsertEventParams{}, fmt.Errorf("event %s: %w", e.Type, err)
		}
	}
	a := ActorFrom(ctx)
	row := query.InsertEventParams{
		ID: tx.NewID("evt"), Type: e.Type, OccurredAt: tx.Stamp, ActorKind: string(a.Kind), ActorID: a.ID,
		SubjectID: e.SubjectID, Data: string(data),
	}
	if e.CustomerID != "" {
		row.CustomerID = &e.CustomerID
	}
	return row, nil
}

// Change is an entry for the audit log: what was done to what, the state before and after, and why. Before and
// After hold no secrets.
type Change struct {
	What      string // "product.updated", "staff.signed_in"
	SubjectID string
	Before    string
	After     string
	Why       string
}

// Audit appends c to the audit log as part of tx.
func Audit(ctx context.Context, tx *db.Tx, c Change) error {
	a := ActorFrom(ctx)
	err := tx.InsertAudit(ctx, query.InsertAuditParams{
		ID: tx.NewID("aud"), At: tx.Stamp, ActorKind: string(a.Kind), ActorID: a.ID, ActorName: a.Name, Ip: a.IP,
		What: c.What, SubjectID: c.SubjectID, Before: c.Before, After: c.After, Why: c.Why,
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", c.What, err)
	}
	return nil
}

// Event is one entry of the history.
type Event struct {
	ID         string
	Type       string
	OccurredAt time.Time
	ActorKind  ActorKind
	ActorID    string
	SubjectID  string
	CustomerID string // empty: none
	Data       json.RawMessage
}

// Decode reads the data into v.
func (e Event) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("data of event %s: %w", e.ID, err)
	}
	return nil
}

// AuditEntry is one entry of the audit log.
type AuditEntry struct {
	ID    string
	At    time.Time
	Actor Actor
	Change
}
