package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/subscription"
)

// plan is a subscription as mails need it.
type plan struct {
	told       mail.Subscription
	ofLicense  bool
	product    string
	slug       string
	priceID    string
	quantity   int64
	unit       money.Money
	nextDue    civil.Date
	cancelOn   civil.Date
	pausedOn   civil.Date
	endedOn    civil.Date
	trialEnds  *time.Time
	method     string     // by which it is charged; empty: none is saved
	graceUntil civil.Date // of its license
	endsOn     civil.Date
}

// subscription reads a subscription and notes its customer as the reader.
func (d *desk) subscription(ctx context.Context, id string) (plan, error) {
	r, err := d.tx.NoticeSubscription(ctx, id)
	if err != nil {
		return plan{}, fmt.Errorf("subscription %s: %w", id, err)
	}
	d.to = personOf(r.CustomerID, r.Name, r.Email, r.EmailFold, r.Language)
	return d.planOf(r), nil
}

func (d *desk) planOf(r query.NoticeSubscriptionRow) plan {
	unit := money.New(r.UnitAmount, money.Currency(r.Currency))
	day := func(at *clock.Instant) civil.Date {
		if at == nil {
			return civil.Date{}
		}
		return civil.Of(at.Time(), d.now.TimeZone)
	}
	return plan{
		told: mail.Subscription{
			Name: r.Description, Price: money.New(unit.Amount*r.Quantity, unit.Currency), Cycle: civil.Cycle(r.Cycle), Link: d.link(subscriptionLink(r.ID)),
		},
		ofLicense: r.Kind == string(subscription.OfLicense), product: r.ProductName, slug: r.Slug, priceID: r.PriceID, quantity: r.Quantity,
		unit: unit, nextDue: dateOf(r.NextDue), cancelOn: dateOf(r.CancelOn), pausedOn: dateOf(r.PausedOn), endedOn: dateOf(r.EndedOn),
		trialEnds: clock.TimePtr(r.TrialEndsAt), method: r.Method, graceUntil: day(r.GraceUntil), endsOn: day(r.EndsAt),
	}
}

// periods reads what the periods of the subscription add up to.
func (d *desk) periods(ctx context.Context) (query.NoticePeriodsRow, error) {
	r, err := d.tx.NoticePeriods(ctx, d.SubjectID)
	if err != nil {
		return r, fmt.Errorf("periods of subscription %s: %w", d.SubjectID, err)
	}
	return r, nil
}

// suspended tells that grace has ended, with the invoice that makes things good.
func suspended(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	periods, err := d.periods(ctx)
	if err != nil {
		return nil, err
	}
	b, err := d.bill(ctx, periods.UnpaidInvoiceID)
	if err != nil {
		return nil, err
	}
	data := mail.LicenseSuspendedData{Name: d.to.name, Products: []string{sub.told.Name}, Invoice: d.withHow(b)}
	if sub.ofLicense {
		data.Products = []string{sub.product}
	}
	if sub.endsOn.After(d.today()) {
		data.EndsOn = sub.endsOn
	}
	return data, nil
}

func recovered(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	periods, err := d.periods(ctx)
	if err != nil {
		return nil, err
	}
	data := mail.SubscriptionRecoveredData{Name: d.to.name, Subscription: sub.told}
	if end := dateOf(periods.PaidUntil); !end.IsZero() {
		data.PaidUntil = end.AddDays(-1)
	}
	return data, nil
}

// cancelled tells of a subscription that runs to the end of what is paid: the day before the one on which it is over.
func cancelled(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil || sub.cancelOn.IsZero() {
		return nil, err
	}
	return mail.SubscriptionCancelledData{
		Name: d.to.name, Subscription: sub.told, EndsOn: sub.cancelOn.AddDays(-1), Credit: money.New(0, sub.unit.Currency), Resume: sub.told.Link,
	}, nil
}

// cancelledNow tells of one that was over at once. What its customer gets for the rest comes with its credit note.
func cancelledNow(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	return mail.SubscriptionCancelledData{
		Name: d.to.name, Subscription: sub.told, EndsOn: sub.endedOn, AtOnce: true, Credit: money.New(0, sub.unit.Currency),
	}, nil
}

func expired(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	data := mail.SubscriptionExpiredData{Name: d.to.name, Subscription: sub.told, EndedOn: sub.endedOn, Buy: shopLink(sub.slug)}
	if d.Reason == string(subscription.EndedUnpaid) || d.Reason == string(subscription.EndedCancelled) {
		if data.Buy, err = d.buyAgain(ctx, d.SubjectID, sub.slug); err != nil {
			return nil, err
		}
	}
	if d.Reason != string(subscription.EndedUnpaid) {
		return data, nil
	}
	periods, err := d.periods(ctx)
	if err != nil {
		return nil, err
	}
	data.Unpaid = periods.Lapsed > 0 // a trial that nobody goes on with owes nothing
	return data, nil
}

