package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/subscription"
)

// tale is a subscription that is paid by card, or tried without one, and what people do about it.
type tale struct {
	ago      int // days
	who      int
	what     string // product, plan, cycle
	quantity int64
	card     string // of the sandbox; empty: none
	coupon   string
	places   int
	addTo    string // of an add-on: the product of whose license it is
	then     []turn
}

// turn is what somebody does about a subscription.
type turn struct {
	ago int
	do  func(ctx context.Context, s *story, t *telling) error
}

// telling is a tale that has begun.
type telling struct {
	tale
	orderID string
}

var tales = []tale{
	// The first customer has something of everything.
	{ago: 400, who: 0, what: "fieldnote Personal annual", card: sandbox.OK, coupon: welcome, places: 1, then: []turn{
		{300, change("fieldnote Business annual", 1, subscription.Now)},
	}},
	{ago: 200, who: 0, what: "fieldnote Extra activations annual", card: sandbox.OK, addTo: "fieldnote"},
	{ago: 173, who: 0, what: "lighthouse Team monthly", card: sandbox.OK, places: 4, then: []turn{{12, useCard(sandbox.Insufficient)}}},
	{ago: 61, who: 0, what: "lighthouse Starter annual", card: sandbox.OK, places: 1, then: []turn{
		{41, refund(1500, "For the outage of the status page.")},
		{20, cancel(subscription.AtPeriodEnd, "Everything moves to Team.")},
	}},
	{ago: 5, who: 0, what: "fieldnote Agency monthly", places: 2},

	{ago: 395, who: 8, what: "fieldnote Personal annual", card: sandbox.OK, places: 1},
	{ago: 358, who: 4, what: "lighthouse Team annual", card: sandbox.OK, places: 9},
	{ago: 300, who: 23, what: "lighthouse Scale annual", places: 12, card: sandbox.OK, then: []turn{
		{280, dropCards},
		{3, wish("lighthouse Scale annual", 2)},
	}},
	{ago: 220, who: 15, what: "fieldnote Agency annual", card: sandbox.OK, places: 3, then: []turn{{30, refund(0, "Closes the agency.")}}},
	{ago: 215, who: 5, what: "lighthouse Scale monthly", card: sandbox.OK, places: 9},
	{ago: 210, who: 21, what: "lighthouse Team monthly", card: sandbox.OK, places: 5, then: []turn{
		{70, useCard(sandbox.Decline)},
		{25, payWith(sandbox.OK)},
	}},
	{ago: 200, who: 17, what: "fieldnote Business annual", card: sandbox.Disputed, coupon: welcome, places: 2, then: []turn{
		{190, useCard(sandbox.OK)},
		{170, closeDispute("won")},
	}},
	{ago: 175, who: 12, what: "lighthouse Team monthly", quantity: 3, card: sandbox.OK, places: 10, then: []turn{
		{90, change("lighthouse Team monthly", 5, subscription.Now)},
		{60, refund(1000, "For the outage on Sunday.")},
	}},
	{ago: 170, who: 10, what: "lighthouse Starter monthly", card: sandbox.OK, places: 2, then: []turn{{100, useCard(sandbox.Insufficient)}}},
	{ago: 160, who: 1, what: "lighthouse Team monthly", card: sandbox.OK, places: 6, then: []turn{
		{6, change("lighthouse Starter monthly", 1, subscription.AtRenewal)},
	}},
	{ago: 150, who: 13, what: "lighthouse Team monthly", card: sandbox.OK, places: 3, then: []turn{{50, pause("On parental leave until summer; agreed by phone.")}}},
	{ago: 140, who: 19, what: "lighthouse Team annual", card: sandbox.Disputed, places: 4, then: []turn{{105, closeDispute("lost")}}},
	{ago: 130, who: 2, what: "fieldnote Business monthly", card: sandbox.OK, places: 4, then: []turn{{40, useCard(sandbox.Decline)}}},
	{ago: 120, who: 3, what: "lighthouse Starter monthly", card: sandbox.Timeout, places: 1},
	{ago: 90, who: 6, what: "fieldnote Business monthly", card: sandbox.OK, places: 2, then: []turn{{35, cancel(subscription.AtPeriodEnd, "The season is over.")}}},
	{ago: 80, who: 18, what: "fieldnote Business monthly", card: sandbox.Pending, places: 3},
	{ago: 75, who: 16, what: "lighthouse Team monthly", card: sandbox.Disputed, places: 2},
	{ago: 60, who: 14, what: "lighthouse Starter monthly", places: 1},
	{ago: 59, who: 7, what: "fieldnote Personal annual", card: sandbox.Disputed, places: 1},
	{ago: 45, who: 24, what: "lighthouse Team monthly", card: sandbox.OK, coupon: welcome, places: 3, then: []turn{
		{8, cancel(subscription.AtOnce, "Does not watch from Mexico.")},
	}},
	{ago: 12, who: 20, what: "lighthouse Starter monthly", card: sandbox.OK, places: 2},
	{ago: 11, who: 22, what: "fieldnote Business monthly", places: 1},
	{ago: 6, who: 9, what: "lighthouse Team monthly", card: sandbox.OK, places: 2},
}

