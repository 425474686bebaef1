package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedDomain is the form of a domain as it was typed.
type typedDomain struct{ due, paid, term, recurring, bundle, registrar, status, expiry, why string }

func domainTyped(r *http.Request) typedDomain {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	return typedDomain{f("next_due"), f("paid_through"), f("term"), f("recurring"), f("bundled_with"), f("registrar"), f("status"), f("expiry"), f("reason")}
}

// typedFromDomain is the form of a domain as it is stored.
func typedFromDomain(d domainname.Row) typedDomain {
	return typedDomain{
		due: d.NextDue.String(), paid: d.PaidThrough.String(), term: strconv.Itoa(d.Term), recurring: d.Recurring.Decimal(), bundle: d.BundledWith, registrar: d.Registrar,
	}
}

// stands reports whether everything that was typed is stored.
func (t typedDomain) stands(d domainname.Row) bool {
	stored := typedFromDomain(d)
	stored.expiry, stored.status, stored.why = t.expiry, t.status, t.why
	return t == stored && (t.expiry == "" || t.expiry == d.Expiry.Raw) && (t.status == "" || t.status == string(d.Domain.Status))
}

func (t typedDomain) form(r *http.Request, a *area, d domainname.Row) (ui.Form, error) {
	registrars, err := a.registrarNames(r, "None")
	if err != nil {
		return ui.Form{}, err
	}
	to := domainsAt + "/" + d.ID
	status := []ui.Option{{Value: "", Label: "As it follows from its dates"}, {Value: "cancelled", Label: "Cancelled"}, {Value: "fraud", Label: "Fraud"}}
	hint := "An override: it is neither read nor renewed any more."
	if d.Domain.Status.Final() {
		status, hint = []ui.Option{{Value: "", Label: "Leave it: " + statusText(string(d.Domain.Status))}, {Value: "active", Label: "Take it up again"}}, "An override: its dates count again."
	}
	return editing(ui.Form{Action: to, Submit: "Save domain", Cancel: to, Sections: []ui.FormSection{
		{Title: "Billing", Text: "Moving next due moves neither the registry's date nor the notices about it.", Fields: []ui.Field{
			{Kind: ui.InputDate, Name: "next_due", Label: "Next due", Value: t.due, Optional: true, Short: true, Hint: "Empty: nothing is invoiced by itself"},
			{Kind: ui.InputSelect, Name: "term", Label: "Stored term", Value: t.term, Options: termOptions()},
			{Name: "recurring", Label: "Recurring amount", Value: t.recurring, Short: true, InputMode: "decimal", Suffix: string(d.Recurring.Currency), Hint: "0 is free. Open invoices keep their amounts; list prices never touch it."},
			{Name: "bundled_with", Label: "Free with", Value: t.bundle, Optional: true, Mono: true, MaxLength: 64, Hint: "The id of the subscription whose payment renews it (sub_…)"},
		}},
		{Title: "Dates", Text: "What the registry says is read. Enter an expiry only if you have read it yourself.", Fields: []ui.Field{
			{Kind: ui.InputDate, Name: "paid_through", Label: "Paid through", Value: t.paid, Optional: true, Short: true, Hint: "Until when the customer has paid; needs a reason"},
			{Name: "expiry", Label: "Registry expiry", Value: t.expiry, Optional: true, Mono: true, MaxLength: 64, Placeholder: d.Expiry.Raw, Hint: "Empty: as it is. As it was read, such as 2028-03-10T10:00:00Z; needs a reason"},
		}},
		{Title: "Registrar", Fields: []ui.Field{{Kind: ui.InputSelect, Name: "registrar", Label: "Registrar", Value: t.registrar, Options: registrars, Hint: "Through whom it is read and renewed. This moves nothing at the registry."}}},
		{Title: "Override", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "status", Label: "Status", Value: t.status, Options: status, Hint: hint},
			{Name: "reason", Label: "Reason", Value: t.why, Optional: true, MaxLength: 255, Hint: "Needed for paid-through, expiry and status. It stands in the audit log."},
		}},
	}}, d.Version), nil
}

