package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/proration"
)

// invoiceNext makes the invoice of the next period. The caller has found that it is due.
func (s *Service) invoiceNext(ctx context.Context, tx *db.Tx, sub Subscription, p policy) error {
	next := sub.NextDue
	sub, err := s.lapseChanges(ctx, tx, sub, "")
	if err != nil || sub.NextDue != next {
		return err // it is not what was to be invoiced any more: the next look finds what is
	}
	updates, err := plannedUpdates(ctx, tx, sub)
	if err != nil {
		return err
	}
	bill, period, err := s.nextInvoice(ctx, tx, &sub, updates, p)
	if err != nil {
		return err
	}
	if err := settleUpdates(ctx, tx, updates); err != nil {
		return err
	}
	if err := save(ctx, tx, sub); err != nil {
		return err
	}
	if err := addPeriod(ctx, tx, sub.ID, period); err != nil {
		return err
	}
	inv, err := s.billing.Issue(ctx, tx, bill)
	if err != nil {
		return err
	}
	err = tx.InvoicePeriod(ctx, query.InvoicePeriodParams{SubscriptionID: sub.ID, StartsOn: period.Start.String(), InvoiceID: &inv.ID})
	if err != nil {
		return fmt.Errorf("period %s of subscription %s: %w", period.Start, sub.ID, err)
	}
	if inv.Balance().Amount == 0 {
		return nil
	}
	return s.payments.UseCredit(ctx, tx, sub.CustomerID, sub.Unit.Currency)
}

// NextBill is what the next renewal will ask for, to the cent: with the change and the price updates that are planned for it,
// the coupon, and the taxes as they are today. Nothing is written; sub may be one that is only thought of.
func (s *Service) NextBill(ctx context.Context, sub Subscription) (total money.Money, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		p, err := policyOf(ctx, tx)
		if err != nil {
			return err
		}
		updates, err := plannedUpdates(ctx, tx, sub)
		if err != nil {
			return err
		}
		bill, _, err := s.nextInvoice(ctx, tx, &sub, updates, p)
		if err != nil {
			return err
		}
		inv, err := s.billing.Preview(ctx, tx, bill)
		total = inv.Total
		return err
	})
	if err != nil {
		return money.Money{}, fmt.Errorf("next invoice of subscription %s: %w", sub.ID, err)
	}
	return total, nil
}

// nextInvoice is what the invoice of the next period says, and the period. sub becomes what it is when that is invoiced; it is
// not saved.
func (s *Service) nextInvoice(ctx context.Context, tx *db.Tx, sub *Subscription, updates []plannedUpdate, p policy) (billing.NewInvoice, Period, error) {
	for _, u := range updates {
		u.apply(sub)
	}
	billed := *sub
	if !sub.ChangeOn.IsZero() && !sub.NextDue.Before(sub.ChangeOn) {
		offer, err := s.planned(ctx, tx, *sub)
		if err != nil {
			return billing.NewInvoice{}, Period{}, err
		}
		billed.sell(offer, sub.ChangeQuantity)
	}
	line, period, err := s.nextLine(ctx, tx, &billed, p)
	if err != nil {
		return billing.NewInvoice{}, Period{}, err
	}
	buyer, err := customer.Load(ctx, tx, sub.CustomerID)
	if err != nil {
		return billing.NewInvoice{}, Period{}, err
	}
	lines := []billing.NewLine{line}
	if off := min(sub.CreditDue.Amount, period.Amount.Amount-line.Discount.Amount); off > 0 {
		lines = append(lines, billing.NewLine{
			SubscriptionID: sub.ID, With: line.ID, Description: "Suspended time", Quantity: 1, UnitAmount: money.New(-off, sub.Unit.Currency),
			Discount: money.New(0, sub.Unit.Currency), TaxClass: sub.TaxClass,
		})
		sub.CreditDue.Amount -= off
	}
	sub.NextDue, sub.CouponID, sub.CouponCharges = period.End, billed.CouponID, billed.CouponCharges
	return billing.NewInvoice{
		CustomerID: sub.CustomerID, Kind: billing.KindRenewal, Currency: sub.Unit.Currency, Buyer: partyOf(buyer), Lines: lines, DueOn: period.DueOn,
	}, period, nil
}

