package shop

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web/ui"
)

// cartChange does what a button of the cart says.
func (s *shop) cartChange(w http.ResponseWriter, r *http.Request) error {
	c, f := s.cart(r), r.PostFormValue
	var said string
	switch act := f("act"); {
	case f("remove") != "":
		c.remove(f("remove"))
	case f("take") != "":
		if err := s.takeNewPrice(r, &c, f("take")); err != nil {
			return err
		}
	case act == "coupon":
		said = s.applyCode(r, &c, f("coupon"))
	case act == "uncoupon":
		c.Coupon = ""
	case act == "place":
		c.Country, c.State = place(f("country"), f("state"))
	default:
		said = updateQuantities(r, &c)
	}
	if err := s.keepCart(w, r, c); err != nil {
		return err
	}
	if said != "" {
		flash.Say(w, r, "/cart", ui.Danger, said)
		return nil
	}
	return redirect(w, r, "/cart")
}

// updateQuantities takes over what was typed, and says what of it is no quantity.
func updateQuantities(r *http.Request, c *cart) (wrong string) {
	for i := range c.Items {
		item := &c.Items[i]
		if item.Domain.Name != "" {
			continue // a domain is there once
		}
		typed, sent := r.PostForm["quantity."+item.key()]
		if !sent {
			continue // of a cart that has changed in another window
		}
		n, err := strconv.ParseInt(strings.TrimSpace(typed[0]), 10, 64)
		if err != nil || n < 0 || n > maxQuantity {
			wrong = "A quantity is a whole number between 1 and " + ui.Number(maxQuantity) + "."
			continue
		}
		item.Quantity = n
	}
	for i := len(c.Items) - 1; i >= 0; i-- {
		if c.Items[i].Quantity == 0 {
			c.remove(c.Items[i].key())
		}
	}
	return wrong
}

// takeNewPrice agrees to the price that is on sale in place of the one in the cart.
func (s *shop) takeNewPrice(r *http.Request, c *cart, key string) error {
	at := c.find(key)
	if at < 0 {
		return nil
	}
	g, err := s.goods(r.Context(), c.Items[at].Price)
	if err != nil {
		return err
	}
	now, ok, err := s.newest(r.Context(), g)
	if err != nil || !ok {
		return err
	}
	item := c.Items[at]
	item.Price = now.price.ID
	c.remove(key)
	return c.put(item)
}

// applyCode takes a coupon into the cart, which says what it takes off, or why it can't be used.
func (s *shop) applyCode(r *http.Request, c *cart, code string) (wrong string) {
	code, err := text.Line(code, maxCode)
	switch {
	case err != nil:
		return "This is not a coupon code."
	case code == "":
		c.Coupon = ""
		return ""
	}
	if err := s.limits.spend(s.limits.codes, r); err != nil {
		return fail.Of(err).Detail
	}
	c.Coupon = code
	return ""
}

// place keeps of what was typed what can be a place.
func place(country, state string) (string, string) {
	country = strings.ToUpper(strings.TrimSpace(country))
	if len(country) != 2 || strings.ContainsFunc(country, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		country = ""
	}
	state, err := text.Line(state, maxState)
	if err != nil {
		state = ""
	}
	return country, state
}
