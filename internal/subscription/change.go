package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/proration"
)

// When says from when a change of plan counts.
type When string

// The choices.
const (
	Now       When = "now"
	AtRenewal When = "renewal"
)

// ChangeInput is what [Service.Change] needs.
type ChangeInput struct {
	PriceID  string // empty: stays
	Quantity int64  // 0: stays
	When     When
}

// Changed is what a change does. The amounts are what the customer sees, tax included, and never negative.
type Changed struct {
	Credit      money.Money // for the unused part of what was paid
	Charge      money.Money // for the same time at the new price
	ToPay       money.Money
	EffectiveOn civil.Date
	InvoiceID   string // to be paid before the change takes effect, or paid already; empty: none
	Pending     bool   // the change waits for its invoice to be paid
}

// PreviewChange says to the cent what a change would do, and changes nothing: it is the change itself, taken back.
func (s *Service) PreviewChange(ctx context.Context, id string, in ChangeInput) (Changed, error) {
	var done Changed
	err := s.db.Try(ctx, func(tx *db.Tx) (err error) {
		done, err = s.changePlan(ctx, tx, id, in)
		return err
	})
	if err != nil {
		return Changed{}, err
	}
	done.InvoiceID = ""
	return done, nil
}

// Change changes plan, cycle or quantity. What costs more takes effect when its invoice is paid, what costs less at once
// with account credit for the difference; at the renewal nothing is paid before.
func (s *Service) Change(ctx context.Context, id string, in ChangeInput) (Changed, error) {
	var done Changed
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		done, err = s.changePlan(ctx, tx, id, in)
		return err
	})
	return done, err
}

func (s *Service) changePlan(ctx context.Context, tx *db.Tx, id string, in ChangeInput) (Changed, error) {
	sub, err := lockWithCustomer(ctx, tx, id)
	if err != nil {
		return Changed{}, err
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return Changed{}, err
	}
	if in.withdraws(sub) {
		return s.withdrawChange(ctx, tx, sub, p)
	}
	offer, quantity, err := s.checkChange(ctx, tx, sub, &in, p)
	if err != nil {
		return Changed{}, err
	}
	if sub, err = s.lapseChanges(ctx, tx, sub, "another change was asked for"); err != nil {
		return Changed{}, err
	}
	if in.When == AtRenewal {
		return s.changeLater(ctx, tx, sub, offer, quantity, p)
	}
	if sub.Status == Trialing {
		if err := s.become(ctx, tx, &sub, offer, quantity); err != nil {
			return Changed{}, err
		}
		if err := s.changed(ctx, tx, sub, p); err != nil {
			return Changed{}, err
		}
		return nothingToPay(sub, today(tx, p)), nil
	}
	return s.changeNow(ctx, tx, sub, offer, quantity, p)
}

// withdraws reports whether a change asks for what the subscription is, while another is planned: that takes the plan back.
func (in ChangeInput) withdraws(sub Subscription) bool {
	return !sub.ChangeOn.IsZero() && (in.PriceID == "" || in.PriceID == sub.PriceID) && (in.Quantity == 0 || in.Quantity == sub.Quantity)
}

func (s *Service) withdrawChange(ctx context.Context, tx *db.Tx, sub Subscription, p policy) (Changed, error) {
	sub, err := s.takeBackOpen(ctx, tx, sub, "the planned change was taken back")
	if err != nil {
		return Changed{}, err
	}
	sub.ChangePriceID, sub.ChangeQuantity, sub.ChangeOn = "", 0, civil.Date{}
	if err := s.changed(ctx, tx, sub, p); err != nil {
		return Changed{}, err
	}
	return nothingToPay(sub, today(tx, p)), tell(ctx, tx, "change_withdrawn", sub, nil)
}

func nothingToPay(sub Subscription, on civil.Date) Changed {
	none := money.New(0, sub.Unit.Currency)
	return Changed{Credit: none, Charge: none, ToPay: none, EffectiveOn: on}
}

