package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// renewFree renews a domain for which the service pays that it is free with. why is set where it can't be renewed now. The
// caller holds the locks.
func (s *Service) renewFree(ctx context.Context, tx *db.Tx, d domainname.Domain) (why *domainname.Refusal, err error) {
	q, err := asked(ctx, tx, d, domainname.ByAutomation)
	if err != nil {
		return nil, err
	}
	o := domainname.Offers(q)
	term, refusal := o.Term(d.Term)
	if refusal != nil {
		return refusal, nil
	}
	now := tx.Now
	r := newRenewal(d, q, term, domainname.WithFree)
	r.State, r.PaidAt = domainname.RenewalPaid, &now
	r.Price, r.Fee = money.New(0, d.Recurring.Currency), money.New(0, d.Recurring.Currency)
	moveDates(&d, &r, *q.Policy)
	if err := domainname.InsertRenewal(ctx, tx, &r); err != nil {
		return nil, err
	}
	if err := domainname.Save(ctx, tx, &d); err != nil {
		return nil, err
	}
	paid := map[string]any{"paid_through": d.PaidThrough, "next_due": d.NextDue, "subscription_id": d.BundledWith}
	if err := tell(ctx, tx, "domain.renewal_paid", d, r, paid); err != nil {
		return nil, err
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	if !st.DomainRenewOnPay {
		return nil, s.hold(ctx, tx, &d, &r, domainname.HeldStaff, domainname.WaitsForStaff, nil)
	}
	return nil, domainname.Work(ctx, tx, d.ID, tx.Now)
}

// covered reports whether a paid period of the service that a domain is free with contains the day on which it falls due.
func covered(ctx context.Context, tx *db.Tx, d domainname.Domain) (bool, error) {
	if d.BundledWith == "" || d.NextDue.IsZero() {
		return false, nil
	}
	return coveredOn(ctx, tx, d.BundledWith, d.NextDue)
}

// coveredOn reports whether a paid period of a service contains a day.
func coveredOn(ctx context.Context, tx *db.Tx, subscriptionID string, day civil.Date) (bool, error) {
	_, err := tx.PaidPeriodCovering(ctx, query.PaidPeriodCoveringParams{SubscriptionID: subscriptionID, Day: day.String()})
	if db.NotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("periods of subscription %s: %w", subscriptionID, err)
	}
	return true, nil
}

// freeDue sees to a free domain that falls due: its service may have paid for it before it could be renewed; otherwise staff
// are asked.
func (s *Service) freeDue(ctx context.Context, tx *db.Tx, d domainname.Domain, st setting.Settings) error {
	ok, err := covered(ctx, tx, d)
	if err != nil {
		return err
	}
	day := civil.Of(tx.Now, st.TimeZone)
	var why *domainname.Refusal
	if ok {
		if why, err = s.renewFree(ctx, tx, d); err != nil || why == nil {
			return err
		}
	}
	if day.Before(d.NextDue.AddDays(-InvoiceDays(st))) || why != nil && why.Reason == domainname.TooEarly {
		return nil
	}
	detail := fmt.Sprintf("%s is free and falls due on %s; no service pays for it. Renew it by hand, or let it go.", d.Name.Unicode(), d.NextDue.Format("en"))
	switch {
	case why != nil:
		detail = fmt.Sprintf("%s is free, falls due on %s and can't be renewed now: %s", d.Name.Unicode(), d.NextDue.Format("en"), why.Sentence("en"))
	case d.BundledWith != "":
		if day.Before(d.NextDue) {
			return nil // its service is still to be paid
		}
		detail = fmt.Sprintf("%s is free with a service that was not paid for the time from %s on.", d.Name.Unicode(), d.NextDue.Format("en"))
	}
	return ask(ctx, tx, d, TaskFreeDue, d.NextDue.String(), detail)
}

// servicePaid renews the domains that are free with a service, if its payment covers the day on which they fall due.
func (s *Service) servicePaid(ctx context.Context, tx *db.Tx, e event.Event) error {
	return s.eachBundled(ctx, tx, e.SubjectID, func(d domainname.Domain) error {
		open, err := domainname.OpenRenewal(ctx, tx, d.ID)
		if err != nil || open != nil || !d.Free() || d.DoNotRenew {
			return err
		}
		ok, err := covered(ctx, tx, d)
		if err != nil || !ok {
			return err
		}
		// What can't be renewed now is tried again by the automation. A failure here must not undo the payment of the service.
		failure := tx.Savepoint(ctx, func() error {
			_, err := s.renewFree(ctx, tx, d)
			return err
		})
		if failure != nil {
			return ask(ctx, tx, d, TaskFreeDue, d.NextDue.String(), fmt.Sprintf("%s is paid for by its service and could not be renewed.", d.Name.Unicode()))
		}
		return nil
	})
}

func (s *Service) eachBundled(ctx context.Context, tx *db.Tx, subscriptionID string, f func(d domainname.Domain) error) error {
	ids, err := tx.DomainsBundledWith(ctx, &subscriptionID)
	if err != nil {
		return fmt.Errorf("domains that are free with subscription %s: %w", subscriptionID, err)
	}
	for _, id := range ids {
		d, err := domainname.Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := f(d); err != nil {
			return err
		}
	}
	return nil
}

// serviceEnded sees to the domains that were free with a service which has ended: staff are asked, or they cost what the list
// says from now on and the customer is told.
func (s *Service) serviceEnded(ctx context.Context, tx *db.Tx, e event.Event) error {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	return s.eachBundled(ctx, tx, e.SubjectID, func(d domainname.Domain) error {
		if !d.Free() {
			return nil
		}
		q, err := asked(ctx, tx, d, domainname.ByStaff)
		if err != nil {
			return err
		}
		price, priced := q.Prices[d.Term]
		if st.DomainFreeLost != "convert" || !priced {
			return ask(ctx, tx, d, TaskFreeLost, e.SubjectID, fmt.Sprintf("The service has ended that %s was free with.", d.Name.Unicode()))
		}
		before := d.Recurring
		d.Recurring, d.BundledWith = price, ""
		if err := domainname.Save(ctx, tx, &d); err != nil {
			return err
		}
		return event.Emit(ctx, tx, event.New{Type: "domain.price_changed", SubjectID: d.ID, CustomerID: d.CustomerID, Data: map[string]any{
			"domain_id": d.ID, "name": d.Name.String(), "shown": d.Name.Unicode(), "term_years": d.Term, "before": before, "after": price, "reason": CauseFreeLost,
		}})
	})
}
