package portal

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/billing/dunning"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/collection"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/subscription"
)

// ledge is what all subscriptions of a visitor are looked at from: the rules of the store, the day, what is unpaid, and
// what can be charged.
type ledge struct {
	settings *setting.Settings
	now      time.Time
	customer customer.Customer
	unpaid   []billing.Invoice // oldest first
	method   *payment.Method   // that is charged by itself; nil: none
	canAdd   bool              // a method can be saved without paying something
}

func (a *area) ledge(ctx context.Context, me customer.Customer) (ledge, error) {
	l := ledge{now: a.Clock.Now(), customer: me, canAdd: a.canAdd()}
	var err error
	if l.settings, err = a.Settings.Get(ctx); err != nil {
		return l, err
	}
	open, _, err := a.Billing.List(ctx, billing.Filter{CustomerID: me.ID, Status: billing.Open, Limit: page.Longest})
	if err != nil {
		return l, err
	}
	for i := len(open) - 1; i >= 0; i-- {
		l.unpaid = append(l.unpaid, open[i])
	}
	saved, err := a.Payments.Methods(ctx, me.ID)
	if err != nil {
		return l, err
	}
	for i, m := range saved {
		if m.Default && a.chargeable(m) {
			l.method = &saved[i]
		}
	}
	return l, nil
}

// today is the day it is for the store, in whose zone billing dates are.
func (l ledge) today() civil.Date { return civil.Of(l.now, l.settings.TimeZone) }

// outlook is how a subscription stands and what lies ahead of it. Its words are in prospect.go.
type outlook struct {
	ledge
	sub      subscription.Subscription
	standing subscription.Standing
	bill     *billing.Invoice // that asks for an unpaid period
	change   *billing.Invoice // of a change of plan that waits for its payment
}

func (l ledge) of(sub subscription.Subscription) outlook {
	s := l.settings
	rules := subscription.Rules{
		Zone: s.TimeZone, InvoiceDays: s.InvoiceDays, InvoiceDaysOf: s.InvoiceDaysOf, GraceDays: s.GraceDays,
		ExpireDays: s.ExpireDays, ExpireLater: s.ExpireLater,
	}
	o := outlook{ledge: l, sub: sub, standing: subscription.Assess(sub, l.method != nil, rules, l.now)}
	for i, inv := range l.unpaid {
		for _, line := range inv.Lines {
			switch {
			case line.SubscriptionID != sub.ID && (line.Link == nil || line.Link.Target != sub.ID):
			case inv.Kind == billing.KindChange:
				o.change = &l.unpaid[i]
			case o.bill == nil:
				o.bill = &l.unpaid[i]
			}
		}
	}
	return o
}

// dates are the days on which something happens to what is not paid; those that do not come are zero.
type dates struct {
	invoiced  civil.Date // the invoice is made
	charged   civil.Date // the saved method is charged, for the first time or again
	due       civil.Date
	suspended civil.Date
	ended     civil.Date
}

// dates are those of the next payment of a subscription that goes on.
func (o outlook) dates() dates {
	day := func(t *time.Time) civil.Date {
		if t == nil {
			return civil.Date{}
		}
		return civil.Of(*t, o.settings.TimeZone)
	}
	d := dates{due: o.sub.NextDue}
	switch o.standing.Status {
	case subscription.Active, subscription.PastDue:
		d.suspended, d.ended = day(o.standing.Term.GraceUntil), day(o.standing.Term.EndsAt)
	case subscription.Trialing:
		d.invoiced = d.due
	case subscription.Suspended, subscription.Cancelled, subscription.Expired:
		return dates{}
	}
	schedule := collection.ScheduleOf(*o.settings)
	if o.bill != nil {
		d.due = o.bill.DueOn
		d.charged = nextCharge(schedule, *o.bill, o.today())
	} else {
		if d.invoiced.IsZero() {
			d.invoiced = later(o.sub.NextDue.AddDays(-o.invoiceDays()), o.today())
		}
		d.charged = later(o.sub.NextDue.AddDays(-o.settings.CaptureDays), d.invoiced)
	}
	if o.method == nil {
		d.charged = civil.Date{}
	}
	if o.standing.Status == subscription.Active && d.suspended == d.ended {
		d.suspended = civil.Date{}
	}
	return d
}

func (o outlook) invoiceDays() int {
	if n, ok := o.settings.InvoiceDaysOf[string(o.sub.Cycle)]; ok {
		return n
	}
	return o.settings.InvoiceDays
}

// nextCharge is the day on which the money of an open invoice is tried to be charged next; zero: no more.
func nextCharge(s dunning.Schedule, inv billing.Invoice, today civil.Date) civil.Date {
	if inv.Step == "" || inv.Kind != billing.KindRenewal {
		return civil.Date{}
	}
	reached := false
	for _, step := range s.Steps(dunning.Renewal, inv.DueOn) {
		reached = reached || step.Name == inv.Step
		if reached && step.Action == dunning.Charge {
			return later(later(step.On, inv.StepOn), today)
		}
	}
	return civil.Date{}
}

func later(a, b civil.Date) civil.Date {
	if a.Before(b) {
		return b
	}
	return a
}

// owed is what is asked for now; nothing if nothing is.
func (o outlook) owed() (money.Money, bool) {
	if o.bill == nil {
		return money.Money{}, false
	}
	return o.bill.Balance(), true
}

// overdue reports whether the day has passed on which it had to be paid.
func (o outlook) overdue() bool { return o.bill != nil && overdue(*o.bill, o.today()) }

// over reports whether it has ended.
func (o outlook) over() bool { return o.standing.Status == subscription.Expired }

// again reports whether the customer can take a cancellation back: what staff have paused goes on when they say so.
func (o outlook) again() bool {
	return o.standing.Status == subscription.Cancelled && o.sub.PausedOn.IsZero()
}

// disputed reports whether a payment for it is in dispute.
func (o outlook) disputed() bool {
	for _, p := range o.sub.Periods {
		if p.State == subscription.PeriodDisputed {
			return true
		}
	}
	return false
}

// undecided is a period whose line was taken back, which staff decide about.
func (o outlook) undecided() (subscription.Period, bool) {
	for _, p := range o.sub.Periods {
		if p.State == subscription.PeriodRemoved && !o.sub.Ended() {
			return p, true
		}
	}
	return subscription.Period{}, false
}
