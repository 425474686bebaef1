package portal

import (
	"context"
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

func signInForm(email, next string) ui.Form {
	f := ui.Form{Action: "/account/sign-in", Submit: "Sign in", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: email, Required: true, Autocomplete: "username", Autofocus: email == "", MaxLength: 254},
		{Kind: ui.InputPassword, Name: "password", Label: "Password", Required: true, Autocomplete: "current-password", Autofocus: email != ""},
	}}}}
	if next != "" {
		f.Hidden = []ui.Hidden{{Name: "next", Value: next}}
	}
	return f
}

func (a *area) signInView(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := gateView{Page: a.page(w, r, "Sign in", ""), Heading: "Sign in", Form: &f}
	v.Lead = "Your licenses, invoices and downloads of " + v.Store.Name + "."
	v.Note = "No password yet, or forgotten? We send you a link by mail. It also brings what you ordered without signing in."
	v.Buttons = []ui.Button{{Label: "Get a link by mail", Href: linkAskPath(nextOf(r)), Icon: "mail"}}
	return a.gate(w, status, v)
}

func (a *area) signInPage(w http.ResponseWriter, r *http.Request) error {
	next := nextOf(r)
	if in, err := a.SignIn.CustomerSession(r.Context(), web.Cookie(r, sessionName)); err == nil {
		http.Redirect(w, r, a.orHome(r.Context(), in.CustomerID, next), http.StatusSeeOther)
		return nil
	}
	return a.signInView(w, r, http.StatusOK, signInForm("", next))
}

func (a *area) signIn(w http.ResponseWriter, r *http.Request) error {
	email, next := r.PostFormValue("email"), nextOf(r)
	in, err := a.SignIn.CustomerPassword(r.Context(), email, r.PostFormValue("password"), meta(r))
	if err != nil {
		_, whole, ok := explained(err)
		if !ok {
			return err
		}
		f := signInForm(ui.Clip(email, 254), next)
		f.Error = whole
		return a.signInView(w, r, web.FormStatus(w, err), f)
	}
	a.keep(w, r, in)
	http.Redirect(w, r, a.orHome(r.Context(), in.Session.CustomerID, next), http.StatusSeeOther)
	return nil
}

// nextOf is the page that somebody wanted to see before signing in; empty: none in particular.
func nextOf(r *http.Request) string { return ownPath(r.FormValue("next")) }

// orHome is next, or where the portal begins for a customer: with the licenses, or with domains where there is nothing but these.
func (a *area) orHome(ctx context.Context, customerID, next string) string {
	if next != "" {
		return next
	}
	if a.hasDomains(ctx, customerID) && !a.hasLicenses(ctx, customerID) {
		return "/account/domains"
	}
	return "/account/licenses"
}

// signOut ends the session, whoever's it is. It works without one, too: then there is nothing left to end.
func (a *area) signOut(w http.ResponseWriter, r *http.Request) error {
	token := web.Cookie(r, sessionName)
	if s, err := a.SignIn.CustomerSession(r.Context(), token); err == nil {
		if err := a.SignIn.SignOut(withActor(r, s), token); err != nil {
			return err
		}
	} else if fail.Of(err).Kind != fail.KindUnauthenticated {
		return err
	}
	forget(w, r)
	return done(w, r, "/account/sign-in", "You are signed out.")
}

// leave ends a session in which staff act for a customer, and leads back to where it began.
func (a *area) leave(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r)
	if !v.acting() {
		return a.signOut(w, r)
	}
	if err := a.SignIn.SignOut(r.Context(), v.token); err != nil {
		return err
	}
	forget(w, r)
	http.Redirect(w, r, "/admin/customers/"+url.PathEscape(v.customer.ID), http.StatusSeeOther)
	return nil
}

// linkView is the page behind a one-time link. Opening it uses nothing up: programs that look at the links in mails do that.
func (a *area) linkView(w http.ResponseWriter, r *http.Request, status int, l signin.Link, f ui.Form) error {
	if l.Purpose == signin.SignInCustomer {
		v := gateView{Page: a.page(w, r, "Sign in", ""), Heading: "Sign in", Form: &f}
		v.Lead = "As " + l.Email + ", at " + v.Store.Name + "."
		v.Note = "If you set a password, all devices that are signed in to this account are signed out."
		return a.gate(w, status, v)
	}
	v := gateView{Page: a.page(w, r, "Set your password", ""), Heading: "Set your password", Form: &f}
	v.Lead = "For " + l.Email + ", with which you sign in at " + v.Store.Name + "."
	v.Note = "All devices that are signed in to this account are signed out."
	return a.gate(w, status, v)
}

func linkForm(token, next string, l signin.Link) ui.Form {
	password := ui.Field{Kind: ui.InputPassword, Name: "password", Label: "New password", Required: true, Autofocus: true, Autocomplete: "new-password", Hint: "At least 10 characters. A sentence is a good one."}
	submit := "Set password and sign in"
	if l.Purpose == signin.SignInCustomer {
		password.Required, password.Optional, password.Autofocus = false, true, false
		password.Hint = "At least 10 characters. Left empty, everything stays as it is."
		submit = "Sign in"
	}
	f := ui.Form{Action: "/account/link/" + url.PathEscape(token), Submit: submit, Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: l.Email, ReadOnly: true, Autocomplete: "username"}, password,
	}}}}
	if next != "" {
		f.Hidden = []ui.Hidden{{Name: "next", Value: next}}
	}
	return f
}

// customerLink looks at a link that is for a customer; others are none here.
func (a *area) customerLink(r *http.Request) (signin.Link, error) {
	l, err := a.SignIn.LookAtLink(r.Context(), r.PathValue("token"))
	if err == nil && l.Purpose != signin.SetCustomerPassword && l.Purpose != signin.SignInCustomer {
		return signin.Link{}, fail.Gone(signin.CodeLinkInvalid, "This link was used before or is too old. Ask for another one.")
	}
	return l, err
}

func (a *area) linkPage(w http.ResponseWriter, r *http.Request) error {
	l, err := a.customerLink(r)
	if err != nil {
		return err
	}
	return a.linkView(w, r, http.StatusOK, l, linkForm(r.PathValue("token"), nextOf(r), l))
}

func (a *area) linkUse(w http.ResponseWriter, r *http.Request) error {
	l, err := a.customerLink(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	in, err := a.SignIn.UseLink(r.Context(), token, r.PostFormValue("password"), meta(r))
	if err != nil {
		byField, whole, ok := explained(err)
		if !ok || fail.Of(err).Kind == fail.KindGone {
			return err
		}
		return a.linkView(w, r, web.FormStatus(w, err), l, ui.WithErrors(linkForm(token, nextOf(r), l), byField, whole))
	}
	a.keep(w, r, in)
	said := "You are signed in."
	if l.Purpose == signin.SignInCustomer {
		// Whoever has the link reads the mailbox. That not all could be joined keeps nobody out: the next link tries again.
		if err := a.Orders.ClaimAll(withActor(r, in.Session), in.Session.CustomerID); err != nil {
			a.Log.ErrorContext(r.Context(), "join what was ordered without signing in", "customer", in.Session.CustomerID, "err", err)
		}
	}
	if r.PostFormValue("password") != "" {
		said = "Your password is set, and you are signed in."
	}
	return done(w, r, a.orHome(r.Context(), in.Session.CustomerID, nextOf(r)), said)
}