// checkChange refuses what can't be changed to, and says from what on is to be sold.
func (s *Service) checkChange(ctx context.Context, tx *db.Tx, sub Subscription, in *ChangeInput, p policy) (catalog.Offer, int64, error) {
	switch {
	case sub.Status != Active && sub.Status != Trialing:
		return catalog.Offer{}, 0, fail.Conflict("SUBSCRIPTION_STATE", fmt.Sprintf("The subscription is %s: its plan can't be changed now.", sub.Status))
	case in.When != Now && in.When != AtRenewal:
		return catalog.Offer{}, 0, fail.Invalid("when", "is not now or renewal")
	case sub.Status == Trialing && in.Quantity > sub.Quantity:
		return catalog.Offer{}, 0, fail.Conflict("SUBSCRIPTION_TRIAL", "More can be bought when the trial is over.")
	case in.Quantity < 0 || in.Quantity > 100_000:
		return catalog.Offer{}, 0, fail.Invalid("quantity", "is not between 1 and 100000")
	}
	if open, found := sub.oldestOpen(); found && (open.DueOn.Before(today(tx, p)) || open.Start.Before(today(tx, p))) {
		return catalog.Offer{}, 0, fail.Conflict("INVOICE_OVERDUE", "An invoice of the subscription is overdue. Pay it first.")
	}
	if in.PriceID == "" {
		in.PriceID = sub.PriceID
	}
	offer, err := catalog.PriceOffer(ctx, tx, in.PriceID)
	if err != nil {
		return catalog.Offer{}, 0, fail.Invalid("price_id", "is not a price of this store")
	}
	quantity := in.Quantity
	if quantity == 0 {
		quantity = sub.Quantity
	}
	if in.PriceID == sub.PriceID {
		if quantity == sub.Quantity {
			return catalog.Offer{}, 0, fail.Invalid("price_id", "is what the subscription has already")
		}
		offer.Money = sub.Unit // the price of the day of the purchase stays
		return offer, quantity, nil
	}
	switch {
	case !offer.OnSale:
		err = fail.Invalid("price_id", "is not on sale any more")
	case !offer.Cycle.Recurs():
		err = fail.Invalid("price_id", "is paid once: a subscription needs a price that recurs")
	case offer.Money.Currency != sub.Unit.Currency:
		err = fail.Invalid("price_id", fmt.Sprintf("is in %s, the subscription is in %s", offer.Money.Currency, sub.Unit.Currency))
	case offer.ProductID != sub.ProductID:
		err = fail.Invalid("price_id", "is of another product")
	}
	if err != nil {
		return catalog.Offer{}, 0, err
	}
	if offer.PlanID != sub.PlanID {
		allowed, err := catalog.MayChange(ctx, tx, sub.PlanID, offer.PlanID)
		if err != nil {
			return catalog.Offer{}, 0, err
		}
		if !allowed {
			return catalog.Offer{}, 0, fail.Invalid("price_id", "is of a plan to which this one can't be changed")
		}
	}
	return offer, quantity, nil
}

// changeLater notes what the next renewal will be, and makes the invoice of that renewal anew if there is one already.
func (s *Service) changeLater(ctx context.Context, tx *db.Tx, sub Subscription, offer catalog.Offer, quantity int64, p policy) (Changed, error) {
	var err error
	if sub, err = s.takeBackOpen(ctx, tx, sub, "the plan changes at the renewal"); err != nil {
		return Changed{}, err
	}
	sub.ChangePriceID, sub.ChangeQuantity, sub.ChangeOn = offer.PriceID, quantity, sub.NextDue
	if err := save(ctx, tx, sub); err != nil {
		return Changed{}, err
	}
	err = tell(ctx, tx, "change_planned", sub, map[string]any{"price_id": offer.PriceID, "quantity": quantity, "on": sub.NextDue})
	if err != nil {
		return Changed{}, err
	}
	on := sub.NextDue
	return nothingToPay(sub, on), s.settle(ctx, tx, sub.ID, p)
}

// payload is what a change of plan that waits for its invoice will do, and what was taken back for it.
type payload struct {
	PriceID  string      `json:"price_id"`
	Quantity int64       `json:"quantity"`
	From     civil.Date  `json:"from"`
	Credit   money.Money `json:"credit"` // after discount, before tax; in terms of the prices
}

