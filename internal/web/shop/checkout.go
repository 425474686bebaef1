package shop

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// beginCheckout is what both sides of the checkout begin with. ok is false if the cart must be looked at first; then it
// has answered.
func (s *shop) beginCheckout(w http.ResponseWriter, r *http.Request) (c checkout, ok bool, err error) {
	c = checkout{who: visitorOf(r), ticked: map[string]bool{}, bad: map[string]string{}}
	if c.who.acting() {
		return c, false, errActing
	}
	c.basket.cart = s.cart(r)
	if len(c.basket.cart.Items) == 0 {
		return c, false, redirect(w, r, "/cart")
	}
	if c.now, err = s.Settings.Get(r.Context()); err != nil {
		return c, false, err
	}
	c.options, err = s.payOptions(r.Context(), c.who)
	return c, err == nil, err
}

// buyer is for whom the checkout is.
func (c checkout) buyer() buyer {
	if c.who.customer != nil {
		return buyer{customerID: c.who.id()}
	}
	return buyer{guest: c.typed.without(c.bad).guest()}
}

func (s *shop) checkoutPage(w http.ResponseWriter, r *http.Request) error {
	c, ok, err := s.beginCheckout(w, r)
	if err != nil || !ok {
		return err
	}
	c.key = crypt.Token("")
	c.typed = details{country: c.basket.cart.Country, state: c.basket.cart.State}
	if c.who.customer != nil {
		c.typed = detailsOf(*c.who.customer)
	}
	if c.typed.country == "" {
		c.typed.country = c.now.TaxCountry
	}
	if c.basket, err = s.look(r.Context(), c.basket.cart, c.buyer()); err != nil {
		return err
	}
	if !c.basket.ready() {
		return redirect(w, r, "/cart") // which says why
	}
	return s.renderCheckout(w, r, http.StatusOK, c)
}

// leastKey is how long the key of a request is at least: nobody else's can be guessed.
const leastKey = 40

// checkoutSend places the order, or shows what keeps it from being placed.
func (s *shop) checkoutSend(w http.ResponseWriter, r *http.Request) error {
	if err := s.limits.spend(s.limits.checkouts, r); err != nil {
		return err
	}
	f := r.PostFormValue
	if kept, ok := s.receiptOf(r, f("key")); ok {
		return redirect(w, r, statePath(kept.Order)) // this form was sent before
	}
	c, ok, err := s.beginCheckout(w, r)
	if err != nil || !ok {
		return err
	}
	c.typed, c.pay, c.save, c.key = typedDetails(r), f("pay"), f("save") != "", f("key")
	for _, k := range consents(c.now) {
		c.ticked[k.field()] = f(k.field()) != ""
	}
	if c.who.customer != nil {
		c.typed.email = c.who.customer.Email
		if f("version") == "" { // the form is of a guest who has signed in meanwhile
			c.typed = detailsOf(*c.who.customer)
			c.said = &ui.Callout{Tone: ui.Info, Title: "You are signed in now", Text: "These are the details of your account. Look through them, and place the order."}
		}
	}
	c.bad = c.typed.validate(c.now)
	if c.basket.cart.registers() {
		c.typed.lacking(c.bad)
	}
	if len(c.bad) == 0 {
		if err := s.saveDetails(r, &c); err != nil {
			return err
		}
	}
	if c.basket, err = s.look(r.Context(), c.basket.cart, c.buyer()); err != nil {
		return err
	}
	if !c.basket.ready() {
		return s.changed(w, r, c)
	}
	if f("act") == "update" {
		return s.renderCheckout(w, r, http.StatusOK, c.withoutEmpty())
	}
	given := s.check(r, &c)
	if len(c.bad) > 0 || c.said != nil {
		return s.renderCheckout(w, r, http.StatusUnprocessableEntity, c)
	}
	return s.place(w, r, c, given)
}

// changed leads back to a cart that can't be ordered any more. Where this form itself has ordered what is in it, and the answer
// to it was lost, such as by a second click, it leads to that order.
func (s *shop) changed(w http.ResponseWriter, r *http.Request, c checkout) error {
	if len(c.key) >= leastKey {
		sent, found, err := s.Orders.Sent(r.Context(), c.key, c.who.id(), c.typed.email)
		if err != nil {
			return err
		}
		if found {
			if err := s.keep(w, r, c, sent.Order.ID, sent.Secret); err != nil {
				return err
			}
			return redirect(w, r, statePath(sent.Order.ID))
		}
	}
	flash.Say(w, r, "/cart", ui.Warn, "Something in your cart has changed. Please look at it before you order.")
	return nil
}

// keep gives the browser the receipt of an order, in the place of what was in the cart.
func (s *shop) keep(w http.ResponseWriter, r *http.Request, c checkout, orderID, secret string) error {
	if err := s.keepReceipt(w, r, receipt{Order: orderID, Secret: secret, Key: c.key}); err != nil {
		return err
	}
	left := c.basket.cart
	left.Items, left.Coupon = nil, ""
	return s.keepCart(w, r, left)
}

// withoutEmpty leaves out what is said about fields that were not filled in yet, for somebody who is still typing.
func (c checkout) withoutEmpty() checkout {
	filled := map[string]bool{
		"email": c.typed.email != "", "name": c.typed.name != "", "country": c.typed.country != "", "address": c.typed.address != "",
		"company": true, "state": true, "tax_id": true,
	}
	for name := range c.bad {
		if !filled[name] {
			delete(c.bad, name)
		}
	}
	return c
}

