package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"sync"
)

// accounts is the one administrator of this small application.
type accounts struct{ name, password string }

func (a accounts) right(name, password string) bool {
	same := func(x, y string) int { return subtle.ConstantTimeCompare([]byte(x), []byte(y)) }
	return same(name, a.name)&same(password, a.password) == 1
}

const sessionCookie = "session"

// sessions are who is signed in, until the program ends.
type sessions struct {
	mu    sync.Mutex
	names map[string]string
}

func newSessions() *sessions { return &sessions{names: map[string]string{}} }

func (s *sessions) begin(w http.ResponseWriter, r *http.Request, name string) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	id := hex.EncodeToString(raw)
	s.mu.Lock()
	s.names[id] = name
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil})
}

// name returns who has sent a request, empty for nobody in particular.
func (s *sessions) name(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[c.Value]
}

func (s *sessions) required(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.name(r) == "" {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}
