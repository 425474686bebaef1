package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// renderError is the one place that turns an error into a page of the staff area.
func (a *area) renderError(w http.ResponseWriter, r *http.Request, e *fail.Error) {
	heading, text := "That did not work", e.Detail
	switch e.Kind {
	case fail.KindInternal:
		heading, text = "Something went wrong on our side", "It was logged. Please try again; if it stays, look at the log with the number below."
	case fail.KindUnavailable:
		heading = "The store can't answer right now"
	case fail.KindNotFound:
		heading = "Not found"
	case fail.KindForbidden:
		heading = "Not allowed"
	}
	v := ui.ErrorPage{
		Page: a.page(r, heading, ""), Status: e.Kind.Status(), Heading: heading, Text: text, RequestID: web.RequestID(r.Context()),
		Actions: []ui.Button{{Label: "Back to the dashboard", Href: "/admin"}},
	}
	if v.User == nil {
		v.Face = ui.Auth
	}
	if err := a.pages.Render(w, e.Kind.Status(), "error", v); err != nil {
		a.Log.Error("error page", "err", err)
		http.Error(w, heading, e.Kind.Status())
	}
}

// fieldErrors are the messages of e by field, and what concerns the form as a whole. ok is false for an error that no
// form can explain.
func fieldErrors(err error) (byField map[string]string, whole string, ok bool) {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindMalformed, fail.KindLimited:
	default:
		return nil, "", false
	}
	byField = map[string]string{}
	for _, f := range e.Fields {
		byField[f.Field] = f.Message
	}
	if len(byField) == 0 && e.Field != "" {
		byField[e.Field] = e.Detail
	}
	if len(byField) == 0 {
		whole = e.Detail
	}
	return byField, whole, true
}

// withErrors puts messages at their fields; what has no field goes on top of the form.
func withErrors(f ui.Form, byField map[string]string, whole string) ui.Form {
	left := map[string]string{}
	for k, v := range byField {
		left[k] = v
	}
	for i := range f.Sections {
		for j := range f.Sections[i].Fields {
			field := &f.Sections[i].Fields[j]
			if m, ok := left[field.Name]; ok {
				field.Error = m
				delete(left, field.Name)
			}
		}
	}
	f.Error = whole
	for name, m := range left {
		f.Error += " " + name + ": " + m
	}
	return f
}
