package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
)

// first fulfils the line that sells a subscription: it begins on the day on which it is paid.
type first struct{ *Service }

// Fulfil implements billing.Fulfiller.
func (s first) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	if id, err := tx.SubscriptionOfOrderItem(ctx, line.OrderItemID); err == nil {
		return id, nil
	} else if !db.NotFound(err) {
		return "", fmt.Errorf("subscription of item %s: %w", line.OrderItemID, err)
	}
	sold, err := order.SoldItem(ctx, tx, line.OrderItemID)
	if err != nil {
		return "", err
	}
	offer, err := catalog.PriceOffer(ctx, tx, sold.PriceID)
	if err != nil {
		return "", err
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return "", err
	}
	sub := begin(tx, line, sold, offer, p)
	if err := insert(ctx, tx, sub); err != nil {
		return "", err
	}
	if err := addPeriod(ctx, tx, sub.ID, sub.Periods[0]); err != nil {
		return "", err
	}
	if err := tell(ctx, tx, "created", sub, map[string]any{"order_id": line.OrderID, "trial_ends_at": sub.TrialEndsAt}); err != nil {
		return "", err
	}
	if err := s.deliver(ctx, tx, &sub, line, offer, p); err != nil {
		return "", err
	}
	if err := save(ctx, tx, sub); err != nil {
		return "", err
	}
	return sub.ID, s.settle(ctx, tx, sub.ID, p)
}

// begin is the subscription that a paid line starts today.
func begin(tx *db.Tx, line billing.Line, sold order.Sold, offer catalog.Offer, p policy) Subscription {
	day := today(tx, p)
	sub := Subscription{
		ID: tx.NewID("sub"), CustomerID: line.CustomerID, OrderItemID: line.OrderItemID, Kind: OfLicense,
		ProductID: offer.ProductID, PlanID: offer.PlanID, PriceID: offer.PriceID, Description: offer.Name(), Status: Active,
		Unit: sold.UnitAmount, Quantity: sold.Quantity, Cycle: offer.Cycle, Anchor: day, TaxClass: offer.TaxClass, Gateway: sold.Gateway,
		StartedOn: day, CouponID: sold.CouponID, CouponCharges: sold.CouponCharges,
	}
	if sub.CouponCharges != nil && *sub.CouponCharges == 0 {
		sub.CouponID, sub.CouponCharges = "", nil
	}
	if offer.Kind == catalog.KindAddon {
		sub.Kind, sub.LicenseID = OfAddon, sold.LicenseID
	}
	period := Period{LineID: line.ID, InvoiceID: line.InvoiceID, DueOn: day, PriceID: offer.PriceID, State: PeriodPaid}
	if sold.TrialDays > 0 {
		end, firstPaid := civil.TrialEnd(tx.Now, int(sold.TrialDays), p.Zone)
		end = clock.FromTime(end).Time()
		sub.Status, sub.TrialEndsAt, sub.Anchor = Trialing, &end, firstPaid
		period.Period = civil.Period{Start: day, End: firstPaid}
		period.Amount = money.New(sold.TrialMoney.Amount*sold.Quantity, sub.Unit.Currency)
		if period.Amount.Amount == 0 {
			period.State = PeriodGiven
		}
	} else {
		period.Period = sub.Schedule().WholeAt(day)
		period.Amount = sub.Recurring()
	}
	sub.NextDue = period.End
	sub.Periods = []Period{period}
	return sub
}

