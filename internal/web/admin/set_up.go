package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web/ui"
)

func setUpForm(token, name, email string) ui.Form {
	return ui.Form{Action: "/admin/setup/" + token, Submit: "Create my account", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Name: "name", Label: "Your name", Value: name, Required: true, MaxLength: 255, Autofocus: true, Autocomplete: "name"},
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: email, Required: true, Autocomplete: "username"},
		{Kind: ui.InputPassword, Name: "password", Label: "Password", Required: true, Autocomplete: "new-password", Hint: "At least 10 characters. A sentence is easy to remember."},
	}}}}
}

func setUpView(p ui.Page, f ui.Form) authView {
	return authView{Page: p, Heading: "Set up your store", Text: "You become its owner. Colleagues can be invited later.", Form: f}
}

// setUpPage is where the one-time link of the first start leads.
func (a *area) setUpPage(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	link, err := a.SignIn.LookAtLink(r.Context(), token)
	if err != nil {
		return err
	}
	if link.Purpose != signin.SetUp {
		return errNoPage
	}
	return a.auth(w, http.StatusOK, setUpView(a.bare(r, "Set up"), setUpForm(token, "", "")))
}

func (a *area) setUp(w http.ResponseWriter, r *http.Request) error {
	in := signin.SetupInput{Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Password: r.PostFormValue("password")}
	_, entered, err := a.SignIn.Setup(r.Context(), r.PathValue("token"), in, meta(r))
	if err != nil {
		return a.authAgain(w, r, err, setUpView(a.bare(r, "Set up"), setUpForm(r.PathValue("token"), in.Name, in.Email)))
	}
	return a.enter(w, r, entered, "/admin")
}

func passwordForm(token string) ui.Form {
	return ui.Form{Action: "/admin/link/" + token, Submit: "Set password", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputPassword, Name: "password", Label: "New password", Required: true, Autofocus: true, Autocomplete: "new-password", Hint: "At least 10 characters. A sentence is easy to remember."},
	}}}}
}

// linkPage is where a colleague's one-time link leads.
func (a *area) linkPage(w http.ResponseWriter, r *http.Request) error {
	link, err := a.SignIn.LookAtLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if link.Purpose != signin.SetStaffPassword {
		return errNoPage
	}
	v := authView{Page: a.bare(r, "Set your password"), Heading: "Hello " + link.Name, Text: "Set the password for " + link.Email + ".", Form: passwordForm(r.PathValue("token"))}
	return a.auth(w, http.StatusOK, v)
}

func (a *area) useLink(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	link, err := a.SignIn.LookAtLink(r.Context(), token)
	if err != nil {
		return err
	}
	if link.Purpose != signin.SetStaffPassword {
		return fail.NotFound("PAGE_NOT_FOUND", "There is no such page.")
	}
	in, err := a.SignIn.UseLink(r.Context(), token, r.PostFormValue("password"), meta(r))
	if err != nil {
		return a.authAgain(w, r, err, authView{Page: a.bare(r, "Set your password"), Heading: "Hello " + link.Name, Form: passwordForm(token)})
	}
	return a.enter(w, r, in, "/admin")
}
