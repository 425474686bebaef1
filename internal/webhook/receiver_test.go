package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
)

// message is what a receiver got.
type message struct {
	ID         string
	Type       string
	Timestamp  time.Time
	Data       map[string]any
	Sent       string // webhook-timestamp
	Signatures []string
	body       []byte
}

// provedBy reports whether one of the signatures was made with the secret: as a receiver computes it from what the
// specification says, not with the code that is tested.
func (m message) provedBy(secret string) bool {
	key, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, m.ID+"."+m.Sent+"."+string(m.body))
	for _, s := range m.Signatures {
		version, encoded, _ := strings.Cut(s, ",")
		sum, err := base64.StdEncoding.DecodeString(encoded)
		if version == "v1" && err == nil && hmac.Equal(sum, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// receiver is a program that is told of events.
type receiver struct {
	URL string

	mu   sync.Mutex
	got  []message
	next http.HandlerFunc // nil: 204
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hooks"
	return r
}

// answer makes the receiver answer like this from now on.
func (r *receiver) answer(f http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = f
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	m := message{
		ID: req.Header.Get("webhook-id"), Sent: req.Header.Get("webhook-timestamp"),
		Signatures: strings.Fields(req.Header.Get("webhook-signature")), body: body,
	}
	if err := json.Unmarshal(body, &m); err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	r.got = append(r.got, m)
	f := r.next
	r.mu.Unlock()
	if f == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	f(w, req)
}

// take returns what was received since it was asked last.
func (r *receiver) take() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func newService(t *testing.T, d *db.DB) *Service {
	t.Helper()
	s := New(d, Config{Box: crypt.NewBox(crypt.Key{1}), TestMode: true})
	s.random = func() float64 { return 0.5 }
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func create(t *testing.T, s *Service, url string, types ...string) (Endpoint, string) {
	t.Helper()
	e, secret, err := s.Create(t.Context(), Input{URL: url, EventTypes: types})
	if err != nil {
		t.Fatal(err)
	}
	return e, secret
}

func emit(t *testing.T, d *db.DB, events ...event.New) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, e := range events {
			if err := event.Emit(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runDue(t *testing.T, s *Service, want int) {
	t.Helper()
	if n, err := s.RunDue(t.Context()); n != want || err != nil {
		t.Fatalf("RunDue = %d, %v, want %d", n, err, want)
	}
}

func deliveries(t *testing.T, s *Service, f DeliveryFilter) []Delivery {
	t.Helper()
	f.Limit = 200
	all, _, err := s.Deliveries(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// only is the one delivery there is, with its attempts.
func only(t *testing.T, s *Service) Details {
	t.Helper()
	all := deliveries(t, s, DeliveryFilter{})
	if len(all) != 1 {
		t.Fatalf("%d deliveries, want one", len(all))
	}
	d, err := s.Delivery(t.Context(), all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func endpoint(t *testing.T, s *Service, id string) Endpoint {
	t.Helper()
	e, err := s.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func eventsOf(t *testing.T, d *db.DB, subject string) (types []string) {
	t.Helper()
	events, err := event.NewLog(d).Recent(t.Context(), "", event.Filter{SubjectID: subject})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		types = append(types, e.Type+" "+string(e.Data))
	}
	return types
}

// each runs f with a receiver and the webhooks of a store, on both databases.
func each(t *testing.T, f func(t *testing.T, st *dbtest.Store, s *Service, r *receiver)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, st *dbtest.Store) {
		f(t, st, newService(t, st.DB), newReceiver(t))
	})
}

// roundTrip is a transport of a test's own.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func noContent(r *http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}
}

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