// changeNow prorates: the unused part of the current period is taken back, the same time is charged at the new price.
func (s *Service) changeNow(ctx context.Context, tx *db.Tx, sub Subscription, offer catalog.Offer, quantity int64, p policy) (Changed, error) {
	day := today(tx, p)
	current, found := sub.paidAt(day)
	if !found {
		return Changed{}, fail.Conflict("NOTHING_PAID", "Nothing is paid for today, so nothing can be changed now.")
	}
	inv, line, stretch, err := paidStretch(ctx, tx, sub, current, p)
	if err != nil {
		return Changed{}, err
	}
	next := civil.Anniversary(sub.Anchor, sub.Cycle.Interval()).WithInterval(offer.Cycle.Interval())
	whole := next.WholeAt(day)
	newTerm := proration.Term{Profile: p.profile, Interval: offer.Cycle.Interval(), Whole: whole, Zone: p.Zone}
	change, err := stretch.Change(tx.Now, money.New(offer.Money.Amount*quantity, sub.Unit.Currency), newTerm)
	if err != nil {
		return Changed{}, fmt.Errorf("change of subscription %s: %w", sub.ID, err)
	}
	if sub, err = s.takeBackOpen(ctx, tx, sub, "the plan has changed"); err != nil {
		return Changed{}, err
	}
	period := civil.Period{Start: day, End: whole.End}
	charge := billing.NewLine{
		ID: tx.NewID("lin"), SubscriptionID: sub.ID, Period: period, Description: offer.Name(), Quantity: 1, UnitAmount: change.Charge,
		Discount: money.New(0, sub.Unit.Currency), TaxClass: offer.TaxClass, Kind: billing.LinkChange, Target: sub.ID,
	}
	if charge.Discount, err = discountOf(ctx, tx, sub, offer, change.Charge); err != nil {
		return Changed{}, err
	}
	todo := payload{PriceID: offer.PriceID, Quantity: quantity, From: day, Credit: money.New(0, sub.Unit.Currency)}
	return s.billChange(ctx, tx, sub, inv, line, charge, change.Credit, todo)
}

// paidAt is the paid period that contains a day.
func (s Subscription) paidAt(day civil.Date) (Period, bool) {
	for _, p := range s.Periods {
		if p.State == PeriodPaid && p.Contains(day) {
			return p, true
		}
	}
	return Period{}, false
}

// paidStretch is what a paid period has cost, with the line that asked for it.
func paidStretch(ctx context.Context, tx *db.Tx, sub Subscription, period Period, p policy) (billing.Invoice, billing.InvoiceLine, proration.Stretch, error) {
	inv, line, err := billing.LineOf(ctx, tx, period.LineID)
	if err != nil {
		return billing.Invoice{}, billing.InvoiceLine{}, proration.Stretch{}, err
	}
	whole := sub.Schedule().WholeAt(period.Start)
	term := proration.Term{Profile: p.profile, Interval: sub.Cycle.Interval(), Whole: whole, Zone: p.Zone}
	price := line.Amount
	share, err := term.Share(period.Period)
	if err != nil {
		return billing.Invoice{}, billing.InvoiceLine{}, proration.Stretch{}, err
	}
	if period.Period != whole {
		price = sub.Recurring()
		if part, err := price.MulRat(share); err != nil || part != line.Amount || period.PriceID != sub.PriceID {
			// What the whole period cost then is not known any more: the part is counted by its own days.
			term.Profile, term.Whole, price, share = proration.DaysActual, period.Period, line.Amount, big.NewRat(1, 1)
		}
	}
	stretch := proration.Stretch{Line: proration.Line{Price: price, Share: share, ByHand: line.Credited}, Term: term, Period: period.Period}
	return inv, line, stretch, nil
}

// discountOf is what the subscription's coupon takes off a charge of a change.
func discountOf(ctx context.Context, tx *db.Tx, sub Subscription, offer catalog.Offer, amount money.Money) (money.Money, error) {
	if sub.CouponID == "" {
		return money.New(0, amount.Currency), nil
	}
	c, err := coupon.Load(ctx, tx, sub.CouponID)
	if err != nil {
		return money.Money{}, err
	}
	if c.Kind != coupon.Percent {
		return money.New(0, amount.Currency), nil // a fixed sum counts once per charge of a whole period
	}
	return c.Again(coupon.Line{ProductID: offer.ProductID, Cycle: offer.Cycle, Amount: amount})
}