// buyAgain leads to what a subscription was for. Where money revives licenses, buying it there brings the old one back.
func (d *desk) buyAgain(ctx context.Context, subscriptionID, slug string) (string, error) {
	if !d.now.RenewExpired || d.to.guest {
		return shopLink(slug), nil
	}
	ended, err := d.tx.NoticeRevivable(ctx, subscriptionID)
	if err != nil {
		return "", fmt.Errorf("license of subscription %s: %w", subscriptionID, err)
	}
	if len(ended) == 0 {
		return shopLink(slug), nil
	}
	return reviveLink(ended[0].PriceID, ended[0].ID), nil
}

func resumed(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	return mail.SubscriptionResumedData{Name: d.to.name, Subscription: sub.told, RenewsOn: sub.nextDue}, nil
}

// paused tells of a pause. What a dispute stops is not told: its customer has begun it.
func paused(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil || sub.pausedOn.IsZero() {
		return nil, err
	}
	return mail.SubscriptionPausedData{Name: d.to.name, Subscription: sub.told, PausedOn: sub.pausedOn}, nil
}

// offer is what one can subscribe to.
type offer struct {
	plan     string
	cycle    civil.Cycle
	quantity int64
	unit     money.Money
}

func (d *desk) offer(ctx context.Context, priceID string, quantity int64) (offer, error) {
	r, err := d.tx.NoticePrice(ctx, priceID)
	if err != nil {
		return offer{}, fmt.Errorf("price %s: %w", priceID, err)
	}
	return offer{plan: r.PlanName, cycle: civil.Cycle(r.Cycle), quantity: quantity, unit: money.New(r.Amount, money.Currency(r.Currency))}, nil
}

// names tells two offers apart: by their plans, and by quantity and cycle where those differ.
func (d *desk) names(from, to offer) (was, is string) {
	was, is = from.plan, to.plan
	if from.quantity != to.quantity {
		was, is = fmt.Sprintf("%d × %s", from.quantity, was), fmt.Sprintf("%d × %s", to.quantity, is)
	}
	if cycles := d.words().cycles; from.cycle != to.cycle {
		was, is = was+", "+cycles[from.cycle], is+", "+cycles[to.cycle]
	}
	return was, is
}

// changePlanned confirms a change that the next renewal brings.
func changePlanned(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	from, err := d.offer(ctx, sub.priceID, sub.quantity)
	if err != nil {
		return nil, err
	}
	to, err := d.offer(ctx, d.PriceID, d.Quantity)
	if err != nil {
		return nil, err
	}
	if d.PriceID == sub.priceID {
		to.unit = sub.unit // the price of the day of the purchase stays
	}
	data := mail.PlanChangedData{Name: d.to.name, Subscription: sub.told, EffectiveOn: d.On}
	data.From, data.To = d.names(from, to)
	data.Subscription.Price, data.Subscription.Cycle = money.New(to.unit.Amount*to.quantity, to.unit.Currency), to.cycle
	return data, nil
}

// changed confirms a change that has taken effect, with what it has cost.
func changed(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	from, err := d.offer(ctx, d.FromPriceID, d.FromQuantity)
	if err != nil {
		return nil, err
	}
	to, err := d.offer(ctx, d.PriceID, d.Quantity)
	if err != nil {
		return nil, err
	}
	was, err := d.moneyOf(ctx)
	if err != nil {
		return nil, err
	}
	data := mail.PlanChangedData{Name: d.to.name, Subscription: sub.told, EffectiveOn: d.today()}
	data.From, data.To = d.names(from, to)
	net := was.Charged - was.Credited
	data.Charged, data.Credited = money.New(max(net, 0), sub.unit.Currency), money.New(max(-net, 0), sub.unit.Currency)
	return data, nil
}

// moneyOf is what a change of the subscription at this instant has cost, and what became credit.
func (d *desk) moneyOf(ctx context.Context) (query.NoticeChangeMoneyRow, error) {
	r, err := d.tx.NoticeChangeMoney(ctx, query.NoticeChangeMoneyParams{
		SubscriptionID: &d.SubjectID, CustomerID: d.to.id, Now: &d.tx.Stamp, NoteAt: d.tx.Stamp,
	})
	if err != nil {
		return r, fmt.Errorf("money of subscription %s: %w", d.SubjectID, err)
	}
	return r, nil
}

// priceChange announces another price.
func priceChange(ctx context.Context, d *desk) (any, error) {
	sub, err := d.subscription(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	return mail.PriceChangeNoticeData{
		Name: d.to.name, Subscription: sub.told, OldPrice: d.Before.times(sub.quantity), NewPrice: d.After.times(sub.quantity),
		From: dateOf(d.From), Cancel: sub.told.Link,
	}, nil
}
