package shop

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// patience is how long the store may take to answer before it counts as out of order.
const patience = 2 * time.Second

type statusView struct {
	ui.Page
	Head    ui.Head
	Callout ui.Callout
}

// status tells people and machines whether the store can be read: 200 or 503. Machines get a word, browsers a page.
func (s *shop) status(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	code, word := http.StatusOK, "ok\n"
	if err := s.Ready(ctx); err != nil {
		s.Log.Warn("not ready", "request_id", web.RequestID(r.Context()), "err", err)
		code, word = http.StatusServiceUnavailable, "unavailable\n"
	}
	w.Header().Add("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, word) // whoever asked may have gone
		return nil
	}
	v := statusView{Page: s.page(w, r, "Status", ""), Head: ui.Head{Title: "Status"}}
	v.Callout = ui.Callout{Tone: ui.Success, Title: "Up and running", Text: "Licenses can be checked, and your account can be reached."}
	if code != http.StatusOK {
		v.Callout = ui.Callout{Tone: ui.Danger, Title: "We are out of order", Text: "Our store can't be read right now. We are looking into it."}
	}
	v.Head.Sub = "As of " + v.Now.In(v.Location()).Format("2 January 2006, 15:04 MST") + "."
	return s.pages.Render(w, code, "status", v)
}
