package admin

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedRegistrar reads the form of a registrar.
func (a *area) registrarTyped(r *http.Request) account.Input {
	f := func(name string) string { return strings.TrimSpace(unixLines(r.PostFormValue(name))) }
	in := account.Input{
		Name: f("name"), Adapter: f("adapter"), Secret: r.PostFormValue("secret"), ClientKey: f("client_key"), SyncMode: account.SyncMode(f("sync_mode")),
		Archived: f("archived") != "", Settings: map[string]string{},
	}
	for _, field := range a.adapterNamed(in.Adapter).Fields {
		if value := f("settings." + field.Name); value != "" {
			in.Settings[field.Name] = value
		}
	}
	return in
}

func (a *area) adapterNamed(name string) account.Adapter {
	for _, x := range a.Registrars.Adapters() {
		if x.Name == name {
			return x
		}
	}
	return account.Adapter{Name: name, Label: name}
}

// registrarForm asks for what an adapter needs. was is the registrar as it is stored; without an id it is a new one.
func (a *area) registrarForm(in account.Input, was account.Account) ui.Form {
	adapter := a.adapterNamed(in.Adapter)
	to, back := registrarsAt, registrarsAt
	if was.ID != "" {
		to = registrarsAt + "/" + was.ID
		back = to
	}
	about := []ui.Field{
		{Name: "name", Label: "Name", Value: in.Name, Required: true, MaxLength: 64},
		{Kind: ui.InputSelect, Name: "sync_mode", Label: "Sync", Value: cmp.Or(string(in.SyncMode), string(account.SyncOn)), Options: []ui.Option{
			{Value: "on", Label: "On"}, {Value: "notify", Label: "Reports only, writes nothing"}, {Value: "off", Label: "Off"},
		}, Hint: "Reads domains in rolling batches and adopts what has changed"},
	}
	if was.ID != "" {
		about = append(about, ui.Field{Kind: ui.InputSwitch, Name: "archived", Label: "Archived", Checked: in.Archived, Hint: "Nothing is read or sent through it any more"})
	}
	sections := []ui.FormSection{{Title: "About", Fields: about}}
	if len(adapter.Fields) > 0 {
		s := ui.FormSection{Title: adapter.Label}
		for _, field := range adapter.Fields {
			f := ui.Field{Name: "settings." + field.Name, Label: field.Label, Value: in.Settings[field.Name], Hint: field.Help, Required: field.Required, Optional: !field.Required, Autocomplete: "off"}
			if field.Lines {
				f.Kind, f.Rows, f.Mono = ui.InputTextarea, 5, true
			}
			s.Fields = append(s.Fields, f)
		}
		sections = append(sections, s)
	}
	secrets := ui.FormSection{Title: "Secrets", Text: "They are kept encrypted and never shown again."}
	if adapter.Password {
		f := ui.Field{Kind: ui.InputPassword, Name: "secret", Label: "Password", Autocomplete: "new-password", Required: !was.HasSecret}
		if was.HasSecret {
			f.Hint = "Empty: it keeps the one that it has"
		}
		secrets.Fields = append(secrets.Fields, f)
	}
	if adapter.ClientKey {
		secrets.Fields = append(secrets.Fields, ui.Field{Kind: ui.InputTextarea, Name: "client_key", Label: "Private key of the client certificate", Optional: true, Mono: true, Rows: 4, Hint: "In PEM" + yesNo(was.ID != "", ". Empty: it keeps the one that it has", "")})
	}
	if len(secrets.Fields) > 0 {
		sections = append(sections, secrets)
	}
	f := ui.Form{Action: to, Submit: "Save registrar", Cancel: back, Sections: sections, Hidden: []ui.Hidden{{Name: "adapter", Value: in.Adapter}}}
	if was.ID != "" {
		f = editing(f, was.Version)
	}
	return f
}

func (a *area) registrarNew(w http.ResponseWriter, r *http.Request) error {
	adapters := a.Registrars.Adapters()
	in := account.Input{Adapter: r.URL.Query().Get("adapter")}
	if a.adapterNamed(in.Adapter).Fields == nil && len(adapters) > 0 && !named(adapters, in.Adapter) {
		in.Adapter = adapters[0].Name
	}
	return a.registrarNewPage(w, r, http.StatusOK, in, a.registrarForm(in, account.Account{}))
}

func named(adapters []account.Adapter, name string) bool {
	for _, x := range adapters {
		if x.Name == name {
			return true
		}
	}
	return false
}

func (a *area) registrarNewPage(w http.ResponseWriter, r *http.Request, status int, in account.Input, f ui.Form) error {
	v := formView{Page: a.page(r, "New registrar", "registrars"), Head: ui.Head{Title: "New registrar", Sub: "Choose first how it is reached: each way asks for something else."}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: "New"}}
	v.Tabs.Label = "How it is reached"
	for _, x := range a.Registrars.Adapters() {
		v.Tabs.Items = append(v.Tabs.Items, ui.Tab{Label: x.Label, Href: registrarsAt + "/new?adapter=" + x.Name, Current: x.Name == in.Adapter})
	}
	return a.form(w, status, v)
}

func (a *area) registrarCreate(w http.ResponseWriter, r *http.Request) error {
	in := a.registrarTyped(r)
	x, err := a.Registrars.Create(r.Context(), in)
	if err == nil {
		return done(w, r, registrarsAt+"/"+x.ID, x.Name+" was added. Test the connection before you rely on it.")
	}
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	return a.registrarNewPage(w, r, http.StatusUnprocessableEntity, in, ui.WithErrors(a.registrarForm(in, account.Account{}), bad, whole))
}

// inputOf is a registrar as its form has it.
func inputOf(x account.Account) account.Input {
	return account.Input{Name: x.Name, Adapter: x.Adapter, Settings: x.Settings, SyncMode: x.SyncMode, Archived: x.Archived}
}

func (a *area) registrarEdit(w http.ResponseWriter, r *http.Request) error {
	x, err := a.Registrars.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.registrarEditPage(w, r, http.StatusOK, x, a.registrarForm(inputOf(x), x))
}

func (a *area) registrarEditPage(w http.ResponseWriter, r *http.Request, status int, x account.Account, f ui.Form) error {
	v := formView{Page: a.page(r, "Edit "+x.Name, "registrars"), Head: ui.Head{Title: "Edit " + x.Name, Sub: a.adapterLabel(x.Adapter)}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: x.Name, Href: registrarsAt + "/" + x.ID}, {Label: "Edit"}}
	return a.form(w, status, v)
}

func (a *area) registrarUpdate(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := a.Registrars.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	in := a.registrarTyped(r)
	in.Adapter = x.Adapter
	_, err = a.Registrars.Change(ctx, x.ID, cmp.Or(version, x.Version), in)
	if err == nil {
		return done(w, r, registrarsAt+"/"+x.ID, in.Name+" was saved.")
	}
	if changedMeanwhile(err) {
		return a.registrarEditPage(w, r, http.StatusConflict, x, besideNow(a.registrarForm(in, x), a.registrarForm(inputOf(x), x)))
	}
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	x.Version = cmp.Or(version, x.Version)
	return a.registrarEditPage(w, r, http.StatusUnprocessableEntity, x, ui.WithErrors(a.registrarForm(in, x), bad, whole))
}
