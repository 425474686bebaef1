package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// renderError is the one place that turns an error into a page of the portal. What is not there and what belongs to
// somebody else look the same.
func (a *area) renderError(w http.ResponseWriter, r *http.Request, e *fail.Error) {
	heading, text := "That did not work", e.Detail
	switch e.Kind {
	case fail.KindInternal:
		heading, text = "Something went wrong on our side", "We have noted it. Please try again in a moment."
	case fail.KindUnavailable:
		heading, text = "We can't answer right now", "Please try again in a moment."
	case fail.KindNotFound:
		heading, text = "There is nothing at this address", "The link may be old, or what it led to belongs to another account."
	case fail.KindLimited:
		heading = "One moment, please"
	case fail.KindInvalid, fail.KindMalformed:
		heading, text = "This address is not complete", "Go back and follow the link again."
	default:
	}
	v := ui.ErrorPage{Page: a.page(w, r, heading, ""), Status: e.Kind.Status(), Heading: heading, Text: text, RequestID: web.RequestID(r.Context())}
	v.Actions = []ui.Button{{Label: "Your licenses", Href: "/account/licenses"}}
	if v.User == nil {
		v.Actions = []ui.Button{{Label: "Sign in", Href: "/account/sign-in"}}
	}
	if err := a.pages.Render(w, e.Kind.Status(), "error", v); err != nil {
		a.Log.Error("error page", "err", err)
		http.Error(w, heading, e.Kind.Status())
	}
}

// explained turns an error into what a form says about it: messages by field, and one about the whole. ok is false for
// an error that no form can explain.
func explained(err error) (byField map[string]string, whole string, ok bool) {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindMalformed, fail.KindLimited, fail.KindGone, fail.KindUnauthenticated:
	default:
		return nil, "", false
	}
	byField, whole = ui.Problems(e)
	return byField, whole, true
}
