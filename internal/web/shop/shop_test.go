package shop

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/setting"
)

// newShop is the public pages of a store whose readiness is that of ready, with a name that must be escaped.
func newShop(t *testing.T, ready func(context.Context) error) http.Handler {
	t.Helper()
	s := dbtest.SQLite(t)
	settings := setting.New(s.DB)
	name, err := json.Marshal(`Northwind <x-evil onclick=evil> & "Sons"`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings.Patch(t.Context(), map[string]json.RawMessage{"store.name": name}); err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{Ready: ready, Settings: settings, Clock: s.Clock, Log: slog.New(slog.DiscardHandler), TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t *testing.T, h http.Handler, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	q.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func fine(context.Context) error { return nil }

func TestPages(t *testing.T) {
	t.Parallel()
	h := newShop(t, fine)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/":                   {200, "To your account"},
		"/status":             {200, "Up and running"},
		"/nothing":            {404, "There is nothing at this address"},
		"/index.html?a=<b>":   {404, "There is nothing at this address"},
		"/%3Cx-evil%3E/deep/": {404, "There is nothing at this address"},
	} {
		w := get(t, h, path, browser)
		body := w.Body.String()
		if w.Code != want.status || !strings.Contains(body, want.text) || !strings.Contains(body, "Northwind &lt;x-evil") || len(body) > 100_000 {
			t.Errorf("%s = %d %s", path, w.Code, body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Data == "x-evil" || n.Data == "style" || (n.Data == "script" && n.FirstChild != nil) {
				t.Errorf("%s has an element %s", path, n.Data)
			}
			for _, at := range n.Attr {
				if n.Type == html.ElementNode && (at.Key == "style" || strings.HasPrefix(at.Key, "on")) {
					t.Errorf("%s has an attribute %s", path, at.Key)
				}
			}
		}
	}
	if w := httptest.NewRecorder(); true {
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("POST / = %d", w.Code)
		}
	}
}

func TestStatusForMachines(t *testing.T) {
	t.Parallel()
	var fault error
	h := newShop(t, func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			return errors.New("asked without a bound")
		}
		return fault
	})
	for _, accept := range []string{"", "*/*", "text/plain"} {
		if w := get(t, h, "/status", accept); w.Code != 200 || w.Body.String() != "ok\n" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("accepting %q: %d %s", accept, w.Code, w.Body)
		}
	}
	fault = errors.New("disk i/o error in /var/lib/secret")
	if w := get(t, h, "/status", ""); w.Code != 503 || w.Body.String() != "unavailable\n" {
		t.Errorf("out of order: %d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/status", browser); w.Code != 503 || !strings.Contains(w.Body.String(), "We are out of order") || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("out of order: %d %s", w.Code, w.Body)
	}
}

func BenchmarkStatus(b *testing.B) {
	s := dbtest.SQLite(b)
	settings := setting.New(s.DB)
	h, err := New(Config{Ready: func(ctx context.Context) error { _, err := settings.Get(ctx); return err }, Settings: settings, Clock: s.Clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	q := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/status", nil)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), q)
	}
}