// billChange makes the documents of a change: a credit note for the unused part of what was paid, and an invoice for the same
// time at the new price, which the credit pays as far as it goes. The change takes effect when that invoice is paid; if it
// never is, it is taken back, and the credit pays for the old plan again (see restore).
func (s *Service) billChange(
	ctx context.Context, tx *db.Tx, sub Subscription, old billing.Invoice, line billing.InvoiceLine, charge billing.NewLine, credit money.Money, todo payload,
) (Changed, error) {
	buyer, err := customer.Lock(ctx, tx, sub.CustomerID)
	if err != nil {
		return Changed{}, err
	}
	none := money.New(0, sub.Unit.Currency)
	done := Changed{Credit: none, EffectiveOn: charge.Period.Start}
	if credit.Amount > 0 {
		if old, err = billing.Lock(ctx, tx, old.ID); err != nil {
			return Changed{}, err
		}
		note, _, err := s.billing.Credit(ctx, tx, old, billing.Crediting{
			Lines: []billing.LineCredit{{LineID: line.ID, Amount: credit}}, Cause: billing.CauseChange, Reason: "The plan changes.",
		})
		if err != nil {
			return Changed{}, err
		}
		done.Credit = note.Total
		for _, l := range note.Lines {
			todo.Credit.Amount += l.Amount.Amount - l.Discount.Amount
		}
	}
	encoded, err := json.Marshal(todo)
	if err != nil {
		return Changed{}, err
	}
	charge.Payload = string(encoded)
	inv, err := s.billing.Issue(ctx, tx, billing.NewInvoice{
		CustomerID: sub.CustomerID, Kind: billing.KindChange, Currency: sub.Unit.Currency, Buyer: partyOf(buyer), Lines: []billing.NewLine{charge}, DueOn: charge.Period.Start,
	})
	if err != nil {
		return Changed{}, err
	}
	done.InvoiceID, done.Charge = inv.ID, inv.Total
	done.ToPay = money.New(max(inv.Total.Amount-done.Credit.Amount, 0), none.Currency)
	// What was taken back pays for what it was taken back for, and nothing else.
	if err := s.payments.UseCreditOn(ctx, tx, inv.ID); err != nil {
		return Changed{}, err
	}
	if err := s.payments.UseCredit(ctx, tx, sub.CustomerID, none.Currency); err != nil {
		return Changed{}, err
	}
	if inv, err = billing.Lock(ctx, tx, inv.ID); err != nil {
		return Changed{}, err
	}
	done.Pending = inv.Status == billing.Open
	if done.Pending {
		err = tell(ctx, tx, "change_pending", sub, map[string]any{"invoice_id": inv.ID, "to_pay": inv.Balance()})
	}
	return done, err
}

// restore gives the old plan back what a change took from it that was not paid: the rest of its period is billed again, and the
// credit, which the customer has again, pays for it.
func (s *Service) restore(ctx context.Context, tx *db.Tx, line billing.InvoiceLine) error {
	var was payload
	if err := json.Unmarshal([]byte(line.Link.Payload), &was); err != nil {
		return fmt.Errorf("what the change did: %w", err)
	}
	sub, err := lock(ctx, tx, line.SubscriptionID)
	if err != nil || sub.Ended() || was.Credit.Amount == 0 {
		return err
	}
	current, found := sub.paidAt(was.From)
	if !found {
		return nil
	}
	buyer, err := customer.Lock(ctx, tx, sub.CustomerID)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(payload{PriceID: sub.PriceID, Quantity: sub.Quantity, From: was.From, Credit: money.New(0, was.Credit.Currency)})
	if err != nil {
		return err
	}
	again, err := s.billing.Issue(ctx, tx, billing.NewInvoice{
		CustomerID: sub.CustomerID, Kind: billing.KindChange, Currency: was.Credit.Currency, Buyer: partyOf(buyer), DueOn: was.From,
		Lines: []billing.NewLine{{
			ID: tx.NewID("lin"), SubscriptionID: sub.ID, Period: civil.Period{Start: was.From, End: current.End}, Description: sub.Description, Quantity: 1,
			UnitAmount: was.Credit, Discount: money.New(0, was.Credit.Currency), TaxClass: sub.TaxClass, Kind: billing.LinkChange, Target: sub.ID, Payload: string(encoded),
		}},
	})
	if err != nil {
		return err
	}
	return s.payments.UseCreditOn(ctx, tx, again.ID)
}

