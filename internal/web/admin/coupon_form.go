package admin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedCoupon is the coupon form as it was typed.
type typedCoupon struct {
	code, name, kind, value, currency, charges string
	starts, ends, uses, each, minimum          string
	newcomers, archived                        bool
	products, cycles                           []string
}

func couponFromForm(r *http.Request) typedCoupon {
	f := r.PostFormValue
	return typedCoupon{
		code: f("code"), name: f("name"), kind: f("kind"), value: f("value"), currency: strings.ToUpper(strings.TrimSpace(f("currency"))), charges: f("charges"),
		starts: f("starts_on"), ends: f("ends_on"), uses: f("max_uses"), each: f("per_customer"), minimum: f("minimum"),
		newcomers: f("new_customers") != "", archived: f("archived") != "", products: r.PostForm["product"], cycles: r.PostForm["cycle"],
	}
}

// typedAs is what somebody would have typed to make c.
func typedAs(c coupon.Coupon) typedCoupon {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	t := typedCoupon{
		code: c.Code, name: c.Name, kind: string(c.Kind), charges: number(c.Charges), starts: isoDay(c.StartsOn), ends: isoDay(c.EndsOn),
		uses: number(c.MaxUses), each: number(c.PerCustomer), newcomers: c.NewCustomers, archived: c.Status == coupon.Archived, products: c.ProductIDs,
	}
	t.value, t.currency = c.Percent.String(), string(c.Minimum.Currency)
	if c.Kind == coupon.Fixed {
		t.value, t.currency = c.Money.Decimal(), string(c.Money.Currency)
	}
	if c.Minimum.Amount > 0 {
		t.minimum = c.Minimum.Decimal()
	}
	for _, cycle := range c.Cycles {
		t.cycles = append(t.cycles, string(cycle))
	}
	return t
}

// isoDay is a date as a field of dates has it; none is empty.
func isoDay(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func (t typedCoupon) form(action, cancel string, exists bool, products []catalog.Product) ui.Form {
	about := []ui.Field{
		{Name: "code", Label: "Code", Value: t.code, Required: !exists, Disabled: exists, MaxLength: 40, Short: true, Hint: "Upper and lower case are the same."},
		{Name: "name", Label: "Name", Value: t.name, Optional: true, MaxLength: 255, Hint: "For yourself"},
	}
	if exists {
		about[0].Hint = ""
		about = append(about, ui.Field{Kind: ui.InputSwitch, Name: "archived", Label: "Archived", Checked: t.archived, Hint: "Can't be used any more. Subscriptions that have it keep it."})
	}
	takes := []ui.Field{
		{Kind: ui.InputSelect, Name: "kind", Label: "Takes off", Value: t.kind, Disabled: exists, Options: []ui.Option{{Value: string(coupon.Percent), Label: "a percentage"}, {Value: string(coupon.Fixed), Label: "an amount"}}},
		{Name: "value", Label: "How much", Value: t.value, Required: !exists, Disabled: exists, Short: true, InputMode: "decimal", Hint: "12.5 for a percentage, 10.00 for an amount"},
		{Kind: ui.InputNumber, Name: "charges", Label: "Charges of a subscription", Value: t.charges, Optional: true, Disabled: exists, Short: true, Min: "1", Hint: "1: the first. Empty: all of them"},
	}
	minimum := []ui.Field{{Name: "minimum", Label: "Minimum", Value: t.minimum, Optional: true, Short: true, InputMode: "decimal"}}
	currency := ui.Field{Name: "currency", Label: "Currency", Value: t.currency, Short: true, MaxLength: 3}
	if exists {
		currency.Disabled = t.kind == string(coupon.Fixed)
		minimum = append(minimum, currency)
	} else {
		currency.Hint = "Of an amount, and of a minimum"
		takes = slices.Insert(takes, 2, currency)
	}
	text := "An amount is taken once off an order, spread over what it is for, and off each further charge. It never changes: another discount is another coupon."
	return ui.Form{Action: action, Submit: "Save coupon", Cancel: cancel, Sections: []ui.FormSection{
		{Title: "About", Fields: about},
		{Title: "Discount", Text: text, Fields: takes},
		{Title: "When", Text: "Days in the time zone of the store.", Fields: []ui.Field{
			{Kind: ui.InputDate, Name: "starts_on", Label: "First day", Value: t.starts, Optional: true, Short: true},
			{Kind: ui.InputDate, Name: "ends_on", Label: "Last day", Value: t.ends, Optional: true, Short: true},
		}},
		{Title: "Who, and how often", Text: "An order that is cancelled before it is paid gives its use back.", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "max_uses", Label: "Uses in all", Value: t.uses, Optional: true, Short: true, Min: "1"},
			{Kind: ui.InputNumber, Name: "per_customer", Label: "Uses by one customer", Value: t.each, Optional: true, Short: true, Min: "1"},
			{Kind: ui.InputSwitch, Name: "new_customers", Label: "New customers only", Checked: t.newcomers, Hint: "Who has paid for nothing yet, and once."},
		}},
		{Title: "Minimum", Text: "What an order must cost before discount and tax.", Fields: minimum},
		{Title: "Products", Text: "None chosen: all of them.", Fields: t.productFields(products)},
		{Title: "Cycles", Text: "None chosen: all of them.", Fields: t.cycleFields()},
	}}
}

