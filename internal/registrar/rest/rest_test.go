package rest_test

import (
	"net/http"
	"net/http/httptest"
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
