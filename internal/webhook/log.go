package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// DeliveryState says how far a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	Pending   DeliveryState = "pending" // waits for its time, perhaps after an attempt that failed
	Sending   DeliveryState = "sending" // claimed, under a lease
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed" // is not tried any more; a person may replay it
)

var deliveryStates = []DeliveryState{Pending, Sending, Delivered, Failed}

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	ID         string
	EndpointID string
	EventID    string
	EventType  string
	State      DeliveryState
	DueAt      time.Time // of the next attempt; of one that ended, the end
	Attempts   int64     // attempts that were begun
	LastStatus int       // of HTTP; 0: no answer
	LastError  string    // empty: none, or delivered
	CreatedAt  time.Time
	FinishedAt *time.Time
}

// Attempt is one try of a delivery.
type Attempt struct {
	Number   int64
	At       time.Time
	Status   int // of HTTP; 0: no answer
	Duration time.Duration
	Answer   string // the first kilobyte
	Error    string // empty: delivered
}

// Details are all that is known of a delivery.
type Details struct {
	Delivery
	Payload json.RawMessage // what is sent
	Tries   []Attempt       // the oldest first
}

func deliveryFromRow(row query.WebhookDelivery) Delivery {
	return Delivery{
		ID: row.ID, EndpointID: row.EndpointID, EventID: row.EventID, EventType: row.EventType, State: DeliveryState(row.State),
		DueAt: row.DueAt.Time(), Attempts: row.Attempt, LastStatus: int(row.LastStatus), LastError: row.LastError,
		CreatedAt: row.CreatedAt.Time(), FinishedAt: clock.TimePtr(row.FinishedAt),
	}
}

// DeliveryFilter picks a page of deliveries. An empty field picks any.
type DeliveryFilter struct {
	EndpointID string
	State      DeliveryState
	EventType  string
	Cursor     string // where the page before ended; empty: the first page
	Limit      int    // see page.Limit
}

// Deliveries returns a page of deliveries, the newest first, and the cursor of the next page, empty after the last one.
func (s *Service) Deliveries(ctx context.Context, f DeliveryFilter) (all []Delivery, next string, err error) {
	var bad fail.Fields
	if f.State != "" && !slices.Contains(deliveryStates, f.State) {
		bad.Add("state", "is not one of pending, sending, delivered, failed")
	}
	if f.EndpointID != "" && !text.IsID(f.EndpointID) {
		bad.Add("endpoint", "is not the id of an endpoint")
	}
	f.EventType, err = text.Line(f.EventType, text.NameLength)
	bad.Check("event_type", err)
	if err := bad.Err(); err != nil {
		return nil, "", err
	}
	var w page.Where
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, "", err
		}
		w.Add("id < $?", key[0])
	}
	for _, is := range []struct{ condition, value string }{
		{"endpoint_id = $?", f.EndpointID}, {"state = $?", string(f.State)}, {"event_type = $?", f.EventType},
	} {
		if is.value != "" {
			w.Add(is.condition, is.value)
		}
	}
	limit := page.Limit(f.Limit)
	statement := selectDeliveries + w.String() + " ORDER BY id DESC LIMIT CAST(" + w.Arg(int64(limit+1)) + " AS BIGINT)"
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		next = ""
		all, err = scanDeliveries(ctx, tx, statement, w.Args())
		if err != nil {
			return fmt.Errorf("list webhook deliveries: %w", err)
		}
		var more bool
		if all, more = page.Cut(all, limit); more {
			next = page.Cursor(all[limit-1].ID)
		}
		return nil
	})
	return all, next, err
}

const selectDeliveries = "SELECT id, endpoint_id, event_id, event_type, state, due_at, attempt, last_status, last_error, created_at, finished_at FROM webhook_deliveries"

func scanDeliveries(ctx context.Context, tx *db.Tx, statement string, args []any) (all []Delivery, err error) {
	rows, err := tx.SQL().QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.WebhookDelivery
		err := rows.Scan(&r.ID, &r.EndpointID, &r.EventID, &r.EventType, &r.State, &r.DueAt, &r.Attempt, &r.LastStatus, &r.LastError, &r.CreatedAt, &r.FinishedAt)
		if err != nil {
			return nil, err
		}
		all = append(all, deliveryFromRow(r))
	}
	return all, rows.Err()
}

// Delivery returns a delivery with what is sent and what came of each attempt.
func (s *Service) Delivery(ctx context.Context, id string) (d Details, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := loadDelivery(ctx, tx, id)
		if err != nil {
			return err
		}
		d = Details{Delivery: deliveryFromRow(row)}
		e, err := tx.GetWebhookEvent(ctx, row.EventID)
		if err != nil {
			return fmt.Errorf("webhook delivery %s: %w", id, err)
		}
		if d.Payload, err = Payload(eventFromRow(e)); err != nil {
			return err
		}
		tries, err := tx.ListWebhookAttempts(ctx, id)
		if err != nil {
			return fmt.Errorf("webhook delivery %s: %w", id, err)
		}
		for _, t := range tries {
			d.Tries = append(d.Tries, Attempt{
				Number: t.Attempt, At: t.At.Time(), Status: int(t.Status), Duration: time.Duration(t.Duration) * time.Microsecond,
				Answer: t.Answer, Error: t.Error,
			})
		}
		return nil
	})
	return d, err
}

func loadDelivery(ctx context.Context, tx *db.Tx, id string) (query.WebhookDelivery, error) {
	if !text.IsID(id) {
		return query.WebhookDelivery{}, errDeliveryNotFound
	}
	row, err := tx.GetWebhookDelivery(ctx, id)
	if db.NotFound(err) {
		return query.WebhookDelivery{}, errDeliveryNotFound
	}
	if err != nil {
		return query.WebhookDelivery{}, fmt.Errorf("webhook delivery %s: %w", id, err)
	}
	return row, nil
}

const pruneBatch = 500 // deliveries removed in one transaction

// KeepLog is how long the log of what was sent is kept.
const KeepLog = 90 * 24 * time.Hour

// Prune forgets the deliveries that were written before an instant and have ended, and returns how many; also the
// endpoints that were deleted before it and that the log does not name any more.
func (s *Service) Prune(ctx context.Context, before time.Time) (total int64, err error) {
	for {
		var found int
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			n = 0
			ids, err := tx.ListOldWebhookDeliveries(ctx, query.ListOldWebhookDeliveriesParams{
				FirstID: db.FirstID("whd", before), Before: clock.FromTime(before), N: pruneBatch,
			})
			if err != nil {
				return err
			}
			found = len(ids)
			for _, id := range ids {
				if err := tx.DeleteWebhookAttempts(ctx, id); err != nil {
					return err
				}
				gone, err := tx.DeleteWebhookDelivery(ctx, id)
				if err != nil {
					return err
				}
				n += gone
			}
			if found < pruneBatch {
				_, err = tx.PruneWebhookEndpoints(ctx, clock.FromTime(before))
			}
			return err
		})
		if err != nil {
			return total, fmt.Errorf("prune webhook deliveries: %w", err)
		}
		if total += n; found < pruneBatch {
			return total, nil
		}
	}
}
