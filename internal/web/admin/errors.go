package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

var headings = map[fail.Kind]string{
	fail.KindInternal:    "Something went wrong on our side",
	fail.KindUnavailable: "The store can't answer right now",
	fail.KindNotFound:    "Not found",
	fail.KindForbidden:   "Not allowed",
	fail.KindMethod:      "Not this way",
	fail.KindGone:        "This is over",
	fail.KindTooLarge:    "Too much at once",
	fail.KindLimited:     "One moment, please",
}

// renderError is the one place that turns an error into a page of the staff area.
func (a *area) renderError(w http.ResponseWriter, r *http.Request, e *fail.Error) {
	heading, known := headings[e.Kind]
	if !known {
		heading = "That did not work"
	}
	text := e.Detail
	if e.Kind == fail.KindInternal {
		text = "It was logged. Please try again; if it stays, look at the log with the number below."
	}
	v := ui.ErrorPage{
		Page: a.page(r, heading, ""), Status: e.Kind.Status(), Heading: heading, Text: text, RequestID: web.RequestID(r.Context()),
		Actions: []ui.Button{{Label: "Back to the dashboard", Href: "/admin"}},
	}
	if v.User == nil {
		v.Face, v.Actions = ui.Auth, []ui.Button{{Label: "Sign in", Href: "/admin/sign-in"}}
	}
	if err := a.pages.Render(w, e.Kind.Status(), "error", v); err != nil {
		a.Log.Error("error page", "err", err)
		http.Error(w, heading, e.Kind.Status())
	}
}

// conflictFields are the fields that a conflict is about.
var conflictFields = map[string]string{"EMAIL_TAKEN": "email", "SLUG_TAKEN": "slug", "PLAN_NAME_TAKEN": "name", "COUPON_CODE_TAKEN": "code", "PAYMENT_EXISTS": "reference"}

// fieldErrors are the messages of e by field, and what concerns the form as a whole. ok is false for an error that no
// form can explain.
func fieldErrors(err error) (byField map[string]string, whole string, ok bool) {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindMalformed, fail.KindLimited:
	default:
		return nil, "", false
	}
	if field := conflictFields[e.Code]; len(e.Fields) == 0 && field != "" {
		return map[string]string{field: e.Detail}, "", true
	}
	byField, whole = ui.Problems(e)
	return byField, whole, true
}

// askAgain shows the question of an act once more, with what was wrong at its field. What concerns no field of the
// question is returned.
func (a *area) askAgain(w http.ResponseWriter, r *http.Request, title, section string, q ui.Confirm, err error) error {
	bad, _, ok := fieldErrors(err)
	if !ok {
		return err
	}
	shown := false
	for i := range q.Fields {
		f := &q.Fields[i]
		f.Value = r.PostFormValue(f.Name)
		f.Error = bad[f.Name]
		if f.Name == "why" && f.Error == "" {
			f.Error = bad["reason"] // as some rooms call it
		}
		shown = shown || f.Error != ""
	}
	if !shown {
		return err
	}
	p := a.page(r, title, section)
	p.Face = ui.Auth
	return a.pages.Render(w, http.StatusUnprocessableEntity, "confirm", ui.ConfirmPage{Page: p, Confirm: q})
}
