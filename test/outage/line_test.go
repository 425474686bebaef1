package outage

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"
)

// line is the way to a license server, with all that can happen on it.
type line struct {
	server http.Handler
	url    string

	mu    sync.Mutex
	state weather
	heard []byte // the last answer that came through
	asked int
}

// weather is what happens to whatever is asked over a line. up asks the server.
type weather func(l *line, w http.ResponseWriter, r *http.Request)

func (l *line) set(state weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = state
}

// count is how often somebody has asked.
func (l *line) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// ServeHTTP implements http.Handler.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	state := l.state
	l.asked++
	l.mu.Unlock()
	if state == nil {
		state = up
	}
	state(l, w, r)
}

// ask returns what the server answers.
func (l *line) ask(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	l.server.ServeHTTP(answer, r)
	return answer
}

func send(w http.ResponseWriter, code int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

func up(l *line, w http.ResponseWriter, r *http.Request) {
	answer := l.ask(r)
	l.mu.Lock()
	l.heard = bytes.Clone(answer.Body.Bytes())
	l.mu.Unlock()
	send(w, answer.Code, answer.Header().Get("Content-Type"), answer.Body.Bytes())
}

// down ends the connection instead of answering.
func down(_ *line, w http.ResponseWriter, _ *http.Request) {
	hijacker, can := w.(http.Hijacker)
	if !can {
		panic("the line can't be cut")
	}
	c, _, err := hijacker.Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, is := c.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// slow begins an answer, and goes on with it for longer than anybody waits.
func slow(_ *line, w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	for range 600 {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// says answers the same to all.
func says(code int, contentType, body string) weather {
	return func(_ *line, w http.ResponseWriter, _ *http.Request) { send(w, code, contentType, []byte(body)) }
}

var leaseIn = regexp.MustCompile(`"lease":"[^"]{20,}"`)

// forged hands on the server's answer with another signature under the lease.
func forged(l *line, w http.ResponseWriter, r *http.Request) {
	answer := l.ask(r)
	body := leaseIn.ReplaceAllFunc(answer.Body.Bytes(), func(lease []byte) []byte {
		changed := &lease[len(lease)-20] // in the midst of the signature
		if *changed == 'A' {
			*changed = 'B'
		} else {
			*changed = 'A'
		}
		return lease
	})
	send(w, answer.Code, "application/json", body)
}

// replayed hands out once more what the server has answered when it was asked last.
func replayed(l *line, w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	body := l.heard
	l.mu.Unlock()
	send(w, http.StatusOK, "application/json", body)
}
