// Package crash kills the program while it works and looks at what it remembers.
package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/porttest"
	"github.com/keystead/keystead/test/drive"
)

const (
	workers = 16
	rounds  = 3 // kills per test
)

// underLoad sends requests from several workers until stop is closed or the program is gone.
func underLoad(send func(worker, n int) bool, stop <-chan struct{}) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if !send(w, n) {
					return
				}
			}
		})
	}
	wg.Wait()
}

// killUnderLoad starts the load, waits until enough requests were answered, and kills the program.
func killUnderLoad(s *drive.Server, answered *atomic.Int64, enough int64, send func(worker, n int) bool) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		underLoad(send, stop)
		close(done)
	}()
	target := answered.Load() + enough
	for answered.Load() < target {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
	s.Kill()
	close(stop)
	<-done
}

// post sends one request; ok is false when no whole answer came.
func post(url string, body any) (status int, answer []byte, ok bool) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, false
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return 0, nil, false
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, false
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err == nil
}

// No count is lost: every validation that was answered is counted, and nothing is counted that was not sent, over
// several kills and replays of the same store.
func TestKilledServerKeepsEveryAnsweredCheck(t *testing.T) {
	dir := t.TempDir()
	s := drive.StartDemo(t, "--empty", "--data", dir)
	sold := s.Sell(t, "counted", 5)
	var sent, answered atomic.Int64
	for range rounds {
		url := s.URL + "/api/v1/licenses/validate"
		killUnderLoad(s, &answered, 3000, func(int, int) bool {
			sent.Add(1)
			status, answer, ok := post(url, map[string]any{"license_key": sold.Key})
			if !ok {
				return false
			}
			if status != http.StatusOK || !bytes.Contains(answer, []byte(`"valid":true`)) {
				t.Errorf("validate: %d %s", status, answer)
				return false
			}
			answered.Add(1)
			return true
		})
		s = drive.StartDemo(t, "--data", dir)
	}
	var shown struct {
		CheckCount int64 `json:"check_count"`
	}
	s.Admin(t, "GET", "/licenses/"+sold.LicenseID, nil, 200, &shown)
	if shown.CheckCount < answered.Load() || shown.CheckCount > sent.Load() {
		t.Errorf("%d checks are stored; %d were answered, %d sent", shown.CheckCount, answered.Load(), sent.Load())
	}
	t.Logf("%d sent, %d answered, %d stored", sent.Load(), answered.Load(), shown.CheckCount)
}

// Every answered activation exists, none beyond the limit, whatever the kill hits.
func TestKilledServerKeepsEveryAnsweredActivation(t *testing.T) {
	dir := t.TempDir()
	s := drive.StartDemo(t, "--empty", "--data", dir)
	const limit = 400
	sold := s.Sell(t, "activated", limit)
	var mu sync.Mutex
	active := map[string]bool{}
	var answered atomic.Int64
	for round := range rounds {
		url := s.URL + "/api/v1/licenses/activate"
		killUnderLoad(s, &answered, 120, func(w, n int) bool {
			host := fmt.Sprintf("r%d-w%d-n%d.example.com", round, w, n)
			status, answer, ok := post(url, map[string]any{"license_key": sold.Key, "identifier": host})
			if !ok {
				return false
			}
			switch {
			case status == http.StatusOK:
				mu.Lock()
				active[host] = true
				mu.Unlock()
				answered.Add(1)
			case status == http.StatusForbidden && bytes.Contains(answer, []byte("ACTIVATION_LIMIT_REACHED")):
				answered.Add(1)
			default:
				t.Errorf("activate: %d %s", status, answer)
				return false
			}
			return true
		})
		s = drive.StartDemo(t, "--data", dir)
	}
	stored := map[string]bool{}
	cursor := ""
	for {
		var page struct {
			Data []struct {
				Identifier string `json:"identifier"`
			} `json:"data"`
			Next *string `json:"next"`
		}
		s.Admin(t, "GET", "/licenses/"+sold.LicenseID+"/activations?limit=200&cursor="+cursor, nil, 200, &page)
		for _, a := range page.Data {
			stored[a.Identifier] = true
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	for host := range active {
		if !stored[host] {
			t.Errorf("%s was answered as activated but is not stored", host)
		}
	}
	if len(stored) > limit {
		t.Errorf("%d activations are stored, the limit is %d", len(stored), limit)
	}
	var verified struct {
		Differences []json.RawMessage `json:"differences"`
	}
	s.Admin(t, "GET", "/verify", nil, 200, &verified)
	if len(verified.Differences) > 0 {
		t.Errorf("verify names %d differences: %s", len(verified.Differences), verified.Differences[0])
	}
}

// A second server on the same folder is refused with the reason, and the first goes on.
func TestOneServerPerFolder(t *testing.T) {
	dir := t.TempDir()
	s := drive.StartDemo(t, "--empty", "--data", dir)
	out := drive.Fail(t, "serve", "--data", dir, "--listen", porttest.Free(t))
	if !strings.Contains(out, "in use") {
		t.Errorf("the second server says %q, want that the folder is in use", out)
	}
	s.Admin(t, "GET", "/verify", nil, 200, nil)
}
