package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

func passwordForm(email string) ui.Form {
	return ui.Form{Action: "/account/password", Submit: "Change password", Cancel: "/account/details", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: email, ReadOnly: true, Autocomplete: "username"},
		{Kind: ui.InputPassword, Name: "current_password", Label: "Current password", Required: true, Autofocus: true, Autocomplete: "current-password"},
		{Kind: ui.InputPassword, Name: "password", Label: "New password", Required: true, Autocomplete: "new-password", Hint: "At least 10 characters. A sentence is a good one."},
	}}}}
}

func (a *area) passwordView(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := gateView{Page: a.page(w, r, "Change password", "details"), Heading: "Change password", Form: &f}
	v.Note = "Your other devices are signed out. If you have no password yet, or forgot it, a link by mail lets you set one."
	v.Buttons = []ui.Button{{Label: "Get a link by mail", Href: linkAskAt, Icon: "mail"}}
	return a.gate(w, status, v)
}

func (a *area) passwordPage(w http.ResponseWriter, r *http.Request) error {
	return a.passwordView(w, r, http.StatusOK, passwordForm(visitorOf(r).customer.Email))
}

func (a *area) passwordChange(w http.ResponseWriter, r *http.Request) error {
	me := visitorOf(r).customer
	in, err := a.SignIn.ChangePassword(r.Context(), signin.Customer, me.ID, r.PostFormValue("current_password"), r.PostFormValue("password"), meta(r))
	if err != nil {
		byField, whole, ok := explained(err)
		if !ok {
			return err
		}
		return a.passwordView(w, r, web.FormStatus(w, err), ui.WithErrors(passwordForm(me.Email), byField, whole))
	}
	a.keep(w, r, in)
	return done(w, r, "/account/details", "Your password is changed. Your other devices are signed out.")
}

func everywhereQuestion() *ui.Confirm {
	return &ui.Confirm{
		ID: "everywhere", Title: "Sign out everywhere?", Effects: []string{"Every device that is signed in to this account is signed out, this one included.", "Your software goes on running."},
		Action: "/account/sign-out-everywhere", Label: "Sign out everywhere", Cancel: "/account/details",
	}
}

func (a *area) everywhereAsk(w http.ResponseWriter, r *http.Request) error {
	return a.confirm(w, a.page(w, r, "Sign out everywhere", "details"), *everywhereQuestion())
}

func (a *area) everywhere(w http.ResponseWriter, r *http.Request) error {
	if err := a.SignIn.SignOutEverywhere(r.Context(), signin.Customer, visitorOf(r).customer.ID); err != nil {
		return err
	}
	forget(w, r)
	return done(w, r, "/account/sign-in", "You are signed out everywhere.")
}
