package portal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/proration"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/subscription"
)

// nextBill is what the next renewal of a subscription will ask for, to the cent: with the change that is planned for it,
// its coupon, and the taxes as they are today. Nothing is written.
func (a *area) nextBill(ctx context.Context, sub subscription.Subscription, now *setting.Settings) (total money.Money, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		if !sub.ChangeOn.IsZero() && !sub.NextDue.Before(sub.ChangeOn) {
			if sub, err = asPlanned(ctx, tx, sub); err != nil {
				return err
			}
		}
		line, err := renewalLine(ctx, tx, sub, now)
		if err != nil {
			return err
		}
		lines := []billing.NewLine{line}
		if off := min(sub.CreditDue.Amount, line.UnitAmount.Amount*line.Quantity-line.Discount.Amount); off > 0 {
			back := billing.NewLine{Description: "Suspended time", Quantity: 1, UnitAmount: money.New(-off, sub.Unit.Currency), TaxClass: sub.TaxClass}
			back.Discount = money.New(0, sub.Unit.Currency)
			lines = append(lines, back)
		}
		buyer, err := customer.Load(ctx, tx, sub.CustomerID)
		if err != nil {
			return err
		}
		bill, err := a.Billing.Preview(ctx, tx, billing.NewInvoice{
			CustomerID: sub.CustomerID, Kind: billing.KindRenewal, Currency: sub.Unit.Currency, Lines: lines, DueOn: sub.NextDue,
			Buyer: billing.Party{
				Name: buyer.Name, Company: buyer.Company, Email: buyer.Email, Address: buyer.Address, Country: buyer.Country,
				State: buyer.State, TaxID: buyer.TaxID, Language: buyer.Language,
			},
		})
		total = bill.Total
		return err
	})
	if err != nil {
		return money.Money{}, fmt.Errorf("next invoice of subscription %s: %w", sub.ID, err)
	}
	return total, nil
}

// asPlanned is a subscription as it will be from its planned change on.
func asPlanned(ctx context.Context, tx *db.Tx, sub subscription.Subscription) (subscription.Subscription, error) {
	offer, err := catalog.PriceOffer(ctx, tx, sub.ChangePriceID)
	if err != nil {
		return sub, err
	}
	if offer.PriceID != sub.PriceID { // else the price of the day of the purchase stays
		sub.Unit = offer.Money
	}
	sub.Quantity, sub.Cycle, sub.TaxClass, sub.Description = sub.ChangeQuantity, offer.Cycle, offer.TaxClass, offer.Name()
	return sub, nil
}

// renewalLine is the line of the period that comes next: a part of a whole one, after a change of cycle.
func renewalLine(ctx context.Context, tx *db.Tx, sub subscription.Subscription, now *setting.Settings) (billing.NewLine, error) {
	whole := sub.Schedule().WholeAt(sub.NextDue)
	part := civil.Period{Start: sub.NextDue, End: whole.End}
	amount, unit, quantity := sub.Recurring(), sub.Unit, sub.Quantity
	if part != whole {
		term := proration.Term{Profile: proration.Profile(now.Proration), Interval: sub.Cycle.Interval(), Whole: whole, Zone: now.TimeZone}
		var err error
		if _, amount, err = proration.Begin(sub.Recurring(), term, part); err != nil {
			return billing.NewLine{}, err
		}
		unit, quantity = amount, 1
	}
	off := money.New(0, amount.Currency)
	if sub.CouponID != "" {
		c, err := coupon.Load(ctx, tx, sub.CouponID)
		if err != nil {
			return billing.NewLine{}, err
		}
		if off, err = c.Again(coupon.Line{ProductID: sub.ProductID, Cycle: sub.Cycle, Amount: amount}); err != nil {
			return billing.NewLine{}, err
		}
	}
	return billing.NewLine{
		Period: part, Description: sub.Description, Quantity: quantity, UnitAmount: unit, Discount: off, TaxClass: sub.TaxClass,
	}, nil
}
