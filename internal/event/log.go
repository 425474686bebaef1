package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Log reads the history and the audit log. It is safe for concurrent use.
type Log struct {
	db      *db.DB
	horizon horizon
}

// NewLog returns the log of the store d.
func NewLog(d *db.DB) *Log { return &Log{db: d} }

// Filter picks events. An empty field picks any.
type Filter struct {
	Type       string // "license.created"
	SubjectID  string
	CustomerID string
	Limit      int // see page.Limit
}

// List returns the events that follow the one whose id is after, the oldest first; after is empty to begin at the
// beginning. Whoever asks again and again, each time with the last id they got, sees every event once and none late,
// however many write at the same time. So an event shows as soon as those before it are settled, which takes as long
// as the transactions that were running beside it.
func (l *Log) List(ctx context.Context, after string, f Filter) ([]Event, error) {
	settled, err := l.horizon.settled(ctx, l.db)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return l.events(ctx, "after", after, f, "seq > $%d", "ASC", func(q *selection) {
		q.where("seq <= $%d", settled)
	})
}

// Recent returns the events before the one whose id is before, the newest first; before is empty to begin with the
// newest of all. It is for people: an event that commits late may appear between those that they have seen.
func (l *Log) Recent(ctx context.Context, before string, f Filter) ([]Event, error) {
	return l.events(ctx, "before", before, f, "seq < $%d", "DESC", func(*selection) {})
}

func (l *Log) events(ctx context.Context, field, from string, f Filter, beyond, direction string, also func(*selection)) (events []Event, err error) {
	var bad fail.Fields
	for _, in := range []struct {
		field string
		value *string
	}{{"type", &f.Type}, {"subject", &f.SubjectID}, {"customer", &f.CustomerID}} {
		*in.value, err = text.Line(*in.value, text.NameLength)
		bad.Check(in.field, err)
	}
	if from != "" && !text.IsID(from) {
		bad.Add(field, errNoEvent)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		events = nil
		var q selection
		if from != "" {
			seq, err := tx.EventSeq(ctx, from)
			if db.NotFound(err) {
				return fail.Invalid(field, errNoEvent)
			}
			if err != nil {
				return fmt.Errorf("list events: %w", err)
			}
			q.where(beyond, seq)
		}
		also(&q)
		q.whereSet("type = $%d", f.Type)
		q.whereSet("subject_id = $%d", f.SubjectID)
		q.whereSet("customer_id = $%d", f.CustomerID)
		rows, err := tx.SQL().QueryContext(ctx, "SELECT id, type, occurred_at, actor_kind, actor_id, subject_id, customer_id, data FROM events "+
			q.rest("seq", direction, page.Limit(f.Limit)), q.args...)
		if err != nil {
			return fmt.Errorf("list events: %w", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r query.Event
			if err := rows.Scan(&r.ID, &r.Type, &r.OccurredAt, &r.ActorKind, &r.ActorID, &r.SubjectID, &r.CustomerID, &r.Data); err != nil {
				return fmt.Errorf("list events: %w", err)
			}
			e := Event{
				ID: r.ID, Type: r.Type, OccurredAt: r.OccurredAt.Time(), ActorKind: ActorKind(r.ActorKind), ActorID: r.ActorID,
				SubjectID: r.SubjectID, Data: json.RawMessage(r.Data),
			}
			if r.CustomerID != nil {
				e.CustomerID = *r.CustomerID
			}
			events = append(events, e)
		}
		return rows.Err()
	})
	return events, err
}

const errNoEvent = "is not the id of an event"

// AuditFilter picks a page of the audit log. An empty field picks any.
type AuditFilter struct {
	SubjectID string
	ActorID   string
	Cursor    string // where the page before ended; empty: the first page
	Limit     int    // see page.Limit
}

// ListAudit returns a page of the audit log, the newest first, and the cursor of the next page, empty after the last.
func (l *Log) ListAudit(ctx context.Context, f AuditFilter) (entries []AuditEntry, next string, err error) {
	var bad fail.Fields
	f.SubjectID, err = text.Line(f.SubjectID, text.NameLength)
	bad.Check("subject", err)
	f.ActorID, err = text.Line(f.ActorID, text.NameLength)
	bad.Check("actor", err)
	if err := bad.Err(); err != nil {
		return nil, "", err
	}
	var q selection
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, "", err
		}
		q.where("id < $%d", key[0])
	}
	q.whereSet("subject_id = $%d", f.SubjectID)
	q.whereSet("actor_id = $%d", f.ActorID)
	limit := page.Limit(f.Limit)
	rest := q.rest("id", "DESC", limit+1)
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		entries, next = nil, ""
		rows, err := tx.SQL().QueryContext(ctx, "SELECT id, at, actor_kind, actor_id, actor_name, ip, what, subject_id, before, after, why FROM audit_log "+rest, q.args...)
		if err != nil {
			return fmt.Errorf("list the audit log: %w", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r query.AuditLog
			if err := rows.Scan(&r.ID, &r.At, &r.ActorKind, &r.ActorID, &r.ActorName, &r.Ip, &r.What, &r.SubjectID, &r.Before, &r.After, &r.Why); err != nil {
				return fmt.Errorf("list the audit log: %w", err)
			}
			entries = append(entries, AuditEntry{
				ID: r.ID, At: r.At.Time(), Actor: Actor{Kind: ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName, IP: r.Ip},
				Change: Change{What: r.What, SubjectID: r.SubjectID, Before: r.Before, After: r.After, Why: r.Why},
			})
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("list the audit log: %w", err)
		}
		var more bool
		if entries, more = page.Cut(entries, limit); more {
			next = page.Cursor(entries[limit-1].ID)
		}
		return nil
	})
	return entries, next, err
}

// selection is the end of a SELECT that is put together from what a caller asked for.
type selection struct {
	conditions []string
	args       []any
}

// where adds a condition with a place for the number of its argument ("seq > $%d").
func (q *selection) where(condition string, arg any) {
	q.args = append(q.args, arg)
	q.conditions = append(q.conditions, fmt.Sprintf(condition, len(q.args)))
}

// whereSet is where for a value that may be left out.
func (q *selection) whereSet(condition, arg string) {
	if arg != "" {
		q.where(condition, arg)
	}
}

func (q *selection) rest(column, direction string, limit int) string {
	q.args = append(q.args, int64(limit))
	s := fmt.Sprintf("ORDER BY %s %s LIMIT CAST($%d AS BIGINT)", column, direction, len(q.args))
	if len(q.conditions) > 0 {
		s = "WHERE " + strings.Join(q.conditions, " AND ") + " " + s
	}
	return s
}
