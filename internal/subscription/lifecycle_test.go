package subscription_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

func TestAYearOfRenewals(t *testing.T) {
	each(t, "2027-01-31", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2028-02-01")
		sub = s.sub(sub.ID)
		if sub.Status != subscription.Active || sub.NextDue.String() != "2028-02-29" {
			s.Errorf("status %s, next due %s", sub.Status, sub.NextDue)
		}
		starts := ""
		for _, p := range sub.Periods {
			starts += p.Start.String()[5:] + " "
		}
		if want := "01-31 02-28 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31 01-31 "; starts != want {
			s.Errorf("periods begin on %s, want %s", starts, want)
		}
		l := s.license(sub.LicenseID)
		if want := time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC); l.ExpiresAt == nil || !l.ExpiresAt.Equal(want) {
			s.Errorf("license expires at %v, want %v", l.ExpiresAt, want)
		}
		s.proven()
	})
}

// Nobody pays: reminders, retries, the end of the grace period, the last date.
func TestUnpaid(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		check := func(day string, status subscription.Status, licensed license.Status) {
			s.Helper()
			s.advance(day)
			got, l := s.sub(sub.ID), s.license(sub.LicenseID)
			if got.Status != status || l.Status != licensed {
				s.Errorf("on %s: %s and license %s, want %s and %s", day, got.Status, l.Status, status, licensed)
			}
		}
		check("2027-03-17", subscription.Active, license.Active)
		check("2027-04-14", subscription.Active, license.Active)
		check("2027-04-15", subscription.PastDue, license.Suspended)
		check("2027-04-30", subscription.PastDue, license.Suspended)
		check("2027-05-01", subscription.Expired, license.Expired)
		s.wantInvoices(ada,
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) uncollectible 10.00 0.00")
		list, _, err := s.Billing.List(s.ctx, filterOf(ada))
		if err != nil {
			s.Fatal(err)
		}
		attempts, err := s.Payments.Attempts(s.ctx, list[0].ID)
		if err != nil || len(attempts) != 5 {
			s.Errorf("%d attempts, want 5: one when due and four more (%v)", len(attempts), err)
		}
		s.proven()
	})
}

func TestRecovery(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-04-20")
		list, _, err := s.Billing.List(s.ctx, filterOf(ada))
		if err != nil {
			s.Fatal(err)
		}
		s.pay(list[0].ID, 1000)
		got, l := s.sub(sub.ID), s.license(sub.LicenseID)
		if got.Status != subscription.Active || l.Status != license.Active || l.ExpiresAt.Format(time.DateOnly) != "2027-05-01" {
			s.Errorf("%s, license %s until %s", got.Status, l.Status, l.ExpiresAt)
		}
		s.wantInvoices(ada,
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) paid 10.00 0.00",
			"2027-04-20 [2027-05-01, 2027-06-01) open 10.00 10.00") // its day had passed
		s.proven()
	})
}

func TestCancelAndResume(t *testing.T) {
	each(t, "2025-03-10", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2025-03-28") // the renewal is invoiced by now
		got := must(s.Subscriptions.Cancel(s.ctx, sub.ID, subscription.AtPeriodEnd, "no need"))(s.T)
		if got.Status != subscription.Cancelled || got.CancelOn.String() != "2025-04-10" {
			s.Fatalf("%s on %s", got.Status, got.CancelOn)
		}
		got = must(s.Subscriptions.Resume(s.ctx, sub.ID))(s.T)
		if got.Status != subscription.Active {
			s.Fatalf("%s after resuming", got.Status)
		}
		must(s.Subscriptions.Cancel(s.ctx, sub.ID, subscription.AtPeriodEnd, "no need"))(s.T)
		s.advance("2025-04-09")
		if l := s.license(sub.LicenseID); l.Status != license.Active {
			s.Errorf("license %s before the end of the paid period", l.Status)
		}
		s.advance("2025-04-10") // E28
		if l := s.license(sub.LicenseID); l.Status != license.Expired {
			s.Errorf("license %s after the end of the paid period", l.Status)
		}
		s.wantInvoices(ada,
			"2025-03-10 [2025-03-10, 2025-04-10) paid 10.00 0.00",
			"2025-03-27 [2025-04-10, 2025-05-10) void 10.00 0.00",
			"2025-03-28 [2025-04-10, 2025-05-10) void 10.00 0.00")
		s.proven()
	})
}

func TestCancelAtOnce(t *testing.T) {
	each(t, "2023-04-23", func(s *shop) { // C4
		s.set(map[string]any{"billing.proration": "fixed-30"})
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 1995))
		s.advance("2023-05-15")
		got := must(s.Subscriptions.Cancel(s.ctx, sub.ID, subscription.AtOnce, ""))(s.T)
		if got.Status != subscription.Expired || s.license(sub.LicenseID).Status != license.Expired {
			s.Errorf("%s, license %s", got.Status, s.license(sub.LicenseID).Status)
		}
		c := must(s.Customers.ByID(s.ctx, ada))(s.T)
		if credit := c.CreditIn("EUR"); credit != money.New(532, "EUR") {
			s.Errorf("credit %v, want 5.32", credit)
		}
		s.proven()
	})
}

