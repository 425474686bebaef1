package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// roleWords describe the roles.
var roleWords = map[staff.Role]struct{ label, hint string }{
	staff.Owner: {"Owner", "Everything"}, staff.Billing: {"Billing", "What is sold, to whom and for how much"}, staff.Support: {"Support", "Licenses and the people who hold them"}, staff.ReadOnly: {"Read only", "Looks, changes nothing"},
}

func roleOptions() []ui.Option {
	var out []ui.Option
	for _, role := range staff.Roles() {
		out = append(out, ui.Option{Value: string(role), Label: roleWords[role].label, Hint: roleWords[role].hint})
	}
	return out
}

func (a *area) peopleList(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Staff.List(r.Context())
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "People and roles", "people")}
	v.Head = ui.Head{Title: "People and roles", Actions: []ui.Button{{Label: "Invite", Href: "/admin/people/new", Kind: ui.Primary, Icon: "plus"}}}
	v.Table = ui.Table{Caption: "People", Columns: []ui.Column{{Label: "Person"}, {Label: "Role"}, {Label: "State"}, {Label: "Second factor"}, {Label: "Since", Narrow: true}}}
	for _, m := range all {
		state := "active"
		switch {
		case m.DisabledAt != nil:
			state = "disabled"
		case !m.HasPassword:
			state = "invited"
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Person(m.Name, m.Email).To("/admin/people/" + m.ID), ui.Text(roleWords[m.Role].label), ui.Status(state), ui.Text(yesNo(m.HasTOTP, "On", "Off")), ui.HTML(v.Day(m.CreatedAt)),
		}})
	}
	return a.list(w, v)
}

func inviteForm(in staff.Input) ui.Form {
	return ui.Form{Action: "/admin/people", Submit: "Invite", Cancel: "/admin/people", Sections: []ui.FormSection{{Title: "Person", Text: "You get a link for them to set a password.", Fields: []ui.Field{
		{Name: "name", Label: "Name", Value: in.Name, Required: true, MaxLength: 255},
		{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: in.Email, Required: true, Autocomplete: "off"},
		{Kind: ui.InputRadio, Name: "role", Label: "Role", Value: string(in.Role), Options: roleOptions()},
	}}}}
}

func (a *area) invitePage(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := formView{Page: a.page(r, "Invite", "people"), Head: ui.Head{Title: "Invite"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "People and roles", Href: "/admin/people"}, {Label: "Invite"}}
	return a.form(w, status, v)
}

func (a *area) peopleNew(w http.ResponseWriter, r *http.Request) error {
	return a.invitePage(w, r, http.StatusOK, inviteForm(staff.Input{Role: staff.Support}))
}

func (a *area) peopleCreate(w http.ResponseWriter, r *http.Request) error {
	in := staff.Input{Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Role: staff.Role(r.PostFormValue("role"))}
	m, err := a.Staff.Create(r.Context(), in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.invitePage(w, r, http.StatusUnprocessableEntity, ui.WithErrors(inviteForm(in), bad, whole))
	}
	return a.staffLink(w, r, m)
}

// staffLink makes a one-time link by which a colleague sets a password, and shows it once.
func (a *area) staffLink(w http.ResponseWriter, r *http.Request, m staff.Staff) error {
	secret, err := a.SignIn.StaffLink(r.Context(), m.ID)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Link for "+m.Name, "people")}
	v.Crumbs = []ui.Crumb{{Label: "People and roles", Href: "/admin/people"}, {Label: m.Name, Href: "/admin/people/" + m.ID}, {Label: "Link"}}
	v.Head = ui.Head{Title: "Link for " + m.Name, Sub: "Whoever opens it sets the password of " + m.Email + ". It works once, and is shown only now."}
	v.Left = []card{{Key: &ui.Key{Label: "Link", Value: a.absolute(r, "/admin/link/"+secret)}}}
	return a.sheet(w, v)
}

func (a *area) peopleLink(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Staff.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.staffLink(w, r, m)
}

func (a *area) peopleShow(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Staff.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.peoplePage(w, r, http.StatusOK, m, m.Name, m.Role, nil, "")
}

func (a *area) peoplePage(w http.ResponseWriter, r *http.Request, status int, m staff.Staff, name string, role staff.Role, bad map[string]string, whole string) error {
	base := "/admin/people/" + m.ID
	v := formView{Page: a.page(r, m.Name, "people"), Head: ui.Head{Title: m.Name, Sub: m.Email}}
	v.Crumbs = []ui.Crumb{{Label: "People and roles", Href: "/admin/people"}, {Label: m.Name}}
	if m.DisabledAt != nil {
		v.Head.Badges = []ui.Badge{ui.StatusBadge("disabled")}
		v.Head.Actions = []ui.Button{{Label: "Let in again", Href: base + "/enable", Post: true}}
	} else {
		v.Head.Actions = []ui.Button{{Label: "Password link", Href: base + "/link", Post: true, Icon: "link"}, {Label: "Disable", Href: base + "/disable", Kind: ui.Dangerous, Confirm: disableQuestion(m)}}
	}
	v.Form = ui.WithErrors(ui.Form{Action: base, Submit: "Save", Cancel: "/admin/people", Sections: []ui.FormSection{{Title: "Person", Fields: []ui.Field{
		{Name: "name", Label: "Name", Value: name, Required: true, MaxLength: 255},
		{Kind: ui.InputRadio, Name: "role", Label: "Role", Value: string(role), Options: roleOptions()},
	}}}}, bad, whole)
	return a.form(w, status, v)
}

func (a *area) peopleUpdate(w http.ResponseWriter, r *http.Request) error {
	name, role := r.PostFormValue("name"), staff.Role(r.PostFormValue("role"))
	m, err := a.Staff.Update(r.Context(), r.PathValue("id"), staff.Patch{Name: &name, Role: &role})
	if err == nil {
		return done(w, r, "/admin/people", m.Name+" was saved.")
	}
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	if m, err = a.Staff.ByID(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return a.peoplePage(w, r, http.StatusUnprocessableEntity, m, name, role, bad, whole)
}

func disableQuestion(m staff.Staff) *ui.Confirm {
	return &ui.Confirm{
		ID: "disable", Title: "Disable " + m.Name + "?", Effects: []string{"All their sessions end at once.", "What they did stays in the history.", "An owner can let them in again."},
		Action: "/admin/people/" + m.ID + "/disable", Label: "Disable", Cancel: "/admin/people/" + m.ID,
	}
}

func (a *area) peopleDisableAsk(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Staff.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.confirm(w, a.page(r, "Disable", "people"), *disableQuestion(m))
}

func (a *area) peopleDisable(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Staff.Disable(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/people/"+m.ID, m.Name+" is disabled.")
}

func (a *area) peopleEnable(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Staff.Enable(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/people/"+m.ID, m.Name+" may sign in again.")
}
