package order

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/text"
)

// Place takes an order. In one transaction: the order, its invoice with the next number, and, where the total is zero
// or the customer's credit covers it, everything that follows from the payment.
func (s *Service) Place(ctx context.Context, in Input) (Order, error) {
	if err := in.Validate(); err != nil {
		return Order{}, err
	}
	if err := s.mayPlace(ctx, in); err != nil {
		return Order{}, err
	}
	s.askDomains(ctx, in, DomainBuyer{CustomerID: in.CustomerID})
	var o Order
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		c, err := customer.Lock(ctx, tx, in.CustomerID)
		if err != nil {
			return err
		}
		// Before anything is priced: what was on sale at the first request may not be any more.
		var done bool
		if o, done, err = first(ctx, tx, in); done || err != nil {
			return err
		}
		who := buyerOf(c)
		ordered, err := s.fill(ctx, tx, in, who, true)
		if err != nil {
			return err
		}
		if o, err = s.place(ctx, tx, in, who, ordered); err != nil {
			return err
		}
		if o.Status != Pending {
			return nil
		}
		if err := s.payments.UseCredit(ctx, tx, c.ID, ordered.currency); err != nil {
			return err
		}
		o, err = load(ctx, tx, o.ID)
		return err
	})
	return o, err
}

// mayPlace refuses what the actor or the store does not do.
func (s *Service) mayPlace(ctx context.Context, in Input) error {
	if in.Kind != Sale && event.ActorFrom(ctx).Kind == event.Customer {
		return fail.Forbidden("STAFF_ONLY", "Only staff can give something away.")
	}
	if in.Gateway == payment.ManualGateway {
		return nil
	}
	for _, g := range s.payments.Gateways() {
		if g.Name == in.Gateway {
			return nil
		}
	}
	return fail.Invalid("gateway", "is not a gateway of this store")
}

// buyer is who places an order, or asks what it would cost.
type buyer struct {
	customerID string // empty: not taken up yet
	party      billing.Party
	// address is that of a guest, folded: what limits a customer limits the address. Empty: the customer is known.
	address string
	// group is whose prices of domains count, currency the one in which new domains are sold; empty: the store's.
	group    string
	currency money.Currency
}

func buyerOf(c customer.Customer) buyer {
	return buyer{customerID: c.ID, party: partyOf(c), group: c.Group, currency: c.Currency}
}

func partyOf(c customer.Customer) billing.Party {
	return billing.Party{
		Name: c.Name, Company: c.Company, Email: c.Email, Address: c.Address, Country: c.Country, State: c.State, TaxID: c.TaxID,
		Language: c.Language,
	}
}

// place writes an order with its invoice. The caller holds the customer's lock.
func (s *Service) place(ctx context.Context, tx *db.Tx, in Input, who buyer, c cart) (Order, error) {
	id := tx.NewID("ord")
	invoice := c.invoice(id, who)
	preview, err := s.billing.Preview(ctx, tx, invoice)
	if err != nil {
		return Order{}, err
	}
	inserted, err := insert(ctx, tx, id, in, who, c, preview.Total.Amount)
	if err != nil {
		return Order{}, fmt.Errorf("place order %s: %w", id, err)
	}
	if !inserted {
		return Order{}, errKeyReused // just now and for another customer, as this one is locked
	}
	if err := c.consume(ctx, tx, id, who); err != nil {
		return Order{}, err
	}
	if err := keepConsents(ctx, tx, id, who.customerID, in.Consents); err != nil {
		return Order{}, err
	}
	if err := placed(ctx, tx, id, in, who, c, preview); err != nil {
		return Order{}, err
	}
	if invoice.Lines, err = s.placeDomains(ctx, tx, id, who, c); err != nil {
		return Order{}, err
	}
	issued, err := s.billing.Issue(ctx, tx, invoice)
	if err != nil {
		return Order{}, err
	}
	if err := s.domainsPlaced(ctx, tx, c, issued.ID); err != nil {
		return Order{}, err
	}
	return load(ctx, tx, id)
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

// asksFor reports whether o is what in asks for. A guest asks for no customer.
func (in *Input) asksFor(o Order) bool {
	return (in.CustomerID == "" || in.CustomerID == o.CustomerID) && in.Gateway == o.Gateway && in.Kind == o.Kind &&
		in.Reason == o.Reason && text.Fold(in.Coupon) == text.Fold(o.CouponCode) &&
		slices.EqualFunc(in.Items, o.Items, func(a, b Item) bool {
			return a.PriceID == b.PriceID && a.Quantity == b.Quantity && a.LicenseID == b.LicenseID && a.Domain.asksFor(b.Domain)
		})
}

// insert writes an order and its items, unless its request key is taken.
func insert(ctx context.Context, tx *db.Tx, id string, in Input, who buyer, c cart, total int64) (inserted bool, err error) {
	row := query.InsertOrderParams{
		ID: id, CustomerID: who.customerID, Kind: string(in.Kind), Gateway: in.Gateway, Currency: string(c.currency),
		Total: total, Reason: in.Reason, CreatedAt: tx.Stamp,
	}
	if in.RequestKey != "" {
		row.RequestKey = &in.RequestKey
	}
	if c.coupon != nil {
		row.CouponID = &c.coupon.ID
	}
	if n, err := tx.InsertOrder(ctx, row); n == 0 || err != nil {
		return false, err
	}
	for i, item := range c.items {
		row := query.InsertOrderItemParams{
			ID: item.ID, OrderID: id, Position: int64(i + 1), Description: item.Description,
			Quantity: item.Quantity, UnitAmount: item.UnitAmount.Amount, SetupFee: item.SetupFee.Amount, TrialDays: item.TrialDays,
			TrialAmount: item.TrialMoney.Amount,
		}
		if item.PriceID != "" {
			row.PriceID = &item.PriceID
		}
		if item.LicenseID != "" {
			row.LicenseID = &item.LicenseID
		}
		if item.Domain != nil {
			item.Domain.columns(&row)
		}
		if err := tx.InsertOrderItem(ctx, row); err != nil {
			return false, err
		}
	}
	return true, nil
}

// consume counts the use of the coupon, and the trials that were given.
func (c cart) consume(ctx context.Context, tx *db.Tx, orderID string, who buyer) error {
	if c.coupon != nil {
		if err := coupon.Use(ctx, tx, c.coupon.ID, orderID, who.customerID); err != nil {
			return err
		}
	}
	for _, productID := range c.trials {
		if err := beginTrial(ctx, tx, orderID, productID, who); err != nil {
			return err
		}
	}
	return nil
}

// giveBack lets coupon and trials of an order that ended unpaid be used again.
func giveBack(ctx context.Context, tx *db.Tx, orderID string) error {
	if err := coupon.GiveBack(ctx, tx, orderID); err != nil {
		return err
	}
	return endTrials(ctx, tx, orderID)
}

// placed writes the order into the history, and into the audit log what staff gave away.
func placed(ctx context.Context, tx *db.Tx, id string, in Input, who buyer, c cart, preview billing.Invoice) error {
	data := map[string]any{"order_id": id, "kind": in.Kind, "total": preview.Total, "gateway": in.Gateway, "items": len(c.items)}
	if c.coupon != nil {
		data["coupon_id"] = c.coupon.ID
	}
	err := event.Emit(ctx, tx, event.New{Type: "order.created", SubjectID: id, CustomerID: who.customerID, Data: data})
	if err != nil || in.Kind == Sale {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: "order.given_away", SubjectID: id, After: string(in.Kind), Why: in.Reason})
}
