// Package webhook tells other programs what happens in the store: it sends the history, as it is written, to the
// endpoints that an owner named. What is sent follows the Standard Webhooks specification, version 1.
//
//  1. An event is written. In the same transaction a delivery is written for each endpoint that wants events of its
//     type, so an endpoint is told of everything that happened and of nothing that did not.
//  2. A process claims deliveries that are due, the oldest first, under a lease, and sends them, to each endpoint a few
//     at once: one that is slow keeps no other waiting.
//  3. An answer of 2xx ends a delivery. Anything else, or none, is tried again after a delay that doubles, for three
//     days. If the process dies, the lease ends and the delivery is sent again, under the same webhook-id: receivers
//     must bear being told twice, and in another order than things happened.
//  4. An endpoint that answers 410, or has failed for three days without a success between, is disabled. What waits
//     for it has failed then, and can be replayed.
//
// When a delivery is due goes by the store's clock; leases and signatures go by that of the machine.
package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Config is what webhooks need besides the store.
type Config struct {
	Box *crypt.Box // seals the secrets of endpoints
	// TestMode allows endpoints on this machine and in private networks, by plain HTTP too.
	TestMode bool
	// Allowed returns the networks that may be sent to although they are not public; nil: none.
	Allowed func(context.Context) ([]netip.Prefix, error)
	// Held reports whether nothing may be sent for now: deliveries wait. Nil: it always may.
	Held   func(context.Context) (bool, error)
	Logger *slog.Logger // nil: nothing is logged
}

// Service keeps the endpoints of a store and sends to them. Its verbs are safe for concurrent use; what runs by itself
// begins with [Service.Start].
type Service struct {
	db       *db.DB
	box      *crypt.Box
	testMode bool
	allowed  func(context.Context) ([]netip.Prefix, error)
	held     func(context.Context) (bool, error)
	log      *slog.Logger
	client   *http.Client
	// random returns a number in [0, 1) for the jitter of delays.
	random func() float64

	remembered atomic.Pointer[[]wanted]
	mu         sync.Mutex
	changes    int           // guards against remembering what was read before a change
	maxAge     time.Duration // of what is remembered; 0: until it is known to have changed

	sender sender
}

// New returns the webhooks of the store d. From then on what happens is written down for the endpoints that want it.
func New(d *db.DB, c Config) *Service {
	s := &Service{db: d, box: c.Box, testMode: c.TestMode, allowed: c.Allowed, held: c.Held, log: c.Logger, random: rand.Float64}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.allowed == nil {
		s.allowed = func(context.Context) ([]netip.Prefix, error) { return nil, nil }
	}
	if s.held == nil {
		s.held = func(context.Context) (bool, error) { return false, nil }
	}
	if d.Engine() == db.Postgres {
		s.maxAge = othersMayChange
	}
	s.client = s.newClient()
	s.sender.init()
	event.Listen(d, s.hear)
	return s
}

// State says whether an endpoint is sent to.
type State string

// The states of an endpoint.
const (
	Enabled  State = "enabled"
	Disabled State = "disabled"
	deleted  State = "deleted" // shown to nobody; kept for the log of what was sent
)

// Why says why an endpoint is disabled.
type Why string

// The reasons for which an endpoint is disabled.
const (
	ByHand  Why = "by_hand"
	Gone    Why = "gone"    // it answered 410: it wants no more
	Failing Why = "failing" // for three days nothing could be delivered
)

// Endpoint is an address that is told of events, without the secret that signs for it.
type Endpoint struct {
	ID          string
	URL         string
	Description string
	EventTypes  []string // patterns: "invoice.paid", "invoice.*", "*"; sorted
	State       State
	DisabledWhy Why // empty unless it is disabled
	// FailingSince is when the first attempt failed after the last that succeeded; nil: the last succeeded.
	FailingSince *time.Time
	// OldSecretEndsAt is until when the secret before the last rotation signs as well, by the clock of the machine.
	OldSecretEndsAt *time.Time
	Version         int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

var (
	errEndpointNotFound = fail.NotFound("WEBHOOK_ENDPOINT_NOT_FOUND", "There is no such webhook endpoint.")
	errDeliveryNotFound = fail.NotFound("WEBHOOK_DELIVERY_NOT_FOUND", "There is no such webhook delivery.")
	errChanged          = fail.Conflict("CHANGED_MEANWHILE", "Somebody else changed this meanwhile. Look at it again.")
	errTooMany          = fail.Conflict("TOO_MANY_WEBHOOK_ENDPOINTS", fmt.Sprintf("A store has at most %d webhook endpoints.", maxEndpoints))
	errDisabled         = fail.Conflict("WEBHOOK_ENDPOINT_DISABLED", "The endpoint is disabled: enable it before something is replayed.")
	errSending          = fail.Conflict("WEBHOOK_DELIVERY_SENDING", "The delivery is being sent at this moment.")
)

// maxEndpoints bounds what each event costs, and how much is sent at once.
const maxEndpoints = 50

func endpointFromRow(row query.WebhookEndpoint) Endpoint {
	return Endpoint{
		ID: row.ID, URL: row.Url, Description: row.Description, EventTypes: strings.Fields(row.EventTypes), State: State(row.State),
		DisabledWhy: Why(row.DisabledWhy), FailingSince: clock.TimePtr(row.FailingSinceAt), OldSecretEndsAt: clock.TimePtr(row.OldSecretEndsAt),
		Version: row.Version, CreatedAt: row.CreatedAt.Time(), UpdatedAt: row.UpdatedAt.Time(),
	}
}

func load(ctx context.Context, tx *db.Tx, id string) (query.WebhookEndpoint, error) {
	if !text.IsID(id) {
		return query.WebhookEndpoint{}, errEndpointNotFound
	}
	row, err := tx.GetWebhookEndpoint(ctx, id)
	if db.NotFound(err) || err == nil && State(row.State) == deleted {
		return query.WebhookEndpoint{}, errEndpointNotFound
	}
	if err != nil {
		return query.WebhookEndpoint{}, fmt.Errorf("webhook endpoint %s: %w", id, err)
	}
	return row, nil
}

// lock makes concurrent changes of an endpoint wait for each other, and returns it.
func lock(ctx context.Context, tx *db.Tx, id string) (query.WebhookEndpoint, error) {
	if !text.IsID(id) {
		return query.WebhookEndpoint{}, errEndpointNotFound
	}
	n, err := tx.LockWebhookEndpoint(ctx, id)
	if err != nil {
		return query.WebhookEndpoint{}, fmt.Errorf("webhook endpoint %s: %w", id, err)
	}
	if n == 0 {
		return query.WebhookEndpoint{}, errEndpointNotFound
	}
	return load(ctx, tx, id)
}
