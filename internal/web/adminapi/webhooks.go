package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/webhook"
)

// WebhookEndpoint is an address that is told of events.
type WebhookEndpoint struct {
	ID              string     `json:"id" example:"whe_01hx2b6yh4m3nq0r8s5t"`
	URL             string     `json:"url" example:"https://example.com/hooks"`
	Description     *string    `json:"description"`
	EventTypes      []string   `json:"event_types" doc:"Sorted: invoice.paid, invoice.* for all that begin so, * for all"`
	State           string     `json:"state" enum:"enabled,disabled"`
	DisabledWhy     *string    `json:"disabled_why" enum:"by_hand,gone,failing" doc:"gone: it answered 410. failing: for three days nothing could be delivered"`
	FailingSince    *time.Time `json:"failing_since" doc:"When the first attempt failed after the last that succeeded"`
	OldSecretEndsAt *time.Time `json:"old_secret_ends_at" doc:"Until when the secret before the last rotation signs as well"`
	Version         int64      `json:"version"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
}

func showEndpoint(e webhook.Endpoint) WebhookEndpoint {
	return WebhookEndpoint{
		ID: e.ID, URL: e.URL, Description: orNull(e.Description), EventTypes: append([]string{}, e.EventTypes...), State: string(e.State),
		DisabledWhy: orNull(string(e.DisabledWhy)), FailingSince: utc(e.FailingSince), OldSecretEndsAt: utc(e.OldSecretEndsAt), Version: e.Version,
		CreatedAt: e.CreatedAt.UTC(), UpdatedAt: e.UpdatedAt.UTC(),
	}
}

// SignedEndpoint is an endpoint with the secret that signs for it.
type SignedEndpoint struct {
	WebhookEndpoint
	Secret *string `json:"secret" doc:"Shown this once. Null in an answer that is given again for an idempotency key"`
}

func (e SignedEndpoint) withoutSecrets() any {
	e.Secret = nil
	return e
}

// NewEndpoint is the body of POST /webhook-endpoints.
type NewEndpoint struct {
	URL         string   `json:"url" maxLength:"2000" example:"https://example.com/hooks" doc:"https, and public; in test mode any"`
	Description string   `json:"description,omitempty" maxLength:"255"`
	EventTypes  []string `json:"event_types" nullable:"false" minItems:"1" maxItems:"100" maxLength:"100" doc:"invoice.paid; invoice.* for all that begin so; * for all"`
}

// EndpointPatch is the body of PATCH /webhook-endpoints/{id}.
type EndpointPatch struct {
	URL         *string   `json:"url,omitempty" maxLength:"2000"`
	Description *string   `json:"description,omitempty" maxLength:"255"`
	EventTypes  *[]string `json:"event_types,omitempty" nullable:"false" minItems:"1" maxItems:"100" maxLength:"100"`
	State       *string   `json:"state,omitempty" enum:"enabled,disabled" doc:"What waits for an endpoint that is disabled has failed"`
	Version     *int64    `json:"version,omitempty" minimum:"1" maximum:"9007199254740991" doc:"That the change was made from; if there is another by now, nothing changes"`
}

// Rotation is the body of POST /webhook-endpoints/{id}/rotate.
type Rotation struct {
	OverlapSeconds *int64 `json:"overlap_seconds,omitempty" minimum:"0" maximum:"2592000" doc:"For how long the old secret signs as well. Default: a day"`
}

const codeNoEndpoint = "WEBHOOK_ENDPOINT_NOT_FOUND"

func (a *API) webhooks() {
	const tag = "Webhooks"
	codes := []string{codeNoEndpoint}
	add(a, route{
		Method: http.MethodPost, Path: "/webhook-endpoints", Scope: "settings:write", Tag: tag, Summary: "Add an endpoint",
		Notes: "Its secret is shown in this answer only.", Status: http.StatusCreated, Codes: []string{"TOO_MANY_WEBHOOK_ENDPOINTS"},
	}, func(ctx context.Context, in *struct{ Body NewEndpoint }) (SignedEndpoint, error) {
		e, secret, err := a.Webhooks.Create(ctx, webhook.Input{URL: in.Body.URL, Description: in.Body.Description, EventTypes: in.Body.EventTypes})
		return SignedEndpoint{showEndpoint(e), &secret}, err
	})
	add(a, route{Method: http.MethodGet, Path: "/webhook-endpoints", Scope: "settings:read", Tag: tag, Summary: "List endpoints", Notes: "Oldest first, all on one page."},
		func(ctx context.Context, _ *struct{}) (List[WebhookEndpoint], error) {
			all, err := a.Webhooks.Endpoints(ctx)
			return listOf(all, "", showEndpoint), err
		})
	add(a, route{Method: http.MethodGet, Path: "/webhook-endpoints/{id}", Scope: "settings:read", Tag: tag, Summary: "Show an endpoint", Codes: codes},
		func(ctx context.Context, in *ByID) (WebhookEndpoint, error) {
			e, err := a.Webhooks.ByID(ctx, in.ID)
			return showEndpoint(e), err
		})
	add(a, route{
		Method: http.MethodPatch, Path: "/webhook-endpoints/{id}", Scope: "settings:write", Tag: tag, Summary: "Change, enable or disable an endpoint",
		Notes: "Deliveries that wait go to its new address.", Codes: append([]string{"CHANGED_MEANWHILE"}, codes...),
	}, a.patchEndpoint)
	add(a, route{
		Method: http.MethodDelete, Path: "/webhook-endpoints/{id}", Scope: "settings:write", Tag: tag, Summary: "Remove an endpoint",
		Notes: "And its secrets. What waits for it has failed; the log of what was sent stays.", Codes: codes,
	}, func(ctx context.Context, in *ByID) (none, error) { return none{}, a.Webhooks.Delete(ctx, in.ID) })
	add(a, route{
		Method: http.MethodPost, Path: "/webhook-endpoints/{id}/rotate", Scope: "settings:write", Tag: tag, Summary: "Give an endpoint another secret",
		Notes: "It is shown in this answer only.", Codes: codes,
	}, func(ctx context.Context, in *struct {
		ByID
		Body *Rotation
	},
	) (SignedEndpoint, error) {
		overlap := 24 * time.Hour
		if in.Body != nil && in.Body.OverlapSeconds != nil {
			overlap = time.Duration(*in.Body.OverlapSeconds) * time.Second
		}
		e, secret, err := a.Webhooks.Rotate(ctx, in.ID, overlap)
		return SignedEndpoint{showEndpoint(e), &secret}, err
	})
	a.webhookDeliveries()
}

type patchEndpointInput struct {
	ByID
	Body EndpointPatch
}

// patchEndpoint changes an endpoint in one transaction, and switches it in another.
func (a *API) patchEndpoint(ctx context.Context, in *patchEndpointInput) (WebhookEndpoint, error) {
	change := webhook.Patch{URL: in.Body.URL, Description: in.Body.Description}
	if in.Body.EventTypes != nil {
		change.EventTypes = append([]string{}, *in.Body.EventTypes...)
	}
	if in.Body.Version != nil {
		change.Version = *in.Body.Version
	}
	e, err := a.Webhooks.Update(ctx, in.ID, change)
	if err == nil && in.Body.State != nil {
		if webhook.State(*in.Body.State) == webhook.Enabled {
			e, err = a.Webhooks.Enable(ctx, in.ID)
		} else {
			e, err = a.Webhooks.Disable(ctx, in.ID)
		}
	}
	return showEndpoint(e), err
}
