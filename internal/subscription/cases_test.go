package subscription_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/subscription"
)

// The cases are named as in the acceptance cases of billing.

var everyEighthDay = []int{8, 16, 24, 32, 40, 48, 56, 64}

// overdueSteps is the policy of the cases E2 to E5.
func (s *shop) overdueSteps() {
	s.Helper()
	s.set(map[string]any{
		"billing.invoice_days": 0, "billing.grace_days": 40, "billing.expire_days": 0, "billing.retry_days": everyEighthDay,
		"billing.remind_days": 0, "billing.overdue_days": []int{},
	})
}

// tries are the days on which an invoice was charged.
func (s *shop) tries(invoiceID string) string {
	s.Helper()
	days := ""
	for _, a := range must(s.Payments.Attempts(s.ctx, invoiceID))(s.T) {
		days += a.CreatedAt.Format("01-02 ")
	}
	return days
}

func TestE2E4(t *testing.T) {
	each(t, "2012-05-01", func(s *shop) {
		s.overdueSteps()
		s.set(map[string]any{"billing.credit_suspended": true})
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.trialPrice("monthly", 24995, 30))
		s.advance("2012-07-09")
		if got := s.sub(sub.ID); got.Status != subscription.Active || s.license(got.LicenseID).Status != license.Active {
			s.Errorf("on 07-09 %s", got.Status)
		}
		s.advance("2012-07-10")
		if got := s.sub(sub.ID); got.Status != subscription.PastDue || s.license(got.LicenseID).Status != license.Suspended {
			s.Errorf("on 07-10 %s", got.Status)
		}
		s.advance("2012-07-31")
		s.wantInvoices(ada,
			"2012-05-01 [2012-05-01, 2012-05-31) paid 0.00 0.00",
			"2012-05-31 [2012-05-31, 2012-06-30) open 249.95 249.95",
			"2012-06-30 [2012-06-30, 2012-07-31) open 249.95 249.95")
		list := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
		if got, want := s.tries(list[1].ID), "05-31 06-08 06-16 06-24 07-02 07-10 07-18 07-26 "; got != want {
			s.Errorf("the first is tried on %s, want %s", got, want)
		}
		if got, want := s.tries(list[0].ID), "06-30 07-08 07-16 07-24 "; got != want {
			s.Errorf("the second is tried on %s, want %s", got, want)
		}
		// E4
		s.pay(list[1].ID, 24995)
		s.pay(list[0].ID, 24995)
		if got := s.sub(sub.ID); got.Status != subscription.Active || s.license(got.LicenseID).Status != license.Active {
			s.Errorf("after paying %s", got.Status)
		}
		list = must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
		if got := list[0]; got.Total.Amount != 24995-16932 || got.Lines[0].Period.String() != "[2012-07-31, 2012-08-31)" {
			s.Errorf("the new document asks for %s for %s", got.Total, got.Lines[0].Period)
		}
		s.pay(list[0].ID, list[0].Total.Amount)
		s.advance("2012-08-31")
		if list = must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T); list[0].Total.Amount != 24995 || list[0].Lines[0].Period.String() != "[2012-08-31, 2012-09-30)" {
			s.Errorf("the one after that asks for %s for %s", list[0].Total, list[0].Lines[0].Period)
		}
		s.proven()
	})
}

