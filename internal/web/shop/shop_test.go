package shop

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/setting"
)

// newShop is the public pages of a store whose readiness is that of ready, with a name that must be escaped.
func newShop(t *testing.T, ready func(context.Context) error) http.Handler {
	t.Helper()
	b := setup(t)
	b.set("store.name", hostile)
	b.Ready = ready
	return must(New(b.Config))(t)
}

const hostile = `Northwind <x-evil onclick=evil> & "Sons"`

func get(t *testing.T, h http.Handler, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	q.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w
}

const likeBrowsers = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestPagesOfAnEmptyStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("store.name", hostile)
	br := b.browser()
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/":                            {200, "Nothing is on sale yet"},
		"/cart":                        {200, "Your cart is empty"},
		"/nothing":                     {404, "There is nothing at this address"},
		"/products/nothing":            {404, "There is nothing at this address"},
		"/products/%3Cx-evil%3E":       {404, "There is nothing at this address"},
		"/buy/prc_1":                   {404, "There is nothing at this address"},
		"/buy/%3Cx-evil%3E":            {400, "This address is not complete"},
		"/checkout/return":             {404, "We can’t show"},
		"/checkout/return?order=<b>":   {404, "We can’t show"},
		"/thanks/nothing":              {404, "This page is not shown any more"},
		"/thanks/x/invoice.pdf":        {404, "This page is not shown any more"},
		"/thanks/x/licenses/y/files/z": {404, "This page is not shown any more"},
		"/claim/%3Cx-evil%3E":          {200, "Add this order to your account?"},
		"/sandbox/pay/nothing":         {404, "There is nothing at this address"},
		"/index.html?a=<b>":            {404, "There is nothing at this address"},
		"/%3Cx-evil%3E/deep/":          {404, "There is nothing at this address"},
	} {
		got := br.get(path).is(want.status).says("Northwind &lt;x-evil")
		if text := strings.ReplaceAll(got.Body, "&#39;", "’"); !strings.Contains(text, want.text) {
			t.Errorf("%s does not say %q: %s", path, want.text, got.Body)
		}
		if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	br.get("/checkout").to("/cart")
	br.post("/", "a", "b").is(404)
	br.post("/claim/nothing").is(404).says("This link is not valid any more")
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
	if w := get(t, h, "/status", likeBrowsers); w.Code != 503 || !strings.Contains(w.Body.String(), "We are out of order") || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("out of order: %d %s", w.Code, w.Body)
	}
}

func BenchmarkStatus(b *testing.B) {
	s := dbtest.SQLite(b)
	settings := setting.New(s.DB)
	h, err := New(Config{Ready: func(ctx context.Context) error { _, err := settings.Get(ctx); return err }, Settings: settings, Clock: s.Clock, Wall: s.Clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	q := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/status", nil)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), q)
	}
}
