package admin

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image/png"
	"net/http"

	"github.com/pquerna/otp"

	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// account is the page of whoever is signed in: name, password, second factor.
func (a *area) account(w http.ResponseWriter, r *http.Request) error {
	return a.accountPage(w, r, http.StatusOK, nil, "")
}

// accountPage renders the account; bad and whole are what was wrong with the form that was sent.
func (a *area) accountPage(w http.ResponseWriter, r *http.Request, status int, bad map[string]string, whole string) error {
	me := visitorOf(r).staff
	v := sheetView{Page: a.page(r, "Your account", "")}
	v.Head = ui.Head{Title: "Your account", Sub: me.Email, Actions: []ui.Button{{Label: "Sign out everywhere", Href: "/admin/me/sign-out-everywhere", Post: true}}}
	name, zone := me.Name, me.TimeZone
	if r.URL.Path == "/admin/me" && r.PostForm != nil {
		name, zone = r.PostFormValue("name"), r.PostFormValue("time_zone")
	}
	form := func(action, submit string, fields ...ui.Field) *ui.Form {
		f := ui.Form{Action: action, Submit: submit, Stacked: true, Kind: ui.Plain, Sections: []ui.FormSection{{Fields: fields}}}
		if r.URL.Path == action {
			f = ui.WithErrors(f, bad, whole)
		}
		return &f
	}
	password := func(scope string) ui.Field {
		return ui.Field{Kind: ui.InputPassword, Name: "current_password", Label: "Your password", Required: true, Autocomplete: "current-password", Scope: scope}
	}
	v.Left = []card{
		{Head: ui.CardHead{Title: "About you"}, Form: form("/admin/me", "Save",
			ui.Field{Name: "name", Label: "Name", Value: name, Required: true, MaxLength: 255},
			ui.Field{Name: "time_zone", Label: "Time zone", Value: zone, Optional: true, Hint: "Such as Europe/Berlin. Times are shown in it. Empty: the store's."})},
		{Head: ui.CardHead{Title: "Password", Text: "A new one ends all your other sessions."}, Form: form("/admin/me/password", "Change password", password("change"),
			ui.Field{Kind: ui.InputPassword, Name: "password", Label: "New password", Required: true, Autocomplete: "new-password", Hint: "At least 10 characters. A sentence is easy to remember."})},
	}
	second := card{Head: ui.CardHead{Title: "Second factor", Text: "A code from an authenticator app, asked for at every sign-in."}}
	if me.HasTOTP {
		left, err := a.SignIn.RecoveryCodesLeft(r.Context(), me.ID)
		if err != nil {
			return err
		}
		second.Details = &ui.Details{Items: []ui.Detail{{Label: "State", Value: ui.Status("enabled")}, {Label: "Recovery codes left", Value: ui.Count(int(left))}}}
		second.Form = form("/admin/me/totp/remove", "Turn off", password("totp"))
	} else {
		second.Form = form("/admin/me/totp", "Turn on", password("totp"))
	}
	v.Right = []card{second, {Head: ui.CardHead{Title: "Role"}, Details: &ui.Details{Items: []ui.Detail{{Label: roleWords[me.Role].label, Value: ui.Text(roleWords[me.Role].hint)}}}}}
	return a.pages.Render(w, status, "sheet", v)
}

// accountAgain shows the account with what was wrong with the form.
func (a *area) accountAgain(w http.ResponseWriter, r *http.Request, err error) error {
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	return a.accountPage(w, r, http.StatusUnprocessableEntity, bad, whole)
}

func (a *area) accountSave(w http.ResponseWriter, r *http.Request) error {
	name, zone := r.PostFormValue("name"), r.PostFormValue("time_zone")
	if _, err := a.Staff.Update(r.Context(), visitorOf(r).staff.ID, staff.Patch{Name: &name, TimeZone: &zone}); err != nil {
		return a.accountAgain(w, r, err)
	}
	return done(w, r, "/admin/me", "Saved.")
}