// planChange fulfils the line of a change that was paid.
type planChange struct{ *Service }

// Fulfil implements billing.Fulfiller.
func (s planChange) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	var in payload
	if err := json.Unmarshal([]byte(line.Payload), &in); err != nil {
		return "", fmt.Errorf("what the change does: %w", err)
	}
	sub, err := lock(ctx, tx, line.SubscriptionID)
	if err != nil {
		return "", err
	}
	if sub.Ended() {
		return "", fail.Conflict("SUBSCRIPTION_ENDED", "The subscription is over.")
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return "", err
	}
	if sub, err = s.takeBackOpen(ctx, tx, sub, "the plan has changed"); err != nil {
		return "", err
	}
	offer, err := catalog.PriceOffer(ctx, tx, in.PriceID)
	if err != nil {
		return "", err
	}
	if in.PriceID == sub.PriceID {
		offer.Money = sub.Unit
	}
	// What was paid ahead at the old price is billed anew at the new one.
	if _, err := s.creditAhead(ctx, tx, sub, line.Period.Start.AddDays(1), billing.CauseChange, "The plan has changed."); err != nil {
		return "", err
	}
	if sub, err = lock(ctx, tx, sub.ID); err != nil {
		return "", err
	}
	if err := cut(ctx, tx, &sub, line.Period); err != nil {
		return "", err
	}
	if err := s.become(ctx, tx, &sub, offer, in.Quantity); err != nil {
		return "", err
	}
	period := Period{
		Period: line.Period, LineID: line.ID, InvoiceID: line.InvoiceID, DueOn: line.Period.Start, PriceID: offer.PriceID,
		Amount: line.Total, State: PeriodPaid,
	}
	if err := addPeriod(ctx, tx, sub.ID, period); err != nil {
		return "", err
	}
	sub.NextDue = period.End
	return sub.ID, s.changed(ctx, tx, sub, p)
}

// cut ends the current period where another begins.
func cut(ctx context.Context, tx *db.Tx, sub *Subscription, by civil.Period) error {
	for i := range sub.Periods {
		period := &sub.Periods[i]
		if period.End.After(by.Start) && period.Start.Before(by.Start) {
			period.End = by.Start
			if err := savePeriod(ctx, tx, sub.ID, *period); err != nil {
				return err
			}
		} else if !period.Start.Before(by.Start) {
			if err := deletePeriod(ctx, tx, sub.ID, *period); err != nil {
				return err
			}
		}
	}
	return nil
}

// become makes a subscription one of another price or quantity, and its license with it.
func (s *Service) become(ctx context.Context, tx *db.Tx, sub *Subscription, offer catalog.Offer, quantity int64) error {
	was := *sub
	sub.sell(offer, quantity)
	if err := save(ctx, tx, *sub); err != nil {
		return err
	}
	if sub.LicenseID != "" {
		var err error
		if sub.Kind == OfAddon {
			err = s.reshapeAddon(ctx, tx, *sub, offer)
		} else {
			err = s.licenses.Reshape(ctx, tx, sub.LicenseID, license.Shape{
				PlanID: sub.PlanID, Quantity: sub.Quantity, WasQuantity: was.Quantity, Why: "the plan has changed",
			})
		}
		if err != nil {
			return err
		}
	}
	return tell(ctx, tx, "changed", *sub, map[string]any{
		"from_plan_id": was.PlanID, "from_price_id": was.PriceID, "from_quantity": was.Quantity, "price_id": sub.PriceID, "quantity": quantity,
	})
}

