package shop

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web"
)

const (
	cartName = "keystead_cart"
	cartLife = 30 * 24 * time.Hour
	// maxItems keeps the cookie below the 4096 bytes that every browser takes.
	maxItems    = 20
	maxSize     = 2500 // of the items, before they are sealed
	maxQuantity = 100_000
	maxCode     = 64 // of a coupon, in characters
	maxState    = 64
)

// cart is what a visitor has chosen. It names prices and holds none, so that nobody can change what they say.
type cart struct {
	Items  []cartItem `json:"items,omitzero"`
	Coupon string     `json:"coupon,omitzero"`
	// Country and State are where the buyer is, for the tax, until the checkout knows better.
	Country string `json:"country,omitzero"`
	State   string `json:"state,omitzero"`
}

// cartItem is so many of a price, for a license if it is an add-on or a renewal; or what is done to a domain.
type cartItem struct {
	Price    string     `json:"p,omitzero"`
	Quantity int64      `json:"q"`
	License  string     `json:"l,omitzero"`
	Domain   cartDomain `json:"d,omitzero"`
}

// key tells the items of a cart apart. A domain is in it once, whatever is done to it.
func (i cartItem) key() string {
	if i.Domain.Name != "" {
		return "domain." + i.Domain.Name
	}
	if i.License == "" {
		return i.Price
	}
	return i.Price + "." + i.License
}

var errCartFull = fail.Conflict("CART_FULL", "Your cart is full. Order what is in it first.")

// put makes an item part of the cart. One that is there already gets the new quantity: a link that is followed twice
// buys once.
func (c *cart) put(item cartItem) error {
	if at := c.find(item.key()); at >= 0 {
		c.Items[at] = item
		return nil
	}
	if len(c.Items) >= maxItems || c.size()+item.size() > maxSize {
		return errCartFull
	}
	c.Items = append(c.Items, item)
	return nil
}

// size is what the items come to in the cookie, before it is sealed.
func (c *cart) size() (n int) {
	for _, i := range c.Items {
		n += i.size()
	}
	return n
}

func (i cartItem) size() int {
	b, _ := json.Marshal(i) // text and numbers: can't fail
	return len(b) + 1
}

func (c *cart) find(key string) int {
	return slices.IndexFunc(c.Items, func(i cartItem) bool { return i.key() == key })
}

func (c *cart) remove(key string) {
	c.Items = slices.DeleteFunc(c.Items, func(i cartItem) bool { return i.key() == key })
}

// sound reports whether a cart is one that this program made: the seal says so, but it may have been another version.
func (c *cart) sound() bool {
	for _, i := range c.Items {
		if i.Domain != (cartDomain{}) {
			if !i.Domain.sound() || i.Price != "" || i.License != "" {
				return false
			}
			continue
		}
		if !text.IsID(i.Price) || (i.License != "" && !text.IsID(i.License)) || i.Quantity < 1 || i.Quantity > maxQuantity {
			return false
		}
	}
	return len(c.Items) <= maxItems
}

// cart is what the browser carries. Whatever is none of ours is an empty cart.
func (s *shop) cart(r *http.Request) cart {
	var c cart
	if !s.unseal(r, cartName, &c) || !c.sound() {
		return cart{}
	}
	return c
}

func (s *shop) keepCart(w http.ResponseWriter, r *http.Request, c cart) error {
	return s.seal(w, r, cartName, c, cartLife)
}

// seal keeps something in the browser, in a way that nobody there can read or change.
func (s *shop) seal(w http.ResponseWriter, r *http.Request, name string, v any, life time.Duration) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	web.SetCookie(w, r, name, base64.RawURLEncoding.EncodeToString(s.box.Seal(b, []byte(name))), life)
	return nil
}

// unseal reads what seal has kept. It reports false for what is not there, or not ours.
func (s *shop) unseal(r *http.Request, name string, v any) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(web.Cookie(r, name))
	if err != nil || len(sealed) == 0 {
		return false
	}
	b, err := s.box.Open(sealed, []byte(name))
	return err == nil && json.Unmarshal(b, v) == nil
}
