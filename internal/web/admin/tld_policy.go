package admin

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// policyFields are the fields of the form of a policy, in which what was typed is carried on to the preview.
var policyFields = []string{
	"extension", "valid_from", "min_years", "max_years", "step_years", "earliest", "grace_days", "grace_fee", "latest", "redemption_days", "redemption_fee",
	"registry_auto_renews", "argp_days", "explicit_renew", "date_moves", "expiry_rounding", "due_margin", "years_ahead_limit", "source", "read_on",
}

// typedPolicy is the form of a policy as it was typed, by field.
type typedPolicy map[string]string

func policyTyped(r *http.Request) typedPolicy {
	t := typedPolicy{}
	for _, name := range policyFields {
		t[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	if extension := r.PathValue("tld"); extension != "" {
		t["extension"] = extension
	}
	return t
}

// typedFromPolicy begins a new row with what counts today; without one, with what most registries allow.
func typedFromPolicy(p *domainname.Policy, from civil.Date) typedPolicy {
	if p == nil {
		p = &domainname.Policy{MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, RedemptionDays: 30, ExplicitRenew: true, DueMargin: 3}
	}
	optional := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	return typedPolicy{
		"extension": p.Extension, "valid_from": from.String(), "min_years": strconv.Itoa(p.MinYears), "max_years": strconv.Itoa(p.MaxYears), "step_years": strconv.Itoa(p.StepYears),
		"earliest": optional(p.Earliest), "grace_days": strconv.Itoa(p.GraceDays), "grace_fee": p.GraceFee.String(), "latest": optional(p.Latest),
		"redemption_days": strconv.Itoa(p.RedemptionDays), "redemption_fee": p.RedemptionFee.String(), "registry_auto_renews": yesNo(p.RegistryAutoRenews, "on", ""),
		"argp_days": strconv.Itoa(p.ARGPDays), "explicit_renew": yesNo(p.ExplicitRenew, "on", ""), "date_moves": string(p.DateMoves),
		"expiry_rounding": string(p.ExpiryRounding), "due_margin": strconv.Itoa(p.DueMargin), "years_ahead_limit": optional(p.YearsAheadLimit), "source": p.Source,
	}
}

// policy reads what was typed; bad names what can't be read. A fee that is read is written as it was understood: its currency
// may have been left out where unnamed says which it is.
func (t typedPolicy) policy(unnamed money.Currency) (p domainname.Policy, bad map[string]string) {
	bad = map[string]string{}
	number := func(field string) int {
		if t[field] == "" {
			return 0
		}
		return int(wholeNumber(field, t[field], bad))
	}
	optional := func(field string) *int {
		if t[field] == "" {
			return nil
		}
		n := number(field)
		return &n
	}
	fee := func(field string) domainname.Fee {
		f, err := domainname.ParseFee(t[field], unnamed)
		if err != nil {
			bad[field] = err.Error()
			return nil
		}
		t[field] = f.String()
		return f
	}
	date := func(field string) (on civil.Date) {
		if t[field] == "" {
			return on
		}
		on, err := civil.Parse(t[field])
		if err != nil {
			bad[field] = "is not a date"
		}
		return on
	}
	return domainname.Policy{
		Extension: t["extension"], ValidFrom: date("valid_from"), MinYears: number("min_years"), MaxYears: number("max_years"), StepYears: number("step_years"),
		Earliest: optional("earliest"), GraceDays: number("grace_days"), GraceFee: fee("grace_fee"), Latest: optional("latest"),
		RedemptionDays: number("redemption_days"), RedemptionFee: fee("redemption_fee"), RegistryAutoRenews: t["registry_auto_renews"] != "", ARGPDays: number("argp_days"),
		ExplicitRenew: t["explicit_renew"] != "", DateMoves: domainname.DateMoves(t["date_moves"]), ExpiryRounding: domainname.Rounding(t["expiry_rounding"]),
		DueMargin: number("due_margin"), YearsAheadLimit: optional("years_ahead_limit"), Source: t["source"], ReadOn: date("read_on"),
	}, bad
}

func (t typedPolicy) form(action, cancel string, newExtension bool) ui.Form {
	number := func(name, label, hint string) ui.Field {
		return ui.Field{Kind: ui.InputNumber, Name: name, Label: label, Value: t[name], Short: true, Hint: hint}
	}
	optional := func(f ui.Field) ui.Field {
		f.Optional = true
		return f
	}
	return ui.Form{Action: action, Submit: "Show what it touches", Cancel: cancel, Sections: []ui.FormSection{
		{Title: "From when", Text: "Rows that have counted stay: a change is a row of a later day.", Grid: true, Fields: []ui.Field{
			{Name: "extension", Label: "Extension", Value: t["extension"], Required: true, Mono: true, Short: true, ReadOnly: !newExtension, Placeholder: "com", MaxLength: 63},
			{Kind: ui.InputDate, Name: "valid_from", Label: "Valid from", Value: t["valid_from"], Required: true, Short: true, Hint: "By UTC, as registries count"},
		}},
		{Title: "Terms", Grid: true, Fields: []ui.Field{
			number("min_years", "Shortest, years", ""), number("max_years", "Longest, years", ""), number("step_years", "In steps of", ""),
			optional(number("years_ahead_limit", "Years ahead, at most", "Empty: any. What the registry reports wins")),
		}},
		{Title: "Window", Text: "In days, counted from the end of the term.", Grid: true, Fields: []ui.Field{
			optional(number("earliest", "Opens, days before", "Empty: at any time")),
			number("grace_days", "Grace, days after", "0: none"),
			{Name: "grace_fee", Label: "Grace fee", Value: t["grace_fee"], Optional: true, Placeholder: "5.00 EUR; 6.00 USD", Hint: "With its currency. Empty: none"},
			optional(number("latest", "Closes, days from it", "Only without grace: 0, or before the end, such as -7")),
			number("due_margin", "Due, days earlier", "Than the last day; only without grace"),
			number("redemption_days", "Redemption, days", "0: none"),
			{Name: "redemption_fee", Label: "Redemption fee", Value: t["redemption_fee"], Optional: true, Placeholder: "80.00 EUR", Hint: "With its currency. Empty: staff quote it"},
		}},
		{Title: "Registry", Fields: []ui.Field{
			{Kind: ui.InputSwitch, Name: "registry_auto_renews", Label: "It adds a year by itself at the expiry", Checked: t["registry_auto_renews"] != ""},
			number("argp_days", "That can be undone for, days", ""),
			{Kind: ui.InputSwitch, Name: "explicit_renew", Label: "It has a renew command", Checked: t["explicit_renew"] != "", Hint: "Without one a mode is set at the registrar"},
			{Kind: ui.InputSelect, Name: "date_moves", Label: "Its date moves", Value: t["date_moves"], Options: []ui.Option{{Value: "at_once", Label: "At once"}, {Value: "at_expiry", Label: "On the day of the expiry"}}},
			{Kind: ui.InputSelect, Name: "expiry_rounding", Label: "To", Value: t["expiry_rounding"], Options: []ui.Option{{Value: "none", Label: "The same day of the year"}, {Value: "month_end", Label: "The end of the month"}}},
		}},
		{Title: "Evidence", Fields: []ui.Field{
			{Kind: ui.InputTextarea, Name: "source", Label: "Source", Value: t["source"], Optional: true, Rows: 2, Hint: "Where this was read"},
			{Kind: ui.InputDate, Name: "read_on", Label: "Read on", Value: t["read_on"], Optional: true, Short: true},
		}},
	}}
}

func (a *area) policyNew(w http.ResponseWriter, r *http.Request) error {
	from := a.registryToday().AddDays(1)
	if r.PathValue("tld") == "" {
		return a.policyPage(w, r, http.StatusOK, typedFromPolicy(nil, a.registryToday()), nil, "")
	}
	t, err := a.Domains.TLD(r.Context(), r.PathValue("tld"))
	if err != nil {
		return err
	}
	typed := typedFromPolicy(t.Today, from)
	typed["extension"] = t.Extension
	return a.policyPage(w, r, http.StatusOK, typed, nil, "")
}

// onlyCurrency is that of the store where the prices of an extension are in no other one; empty: there are several.
func (a *area) onlyCurrency(ctx context.Context, extension string) (money.Currency, error) {
	st, err := a.Settings.Get(ctx)
	if err != nil {
		return "", err
	}
	prices, err := a.Domains.Prices(ctx, extension)
	for _, p := range prices {
		if p.Currency != st.Currency {
			return "", err
		}
	}
	return st.Currency, err
}

// policyAt is where the form of a policy is, and where it leads when it is left.
func policyAt(r *http.Request) (form, back string) {
	if extension := r.PathValue("tld"); extension != "" {
		return tldsAt + "/" + extension + "/policy", tldsAt + "/" + extension
	}
	return tldsAt, tldsAt
}

func (a *area) policyPage(w http.ResponseWriter, r *http.Request, status int, typed typedPolicy, bad map[string]string, whole string) error {
	to, back := policyAt(r)
	title := "New extension"
	if to != tldsAt {
		title = "New policy row of ." + r.PathValue("tld")
	}
	v := formView{Page: a.page(r, title, "tlds"), Head: ui.Head{Title: title, Sub: "What it touches is shown before it is saved."}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: title}}
	v.Form = ui.WithErrors(typed.form(to, back, to == tldsAt), bad, whole)
	return a.form(w, status, v)
}

// policySave shows what a row touches, and saves it once that was seen.
func (a *area) policySave(w http.ResponseWriter, r *http.Request) error {
	typed := policyTyped(r)
	unnamed, err := a.onlyCurrency(r.Context(), typed["extension"])
	if err != nil {
		return err
	}
	p, bad := typed.policy(unnamed)
	whole := ""
	if len(bad) == 0 {
		if r.PostFormValue("sure") != "" {
			var there bool // this form was sent twice
			if there, err = a.hasPolicy(r.Context(), p); err == nil && !there {
				_, err = a.Domains.CreatePolicy(r.Context(), p)
			}
			if err == nil {
				return done(w, r, tldsAt+"/"+p.Extension, "The row counts from "+dateText(p.ValidFrom)+" on.")
			}
		} else {
			var preview domainname.PolicyPreview
			if preview, err = a.Domains.PreviewPolicy(r.Context(), "", p); err == nil {
				return a.policyPreview(w, r, p, preview, typed)
			}
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.policyPage(w, r, http.StatusUnprocessableEntity, typed, bad, whole)
}

// hasPolicy reports whether an extension has a row already that says the same from the same day on.
func (a *area) hasPolicy(ctx context.Context, p domainname.Policy) (bool, error) {
	rows, err := a.Domains.Policies(ctx, strings.TrimPrefix(strings.ToLower(p.Extension), "."))
	return slices.ContainsFunc(rows, func(row domainname.Policy) bool {
		p.Extension = row.Extension
		return row.ReadOn == p.ReadOn && maps.Equal(typedFromPolicy(&row, row.ValidFrom), typedFromPolicy(&p, p.ValidFrom))
	}), err
}

func (a *area) policyPreview(w http.ResponseWriter, r *http.Request, p domainname.Policy, preview domainname.PolicyPreview, typed typedPolicy) error {
	to, back := policyAt(r)
	v := sheetView{Page: a.page(r, "What the row touches", "tlds"), Head: ui.Head{Title: "What it touches", Sub: "." + p.Extension + ", from " + dateText(p.ValidFrom) + " on. Nothing is saved yet."}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: "." + p.Extension}, {Label: "What it touches"}}
	lost := 0
	t := &ui.Table{
		ID: "touched", Caption: "Touched domains", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Last day before"}, {Label: "Last day after"}, {Label: "Due before"}, {Label: "Due after"}, {Label: "Open renewal"}, {Label: "Renews by"}},
		Empty: &ui.Empty{Art: "done", Title: "No domain is touched", Text: "Neither a default due date nor an open renewal changes, and every term stays on offer."},
	}
	for _, x := range preview.Touched {
		open, row := ui.Cell{}, ui.Row{}
		if x.RenewalID != "" {
			open = ui.Text("Stays possible")
		}
		if x.Lost {
			open, row.Tone = ui.Text("Can't be carried out any more"), ui.Danger
			lost++
		}
		term := ui.Text(yesNo(x.Term > 0, yearsText(x.Term), "–"))
		if x.TermLost {
			term, row.Tone = term.With("not on offer any more"), ui.Danger
		}
		row.Cells = []ui.Cell{nameCell(x.Name, x.DomainID), ui.Text(dateText(x.Before.LastPlain)), ui.Text(dateText(x.After.LastPlain)), ui.Text(dateText(x.DueBefore)), ui.Text(dateText(x.DueAfter)), open, term}
		t.Rows = append(t.Rows, row)
	}
	v.Stats = []ui.Stat{
		{Label: "Domains it applies to", Value: ui.Number(preview.Domains)},
		{Label: "Default due dates that move", Value: ui.Number(preview.Due), Sub: "next due itself stays until somebody moves it"},
		{Label: "Open renewals touched", Value: ui.Number(preview.Renewals), Sub: yesNo(lost > 0, many(lost, "can't be carried out any more", "can't be carried out any more"), "")},
		{Label: "Terms not on offer any more", Value: ui.Number(preview.Terms), Sub: "from " + dateText(p.ValidFrom) + " on"},
	}
	if lost > 0 {
		v.Callouts = []ui.Callout{{Tone: ui.Danger, Title: "Open renewals can't be carried out any more", Text: "They are marked below. What was paid for them stays with them until somebody decides."}}
	}
	if preview.Terms > 0 {
		v.Callouts = append(v.Callouts, ui.Callout{
			Tone: ui.Danger, Title: many(preview.Terms, "domain renews", "domains renew") + " by a term that is not on offer any more",
			Text: "From " + dateText(p.ValidFrom) + " on no invoice can be made for them; staff get a task for each when it is due. Give them another term before.",
		})
	}
	f := &ui.Form{Action: to, Submit: "Save the row", Cancel: back, Stacked: true, Hidden: []ui.Hidden{{Name: "sure", Value: "1"}}}
	for _, name := range policyFields {
		f.Hidden = append(f.Hidden, ui.Hidden{Name: name, Value: typed[name]})
	}
	v.Full = []card{{Head: ui.CardHead{Title: "Save it", Text: policyTerms(p) + ". " + policyFirst(p) + "; last day: " + policyLast(p) + ". " + feeText("Grace fee", p.GraceFee, "none") + "; " + feeText("redemption fee", p.RedemptionFee, "staff quote it") + "."}, Form: f}, {Head: ui.CardHead{Title: "Touched domains", Count: len(preview.Touched)}, Table: t}}
	return a.sheet(w, v)
}