func TestE5(t *testing.T) {
	each(t, "2012-05-01", func(s *shop) {
		s.overdueSteps()
		ada := s.customer("ada", "tok_ok")
		_, sub := s.buy(ada, s.trialPrice("monthly", 24995, 30))
		s.advance("2012-07-05")
		list := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
		first := list[1]
		if first.Status != billing.Paid {
			s.Fatalf("the first is %s", first.Status)
		}
		must(s.Payments.Refund(s.ctx, first.ID, payment.RefundInput{To: payment.ToGateway, Adjust: false, Reason: "asked for"}))(s.T)
		if inv := must(s.Billing.ByID(s.ctx, first.ID))(s.T); inv.Status != billing.Open || inv.Balance().Amount != 24995 {
			s.Errorf("%s, balance %s", inv.Status, inv.Balance())
		}
		_, err := s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: s.price("monthly", 100), When: subscription.AtRenewal})
		if err == nil {
			s.Error("the plan was changed while an invoice is overdue")
		}
		if got := s.license(s.sub(sub.ID).LicenseID); got.Status != license.Active {
			s.Errorf("license %s: it changes only through dunning", got.Status)
		}
		s.proven()
	})
}

func TestE22E23(t *testing.T) {
	each(t, "2025-07-01", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		if got := s.sub(sub.ID); got.NextDue.String() != "2025-08-01" {
			s.Errorf("E22: next due %s", got.NextDue)
		}
		s.advance("2025-08-11")
		list := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
		s.pay(list[0].ID, 1000)
		if l := s.license(sub.LicenseID); l.Status != license.Active || l.ExpiresAt.Format(time.DateOnly) != "2025-09-01" {
			s.Errorf("E23: %s until %s", l.Status, l.ExpiresAt)
		}
		s.proven()
	})
}

func TestC7(t *testing.T) {
	each(t, "2012-03-02", func(s *shop) {
		s.set(map[string]any{"billing.invoice_days": 0})
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 24995))
		must(s.Subscriptions.Pause(s.ctx, sub.ID, "on leave"))(s.T)
		if l := s.license(sub.LicenseID); l.Status != license.Suspended {
			s.Errorf("license %s while paused", l.Status)
		}
		s.advance("2012-04-05")
		s.wantInvoices(ada, "2012-03-02 [2012-03-02, 2012-04-02) paid 249.95 0.00")
		got := must(s.Subscriptions.Resume(s.ctx, sub.ID))(s.T)
		if got.Status != subscription.Active || s.license(sub.LicenseID).Status != license.Active {
			s.Errorf("%s, license %s after resuming", got.Status, s.license(sub.LicenseID).Status)
		}
		s.wantInvoices(ada,
			"2012-03-02 [2012-03-02, 2012-04-02) paid 249.95 0.00",
			"2012-04-05 [2012-04-05, 2012-05-02) open 224.96 224.96")
		s.proven()
	})
}

// The rest of C7: the stub is paid from the customer's credit alone, and nothing follows before the next boundary.
func TestC7FromCredit(t *testing.T) {
	each(t, "2012-03-02", func(s *shop) {
		s.set(map[string]any{"billing.invoice_days": 0})
		ada := s.customer("ada", "tok_ok")
		o, sub := s.buy(ada, s.price("monthly", 24995))
		must(s.Subscriptions.Pause(s.ctx, sub.ID, "on leave"))(s.T)
		s.pay(o.InvoiceID, 23382) // paid already: it is credit
		s.advance("2012-04-05")
		must(s.Subscriptions.Resume(s.ctx, sub.ID))(s.T)
		want := []string{
			"2012-03-02 [2012-03-02, 2012-04-02) paid 249.95 0.00",
			"2012-04-05 [2012-04-05, 2012-05-02) paid 224.96 0.00",
		}
		s.wantInvoices(ada, want...)
		s.advance("2012-05-01")
		s.wantInvoices(ada, want...)
		if credit := must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR"); credit.Amount != 886 {
			s.Errorf("credit %s, want 8.86", credit)
		}
		if tries := s.tries(must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0].ID); tries != "" {
			s.Errorf("a card was charged on %s", tries)
		}
		s.advance("2012-05-02")
		if n := len(s.invoices(ada)); n != 3 {
			s.Errorf("%d invoices on the next boundary", n)
		}
		s.proven()
	})
}

