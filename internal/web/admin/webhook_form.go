package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/web/ui"
	"github.com/keystead/keystead/internal/webhook"
)

// webhookForm is the form of an endpoint; id is empty for one that is not there yet.
func webhookForm(id, address, types, about string) ui.Form {
	f := ui.Form{Action: webhooksAt, Submit: "Create endpoint", Cancel: webhooksAt, Sections: []ui.FormSection{{
		Title: "Endpoint", Text: "Requests are signed after the Standard Webhooks specification and repeated for three days until they are answered with 2xx.",
		Fields: []ui.Field{
			{Name: "url", Label: "Address", Value: address, Required: true, MaxLength: 2000, Placeholder: "https://example.com/hooks"},
			{Name: "event_types", Label: "Events", Value: types, Required: true, Hint: "With commas between them, such as invoice.*, license.created; * for all"},
			{Name: "description", Label: "Description", Value: about, Optional: true, MaxLength: 255},
		},
	}}}
	if id != "" {
		f.Action, f.Cancel, f.Submit = webhooksAt+"/"+id, webhooksAt+"/"+id, "Save"
		f.Sections[0].Text = "What waits for it goes to its new address."
	}
	return f
}

func typedEventTypes(r *http.Request) []string {
	types := []string{}
	for t := range strings.SplitSeq(r.PostFormValue("event_types"), ",") {
		if t = strings.TrimSpace(t); t != "" {
			types = append(types, t)
		}
	}
	return types
}

func (a *area) webhookPage(w http.ResponseWriter, r *http.Request, status int, title string, f ui.Form) error {
	v := formView{Page: a.page(r, title, "webhooks"), Head: ui.Head{Title: title}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Webhooks", Href: webhooksAt}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) webhookNew(w http.ResponseWriter, r *http.Request) error {
	return a.webhookPage(w, r, http.StatusOK, "New endpoint", webhookForm("", "", "*", ""))
}

func (a *area) webhookCreate(w http.ResponseWriter, r *http.Request) error {
	in := webhook.Input{URL: r.PostFormValue("url"), Description: r.PostFormValue("description"), EventTypes: typedEventTypes(r)}
	e, secret, err := a.Webhooks.Create(r.Context(), in)
	if err != nil {
		return a.webhookAgain(w, r, "New endpoint", "", err)
	}
	return a.webhookSecret(w, r, e, secret, "The endpoint is there")
}

// webhookAgain shows the form as it was filled in, with what is wrong.
func (a *area) webhookAgain(w http.ResponseWriter, r *http.Request, title, id string, err error) error {
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	f := webhookForm(id, r.PostFormValue("url"), r.PostFormValue("event_types"), r.PostFormValue("description"))
	return a.webhookPage(w, r, http.StatusUnprocessableEntity, title, ui.WithErrors(f, bad, whole))
}

func (a *area) webhookEdit(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Webhooks.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.webhookPage(w, r, http.StatusOK, "Edit endpoint", webhookForm(e.ID, e.URL, strings.Join(e.EventTypes, ", "), e.Description))
}

func (a *area) webhookUpdate(w http.ResponseWriter, r *http.Request) error {
	id, address, about := r.PathValue("id"), r.PostFormValue("url"), r.PostFormValue("description")
	if _, err := a.Webhooks.Update(r.Context(), id, webhook.Patch{URL: &address, Description: &about, EventTypes: typedEventTypes(r)}); err != nil {
		return a.webhookAgain(w, r, "Edit endpoint", id, err)
	}
	return done(w, r, webhooksAt+"/"+id, "Saved.")
}

// webhookSecret shows a secret, this once.
func (a *area) webhookSecret(w http.ResponseWriter, r *http.Request, e webhook.Endpoint, secret, title string) error {
	v := sheetView{Page: a.page(r, title, "webhooks")}
	v.Crumbs = []ui.Crumb{{Label: "Webhooks", Href: webhooksAt}, {Label: ui.Clip(e.URL, 60), Href: webhooksAt + "/" + e.ID}, {Label: "Secret"}}
	v.Head = ui.Head{Title: title, Sub: "Keep its secret: it is shown only now. The receiver checks signatures with it.", Actions: []ui.Button{{Label: "I have kept it", Href: webhooksAt + "/" + e.ID, Kind: ui.Primary}}}
	v.Left = []card{{Head: ui.CardHead{Title: ui.Clip(e.URL, 200)}, Key: &ui.Key{Value: secret}}}
	return a.sheet(w, v)
}