// subscribe lets every tale begin.
func (s *story) subscribe() {
	for _, t := range tales {
		at := s.now.Add(-days(t.ago)).Add(-s.minutes(600))
		s.at(at, func(ctx context.Context) error { return s.begin(ctx, &telling{tale: t}) })
	}
}

func (s *story) begin(ctx context.Context, t *telling) error {
	if err := s.join(ctx, t.who); err != nil {
		return err
	}
	ctx = s.asCustomer(ctx, t.who)
	if t.card != "" {
		if err := s.present(ctx, t.who, t.card); err != nil {
			return err
		}
	}
	price, err := s.priceOf(t.what)
	if err != nil {
		return err
	}
	item := order.Item{PriceID: price, Quantity: max(1, t.quantity)}
	for _, it := range s.sold {
		if t.addTo != "" && it.who == t.who && it.license.ProductSlug == t.addTo {
			item.LicenseID = it.license.ID
		}
	}
	placed, err := s.Orders.Place(ctx, order.Input{CustomerID: s.customers[t.who], Items: []order.Item{item}, Coupon: t.coupon})
	if err != nil {
		return fmt.Errorf("%s: %w", t.what, err)
	}
	t.orderID = placed.ID
	for _, turn := range t.then {
		at := s.now.Add(-days(turn.ago)).Add(-s.minutes(600))
		s.at(at, func(ctx context.Context) error { return turn.do(ctx, s, t) })
	}
	if placed.Total.Amount > 0 {
		if _, err := s.Payments.Charge(ctx, placed.InvoiceID, payment.ChargeOptions{}); err != nil {
			return err
		}
	}
	return s.deliver(ctx, sale{ago: t.ago, who: t.who, places: t.places}, placed.ID)
}

// asCustomer is for what customers do themselves.
func (s *story) asCustomer(ctx context.Context, who int) context.Context {
	return event.WithActor(ctx, event.Actor{Kind: event.Customer, ID: s.customers[who], Name: people[who].name, IP: address(who, 0)})
}

// present makes a card the one by which a customer pays. It is saved when it is used for the first time.
func (s *story) present(ctx context.Context, who int, card string) error {
	key := fmt.Sprint(who, " ", card)
	if id, ok := s.cards[key]; ok {
		_, err := s.Payments.SetDefaultMethod(ctx, s.customers[who], id)
		return err
	}
	m, err := s.Payments.AddMethod(ctx, s.customers[who], sandbox.Name, card)
	s.cards[key] = m.ID
	return err
}

// subscription is what came of the order of a tale.
func (s *story) subscription(ctx context.Context, t *telling) (subscription.Subscription, error) {
	o, err := s.Orders.ByID(ctx, t.orderID)
	if err != nil {
		return subscription.Subscription{}, err
	}
	if len(o.SubscriptionIDs) == 0 {
		return subscription.Subscription{}, fmt.Errorf("nothing came of the order of %s", t.what)
	}
	return s.Subscriptions.ByID(ctx, o.SubscriptionIDs[0])
}

func useCard(card string) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		return s.present(s.asCustomer(ctx, t.who), t.who, card)
	}
}

// dropCards leaves a customer without any.
func dropCards(ctx context.Context, s *story, t *telling) error {
	ctx = s.asCustomer(ctx, t.who)
	saved, err := s.Payments.Methods(ctx, s.customers[t.who])
	for _, m := range saved {
		err = errors.Join(err, s.Payments.RemoveMethod(ctx, m.CustomerID, m.ID))
	}
	return err
}