func termOptions() []ui.Option {
	out := []ui.Option{{Value: "0", Label: "Does not renew by itself"}}
	for y := 1; y <= 9; y++ {
		out = append(out, ui.Option{Value: strconv.Itoa(y), Label: yearsText(y)})
	}
	return out
}

// registrarNames are the registrars by name; none says what the empty choice means.
func (a *area) registrarNames(r *http.Request, none string) ([]ui.Option, error) {
	all, err := a.Registrars.List(r.Context())
	if err != nil {
		return nil, err
	}
	out := []ui.Option{{Value: "", Label: none}}
	for _, x := range all {
		if !x.Archived {
			out = append(out, ui.Option{Value: x.Name, Label: x.Name})
		}
	}
	return out, nil
}

// patch is what was changed of a domain; bad names what can't be read.
func (t typedDomain) patch(d domainname.Row) (p domainname.Patch, bad map[string]string) {
	was := typedFromDomain(d)
	bad = map[string]string{}
	p.Reason = t.why
	date := func(field, typed, stored string) *civil.Date {
		if typed == stored {
			return nil
		}
		var on civil.Date
		if typed != "" {
			var err error
			if on, err = civil.Parse(typed); err != nil {
				bad[field] = "is not a date"
			}
		}
		return &on
	}
	p.NextDue, p.PaidThrough = date("next_due", t.due, was.due), date("paid_through", t.paid, was.paid)
	if t.term != was.term {
		n, err := strconv.Atoi(t.term)
		if err != nil {
			bad["term"] = "is not a term"
		}
		p.Term = &n
	}
	if t.recurring != was.recurring {
		m, err := money.ParseDecimal(t.recurring, d.Recurring.Currency)
		if err != nil || m.Amount < 0 {
			bad["recurring"] = "is not an amount, such as 12.00"
		}
		p.Recurring = &m
	}
	if t.bundle != was.bundle {
		p.BundledWith = &t.bundle
	}
	if t.registrar != was.registrar {
		p.Registrar = &t.registrar
	}
	if t.expiry != "" {
		p.Expiry = &t.expiry
	}
	if t.status != "" {
		s := domainname.Status(t.status)
		p.Status = &s
	}
	return p, bad
}

func (a *area) domainEdit(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Domains.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := typedFromDomain(d).form(r, a, d)
	if err != nil {
		return err
	}
	return a.domainEditPage(w, r, http.StatusOK, d, f)
}

func (a *area) domainEditPage(w http.ResponseWriter, r *http.Request, status int, d domainname.Row, f ui.Form) error {
	name := d.Name.Unicode()
	v := formView{Page: a.page(r, "Edit "+name, "domains"), Head: ui.Head{Title: "Edit " + name}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name, Href: domainsAt + "/" + d.ID}, {Label: "Edit"}}
	return a.form(w, status, v)
}

func (a *area) domainUpdate(w http.ResponseWriter, r *http.Request) error {
	ctx, typed := r.Context(), domainTyped(r)
	d, err := a.Domains.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	stored := d.Version
	if version != 0 {
		d.Version = version // the form goes on being made from it
	}
	p, bad := typed.patch(d)
	whole := ""
	if len(bad) == 0 {
		p.Version = version
		_, err = a.Domains.Change(ctx, d.ID, p)
		switch {
		case err == nil:
			return done(w, r, domainsAt+"/"+d.ID, d.Name.Unicode()+" was saved.")
		case changedMeanwhile(err) && typed.stands(d):
			return done(w, r, domainsAt+"/"+d.ID, d.Name.Unicode()+" was saved.") // this form was sent twice
		case changedMeanwhile(err):
			d.Version = stored
			mine, err := typed.form(r, a, d)
			if err != nil {
				return err
			}
			now, err := typedFromDomain(d).form(r, a, d)
			if err != nil {
				return err
			}
			return a.domainEditPage(w, r, http.StatusConflict, d, besideNow(mine, now))
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	f, err := typed.form(r, a, d)
	if err != nil {
		return err
	}
	return a.domainEditPage(w, r, http.StatusUnprocessableEntity, d, ui.WithErrors(f, bad, whole))
}
