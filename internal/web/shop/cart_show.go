package shop

import (
	"context"
	"net/http"
	"strconv"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web/ui"
)

type cartView struct {
	ui.Page
	Head    ui.Head
	Empty   *ui.Empty
	Rows    []cartRow
	Counted bool // something in it has a quantity
	Summary *summary
	Code    ui.Field // the coupon
	HasCode bool     // one is in force
	Place   []ui.Field
	Ready   bool
}

// cartRow is an item of the cart as it is shown.
type cartRow struct {
	Key, Name, Href string
	Details         []string
	Amount          string
	Problem         string
	Instead         string // the label of the button that takes the new price
	Quantity        ui.Field
	Fixed           string     // in the place of a quantity: a term
	Action          *ui.Button // that may help with a problem
}

// taxed reports whether the tax depends on where the buyer is.
func taxed(now *setting.Settings) bool { return now.TaxMode != "off" }

// buyerOf is for whom the cart of a request is looked up.
func (s *shop) buyerOf(r *http.Request, c cart, now *setting.Settings) buyer {
	if me := visitorOf(r); me.customer != nil {
		return buyer{customerID: me.id()}
	}
	who := buyer{guest: order.Guest{Country: c.Country, State: c.State}}
	if who.guest.Country == "" {
		who.guest.Country = now.TaxCountry
	}
	return who
}

func (s *shop) cartShow(w http.ResponseWriter, r *http.Request) error {
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	c := s.cart(r)
	who := s.buyerOf(r, c, now)
	b, err := s.look(r.Context(), c, who)
	if err != nil {
		return err
	}
	v := cartView{Page: s.page(w, r, "Cart", "cart"), Head: ui.Head{Title: "Your cart"}, Ready: b.ready()}
	if len(b.rows) == 0 {
		v.Empty = &ui.Empty{
			Art: "box", Title: "Your cart is empty", Text: "What you choose waits here until you order it.",
			Action: &ui.Button{Label: "See the products", Href: "/", Kind: ui.Primary},
		}
		return s.pages.Render(w, http.StatusOK, "cart", v)
	}
	for _, row := range b.rows {
		if row.Domain.Name != "" {
			v.Rows = append(v.Rows, domainRowOf(row))
		} else {
			v.Rows, v.Counted = append(v.Rows, cartRowOf(row)), true
		}
	}
	if b.quoted {
		sum, err := s.summary(r.Context(), b.quote)
		if err != nil {
			return err
		}
		v.Summary = &sum
	}
	v.HasCode = c.Coupon != "" && b.coupon == ""
	v.Code = ui.Field{Name: "coupon", Label: "Coupon code", Value: c.Coupon, Error: b.coupon, MaxLength: maxCode, Autocomplete: "off"}
	if taxed(now) && who.customerID == "" {
		if v.Place, err = s.placeFields(r.Context(), who.guest.Country, who.guest.State); err != nil {
			return err
		}
	}
	return s.pages.Render(w, http.StatusOK, "cart", v)
}

// placeFields ask where the buyer is, as far as taxes depend on it.
func (s *shop) placeFields(ctx context.Context, country, state string) ([]ui.Field, error) {
	fields := []ui.Field{
		{Kind: ui.InputSelect, Name: "country", Label: "Country", Value: country, Options: ui.CountryOptions("Choose your country", country), Autocomplete: "country"},
	}
	rates, err := s.Billing.TaxRates(ctx)
	if err != nil {
		return nil, err
	}
	for _, rate := range rates {
		if rate.Country == country && rate.State != "" {
			return append(fields, ui.Field{Name: "state", Label: "State or province", Value: state, Optional: true, MaxLength: maxState, Autocomplete: "address-level1"}), nil
		}
	}
	return fields, nil
}

func cartRowOf(r row) cartRow {
	v := cartRow{
		Key: r.key(), Name: r.product.Name + " – " + r.plan.Name, Href: "/products/" + r.product.Slug, Problem: r.problem,
		Quantity: ui.Field{
			Kind: ui.InputNumber, Name: "quantity." + r.key(), Label: "Quantity of " + r.product.Name + " – " + r.plan.Name,
			Value: strconv.FormatInt(r.Quantity, 10), Min: "1", Max: strconv.Itoa(maxQuantity), Scope: r.key(),
		},
	}
	if r.instead != nil {
		v.Instead = "Take it for " + priced(r.instead.price)
	}
	if r.problem != "" {
		return v
	}
	v.Amount = show(r.amount())
	v.Details = append(v.Details, priced(r.price))
	if t := r.sold; t.TrialDays > 0 {
		trial := civil.Span{Count: int(t.TrialDays), Unit: civil.Day}.String()
		if t.TrialMoney.Amount == 0 {
			v.Details = append(v.Details, "first "+trial+" free")
		} else {
			v.Details = append(v.Details, "first "+trial+" for "+brief(t.TrialMoney))
		}
	} else if r.price.TrialDays > 0 {
		v.Details = append(v.Details, "without a trial: there is one for each customer and product")
	}
	if r.sold.SetupFee.Amount > 0 {
		v.Details = append(v.Details, "plus "+brief(r.sold.SetupFee)+" once for the set-up")
	}
	if r.License != "" {
		v.Details = append(v.Details, "for a license of yours")
	}
	return v
}
