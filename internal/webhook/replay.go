package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/patch"
)

// Replay sends a delivery at once, whether it was delivered, has failed, or waits for its next attempt. It is tried for
// three days again, under the same webhook-id.
func (s *Service) Replay(ctx context.Context, id string) (d Delivery, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := loadDelivery(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := sentTo(ctx, tx, row.EndpointID); err != nil {
			return err
		}
		n, err := tx.ReplayWebhookDelivery(ctx, query.ReplayWebhookDeliveryParams{ID: id, Now: tx.Stamp})
		if err != nil {
			return fmt.Errorf("replay webhook delivery %s: %w", id, err)
		}
		if n == 0 {
			return errSending
		}
		if row, err = loadDelivery(ctx, tx, id); err != nil {
			return err
		}
		d = deliveryFromRow(row)
		tx.OnCommit(s.look)
		return event.Audit(ctx, tx, event.Change{What: "webhook.replayed", SubjectID: id, After: patch.JSON(map[string]any{"endpoint": row.EndpointID})})
	})
	return d, err
}

// sentTo returns an error unless an endpoint is enabled.
func sentTo(ctx context.Context, tx *db.Tx, endpointID string) error {
	endpoint, err := load(ctx, tx, endpointID)
	if err != nil {
		return err
	}
	if State(endpoint.State) != Enabled {
		return errDisabled
	}
	return nil
}

const replayBatch = 1000 // deliveries queued in one transaction

// ReplayFailed sends all deliveries to an endpoint that have failed and were written since an instant, and returns how
// many these are.
func (s *Service) ReplayFailed(ctx context.Context, endpointID string, since time.Time) (total int64, err error) {
	for first := true; ; first = false {
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			if err := sentTo(ctx, tx, endpointID); err != nil {
				return err
			}
			if first {
				after := patch.JSON(map[string]any{"failed_since": since.UTC()})
				if err := event.Audit(ctx, tx, event.Change{What: "webhook.replayed", SubjectID: endpointID, After: after}); err != nil {
					return err
				}
			}
			n, err = tx.ReplayWebhookFailures(ctx, query.ReplayWebhookFailuresParams{
				EndpointID: endpointID, FirstID: db.FirstID("whd", since), Since: clock.FromTime(since), Now: tx.Stamp, N: replayBatch,
			})
			tx.OnCommit(s.look)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("replay deliveries to webhook endpoint %s: %w", endpointID, err)
		}
		if total += n; n < replayBatch {
			return total, nil
		}
	}
}
