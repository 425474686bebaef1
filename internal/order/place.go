package order

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Place takes an order. In one transaction: the order, its invoice with the next number, and, where the total is zero
// or the customer's credit covers it, everything that follows from the payment.
func (s *Service) Place(ctx context.Context, in Input) (Order, error) {
	if err := in.Validate(); err != nil {
		return Order{}, err
	}
	if in.Kind != Sale && event.ActorFrom(ctx).Kind == event.Customer {
		return Order{}, fail.Forbidden("STAFF_ONLY", "Only staff can give something away.")
	}
	var o Order
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		buyer, err := customer.Lock(ctx, tx, in.CustomerID)
		if err != nil {
			return err
		}
		// Before anything is priced: what was on sale at the first request may not be any more.
		var done bool
		if o, done, err = first(ctx, tx, in); done || err != nil {
			return err
		}
		ordered, err := priced(ctx, tx, in)
		if err != nil {
			return err
		}
		id := tx.NewID("ord")
		inserted, err := insert(ctx, tx, id, in, ordered)
		if err != nil {
			return fmt.Errorf("place order %s: %w", id, err)
		}
		if !inserted {
			return errKeyReused // just now and for another customer, as this one is locked
		}
		if err := placed(ctx, tx, id, in, ordered); err != nil {
			return err
		}
		draft, err := s.billing.Draft(ctx, tx, ordered.invoice(id, buyer))
		if err != nil {
			return err
		}
		inv, err := s.billing.Finalise(ctx, tx, draft)
		if err != nil {
			return err
		}
		if inv.Balance().Amount > 0 {
			if err := s.payments.UseCredit(ctx, tx, buyer.ID, ordered.total.Currency); err != nil {
				return err
			}
		}
		o, err = load(ctx, tx, id)
		return err
	})
	return o, err
}

// first is the order that a request key has placed. A key that asked for something else then is refused.
func first(ctx context.Context, tx *db.Tx, in Input) (o Order, found bool, err error) {
	if in.RequestKey == "" {
		return Order{}, false, nil
	}
	id, err := tx.OrderByRequest(ctx, &in.RequestKey)
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, false, nil
	}
	if err != nil {
		return Order{}, false, fmt.Errorf("order by its request: %w", err)
	}
	if o, err = load(ctx, tx, id); err != nil {
		return Order{}, false, err
	}
	if !in.asksFor(o) {
		return Order{}, false, errKeyReused
	}
	return o, true, nil
}

// asksFor reports whether o is what in asks for.
func (in *Input) asksFor(o Order) bool {
	return in.CustomerID == o.CustomerID && in.Gateway == o.Gateway && in.Kind == o.Kind && in.Reason == o.Reason &&
		slices.EqualFunc(in.Items, o.Items, func(a, b Item) bool { return a.PriceID == b.PriceID && a.Quantity == b.Quantity })
}

// cart is an order with everything that its prices say.
type cart struct {
	items  []Item
	offers []catalog.Offer
	total  money.Money
}

// priced looks up what the items cost today. What staff give away costs nothing.
func priced(ctx context.Context, tx *db.Tx, in Input) (cart, error) {
	var c cart
	var bad fail.Fields
	for i, item := range in.Items {
		offer, err := catalog.PriceOffer(ctx, tx, item.PriceID)
		switch {
		case fail.Of(err) != nil && fail.Of(err).Kind == fail.KindNotFound:
			bad.Add(itemField(i, "price_id"), "is not a price of this store")
			continue
		case err != nil:
			return cart{}, err
		case !offer.OnSale:
			bad.Add(itemField(i, "price_id"), "is not on sale any more")
			continue
		case len(c.offers) > 0 && offer.Money.Currency != c.total.Currency:
			bad.Add(itemField(i, "price_id"), fmt.Sprintf("is in %s, other items are in %s", offer.Money.Currency, c.total.Currency))
			continue
		}
		if len(c.offers) == 0 {
			c.total = money.New(0, offer.Money.Currency)
		}
		if in.Kind != Sale {
			offer.Money.Amount, offer.SetupFee.Amount = 0, 0
		}
		item = Item{
			PriceID: offer.PriceID, Quantity: item.Quantity, ID: tx.NewID("itm"), PlanID: offer.PlanID,
			Description: offer.Name(), UnitAmount: offer.Money, SetupFee: offer.SetupFee,
		}
		sum, err := item.sum()
		if err == nil {
			sum, err = c.total.Add(sum)
		}
		if err != nil || sum.Amount > maxTotal {
			bad.Add(itemField(i, "quantity"), "makes the total too large")
			continue
		}
		c.total = sum
		c.items, c.offers = append(c.items, item), append(c.offers, offer)
	}
	return c, bad.Err()
}

