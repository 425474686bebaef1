package portal

import (
	"encoding/json"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

// What a page says about the next invoice is what that invoice says.
func TestNextBillIsWhatIsBilled(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(b *bundle, g goods, sub subscription.Subscription){
		"nothing happens": func(*bundle, goods, subscription.Subscription) {},
		"more of it": func(b *bundle, _ goods, sub subscription.Subscription) {
			must(b.Subscriptions.Change(b.Context(), sub.ID, subscription.ChangeInput{Quantity: 3, When: subscription.AtRenewal}))(b.T)
		},
		"another cycle": func(b *bundle, g goods, sub subscription.Subscription) {
			yearly := b.newPrice(g, catalog.NewPrice{Cycle: string(civil.Annual), Money: money.New(9999, "EUR")})
			must(b.Subscriptions.Change(b.Context(), sub.ID, subscription.ChangeInput{PriceID: yearly.ID, When: subscription.AtRenewal}))(b.T)
		},
		"a price update": func(b *bundle, _ goods, sub subscription.Subscription) {
			must(b.Subscriptions.SchedulePriceUpdate(b.Context(), subscription.PriceUpdateInput{Mode: subscription.ByPercent, Value: "10", StartsOn: sub.NextDue, Reason: "costs"}))(b.T)
		},
		"with tax": func(b *bundle, _ goods, _ subscription.Subscription) {
			must(b.Settings.Patch(b.Context(), map[string]json.RawMessage{"tax.mode": json.RawMessage(`"exclusive"`), "tax.country": json.RawMessage(`"DE"`), "tax.eu": json.RawMessage(`"threshold"`)}))(b.T)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c, g := b.newCustomer("Marie"), b.newGoods("tool", "Tool", 2, 0)
			must(b.rooms.Coupons.Create(t.Context(), coupon.NewCoupon{Code: "TWICE", Name: "Twice less", Percent: "12.5", Charges: 2}))(t)
			monthly := b.newPrice(g, catalog.NewPrice{Cycle: string(civil.Monthly), Money: money.New(1099, "EUR")})
			o := must(b.Orders.Place(t.Context(), order.Input{CustomerID: c.ID, Items: []order.Item{{PriceID: monthly.ID, Quantity: 1}}, Coupon: "TWICE"}))(t)
			must(b.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: o.Total, Reference: "S"}))(t)
			sub := b.subscription(must(b.Orders.ByID(t.Context(), o.ID))(t).SubscriptionIDs[0])
			prepare(b, g, sub)
			for range 3 {
				foretold := must(b.Subscriptions.NextBill(t.Context(), b.subscription(sub.ID)))(t)
				var bill billing.Invoice
				for range 9 { // instants at which something falls due
					must(b.rooms.Automation.Advance(t.Context(), *b.subscription(sub.ID).NextAt, nil))(t)
					if open := b.unpaid(c); len(open) > 0 {
						bill = open[0]
						break
					}
				}
				if bill.Total != foretold || foretold.Amount == 0 {
					t.Fatalf("told %s, billed %s", foretold, bill.Total)
				}
				must(b.Payments.Record(t.Context(), bill.ID, payment.Manual{Money: bill.Total, Reference: bill.ID}))(t)
			}
		})
	}
}
