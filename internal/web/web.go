// Package web is what all faces of the server share: the HTTP server itself, the middleware around every request,
// and the handler type whose errors each face renders in one place.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/fail"
)

// Handler answers a request or says why it can't. It must not have written anything when it returns an error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Renderer writes an error in the form of one face.
type Renderer func(w http.ResponseWriter, r *http.Request, e *fail.Error)

// Handle turns h into an http.Handler: its error is classified, logged when it is ours, and rendered by render.
func Handle(log *slog.Logger, render Renderer, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			Render(log, render, w, r, err)
		}
	})
}

// Render classifies err, logs it when the fault is ours, sets the headers that belong to its kind, and renders it.
// What a client that went away would have been told is only logged at debug level.
func Render(log *slog.Logger, render Renderer, w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		log.Debug("client went away", "path", r.URL.Path)
		return
	}
	e := fail.Of(err)
	if e.Kind == fail.KindInternal || e.Kind == fail.KindUnavailable {
		log.Error("request failed", "request_id", RequestID(r.Context()), "method", r.Method, "path", r.URL.Path, "code", e.Code, "err", err)
	}
	SetRetryAfter(w, e)
	render(w, r, e)
}

// Methods restricts h to the named methods; others are answered 405 with Allow, in the face's own form.
func Methods(render Renderer, h http.Handler, methods ...string) http.Handler {
	allow := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, m := range methods {
			if r.Method == m || (r.Method == http.MethodHead && m == http.MethodGet) {
				h.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("Allow", allow)
		render(w, r, &fail.Error{Kind: fail.KindMethod, Code: fail.CodeMethod, Detail: "This address takes " + allow + " only."})
	})
}
