package subscription

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

var errNotFound = fail.NotFound("SUBSCRIPTION_NOT_FOUND", "There is no such subscription.")

// dates reads stored dates; the first that is none is the error.
type dates struct{ err error }

func (d *dates) of(s *string) civil.Date {
	if s == nil || d.err != nil {
		return civil.Date{}
	}
	date, err := civil.Parse(*s)
	d.err = err
	return date
}

func subscriptionOf(r query.Subscription) (Subscription, error) {
	currency := money.Currency(r.Currency)
	var d dates
	s := Subscription{
		ID: r.ID, CustomerID: r.CustomerID, OrderItemID: r.OrderItemID, Kind: Kind(r.Kind), LicenseID: orEmpty(r.LicenseID),
		ProductID: r.ProductID, PlanID: r.PlanID, PriceID: r.PriceID, Description: r.Description, Status: Status(r.Status),
		Unit: money.New(r.UnitAmount, currency), Quantity: r.Quantity, Cycle: civil.Cycle(r.Cycle), Anchor: d.of(&r.Anchor),
		TaxClass: r.TaxClass, Gateway: r.Gateway, StartedOn: d.of(&r.StartedOn), TrialEndsAt: clock.TimePtr(r.TrialEndsAt),
		NextDue: d.of(&r.NextDue), NextAt: clock.TimePtr(r.NextAt), LicenseUntil: clock.TimePtr(r.LicenseUntil),
		CouponID: orEmpty(r.CouponID), CouponCharges: r.CouponCharges, CancelOn: d.of(r.CancelOn), PausedOn: d.of(r.PausedOn),
		SuspendedOn: d.of(r.SuspendedOn), EndedOn: d.of(r.EndedOn), EndReason: EndReason(r.EndReason),
		ChangePriceID: orEmpty(r.ChangePriceID), ChangeOn: d.of(r.ChangeOn), GraceUntil: clock.TimePtr(r.GraceUntil), CreditDue: money.New(r.CreditDue, currency), Version: r.Version, CreatedAt: r.CreatedAt.Time(),
	}
	if r.ChangeQuantity != nil {
		s.ChangeQuantity = *r.ChangeQuantity
	}
	if d.err != nil {
		return Subscription{}, fmt.Errorf("subscription %s: %w", r.ID, d.err)
	}
	return s, nil
}

