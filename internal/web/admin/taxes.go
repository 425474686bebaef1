package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/web/ui"
)

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
	add := ui.Button{Label: "New rate", Href: "/admin/taxes/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Tax rates", Columns: []ui.Column{{Label: "Where"}, {Label: "Name"}, {Label: "Rate", End: true}, {Label: "From"}, {Label: "Delete", Hidden: true}},
		Empty: &ui.Empty{Art: "list", Title: "No rates", Text: "A rate says what is charged to buyers in a country, from a day on."},
	}
	if mayWrite {
		v.Head.Actions = []ui.Button{add}
		v.Table.Empty.Action = &add
	}
	for _, x := range rates {
		where, act := x.Country, ui.Cell{}
		if x.State != "" {
			where += " " + x.State
		}
		if mayWrite {
			act = ui.Act(ui.Button{Label: "Delete", Href: "/admin/taxes/" + x.ID + "/delete", Post: true, Icon: "trash"})
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(where).With(x.Class), ui.Text(x.Name), ui.Text(x.Rate.String() + " %"), ui.Text(x.ValidFrom.String()), act}})
	}
	return a.list(w, v)
}

func taxForm(f func(string) string) ui.Form {
	return ui.Form{Action: "/admin/taxes", Submit: "Save rate", Cancel: "/admin/taxes", Sections: []ui.FormSection{{
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
}

func (a *area) taxNew(w http.ResponseWriter, r *http.Request) error {
	return a.form(w, http.StatusOK, formView{Page: a.page(r, "New rate", "taxes"), Head: ui.Head{Title: "New rate"}, Form: taxForm(func(string) string { return "" })})
}

func (a *area) taxCreate(w http.ResponseWriter, r *http.Request) error {
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
		_, err := a.Billing.CreateTaxRate(r.Context(), in)
		if err == nil {
			return done(w, r, "/admin/taxes", "The rate was saved.")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.form(w, http.StatusUnprocessableEntity, formView{Page: a.page(r, "New rate", "taxes"), Head: ui.Head{Title: "New rate"}, Form: ui.WithErrors(taxForm(f), bad, whole)})
}

func (a *area) taxDelete(w http.ResponseWriter, r *http.Request) error {
	if err := a.Billing.DeleteTaxRate(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/admin/taxes", "The rate was deleted.")
}
