package portal

import (
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

const linkAskAt = "/account/sign-in/link"

// linkAskPath is where a link by mail is asked for; next is where it shall lead.
func linkAskPath(next string) string {
	if next == "" {
		return linkAskAt
	}
	return linkAskAt + "?" + url.Values{"next": {next}}.Encode()
}

func linkAskForm(email, next string) ui.Form {
	f := ui.Form{Action: linkAskAt, Submit: "Send me a link", Cancel: "/account/sign-in", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: email, Required: true, Autocomplete: "username", Autofocus: true, MaxLength: 254, Hint: "The one that you ordered with"},
	}}}}
	if next != "" {
		f.Hidden = []ui.Hidden{{Name: "next", Value: next}}
	}
	return f
}

func (a *area) linkAskView(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := gateView{Page: a.page(w, r, "A link by mail", ""), Heading: "A link by mail", Form: &f}
	v.Lead = "It signs you in without a password, and lets you set one."
	if out, err := a.Mail.Outbox(r.Context()); err != nil {
		return err
	} else if out.Missing != "" {
		v.Form, v.Lead = nil, "This store can't send mails at the moment. Write to us: we give you a link."
		v.Buttons = []ui.Button{{Label: "To sign-in", Href: "/account/sign-in"}}
	}
	return a.gate(w, status, v)
}

func (a *area) linkAskPage(w http.ResponseWriter, r *http.Request) error {
	return a.linkAskView(w, r, http.StatusOK, linkAskForm("", nextOf(r)))
}

// linkAsk answers the same for every address, whether somebody is a customer with it or not.
func (a *area) linkAsk(w http.ResponseWriter, r *http.Request) error {
	email, next := r.PostFormValue("email"), nextOf(r)
	if err := a.SignIn.AskForLink(r.Context(), email, next, meta(r)); err != nil {
		byField, whole, ok := explained(err)
		if !ok {
			return err
		}
		return a.linkAskView(w, r, web.FormStatus(w, err), ui.WithErrors(linkAskForm(ui.Clip(email, 254), next), byField, whole))
	}
	http.Redirect(w, r, linkAskAt+"/sent", http.StatusSeeOther)
	return nil
}

func (a *area) linkSent(w http.ResponseWriter, r *http.Request) error {
	v := gateView{Page: a.page(w, r, "Look into your mailbox", ""), Heading: "Look into your mailbox"}
	v.Lead = "If anything was ordered with this address, a link is on its way to it. It works once, for an hour."
	v.Note = "Nothing there after some minutes? Look into the spam folder, or try the other addresses that you may have ordered with."
	v.Buttons = []ui.Button{{Label: "To sign-in", Href: "/account/sign-in"}}
	return a.gate(w, http.StatusOK, v)
}
