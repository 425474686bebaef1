package rest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
