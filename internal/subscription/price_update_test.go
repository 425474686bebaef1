package subscription_test

import (
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
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

// Every subscription gets the list price of what it has, however many share one; each is told of its own.
func TestPriceUpdateToTheList(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		small, large := s.price("monthly", 1000), s.price("annual", 9000)
		want := map[string]int64{}
		for i := range 12 {
			price, list := small, int64(1100)
			if i%3 == 0 {
				price, list = large, 9500
			}
			_, sub := s.buy(s.customer(fmt.Sprint("c", i), ""), price)
			want[sub.ID] = list
		}
		must(s.Catalog.ReplacePrice(s.ctx, small, catalog.NewPrice{Cycle: "monthly", Money: money.New(1100, "EUR")}))(s.T)
		must(s.Catalog.ReplacePrice(s.ctx, large, catalog.NewPrice{Cycle: "annual", Money: money.New(9500, "EUR")}))(s.T)
		in := subscription.PriceUpdateInput{Mode: subscription.ToList, StartsOn: civil.On(2027, 5, 1), Reason: "costs"}
		update := must(s.Subscriptions.SchedulePriceUpdate(s.ctx, in))(s.T)
		items, _, err := s.Subscriptions.PriceUpdateItems(s.ctx, update.ID, "", 50)
		if err != nil || len(items) != len(want) {
			s.Fatalf("%d items, %v", len(items), err)
		}
		for _, item := range items {
			if item.After.Amount != want[item.SubscriptionID] || item.State != "planned" {
				s.Errorf("%+v, want %d", item, want[item.SubscriptionID])
			}
		}
		if _, err := s.Subscriptions.UndoPriceUpdate(s.ctx, "pru_none", "a mistake"); fail.Of(err).Code != "PRICE_UPDATE_NOT_FOUND" {
			s.Errorf("undo of none: %v", err)
		}
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
