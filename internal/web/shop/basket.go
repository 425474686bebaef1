package shop

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
)

// basket is a cart that was looked up: what is in it, what that costs today, and what keeps it from being ordered.
type basket struct {
	cart   cart
	rows   []row
	quote  order.Quote // of the rows that can be ordered
	quoted bool        // false: there are none
	coupon string      // what is wrong with the code; empty: nothing
}

// row is an item of a basket.
type row struct {
	cartItem
	goods

	instead *goods            // what is on sale in its place
	problem string            // why it can't be ordered; empty: it can
	sold    order.Item        // as an order would have it
	offered order.DomainOffer // of a domain
}

// item is what the row asks an order for.
func (r row) item() order.Item {
	if r.Domain.Name != "" {
		return order.Item{Domain: r.Domain.item()}
	}
	return order.Item{PriceID: r.Price, Quantity: r.Quantity, LicenseID: r.License}
}

// amount is what the row costs with the order, before discount and tax.
func (r row) amount() money.Money {
	unit := r.sold.UnitAmount
	if r.sold.TrialDays > 0 {
		unit = r.sold.TrialMoney
	}
	return money.New(unit.Amount*r.sold.Quantity+r.sold.SetupFee.Amount, unit.Currency)
}

// ready reports whether everything in the basket can be ordered.
func (b basket) ready() bool {
	for _, r := range b.rows {
		if r.problem != "" {
			return false
		}
	}
	return b.quoted
}

// order is what the basket orders: a coupon that can't be used is not among it.
func (b basket) order() order.Input {
	in := order.Input{}
	if b.coupon == "" {
		in.Coupon = b.cart.Coupon
	}
	for _, r := range b.rows {
		in.Items = append(in.Items, r.item())
	}
	return in
}

// free reports whether there is nothing to pay today.
func (b basket) free() bool { return b.quoted && b.quote.Invoice.Total.Amount == 0 }

// tries reports whether something in the basket is tried for a time first.
func (b basket) tries() bool {
	return b.quoted && slices.ContainsFunc(b.quote.Items, func(i order.Item) bool { return i.TrialDays > 0 })
}

// recurs reports whether anything in the basket is paid again and again.
func (b basket) recurs() bool { return len(b.quote.Later) > 0 }

// buyer is for whom a basket is looked up: a customer, or a guest of whom little may be known yet.
type buyer struct {
	customerID string
	guest      order.Guest
}

func (s *shop) quote(ctx context.Context, in order.Input, who buyer) (order.Quote, error) {
	if who.customerID != "" {
		in.CustomerID = who.customerID
		return s.Orders.Quote(ctx, in)
	}
	return s.Orders.QuoteGuest(ctx, who.guest, in)
}

// look looks a cart up. What can't be ordered has a problem, and the rest is quoted without it.
func (s *shop) look(ctx context.Context, c cart, who buyer) (basket, error) {
	b := basket{cart: c}
	for _, item := range c.Items {
		if item.Domain.Name != "" {
			b.rows = append(b.rows, domainRow(item, who))
			continue
		}
		g, err := s.goods(ctx, item.Price)
		if isNotFound(err) {
			continue // nothing is known of it, not even a name
		}
		if err != nil {
			return basket{}, err
		}
		r := row{cartItem: item, goods: g}
		if !g.onSale() {
			r.problem = "This is not sold any more."
			now, ok, err := s.newest(ctx, g)
			if err != nil {
				return basket{}, err
			}
			if ok {
				r.instead = &now
				r.problem = "The price has changed from " + priced(g.price) + " to " + priced(now.price) + "."
			}
		}
		b.rows = append(b.rows, r)
	}
	// Every round finds at least one more thing that is wrong, or is the last.
	for range len(b.rows) + 2 {
		again, err := s.quoteRound(ctx, &b, who)
		if err != nil || !again {
			return b, err
		}
	}
	return b, nil
}

// quoteRound asks what the rows without a problem cost. again is true if something turned out to be wrong.
func (s *shop) quoteRound(ctx context.Context, b *basket, who buyer) (again bool, err error) {
	var in order.Input
	var of []int // the row of each item
	for i, r := range b.rows {
		if r.problem == "" {
			in.Items = append(in.Items, r.item())
			of = append(of, i)
		}
	}
	if len(of) == 0 {
		return false, nil
	}
	if b.coupon == "" {
		in.Coupon = b.cart.Coupon
	}
	q, err := s.quote(ctx, in, who)
	if err == nil {
		b.quote, b.quoted = q, true
		for n, item := range q.Items {
			b.rows[of[n]].sold, b.rows[of[n]].offered = item, q.Domains[n]
		}
		return false, nil
	}
	for _, f := range fieldsOf(err) {
		n, name, ok := itemField(f.Field)
		switch {
		case ok && n < len(of) && b.rows[of[n]].Domain.Name != "":
			b.rows[of[n]].problem = domainProblem(err, f)
			again = true
		case ok && n < len(of):
			b.rows[of[n]].problem = itemProblem(name, f.Message)
			again = true
		case f.Field == "coupon" && b.coupon == "":
			b.coupon = "This code " + f.Message + "."
			again = true
		}
	}
	if !again {
		return false, err
	}
	return true, nil
}

// fieldsOf are the fields that an error is about; none if it is about something else.
func fieldsOf(err error) []fail.FieldError {
	switch e := fail.Of(err); e.Kind {
	case fail.KindInvalid, fail.KindConflict, fail.KindNotFound, fail.KindMalformed:
		return e.Fields
	default:
		return nil
	}
}

// itemField reads "items.2.license_id".
func itemField(field string) (n int, name string, ok bool) {
	rest, ok := strings.CutPrefix(field, "items.")
	number, name, found := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	return n, name, ok && found && err == nil && n >= 0
}

func itemProblem(name, message string) string {
	switch name {
	case "license_id":
		return "The license " + message + "."
	case "quantity":
		return "The quantity " + message + "."
	default:
		return "This " + message + "."
	}
}