func periodOf(r query.SubscriptionPeriod, currency money.Currency) (Period, error) {
	var d dates
	p := Period{
		Period: civil.Period{Start: d.of(&r.StartsOn), End: d.of(&r.EndsOn)},
		LineID: orEmpty(r.LineID), InvoiceID: orEmpty(r.InvoiceID), DueOn: d.of(&r.DueOn), PriceID: r.PriceID,
		Amount: money.New(r.Amount, currency), State: PeriodState(r.State),
	}
	return p, d.err
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// optional is the stored form of text that may be missing.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// optionalDate is the stored form of a date that may not have come.
func optionalDate(d civil.Date) *string {
	if d.IsZero() {
		return nil
	}
	return optional(d.String())
}

func load(ctx context.Context, tx *db.Tx, id string) (Subscription, error) {
	if !text.IsID(id) {
		return Subscription{}, errNotFound
	}
	r, err := tx.Subscription(ctx, id)
	return complete(ctx, tx, r, err)
}

// lock takes the lock of a subscription until the end of tx. Its customer is locked before.
func lock(ctx context.Context, tx *db.Tx, id string) (Subscription, error) {
	if !text.IsID(id) {
		return Subscription{}, errNotFound
	}
	r, err := tx.LockSubscription(ctx, id)
	return complete(ctx, tx, r, err)
}

func complete(ctx context.Context, tx *db.Tx, r query.Subscription, err error) (Subscription, error) {
	if db.NotFound(err) {
		return Subscription{}, errNotFound
	}
	if err != nil {
		return Subscription{}, fmt.Errorf("subscription: %w", err)
	}
	s, err := subscriptionOf(r)
	if err != nil {
		return Subscription{}, err
	}
	rows, err := tx.PeriodsOfSubscription(ctx, r.ID)
	if err != nil {
		return Subscription{}, fmt.Errorf("periods of subscription %s: %w", r.ID, err)
	}
	s.Periods = make([]Period, len(rows))
	for i, row := range rows {
		if s.Periods[i], err = periodOf(row, s.Unit.Currency); err != nil {
			return Subscription{}, fmt.Errorf("period of subscription %s: %w", r.ID, err)
		}
	}
	return s, nil
}

// save writes the facts of a subscription; its periods are written one by one.
func save(ctx context.Context, tx *db.Tx, s Subscription) error {
	row := query.SaveSubscriptionParams{
		ID: s.ID, LicenseID: optional(s.LicenseID), PlanID: s.PlanID, PriceID: s.PriceID, Description: s.Description,
		Status: string(s.Status), UnitAmount: s.Unit.Amount, Quantity: s.Quantity, Cycle: string(s.Cycle), Anchor: s.Anchor.String(),
		TaxClass: s.TaxClass, TrialEndsAt: clock.FromTimePtr(s.TrialEndsAt), NextDue: s.NextDue.String(),
		NextAt: clock.FromTimePtr(s.NextAt), LicenseUntil: clock.FromTimePtr(s.LicenseUntil),
		CouponID: optional(s.CouponID), CouponCharges: s.CouponCharges, CancelOn: optionalDate(s.CancelOn),
		PausedOn: optionalDate(s.PausedOn), EndedOn: optionalDate(s.EndedOn), EndReason: string(s.EndReason),
		ChangePriceID: optional(s.ChangePriceID), ChangeOn: optionalDate(s.ChangeOn), SuspendedOn: optionalDate(s.SuspendedOn), GraceUntil: clock.FromTimePtr(s.GraceUntil), CreditDue: s.CreditDue.Amount, UpdatedAt: tx.Stamp,
	}
	if s.ChangeQuantity > 0 {
		row.ChangeQuantity = &s.ChangeQuantity
	}
	if err := tx.SaveSubscription(ctx, row); err != nil {
		return fmt.Errorf("save subscription %s: %w", s.ID, err)
	}
	return nil
}

// addPeriod writes a period that nobody has billed or given before: its start is unique.
func addPeriod(ctx context.Context, tx *db.Tx, subscriptionID string, p Period) error {
	inserted, err := insertPeriod(ctx, tx, subscriptionID, p)
	if err == nil && !inserted {
		err = fmt.Errorf("subscription %s has a period from %s already", subscriptionID, p.Start)
	}
	return err
}

func insertPeriod(ctx context.Context, tx *db.Tx, subscriptionID string, p Period) (inserted bool, err error) {
	n, err := tx.InsertPeriod(ctx, query.InsertPeriodParams{
		SubscriptionID: subscriptionID, StartsOn: p.Start.String(), EndsOn: p.End.String(), LineID: optional(p.LineID),
		InvoiceID: optional(p.InvoiceID), DueOn: p.DueOn.String(), PriceID: p.PriceID, Amount: p.Amount.Amount, State: string(p.State),
	})
	if err != nil {
		return false, fmt.Errorf("period %s of subscription %s: %w", p.Start, subscriptionID, err)
	}
	return n == 1, nil
}

func savePeriod(ctx context.Context, tx *db.Tx, subscriptionID string, p Period) error {
	err := tx.SavePeriod(ctx, query.SavePeriodParams{
		SubscriptionID: subscriptionID, StartsOn: p.Start.String(), EndsOn: p.End.String(), LineID: optional(p.LineID),
		InvoiceID: optional(p.InvoiceID), DueOn: p.DueOn.String(), State: string(p.State),
	})
	if err != nil {
		return fmt.Errorf("period %s of subscription %s: %w", p.Start, subscriptionID, err)
	}
	return nil
}

func deletePeriod(ctx context.Context, tx *db.Tx, subscriptionID string, p Period) error {
	err := tx.DeletePeriod(ctx, query.DeletePeriodParams{SubscriptionID: subscriptionID, StartsOn: p.Start.String()})
	if err != nil {
		return fmt.Errorf("period %s of subscription %s: %w", p.Start, subscriptionID, err)
	}
	return nil
}
