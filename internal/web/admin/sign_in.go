package admin

import (
	"net/http"
	"net/url"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// sessionLife is how long the browser keeps the cookie; the session itself may end earlier.
const sessionLife = 7 * 24 * time.Hour

// authView is a page with one card: sign-in, second factor, set-up, a new password.
type authView struct {
	ui.Page
	Heading string
	Text    string
	Error   string
	Form    ui.Form
	Links   []ui.Link
}

func (a *area) auth(w http.ResponseWriter, status int, v authView) error {
	return a.pages.Render(w, status, "auth", v)
}

func meta(r *http.Request) signin.Meta {
	return signin.Meta{IP: web.ClientIP(r.Context()), UserAgent: r.UserAgent(), Token: sessionCookie(r)}
}

func signInForm(email, next string) ui.Form {
	return ui.Form{Action: "/admin/sign-in", Submit: "Sign in", Stacked: true, Hidden: []ui.Hidden{{Name: "next", Value: next}}, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: email, Required: true, Autofocus: email == "", Autocomplete: "username"},
		{Kind: ui.InputPassword, Name: "password", Label: "Password", Required: true, Autofocus: email != "", Autocomplete: "current-password"},
	}}}}
}

func (a *area) signInPage(w http.ResponseWriter, r *http.Request) error {
	if first, err := a.SignIn.FirstRun(r.Context()); err != nil {
		return err
	} else if first {
		v := authView{Page: a.bare(r, "Set up"), Heading: "Welcome to Keystead", Text: "This store has no owner yet. Open the one-time link that the program printed when it started; a new start prints a new one."}
		return a.auth(w, http.StatusOK, v)
	}
	return a.auth(w, http.StatusOK, authView{Page: a.bare(r, "Sign in"), Heading: "Staff area", Text: "Sign in to go on.", Form: signInForm("", r.URL.Query().Get("next"))})
}

func (a *area) signIn(w http.ResponseWriter, r *http.Request) error {
	email, next := r.PostFormValue("email"), r.PostFormValue("next")
	in, err := a.SignIn.StaffPassword(r.Context(), email, r.PostFormValue("password"), meta(r))
	if err != nil {
		return a.authAgain(w, r, err, authView{Page: a.bare(r, "Sign in"), Heading: "Staff area", Form: signInForm(email, next)})
	}
	return a.enter(w, r, in, next)
}

// authAgain shows a form of signing in once more with what was wrong; an error that is no answer to the form is
// returned.
func (a *area) authAgain(w http.ResponseWriter, _ *http.Request, err error, v authView) error {
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindUnauthenticated:
		v.Form.Error = e.Detail
	case fail.KindInvalid, fail.KindConflict, fail.KindLimited, fail.KindMalformed:
		bad, whole, _ := fieldErrors(err)
		v.Form = ui.WithErrors(v.Form, bad, whole)
	default:
		return err
	}
	return a.auth(w, web.FormStatus(w, err), v)
}

// enter gives the browser its session and leads on: to the second factor, or to where somebody wanted to go.
func (a *area) enter(w http.ResponseWriter, r *http.Request, in signin.SignIn, next string) error {
	web.SetCookie(w, r, sessionName, in.Token, sessionLife)
	to := localTarget(next)
	if in.NeedsSecondFactor() {
		to = "/admin/second-factor?" + url.Values{"next": {to}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// localTarget is a page of the staff area; anything else leads to the dashboard.
func localTarget(next string) string {
	if to := web.PathBelow("/admin", next); to != "" {
		return to
	}
	return "/admin"
}

func codeForm(next string) ui.Form {
	return ui.Form{Action: "/admin/second-factor", Submit: "Go on", Stacked: true, Hidden: []ui.Hidden{{Name: "next", Value: next}}, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Name: "code", Label: "Code", Required: true, Autofocus: true, Autocomplete: "one-time-code", InputMode: "text", Mono: true, Hint: "Six digits from your authenticator app, or one of your recovery codes"},
	}}}}
}

func (a *area) secondFactorPage(w http.ResponseWriter, r *http.Request) error {
	if visitorOf(r).session.Stage != signin.SecondFactor {
		http.Redirect(w, r, localTarget(r.URL.Query().Get("next")), http.StatusSeeOther)
		return nil
	}
	return a.auth(w, http.StatusOK, authView{Page: a.bare(r, "Second factor"), Heading: "One more step", Form: codeForm(r.URL.Query().Get("next"))})
}

func (a *area) secondFactor(w http.ResponseWriter, r *http.Request) error {
	in, err := a.SignIn.StaffSecondFactor(r.Context(), sessionCookie(r), r.PostFormValue("code"), meta(r))
	if err != nil {
		if fail.Of(err).Code == signin.CodeSignedOut {
			return toSignIn(w, r)
		}
		return a.authAgain(w, r, err, authView{Page: a.bare(r, "Second factor"), Heading: "One more step", Form: codeForm(r.PostFormValue("next"))})
	}
	return a.enter(w, r, in, r.PostFormValue("next"))
}

func (a *area) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.SignIn.SignOut(r.Context(), sessionCookie(r)); err != nil {
		return err
	}
	web.SetCookie(w, r, sessionName, "", 0)
	http.Redirect(w, r, "/admin/sign-in", http.StatusSeeOther)
	return nil
}
