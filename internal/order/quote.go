package order

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// Quote is what an order would cost if it were placed now.
type Quote struct {
	Items []Item
	// Invoice is the one that the order would have, without number and ids: lines, discounts, taxes, totals.
	Invoice    billing.Invoice
	CouponCode string
	Subtotal   money.Money // of the lines before discount, in terms of the prices
	Discount   money.Money
	Later      []Later
	// Domains is what was offered for the items that are domains, by their index.
	Domains map[int]DomainOffer
}

// Later is what an item of a quote costs afterwards, again and again.
type Later struct {
	Item   int // the index of the item
	Cycle  civil.Cycle
	Amount money.Money // of each period, before coupon and tax
	On     civil.Date  // when it is due for the first time, if the order is paid today
	// Reduced is what each of the next ReducedFor periods costs with the coupon; 0: no period is reduced, [Always]: every one.
	Reduced    money.Money
	ReducedFor int64
}

// Always is for a coupon that counts for every period.
const Always = -1

// later is what an item costs after the first charge.
func later(item Item, c *coupon.Coupon) (Later, error) {
	l := Later{Cycle: item.Cycle, Amount: money.New(item.UnitAmount.Amount*item.Quantity, item.UnitAmount.Currency)}
	l.Reduced = l.Amount
	if c == nil {
		return l, nil
	}
	left := int64(Always)
	if c.Charges > 0 {
		left = max(0, c.Charges-item.charges())
	}
	off, err := c.Again(coupon.Line{ProductID: item.ProductID, Cycle: item.Cycle, Amount: l.Amount})
	if err == nil && left != 0 && off.Amount > 0 {
		l.Reduced.Amount, l.ReducedFor = l.Amount.Amount-off.Amount, left
	}
	return l, err
}

// Later returns what the items of an order cost after the first charge, as it was agreed.
func (s *Service) Later(ctx context.Context, o Order) ([]Later, error) {
	var all []Later
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		all = nil
		var c *coupon.Coupon
		if o.CouponID != "" {
			used, err := coupon.Load(ctx, tx, o.CouponID)
			if err != nil {
				return fmt.Errorf("order %s: %w", o.ID, err)
			}
			c = &used
		}
		for i, item := range o.Items {
			if !item.Cycle.Recurs() {
				continue
			}
			l, err := later(item, c)
			if err != nil {
				return err
			}
			l.Item = i
			all = append(all, l)
		}
		return nil
	})
	return all, err
}

// Quote returns what an order of a known customer would cost. It is the summary of a cart: the same code as
// [Service.Place], which writes nothing.
func (s *Service) Quote(ctx context.Context, in Input) (Quote, error) {
	if err := in.Validate(); err != nil {
		return Quote{}, err
	}
	if err := s.mayPlace(ctx, in); err != nil {
		return Quote{}, err
	}
	s.askDomains(ctx, in, DomainBuyer{CustomerID: in.CustomerID})
	var q Quote
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		c, err := customer.Load(ctx, tx, in.CustomerID)
		if err != nil {
			return err
		}
		q, err = s.quote(ctx, tx, in, buyerOf(c))
		return err
	})
	return q, err
}

// QuoteGuest returns what an order without a sign-in would cost. Of the guest no more is needed than is known: what the
// tax depends on.
func (s *Service) QuoteGuest(ctx context.Context, g Guest, in Input) (Quote, error) {
	if err := in.validateGuest(); err != nil {
		return Quote{}, err
	}
	if err := s.mayPlace(ctx, in); err != nil {
		return Quote{}, err
	}
	who := buyer{party: g.party()}
	if _, err := text.Email(g.Email); err == nil {
		who.address = text.Fold(g.Email)
	}
	s.askDomains(ctx, in, DomainBuyer{})
	var q Quote
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		q, err = s.quote(ctx, tx, in, who)
		return err
	})
	return q, err
}

// validateGuest reports everything that is wrong with the order of a guest.
func (in *Input) validateGuest() error {
	var f fail.Fields
	if in.CustomerID != "" {
		f.Add("customer_id", "can't be named by a guest")
	}
	in.check(&f)
	if in.Kind != Sale {
		f.Add("kind", "of a guest's order is "+string(Sale))
	}
	if err := f.Err(); err != nil {
		return err
	}
	return in.checkDomains()
}

func (s *Service) quote(ctx context.Context, tx *db.Tx, in Input, who buyer) (Quote, error) {
	c, err := s.fill(ctx, tx, in, who, false)
	if err != nil {
		return Quote{}, err
	}
	preview, err := s.billing.Preview(ctx, tx, c.invoice("", who))
	if err != nil {
		return Quote{}, err
	}
	q := Quote{Items: c.items, Invoice: preview, Subtotal: money.New(0, c.currency), Discount: money.New(0, c.currency)}
	if c.coupon != nil {
		q.CouponCode = c.coupon.Code
	}
	for _, line := range preview.Lines {
		q.Subtotal.Amount += line.Amount.Amount
		q.Discount.Amount += line.Discount.Amount
	}
	for i, item := range c.items {
		if offer, ok := c.offers[item.ID]; ok {
			if q.Domains == nil {
				q.Domains = map[int]DomainOffer{}
			}
			offer.Item = *item.Domain // without the secret of a transfer
			q.Domains[i] = offer
		}
		if !item.Cycle.Recurs() {
			continue
		}
		l, err := later(item, c.coupon)
		if err != nil {
			return Quote{}, err
		}
		l.Item, l.On = i, c.periodOf(item).End
		q.Later = append(q.Later, l)
	}
	return q, nil
}

// periodOf is what the first charge of an item pays for.
func (c cart) periodOf(item Item) civil.Period {
	for _, line := range c.lines {
		if line.OrderItemID == item.ID {
			return line.Period
		}
	}
	return civil.Period{}
}