func TestC16(t *testing.T) {
	each(t, "2022-11-27", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buyMany(ada, s.price("monthly", 2995), 7)
		s.advance("2022-12-14") // the renewal is invoiced for 7 by now
		done := must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{Quantity: 10, When: subscription.AtRenewal}))(s.T)
		if done.EffectiveOn.String() != "2022-12-27" || done.ToPay.Amount != 0 {
			s.Errorf("%+v", done)
		}
		if l := s.license(sub.LicenseID); l.ActivationLimit != 14 {
			s.Errorf("limit %d before the renewal", l.ActivationLimit)
		}
		s.wantInvoices(ada,
			"2022-11-27 [2022-11-27, 2022-12-27) paid 209.65 0.00",
			"2022-12-13 [2022-12-27, 2023-01-27) void 209.65 0.00",
			"2022-12-14 [2022-12-27, 2023-01-27) open 299.50 299.50")
		s.proven()
	})
}

func TestC23(t *testing.T) {
	each(t, "2023-07-19", func(s *shop) {
		s.set(map[string]any{"billing.invoice_days": 0})
		ada := s.customer("ada", "tok_ok")
		_, sub := s.buy(ada, s.price("monthly", 12900))
		s.advance("2023-11-09")
		must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: s.price("annual", 118800), When: subscription.AtRenewal}))(s.T)
		s.advance("2023-11-20")
		s.wantInvoices(ada,
			"2023-07-19 [2023-07-19, 2023-08-19) paid 129.00 0.00",
			"2023-08-19 [2023-08-19, 2023-09-19) paid 129.00 0.00",
			"2023-09-19 [2023-09-19, 2023-10-19) paid 129.00 0.00",
			"2023-10-19 [2023-10-19, 2023-11-19) paid 129.00 0.00",
			"2023-11-19 [2023-11-19, 2024-07-19) paid 788.75 0.00")
		s.proven()
	})
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		outcome string
		status  subscription.Status
		license license.Status
	}{
		"won":  {"won", subscription.Active, license.Active},
		"lost": {"lost", subscription.Expired, license.Revoked},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, "2027-03-01", func(s *shop) {
				ada := s.customer("ada", "tok_ok")
				_, sub := s.buy(ada, s.price("monthly", 1000))
				s.advance("2027-04-02") // one renewal is paid by card
				list := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
				payments := must2(s.Payments.List(s.ctx, payment.Filter{InvoiceID: list[0].ID}))(s.T)
				id := must(s.Sandbox.Dispute(s.ctx, payments[0].Reference))(s.T)
				s.advance("2027-04-03")
				got, l := s.sub(sub.ID), s.license(sub.LicenseID)
				if got.Status != subscription.Suspended || l.Status != license.Suspended || !hasHold(l, license.HoldDispute) || l.EndsAt != nil {
					s.Errorf("open: %s, license %s %v, ends %v", got.Status, l.Status, l.Holds, l.EndsAt)
				}
				s.advance("2027-06-10") // nothing is invoiced or dunned meanwhile
				if n := len(s.invoices(ada)); n != 2 {
					s.Errorf("%d invoices while in dispute: %q", n, s.invoices(ada))
				}
				if err := s.Sandbox.CloseDispute(s.ctx, id, tt.outcome); err != nil {
					s.Fatal(err)
				}
				s.advance("2027-06-11")
				got, l = s.sub(sub.ID), s.license(sub.LicenseID)
				if got.Status != tt.status || l.Status != tt.license {
					s.Errorf("%s: %s (%s), license %s", tt.outcome, got.Status, got.EndReason, l.Status)
				}
				want := 2
				if tt.outcome == "won" {
					want = 3 // one invoice, not one for each month that has passed
				}
				if n := len(s.invoices(ada)); n != want {
					s.Errorf("%d invoices after the dispute: %q", n, s.invoices(ada))
				}
				s.proven()
			})
		})
	}
}

