package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedPrice is the price form as it was typed.
type typedPrice struct{ cycle, amount, currency, setup, taxClass, count, unit, trialDays, trial string }

func priceFromForm(r *http.Request) typedPrice {
	f := r.PostFormValue
	return typedPrice{
		cycle: f("cycle"), amount: f("amount"), currency: strings.ToUpper(strings.TrimSpace(f("currency"))), setup: f("setup_fee"), taxClass: strings.TrimSpace(f("tax_class")),
		count: f("count"), unit: f("unit"), trialDays: f("trial_days"), trial: f("trial_money"),
	}
}

// form is the form of a price of a plan. A next version has the cycle and the currency of the one before.
func (t typedPrice) form(action, cancel, submit string, plan catalog.Plan, exists bool) ui.Form {
	f := ui.Form{Action: action, Submit: submit, Cancel: cancel, Sections: []ui.FormSection{
		{Title: "Price", Text: "A price never changes: a change makes its next version. What was ordered, and every subscription, keeps the old one.", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "cycle", Label: "Paid", Value: t.cycle, Disabled: exists, Options: cycleOptions()},
			{Name: "amount", Label: "Amount", Value: t.amount, Required: true, Short: true, InputMode: "decimal"},
			{Name: "currency", Label: "Currency", Value: t.currency, Required: !exists, Disabled: exists, Short: true, MaxLength: 3},
			{Name: "setup_fee", Label: "Set-up fee", Value: t.setup, Optional: true, Short: true, InputMode: "decimal", Hint: "Once an order line, whatever the quantity"},
			{Name: "tax_class", Label: "Tax class", Value: t.taxClass, Optional: true, Short: true, MaxLength: 32, Hint: "Such as reduced. Empty: standard"},
		}},
	}}
	if plan.Kind == catalog.KindAddon {
		return f
	}
	if !exists || t.cycle != string(civil.OneTime) {
		f.Sections = append(f.Sections, ui.FormSection{Title: "Trial", Text: "For what is paid again and again: how long it may be tried first, once for each customer and product. The first period is paid afterwards.", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "trial_days", Label: "Days", Value: t.trialDays, Optional: true, Short: true, Min: "0", Max: "366"},
			{Name: "trial_money", Label: "Price of the trial", Value: t.trial, Optional: true, Short: true, InputMode: "decimal", Hint: "Empty: free"},
		}})
	}
	if !exists || t.cycle == string(civil.OneTime) {
		f.Sections = append(f.Sections, ui.FormSection{Title: "Validity", Text: "For what is paid once: how long the license runs from the day it is issued. Leave it empty for ever.", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "count", Label: "Valid for", Value: t.count, Optional: true, Short: true, Min: "1"},
			{Kind: ui.InputSelect, Name: "unit", Label: "Unit", Value: t.unit, Options: []ui.Option{{Value: civil.Year, Label: "years"}, {Value: civil.Month, Label: "months"}, {Value: civil.Week, Label: "weeks"}, {Value: civil.Day, Label: "days"}}},
		}})
	}
	return f
}

func (t typedPrice) read() (in catalog.NewPrice, bad map[string]string) {
	bad = map[string]string{}
	in.Cycle, in.TaxClass = t.cycle, t.taxClass
	currency, err := money.ParseCurrency(t.currency)
	if err != nil {
		bad["currency"] = "is not a currency code such as EUR"
		return in, bad
	}
	if in.Money, err = money.ParseDecimal(strings.TrimSpace(t.amount), currency); err != nil {
		bad["amount"] = "is not an amount such as 49.00"
	}
	if s := strings.TrimSpace(t.setup); s != "" {
		if in.SetupFee, err = money.ParseDecimal(s, currency); err != nil {
			bad["setup_fee"] = "is not an amount such as 10.00"
		}
	}
	if s := strings.TrimSpace(t.trial); s != "" {
		if in.TrialMoney, err = money.ParseDecimal(s, currency); err != nil {
			bad["trial_money"] = "is not an amount such as 10.00"
		}
	}
	if s := strings.TrimSpace(t.trialDays); s != "" {
		if in.TrialDays, err = strconv.ParseInt(s, 10, 64); err != nil {
			bad["trial_days"] = "is not a whole number"
		}
	}
	if s := strings.TrimSpace(t.count); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			bad["count"] = "is not a whole number"
		}
		in.ValidFor = civil.Span{Count: n, Unit: t.unit}
	}
	return in, bad
}

