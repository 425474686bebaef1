package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/event"
)

// parcel is a claimed delivery with all that is needed to send it.
type parcel struct {
	id       string
	attempt  int64
	failures int64
	giveUpAt *time.Time

	endpointID string
	url        string
	secrets    []string
	unsealed   error // why there are no secrets
	event      event.Event
}

// outcome is what became of an attempt.
type outcome struct {
	status     int // of HTTP; 0: no answer
	took       time.Duration
	answer     string // its beginning
	retryAfter time.Duration
	err        error // nil: delivered
}

// payload is the body of a request.
type payload struct {
	Type      string                     `json:"type"`
	Timestamp time.Time                  `json:"timestamp"`
	Data      map[string]json.RawMessage `json:"data"`
}

// Payload returns what endpoints are told of an event. What it happened to and the customer, null if there is none, stand
// beside what the event itself has to say.
func Payload(e event.Event) ([]byte, error) {
	p := payload{Type: e.Type, Timestamp: e.OccurredAt.UTC(), Data: map[string]json.RawMessage{}}
	if err := json.Unmarshal(e.Data, &p.Data); err != nil {
		return nil, fmt.Errorf("data of event %s: %w", e.ID, err)
	}
	for name, id := range map[string]string{"subject_id": e.SubjectID, "customer_id": e.CustomerID} {
		if _, said := p.Data[name]; said {
			continue
		}
		raw := []byte("null")
		if id != "" {
			raw = []byte(strconv.Quote(id)) // letters, digits and underscores
		}
		p.Data[name] = raw
	}
	return json.Marshal(p)
}

const maxAnswer = 1 << 10 // bytes of an answer that are kept

// try sends a delivery once.
func (s *Service) try(ctx context.Context, p parcel) outcome {
	start := s.db.Wall().Now()
	o := s.post(ctx, p, start)
	o.took = s.db.Wall().Now().Sub(start)
	return o
}

func (s *Service) post(ctx context.Context, p parcel, now time.Time) (o outcome) {
	if p.unsealed != nil {
		return outcome{err: p.unsealed}
	}
	body, err := Payload(p.event)
	if err != nil {
		return outcome{err: err}
	}
	signed, err := signatures(p.secrets, p.event.ID, now.Unix(), body)
	if err != nil {
		return outcome{err: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return outcome{err: errURL}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Keystead-Webhooks")
	r.Header.Set("Webhook-Id", p.event.ID)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", signed)
	answer, err := s.client.Do(r)
	if err != nil {
		return outcome{err: plain(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	// The status is the verdict. Of what follows only the beginning is kept; that it breaks off changes nothing.
	beginning, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return outcome{
		status: answer.StatusCode, answer: clean(string(beginning)), err: verdict(answer.StatusCode),
		retryAfter: retryAfter(answer.Header.Get("Retry-After"), now),
	}
}

var errRedirect = errors.New("answered with a redirect, which is not followed: give the endpoint its final address")

func verdict(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return errRedirect
	default:
		return fmt.Errorf("answered with status %d %s", status, http.StatusText(status))
	}
}

var errTimeout = fmt.Errorf("no answer within %s", timeout)

// plain takes the address out of an error: it is known, and may hold a secret.
func plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return errTimeout
	}
	var re *refusedError
	if errors.As(err, &re) {
		return re
	}
	return err
}

// retryAfter reads how long a receiver asks to be left alone: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(longestDelay/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return min(at.Sub(now), longestDelay)
	}
	return 0
}

// clean makes of s what both databases take.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
