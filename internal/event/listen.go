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
	f     Listener
	types []string // empty: all
}

func (l *listeners) all() []listener {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.list
}

// tell calls those who listen for the event in row. Without listeners it costs nothing.
func tell(ctx context.Context, tx *db.Tx, row query.InsertEventParams) error {
	l, ok := tx.Attached(listenersKey{}).(*listeners)
	if !ok {
		return nil
	}
	e := Event{
		ID: row.ID, Type: row.Type, OccurredAt: row.OccurredAt.Time(), ActorKind: ActorKind(row.ActorKind), ActorID: row.ActorID,
		SubjectID: row.SubjectID, Data: json.RawMessage(row.Data),
	}
	if row.CustomerID != nil {
		e.CustomerID = *row.CustomerID
	}
	for _, listener := range l.all() {
		if len(listener.types) > 0 && !slices.Contains(listener.types, e.Type) {
			continue
		}
		if err := listener.f(ctx, tx, e); err != nil {
			return fmt.Errorf("event %s: %w", e.Type, err)
		}
	}
	return nil
}
