package order

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/db"
)

// Sold is an item of an order as those see it who deliver it.
type Sold struct {
	Item

	OrderID    string
	CustomerID string
	OrderKind  Kind
	Gateway    string
	PlacedAt   time.Time
	// CouponID is the coupon that counts for further charges of a subscription, CouponCharges for how many more; nil: for
	// all of them. Empty: none does.
	CouponID      string
	CouponCharges *int64
}

// SoldItem returns an item that was ordered.
func SoldItem(ctx context.Context, tx *db.Tx, itemID string) (Sold, error) {
	orderID, err := tx.OrderOfItem(ctx, itemID)
	if err != nil {
		return Sold{}, fmt.Errorf("order item %s: %w", itemID, err)
	}
	o, err := load(ctx, tx, orderID)
	if err != nil {
		return Sold{}, fmt.Errorf("order item %s: %w", itemID, err)
	}
	sold := Sold{OrderID: o.ID, CustomerID: o.CustomerID, OrderKind: o.Kind, Gateway: o.Gateway, PlacedAt: o.CreatedAt}
	for _, item := range o.Items {
		if item.ID == itemID {
			sold.Item = item
		}
	}
	if o.CouponID == "" || !sold.Cycle.Recurs() {
		return sold, nil
	}
	c, err := coupon.Load(ctx, tx, o.CouponID)
	if err != nil {
		return Sold{}, fmt.Errorf("order item %s: %w", itemID, err)
	}
	if !c.IsFor(coupon.Line{ProductID: sold.ProductID, Cycle: sold.Cycle}) {
		return sold, nil
	}
	if c.Charges == 0 {
		sold.CouponID = c.ID
		return sold, nil
	}
	if left := c.Charges - sold.charges(); left > 0 {
		sold.CouponID, sold.CouponCharges = c.ID, &left
	}
	return sold, nil
}

// charges is how many charges of a coupon the order itself uses up: one, unless nothing was asked for, as in a free
// trial.
func (i Item) charges() int64 {
	if i.now().Amount == 0 && i.SetupFee.Amount == 0 {
		return 0
	}
	return 1
}