func TestRevokedLink(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-03-20")
		inv := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0]
		must(s.Billing.RevokeFulfilment(s.ctx, inv.ID, inv.Lines[0].ID, "a present"))(s.T)
		tasks, _, err := s.Tasks.Open(s.ctx, "", 10)
		if err != nil || len(tasks) != 1 || tasks[0].SubjectID != sub.ID {
			s.Errorf("tasks %+v (%v)", tasks, err)
		}
		got := must(s.Subscriptions.Decide(s.ctx, sub.ID, inv.Lines[0].Period.Start, subscription.MarkPaid, "a present"))(s.T)
		if got.PaidUntil().String() != "2027-05-01" {
			s.Errorf("paid until %s", got.PaidUntil())
		}
		if tasks, _, err = s.Tasks.Open(s.ctx, "", 10); err != nil || len(tasks) != 0 {
			s.Errorf("tasks after the decision %+v (%v)", tasks, err)
		}
		s.proven()
	})
}

func TestAddon(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		_, sub := s.buy(ada, s.price("annual", 10000))
		extra := s.addonPrice("monthly", 500, 3)
		_, addon := s.buyFor(ada, extra, sub.LicenseID)
		if l := s.license(sub.LicenseID); l.ActivationLimit != 5 {
			s.Errorf("limit %d with the add-on, want 2 + 3", l.ActivationLimit)
		}
		must(s.Subscriptions.Cancel(s.ctx, addon.ID, subscription.AtPeriodEnd, ""))(s.T)
		s.advance("2027-04-02")
		if l := s.license(sub.LicenseID); l.ActivationLimit != 2 || l.Status != license.Active {
			s.Errorf("limit %d, %s after the add-on", l.ActivationLimit, l.Status)
		}
		s.proven()
	})
}

// Staff end a license: its subscription ends with it.
func TestLicenseEndedByHand(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_ok")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-03-20")
		s.revokeByHand(sub.LicenseID)
		if got := s.sub(sub.ID); got.EndReason != subscription.EndedByStaff {
			s.Errorf("%s (%s)", got.Status, got.EndReason)
		}
		s.advance("2027-06-01")
		s.wantInvoices(ada,
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) void 10.00 0.00")
		s.proven()
	})
}

func hasHold(l license.License, reason license.HoldReason) bool {
	for _, h := range l.Holds {
		if h.Reason == reason {
			return true
		}
	}
	return false
}

func must2[T, U any](v T, _ U, err error) func(t *testing.T) T { return must(v, err) }

// Staff let a license run although it is past due: it does, until then.
func TestGraceByHand(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-04-16")
		until := time.Date(2027, 4, 20, 12, 0, 0, 0, time.UTC)
		must(s.Licenses.LiftHold(s.ctx, sub.LicenseID, license.HoldPayment, license.LiftInput{Until: &until, Why: "promised"}))(s.T)
		s.advance("2027-04-20")
		if l := s.license(sub.LicenseID); l.Status != license.Active {
			s.Errorf("license %s before the day", l.Status)
		}
		s.advance("2027-04-21")
		if got, l := s.sub(sub.ID), s.license(sub.LicenseID); l.Status != license.Suspended || got.Status != subscription.PastDue {
			s.Errorf("%s, license %s after the day", got.Status, l.Status)
		}
		s.proven()
	})
}

// Up and down again within a period, and away at once: every cent comes back that was not used.
func TestThereAndBack(t *testing.T) {
	each(t, "2025-04-01", func(s *shop) {
		ada := s.customer("ada", "")
		basic, pro := s.price("monthly", 3000), s.price("monthly", 9000)
		_, sub := s.buy(ada, basic)
		s.advance("2025-04-11")
		up := must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: pro, When: subscription.Now}))(s.T)
		if up.ToPay.Amount != 4000 {
			s.Errorf("to pay %s, want 20/30 of 60.00", up.ToPay)
		}
		s.pay(up.InvoiceID, 4000)
		s.advance("2025-04-16")
		down := must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: basic, When: subscription.Now}))(s.T)
		if down.Credit.Amount != 4500 || down.Charge.Amount != 1500 || down.Pending {
			s.Errorf("down: %+v", down)
		}
		s.advance("2025-04-21") // the renewal of 30.00 is paid by the credit of 30.00, and taken back by the end
		must(s.Subscriptions.Cancel(s.ctx, sub.ID, subscription.AtOnce, ""))(s.T)
		if credit := must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR"); credit.Amount != 3000+1000 {
			s.Errorf("credit %s, want the 30.00 of going down and 10/30 of 30.00", credit)
		}
		s.proven()
	})
}

