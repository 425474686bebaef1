package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

func customerForm(action, submit, cancel string, in customer.Input) ui.Form {
	return ui.Form{Action: action, Submit: submit, Cancel: cancel, Sections: []ui.FormSection{
		{Title: "Who", Text: "The e-mail address is how the customer signs in. It is unique in the store.", Fields: []ui.Field{
			{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: in.Email, Required: true, Autocomplete: "off"},
			{Name: "name", Label: "Name", Value: in.Name, Required: true, MaxLength: 255},
			{Name: "company", Label: "Company", Value: in.Company, Optional: true, MaxLength: 255},
		}},
		{Title: "Billing", Text: "What stands on invoices from now on. Issued invoices keep what they say.", Fields: []ui.Field{
			{Kind: ui.InputTextarea, Name: "address", Label: "Address", Value: in.Address, Optional: true, Rows: 3, MaxLength: 1000, Hint: "Street and place, without the country"},
			{Kind: ui.InputSelect, Name: "country", Label: "Country", Value: in.Country, Options: ui.CountryOptions("Not known", in.Country)},
			{Name: "state", Label: "State", Value: in.State, Optional: true, Short: true, MaxLength: 64, Hint: "Where taxes differ by it, such as NY"},
			{Name: "tax_id", Label: "Tax id", Value: in.TaxID, Optional: true, MaxLength: 64},
			{Kind: ui.InputSelect, Name: "language", Label: "Language", Value: in.Language, Hint: "Of mails and invoices", Options: languageOptions()},
			{Name: "currency", Label: "Currency", Value: string(in.Currency), Optional: true, Short: true, MaxLength: 3, Hint: "Left out: the store's"},
			{Name: "time_zone", Label: "Time zone", Value: in.TimeZone, Optional: true, Hint: "Such as Europe/Berlin. Left out: the store's"},
			{Name: "group", Label: "Client group", Value: in.Group, Optional: true, MaxLength: 64, Hint: "Whose prices of domains count for the customer"},
		}},
	}}
}

func languageOptions() []ui.Option {
	options := []ui.Option{{Value: "", Label: "The store's"}}
	for _, code := range customer.Languages {
		options = append(options, ui.Option{Value: code, Label: languageNames[code]})
	}
	return options
}

var languageNames = map[string]string{"en": "English", "de": "German"}

func customerInput(r *http.Request) customer.Input {
	return customer.Input{
		Email: r.PostFormValue("email"), Name: r.PostFormValue("name"), Company: r.PostFormValue("company"), Country: r.PostFormValue("country"),
		State: r.PostFormValue("state"), Address: r.PostFormValue("address"), TaxID: r.PostFormValue("tax_id"), Language: r.PostFormValue("language"),
		Currency: money.Currency(r.PostFormValue("currency")), TimeZone: r.PostFormValue("time_zone"),
		Group: r.PostFormValue("group"),
	}
}

func (a *area) customerNew(w http.ResponseWriter, r *http.Request) error {
	return a.customerNewForm(w, r, http.StatusOK, customerForm("/admin/customers", "Create customer", "/admin/customers", customer.Input{}))
}

func (a *area) customerNewForm(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := formView{Page: a.page(r, "New customer", "customers"), Head: ui.Head{Title: "New customer"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Customers", Href: "/admin/customers"}, {Label: "New"}}
	return a.form(w, status, v)
}

func (a *area) customerCreate(w http.ResponseWriter, r *http.Request) error {
	in := customerInput(r)
	c, err := a.Customers.Create(r.Context(), in)
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		f := customerForm("/admin/customers", "Create customer", "/admin/customers", in)
		return a.customerNewForm(w, r, http.StatusUnprocessableEntity, ui.WithErrors(f, byField, whole))
	}
	return done(w, r, "/admin/customers/"+c.ID, c.Name+" was created.")
}

func (a *area) customerEdit(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Customers.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.customerEditForm(w, r, http.StatusOK, c.ID, customerEditing(c))
}

// customerEditing is the form that edits c.
func customerEditing(c customer.Customer) ui.Form {
	in := customer.Input{
		Email: c.Email, Name: c.Name, Company: c.Company, Country: c.Country, State: c.State, Address: c.Address, TaxID: c.TaxID, Language: c.Language,
		Currency: c.Currency, TimeZone: c.TimeZone, Group: c.Group,
	}
	to := "/admin/customers/" + c.ID
	return editing(customerForm(to, "Save", to, in), c.Version)
}

func (a *area) customerEditForm(w http.ResponseWriter, r *http.Request, status int, id string, f ui.Form) error {
	v := formView{Page: a.page(r, "Edit customer", "customers"), Head: ui.Head{Title: "Edit customer"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Customers", Href: "/admin/customers"}, {Label: "Customer", Href: "/admin/customers/" + id}, {Label: "Edit"}}
	return a.form(w, status, v)
}

func (a *area) customerUpdate(w http.ResponseWriter, r *http.Request) error {
	id, in := r.PathValue("id"), customerInput(r)
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	typed := func(version int64) ui.Form {
		return editing(customerForm("/admin/customers/"+id, "Save", "/admin/customers/"+id, in), version)
	}
	change := customer.Patch{
		Email: &in.Email, Name: &in.Name, Company: &in.Company, Country: &in.Country, State: &in.State, Address: &in.Address, TaxID: &in.TaxID,
		Language: &in.Language, TimeZone: &in.TimeZone, Group: &in.Group, Version: version,
	}
	if in.Currency != "" {
		change.Currency = &in.Currency
	}
	if _, err := a.Customers.Update(r.Context(), id, change); err != nil {
		if changedMeanwhile(err) {
			now, err := a.Customers.ByID(r.Context(), id)
			if err != nil {
				return err
			}
			return a.customerEditForm(w, r, http.StatusConflict, id, besideNow(typed(now.Version), customerEditing(now)))
		}
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.customerEditForm(w, r, http.StatusUnprocessableEntity, id, ui.WithErrors(typed(version), byField, whole))
	}
	return done(w, r, "/admin/customers/"+id, "The customer was changed.")
}
