package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedTaken is the form of a domain that is taken into the store, as it was typed.
type typedTaken struct {
	name, email, registrar, expiry, paid, due, term, recurring string
	auto                                                       bool
}

func (a *area) domainNew(w http.ResponseWriter, r *http.Request) error {
	return a.domainNewPage(w, r, http.StatusOK, typedTaken{email: r.URL.Query().Get("email"), term: "1", auto: true}, nil, "")
}

func (a *area) domainNewPage(w http.ResponseWriter, r *http.Request, status int, t typedTaken, bad map[string]string, whole string) error {
	registrars, err := a.registrarNames(r, "That of its extension")
	if err != nil {
		return err
	}
	v := formView{Page: a.page(r, "Add a domain", "domains"), Head: ui.Head{Title: "Add a domain", Sub: "One that is registered already. Nothing is sent to a registry."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Add"}}
	v.Form = ui.WithErrors(ui.Form{Action: domainsAt, Submit: "Add domain", Cancel: domainsAt, Sections: []ui.FormSection{
		{Title: "Domain", Fields: []ui.Field{
			{Name: "name", Label: "Name", Value: t.name, Required: true, MaxLength: 255, Placeholder: "example.com"},
			{Kind: ui.InputEmail, Name: "email", Label: "Customer's e-mail", Value: t.email, Required: true, MaxLength: 255},
			{Kind: ui.InputSelect, Name: "registrar", Label: "Registrar", Value: t.registrar, Options: registrars},
		}},
		{Title: "Dates", Fields: []ui.Field{
			{Name: "registry_expiry", Label: "Registry expiry", Value: t.expiry, Optional: true, Mono: true, MaxLength: 64, Hint: "As the registry says it, such as 2027-03-10 or 2027-03-10T10:00:00Z. Empty: it is read at the registrar"},
			{Kind: ui.InputDate, Name: "paid_through", Label: "Paid through", Value: t.paid, Optional: true, Short: true},
			{Kind: ui.InputDate, Name: "next_due", Label: "Next due", Value: t.due, Optional: true, Short: true, Hint: "Empty: as the extension's policy says"},
		}},
		{Title: "Renewal", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "term", Label: "Term", Value: t.term, Options: termOptions()[1:]},
			{Name: "recurring", Label: "Recurring amount", Value: t.recurring, Optional: true, Short: true, InputMode: "decimal", Hint: "In the customer's currency. Empty: the list price of today; 0: free"},
			{Kind: ui.InputSwitch, Name: "auto_renew", Label: "Auto renew", Checked: t.auto, Hint: "Its renewals are invoiced by themselves"},
		}},
	}}, bad, whole)
	return a.form(w, status, v)
}

func (a *area) domainCreate(w http.ResponseWriter, r *http.Request) error {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	t := typedTaken{f("name"), f("email"), f("registrar"), f("registry_expiry"), f("paid_through"), f("next_due"), f("term"), f("recurring"), f("auto_renew") != ""}
	bad := map[string]string{}
	date := func(field, typed string) (on civil.Date) {
		if typed == "" {
			return on
		}
		on, err := civil.Parse(typed)
		if err != nil {
			bad[field] = "is not a date"
		}
		return on
	}
	in := domainname.Input{Name: t.name, Registrar: t.registrar, Expiry: t.expiry, PaidThrough: date("paid_through", t.paid), NextDue: date("next_due", t.due), DoNotRenew: !t.auto, Source: domainname.FromStaff}
	var err error
	if in.Term, err = strconv.Atoi(t.term); err != nil {
		bad["term"] = "is not a term"
	}
	holder, err := a.Customers.ByEmail(r.Context(), t.email)
	if k := fail.Of(err); err != nil {
		if k.Kind != fail.KindNotFound && k.Kind != fail.KindInvalid {
			return err
		}
		bad["email"] = "is nobody's: make the customer first"
	}
	in.CustomerID = holder.ID
	if t.recurring != "" && holder.ID != "" {
		m, err := money.ParseDecimal(t.recurring, holder.Currency)
		if err != nil || m.Amount < 0 {
			bad["recurring"] = "is not an amount, such as 12.00"
		}
		in.Recurring = &m
	}
	whole := ""
	if len(bad) == 0 {
		var d domainname.Domain
		if in, err = a.Watch.Dated(r.Context(), in); err == nil {
			d, err = a.Domains.Create(r.Context(), in)
		}
		if err == nil {
			return done(w, r, domainsAt+"/"+d.ID, d.Name.Unicode()+" was added.")
		}
		var ok bool
		switch bad, whole, ok = fieldErrors(err); {
		case ok:
		case fail.Of(err).Kind == fail.KindUnavailable: // what was typed is not lost, and the date can be entered
			bad = map[string]string{"registry_expiry": fail.Of(err).Detail}
		default:
			return err
		}
	}
	return a.domainNewPage(w, r, http.StatusUnprocessableEntity, t, bad, whole)
}
