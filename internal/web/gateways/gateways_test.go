package gateways_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/gateways"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path, body string
		intake             error
		status             int
		says               string
	}{
		"taken":           {"POST", "/webhooks/sandbox", "{}", nil, 204, ""},
		"forged":          {"POST", "/webhooks/sandbox", "{}", fail.Malformed("WEBHOOK_FORGED", "The signature is not the gateway's."), 400, "WEBHOOK_FORGED"},
		"unknown gateway": {"POST", "/webhooks/nobody", "{}", fail.NotFound("GATEWAY_NOT_FOUND", "There is no such payment gateway."), 404, "GATEWAY_NOT_FOUND"},
		"our fault":       {"POST", "/webhooks/sandbox", "{}", errors.New("disk full at /var/lib"), 500, "INTERNAL"},
		"too long":        {"POST", "/webhooks/sandbox", strings.Repeat("x", 256<<10+1), nil, 413, "REQUEST_TOO_LARGE"},
		"longest":         {"POST", "/webhooks/sandbox", strings.Repeat("x", 256<<10), nil, 204, ""},
		"not a POST":      {"GET", "/webhooks/sandbox", "", nil, 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			h := gateways.New(func(_ context.Context, gateway string, h http.Header, body []byte) error {
				got = gateway + " " + h.Get("Signature") + " " + string(body)
				return c.intake
			}, slog.New(slog.DiscardHandler))
			mux := http.NewServeMux()
			mux.Handle(gateways.Pattern, h)
			q := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
			q.Header.Set("Signature", "t=1")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, q)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || strings.Contains(w.Body.String(), "/var/lib") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if want := strings.TrimPrefix(c.path, "/webhooks/") + " t=1 " + c.body; c.status == 204 && got != want {
				t.Errorf("taken in: %.100s", got)
			}
			if c.status == 405 && w.Header().Get("Allow") != "POST" {
				t.Errorf("allows %q", w.Header().Get("Allow"))
			}
		})
	}
}

func TestPanicIsOurs(t *testing.T) {
	t.Parallel()
	h := gateways.New(func(context.Context, string, http.Header, []byte) error { panic("secret") }, slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/sandbox", strings.NewReader("{}")))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// What nobody has signed changes nothing in a store, and a live store knows no sandbox.
func TestWebhooksOfAStore(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	r := roomstest.InTestMode(t, s, roomstest.Log())
	mux := http.NewServeMux()
	mux.Handle(gateways.Pattern, gateways.New(r.Payments.Intake, roomstest.Log()))
	for path, want := range map[string]int{"/webhooks/sandbox": 400, "/webhooks/manual": 400, "/webhooks/nobody": 404, "/webhooks/%3Cb%3E": 404, "/webhooks/": 404} {
		for _, body := range []string{"", "{}", "\xff\x00", strings.Repeat("[", 10_000)} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body)))
			if w.Code != want {
				t.Errorf("%s, %.20q = %d %s", path, body, w.Code, w.Body)
			}
		}
	}
	if taken := r.Payments.Taken(); taken.New != 0 || taken.Refused != 8 {
		t.Errorf("taken: %+v", taken)
	}
}