// nextLine is what the invoice of the next period says, and the period.
func (s *Service) nextLine(ctx context.Context, tx *db.Tx, sub *Subscription, p policy) (billing.NewLine, Period, error) {
	part, whole, _ := sub.nextPeriod()
	day := today(tx, p)
	due := part.Start
	if due.Before(day) {
		due = day // who was invoiced late has as much time as anybody else
	}
	amount := sub.Recurring()
	unit, quantity := sub.Unit, sub.Quantity
	if part != whole {
		var err error
		term := proration.Term{Profile: p.profile, Interval: sub.Cycle.Interval(), Whole: whole, Zone: p.Zone}
		if _, amount, err = proration.Begin(sub.Recurring(), term, part); err != nil {
			return billing.NewLine{}, Period{}, fmt.Errorf("subscription %s: %w", sub.ID, err)
		}
		unit, quantity = amount, 1
	}
	line := billing.NewLine{
		ID: tx.NewID("lin"), SubscriptionID: sub.ID, Period: part, Description: sub.Description, Quantity: quantity, UnitAmount: unit,
		Discount: money.New(0, unit.Currency), TaxClass: sub.TaxClass, Kind: billing.LinkRenewal, Target: sub.ID,
	}
	discount, err := useCoupon(ctx, tx, sub, amount)
	if err != nil {
		return billing.NewLine{}, Period{}, err
	}
	line.Discount = discount
	return line, Period{Period: part, LineID: line.ID, DueOn: due, PriceID: sub.PriceID, Amount: amount, State: PeriodOpen}, nil
}

// useCoupon returns what the subscription's coupon takes off a charge, and counts the charge.
func useCoupon(ctx context.Context, tx *db.Tx, sub *Subscription, amount money.Money) (money.Money, error) {
	if sub.CouponID == "" {
		return money.New(0, amount.Currency), nil
	}
	c, err := coupon.Load(ctx, tx, sub.CouponID)
	if err != nil {
		return money.Money{}, err
	}
	off, err := c.Again(coupon.Line{ProductID: sub.ProductID, Cycle: sub.Cycle, Amount: amount})
	if err != nil {
		return money.Money{}, err
	}
	if sub.CouponCharges != nil {
		left := *sub.CouponCharges - 1
		sub.CouponCharges = &left
		if left <= 0 {
			sub.CouponID, sub.CouponCharges = "", nil
		}
	}
	return off, nil
}

// regain gives a subscription back what a charge has used up that is not made after all: one of those that the coupon counts
// for, and the credit for suspended time.
func (s *Subscription) regain(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine) error {
	for _, other := range inv.Lines {
		if other.With == line.ID {
			s.CreditDue.Amount -= other.Amount.Amount
		}
	}
	if line.Discount.Amount == 0 {
		return nil
	}
	sold, err := order.SoldItem(ctx, tx, s.OrderItemID)
	if err != nil || sold.CouponCharges == nil {
		return err
	}
	left := int64(1)
	if s.CouponCharges != nil {
		left += *s.CouponCharges
	}
	s.CouponID, s.CouponCharges = sold.CouponID, &left
	return nil
}

// planned is what a subscription will be from its planned change on.
func (s *Service) planned(ctx context.Context, tx *db.Tx, sub Subscription) (catalog.Offer, error) {
	offer, err := catalog.PriceOffer(ctx, tx, sub.ChangePriceID)
	if err == nil && offer.PriceID == sub.PriceID {
		offer.Money = sub.Unit // the price of the day of the purchase stays
	}
	return offer, err
}

// applyPlanned lets a change that was planned for the renewal take effect.
func (s *Service) applyPlanned(ctx context.Context, tx *db.Tx, sub *Subscription) error {
	offer, err := s.planned(ctx, tx, *sub)
	if err != nil {
		return err
	}
	return s.become(ctx, tx, sub, offer, sub.ChangeQuantity)
}

// skip gives away the time until a day for which the subscription was stopped, so that nobody is asked to pay for it:
// whole periods after a dispute, so that one invoice follows and not one for each of them, every day after a pause.
func (s *Service) skip(ctx context.Context, tx *db.Tx, sub *Subscription, until civil.Date, wholeOnly bool) error {
	for range mostAtOnce {
		part, _, _ := sub.nextPeriod()
		if !wholeOnly && until.Before(part.End) {
			part.End = until
		}
		if part.IsEmpty() || part.End.After(until) {
			return nil
		}
		gift := Period{Period: part, DueOn: part.Start, PriceID: sub.PriceID, Amount: money.New(0, sub.Unit.Currency), State: PeriodGiven}
		if _, err := insertPeriod(ctx, tx, sub.ID, gift); err != nil {
			return err
		}
		sub.Periods = append(sub.Periods, gift)
		sub.NextDue = part.End
	}
	return nil
}

// creditSuspended remembers what the time from the hold until today was worth, to be taken off the next invoice (P12).
func (s *Service) creditSuspended(sub *Subscription, p policy, today civil.Date) error {
	held := civil.Period{Start: sub.SuspendedOn, End: today}
	for _, period := range sub.Periods {
		part := period.Clip(held)
		if period.State != PeriodPaid && period.State != PeriodOpen || part.IsEmpty() {
			continue
		}
		term := proration.Term{Profile: p.profile, Interval: sub.Cycle.Interval(), Whole: period.Period, Zone: p.Zone}
		stretch, _, err := proration.Begin(period.Amount, term, period.Period)
		if err != nil {
			return err
		}
		credit, err := stretch.Credit(part)
		if err != nil {
			return err
		}
		sub.CreditDue.Amount += credit.Amount
	}
	return nil
}