// An upgrade that nobody pays for changes nothing in the end.
func TestUnpaidUpgradeLapses(t *testing.T) {
	each(t, "2025-04-01", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 3000))
		pro := s.price("monthly", 9000)
		s.advance("2025-04-05")
		must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: pro, When: subscription.Now}))(s.T)
		s.advance("2025-04-14")
		got := s.sub(sub.ID)
		if got.PriceID != sub.PriceID || got.NextDue.String() != "2025-05-01" || got.PaidUntil().String() != "2025-05-01" {
			s.Errorf("%+v", got)
		}
		if credit := must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR"); credit.Amount != 0 {
			s.Errorf("credit %s", credit)
		}
		if l := s.license(sub.LicenseID); l.Status != license.Active || l.ExpiresAt.Format(time.DateOnly) != "2025-05-01" {
			s.Errorf("license %s until %s", l.Status, l.ExpiresAt)
		}
		s.proven()
	})
}

// A change of plan is not taken back while somebody is paying it.
func TestUpgradeThatIsBeingPaidDoesNotLapse(t *testing.T) {
	t.Parallel()
	for name, pay := range map[string]bool{"it is paid": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			each(t, "2027-03-01", func(s *shop) {
				ada := s.customer("ada", "tok_decline")
				_, sub := s.buy(ada, s.price("monthly", 1000))
				pro := s.price("monthly", 3000)
				s.advance("2027-03-11")
				change := must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{PriceID: pro, When: subscription.Now}))(s.T)
				s.advance("2027-03-17")
				s.store.Clock.Advance(20 * time.Hour)
				page := must(s.Payments.Checkout(s.ctx, change.InvoiceID, payment.CheckoutOptions{Gateway: sandbox.Name}))(s.T)
				s.store.Clock.Advance(10 * time.Hour)
				must(s.Automation.RunDue(s.ctx))(s.T)
				if inv := must(s.Billing.ByID(s.ctx, change.InvoiceID))(s.T); inv.Status != billing.Open {
					s.Fatalf("while somebody is paying it is %s", inv.Status)
				}
				want, unit := billing.Void, int64(1000)
				if pay {
					want, unit = billing.Paid, 3000
					must(s.Sandbox.Pay(s.ctx, page.Reference, sandbox.OK))(s.T)
				}
				s.advance("2027-03-20")
				inv := must(s.Billing.ByID(s.ctx, change.InvoiceID))(s.T)
				if got := s.sub(sub.ID); inv.Status != want || got.Unit.Amount != unit {
					s.Errorf("the change is %s, the subscription costs %s", inv.Status, got.Unit)
				}
				s.proven()
			})
		})
	}
}

// Staff give up the money of an overdue renewal: the subscription ends, and nothing further is asked for.
func TestWriteOffEndsIt(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-04-16")
		inv := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0]
		must(s.Billing.WriteOff(s.ctx, inv.ID, "hopeless"))(s.T)
		if got, l := s.sub(sub.ID), s.license(sub.LicenseID); got.EndReason != subscription.EndedUnpaid || l.Status != license.Expired {
			s.Errorf("%s (%s), license %s", got.Status, got.EndReason, l.Status)
		}
		s.advance("2027-08-01")
		if n := len(s.invoices(ada)); n != 2 {
			s.Errorf("%d invoices: %q", n, s.invoices(ada))
		}
		s.proven()
	})
}

