package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/web/ui"
)

const taxesAt = "/admin/taxes"

func (a *area) taxList(w http.ResponseWriter, r *http.Request) error {
	rates, err := a.Billing.TaxRates(r.Context())
	if err != nil {
		return err
	}
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SettingsWrite)
	v := listView{Page: a.page(r, "Taxes", "taxes"), Head: ui.Head{Title: "Taxes", Sub: "Rates by country and state, each from a day on."}}
	if s.TaxMode == "off" {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Info, Title: "Tax is off", Text: "Nothing is added to prices until tax is switched on in the settings."})
	}
	add := ui.Button{Label: "New rate", Href: taxesAt + "/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Tax rates", Columns: []ui.Column{{Label: "Where"}, {Label: "Name"}, {Label: "Rate", End: true}, {Label: "From"}, {Label: "Delete", Hidden: true}},
		Empty: &ui.Empty{Art: "list", Title: "No rates", Text: "A rate says what is charged to buyers in a country, from a day on."},
	}
	if mayWrite {
		v.Head.Actions = []ui.Button{add}
		v.Table.Empty.Action = &add
	}
	for _, x := range rates {
		where, act := ui.Text(taxPlace(x)).With(x.Class), ui.Cell{}
		if mayWrite {
			where = where.To(taxesAt + "/" + x.ID + "/edit")
			act = ui.Act(ui.Button{Label: "Delete", Kind: ui.Quiet, Href: taxesAt + "/" + x.ID + "/delete", Confirm: taxQuestion(x)})
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{where, ui.Text(x.Name), ui.Text(x.Rate.String() + " %"), ui.Text(x.ValidFrom.String()), act}})
	}
	return a.list(w, v)
}

func taxPlace(x billing.TaxRate) string {
	if x.State == "" {
		return x.Country
	}
	return x.Country + " " + x.State
}

// taxForm is the form of a rate; id is empty for one that is not there yet.
func taxForm(id string, f func(string) string) ui.Form {
	form := ui.Form{Action: taxesAt, Submit: "Save rate", Cancel: taxesAt, Sections: []ui.FormSection{{
		Title: "Rate", Text: "Invoices that are issued from its day on are taxed by it. Those that were issued stay as they are.",
		Fields: []ui.Field{
			{Name: "country", Label: "Country", Value: f("country"), Required: true, MaxLength: 2, Short: true, Hint: "Two letters, such as DE"},
			{Name: "state", Label: "State", Value: f("state"), Optional: true, Short: true},
			{Name: "class", Label: "Tax class", Value: f("class"), Optional: true, Short: true, Hint: "As prices name it. Empty: every class without a rate of its own"},
			{Name: "name", Label: "Name", Value: f("name"), Required: true, Short: true, Hint: "As documents call it: VAT"},
			{Name: "rate", Label: "Percent", Value: f("rate"), Required: true, Short: true, InputMode: "decimal"},
			{Kind: ui.InputDate, Name: "valid_from", Label: "From", Value: f("valid_from"), Required: true, Short: true},
		},
	}}}
	if id != "" {
		form.Action += "/" + id
	}
	return form
}

func (a *area) taxPage(w http.ResponseWriter, r *http.Request, status int, title string, f ui.Form) error {
	v := formView{Page: a.page(r, title, "taxes"), Head: ui.Head{Title: title}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Taxes", Href: taxesAt}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) taxNew(w http.ResponseWriter, r *http.Request) error {
	return a.taxPage(w, r, http.StatusOK, "New rate", taxForm("", func(string) string { return "" }))
}

func (a *area) taxCreate(w http.ResponseWriter, r *http.Request) error {
	return a.taxSave(w, r, "New rate", func(in billing.TaxRateInput) error {
		_, err := a.Billing.CreateTaxRate(r.Context(), in)
		return err
	})
}

// taxRate is the rate that an address names.
func (a *area) taxRate(r *http.Request) (billing.TaxRate, error) {
	rates, err := a.Billing.TaxRates(r.Context())
	if err != nil {
		return billing.TaxRate{}, err
	}
	for _, x := range rates {
		if x.ID == r.PathValue("id") {
			return x, nil
		}
	}
	return billing.TaxRate{}, errNoPage
}

func (a *area) taxEdit(w http.ResponseWriter, r *http.Request) error {
	x, err := a.taxRate(r)
	if err != nil {
		return err
	}
	have := map[string]string{"country": x.Country, "state": x.State, "class": x.Class, "name": x.Name, "rate": x.Rate.String(), "valid_from": x.ValidFrom.String()}
	return a.taxPage(w, r, http.StatusOK, "Edit rate", taxForm(x.ID, func(name string) string { return have[name] }))
}

func (a *area) taxUpdate(w http.ResponseWriter, r *http.Request) error {
	return a.taxSave(w, r, "Edit rate", func(in billing.TaxRateInput) error {
		_, err := a.Billing.UpdateTaxRate(r.Context(), r.PathValue("id"), in)
		return err
	})
}

// taxSave saves what was typed, or shows it again with what is wrong.
func (a *area) taxSave(w http.ResponseWriter, r *http.Request, title string, save func(billing.TaxRateInput) error) error {
	f := r.PostFormValue
	bad, whole := map[string]string{}, ""
	in := billing.TaxRateInput{Country: f("country"), State: f("state"), Class: f("class"), Name: f("name")}
	var err error
	if in.Rate, err = tax.ParsePercent(f("rate")); err != nil {
		bad["rate"] = "is not a percentage such as 19"
	}
	if in.ValidFrom, err = civil.Parse(f("valid_from")); err != nil {
		bad["valid_from"] = "is not a date"
	}
	if len(bad) == 0 {
		err := save(in)
		if err == nil {
			return done(w, r, taxesAt, "The rate was saved.")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.taxPage(w, r, http.StatusUnprocessableEntity, title, ui.WithErrors(taxForm(r.PathValue("id"), f), bad, whole))
}

func taxQuestion(x billing.TaxRate) *ui.Confirm {
	return &ui.Confirm{
		ID: "delete-" + x.ID, Title: "Delete " + x.Name + " of " + x.Rate.String() + " % in " + taxPlace(x) + "?",
		Effects: []string{"Invoices that are issued from now on are taxed by the rate that was in force before it, or not at all.", "Those that were issued stay as they are."},
		Action:  taxesAt + "/" + x.ID + "/delete", Label: "Delete", Cancel: taxesAt,
	}
}

func (a *area) taxDeleteQuestion(r *http.Request) (*ui.Confirm, error) {
	x, err := a.taxRate(r)
	return taxQuestion(x), err
}

func (a *area) taxDelete(r *http.Request) (to, text string, err error) {
	return taxesAt, "The rate was deleted.", a.Billing.DeleteTaxRate(r.Context(), r.PathValue("id"))
}