// sell lets the subscription sell something else from now on. Nothing else is planned then.
func (s *Subscription) sell(offer catalog.Offer, quantity int64) {
	s.PlanID, s.PriceID, s.Description, s.TaxClass = offer.PlanID, offer.PriceID, offer.Name(), offer.TaxClass
	s.Unit, s.Quantity, s.Cycle = offer.Money, quantity, offer.Cycle
	s.ChangePriceID, s.ChangeQuantity, s.ChangeOn = "", 0, civil.Date{}
}

func (s *Service) changed(ctx context.Context, tx *db.Tx, sub Subscription, p policy) error {
	if err := save(ctx, tx, sub); err != nil {
		return err
	}
	return s.settle(ctx, tx, sub.ID, p)
}

// lapseChanges takes back the changes of a subscription that still wait for their payment, and returns it as it is then.
func (s *Service) lapseChanges(ctx context.Context, tx *db.Tx, sub Subscription, why string) (Subscription, error) {
	ids, err := tx.OtherOpenChanges(ctx, &sub.ID)
	if err != nil {
		return sub, fmt.Errorf("open changes of subscription %s: %w", sub.ID, err)
	}
	if len(ids) == 0 {
		return sub, nil
	}
	if why == "" {
		why = "the change was not paid in time"
	}
	for _, invoiceID := range ids {
		if busy, err := billing.InFlight(ctx, tx, invoiceID); err != nil || busy {
			return sub, errors.Join(err, fail.Conflict("PAYMENT_IN_PROGRESS", "A payment for a change of this subscription is in progress. Wait for its outcome."))
		}
		if _, err := s.billing.Void(ctx, tx, invoiceID, why); err != nil {
			return sub, err
		}
	}
	return lock(ctx, tx, sub.ID)
}

// takeBackOpen takes the line of an unpaid renewal back, and its period with it: what follows makes the right one anew. An
// attempt in flight is waited for: what it brings for a line that was taken back is credit.
func (s *Service) takeBackOpen(ctx context.Context, tx *db.Tx, sub Subscription, why string) (Subscription, error) {
	for i := len(sub.Periods) - 1; i >= 0; i-- {
		period := sub.Periods[i]
		if period.State != PeriodOpen || period.LineID == "" || i == 0 {
			continue
		}
		inv, line, err := billing.LineOf(ctx, tx, period.LineID)
		if err != nil {
			return sub, err
		}
		if line.Link != nil && line.Link.State == billing.Done {
			continue // it was paid once, and the money went back without the debt
		}
		if err := sub.regain(ctx, tx, inv, line); err != nil {
			return sub, err
		}
		if err := deletePeriod(ctx, tx, sub.ID, period); err != nil {
			return sub, err
		}
		if sub.NextDue == period.End {
			sub.NextDue = period.Start
		}
		if err := save(ctx, tx, sub); err != nil {
			return sub, err
		}
		if _, err := s.billing.RemoveLine(ctx, tx, period.LineID, billing.Removal{Why: why, InFlight: true}); err != nil {
			return sub, err
		}
	}
	return lock(ctx, tx, sub.ID)
}

func (s *Service) reshapeAddon(ctx context.Context, tx *db.Tx, sub Subscription, offer catalog.Offer) error {
	row, err := tx.AddonOfSubscription(ctx, &sub.ID)
	if err != nil {
		return fmt.Errorf("add-on of subscription %s: %w", sub.ID, err)
	}
	if err := s.switchRow(ctx, tx, row, false, sub.Description); err != nil {
		return err
	}
	card, err := catalog.PlanCard(ctx, tx, offer.PlanID)
	if err != nil {
		return err
	}
	_, err = tx.SwitchAddon(ctx, query.SwitchAddonParams{
		ID: row.ID, Active: true, Quantity: sub.Quantity, ExtraActivations: card.ExtraActivations * sub.Quantity, Entitlements: card.Entitlements.Encode(), PlanID: sub.PlanID,
	})
	if err != nil {
		return fmt.Errorf("add-on %s: %w", row.ID, err)
	}
	return s.licenses.Reshape(ctx, tx, row.LicenseID, license.Shape{
		MoreActivations: card.ExtraActivations * sub.Quantity, Add: card.Entitlements, Why: "add-on: " + sub.Description,
	})
}