// What was planned for the renewal counts once the renewal is paid, not while its invoice is in grace.
func TestPlannedUpgradeWaitsForItsMoney(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		must(s.Subscriptions.Change(s.ctx, sub.ID, subscription.ChangeInput{Quantity: 10, When: subscription.AtRenewal}))(s.T)
		s.advance("2027-04-05")
		if l := s.license(sub.LicenseID); l.ActivationLimit != 2 {
			s.Errorf("limit %d before it is paid", l.ActivationLimit)
		}
		s.pay(must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0].ID, 10000)
		if l := s.license(sub.LicenseID); l.ActivationLimit != 20 {
			s.Errorf("limit %d after it is paid", l.ActivationLimit)
		}
		if got := s.sub(sub.ID); got.Quantity != 10 || !got.ChangeOn.IsZero() {
			s.Errorf("%d of it, planned on %s", got.Quantity, got.ChangeOn)
		}
		s.proven()
	})
}

// What cancelling at once would give back is what it gives back, periods that were paid ahead included.
func TestCancelCreditForetells(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price("monthly", 3100))
		s.advance("2027-03-20")
		s.pay(must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0].ID, 3100)
		foretold := must(s.Subscriptions.CancelCredit(s.ctx, sub.ID))(s.T)
		must(s.Subscriptions.Cancel(s.ctx, sub.ID, subscription.AtOnce, ""))(s.T)
		if credit := must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR"); credit != foretold || credit.Amount != 3100+1200 {
			s.Errorf("credit %s, foretold %s, want 12/31 of 31.00 and 31.00", credit, foretold)
		}
		s.proven()
	})
}

// A renewal that was invoiced before a dispute neither ends the subscription nor is dunned when that is won: one invoice is
// due that day, with grace from then.
func TestDisputeWonWithAnOpenRenewal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		won      string
		invoices []string
	}{
		"its period is not over": {"2027-05-20", []string{
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) paid 10.00 0.00",
			"2027-04-17 [2027-05-01, 2027-06-01) void 10.00 0.00",
			"2027-05-20 [2027-05-01, 2027-06-01) open 10.00 10.00",
			"2027-05-20 [2027-06-01, 2027-07-01) open 10.00 10.00",
		}},
		"its period is over": {"2027-06-10", []string{
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) paid 10.00 0.00",
			"2027-04-17 [2027-05-01, 2027-06-01) void 10.00 0.00",
			"2027-06-10 [2027-06-01, 2027-07-01) open 10.00 10.00",
		}},
		"it is not due yet": {"2027-04-25", []string{
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) paid 10.00 0.00",
			"2027-04-17 [2027-05-01, 2027-06-01) open 10.00 10.00",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, "2027-03-01", func(s *shop) {
				ada := s.customer("ada", "tok_ok")
				_, sub := s.buy(ada, s.price("monthly", 1000))
				s.advance("2027-04-20") // one renewal is paid by card, the next is invoiced
				list := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
				payments := must2(s.Payments.List(s.ctx, payment.Filter{InvoiceID: list[1].ID}))(s.T)
				id := must(s.Sandbox.Dispute(s.ctx, payments[0].Reference))(s.T)
				must(s.Payments.AddMethod(s.ctx, ada, "sandbox", "tok_decline"))(s.T)
				s.advance(tt.won)
				if err := s.Sandbox.CloseDispute(s.ctx, id, "won"); err != nil {
					s.Fatal(err)
				}
				s.advance(tt.won)
				got, l := s.sub(sub.ID), s.license(sub.LicenseID)
				if got.Status != subscription.Active || l.Status != license.Active {
					s.Errorf("won: %s (%s), license %s", got.Status, got.EndReason, l.Status)
				}
				s.wantInvoices(ada, tt.invoices...)
				s.proven()
			})
		})
	}
}