func (t typedCoupon) productFields(products []catalog.Product) (fields []ui.Field) {
	for _, p := range products {
		if p.Status == catalog.Archived && !slices.Contains(t.products, p.ID) {
			continue
		}
		fields = append(fields, ui.Field{Kind: ui.InputCheckbox, Name: "product", Value: p.ID, Scope: p.Slug, Label: p.Name, Checked: slices.Contains(t.products, p.ID)})
	}
	return fields
}

func (t typedCoupon) cycleFields() (fields []ui.Field) {
	for _, c := range civil.Cycles() {
		fields = append(fields, ui.Field{Kind: ui.InputCheckbox, Name: "cycle", Value: string(c), Scope: string(c), Label: cycleNames[c], Checked: slices.Contains(t.cycles, string(c))})
	}
	return fields
}

// read turns what was typed into values; bad names the fields that can't be read.
func (t typedCoupon) read() (in coupon.NewCoupon, bad map[string]string) {
	bad = map[string]string{}
	number := func(name, s string) int64 {
		if s = strings.TrimSpace(s); s == "" {
			return 0
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 {
			bad[name] = "is not a whole number from 1 on"
		}
		return n
	}
	date := func(name, s string) civil.Date {
		if s == "" {
			return civil.Date{}
		}
		d, err := civil.Parse(s)
		if err != nil {
			bad[name] = "is not a date"
		}
		return d
	}
	amount := func(name, s string) money.Money {
		currency, err := money.ParseCurrency(t.currency)
		if err != nil {
			bad["currency"] = "is not a currency code such as EUR"
			return money.Money{}
		}
		m, err := money.ParseDecimal(strings.TrimSpace(s), currency)
		if err != nil {
			bad[name] = "is not an amount such as 10.00"
		}
		return m
	}
	in = coupon.NewCoupon{Code: t.code, Name: t.name, Charges: number("charges", t.charges), Rules: coupon.Rules{
		ProductIDs: t.products, StartsOn: date("starts_on", t.starts), EndsOn: date("ends_on", t.ends), MaxUses: number("max_uses", t.uses),
		PerCustomer: number("per_customer", t.each), NewCustomers: t.newcomers,
	}}
	if strings.TrimSpace(t.minimum) != "" {
		in.Minimum = amount("minimum", t.minimum)
	}
	for _, c := range t.cycles {
		in.Cycles = append(in.Cycles, civil.Cycle(c))
	}
	if t.kind == string(coupon.Fixed) {
		in.Money = amount("value", t.value)
	} else if in.Percent = strings.TrimSpace(t.value); in.Percent == "" {
		bad["value"] = "is required"
	}
	return in, bad
}

// couponErrors names the fields as the form does.
func couponErrors(bad map[string]string) map[string]string {
	names := map[string]string{
		"percent": "value", "money.amount": "value", "money.currency": "currency", "minimum.amount": "minimum", "minimum.currency": "currency",
		"product_ids": "product", "cycles": "cycle",
	}
	out := map[string]string{}
	for name, m := range bad {
		if to, ok := names[name]; ok {
			name = to
		}
		out[name] = m
	}
	return out
}

func (a *area) couponForm(w http.ResponseWriter, r *http.Request, status int, title string, form func(products []catalog.Product) ui.Form) error {
	products, err := a.allProducts(r)
	if err != nil {
		return err
	}
	v := formView{Page: a.page(r, title, "coupons"), Head: ui.Head{Title: title}, Form: form(products)}
	v.Crumbs = []ui.Crumb{{Label: "Coupons", Href: "/admin/coupons"}, {Label: title}}
	return a.form(w, status, v)
}

const couponsAt = "/admin/coupons"

func (a *area) couponNew(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	t := typedCoupon{kind: string(coupon.Percent), currency: string(s.Currency)}
	return a.couponForm(w, r, http.StatusOK, "New coupon", func(products []catalog.Product) ui.Form { return t.form(couponsAt, couponsAt, false, products) })
}

func (a *area) couponCreate(w http.ResponseWriter, r *http.Request) error {
	t := couponFromForm(r)
	in, bad := t.read()
	whole := ""
	if len(bad) == 0 {
		c, err := a.Coupons.Create(r.Context(), in)
		if err == nil {
			return done(w, r, couponsAt+"/"+c.ID, c.Code+" was created.")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.couponForm(w, r, http.StatusUnprocessableEntity, "New coupon", func(products []catalog.Product) ui.Form {
		return ui.WithErrors(t.form(couponsAt, couponsAt, false, products), couponErrors(bad), whole)
	})
}

// couponEditing is the form that edits c, showing what is typed.
func couponEditing(c coupon.Coupon, t typedCoupon, version int64) func(products []catalog.Product) ui.Form {
	// What can't be changed isn't sent.
	is := typedAs(c)
	t.code, t.kind, t.value, t.charges = is.code, is.kind, is.value, is.charges
	if c.Kind == coupon.Fixed {
		t.currency = is.currency
	}
	return func(products []catalog.Product) ui.Form {
		at := couponsAt + "/" + c.ID
		return editing(t.form(at, at, true, products), version)
	}
}

func (a *area) couponEdit(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Coupons.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t := typedAs(c)
	if t.currency == "" {
		s, err := a.Settings.Get(r.Context())
		if err != nil {
			return err
		}
		t.currency = string(s.Currency)
	}
	return a.couponForm(w, r, http.StatusOK, "Edit "+c.Code, couponEditing(c, t, c.Version))
}

func (a *area) couponUpdate(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Coupons.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	typed := couponFromForm(r)
	is := typedAs(c)
	read := typed
	read.kind, read.value, read.charges = string(coupon.Percent), "1", is.charges // what is taken off is not sent
	if c.Kind == coupon.Fixed {
		read.currency = is.currency
	}
	in, bad := read.read()
	again := func(status int, bad map[string]string, whole string) error {
		return a.couponForm(w, r, status, "Edit "+c.Code, func(products []catalog.Product) ui.Form {
			return ui.WithErrors(couponEditing(c, typed, version)(products), couponErrors(bad), whole)
		})
	}
	if len(bad) > 0 {
		return again(http.StatusUnprocessableEntity, bad, "")
	}
	status := coupon.Active
	if typed.archived {
		status = coupon.Archived
	}
	_, err = a.Coupons.Update(r.Context(), c.ID, coupon.Patch{
		Name: &in.Name, ProductIDs: &in.ProductIDs, Cycles: &in.Cycles, StartsOn: &in.StartsOn, EndsOn: &in.EndsOn, MaxUses: &in.MaxUses,
		PerCustomer: &in.PerCustomer, Minimum: &in.Minimum, NewCustomers: &in.NewCustomers, Status: &status, Version: version,
	})
	if err == nil {
		return done(w, r, couponsAt+"/"+c.ID, c.Code+" was saved.")
	}
	if changedMeanwhile(err) {
		if c, err = a.Coupons.ByID(r.Context(), c.ID); err != nil {
			return err
		}
		return a.couponForm(w, r, http.StatusConflict, "Edit "+c.Code, func(products []catalog.Product) ui.Form {
			return besideNow(couponEditing(c, typed, c.Version)(products), couponEditing(c, typedAs(c), c.Version)(products))
		})
	}
	bad, whole, ok := fieldErrors(err)
	if !ok {
		return err
	}
	return again(http.StatusUnprocessableEntity, bad, whole)
}
