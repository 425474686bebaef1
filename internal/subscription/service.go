package subscription

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/proration"
	"github.com/keystead/keystead/internal/setting"
)

// Service holds the verbs of subscriptions.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	payments *payment.Service
	licenses *license.Service
}

// New returns the subscriptions of a store. From now on they fulfil the lines that sell and renew them, and hear what
// becomes of invoices.
func New(d *db.DB, b *billing.Service, p *payment.Service, l *license.Service) *Service {
	s := &Service{db: d, billing: b, payments: p, licenses: l}
	b.Register(billing.LinkSubscription, first{s})
	b.Register(billing.LinkRenewal, renewal{s})
	b.Register(billing.LinkChange, planChange{s})
	b.Register(billing.LinkAddon, addon{s})
	b.Observe(s)
	b.BeforeMoney(s.endOverdue)
	event.Listen(d, s.settingsChanged, "settings.changed")
	event.Listen(d, s.methodChanged, "payment_method.added", "payment_method.removed")
	event.Listen(d, s.chargesReleased, "charges.released")
	event.Listen(d, s.licenseEnded, license.EventEndedByHand)
	event.Listen(d, s.graceExtended, license.EventGraceExtended)
	return s
}

// policy is what the settings say, as far as subscriptions are concerned.
type policy struct {
	Rules
	profile     proration.Profile
	fromPayment bool // a recovered period counts from its payment
	creditPause bool // suspended time is credited
	revive      bool // money revives expired licenses
}

func policyOf(ctx context.Context, tx *db.Tx) (policy, error) {
	s, err := setting.Load(ctx, tx)
	if err != nil {
		return policy{}, err
	}
	return policy{
		Rules: Rules{
			Zone: s.TimeZone, InvoiceDays: s.InvoiceDays, InvoiceDaysOf: s.InvoiceDaysOf, GraceDays: s.GraceDays,
			ExpireDays: s.ExpireDays, ExpireLater: s.ExpireLater,
		},
		profile: proration.Profile(s.Proration), fromPayment: s.RecoverFrom == "payment", creditPause: s.CreditPause, revive: s.RenewExpired,
	}, nil
}

// ByID returns a subscription with its periods.
func (s *Service) ByID(ctx context.Context, id string) (Subscription, error) {
	var sub Subscription
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		sub, err = load(ctx, tx, id)
		return err
	})
	return sub, err
}

// change locks a subscription and its customer, lets f change its facts, and assesses it again.
func (s *Service) change(ctx context.Context, id string, f func(tx *db.Tx, sub *Subscription, p policy) error) (Subscription, error) {
	var sub Subscription
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if sub, err = lockWithCustomer(ctx, tx, id); err != nil {
			return err
		}
		p, err := policyOf(ctx, tx)
		if err != nil {
			return err
		}
		if err := f(tx, &sub, p); err != nil {
			return err
		}
		if err := s.settle(ctx, tx, id, p); err != nil {
			return err
		}
		sub, err = load(ctx, tx, id)
		return err
	})
	return sub, err
}

func lockWithCustomer(ctx context.Context, tx *db.Tx, id string) (Subscription, error) {
	sub, err := load(ctx, tx, id)
	if err != nil {
		return Subscription{}, err
	}
	if _, err := customer.Lock(ctx, tx, sub.CustomerID); err != nil {
		return Subscription{}, err
	}
	return lock(ctx, tx, id)
}

// tell writes an event about a subscription.
func tell(ctx context.Context, tx *db.Tx, what string, sub Subscription, more map[string]any) error {
	data := map[string]any{
		"subscription_id": sub.ID, "license_id": sub.LicenseID, "product_id": sub.ProductID, "plan_id": sub.PlanID,
		"description": sub.Description, "status": sub.Status, "recurring": sub.Recurring(), "next_due": sub.NextDue,
	}
	for k, v := range more {
		data[k] = v
	}
	return event.Emit(ctx, tx, event.New{Type: "subscription." + what, SubjectID: sub.ID, CustomerID: sub.CustomerID, Data: data})
}

// settingsChanged assesses every subscription anew where the rules for all of them have changed.
func (s *Service) settingsChanged(ctx context.Context, tx *db.Tx, e event.Event) error {
	var changed setting.Changed
	if err := e.Decode(&changed); err != nil {
		return err
	}
	for _, name := range []string{
		"store.time_zone", "billing.invoice_days", "billing.invoice_days_by_cycle", "billing.grace_days", "billing.expire_days", "billing.expire_later",
	} {
		if _, ok := changed.Settings[name]; ok {
			_, err := tx.AssessAllAgain(ctx, &tx.Stamp)
			return err
		}
	}
	return nil
}

// chargesReleased lets the grace of what could not be charged, because an unusual day was held, count from the release.
func (s *Service) chargesReleased(ctx context.Context, tx *db.Tx, e event.Event) error {
	var data struct {
		Day        civil.Date `json:"day"`
		ReleasedOn civil.Date `json:"released_on"`
	}
	if err := e.Decode(&data); err != nil {
		return err
	}
	ids, err := tx.DeferOpenPeriods(ctx, query.DeferOpenPeriodsParams{HeldOn: data.Day.String(), ReleasedOn: data.ReleasedOn.String()})
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = tx.AssessAllAgain(ctx, &tx.Stamp)
	return err
}

// methodChanged assesses a customer's trials anew: whether one can be charged decides what its end means.
func (s *Service) methodChanged(ctx context.Context, tx *db.Tx, e event.Event) error {
	ids, err := tx.SubscriptionsOfCustomer(ctx, e.CustomerID)
	if err != nil {
		return fmt.Errorf("subscriptions of customer %s: %w", e.CustomerID, err)
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.settle(ctx, tx, id, p); err != nil {
			return err
		}
	}
	return nil
}

// licenseEnded ends the subscription of a license that a person revoked or cancelled.
func (s *Service) licenseEnded(ctx context.Context, tx *db.Tx, e event.Event) error {
	id, err := tx.SubscriptionOfLicense(ctx, &e.SubjectID)
	if db.NotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("subscription of license %s: %w", e.SubjectID, err)
	}
	sub, err := lockWithCustomer(ctx, tx, id)
	if err != nil || sub.Ended() {
		return err
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return err
	}
	return s.end(ctx, tx, sub, EndedByStaff, today(tx, p), "the license was ended by hand", p)
}

// graceExtended notes until when staff let a license run although it is not paid for.
func (s *Service) graceExtended(ctx context.Context, tx *db.Tx, e event.Event) error {
	var data struct {
		Until time.Time `json:"until"`
	}
	if err := e.Decode(&data); err != nil {
		return err
	}
	id, err := tx.SubscriptionOfLicense(ctx, &e.SubjectID)
	if db.NotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("subscription of license %s: %w", e.SubjectID, err)
	}
	sub, err := lockWithCustomer(ctx, tx, id)
	if err != nil {
		return err
	}
	p, err := policyOf(ctx, tx)
	if err != nil {
		return err
	}
	sub.GraceUntil = &data.Until
	if err := save(ctx, tx, sub); err != nil {
		return err
	}
	return s.settle(ctx, tx, id, p)
}