// Where money revives licenses, whoever buys again has the old license back, also with money that came too late.
func TestLateMoneyRevives(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.set(map[string]any{"licenses.renew_expired": true})
		ada := s.customer("ada", "tok_decline")
		price := s.price("monthly", 1000)
		_, sub := s.buy(ada, price)
		s.advance("2027-05-02")
		was := s.license(sub.LicenseID)
		if was.Status != license.Expired {
			s.Fatalf("license %s after the last date", was.Status)
		}
		s.pay(must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0].ID, 1000)
		if l := s.license(sub.LicenseID); l.Status != license.Expired {
			s.Errorf("license %s: money for what is uncollectible is credit", l.Status)
		}
		o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: ada, Items: []order.Item{{PriceID: price, Quantity: 1, LicenseID: sub.LicenseID}}}))(s.T)
		if o.Status != order.Completed || len(o.SubscriptionIDs) != 1 {
			s.Fatalf("order %s, subscriptions %v", o.Status, o.SubscriptionIDs)
		}
		l := s.license(sub.LicenseID)
		if l.Status != license.Active || l.Key != was.Key || l.ExpiresAt.Format(time.DateOnly) != "2027-06-02" {
			s.Errorf("license %s until %s", l.Status, l.ExpiresAt)
		}
		if got := s.sub(o.SubscriptionIDs[0]); got.LicenseID != sub.LicenseID || got.Status != subscription.Active {
			s.Errorf("%s for license %s", got.Status, got.LicenseID)
		}
		s.proven()
	})
}

// Credit that grows after the last date does not pay for a renewal, although the automation has not looked since.
func TestLateCreditBeforeTheAutomation(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		bought := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0].ID
		s.advance("2027-04-30")
		s.store.Clock.Set(time.Date(2027, 5, 1, 0, 0, 30, 0, time.UTC))
		s.pay(bought, 1000) // a second time
		got, l := s.sub(sub.ID), s.license(sub.LicenseID)
		if got.EndReason != subscription.EndedUnpaid || l.Status != license.Expired {
			s.Errorf("%s (%s), license %s", got.Status, got.EndReason, l.Status)
		}
		if credit := must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR"); credit.Amount != 1000 {
			s.Errorf("credit %s", credit)
		}
		s.wantInvoices(ada,
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) uncollectible 10.00 0.00")
		s.proven()
	})
}

// Money that arrives after the last date is too late, although the automation has not looked since: the license has expired.
func TestLateMoneyBeforeTheAutomation(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-04-30")
		s.store.Clock.Set(time.Date(2027, 5, 1, 0, 0, 30, 0, time.UTC))
		if l := s.license(sub.LicenseID); l.Status != license.Expired {
			s.Fatalf("license %s after the last date", l.Status)
		}
		s.pay(must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[0].ID, 1000)
		got, l := s.sub(sub.ID), s.license(sub.LicenseID)
		if got.EndReason != subscription.EndedUnpaid || l.Status != license.Expired {
			s.Errorf("%s (%s), license %s", got.Status, got.EndReason, l.Status)
		}
		if credit := must(s.Customers.ByID(s.ctx, ada))(s.T).CreditIn("EUR"); credit.Amount != 1000 {
			s.Errorf("credit %s", credit)
		}
		s.advance("2027-05-20")
		s.wantInvoices(ada,
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) uncollectible 10.00 0.00")
		s.proven()
	})
}

