package automation

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
)

// Pass is one turn of one task: it is told what became of each item. It is safe for concurrent use.
type Pass struct {
	s          *Service
	task       string
	customerID string
	failing    map[string]time.Time // items that failed before, and when they are tried again
	now        time.Time

	mu    sync.Mutex
	count Count
	again map[string]bool // items that failed in this pass
	fine  map[string]bool // items that failed before and are done or held now
}

// CustomerID is whose work is to be done: that of all customers if it is empty.
func (p *Pass) CustomerID() string { return p.customerID }

// Waits reports whether an item failed before and the time of its next try has not come: it is to be left alone.
func (p *Pass) Waits(subjectID string) bool { return p.failing[subjectID].After(p.now) }

// Done says that an item is done.
func (p *Pass) Done(subjectID string) { p.settle(subjectID, Count{Done: 1}) }

// Held says that an item is due, but waits for a person or for something else to happen.
func (p *Pass) Held(subjectID string) { p.settle(subjectID, Count{Held: 1}) }

// DoneMany says that n items are done at once, none of which can have failed before.
func (p *Pass) DoneMany(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Done += n
}

func (p *Pass) settle(subjectID string, c Count) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Done += c.Done
	p.count.Held += c.Held
	if _, failed := p.failing[subjectID]; failed {
		p.fine[subjectID] = true
	}
}

const (
	firstDelay   = time.Minute
	longestDelay = 24 * time.Hour
)

// delay is how long an item is left alone after it has failed: it doubles from a minute up to a day.
func delay(attempts int64) time.Duration {
	if attempts > 11 {
		return longestDelay
	}
	return min(firstDelay<<(attempts-1), longestDelay)
}

// EventFailed tells that an item of a task could not be done for the first time. It is tried again.
const EventFailed = "automation.failed"

// FailedEvent is the data of [EventFailed]. The error is left to the staff's pages: it may name what the public history
// should not.
type FailedEvent struct {
	Task string `json:"task"`
}

// Failed keeps why an item could not be done, so that it is tried again later and staff can see it.
func (p *Pass) Failed(ctx context.Context, subjectID string, reason error) error {
	p.s.log.Warn("due work failed", "task", p.task, "subject", subjectID, "err", reason)
	err := p.s.db.Write(ctx, func(tx *db.Tx) error {
		attempts, err := tx.PutAutomationFailure(ctx, query.PutAutomationFailureParams{Task: p.task, SubjectID: subjectID, Error: errorText(reason), Now: tx.Stamp})
		if err != nil {
			return err
		}
		next := clock.FromTime(tx.Now.Add(delay(attempts)))
		if err := tx.DelayAutomationFailure(ctx, query.DelayAutomationFailureParams{Task: p.task, SubjectID: subjectID, NextTryAt: next}); err != nil {
			return err
		}
		if attempts > 1 {
			return nil
		}
		return event.Emit(ctx, tx, event.New{Type: EventFailed, SubjectID: subjectID, Data: FailedEvent{p.task}})
	})
	if err != nil {
		return fmt.Errorf("keep the failure of %s %s: %w", p.task, subjectID, errors.Join(err, reason))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Failed++
	p.again[subjectID] = true
	return nil
}

// maxError bounds the error that is kept, in bytes.
const maxError = 4000

// errorText is err as it is kept: text that both databases take.
func errorText(err error) string {
	s := err.Error()
	if len(s) > maxError {
		s = s[:maxError] + " …"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// Outcome says what became of an item.
type Outcome int

// The outcomes.
const (
	ItemDone    Outcome = iota
	ItemSkipped         // there was nothing to do any more
	ItemHeld            // it waits for a person or for something else to happen
)

const (
	pageSize  = 200             // items that are looked up at once
	itemLimit = 5 * time.Minute // after which an item is told to give up
)

// Find returns the ids of due items above after, in their order, n at most.
type Find func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error)

// Any is [Task.Due] of items that are found in this way, of a customer or of all.
func Any(find func(customerID string) Find) func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
	return func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
		ids, err := find(customerID)(ctx, tx, "", 1)
		return len(ids) > 0, err
	}
}

// Each does all that is due of a task, item by item: what find finds, each by do in a write transaction of its own. An item that fails is undone and kept as failed, and
// the others follow. Those that failed before and whose next try has not come are passed by. Each returns an error only
// if nothing can be found or kept, or when ctx ends, which it looks at between two items.
func (p *Pass) Each(ctx context.Context, find Find, do func(ctx context.Context, tx *db.Tx, id string) (Outcome, error)) error {
	return p.EachPage(ctx, func(ctx context.Context, tx *db.Tx, cursor string, n int) ([]string, string, error) {
		ids, err := find(ctx, tx, cursor, n)
		if err != nil || len(ids) < n {
			return ids, "", err
		}
		return ids, ids[len(ids)-1], nil
	}, do)
}

// EachPage is [Pass.Each] for items that go in another order than that of their ids: find returns a cursor as well, from
// which it goes on, and an empty one with the last page.
func (p *Pass) EachPage(ctx context.Context, find func(ctx context.Context, tx *db.Tx, cursor string, n int) (ids []string, next string, err error), do func(ctx context.Context, tx *db.Tx, id string) (Outcome, error)) error {
	for cursor := ""; ; {
		var ids []string
		var next string
		err := p.s.db.Read(ctx, func(tx *db.Tx) (err error) {
			ids, next, err = find(ctx, tx, cursor, pageSize)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return err
			}
			if p.Waits(id) {
				continue
			}
			if err := p.one(ctx, id, do); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}

// one does one item, to its end even if ctx ends meanwhile.
func (p *Pass) one(ctx context.Context, id string, do func(ctx context.Context, tx *db.Tx, id string) (Outcome, error)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), itemLimit)
	defer cancel()
	var outcome Outcome
	err := p.s.db.Write(ctx, func(tx *db.Tx) (err error) {
		defer recovered(&err)
		outcome, err = do(ctx, tx, id)
		return err
	})
	switch {
	case err != nil:
		return p.Failed(ctx, id, err)
	case outcome == ItemDone:
		p.Done(id)
	case outcome == ItemHeld:
		p.Held(id)
	}
	return nil
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// forget removes the failures of items that have not failed again: those that are done, and after a whole pass those
// whose try had come and that were not due any more.
func (p *Pass) forget(ctx context.Context, whole bool) error {
	if whole {
		for id, next := range p.failing {
			if !next.After(p.now) && !p.again[id] {
				p.fine[id] = true
			}
		}
	}
	if len(p.fine) == 0 {
		return nil
	}
	return p.s.db.Write(ctx, func(tx *db.Tx) error {
		for id := range p.fine {
			if err := tx.DeleteAutomationFailure(ctx, query.DeleteAutomationFailureParams{Task: p.task, SubjectID: id}); err != nil {
				return fmt.Errorf("forget the failure of %s %s: %w", p.task, id, err)
			}
		}
		return nil
	})
}
