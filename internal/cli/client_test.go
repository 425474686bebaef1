package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/fail"
)

// A handler in this process is called as one behind a socket is: its answer streams, and may break off.
func TestInProcess(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s", text, r.URL.Query().Get("q"))
	})
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			fmt.Fprintln(w, strings.Repeat("x", 1000))
		}
	})
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("GET /nothing", func(http.ResponseWriter, *http.Request) {})
	c := http.Client{Transport: inProcess{mux}}
	for _, want := range []struct {
		method, path, in string
		status, size     int
		broken           bool
	}{
		{"POST", "/echo?q=b", "a", 201, 3, false},
		{"GET", "/long", "", 200, 1_001_000, false},
		{"GET", "/broken", "", 200, 4, true},
		{"GET", "/nothing", "", 200, 0, false},
		{"GET", "/nowhere", "", 404, 19, false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), want.method, host+want.path, strings.NewReader(want.in))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want.status || len(text) != want.size || errors.Is(err, io.ErrUnexpectedEOF) != want.broken {
			t.Errorf("%s: status %d, %d bytes, %v", want.path, resp.StatusCode, len(text), err)
		}
	}
}

// Whatever a store refuses is told in a sentence.
func TestExplain(t *testing.T) {
	t.Parallel()
	var fields fail.Fields
	fields.Add("name", "is required")
	fields.Add("scopes", "are unknown")
	for want, err := range map[string]error{
		"plain":                        errors.New("plain"),
		"Nothing there.":               fail.NotFound("X", "Nothing there."),
		"name is required":             fail.Invalid("name", "is required"),
		"several values are not valid": fields.Err(),
		"Not now. (disk is full)":      fail.Unavailable("Not now.", errors.New("disk is full")),
	} {
		if got := explain(fmt.Errorf("wrapped: %w", err)); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