func TestUpgradeNow(t *testing.T) {
	each(t, "2025-04-01", func(s *shop) { // C28
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 9900))
		pro := s.price("monthly", 24900)
		s.advance("2025-04-13")
		in := subscription.ChangeInput{PriceID: pro, When: subscription.Now}
		preview := must(s.Subscriptions.PreviewChange(s.ctx, sub.ID, in))(s.T)
		done := must(s.Subscriptions.Change(s.ctx, sub.ID, in))(s.T)
		if preview.Credit != done.Credit || preview.Charge != done.Charge || preview.ToPay != done.ToPay {
			s.Errorf("preview %+v, done %+v", preview, done)
		}
		if done.Credit.Amount != 5940 || done.Charge.Amount != 14940 || done.ToPay.Amount != 9000 {
			s.Errorf("credit %s, charge %s, to pay %s", done.Credit, done.Charge, done.ToPay)
		}
		if got := s.sub(sub.ID); got.PriceID != sub.PriceID {
			s.Error("changed before it was paid")
		}
		s.pay(done.InvoiceID, 9000)
		got := s.sub(sub.ID)
		if got.PriceID != pro || got.NextDue.String() != "2025-05-01" || got.Recurring().Amount != 24900 {
			s.Errorf("after paying: %+v", got)
		}
		s.advance("2025-06-01")
		s.proven()
	})
}

func TestYearlyToMonthly(t *testing.T) {
	each(t, "2012-05-01", func(s *shop) { // C13
		s.set(map[string]any{"billing.invoice_days": 0})
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("annual", 239995))
		done := must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: s.price("monthly", 24995), When: subscription.Now}))(s.T)
		if done.Credit.Amount != 239995 || done.Charge.Amount != 24995 || done.ToPay.Amount != 0 || done.Pending {
			s.Errorf("%+v", done)
		}
		credit := func() int64 { return must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR").Amount }
		if credit() != 215000 {
			s.Errorf("credit %d, want 2150.00", credit())
		}
		s.advance("2012-07-02")
		if credit() != 165010 {
			s.Errorf("credit %d, want 1650.10", credit())
		}
		s.proven()
	})
}

func TestTrial(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		price := s.trialPrice("monthly", 2995, 30)
		ada, bob := s.customer("ada", "tok_ok"), s.customer("bob", "")
		_, paying := s.buy(ada, price)
		_, leaving := s.buy(bob, price)
		if paying.Status != subscription.Trialing {
			s.Fatalf("status %s", paying.Status)
		}
		s.advance("2027-03-31")
		s.advance("2027-04-02")
		if got := s.sub(paying.ID); got.Status != subscription.Active || got.NextDue.String() != "2027-04-30" {
			s.Errorf("%s until %s", got.Status, got.NextDue)
		}
		if got := s.sub(leaving.ID); got.Status != subscription.Expired || s.license(got.LicenseID).Status != license.Expired {
			s.Errorf("without a card: %s", got.Status)
		}
		s.proven()
	})
}

// The coupon of a free trial counts for the first charge after it.
func TestCouponAfterATrial(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		must(s.Coupons.Create(s.ctx, coupon.NewCoupon{Code: "QUARTER", Percent: "25", Charges: 1}))(s.T)
		in := order.Input{CustomerID: ada, Coupon: "QUARTER", Items: []order.Item{{PriceID: s.trialPrice("monthly", 2000, 14), Quantity: 1}}}
		later := must(s.Orders.Quote(s.ctx, in))(s.T).Later[0]
		must(s.Orders.Place(s.ctx, in))(s.T)
		s.advance("2027-03-20")
		s.advance("2027-04-20")
		var charged []int64
		for _, inv := range must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T) {
			charged = append([]int64{inv.Paid.Amount}, charged...)
		}
		if want := []int64{0, later.Reduced.Amount, later.Amount.Amount}; !slices.Equal(charged, want) || later.Reduced.Amount != 1500 || later.ReducedFor != 1 {
			s.Errorf("charged %v, announced %+v", charged, later)
		}
		s.proven()
	})
}

func TestRefundEndsIt(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		o, sub := s.buy(ada, s.price("monthly", 1000))
		half := money.New(500, "EUR")
		must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Money: &half, To: payment.ToCredit, Adjust: true, Reason: "half"}))(s.T)
		if l := s.license(sub.LicenseID); l.Status != license.Active {
			s.Errorf("license %s after a partial refund", l.Status)
		}
		must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Money: &half, To: payment.ToCredit, Adjust: true, Reason: "the rest"}))(s.T)
		if got, l := s.sub(sub.ID), s.license(sub.LicenseID); got.EndReason != subscription.EndedRefunded || l.Status != license.Revoked {
			s.Errorf("%s (%s), license %s", got.Status, got.EndReason, l.Status)
		}
		s.proven()
	})
}
