package shop

import (
	"net/http"
	"strconv"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web/ui"
)

// details are who buys, as typed.
type details struct {
	email, name, company, country, state, address, taxID string
}

func typedDetails(r *http.Request) details {
	f := r.PostFormValue
	return details{f("email"), f("name"), f("company"), f("country"), f("state"), f("address"), f("tax_id")}
}

func detailsOf(c customer.Customer) details {
	return details{c.Email, c.Name, c.Company, c.Country, c.State, c.Address, c.TaxID}
}

// without leaves out the fields that are wrong: what can't be stored must not be asked about, either.
func (d details) without(bad map[string]string) details {
	for name, field := range map[string]*string{
		"email": &d.email, "name": &d.name, "company": &d.company, "country": &d.country, "state": &d.state, "address": &d.address, "tax_id": &d.taxID,
	} {
		if bad[name] != "" {
			*field = ""
		}
	}
	return d
}

func (d details) guest() order.Guest {
	return order.Guest{Email: d.email, Name: d.name, Company: d.company, Country: d.country, State: d.state, Address: d.address, TaxID: d.taxID}
}

// validate reports what is wrong with the details, and brings them into the form in which they are stored. The country
// is needed where the tax depends on it.
func (d *details) validate(now *setting.Settings) map[string]string {
	in := customer.Input{Email: d.email, Name: d.name, Company: d.company, Country: d.country, State: d.state, Address: d.address, TaxID: d.taxID}
	bad := map[string]string{}
	if err := in.Validate(); err != nil {
		bad, _, _ = explained(err)
	}
	d.email, d.name, d.company, d.country, d.state, d.address, d.taxID = in.Email, in.Name, in.Company, in.Country, in.State, in.Address, in.TaxID
	if taxed(now) && d.country == "" {
		bad["country"] = "is needed for the tax"
	}
	return bad
}

// lacking reports what a registry wants to know of the holder of a new domain, and would not be asked without.
func (d details) lacking(bad map[string]string) {
	for _, name := range (domainname.Registrant{Address: d.address, Country: d.country}).Lacking() {
		if bad[name] == "" {
			bad[name] = domainname.HolderNeeded
		}
	}
}

// changes are what differs from a customer, who had a version when the form was made.
func (d details) changes(c customer.Customer, version int64) (p customer.Patch, differs bool) {
	was := detailsOf(c)
	was.email = d.email // signing in goes by it: it is not changed here
	if d == was {
		return customer.Patch{}, false
	}
	return customer.Patch{
		Name: &d.name, Company: &d.company, Country: &d.country, State: &d.state, Address: &d.address, TaxID: &d.taxID, Version: version,
	}, true
}

// checkout is the checkout as it is shown: what is known, what was typed, and what is wrong with it.
type checkout struct {
	now     *setting.Settings
	who     visitor
	basket  basket
	options []payOption
	typed   details
	pay     string
	save    bool
	ticked  map[string]bool
	key     string            // of the request: the same form sent twice is one order
	bad     map[string]string // by field
	said    *ui.Callout       // about the whole
}

type checkoutView struct {
	ui.Page
	Head     ui.Head
	Steps    ui.Steps
	Said     []ui.Callout
	Problems []ui.Field
	Hidden   []ui.Hidden
	SignIn   string // where to; empty: somebody is signed in
	Contact  []ui.Field
	Address  []ui.Field
	Pay      *ui.Field
	Keep     *ui.Field
	PayNote  string
	Consents []consentField
	Summary  summary
	Taxed    bool // the total depends on the address
	Submit   string
}

// consentField is the box of a consent, with a link in what it says.
type consentField struct {
	ui.Field
	Before, LinkName, Href, After string
}

func (c checkout) contact() []ui.Field {
	email := ui.Field{Kind: ui.InputEmail, Name: "email", Label: "E-mail", Value: c.typed.email, Required: true, MaxLength: 254, Autocomplete: "email", Hint: "We write to you there, and send the invoice."}
	if c.who.customer != nil {
		email.Value, email.ReadOnly, email.Required, email.Hint = c.who.customer.Email, true, false, "You are signed in with it."
	}
	return []ui.Field{email, {Name: "name", Label: "Name", Value: c.typed.name, Required: true, MaxLength: 255, Autocomplete: "name"}}
}

func (c checkout) address() []ui.Field {
	where, holds := "Street and place, as they are to stand on the invoice.", c.basket.cart.registers()
	if c.basket.newDomains() {
		where = "Street and place, as they are to stand on the invoice. The registry is told that you hold the domain, at this address."
	}
	return []ui.Field{
		{Name: "company", Label: "Company", Value: c.typed.company, Optional: true, MaxLength: 255, Autocomplete: "organization"},
		{Name: "tax_id", Label: "VAT number or tax id", Value: c.typed.taxID, Optional: true, MaxLength: 64},
		{Kind: ui.InputTextarea, Name: "address", Label: "Address", Value: c.typed.address, Required: holds, Optional: !holds, MaxLength: 1000, Rows: 3, Autocomplete: "street-address", Hint: where},
		{Kind: ui.InputSelect, Name: "country", Label: "Country", Value: c.typed.country, Required: taxed(c.now) || holds, Optional: !taxed(c.now) && !holds, Options: ui.CountryOptions("Choose your country", c.typed.country), Autocomplete: "country"},
		{Name: "state", Label: "State or province", Value: c.typed.state, Optional: true, MaxLength: maxState, Autocomplete: "address-level1"},
	}
}