func (a *area) accountPassword(w http.ResponseWriter, r *http.Request) error {
	in, err := a.SignIn.ChangePassword(r.Context(), signin.Staff, visitorOf(r).staff.ID, r.PostFormValue("current_password"), r.PostFormValue("password"), meta(r))
	if err != nil {
		return a.accountAgain(w, r, err)
	}
	web.SetCookie(w, r, sessionName, in.Token, sessionLife)
	return done(w, r, "/admin/me", "Your password was changed. All other sessions have ended.")
}

func (a *area) accountSignOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	if err := a.SignIn.SignOutEverywhere(r.Context(), signin.Staff, visitorOf(r).staff.ID); err != nil {
		return err
	}
	web.SetCookie(w, r, sessionName, "", 0)
	http.Redirect(w, r, "/admin/sign-in", http.StatusSeeOther)
	return nil
}

type enrolView struct {
	ui.Page
	Head   ui.Head
	QR     template.URL // a PNG made here
	Secret ui.Key
	Form   ui.Form
}

// totpBegin shows what the authenticator app scans, and asks for a first code.
func (a *area) totpBegin(w http.ResponseWriter, r *http.Request) error {
	e, err := a.SignIn.BeginTOTP(r.Context(), visitorOf(r).staff.ID, r.PostFormValue("current_password"), meta(r))
	if err != nil {
		return a.accountAgain(w, r, err)
	}
	key, err := otp.NewKeyFromURL(e.URL)
	if err != nil {
		return err
	}
	img, err := key.Image(220, 220)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	v := enrolView{Page: a.page(r, "Second factor", ""), Head: ui.Head{Title: "Second factor", Sub: "Scan the picture with an authenticator app, then type the code that it shows."}}
	v.QR = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())) //nolint:gosec // base64 of our own picture
	v.Secret = ui.Key{Label: "Or type this", Value: e.Secret}
	v.Form = totpForm()
	return a.pages.Render(w, http.StatusOK, "totp", v)
}

func totpForm() ui.Form {
	return ui.Form{Action: "/admin/me/totp/confirm", Submit: "Turn on", Cancel: "/admin/me", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Name: "code", Label: "Code", Required: true, Autofocus: true, Autocomplete: "one-time-code", InputMode: "numeric", Mono: true, Short: true, MaxLength: 6},
	}}}}
}

func (a *area) totpConfirm(w http.ResponseWriter, r *http.Request) error {
	codes, err := a.SignIn.ConfirmTOTP(r.Context(), visitorOf(r).staff.ID, r.PostFormValue("code"), meta(r))
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		v := formView{Page: a.page(r, "Second factor", ""), Head: ui.Head{Title: "Second factor"}, Form: ui.WithErrors(totpForm(), bad, whole)}
		return a.form(w, http.StatusUnprocessableEntity, v)
	}
	v := sheetView{Page: a.page(r, "Recovery codes", "")}
	v.Head = ui.Head{Title: "The second factor is on", Sub: "Keep these recovery codes in a safe place: each signs you in once without the app. They are shown only now.", Actions: []ui.Button{{Label: "I have kept them", Href: "/admin/me", Kind: ui.Primary}}}
	t := ui.Table{Caption: "Recovery codes", Flush: true, Columns: []ui.Column{{Label: "Recovery code"}}}
	for _, c := range codes {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Mono(c).Copyable()}})
	}
	v.Left = []card{{Table: &t}}
	return a.sheet(w, v)
}

func (a *area) totpRemove(w http.ResponseWriter, r *http.Request) error {
	if err := a.SignIn.RemoveTOTP(r.Context(), visitorOf(r).staff.ID, r.PostFormValue("current_password"), meta(r)); err != nil {
		return a.accountAgain(w, r, err)
	}
	return done(w, r, "/admin/me", "The second factor is off.")
}

// actAs opens the portal as a customer sees it. Everything done there is recorded as done by staff.
func (a *area) actAs(w http.ResponseWriter, r *http.Request) error {
	m := meta(r)
	m.Token = "" // the staff session goes on beside the customer's
	in, err := a.SignIn.ActAs(r.Context(), visitorOf(r).staff.ID, r.PathValue("id"), m)
	if err != nil {
		return err
	}
	web.SetCookie(w, r, "keystead_customer", in.Token, sessionLife)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}
