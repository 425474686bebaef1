// Package gateways takes what payment gateways tell by webhook, at /webhooks/{gateway}.
//
// A message that is verified and kept is answered 204; only then does the gateway stop repeating it. Anything else it
// may send again: it is refused with 4xx if it will never be taken, and answered 5xx if that was our fault.
package gateways

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

// Pattern is where the handler is mounted.
const Pattern = "/webhooks/{gateway}"

// maxBody is far more than a gateway says at once.
const maxBody = 256 << 10

// Intake verifies a message of a gateway and keeps it.
type Intake func(ctx context.Context, gateway string, header http.Header, body []byte) error

// New returns the handler of the webhooks of all gateways.
func New(intake Intake, log *slog.Logger) http.Handler {
	take := web.Handle(log, refuse, func(w http.ResponseWriter, r *http.Request) error {
		body, err := web.ReadBody(w, r, maxBody)
		if err != nil {
			return err
		}
		if err := intake(r.Context(), r.PathValue("gateway"), r.Header, body); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	return web.Recover(log, refuse, web.Methods(refuse, take, http.MethodPost))
}

// refuse tells a program why its message was not taken.
func refuse(w http.ResponseWriter, _ *http.Request, e *fail.Error) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(e.Kind.Status())
	_ = json.NewEncoder(w).Encode(map[string]string{"code": e.Code, "detail": e.Detail}) // whoever asked may have gone
}