func (c checkout) consents() []consentField {
	var out []consentField
	for _, k := range consents(c.now) {
		f := consentField{Before: k.before, LinkName: k.name, Href: k.url, After: k.after}
		f.Field = ui.Field{Kind: ui.InputCheckbox, Name: k.field(), Label: capital(k.kind), Required: true, Checked: c.ticked[k.field()]}
		out = append(out, f)
	}
	return out
}

// marked puts what is wrong at its fields.
func (c checkout) marked(fields []ui.Field) []ui.Field {
	for i := range fields {
		fields[i].Error = c.bad[fields[i].Name]
	}
	return fields
}

// seen is the price that the form shows. It comes back with the form, and is only ever compared: what is taken is the
// price of that moment, and only if it is the same.
func seen(b basket) string {
	inv := b.quote.Invoice
	parts := []string{inv.Total.String(), inv.Tax.String(), b.quote.Discount.String()}
	for _, l := range inv.Lines {
		parts = append(parts, l.Description, strconv.FormatInt(l.Quantity, 10), l.Amount.String())
	}
	for _, l := range b.quote.Later {
		parts = append(parts, string(l.Cycle), l.Amount.String(), l.Reduced.String(), strconv.FormatInt(l.ReducedFor, 10))
	}
	return inv.Total.Decimal() + " " + digest(parts...)
}

func (s *shop) renderCheckout(w http.ResponseWriter, r *http.Request, status int, c checkout) error {
	v := checkoutView{Page: s.page(w, r, "Checkout", "cart"), Head: ui.Head{Title: "Checkout"}}
	if c.said != nil {
		v.Said = append(v.Said, *c.said)
	}
	if c.basket.coupon != "" {
		v.Said = append(v.Said, ui.Callout{Tone: ui.Warn, Title: "The coupon " + c.basket.cart.Coupon + " is not used", Text: c.basket.coupon})
	}
	v.Steps = ui.Steps{Items: []ui.Step{{Label: "Cart", State: "done"}, {Label: "Details and payment", State: "current"}, {Label: "Done"}}}
	v.Contact, v.Address = c.marked(c.contact()), c.marked(c.address())
	v.Hidden = []ui.Hidden{{Name: "key", Value: c.key}, {Name: "seen", Value: seen(c.basket)}, {Name: "texts", Value: consentDigest(c.now)}}
	if c.who.customer == nil {
		v.SignIn = "/account/sign-in?next=/checkout"
	} else {
		v.Hidden = append(v.Hidden, ui.Hidden{Name: "version", Value: strconv.FormatInt(c.who.customer.Version, 10)})
	}
	v.Consents, v.Taxed = c.consents(), taxed(c.now)
	var err error
	if v.Summary, err = s.summary(r.Context(), c.basket.quote); err != nil {
		return err
	}
	v.Submit = "Place the order"
	if c.basket.free() {
		v.PayNote = "There is nothing to pay today."
		if c.who.customer == nil && c.basket.tries() {
			v.PayNote += " The trial goes on after its end only if a card is saved in your account by then; otherwise it ends by itself."
		}
	} else {
		v.Submit = "Place the order and pay " + show(c.basket.quote.Invoice.Total)
		v.Pay, v.Keep, v.PayNote = c.payment()
	}
	v.Problems = c.problems(&v)
	return s.pages.Render(w, status, "checkout", v)
}

// payment asks how to pay. A card for what is paid again is always kept; else whoever has an account may choose.
func (c checkout) payment() (pay, keep *ui.Field, note string) {
	field := payField(c.options, c.pay)
	field.Error = c.bad[field.Name]
	switch {
	case c.basket.recurs():
		note = "If you pay by card, it is kept for the renewals. You can remove it in your account."
	case c.who.customer != nil:
		keep = &ui.Field{Kind: ui.InputCheckbox, Name: "save", Label: "Keep a new card for my next order", Checked: c.save}
	}
	return &field, keep, note
}

// problems are all fields with an error, for the list on top.
func (c checkout) problems(v *checkoutView) []ui.Field {
	fields := append(append([]ui.Field{}, v.Contact...), v.Address...)
	if v.Pay != nil {
		fields = append(fields, *v.Pay)
	}
	for i := range v.Consents {
		v.Consents[i].Error = c.bad[v.Consents[i].Name]
		fields = append(fields, v.Consents[i].Field)
	}
	var out []ui.Field
	for _, f := range fields {
		if f.Error != "" {
			out = append(out, f)
		}
	}
	return out
}
