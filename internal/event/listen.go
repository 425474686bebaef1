package event

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Listener is told of an event in the transaction that writes it, after the event. What it does through tx happens
// together with the change that the event tells of, or not at all: its error becomes that of [Emit]. It may emit
// events itself, and is told of them too if it listens for their types.
//
// As every function of a transaction it may be called for something that is rolled back, and again when that is
// repeated; what must follow a commit goes to [db.Tx.OnCommit].
type Listener func(ctx context.Context, tx *db.Tx, e Event) error

// Listen tells f of the events of these types, of all if there are none, that are written to the store d from now on
// by this process. Listeners are called in the order in which they were added. They are added while the program is
// built and stay as long as the store is open.
func Listen(d *db.DB, f Listener, types ...string) {
	ListenMany(d, func(ctx context.Context, tx *db.Tx, events []Event) error {
		for _, e := range events {
			if err := f(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	}, types...)
}

// ManyListener is a [Listener] that hears at once of all events that are written at once ([EmitAll]), in their order.
type ManyListener func(ctx context.Context, tx *db.Tx, events []Event) error

// ListenMany is [Listen] for those who can do more about many events than about one after another.
func ListenMany(d *db.DB, f ManyListener, types ...string) {
	l, _ := d.Attach(listenersKey{}, &listeners{}).(*listeners)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(slices.Clip(l.list), listener{f, slices.Clone(types)})
}

type listenersKey struct{}

// listeners are those of one store.
type listeners struct {
	mu   sync.RWMutex
	list []listener // only ever replaced by a longer one
}

type listener struct {
	f     ManyListener
	types []string // empty: all
}

// of returns those of the events that it listens for.
func (l listener) of(events []Event) []Event {
	if len(l.types) == 0 {
		return events
	}
	var some []Event
	for _, e := range events {
		if slices.Contains(l.types, e.Type) {
			some = append(some, e)
		}
	}
	return some
}

func (l *listeners) all() []listener {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.list
}

// tell calls those who listen for the events in rows, one listener after the other. Without listeners it costs nothing.
func tell(ctx context.Context, tx *db.Tx, rows ...query.InsertEventParams) error {
	l, ok := tx.Attached(listenersKey{}).(*listeners)
	if !ok || len(rows) == 0 {
		return nil
	}
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = Event{
			ID: row.ID, Type: row.Type, OccurredAt: row.OccurredAt.Time(), ActorKind: ActorKind(row.ActorKind), ActorID: row.ActorID,
			SubjectID: row.SubjectID, Data: json.RawMessage(row.Data),
		}
		if row.CustomerID != nil {
			events[i].CustomerID = *row.CustomerID
		}
	}
	for _, listener := range l.all() {
		some := listener.of(events)
		if len(some) == 0 {
			continue
		}
		if err := listener.f(ctx, tx, some); err != nil {
			return fmt.Errorf("event %s: %w", some[0].Type, err)
		}
	}
	return nil
}
