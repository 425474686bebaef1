package shop

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web/ui"
)

var (
	errLink     = fail.Malformed("BUY_LINK", "This link to buy is not complete.")
	errSoldOut  = fail.Gone("NOT_ON_SALE", "This is not sold any more.")
	errCurrency = errors.New("the cart is in another currency")
)

// buyLink is what a link to buy asks for.
type buyLink struct {
	item   cartItem
	coupon string
	fresh  bool // with an empty cart
}

// readBuyLink reads /buy/{price}?quantity=&license=&coupon=&fresh=.
func readBuyLink(r *http.Request) (buyLink, error) {
	q := r.URL.Query()
	l := buyLink{
		item:  cartItem{Price: r.PathValue("price"), Quantity: 1, License: q.Get("license")},
		fresh: q.Get("fresh") != "",
	}
	var err error
	if l.coupon, err = text.Line(q.Get("coupon"), maxCode); err != nil {
		return buyLink{}, errLink
	}
	if n := q.Get("quantity"); n != "" {
		if l.item.Quantity, err = strconv.ParseInt(n, 10, 64); err != nil {
			return buyLink{}, errLink
		}
	}
	if !text.IsID(l.item.Price) || (l.item.License != "" && !text.IsID(l.item.License)) ||
		l.item.Quantity < 1 || l.item.Quantity > maxQuantity {
		return buyLink{}, errLink
	}
	return l, nil
}

// buy puts what a link asks for into the cart. Following the link again changes nothing.
func (s *shop) buy(w http.ResponseWriter, r *http.Request) error {
	l, err := readBuyLink(r)
	if err != nil {
		return err
	}
	g, err := s.goods(r.Context(), l.item.Price)
	if err != nil {
		return err
	}
	changed := false
	if !g.onSale() {
		// Links live on in pages and mails after a price has changed.
		if g, changed, err = s.newest(r.Context(), g); err != nil {
			return err
		}
		if !changed {
			return errSoldOut
		}
		l.item.Price = g.price.ID
	}
	if l.item.License == "" && (g.plan.Kind == catalog.KindAddon || g.plan.LicenseType == catalog.Development) {
		return s.chooseLicense(w, r, g, l)
	}
	if l.item.License != "" && visitorOf(r).customer == nil {
		return s.askSignIn(w, r, g, "This is for a license of yours. Sign in first.")
	}
	c := s.cart(r)
	if l.fresh {
		c.Items, c.Coupon = nil, ""
	}
	if err := s.sameCurrency(r, c, g); err != nil {
		if errors.Is(err, errCurrency) {
			return s.askFresh(w, r, g)
		}
		return err
	}
	if err := c.put(l.item); err != nil {
		return err
	}
	if l.coupon != "" && l.coupon != c.Coupon {
		if err := s.limits.spend(s.limits.codes, r); err != nil {
			return err
		}
		c.Coupon = l.coupon
	}
	if err := s.keepCart(w, r, c); err != nil {
		return err
	}
	if changed {
		flash.Say(w, r, "/cart", ui.Info, "The price has changed since your link was made. It is "+priced(g.price)+" now.")
		return nil
	}
	return redirect(w, r, "/cart")
}

// sameCurrency fails with errCurrency if the cart holds something in another currency than goods.
func (s *shop) sameCurrency(r *http.Request, c cart, g goods) error {
	for _, i := range c.Items {
		p, err := s.Catalog.Price(r.Context(), i.Price)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if p.Money.Currency != g.price.Money.Currency {
			return errCurrency
		}
	}
	return nil
}

// askFresh asks what is to become of a cart in another currency.
func (s *shop) askFresh(w http.ResponseWriter, r *http.Request, g goods) error {
	v := gateView{Page: s.page(w, r, "Another currency", "cart"), Heading: "Your cart is in another currency"}
	v.Lead = g.product.Name + " – " + g.plan.Name + " is sold in " + string(g.price.Money.Currency) + ". One order has one currency."
	v.Buttons = []ui.Button{
		{Label: "Empty the cart and take this", Href: ui.URLWith(r.URL, "fresh", "1"), Kind: ui.Primary},
		{Label: "Keep the cart", Href: "/cart"},
	}
	return s.gate(w, http.StatusConflict, v)
}

// askSignIn asks who wants goods that are for a license; the link that led here leads on.
func (s *shop) askSignIn(w http.ResponseWriter, r *http.Request, g goods, lead string) error {
	v := gateView{Page: s.page(w, r, g.plan.Name, "products"), Heading: g.product.Name + " – " + g.plan.Name, Lead: lead}
	v.Buttons = []ui.Button{
		{Label: "Sign in", Href: "/account/sign-in?" + url.Values{"next": {r.URL.RequestURI()}}.Encode(), Kind: ui.Primary},
		{Label: "Back to " + g.product.Name, Href: "/products/" + g.product.Slug},
	}
	return s.gate(w, http.StatusOK, v)
}

// chooseLicense asks for which license an add-on is.
func (s *shop) chooseLicense(w http.ResponseWriter, r *http.Request, g goods, l buyLink) error {
	me := visitorOf(r)
	if me.customer == nil {
		return s.askSignIn(w, r, g, "This adds to a license of yours. Sign in, so that you can choose which one.")
	}
	v := gateView{Page: s.page(w, r, g.plan.Name, "products"), Heading: g.product.Name + " – " + g.plan.Name}
	owned, _, err := s.Licenses.List(r.Context(), license.Filter{CustomerID: me.id(), ProductID: g.product.ID, Limit: page.Longest})
	if err != nil {
		return err
	}
	var choices []ui.Option
	for _, own := range owned {
		if suits(g.plan, own) {
			choices = append(choices, ui.Option{Value: own.ID, Label: own.PlanName, Hint: "Key " + own.Key})
		}
	}
	if len(choices) == 0 {
		v.Lead = "This adds to a license of " + g.product.Name + ", and you have none that it could be for."
		v.Buttons = []ui.Button{{Label: "See the plans", Href: "/products/" + g.product.Slug, Kind: ui.Primary}}
		return s.gate(w, http.StatusOK, v)
	}
	v.Lead = "For which of your licenses is it?"
	v.Choose = &chooser{
		Action: r.URL.EscapedPath(), Submit: "Add to cart",
		Field:  ui.Field{Kind: ui.InputRadio, Name: "license", Label: "License", Value: choices[0].Value, Required: true, Options: choices},
		Hidden: []ui.Hidden{{Name: "quantity", Value: strconv.FormatInt(l.item.Quantity, 10)}, {Name: "coupon", Value: l.coupon}},
	}
	return s.gate(w, http.StatusOK, v)
}

// suits reports whether a plan that is bought for a license can be for this one. The order decides in any case.
func suits(p catalog.Plan, own license.License) bool {
	switch {
	case p.Kind == catalog.KindLicense:
		return own.Type == license.Purchased && own.Status == license.Active
	case !p.Support.IsZero() && own.UpdatesUntil == nil:
		return false
	}
	return own.Status == license.Active || own.Status == license.Suspended
}
