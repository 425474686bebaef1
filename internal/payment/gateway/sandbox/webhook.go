package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/payment/gateway"
)

// SignatureHeader carries when a webhook was signed, and its signature: "t=1795305600,v1=…".
const SignatureHeader = "Sandbox-Signature"

// tolerance is how far the time of a signature may be from the receiver's.
const tolerance = 5 * time.Minute

// mixed is how long the first event of a charge waits when events are to come out of order; each later one waits half
// as long, so that what happens at once arrives in reverse.
const mixed = 32 * time.Minute

// tell writes an event about a charge and sends it on its way, as the faults say.
func (s *Sandbox) tell(ctx context.Context, tx *db.Tx, chargeID string, e gateway.Event) error {
	faults, err := faultsIn(ctx, tx)
	if err != nil {
		return err
	}
	before, err := tx.CountSandboxEvents(ctx, chargeID)
	if err != nil {
		return err
	}
	e.ID = tx.NewID("sbe")
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	copies, at := 1+faults.Duplicate, tx.Now.Add(time.Duration(faults.DelaySeconds)*time.Second)
	if faults.Drop {
		copies = 0
	}
	if faults.Reorder {
		at = at.Add(mixed >> min(before, 20))
	}
	row := query.InsertSandboxEventParams{
		ID: e.ID, ChargeID: chargeID, Type: e.Type, Body: string(body), Copies: int64(copies), CreatedAt: tx.Stamp,
	}
	if err := tx.InsertSandboxEvent(ctx, row); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	for range copies {
		if err := s.jobs.Enqueue(ctx, tx, job.New{Kind: webhookJob, Payload: e.ID, RunAt: at}); err != nil {
			return err
		}
	}
	return nil
}

const eventPage = 100

// EventsSince implements gateway.Gateway. Those are among them whose webhooks are late or were dropped.
func (s *Sandbox) EventsSince(ctx context.Context, since time.Time, cursor string) (events []gateway.Event, next string, err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		rows, err := tx.SandboxEventsSince(ctx, query.SandboxEventsSinceParams{Since: clock.FromTime(since), After: cursor, N: eventPage})
		if err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		events, next = make([]gateway.Event, len(rows)), ""
		for i, r := range rows {
			if err := json.Unmarshal([]byte(r.Body), &events[i]); err != nil {
				return fmt.Errorf("sandbox: event %s: %w", r.ID, err)
			}
		}
		if len(rows) == eventPage {
			next = rows[len(rows)-1].ID
		}
		return nil
	})
	return events, next, err
}

// deliver is the handler of webhookJob. What is not taken is sent again, later, by the queue.
func (s *Sandbox) deliver(ctx context.Context, j job.Job) error {
	var id string
	if err := j.Decode(&id); err != nil {
		return err
	}
	var body []byte
	err := s.read(ctx, func(tx *db.Tx) error {
		e, err := tx.SandboxEvent(ctx, id)
		body = []byte(e.Body)
		return err
	})
	if err != nil {
		return err
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(SignatureHeader, s.Sign(body, s.db.Clock().Now()))
	return s.receive(ctx, header, body)
}

// Sign returns the value of the signature header for a body that is signed at a time.
func (s *Sandbox) Sign(body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(s.mac(t, body))
}

func (s *Sandbox) mac(t string, body []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	_, _ = mac.Write([]byte(t + ".")) // a hash takes all that it is given
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

// ParseWebhook implements gateway.Gateway.
func (s *Sandbox) ParseWebhook(header http.Header, body []byte, now time.Time) (gateway.Event, error) {
	var t, signature string
	for part := range strings.SplitSeq(header.Get(SignatureHeader), ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			t = value
		case "v1":
			signature = value
		}
	}
	signed, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(signed, s.mac(t, body)) {
		return gateway.Event{}, gateway.ErrForged
	}
	// Only now is t known to come from the gateway.
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return gateway.Event{}, gateway.ErrForged
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > tolerance {
		return gateway.Event{}, gateway.ErrStale
	}
	var e gateway.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return gateway.Event{}, fmt.Errorf("sandbox: webhook: %w", err)
	}
	return e, nil
}
