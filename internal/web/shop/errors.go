package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

var (
	errNoPage = fail.NotFound("PAGE_NOT_FOUND", "There is no such page.")
	errActing = fail.Forbidden("IN_PERSON", "Only customers themselves can order here, as they agree to the terms. For them, place the order in the staff area.")
)

// renderError is the one place that turns an error into a public page.
func (s *shop) renderError(w http.ResponseWriter, r *http.Request, e *fail.Error) {
	heading, text := "That did not work", e.Detail
	switch e.Kind {
	case fail.KindInternal:
		heading, text = "Something went wrong on our side", "We have noted it. Please try again in a moment."
	case fail.KindUnavailable:
		heading, text = "We can't answer right now", "Please try again in a moment."
	case fail.KindNotFound:
		heading, text = "There is nothing at this address", "The link may be old, or mistyped."
	case fail.KindLimited:
		heading = "One moment, please"
	case fail.KindInvalid, fail.KindMalformed:
		heading, text = "This address is not complete", "Go back and follow the link again."
	default:
	}
	v := ui.ErrorPage{
		Page: s.page(w, r, heading, ""), Status: e.Kind.Status(), Heading: heading, Text: text, RequestID: web.RequestID(r.Context()),
		Actions: []ui.Button{{Label: "To the start page", Href: "/"}},
	}
	if err := s.pages.Render(w, e.Kind.Status(), "error", v); err != nil {
		s.Log.Error("error page", "err", err)
		http.Error(w, heading, e.Kind.Status())
	}
}

// explained turns an error into what a form says about it: messages by field, and one about the whole. ok is false for
// an error that no form can explain.
func explained(err error) (byField map[string]string, whole string, ok bool) {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindMalformed, fail.KindLimited, fail.KindGone:
	default:
		return nil, "", false
	}
	byField, whole = ui.Problems(e)
	return byField, whole, true
}