// priceErrors names the fields as the form does.
func priceErrors(bad map[string]string) map[string]string {
	out := map[string]string{}
	for name, m := range bad {
		switch {
		case strings.HasPrefix(name, "money.currency"):
			name = "currency"
		case strings.HasPrefix(name, "money"):
			name = "amount"
		case strings.HasPrefix(name, "setup_fee"):
			name = "setup_fee"
		case strings.HasPrefix(name, "trial_money"):
			name = "trial_money"
		case strings.HasPrefix(name, "valid_for"):
			name = "count"
		}
		out[name] = m
	}
	return out
}

func (a *area) pricePage(w http.ResponseWriter, r *http.Request, status int, plan catalog.Plan, title string, f ui.Form) error {
	v := formView{Page: a.page(r, title, "catalog"), Head: ui.Head{Title: title}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: "Product", Href: "/admin/products/" + plan.ProductID}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) priceNew(w http.ResponseWriter, r *http.Request) error {
	plan, err := a.Catalog.Plan(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	t := typedPrice{cycle: string(civil.OneTime), currency: string(s.Currency), unit: civil.Year}
	f := t.form("/admin/plans/"+plan.ID+"/prices", "/admin/products/"+plan.ProductID, "Add price", plan, false)
	return a.pricePage(w, r, http.StatusOK, plan, "New price of "+plan.Name, f)
}

func (a *area) priceCreate(w http.ResponseWriter, r *http.Request) error {
	plan, err := a.Catalog.Plan(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.savePrice(w, r, plan, priceFromForm(r), "New price of "+plan.Name, "/admin/plans/"+plan.ID+"/prices", "Add price", func(in catalog.NewPrice) (catalog.Price, error) {
		return a.Catalog.CreatePrice(r.Context(), plan.ID, in)
	})
}

func (a *area) priceEdit(w http.ResponseWriter, r *http.Request) error {
	price, err := a.Catalog.Price(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	plan, err := a.Catalog.Plan(r.Context(), price.PlanID)
	if err != nil {
		return err
	}
	t := typedPrice{cycle: string(price.Cycle), amount: price.Money.Decimal(), currency: string(price.Money.Currency), unit: civil.Year}
	if price.TaxClass != catalog.StandardTax {
		t.taxClass = price.TaxClass
	}
	if price.TrialDays > 0 {
		t.trialDays = strconv.FormatInt(price.TrialDays, 10)
	}
	if price.TrialMoney.Amount > 0 {
		t.trial = price.TrialMoney.Decimal()
	}
	if price.SetupFee.Amount > 0 {
		t.setup = price.SetupFee.Decimal()
	}
	if !price.ValidFor.IsZero() {
		t.count, t.unit = strconv.Itoa(price.ValidFor.Count), price.ValidFor.Unit
	}
	return a.pricePage(w, r, http.StatusOK, plan, "Change a price of "+plan.Name, t.form("/admin/prices/"+price.ID, "/admin/products/"+plan.ProductID, "Make the next version", plan, true))
}

func (a *area) priceReplace(w http.ResponseWriter, r *http.Request) error {
	price, err := a.Catalog.Price(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	plan, err := a.Catalog.Plan(r.Context(), price.PlanID)
	if err != nil {
		return err
	}
	t := priceFromForm(r)
	t.cycle, t.currency = string(price.Cycle), string(price.Money.Currency)
	return a.savePrice(w, r, plan, t, "Change a price of "+plan.Name, "/admin/prices/"+price.ID, "Make the next version", func(in catalog.NewPrice) (catalog.Price, error) {
		return a.Catalog.ReplacePrice(r.Context(), price.ID, in)
	})
}

func (a *area) savePrice(w http.ResponseWriter, r *http.Request, plan catalog.Plan, t typedPrice, title, action, submit string, save func(catalog.NewPrice) (catalog.Price, error)) error {
	to := "/admin/products/" + plan.ProductID
	in, bad := t.read()
	whole := ""
	if len(bad) == 0 {
		price, err := save(in)
		if err == nil {
			return done(w, r, to, plan.Name+" now costs "+priceText(price)+".")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.pricePage(w, r, http.StatusUnprocessableEntity, plan, title, ui.WithErrors(t.form(action, to, submit, plan, strings.HasPrefix(action, "/admin/prices/")), priceErrors(bad), whole))
}
