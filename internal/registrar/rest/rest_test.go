package rest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/rest"
)

// An answer that no database takes is no answer: what came of a command isn't known then, and nothing of it is believed.
func TestAnswersThatAreNoText(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"name":"a.example","expires":"2027-01-01\u0000"}`, "{\"name\":\"a.example\",\"sponsor\":\"\xff\"}", "\x00",
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusNotFound} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(answer))
			}))
			c, err := rest.New(rest.Config{URL: s.URL, Account: "a", Password: "secret"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Info(t.Context(), "ks-1", "a.example"); err == nil {
				t.Errorf("%d %q was believed", status, answer)
			}
			if a := c.Renew(t.Context(), "ks-2", registrar.Renewal{Name: "a.example", Years: 1}); a.Class != registrar.Unknown {
				t.Errorf("%d %q: a renewal is %s", status, answer, a.Class)
			}
			s.Close()
		}
	}
}

// Whatever a hostile API does with a command, it ends in time, and nobody is told that it was done or wasn't.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	abort := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"end":     func(w http.ResponseWriter, _ *http.Request) { abort(w) },
		"half": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2000000000")
			_, _ = w.Write([]byte(`{"name":`))
		},
		"end in it": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"name":`))
			w.(http.Flusher).Flush()
			abort(w)
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`<html>done</html>`)) },
		"deep":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("[", 1<<20))) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for range 9 << 10 {
				_, _ = w.Write([]byte(strings.Repeat(" ", 1<<10)))
			}
		},
		"unknown code": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"code":2999}`))
		},
		"server error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) },
		"moved": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				answer(w, r)
			}))
			defer s.Close()
			timeout := time.Minute
			if name == "silence" || name == "half" {
				timeout = 4 * time.Second // it is waited for whatever comes
			}
			c, err := rest.New(rest.Config{URL: s.URL, Account: "a", Password: "secret", Timeout: timeout})
			if err != nil {
				t.Fatal(err)
			}
			if a := c.Renew(t.Context(), "ks-1", registrar.Renewal{Name: "a.example", Years: 1}); a.Class != registrar.Unknown || asked.Load() != 1 {
				t.Errorf("a renewal that was sent %d times is %+v", asked.Load(), a)
			}
			if a := c.Delete(t.Context(), "ks-2", "a.example"); a.Class != registrar.Unknown || asked.Load() != 2 {
				t.Errorf("a deletion that was sent %d times is %+v", asked.Load()-1, a)
			}
			if i, err := c.Info(t.Context(), "ks-3", "a.example"); err == nil {
				t.Errorf("believed: %+v", i)
			}
		})
	}
}

// What became of one command is told also by an account with more orders than an answer holds.
func TestOrderOfOneCommand(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[` + strings.Repeat(`{"cl_trid":"ks-0000000000","name":"a.example"},`, 250_000) + `{"cl_trid":"ks-1"}]`))
	})
	mux.HandleFunc("GET /orders/ks-1", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[{"cl_trid":"ks-1"}]`)) })
	mux.HandleFunc("GET /orders/ks-2", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[]`)) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c, err := rest.New(rest.Config{URL: s.URL, Account: "a", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	for transaction, want := range map[string]bool{"ks-1": true, "ks-2": false} {
		if got, err := c.Ordered(t.Context(), transaction); err != nil || got != want {
			t.Errorf("%s: %v, %v", transaction, got, err)
		}
	}
}