// saveDetails takes over what a customer who is signed in has changed about themselves.
func (s *shop) saveDetails(r *http.Request, c *checkout) error {
	if c.who.customer == nil {
		return nil
	}
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil || version < 1 {
		version = math.MaxInt64 // none that a customer has had
	}
	p, differs := c.typed.changes(*c.who.customer, version)
	if !differs {
		return nil
	}
	saved, err := s.Customers.Update(r.Context(), c.who.id(), p)
	if err != nil {
		byField, whole, ok := explained(err)
		if !ok {
			return err
		}
		c.bad = byField
		if whole != "" {
			c.said = &ui.Callout{Tone: ui.Warn, Title: "Your details were changed elsewhere meanwhile", Text: "Look through them, and place the order if they are right."}
		}
		return nil
	}
	c.who.customer = &saved
	return nil
}

// check looks through what was sent with an order: how it is paid, the boxes, and whether it shows what holds now.
func (s *shop) check(r *http.Request, c *checkout) (given []order.Consent) {
	if _, ok := chosen(c.options, c.pay); !ok && !c.basket.free() {
		c.bad["pay"] = "Choose how you want to pay."
	}
	given, missing := agreed(r, c.now)
	for _, k := range missing {
		c.bad[k.field()] = "Please tick this box: without it we can't take your order."
	}
	was, now := r.PostFormValue("seen"), seen(c.basket)
	switch {
	case c.said != nil:
	case c.who.customer == nil && r.PostFormValue("version") != "":
		c.said = &ui.Callout{
			Tone: ui.Warn, Title: "You are not signed in any more", Text: "Sign in again, or place the order as a guest.",
			Actions: []ui.Button{{Label: "Sign in", Href: "/account/sign-in?next=/checkout", Small: true}},
		}
	case len(c.key) < leastKey:
		c.key = crypt.Token("")
		c.said = &ui.Callout{Tone: ui.Warn, Title: "Please send the order once more", Text: "The form was not complete."}
	case was != now:
		c.said = changedCallout(was, now, c.basket)
	case r.PostFormValue("texts") != consentDigest(c.now):
		c.ticked = map[string]bool{}
		c.said = &ui.Callout{Tone: ui.Warn, Title: "Our terms have changed since this page was shown", Text: "Please read them and order again."}
	}
	return given
}

// changedCallout says that the price is another than the one that was shown.
func changedCallout(was, now string, b basket) *ui.Callout {
	c := &ui.Callout{Tone: ui.Warn, Title: "The total has changed", Text: "It is " + show(b.quote.Invoice.Total) + " now. Look at the summary, and place the order if you agree."}
	before, _, _ := strings.Cut(was, " ")
	after, _, _ := strings.Cut(now, " ")
	if before == after {
		c.Title, c.Text = "What you order has changed", "Look at the summary, and place the order if you agree."
	}
	return c
}

// place takes the order, and goes on to its payment.
func (s *shop) place(w http.ResponseWriter, r *http.Request, c checkout, given []order.Consent) error {
	if err := s.limits.mailbox(r, c.typed.email); err != nil {
		return s.notTaken(w, r, c, err)
	}
	by, _ := chosen(c.options, c.pay)
	in := c.basket.order()
	in.Gateway, in.Consents, in.RequestKey = by.gateway, given, c.key
	o, secret, err := s.take(r.Context(), c, in)
	if err != nil {
		return s.notTaken(w, r, c, err)
	}
	if err := s.keep(w, r, c, o.ID, secret); err != nil {
		return err
	}
	if o.Total != c.basket.quote.Invoice.Total {
		// Something changed in the very moment. Nothing is taken that was not shown.
		return redirect(w, r, statePath(o.ID))
	}
	return s.collect(w, r, o, secret, collection{by: by, save: c.save || c.basket.recurs(), key: "checkout " + c.key})
}

// take places the order and returns it with the secret of its thank-you page.
func (s *shop) take(ctx context.Context, c checkout, in order.Input) (order.Order, string, error) {
	if c.who.customer == nil {
		receipt, err := s.Orders.Checkout(ctx, c.typed.guest(), in)
		return receipt.Order, receipt.Secret, err
	}
	in.CustomerID = c.who.id()
	o, err := s.Orders.Place(ctx, in)
	if err != nil {
		return order.Order{}, "", err
	}
	secret, err := s.Orders.ThankYouLink(ctx, o.ID)
	return o, secret, err
}

// notTaken shows why an order was not placed.
func (s *shop) notTaken(w http.ResponseWriter, r *http.Request, c checkout, err error) error {
	byField, whole, ok := explained(err)
	if !ok {
		return err
	}
	for name, message := range byField {
		if name == "coupon" || strings.HasPrefix(name, "items") {
			return s.changed(w, r, c)
		}
		c.bad[name] = message
	}
	c.said = &ui.Callout{Tone: ui.Danger, Title: "The order was not placed", Text: whole}
	if fail.Of(err).Code == "REQUEST_KEY_REUSED" {
		c.key = crypt.Token("")
		c.said = &ui.Callout{
			Tone: ui.Warn, Title: "You have sent this page before", Text: "An order was placed from it already. If you want to order again, look through the page and send it once more.",
			Actions: []ui.Button{{Label: "See that order", Href: "/checkout/return", Small: true}},
		}
	}
	return s.renderCheckout(w, r, web.FormStatus(w, err), c)
}
