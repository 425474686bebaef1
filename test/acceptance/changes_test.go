package acceptance

import (
	"fmt"
	"testing"
)

// TestChanges is group C: trials, proration, changes.
func TestChanges(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct {
		now string
		run func(s *store)
	}{
		"C4":  {"2023-04-23", c4},
		"C13": {"2012-05-01", c13},
		"C16": {"2022-11-27", c16},
		"C23": {"2023-07-19T12:12:00Z", c23},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			each(t, c.now, c.run)
		})
	}
	t.Run("C28", func(t *testing.T) {
		t.Parallel()
		for _, proration := range []string{"days-actual", "fixed-30", "seconds"} {
			t.Run(proration, func(t *testing.T) {
				t.Parallel()
				each(t, "2025-04-01", func(s *store) { c28(s, proration) })
			})
		}
	})
}

// effect is what a change does, or would do.
type effect struct {
	Credit      cash
	Charge      cash
	ToPay       cash    `json:"to_pay"`
	EffectiveOn string  `json:"effective_on"`
	InvoiceID   *string `json:"invoice_id"`
}

func (e effect) String() string {
	return fmt.Sprintf("-%s +%s = %s on %s", e.Credit, e.Charge, e.ToPay, e.EffectiveOn)
}

// change changes a subscription; before that, the preview must say the same.
func (s *store) change(subscription string, how object) effect {
	s.t.Helper()
	asked := object{"preview": true}
	for k, v := range how {
		asked[k] = v
	}
	var seen, done effect
	s.do("POST", "/subscriptions/"+subscription+"/change", asked, &seen)
	s.do("POST", "/subscriptions/"+subscription+"/change", how, &done)
	s.want("preview", seen, done)
	return done
}

// Cancel at once, small unused part.
func c4(s *store) {
	s.set(object{"billing.proration": "fixed-30"})
	ada := s.customer("")
	o := s.buy(ada, s.price("monthly", 1995, 0), 1)
	s.advance("2023-05-15")
	s.do("POST", "/subscriptions/"+o.SubscriptionIDs[0]+"/cancel", object{"at": "now"}, nil)
	s.want("credit", s.credit(ada), "5.32")
	s.wantState(o, "expired, expired")
	s.advance("2023-08-01")
	s.want("credit", s.credit(ada), "5.32")
}

// Yearly to monthly on the first day.
func c13(s *store) {
	s.set(object{"billing.invoice_days": 0})
	ada := s.customer("tok_ok")
	o := s.buy(ada, s.price("annual", 239995, 0), 1)
	s.want("change", s.change(o.SubscriptionIDs[0], object{"price_id": s.price("monthly", 24995, 0), "when": "now"}), "-2399.95 +249.95 = 0.00 on 2012-05-01")
	s.want("credit", s.credit(ada), "2150.00")
	s.want("period", s.subscription(o.SubscriptionIDs[0]).Period, "[2012-05-01, 2012-06-01)")
	s.advance("2012-07-01")
	s.want("credit", s.credit(ada), "1650.10")
	all := s.invoices(ada)
	for i, want := range []string{"2012-06-01 [2012-06-01, 2012-07-01) paid 249.95 0.00", "2012-07-01 [2012-07-01, 2012-08-01) paid 249.95 0.00"} {
		inv := all[len(all)-2+i]
		s.want("invoice", inv, want)
		s.wantPayments(inv.ID, "credit succeeded 249.95 refunded 0.00")
		s.wantAttempts(inv.ID)
	}
}

// Quantity change at a boundary.
func c16(s *store) {
	ada := s.customer("tok_ok")
	o := s.buy(ada, s.price("monthly", 2995, 0), 7)
	s.advance("2022-12-12")
	s.want("change", s.change(o.SubscriptionIDs[0], object{"quantity": 10, "when": "renewal"}), "-0.00 +0.00 = 0.00 on 2022-12-27")
	s.advance("2022-12-27")
	s.wantInvoices(ada,
		"2022-11-27 [2022-11-27, 2022-12-27) paid 209.65 0.00",
		"2022-12-13 [2022-12-27, 2023-01-27) paid 299.50 0.00")
}

// Monthly to yearly, at the end of the paid month.
func c23(s *store) {
	s.set(object{"billing.invoice_days": 0})
	ada := s.customer("tok_ok")
	o := s.buy(ada, s.price("monthly", 12900, 0), 1)
	s.advance("2023-11-09")
	before := len(s.invoices(ada))
	s.want("change", s.change(o.SubscriptionIDs[0], object{"price_id": s.price("annual", 118800, 0), "when": "renewal"}).EffectiveOn, "2023-11-19")
	s.settle()
	s.want("invoices", len(s.invoices(ada)), before)
	s.advance("2023-11-19")
	s.wantInvoices(ada,
		"2023-07-19 [2023-07-19, 2023-08-19) paid 129.00 0.00",
		"2023-08-19 [2023-08-19, 2023-09-19) paid 129.00 0.00",
		"2023-09-19 [2023-09-19, 2023-10-19) paid 129.00 0.00",
		"2023-10-19 [2023-10-19, 2023-11-19) paid 129.00 0.00",
		"2023-11-19 [2023-11-19, 2024-07-19) paid 788.75 0.00")
}

// Upgrade on day 12 of 30, by each profile.
func c28(s *store, proration string) {
	s.set(object{"billing.proration": proration})
	ada := s.customer("tok_ok")
	o := s.buy(ada, s.price("monthly", 9900, 0), 1)
	s.advance("2025-04-13")
	done := s.change(o.SubscriptionIDs[0], object{"price_id": s.price("monthly", 24900, 0), "when": "now"})
	s.want("change", done, "-59.40 +149.40 = 90.00 on 2025-04-13")
	s.settle()
	inv := s.invoice(*done.InvoiceID)
	s.want("invoice", inv.Status+" "+inv.Total.String(), "paid 149.40")
	s.wantPayments(inv.ID, "credit succeeded 59.40 refunded 0.00", "sandbox succeeded 90.00 refunded 0.00")
	s.want("end of the period", s.subscription(o.SubscriptionIDs[0]).Period.End, "2025-05-01")

	// Whatever has been changed before, a part is a part of the whole period.
	s.advance("2025-04-22")
	again := effect{}
	s.do("POST", "/subscriptions/"+o.SubscriptionIDs[0]+"/change", object{"price_id": s.price("monthly", 30000, 0), "when": "now", "preview": true}, &again)
	s.want("another change", again, "-74.70 +90.00 = 15.30 on 2025-04-22")
	s.advance("2025-05-01")
	all := s.invoices(ada)
	s.want("renewal", all[len(all)-1].Total, "249.00")
}