// payWith pays what is overdue by another card, which is used from then on.
func payWith(card string) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		ctx = s.asCustomer(ctx, t.who)
		if err := s.present(ctx, t.who, card); err != nil {
			return err
		}
		sub, err := s.subscription(ctx, t)
		if err != nil {
			return err
		}
		for _, p := range sub.Periods {
			if p.State == subscription.PeriodOpen {
				_, err = s.Payments.Charge(ctx, p.InvoiceID, payment.ChargeOptions{})
			}
		}
		return err
	}
}

// change changes plan or quantity, and pays what that costs.
func change(what string, quantity int64, when subscription.When) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		done, err := s.ask(s.asCustomer(ctx, t.who), t, what, quantity, when)
		if err == nil && done.Pending {
			_, err = s.Payments.Charge(ctx, done.InvoiceID, payment.ChargeOptions{})
		}
		return err
	}
}

// wish asks for a change and leaves its invoice unpaid.
func wish(what string, quantity int64) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		_, err := s.ask(s.asCustomer(ctx, t.who), t, what, quantity, subscription.Now)
		return err
	}
}

func (s *story) ask(ctx context.Context, t *telling, what string, quantity int64, when subscription.When) (subscription.Changed, error) {
	sub, err := s.subscription(ctx, t)
	if err != nil {
		return subscription.Changed{}, err
	}
	price, err := s.priceOf(what)
	if err != nil {
		return subscription.Changed{}, err
	}
	return s.Subscriptions.Change(ctx, sub.ID, subscription.ChangeInput{PriceID: price, Quantity: quantity, When: when})
}

func cancel(at subscription.CancelAt, why string) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		sub, err := s.subscription(ctx, t)
		if err == nil {
			_, err = s.Subscriptions.Cancel(s.asCustomer(ctx, t.who), sub.ID, at, why)
		}
		return err
	}
}

func pause(why string) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		sub, err := s.subscription(ctx, t)
		if err == nil {
			_, err = s.Subscriptions.Pause(ctx, sub.ID, why)
		}
		return err
	}
}

// refund gives the money of the newest period back, or a part of it.
func refund(amount int64, why string) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		sub, err := s.subscription(ctx, t)
		if err != nil {
			return err
		}
		in := payment.RefundInput{To: payment.ToGateway, Adjust: true, Reason: why}
		if amount > 0 {
			m := money.New(amount, sub.Unit.Currency)
			in.Money = &m
		}
		_, err = s.Payments.Refund(ctx, sub.Periods[len(sub.Periods)-1].InvoiceID, in)
		return err
	}
}

// closeDispute lets the bank decide about what is disputed.
func closeDispute(outcome string) func(context.Context, *story, *telling) error {
	return func(ctx context.Context, s *story, t *telling) error {
		sub, err := s.subscription(ctx, t)
		if err != nil {
			return err
		}
		for _, p := range sub.Periods {
			if p.InvoiceID == "" {
				continue
			}
			disputes, err := s.Payments.Disputes(ctx, p.InvoiceID)
			if err != nil {
				return err
			}
			for _, d := range disputes {
				if d.Status == payment.DisputeOpen {
					return s.Sandbox.CloseDispute(ctx, d.Reference, outcome)
				}
			}
		}
		return fmt.Errorf("nothing of %s is disputed", t.what)
	}
}

// bank lets those who pay renewals by transfer go to their bank now and then.
func (s *story) bank() {
	for at := s.now.Add(-days(420)); at.Before(s.now.Add(-days(2))); at = at.Add(days(13)) {
		s.at(at, s.transfers)
	}
}

func (s *story) transfers(ctx context.Context) error {
	open, _, err := s.Billing.List(ctx, billing.Filter{Status: billing.Open, Limit: 200})
	if err != nil {
		return err
	}
	for _, inv := range open {
		if inv.Kind != billing.KindRenewal || renewsDomain(inv) {
			continue
		}
		saved, err := s.Payments.Methods(ctx, inv.CustomerID)
		if err != nil {
			return err
		}
		if len(saved) > 0 {
			continue
		}
		s.payments++
		_, err = s.Payments.Record(ctx, inv.ID, payment.Manual{
			Money: inv.Balance(), Reference: fmt.Sprintf("Statement %s, entry %d", s.Clock.Now().Format("2006-01"), s.payments),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// renewsDomain reports whether an invoice asks for the renewal of a domain: those are left to their own story.
func renewsDomain(inv billing.Invoice) bool {
	return slices.ContainsFunc(inv.Lines, func(l billing.InvoiceLine) bool { return l.Link != nil && l.Link.Kind == renewal.LinkRenewal })
}