// Once a subscription is past due, no further period of it is charged, although it was invoiced before: money for time that
// its license may never run is not taken.
func TestPastDueChargesNothingFurther(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.set(map[string]any{"billing.grace_days": 20, "billing.capture_days": 3, "billing.overdue_days": []int{1}})
		ada := s.customer("ada", "tok_decline")
		_, sub := s.buy(ada, s.price("monthly", 1000))
		s.advance("2027-04-21")
		if got := s.sub(sub.ID); got.Status != subscription.PastDue {
			s.Fatalf("%s at the end of grace", got.Status)
		}
		must(s.Payments.AddMethod(s.ctx, ada, "sandbox", "tok_ok"))(s.T)
		s.advance("2027-04-29") // the day to charge the next period has passed
		open := []string{
			"2027-03-01 [2027-03-01, 2027-04-01) paid 10.00 0.00",
			"2027-03-18 [2027-04-01, 2027-05-01) open 10.00 10.00",
			"2027-04-17 [2027-05-01, 2027-06-01) open 10.00 10.00",
		}
		s.wantInvoices(ada, open...)
		s.pay(must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)[1].ID, 1000)
		s.advance("2027-04-30") // what was held goes on at once
		s.wantInvoices(ada, open[0], "2027-03-18 [2027-04-01, 2027-05-01) paid 10.00 0.00", "2027-04-17 [2027-05-01, 2027-06-01) paid 10.00 0.00")
		if got := s.sub(sub.ID); got.Status != subscription.Active {
			s.Errorf("%s after paying", got.Status)
		}
		s.proven()
	})
}

// What a renewal has used up that is taken back counts again: a charge of the coupon, and credit for suspended time.
func TestTakenBackRenewalsUseNothingUp(t *testing.T) {
	t.Parallel()
	backAndForth := func(s *shop, id string) {
		s.Helper()
		must(s.Subscriptions.Pause(s.ctx, id, "no need"))(s.T)
		must(s.Subscriptions.Resume(s.ctx, id))(s.T)
	}
	t.Run("a coupon for three charges", func(t *testing.T) {
		each(t, "2027-03-01", func(s *shop) {
			ada := s.customer("ada", "tok_ok")
			must(s.Coupons.Create(s.ctx, coupon.NewCoupon{Code: "HALF", Percent: "50", Charges: 3}))(s.T)
			o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: ada, Coupon: "HALF", Items: []order.Item{{PriceID: s.price("monthly", 1000), Quantity: 1}}}))(s.T)
			s.pay(o.InvoiceID, o.Total.Amount)
			id := must(s.Orders.ByID(s.ctx, o.ID))(s.T).SubscriptionIDs[0]
			for _, day := range []string{"2027-03-20", "2027-04-20"} {
				s.advance(day)
				backAndForth(s, id)
				backAndForth(s, id)
			}
			s.advance("2027-05-20")
			var paid []int64
			for _, inv := range must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T) {
				if inv.Status != billing.Void {
					paid = append([]int64{inv.Total.Amount}, paid...)
				}
			}
			if fmt.Sprint(paid) != "[500 500 500 1000]" {
				s.Errorf("charged %v", paid)
			}
			s.proven()
		})
	})
	t.Run("suspended time", func(t *testing.T) {
		each(t, "2012-05-01", func(s *shop) {
			s.overdueSteps()
			s.set(map[string]any{"billing.credit_suspended": true})
			ada := s.customer("ada", "tok_decline")
			_, sub := s.buy(ada, s.trialPrice("monthly", 24995, 30))
			s.advance("2012-07-31")
			list := must2(s.Billing.List(s.ctx, filterOf(ada)))(s.T)
			s.pay(list[1].ID, 24995)
			s.pay(list[0].ID, 24995)
			backAndForth(s, sub.ID)
			s.wantInvoices(ada,
				"2012-05-01 [2012-05-01, 2012-05-31) paid 0.00 0.00",
				"2012-05-31 [2012-05-31, 2012-06-30) paid 249.95 0.00",
				"2012-06-30 [2012-06-30, 2012-07-31) paid 249.95 0.00",
				"2012-07-31 [2012-07-31, 2012-08-31) void 80.63 0.00",
				"2012-07-31 [2012-07-31, 2012-08-31) open 80.63 80.63")
			s.proven()
		})
	})
}