// maxTotal keeps sums over many invoices far from the end of 64 bits.
const maxTotal = 1_000_000_000_000_000

func (i Item) sum() (money.Money, error) {
	units, err := i.UnitAmount.MulInt(i.Quantity)
	if err != nil {
		return money.Money{}, err
	}
	return units.Add(i.SetupFee)
}

// invoice is what the cart's invoice says. A setup fee is a line of its own, and paying it does nothing besides.
func (c cart) invoice(orderID string, buyer customer.Customer) billing.NewInvoice {
	inv := billing.NewInvoice{
		OrderID: orderID, CustomerID: buyer.ID, Currency: c.total.Currency,
		Buyer: billing.Party{
			Name: buyer.Name, Company: buyer.Company, Email: buyer.Email, Country: buyer.Country, TaxID: buyer.TaxID,
		},
	}
	for i, item := range c.items {
		kind := ""
		if c.offers[i].RequiresLicense {
			kind = billing.KindLicense
		}
		inv.Lines = append(inv.Lines, billing.NewLine{
			OrderItemID: item.ID, Description: item.Description, Quantity: item.Quantity, UnitAmount: item.UnitAmount, Kind: kind,
		})
		if item.SetupFee.Amount > 0 {
			inv.Lines = append(inv.Lines, billing.NewLine{
				OrderItemID: item.ID, Description: "Setup fee: " + item.Description, Quantity: 1, UnitAmount: item.SetupFee,
			})
		}
	}
	return inv
}

// insert writes an order and its items, unless its request key is taken.
func insert(ctx context.Context, tx *db.Tx, id string, in Input, c cart) (inserted bool, err error) {
	row := query.InsertOrderParams{
		ID: id, CustomerID: in.CustomerID, Kind: string(in.Kind), Gateway: in.Gateway, Currency: string(c.total.Currency),
		Total: c.total.Amount, Reason: in.Reason, CreatedAt: tx.Stamp,
	}
	if in.RequestKey != "" {
		row.RequestKey = &in.RequestKey
	}
	if n, err := tx.InsertOrder(ctx, row); n == 0 || err != nil {
		return false, err
	}
	for i, item := range c.items {
		err := tx.InsertOrderItem(ctx, query.InsertOrderItemParams{
			ID: item.ID, OrderID: id, Position: int64(i + 1), PriceID: item.PriceID, Description: item.Description,
			Quantity: item.Quantity, UnitAmount: item.UnitAmount.Amount, SetupFee: item.SetupFee.Amount,
		})
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// placed writes the order into the history, and into the audit log what staff gave away.
func placed(ctx context.Context, tx *db.Tx, id string, in Input, c cart) error {
	err := event.Emit(ctx, tx, event.New{
		Type: "order.created", SubjectID: id, CustomerID: in.CustomerID,
		Data: map[string]any{"order_id": id, "kind": in.Kind, "total": c.total, "gateway": in.Gateway, "items": len(c.items)},
	})
	if err != nil || in.Kind == Sale {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: "order.given_away", SubjectID: id, After: string(in.Kind), Why: in.Reason})
}
