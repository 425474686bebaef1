package subscription_test

import (
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/subscription"
)

func TestPriceUpdate(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada, bob := s.customer("ada", ""), s.customer("bob", "")
		price := s.price("monthly", 1000)
		_, first := s.buy(ada, price)
		_, second := s.buy(bob, price)
		s.advance("2027-03-10")
		in := subscription.PriceUpdateInput{Mode: subscription.ByPercent, Value: "5.5", StartsOn: civil.On(2027, 5, 1), Reason: "costs"}
		items := must(s.Subscriptions.PreviewPriceUpdate(s.ctx, in))(s.T)
		if len(items) != 2 || items[0].After.Amount != 1055 {
			s.Fatalf("preview %+v", items)
		}
		update := must(s.Subscriptions.SchedulePriceUpdate(s.ctx, in))(s.T)
		if update.Counts["planned"] != 2 {
			s.Errorf("%+v", update)
		}
		s.advance("2027-03-20") // April is invoiced
		for _, customer := range []string{ada, bob} {
			s.pay(must2(s.Billing.List(s.ctx, filterOf(customer)))(s.T)[0].ID, 1000)
		}
		s.advance("2027-04-20") // May is invoiced
		if got := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0]; got.Total.Amount != 1055 {
			s.Errorf("May costs %s", got.Total)
		}
		if got := s.sub(first.ID); got.Unit.Amount != 1055 {
			s.Errorf("the subscription costs %s", got.Unit)
		}
		update = must(s.Subscriptions.UndoPriceUpdate(s.ctx, update.ID, "a mistake"))(s.T)
		if update.Status != "undone" || update.Counts["undone"] != 2 {
			s.Errorf("%+v", update)
		}
		if got := s.sub(second.ID); got.Unit.Amount != 1000 {
			s.Errorf("after undoing it costs %s", got.Unit)
		}
		if _, err := s.Subscriptions.UndoPriceUpdate(s.ctx, update.ID, "again"); err == nil {
			s.Error("undone twice")
		}
		s.proven()
	})
}

func TestPriceUpdateRefuses(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.buy(s.customer("ada", ""), s.price("monthly", 1000))
		good := subscription.PriceUpdateInput{Mode: subscription.ByPercent, Value: "5", StartsOn: civil.On(2027, 5, 1), Reason: "costs"}
		for name, spoil := range map[string]func(*subscription.PriceUpdateInput){
			"mode":                    func(in *subscription.PriceUpdateInput) { in.Mode = "double" },
			"no percentage":           func(in *subscription.PriceUpdateInput) { in.Value = "five" },
			"an amount of nothing":    func(in *subscription.PriceUpdateInput) { in.Mode = subscription.ByAmount; in.Value = "1" },
			"no reason":               func(in *subscription.PriceUpdateInput) { in.Reason = "" },
			"a day that has passed":   func(in *subscription.PriceUpdateInput) { in.StartsOn = civil.On(2027, 2, 1) },
			"nothing that it changes": func(in *subscription.PriceUpdateInput) { in.Value = "0" },
			"the list price":          func(in *subscription.PriceUpdateInput) { in.Mode = subscription.ToList },
			"a cycle of no kind":      func(in *subscription.PriceUpdateInput) { in.Cycle = "one_time" },
		} {
			in := good
			spoil(&in)
			if _, err := s.Subscriptions.SchedulePriceUpdate(s.ctx, in); err == nil {
				s.Errorf("%s: no error", name)
			}
		}
	})
}
