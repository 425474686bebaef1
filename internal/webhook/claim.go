package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
)

// leaseTime is after what time a delivery whose sender is gone is sent again: an attempt and its storing end well
// before.
const leaseTime = time.Minute

// claim takes up to n deliveries to an endpoint, those first that have been due for longest.
func (s *Service) claim(ctx context.Context, endpointID string, n int) (parcels []parcel, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		parcels = nil
		endpoint, err := tx.GetWebhookEndpoint(ctx, endpointID)
		if err != nil || State(endpoint.State) != Enabled {
			return err
		}
		until := clock.FromTime(tx.Wall.Add(leaseTime))
		rows, err := tx.ClaimWebhookDeliveries(ctx, query.ClaimWebhookDeliveriesParams{
			EndpointID: endpointID, LeaseUntil: &until, Now: tx.Stamp, Wall: &tx.WallStamp, N: int64(n),
		})
		if err != nil {
			return err
		}
		slices.SortFunc(rows, func(a, b query.WebhookDelivery) int {
			return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
		})
		secrets, unsealed := s.secrets(endpoint, tx.Wall)
		for _, row := range rows {
			e, err := tx.GetWebhookEvent(ctx, row.EventID)
			if err != nil {
				return err
			}
			parcels = append(parcels, parcel{
				id: row.ID, attempt: row.Attempt, failures: row.Failures, giveUpAt: clock.TimePtr(row.GiveUpAt),
				endpointID: endpointID, url: endpoint.Url, secrets: secrets, unsealed: unsealed, event: eventFromRow(e),
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim deliveries to webhook endpoint %s: %w", endpointID, err)
	}
	return parcels, nil
}

func eventFromRow(row query.Event) event.Event {
	e := event.Event{
		ID: row.ID, Type: row.Type, OccurredAt: row.OccurredAt.Time(), ActorKind: event.ActorKind(row.ActorKind), ActorID: row.ActorID,
		SubjectID: row.SubjectID, Data: json.RawMessage(row.Data),
	}
	if row.CustomerID != nil {
		e.CustomerID = *row.CustomerID
	}
	return e
}

// abandonBatch is how many deliveries of a disabled endpoint end in one transaction.
const abandonBatch = 1000

// abandon ends what waits for an endpoint that is not sent to any more, and returns how much that was.
func (s *Service) abandon(ctx context.Context, endpointID string) (total int, err error) {
	for {
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			n = 0
			endpoint, err := tx.GetWebhookEndpoint(ctx, endpointID)
			if err != nil || State(endpoint.State) == Enabled {
				return err
			}
			n, err = tx.AbandonWebhookDeliveries(ctx, query.AbandonWebhookDeliveriesParams{
				EndpointID: endpointID, LastError: "the endpoint is " + endpoint.State, Now: &tx.Stamp, Wall: &tx.WallStamp, N: abandonBatch,
			})
			return err
		})
		if err != nil {
			return total, fmt.Errorf("end deliveries to webhook endpoint %s: %w", endpointID, err)
		}
		if total += int(n); n < abandonBatch {
			return total, nil
		}
	}
}

var errLeaseLost = errors.New("the lease was lost")

// settle stores what came of an attempt.
func (s *Service) settle(ctx context.Context, p parcel, o outcome) error {
	random := s.random()
	return s.db.Write(ctx, func(tx *db.Tx) error {
		next := query.SettleWebhookDeliveryParams{
			ID: p.id, Attempt: p.attempt, State: string(Delivered), DueAt: tx.Stamp, Failures: p.failures,
			GiveUpAt: clock.FromTimePtr(p.giveUpAt), LastStatus: int64(o.status), FinishedAt: &tx.Stamp,
		}
		// The endpoint comes before its deliveries, here as everywhere.
		var err error
		if o.err == nil {
			err = tx.ClearWebhookFailing(ctx, p.endpointID)
		} else {
			err = s.failed(ctx, tx, p, o, random, &next)
		}
		if err != nil {
			return err
		}
		if err := held(tx.SettleWebhookDelivery(ctx, next)); err != nil {
			return err
		}
		return tx.InsertWebhookAttempt(ctx, query.InsertWebhookAttemptParams{
			DeliveryID: p.id, Attempt: p.attempt, At: tx.Stamp, Status: int64(o.status), Duration: o.took.Microseconds(),
			Answer: o.answer, Error: next.LastError,
		})
	})
}

// statusGone is the answer of a receiver that wants no more.
const statusGone = 410

// failed decides what follows from a failed attempt, for the delivery and for the endpoint.
func (s *Service) failed(ctx context.Context, tx *db.Tx, p parcel, o outcome, random float64, next *query.SettleWebhookDeliveryParams) error {
	next.State, next.Failures, next.LastError = string(Failed), p.failures+1, errorText(o.err)
	since, err := tx.MarkWebhookFailing(ctx, query.MarkWebhookFailingParams{ID: p.endpointID, Now: int64(tx.Stamp)})
	if db.NotFound(err) {
		return nil // it was disabled meanwhile
	}
	if err != nil {
		return err
	}
	switch {
	case o.status == statusGone:
		return s.disable(ctx, tx, p.endpointID, Gone)
	case tx.Now.Sub(clock.Instant(since).Time()) >= patience:
		return s.disable(ctx, tx, p.endpointID, Failing)
	}
	giveUpAt := tx.Now.Add(patience)
	if p.giveUpAt != nil {
		giveUpAt = *p.giveUpAt
	}
	next.GiveUpAt = clock.FromTimePtr(&giveUpAt)
	if due, again := retry(tx.Now, next.Failures, giveUpAt, o.retryAfter, random); again {
		next.State, next.DueAt, next.FinishedAt = string(Pending), clock.FromTime(due), nil
	}
	return nil
}

// release gives back a delivery whose attempt was cut off: through no fault of its own, so it does not count.
func (s *Service) release(ctx context.Context, p parcel) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return held(tx.ReleaseWebhookDelivery(ctx, query.ReleaseWebhookDeliveryParams{ID: p.id, Attempt: p.attempt}))
	})
}

// held turns "no row was changed" into errLeaseLost.
func held(rows int64, err error) error {
	if err == nil && rows == 0 {
		return errLeaseLost
	}
	return err
}

const maxError = 1000 // bytes of an error that are kept

func errorText(err error) string {
	s := err.Error()
	if len(s) > maxError {
		s = s[:maxError] + " …"
	}
	return clean(s)
}
