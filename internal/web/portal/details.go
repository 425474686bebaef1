package portal

import (
	"net/http"
	"strconv"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) detailsPage(w http.ResponseWriter, r *http.Request) error {
	c := visitorOf(r).customer
	return a.detailsView(w, r, http.StatusOK, detailsForm(c))
}

func detailsForm(c customer.Customer) ui.Form {
	return ui.Form{
		Action: "/account/details", Submit: "Save", Stacked: true, Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(c.Version, 10)}},
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Name: "name", Label: "Name", Value: c.Name, Required: true, MaxLength: 255, Autocomplete: "name"},
			{Name: "company", Label: "Company", Value: c.Company, Optional: true, MaxLength: 255, Autocomplete: "organization"},
			{Kind: ui.InputTextarea, Name: "address", Label: "Address", Value: c.Address, Optional: true, MaxLength: 1000, Rows: 3, Autocomplete: "street-address", Hint: "Street, postal code and place, as on your invoices."},
			{Name: "state", Label: "State or province", Value: c.State, Optional: true, MaxLength: 64, Autocomplete: "address-level1"},
			{Kind: ui.InputSelect, Name: "country", Label: "Country", Value: c.Country, Options: ui.CountryOptions("Not said", c.Country), Autocomplete: "country"},
			{Name: "tax_id", Label: "Tax id", Value: c.TaxID, Optional: true, MaxLength: 64, Hint: "Your VAT number, if your company has one."},
			{Kind: ui.InputSelect, Name: "language", Label: "Language", Value: c.Language, Options: languageOptions(), Hint: "Of mails and invoices."},
			{Name: "time_zone", Label: "Time zone", Value: c.TimeZone, Optional: true, MaxLength: 64, Placeholder: "Europe/Berlin", Hint: "In which times are shown to you. Left out: ours."},
		}}},
	}
}

var languageNames = map[string]string{"en": "English", "de": "Deutsch"}

func languageOptions() []ui.Option {
	options := []ui.Option{{Label: "That of the store"}}
	for _, l := range customer.Languages {
		options = append(options, ui.Option{Value: l, Label: languageNames[l]})
	}
	return options
}

func (a *area) detailsView(w http.ResponseWriter, r *http.Request, status int, f ui.Form) error {
	v := sheetView{Page: a.page(w, r, "Details", "details"), Head: ui.Head{Title: "Your details", Sub: "What stands on your invoices from now on. Issued invoices keep what they say."}}
	v.Left = []card{{Head: ui.CardHead{Title: "Who you are"}, Form: &f}}
	v.Right = []card{signInCard(v.Page, visitorOf(r))}
	if !visitorOf(r).acting() {
		v.Right = append(v.Right, dataCard())
	}
	return a.sheet(w, status, v)
}

// signInCard is about how the customer gets in. Staff who act for them see it without its buttons.
func signInCard(p ui.Page, me *visitor) card {
	c := card{
		Head: ui.CardHead{Title: "Sign-in"},
		Details: &ui.Details{Items: []ui.Detail{
			{Label: "E-mail", Value: ui.Text(me.customer.Email), Hint: "You sign in with it. To change it, write to us."},
			{Label: "Signed in", Value: ui.HTML(p.At(me.session.CreatedAt))},
		}},
	}
	if !me.acting() {
		c.Buttons = []ui.Button{
			{Label: "Change password", Icon: "lock", Href: "/account/password"},
			{Label: "Sign out everywhere", Icon: "sign-out", Href: "/account/sign-out-everywhere", Confirm: everywhereQuestion()},
		}
	}
	return c
}

// dataCard leads to what the store keeps about the customer.
func dataCard() card {
	return card{
		Head:    ui.CardHead{Title: "Your data", Text: "All that we keep about you, as one file for programs (JSON)."},
		Buttons: []ui.Button{{Label: "Download", Icon: "download", Href: "/account/details/data"}},
	}
}

func (a *area) detailsSave(w http.ResponseWriter, r *http.Request) error {
	me, f := visitorOf(r).customer, r.PostFormValue
	next := me
	next.Name, next.Company, next.Country, next.TaxID, next.TimeZone = f("name"), f("company"), f("country"), f("tax_id"), f("time_zone")
	next.Address, next.State, next.Language = f("address"), f("state"), f("language")
	version, err := strconv.ParseInt(f("version"), 10, 64)
	if err != nil || version < 1 {
		return fail.Malformed("VERSION", "The form is not complete.")
	}
	next.Version = version
	change := customer.Patch{
		Name: &next.Name, Company: &next.Company, Country: &next.Country, State: &next.State, Address: &next.Address, TaxID: &next.TaxID,
		Language: &next.Language, TimeZone: &next.TimeZone, Version: version,
	}
	if _, err := a.Customers.Update(r.Context(), me.ID, change); err != nil {
		byField, whole, ok := explained(err)
		if !ok {
			return err
		}
		if fail.Of(err).Kind == fail.KindConflict {
			whole, next.Version = "These details were changed elsewhere meanwhile. Look through them and save again.", me.Version
		}
		return a.detailsView(w, r, web.FormStatus(w, err), ui.WithErrors(detailsForm(next), byField, whole))
	}
	return done(w, r, "/account/details", "Your details are saved.")
}
