package webhook

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
)

// Create adds an endpoint and returns it with its secret, which is shown this once and can't be found again.
func (s *Service) Create(ctx context.Context, in Input) (e Endpoint, secret string, err error) {
	if in.EventTypes == nil {
		in.EventTypes = []string{}
	}
	p := Patch{URL: &in.URL, Description: &in.Description, EventTypes: in.EventTypes}
	if err := s.validate(ctx, &p); err != nil {
		return Endpoint{}, "", err
	}
	secret = newSecret()
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.CountWebhookEndpoints(ctx)
		if err != nil {
			return fmt.Errorf("create a webhook endpoint: %w", err)
		}
		if n >= maxEndpoints {
			return errTooMany
		}
		id := tx.NewID("whe")
		err = tx.InsertWebhookEndpoint(ctx, query.InsertWebhookEndpointParams{
			ID: id, Url: *p.URL, Description: *p.Description, EventTypes: strings.Join(p.EventTypes, " "),
			Secret: s.seal(secret, id), Now: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("create a webhook endpoint: %w", err)
		}
		_, diff := p.applyTo(Endpoint{})
		e, err = s.changed(ctx, tx, id, "created", map[string]any{"event_types": p.EventTypes}, "", diff.After())
		return err
	})
	if err != nil {
		return Endpoint{}, "", err
	}
	return e, secret, nil
}

// changed records a change of an endpoint and returns what it has become.
func (s *Service) changed(ctx context.Context, tx *db.Tx, id, what string, data map[string]any, before, after string) (Endpoint, error) {
	tx.OnCommit(s.forget)
	what = "webhook.endpoint_" + what
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, Data: data}); err != nil {
		return Endpoint{}, err
	}
	if err := event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: before, After: after}); err != nil {
		return Endpoint{}, err
	}
	row, err := load(ctx, tx, id)
	return endpointFromRow(row), err
}

// Update changes an endpoint. Deliveries that wait go to its new address.
func (s *Service) Update(ctx context.Context, id string, change Patch) (e Endpoint, err error) {
	if err := s.validate(ctx, &change); err != nil {
		return Endpoint{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != row.Version {
			return errChanged
		}
		after, diff := change.applyTo(endpointFromRow(row))
		if diff.Empty() {
			e, err = byID(ctx, tx, id)
			return err
		}
		err = tx.UpdateWebhookEndpoint(ctx, query.UpdateWebhookEndpointParams{
			ID: id, Url: after.URL, Description: after.Description, EventTypes: strings.Join(after.EventTypes, " "), UpdatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("update webhook endpoint %s: %w", id, err)
		}
		e, err = s.changed(ctx, tx, id, "updated", map[string]any{"changed": diff.Fields}, diff.Before(), diff.After())
		return err
	})
	return e, err
}

// Enable sends to an endpoint again: all that happens from now on, and what still waits. Enabling one that is enabled
// does nothing.
func (s *Service) Enable(ctx context.Context, id string) (e Endpoint, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		n, err := tx.EnableWebhookEndpoint(ctx, query.EnableWebhookEndpointParams{ID: id, UpdatedAt: tx.Stamp})
		if err != nil {
			return fmt.Errorf("enable webhook endpoint %s: %w", id, err)
		}
		if n == 0 {
			e, err = byID(ctx, tx, id)
			return err
		}
		tx.OnCommit(s.look)
		e, err = s.changed(ctx, tx, id, "enabled", nil, patch.JSON(map[string]any{"disabled_why": before.DisabledWhy}), "")
		return err
	})
	return e, err
}

// Disable stops sending to an endpoint. What waits for it has failed. Disabling one that is disabled does nothing.
func (s *Service) Disable(ctx context.Context, id string) (e Endpoint, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := lock(ctx, tx, id); err != nil {
			return err
		}
		if err := s.disable(ctx, tx, id, ByHand); err != nil {
			return err
		}
		e, err = byID(ctx, tx, id)
		return err
	})
	return e, err
}

// DisabledEvent is the data of the event "webhook.endpoint_disabled".
type DisabledEvent struct {
	Why Why `json:"why"`
}

// disable disables an endpoint that is enabled and tells of it.
func (s *Service) disable(ctx context.Context, tx *db.Tx, id string, why Why) error {
	n, err := tx.DisableWebhookEndpoint(ctx, query.DisableWebhookEndpointParams{ID: id, Why: string(why), UpdatedAt: tx.Stamp})
	if err != nil {
		return fmt.Errorf("disable webhook endpoint %s: %w", id, err)
	}
	if n == 0 {
		return nil
	}
	tx.OnCommit(s.forget)
	tx.OnCommit(s.look)
	const what = "webhook.endpoint_disabled"
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, Data: DisabledEvent{why}}); err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, After: patch.JSON(map[string]any{"disabled_why": why})})
}

// Delete removes an endpoint and its secrets. What waits for it has failed; the log of what was sent stays.
func (s *Service) Delete(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.DeleteWebhookEndpoint(ctx, query.DeleteWebhookEndpointParams{ID: id, UpdatedAt: tx.Stamp}); err != nil {
			return fmt.Errorf("delete webhook endpoint %s: %w", id, err)
		}
		tx.OnCommit(s.forget)
		tx.OnCommit(s.look)
		const what = "webhook.endpoint_deleted"
		if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id}); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: patch.JSON(map[string]any{"url": shown(before.Url)})})
	})
}

// maxOverlap is the longest for which two secrets sign.
const maxOverlap = 30 * 24 * time.Hour

// Rotate gives an endpoint another secret, which is shown this once. For the time of overlap the old one signs as well,
// so that the receiver can change over; the one before that signs no more.
func (s *Service) Rotate(ctx context.Context, id string, overlap time.Duration) (e Endpoint, secret string, err error) {
	if overlap < 0 || overlap > maxOverlap {
		return Endpoint{}, "", fail.Invalid("overlap", "must be between no time and 30 days")
	}
	secret = newSecret()
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		next := query.RotateWebhookSecretParams{ID: id, Secret: s.seal(secret, id), UpdatedAt: tx.Stamp}
		data := map[string]any{}
		if overlap > 0 {
			ends := tx.Wall.Add(overlap)
			next.OldSecret, next.OldSecretEndsAt = &before.Secret, clock.FromTimePtr(&ends)
			data["old_secret_ends_at"] = ends
		}
		if err := tx.RotateWebhookSecret(ctx, next); err != nil {
			return fmt.Errorf("rotate the secret of webhook endpoint %s: %w", id, err)
		}
		e, err = s.changed(ctx, tx, id, "secret_rotated", data, "", patch.JSON(data))
		return err
	})
	if err != nil {
		return Endpoint{}, "", err
	}
	return e, secret, nil
}

// Endpoints returns all endpoints, the oldest first.
func (s *Service) Endpoints(ctx context.Context) (all []Endpoint, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListWebhookEndpoints(ctx)
		if err != nil {
			return fmt.Errorf("list webhook endpoints: %w", err)
		}
		all = make([]Endpoint, len(rows))
		for i, row := range rows {
			all[i] = endpointFromRow(row)
		}
		return nil
	})
	return all, err
}

// ByID returns an endpoint.
func (s *Service) ByID(ctx context.Context, id string) (e Endpoint, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		e, err = byID(ctx, tx, id)
		return err
	})
	return e, err
}

func byID(ctx context.Context, tx *db.Tx, id string) (Endpoint, error) {
	row, err := load(ctx, tx, id)
	if err != nil {
		return Endpoint{}, err
	}
	return endpointFromRow(row), nil
}
