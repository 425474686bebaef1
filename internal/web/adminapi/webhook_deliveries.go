package adminapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/webhook"
)

// WebhookDelivery is an event on its way to an endpoint.
type WebhookDelivery struct {
	ID         string     `json:"id" example:"whd_01hx2b6yh4m3nq0r8s5t"`
	EndpointID string     `json:"endpoint_id" example:"whe_01hx2b6yh4m3nq0r8s5t"`
	EventID    string     `json:"event_id" example:"evt_01hx2b6yh4m3nq0r8s5t" doc:"Its webhook-id, the same for every attempt"`
	EventType  string     `json:"event_type" example:"invoice.paid"`
	State      string     `json:"state" enum:"delivered,pending,sending,failed"`
	DueAt      time.Time  `json:"due_at" doc:"Of the next attempt; of one that ended, the end"`
	Attempts   int64      `json:"attempts" example:"1"`
	LastStatus *int       `json:"last_status" example:"200" doc:"Of HTTP; null: no answer"`
	LastError  *string    `json:"last_error"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

func showDelivery(d webhook.Delivery) WebhookDelivery {
	return WebhookDelivery{
		ID: d.ID, EndpointID: d.EndpointID, EventID: d.EventID, EventType: d.EventType, State: string(d.State), DueAt: d.DueAt.UTC(), Attempts: d.Attempts,
		LastStatus: statusOrNull(d.LastStatus), LastError: orNull(d.LastError), CreatedAt: d.CreatedAt.UTC(), FinishedAt: utc(d.FinishedAt),
	}
}

func statusOrNull(status int) *int {
	if status == 0 {
		return nil
	}
	return &status
}

// DeliveryDetails are all that is known of a delivery.
type DeliveryDetails struct {
	WebhookDelivery
	Payload json.RawMessage   `json:"payload" doc:"What is sent"`
	Tries   []DeliveryAttempt `json:"tries" doc:"Oldest first"`
}

// DeliveryAttempt is one try of a delivery.
type DeliveryAttempt struct {
	Number       int64     `json:"number" example:"1"`
	At           time.Time `json:"at"`
	Status       *int      `json:"status" example:"200" doc:"Of HTTP; null: no answer"`
	Milliseconds float64   `json:"milliseconds" example:"12.5"`
	Answer       *string   `json:"answer" doc:"The first kilobyte"`
	Error        *string   `json:"error" doc:"Null: delivered"`
}

type listDeliveriesInput struct {
	Paging
	EndpointID string `query:"endpoint_id" maxLength:"64"`
	State      string `query:"state" enum:"pending,sending,delivered,failed"`
	EventType  string `query:"event_type" maxLength:"255" doc:"Exactly this one"`
}

// Replayed is how many deliveries are sent again.
type Replayed struct {
	Replayed int64 `json:"replayed" example:"3"`
}

// ReplayFailed is the body of POST /webhook-endpoints/{id}/replay-failed.
type ReplayFailed struct {
	Since time.Time `json:"since" doc:"Those that were written since then"`
}

const codeNoDelivery = "WEBHOOK_DELIVERY_NOT_FOUND"

func (a *API) webhookDeliveries() {
	const tag = "Webhooks"
	add(a, route{Method: http.MethodGet, Path: "/webhook-deliveries", Scope: "events:read", Tag: tag, Summary: "List deliveries", Notes: "Newest first. The log reaches back 90 days."},
		func(ctx context.Context, in *listDeliveriesInput) (List[WebhookDelivery], error) {
			found, next, err := a.Webhooks.Deliveries(ctx, webhook.DeliveryFilter{
				EndpointID: in.EndpointID, State: webhook.DeliveryState(in.State), EventType: in.EventType, Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showDelivery), err
		})
	add(a, route{
		Method: http.MethodGet, Path: "/webhook-deliveries/{id}", Scope: "events:read", Tag: tag, Summary: "Show a delivery with what is sent and its attempts",
		Codes: []string{codeNoDelivery},
	}, func(ctx context.Context, in *ByID) (DeliveryDetails, error) {
		d, err := a.Webhooks.Delivery(ctx, in.ID)
		shown := DeliveryDetails{WebhookDelivery: showDelivery(d.Delivery), Payload: d.Payload, Tries: []DeliveryAttempt{}}
		for _, t := range d.Tries {
			shown.Tries = append(shown.Tries, DeliveryAttempt{
				Number: t.Number, At: t.At.UTC(), Status: statusOrNull(t.Status), Milliseconds: float64(t.Duration.Microseconds()) / 1000,
				Answer: orNull(t.Answer), Error: orNull(t.Error),
			})
		}
		return shown, err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/webhook-deliveries/{id}/replay", Scope: "jobs:write", Tag: tag, Summary: "Send a delivery at once",
		Notes: "Whether it was delivered, has failed, or waits. It is tried for three days again, under the same webhook-id.",
		Codes: []string{codeNoDelivery, "WEBHOOK_ENDPOINT_DISABLED", "WEBHOOK_DELIVERY_SENDING"},
	}, func(ctx context.Context, in *ByID) (WebhookDelivery, error) {
		d, err := a.Webhooks.Replay(ctx, in.ID)
		return showDelivery(d), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/webhook-endpoints/{id}/replay-failed", Scope: "jobs:write", Tag: tag, Summary: "Send all that could not be delivered to an endpoint",
		Codes: []string{codeNoEndpoint, "WEBHOOK_ENDPOINT_DISABLED"},
	}, func(ctx context.Context, in *struct {
		ByID
		Body ReplayFailed
	},
	) (Replayed, error) {
		n, err := a.Webhooks.ReplayFailed(ctx, in.ID, in.Body.Since)
		return Replayed{n}, err
	})
}
