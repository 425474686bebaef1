// Package acceptance buys, pays, refuses and disputes through the admin API of the built program, as somebody outside
// would who has read its documentation. Its tests are named as the acceptance cases of billing are.
//
// Nobody waits here: the clock of a test store stands still until it is advanced, and an advance answers when all has
// come to rest. Whatever a test changes, the books are proved right afterwards.
package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/test/drive"
)

type object = map[string]any

// store is an empty test store that is served by a process of its own.
type store struct {
	*drive.Server
	t       testing.TB
	product string
	made    int // counts what needs a name of its own
}

// each runs a case in a store whose clock stands at now, once on each database.
func each(t *testing.T, now string, f func(s *store)) {
	t.Helper()
	run := func(name string, args func(t *testing.T) []string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(&store{t: t, Server: drive.StartDemo(t, append(args(t), "--empty", "--now", instant(now), "--data", t.TempDir())...)})
		})
	}
	run("sqlite", func(*testing.T) []string { return nil })
	if !testing.Short() {
		run("postgres", func(t *testing.T) []string { return []string{"--database-url", dbtest.PostgresURL(t)} })
	}
}

// instant is the beginning of a day, unless a time stands there.
func instant(at string) string {
	if strings.Contains(at, "T") {
		return at
	}
	return at + "T00:00:00Z"
}

// answer is what the store has answered.
type answer struct {
	status int
	header http.Header
	text   string
}

// send makes one call, without judging it. The header is "Name: value", or empty.
func (s *store) send(method, path string, body any, header string) answer {
	s.t.Helper()
	a, err := s.try(method, path, body, header)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *store) try(method, path string, body any, header string) (answer, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, s.URL+"/api/admin/v1"+path, in)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	req.Header.Set("Content-Type", "application/json")
	if name, value, ok := strings.Cut(header, ": "); ok {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// do makes a call that must succeed. If it may have changed something, the books are proved.
func (s *store) do(method, path string, body, out any) {
	s.t.Helper()
	a := s.send(method, path, body, "")
	if a.status >= 300 {
		s.t.Fatalf("%s %s: status %d: %s", method, path, a.status, a.text)
	}
	a.read(s.t, out)
	if method != http.MethodGet {
		s.verify()
	}
}

func (a answer) read(t testing.TB, out any) {
	t.Helper()
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(a.text), out); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
}

// refused makes a call that must be refused as a conflict, with one of these codes, and change nothing.
func (s *store) refused(method, path string, body any, codes ...string) {
	s.t.Helper()
	a := s.send(method, path, body, "")
	if a.status != http.StatusConflict || !slices.Contains(codes, a.code()) {
		s.t.Errorf("%s %s: status %d, want 409 and %q: %s", method, path, a.status, codes, a.text)
	}
	s.verify()
}

func (a answer) code() string {
	var problem struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(a.text), &problem)
	return problem.Code
}

// verify proves the books.
func (s *store) verify() {
	s.t.Helper()
	var found struct {
		Differences []object `json:"differences"`
	}
	s.send(http.MethodGet, "/verify", nil, "").read(s.t, &found)
	if found.Differences == nil || len(found.Differences) > 0 {
		s.t.Fatalf("differences: %v", found.Differences)
	}
}

// advance moves the clock, with all that falls due on the way.
func (s *store) advance(to string) {
	s.t.Helper()
	s.do("POST", "/test-clock/advance", object{"to": instant(to)}, nil)
}

// settle lets all that is due now come to rest: webhooks that are on their way, too.
func (s *store) settle() {
	s.t.Helper()
	s.advance("2000-01-01")
}

func (s *store) set(settings object) {
	s.t.Helper()
	s.do("PATCH", "/settings", settings, nil)
}

// want compares what people read.
func (s *store) want(what string, got, want any) {
	s.t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		s.t.Errorf("%s: %s, want %s", what, g, w)
	}
}