func insert(ctx context.Context, tx *db.Tx, sub Subscription) error {
	err := tx.InsertSubscription(ctx, query.InsertSubscriptionParams{
		ID: sub.ID, CustomerID: sub.CustomerID, OrderItemID: sub.OrderItemID, Kind: string(sub.Kind), LicenseID: optional(sub.LicenseID),
		ProductID: sub.ProductID, PlanID: sub.PlanID, PriceID: sub.PriceID, Description: sub.Description, Status: string(sub.Status),
		Currency: string(sub.Unit.Currency), UnitAmount: sub.Unit.Amount, Quantity: sub.Quantity, Cycle: string(sub.Cycle),
		Anchor: sub.Anchor.String(), TaxClass: sub.TaxClass, Gateway: sub.Gateway, StartedOn: sub.StartedOn.String(),
		TrialEndsAt: clock.FromTimePtr(sub.TrialEndsAt), NextDue: sub.NextDue.String(), CouponID: optional(sub.CouponID),
		CouponCharges: sub.CouponCharges, CreatedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("subscription %s: %w", sub.ID, err)
	}
	return nil
}

// deliver gives the customer what the subscription is for: a license, more of one that is named, or one that expired.
func (s *Service) deliver(ctx context.Context, tx *db.Tx, sub *Subscription, line billing.Line, offer catalog.Offer, p policy) error {
	if sub.Kind == OfAddon {
		return s.beginAddon(ctx, tx, *sub, line.ID, offer)
	}
	if !offer.RequiresLicense {
		return nil
	}
	st := Assess(*sub, false, p.Rules, tx.Now)
	sold, err := order.SoldItem(ctx, tx, line.OrderItemID)
	if err != nil {
		return err
	}
	parent, renews, err := named(ctx, tx, sold, offer)
	if err != nil {
		return err
	}
	if renews {
		sub.LicenseID = sold.LicenseID
		if err := tx.LinkLicense(ctx, query.LinkLicenseParams{ID: sub.LicenseID, SubscriptionID: &sub.ID}); err != nil {
			return fmt.Errorf("license %s: %w", sub.LicenseID, err)
		}
		return s.toLicense(ctx, tx, sub, st, p.revive)
	}
	l, err := s.licenses.Issue(ctx, tx, license.IssueInput{
		CustomerID: line.CustomerID, PlanID: sub.PlanID, OrderID: line.OrderID, InvoiceLineID: line.ID, Quantity: sub.Quantity,
		Reason: line.Reason, SubscriptionID: sub.ID, Term: st.Term, ParentID: parent,
	})
	if err != nil {
		return err
	}
	sub.LicenseID, sub.LicenseUntil = l.ID, st.Term.ExpiresAt
	return nil
}

// named says what the license is for that an item names: it is renewed, or the parent of a development license. What is on
// trial is neither: it becomes what is issued.
func named(ctx context.Context, tx *db.Tx, sold order.Sold, offer catalog.Offer) (parent string, renews bool, err error) {
	if sold.LicenseID == "" {
		return "", false, nil
	}
	l, err := tx.LicenseToSellFor(ctx, sold.LicenseID)
	if err != nil {
		return "", false, fmt.Errorf("license %s: %w", sold.LicenseID, err)
	}
	switch {
	case offer.LicenseType == catalog.Development && l.Type == catalog.Purchased:
		return sold.LicenseID, false, nil
	case l.Type == catalog.Trial && offer.LicenseType != catalog.Trial:
		return "", false, nil
	}
	return "", true, nil
}

// renewal fulfils the line of a further period.
type renewal struct{ *Service }

// Fulfil implements billing.Fulfiller.
func (s renewal) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	sub, err := lock(ctx, tx, line.SubscriptionID)
	if err != nil {
		return "", err
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return "", err
	}
	at := -1
	for i, period := range sub.Periods {
		if period.LineID == line.ID {
			at = i
		}
	}
	if !sub.Ended() {
		if err := s.renewPack(ctx, tx, sub, line.ID); err != nil {
			return "", err
		}
	}
	if at < 0 {
		// It cost nothing, or credit paid it, while its invoice was being made.
		return sub.ID, nil
	}
	if sub.Ended() {
		return "", fail.Conflict("SUBSCRIPTION_ENDED", "The subscription is over.")
	}
	period := &sub.Periods[at]
	period.State, period.InvoiceID = PeriodPaid, line.InvoiceID
	if p.fromPayment && sub.Status == PastDue {
		if err := s.restart(ctx, tx, &sub, period, p); err != nil {
			return "", err
		}
	}
	if err := savePeriod(ctx, tx, sub.ID, *period); err != nil {
		return "", err
	}
	if err := tell(ctx, tx, "renewed", sub, map[string]any{"invoice_id": line.InvoiceID, "period": period.Period}); err != nil {
		return "", err
	}
	return sub.ID, s.settle(ctx, tx, sub.ID, p)
}

// restart lets a period that was recovered begin on the day of its payment, and with it all that follow.
func (s *Service) restart(ctx context.Context, tx *db.Tx, sub *Subscription, period *Period, p policy) error {
	day := today(tx, p)
	if !day.After(period.Start) || period.End != sub.NextDue {
		return nil
	}
	was := period.Start
	sub.Anchor = day
	period.Period = sub.Schedule().WholeAt(day)
	sub.NextDue = period.End
	err := tx.MovePeriod(ctx, query.MovePeriodParams{
		SubscriptionID: sub.ID, StartsOn: was.String(), ToStart: period.Start.String(), ToEnd: period.End.String(),
	})
	if err != nil {
		return fmt.Errorf("move a period of subscription %s: %w", sub.ID, err)
	}
	return save(ctx, tx, *sub)
}
